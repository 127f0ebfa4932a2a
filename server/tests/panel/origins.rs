//! Which pages may make the panel do something, and under which names it answers.

use axum::http::{Request, StatusCode};

use crate::support::{HOST, empty, fixture, open_fixture};

const OWN: &str = "http://localhost:9000";

struct Case {
    who: &'static str,
    origin: Option<&'static str>,
    site: Option<&'static str>,
    allowed: bool,
}

fn case(who: &'static str, origin: Option<&'static str>, site: Option<&'static str>, allowed: bool) -> Case {
    Case {
        who,
        origin,
        site,
        allowed,
    }
}

/// Every way a request that changes something can say where it comes from.
const MATRIX: fn() -> Vec<Case> = || {
    vec![
        case("session", Some(OWN), None, true),
        case("session", Some(OWN), Some("same-origin"), true),
        case("session", Some("https://localhost:9000"), None, true),
        case("session", Some("null"), None, false),
        case("session", Some("http://evil.example"), None, false),
        case("session", Some("http://localhost"), None, false),
        case(
            "session",
            Some("http://localhost:19001"),
            Some("same-site"),
            false,
        ),
        case("session", Some("http://localhost:9000.evil.example"), None, false),
        case("session", None, Some("same-origin"), true),
        case("session", None, Some("none"), true),
        case("session", None, Some("cross-site"), false),
        case("session", None, Some("same-site"), false),
        case("session", None, None, false),
        case("token", None, None, true),
        case("token", Some("http://evil.example"), None, false),
        case("token", Some("null"), None, false),
    ]
};

#[tokio::test]
async fn only_the_panels_own_pages_and_scripts_with_a_token_change_something() {
    let fixture = fixture().await;
    let cookie = fixture.set_up().await;
    let token = fixture.token().await;
    for case in MATRIX() {
        let mut builder = Request::builder()
            .method("POST")
            .uri("/api/jobs/77/cancel")
            .header("host", HOST);
        builder = match case.who {
            "token" => builder.header("authorization", &token),
            _ => builder.header("cookie", &cookie),
        };
        if let Some(origin) = case.origin {
            builder = builder.header("origin", origin);
        }
        if let Some(site) = case.site {
            builder = builder.header("sec-fetch-site", site);
        }
        let status = fixture.send(empty(builder)).await.status();
        let expected = if case.allowed {
            StatusCode::NOT_FOUND
        } else {
            StatusCode::FORBIDDEN
        };
        assert_eq!(
            status, expected,
            "{}: origin {:?}, site {:?}",
            case.who, case.origin, case.site
        );
    }
}

#[tokio::test]
async fn a_websocket_needs_the_panels_own_origin() {
    let fixture = fixture().await;
    let cookie = fixture.set_up().await;
    for (origin, allowed) in [
        (Some(OWN), true),
        (Some("http://evil.example"), false),
        (Some("null"), false),
        (None, false),
    ] {
        for path in ["/ws", "/instance/a/"] {
            let mut builder = Request::builder()
                .uri(path)
                .header("host", HOST)
                .header("cookie", &cookie)
                .header("connection", "keep-alive, Upgrade")
                .header("upgrade", "websocket")
                // As browsers say it of a WebSocket of an own page: it must not open what Origin closes.
                .header("sec-fetch-site", "same-origin");
            if let Some(origin) = origin {
                builder = builder.header("origin", origin);
            }
            let status = fixture.send(empty(builder)).await.status();
            assert_eq!(
                status != StatusCode::FORBIDDEN,
                allowed,
                "{path} from {origin:?}: {status}"
            );
        }
    }
}

#[tokio::test]
async fn scripts_of_other_sites_do_not_even_read_but_links_lead_here() {
    let fixture = open_fixture().await;
    for (site, mode, allowed) in [
        ("cross-site", "no-cors", false),
        ("same-site", "cors", false),
        ("cross-site", "navigate", true),
        ("same-origin", "cors", true),
        ("none", "navigate", true),
    ] {
        let builder = Request::builder()
            .uri("/api/instances/")
            .header("host", HOST)
            .header("sec-fetch-site", site)
            .header("sec-fetch-mode", mode);
        let status = fixture.send(empty(builder)).await.status();
        assert_eq!(status == StatusCode::OK, allowed, "{site} {mode}: {status}");
    }
}

#[tokio::test]
async fn without_a_login_other_origins_are_still_refused() {
    let fixture = open_fixture().await;
    for (origin, allowed) in [
        (None, true),
        (Some(OWN), true),
        (Some("null"), false),
        (Some("http://evil.example"), false),
    ] {
        let mut builder = Request::builder()
            .method("POST")
            .uri("/api/jobs/77/cancel")
            .header("host", HOST);
        if let Some(origin) = origin {
            builder = builder.header("origin", origin);
        }
        let status = fixture.send(empty(builder)).await.status();
        assert_eq!(status == StatusCode::NOT_FOUND, allowed, "{origin:?}: {status}");
    }
}

#[tokio::test]
async fn foreign_host_names_are_refused() {
    let fixture = open_fixture().await;
    for (host, expected) in [
        ("localhost:9000", StatusCode::OK),
        ("127.0.0.1:9000", StatusCode::OK),
        ("[::1]:9000", StatusCode::OK),
        ("10.0.0.7", StatusCode::OK),
        ("panel.example", StatusCode::OK),
        ("evil.example", StatusCode::FORBIDDEN),
        ("localhost.evil.example", StatusCode::FORBIDDEN),
        ("evil.example/@localhost", StatusCode::BAD_REQUEST),
    ] {
        let request = Request::builder().uri("/api/health").header("host", host);
        assert_eq!(fixture.send(empty(request)).await.status(), expected, "{host}");
    }
    let none = Request::builder().uri("/api/health");
    assert_eq!(fixture.send(empty(none)).await.status(), StatusCode::BAD_REQUEST);
    let two = Request::builder()
        .uri("/api/health")
        .header("host", "localhost")
        .header("host", "localhost");
    assert_eq!(fixture.send(empty(two)).await.status(), StatusCode::BAD_REQUEST);
    let absolute = Request::builder()
        .uri("http://evil.example/api/health")
        .header("host", "localhost");
    assert_eq!(
        fixture.send(empty(absolute)).await.status(),
        StatusCode::BAD_REQUEST
    );
}
