//! Who gets to an app, and what neither side learns of the other.

use axum::http::{Request, StatusCode};
use serde_json::Value;

use super::{Behind, panel, sent, started};
use crate::support::{HOST, empty, value};

struct Asker {
    who: &'static str,
    header: Option<(&'static str, String)>,
}

/// Whether somebody gets to the app of a path, from each kind of page.
#[tokio::test]
async fn the_way_to_an_app_needs_a_login_and_our_own_origin() {
    let behind = Behind::start("strip").await;
    let askers = [
        Asker {
            who: "nobody",
            header: None,
        },
        Asker {
            who: "ended",
            header: Some(("cookie", behind.fixture.ended_session().await)),
        },
        Asker {
            who: "session",
            header: Some(("cookie", behind.cookie.clone())),
        },
        Asker {
            who: "token",
            header: Some(("authorization", behind.fixture.token().await)),
        },
    ];
    let own = format!("http://{HOST}");
    let origins = [
        Some(own.as_str()),
        Some("http://evil.example"),
        Some("null"),
        None,
    ];
    for asker in &askers {
        for origin in origins {
            for kind in ["read", "change", "socket"] {
                let mut builder = Request::builder()
                    .uri("/instance/my-app/echo")
                    .method(if kind == "change" { "POST" } else { "GET" })
                    .header("host", HOST);
                if kind == "socket" {
                    builder = builder
                        .header("connection", "Upgrade")
                        .header("upgrade", "websocket");
                }
                if let Some(origin) = origin {
                    builder = builder.header("origin", origin);
                }
                if let Some((name, value)) = &asker.header {
                    builder = builder.header(*name, value);
                }
                let known = matches!(asker.who, "session" | "token");
                let ours =
                    kind == "read" || origin == Some(&own) || (origin.is_none() && asker.who == "token");
                let expected = match (ours, known) {
                    (false, _) => StatusCode::FORBIDDEN,
                    (true, false) => StatusCode::UNAUTHORIZED,
                    (true, true) => StatusCode::OK,
                };
                let status = behind.fixture.send(empty(builder)).await.status();
                assert_eq!(status, expected, "{kind} by {} from {origin:?}", asker.who);
            }
        }
    }
    behind.stop().await;
}

#[tokio::test]
async fn cookies_of_an_app_stay_with_it() {
    let fixture = panel(true, server::SiteOptions::default()).await;
    let app = started(&fixture, "My app", "conformance").await;
    let set =
        "own=1;Path=/|wide=1;Path=/;Domain=localhost|deep=1;Path=/deep|aikore_session=x|aikore_pass=x;Path=/";
    let cookies = async |host: &str, path: &str| {
        let asked = Request::builder()
            .uri(format!("{path}?set={set}"))
            .header("host", host);
        let answer = fixture.send(empty(asked)).await;
        let cookies = answer.headers().get_all("set-cookie").iter();
        cookies
            .map(|cookie| cookie.to_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        cookies("localhost", "/instance/my-app/cookies").await,
        [
            "own=1; Path=/instance/my-app/",
            "wide=1; Path=/instance/my-app/",
            "deep=1; Path=/instance/my-app/deep"
        ]
    );
    let on_its_own = cookies("my-app.localhost", "/cookies").await;
    let (marks, own): (Vec<_>, Vec<_>) = on_its_own
        .iter()
        .partition(|cookie| cookie.starts_with("aikore_mark_"));
    assert_eq!(own, ["own=1; Path=/", "wide=1; Path=/", "deep=1; Path=/deep"]);
    let ends = [
        "; Path=/; HttpOnly",
        "; Path=/; HttpOnly",
        "; Path=/deep; HttpOnly",
    ];
    assert!(
        marks.len() == 3 && marks.iter().zip(ends).all(|(mark, end)| mark.ends_with(end)),
        "{marks:?}"
    );
    fixture.engine.instances.stop(app.id).await.unwrap();
}

#[tokio::test]
async fn a_token_of_the_panel_never_reaches_an_app() {
    let behind = Behind::start("strip").await;
    for secret in [behind.fixture.token().await, "Bearer aik_0123".to_owned()] {
        let asked = behind.request("GET", "echo").header("authorization", secret);
        let echo = value(behind.fixture.send(empty(asked)).await).await;
        let headers = sent(&echo);
        assert!(!headers.contains_key("authorization"), "{headers:?}");
        assert!(!headers.contains_key("cookie"), "{headers:?}");
    }
    let own = behind
        .request("GET", "echo")
        .header("authorization", "Bearer the-apps-own");
    let echo: Value = value(behind.fixture.send(empty(own)).await).await;
    assert_eq!(sent(&echo)["authorization"], "Bearer the-apps-own");
    behind.stop().await;
}
