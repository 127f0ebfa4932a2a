//! Browsers that do not say where a form comes from.

use axum::http::{Request, StatusCode, header};

use super::assert_holds;
use crate::support::{Fixture, HOST, PASSWORD, empty, fixture, form, location, request, text};

/// The hidden field of a page, as somebody with this cookie gets it.
async fn token(fixture: &Fixture, cookie: &str) -> String {
    let page = request("GET", "/lite").header("cookie", cookie);
    let html = text(fixture.send(empty(page)).await).await;
    let rest = html.split("name=\"token\" value=\"").nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

/// Sends a form as text browsers do, with more headers.
async fn send(
    fixture: &Fixture,
    path: &str,
    cookie: &str,
    body: &str,
    more: &[(&str, &str)],
) -> axum::response::Response {
    let mut builder = Request::builder()
        .method("POST")
        .uri(path)
        .header(header::HOST, HOST);
    builder = builder
        .header(header::ACCEPT, "text/html")
        .header(header::COOKIE, cookie);
    for (name, value) in more {
        builder = builder.header(*name, *value);
    }
    fixture.send(form(builder, body)).await
}

#[tokio::test]
async fn a_form_without_origin_needs_the_token_of_its_session() {
    let fixture = fixture().await;
    let cookie = fixture.set_up().await;
    let token = token(&fixture, &cookie).await;
    let other = fixture.engine.accounts.log_in(PASSWORD, "x").await.unwrap();
    let others = self::token(&fixture, &format!("aikore_session={other}")).await;
    assert_ne!(token, others);
    let foreign = ("origin", "http://evil.example");
    for (body, more, allowed) in [
        (format!("token={token}&"), &[][..], true),
        (String::new(), &[], false),
        ("token=&".to_owned(), &[], false),
        (format!("token={}&", &token[..62]), &[], false),
        (format!("token={others}&"), &[], false),
        (format!("token={others}&token={token}&"), &[], false),
        // What a browser says always decides.
        (format!("token={token}&"), &[foreign], false),
        (format!("token={token}&"), &[("origin", "null")], false),
        (
            format!("token={token}&"),
            &[("sec-fetch-site", "cross-site")],
            false,
        ),
        (
            format!("token={token}&"),
            &[("sec-fetch-site", "same-site")],
            false,
        ),
        (String::new(), &[("sec-fetch-site", "same-origin")], true),
        (String::new(), &[("origin", "http://localhost:9000")], true),
        // The address a form comes from is no proof.
        (String::new(), &[("referer", "http://localhost:9000/lite")], false),
    ] {
        let answer = send(&fixture, "/lite/new", &cookie, &format!("{body}name="), more).await;
        let expected = if allowed {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::FORBIDDEN
        };
        assert_eq!(answer.status(), expected, "{body} {more:?}");
    }
}

#[tokio::test]
async fn the_token_opens_nothing_but_the_plain_pages() {
    let fixture = fixture().await;
    let cookie = fixture.set_up().await;
    let token = token(&fixture, &cookie).await;
    for path in [
        "/fn/start_instance",
        "/api/jobs/77/cancel",
        "/instances/1/script",
        "/theme",
        "/lite",
    ] {
        let answer = send(&fixture, path, &cookie, &format!("token={token}&id=1"), &[]).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
    }
    // Nor does it do so in another shape than a form's.
    let builder = Request::builder()
        .method("POST")
        .uri("/lite/new")
        .header(header::HOST, HOST);
    let builder = builder
        .header(header::COOKIE, &cookie)
        .header(header::CONTENT_TYPE, "text/plain");
    let request = builder.body(format!("token={token}&name=x").into()).unwrap();
    assert_eq!(fixture.send(request).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn nobody_changes_anything_without_a_login_or_from_a_foreign_page() {
    let fixture = fixture().await;
    let cookie = fixture.set_up().await;
    let token = token(&fixture, &cookie).await;
    let id = fixture.create("Lamp", "test-logs").await.id;
    let actions = [
        "/lite/new".to_owned(),
        format!("/lite/instances/{id}/start"),
        format!("/lite/instances/{id}/delete"),
        format!("/lite/instances/{id}/edit"),
        format!("/lite/instances/{id}/files/launch.sh"),
        "/lite/trash/empty".to_owned(),
    ];
    for path in actions {
        let own = ("origin", "http://localhost:9000");
        let anonymous = send(&fixture, &path, "", &format!("token={token}"), &[own]).await;
        assert_eq!(anonymous.status(), StatusCode::UNAUTHORIZED, "{path}");
        for origin in ["http://evil.example", "http://localhost:21000", "null"] {
            let body = format!("token={token}&mode=trash");
            let foreign = send(&fixture, &path, &cookie, &body, &[("origin", origin)]).await;
            assert_eq!(foreign.status(), StatusCode::FORBIDDEN, "{path} from {origin}");
        }
    }
    assert!(fixture.engine.instances.get(id).await.is_ok());
}

#[tokio::test]
async fn text_browsers_log_in_and_out() {
    let fixture = fixture().await;
    fixture.set_up().await;
    let body = format!("password={}&next=%2Flite%2Fmachine", PASSWORD.replace(' ', "+"));
    let entered = send(&fixture, "/login", "", &body, &[]).await;
    assert_eq!(
        (entered.status(), location(&entered)),
        (StatusCode::SEE_OTHER, "/lite/machine")
    );
    let foreign = send(
        &fixture,
        "/login",
        "",
        &body,
        &[("origin", "http://evil.example")],
    )
    .await;
    assert_eq!(foreign.status(), StatusCode::FORBIDDEN);
    let cookie = entered.headers()[header::SET_COOKIE].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    assert_eq!(
        send(&fixture, "/logout", &cookie, "", &[]).await.status(),
        StatusCode::FORBIDDEN
    );
    let token = token(&fixture, &cookie).await;
    let left = send(&fixture, "/logout", &cookie, &format!("token={token}"), &[]).await;
    assert_eq!(location(&left), "/login");
    let after = send(&fixture, "/lite/new", &cookie, &format!("token={token}"), &[]).await;
    assert_eq!(after.status(), StatusCode::FORBIDDEN);
    assert_holds(&text(after).await, &["own pages"]);
}
