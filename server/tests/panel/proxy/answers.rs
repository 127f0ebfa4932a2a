//! What comes back from an app.

use axum::http::StatusCode;

use super::Behind;
use crate::support::{location, text};

#[tokio::test]
async fn an_answer_comes_back_without_what_would_harm_the_panel() {
    let behind = Behind::start("strip").await;
    let answer = behind.get("headers").await;
    let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["own=1; Path=/instance/my-app/; HttpOnly"]);
    for gone in [
        "service-worker-allowed",
        "clear-site-data",
        "x-private",
        "connection",
    ] {
        assert!(!answer.headers().contains_key(gone), "{gone}");
    }
    assert_eq!(
        answer.headers()["content-security-policy"],
        "default-src *",
        "the panel's rules reached the app"
    );
    for (to, expected) in [
        ("/login", "/instance/my-app/login"),
        ("/instance/my-app/x", "/instance/my-app/x"),
        ("next", "next"),
        ("http://localhost:9000/x", "/instance/my-app/x"),
        ("https://elsewhere.example/x", "https://elsewhere.example/x"),
        ("//elsewhere.example/x", "//elsewhere.example/x"),
    ] {
        let answer = behind.get(&format!("redirect?to={to}")).await;
        assert_eq!(
            (answer.status(), location(&answer)),
            (StatusCode::FOUND, expected)
        );
    }
    assert_eq!(text(behind.get("both").await).await, "hi");
    assert_eq!(behind.get("many").await.status(), StatusCode::OK);
    behind.stop().await;
}
