//! Default deny: without a login nothing answers that is not meant to.

use axum::http::StatusCode;
use leptos::server_fn::axum::server_fn_paths;
use utoipa::openapi::HttpMethod;

use crate::support::{empty, fixture, location, request};

#[tokio::test]
async fn every_route_of_the_api_refuses_an_anonymous_caller() {
    let fixture = fixture().await;
    fixture.set_up().await;
    let mut routes = 0;
    for (path, item) in server::description().paths.paths {
        let operations = [
            (HttpMethod::Get, "GET", item.get),
            (HttpMethod::Put, "PUT", item.put),
            (HttpMethod::Post, "POST", item.post),
            (HttpMethod::Delete, "DELETE", item.delete),
            (HttpMethod::Patch, "PATCH", item.patch),
        ];
        for (_, method, _) in operations
            .into_iter()
            .filter(|(_, _, operation)| operation.is_some())
        {
            routes += 1;
            let address = path.replace("{id}", "1");
            let answer = fixture.send(empty(request(method, &address))).await;
            let expected = if path == "/api/health" {
                StatusCode::OK
            } else {
                StatusCode::UNAUTHORIZED
            };
            assert_eq!(answer.status(), expected, "{method} {path}");
        }
    }
    assert!(routes > 20, "{routes} routes are described");
}

#[tokio::test]
async fn every_server_function_refuses_an_anonymous_caller() {
    let fixture = fixture().await;
    fixture.set_up().await;
    let mut functions = 0;
    for (path, method) in server_fn_paths() {
        functions += 1;
        assert!(
            path.starts_with("/fn/"),
            "{path} lies outside what the guard calls a function"
        );
        let answer = fixture.send(empty(request(method.as_str(), path))).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
        let answer = fixture
            .send(empty(request("POST", path).header("accept", "text/html")))
            .await;
        assert_eq!(
            (answer.status(), location(&answer)),
            (StatusCode::SEE_OTHER, "/login"),
            "{path}"
        );
    }
    assert!(functions > 0);
}

#[tokio::test]
async fn pages_lead_to_the_login_and_programs_are_told() {
    let fixture = fixture().await;
    fixture.set_up().await;
    for (path, expected) in [
        ("/", "/login"),
        ("/instances/1/logs", "/login?next=/instances/1/logs"),
        ("/nonsense?x=1", "/login?next=/nonsense%3Fx%3D1"),
    ] {
        let answer = fixture.send(empty(request("GET", path))).await;
        assert_eq!(
            (answer.status(), location(&answer)),
            (StatusCode::SEE_OTHER, expected),
            "{path}"
        );
    }
    for path in [
        "/ws",
        "/api",
        "/api/nonsense",
        "/api/docs",
        "/api/docs/",
        "/api/docs/openapi.json",
        "/fn/nonsense",
        "/instance/a/",
        "/instance/a/x.js",
        "/app/a/",
    ] {
        let answer = fixture.send(empty(request("GET", path))).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    for (method, path) in [
        ("POST", "/"),
        ("POST", "/logout"),
        ("DELETE", "/instance/a/"),
        ("POST", "/pkg/x"),
    ] {
        let answer = fixture.send(empty(request(method, path))).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
    }
    let app = fixture
        .send(empty(
            request("GET", "/instance/a/").header("accept", "text/html"),
        ))
        .await;
    assert_eq!(location(&app), "/login?next=/instance/a/");
}

#[tokio::test]
async fn what_is_public_answers_without_a_login() {
    let fixture = fixture().await;
    fixture.set_up().await;
    for (path, expected) in [
        ("/login", StatusCode::OK),
        ("/api/health", StatusCode::OK),
        ("/pkg/nonsense.js", StatusCode::NOT_FOUND),
        ("/setup", StatusCode::SEE_OTHER),
    ] {
        let answer = fixture.send(empty(request("GET", path))).await;
        assert_eq!(answer.status(), expected, "{path}");
    }
}

#[tokio::test]
async fn a_made_up_cookie_or_token_opens_nothing() {
    let fixture = fixture().await;
    fixture.set_up().await;
    for (name, value) in [
        ("cookie", "aikore_session="),
        ("cookie", "aikore_session=0000"),
        ("authorization", "Bearer x"),
        ("authorization", "Basic YTpi"),
    ] {
        let answer = fixture
            .send(empty(request("GET", "/api/instances/").header(name, value)))
            .await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{name}: {value}");
    }
}

#[tokio::test]
async fn pages_carry_the_headers_that_protect_them() {
    let fixture = fixture().await;
    let cookie = fixture.set_up().await;
    let page = fixture
        .send(empty(request("GET", "/").header("cookie", cookie)))
        .await;
    assert_eq!(page.status(), StatusCode::OK);
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'self'"),
        "{policy}"
    );
    assert_eq!(page.headers()["x-content-type-options"], "nosniff");
    assert_eq!(page.headers()["referrer-policy"], "same-origin");
    assert_eq!(page.headers()["cache-control"], "no-store");
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .and_then(|rest| rest.split('\'').next())
        .unwrap()
        .to_owned();
    let html = crate::support::text(page).await;
    for script in html.split("<script").skip(1) {
        let tag = script.split('>').next().unwrap();
        assert!(
            tag.contains(&nonce) || tag.contains("src="),
            "an inline script without the nonce: {tag}"
        );
    }
}
