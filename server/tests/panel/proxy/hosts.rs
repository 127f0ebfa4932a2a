//! Apps on host names of their own.

use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use types::instances::InstanceChange;

use super::{Behind, panel, sent, started};
use crate::support::{Fixture, empty, location, open_fixture, value};

const APP: &str = "my-app.localhost:9000";

async fn get(fixture: &Fixture, host: &str, path: &str, cookie: &str) -> Response<Body> {
    let asked = Request::builder()
        .uri(path)
        .header("host", host)
        .header("accept", "text/html")
        .header("cookie", cookie);
    fixture.send(empty(asked)).await
}

fn cookie(answer: &Response<Body>) -> String {
    let text = answer.headers()["set-cookie"].to_str().unwrap();
    text.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_sub_domain_gets_a_pass_from_the_panel_and_never_its_cookie() {
    let behind = Behind::start("strip").await;
    let fixture = &behind.fixture;
    let first = get(fixture, APP, "/echo?x=1", "").await;
    assert_eq!(
        location(&first),
        "http://localhost:9000/pass?to=http%3A//my-app.localhost%3A9000/echo%3Fx%3D1"
    );
    let to_pass = location(&first)
        .strip_prefix("http://localhost:9000")
        .unwrap()
        .to_owned();
    // Without a login, the panel asks for one and leads back here.
    let login = get(fixture, "localhost:9000", &to_pass, "").await;
    assert!(
        location(&login).starts_with("/login?next=/pass%3Fto%3D"),
        "{}",
        location(&login)
    );
    let ticket = get(fixture, "localhost:9000", &to_pass, &behind.cookie).await;
    let enter = location(&ticket)
        .strip_prefix(&format!("http://{APP}"))
        .unwrap()
        .to_owned();
    let entered = get(fixture, APP, &enter, "").await;
    assert_eq!(location(&entered), "/echo?x=1");
    let attributes = entered.headers()["set-cookie"].to_str().unwrap();
    assert!(
        attributes.contains("HttpOnly") && !attributes.contains("Domain"),
        "{attributes}"
    );
    let pass = cookie(&entered);
    let echo = value(get(fixture, APP, "/echo?x=1", &pass).await).await;
    assert_eq!(echo["path"], "/echo?x=1");
    let headers: HeaderMap = sent(&echo);
    assert_eq!(headers["host"], APP);
    assert!(!headers.contains_key("cookie"), "{headers:?}");
    assert!(!headers.contains_key("x-forwarded-prefix"));
    // A ticket is good once, a pass on its own host only, and the panel's cookie nowhere here.
    let again = get(fixture, APP, &enter, "").await;
    assert!(!again.headers().contains_key("set-cookie"));
    let other = started(fixture, "Other", "strip").await;
    for (host, cookie) in [("other.localhost:9000", &pass), (APP, &behind.cookie)] {
        let refused = get(fixture, host, "/echo", cookie).await;
        assert_eq!(refused.status(), StatusCode::SEE_OTHER, "{host} with {cookie}");
    }
    // It ends with the login.
    let secret = behind.cookie.split('=').nth(1).unwrap();
    fixture.engine.accounts.log_out(secret).await.unwrap();
    let ended = get(fixture, APP, "/echo", &pass).await;
    assert_eq!(ended.status(), StatusCode::SEE_OTHER);
    fixture.engine.instances.stop(other.id).await.unwrap();
    behind.stop().await;
}

#[tokio::test]
async fn programs_on_a_sub_domain_use_a_token_or_are_told() {
    let behind = Behind::start("strip").await;
    let asked = || Request::builder().uri("/echo").header("host", APP);
    let refused = behind.fixture.send(empty(asked())).await;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let token = behind.fixture.token().await;
    let answer = behind
        .fixture
        .send(empty(asked().header("authorization", token)))
        .await;
    assert_eq!(answer.status(), StatusCode::OK);
    behind.stop().await;
}

#[tokio::test]
async fn a_slug_below_a_foreign_name_is_a_foreign_name() {
    let fixture = open_fixture().await;
    fixture.create("My app", "test-logs").await;
    for host in [
        "my-app.evil.example",
        "my-app.localhost.evil.example",
        "localhost.my-app",
    ] {
        let answer = get(&fixture, host, "/", "").await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{host}");
    }
}

#[tokio::test]
async fn a_ticket_leads_only_to_hosts_of_apps() {
    let behind = Behind::start("strip").await;
    for to in [
        "http://evil.example/",
        "http://localhost:9000/",
        "http://nobody.localhost:9000/",
        "https://my-app.localhost:9000/",
        "http://my-app.evil.example/",
        "/x",
        "",
    ] {
        let path = format!("/pass?to={}", to.replace(':', "%3A"));
        let answer = get(&behind.fixture, "localhost:9000", &path, &behind.cookie).await;
        assert_eq!(location(&answer), "/", "{to}");
    }
    behind.stop().await;
}

#[tokio::test]
async fn an_instance_may_have_a_name_of_its_own_but_not_the_panels() {
    let fixture = panel(true, server::SiteOptions::default()).await;
    let app = started(&fixture, "My app", "keep").await;
    let name = async |hostname: &str| {
        let change = InstanceChange {
            hostname: Some(hostname.to_owned()),
            use_custom_hostname: Some(true),
            ..InstanceChange::default()
        };
        fixture
            .engine
            .instances
            .update(app.id, change, false)
            .await
            .unwrap();
    };
    name("https://comfy.example:8443").await;
    let home = get(&fixture, "COMFY.example", "/?x=1", "").await;
    assert_eq!(location(&home), "/instance/my-app/?x=1");
    let echo = value(get(&fixture, "comfy.example:9000", "/instance/my-app/echo", "").await).await;
    assert_eq!(echo["path"], "/instance/my-app/echo");
    for own in ["localhost", "panel.example", "127.0.0.1"] {
        name(own).await;
        let answer = get(&fixture, &format!("{own}:9000"), "/api/health", "").await;
        assert_eq!(value(answer).await["status"], "ok", "{own}");
    }
    let unknown = get(&fixture, "comfy.example", "/", "").await;
    assert_eq!(unknown.status(), StatusCode::FORBIDDEN);
    fixture.engine.instances.stop(app.id).await.unwrap();
}

#[tokio::test]
async fn a_name_that_two_instances_want_goes_to_the_other_when_the_older_lets_go() {
    let fixture = open_fixture().await;
    let instances = &fixture.engine.instances;
    let mut apps = Vec::new();
    for name in ["Older", "Younger"] {
        let app = fixture.create(name, "test-logs").await;
        let change = InstanceChange {
            hostname: Some("comfy.example".to_owned()),
            use_custom_hostname: Some(true),
            ..InstanceChange::default()
        };
        instances.update(app.id, change, false).await.unwrap();
        apps.push(app.id);
    }
    let page = async || crate::support::text(get(&fixture, "comfy.example", "/", "").await).await;
    assert!(page().await.contains("Older is stopped"));
    let change = InstanceChange {
        use_custom_hostname: Some(false),
        ..InstanceChange::default()
    };
    instances.update(apps[0], change, false).await.unwrap();
    let younger = page().await;
    assert!(younger.contains("Younger is stopped"), "{younger}");
}

#[tokio::test]
async fn a_stopped_app_has_its_page_on_its_own_host_too() {
    let fixture = open_fixture().await;
    fixture.create("My app", "test-logs").await;
    let page = get(&fixture, APP, "/", "").await;
    assert_eq!(page.status(), StatusCode::SERVICE_UNAVAILABLE);
    let page = crate::support::text(page).await;
    assert!(page.contains("href=\"/.aikore/pkg/aikore.css\""), "{page}");
    assert!(page.contains("href=\"//localhost:9000/\""), "{page}");
}
