//! What is shown while there is no app.

use axum::http::StatusCode;
use tokio::time::timeout;
use types::instances::Status;

use super::{Behind, blueprint};
use crate::support::{DEADLINE, empty, failure, location, open_fixture, request, text, until, with};

#[tokio::test]
async fn an_app_that_does_not_answer_gets_a_page() {
    let behind = Behind::start("strip").await;
    let program = behind.get("cut").await;
    assert_eq!(
        failure(program).await,
        (StatusCode::BAD_GATEWAY, "app_unreachable".to_owned())
    );
    let person = behind
        .fixture
        .send(empty(behind.request("POST", "cut").header("accept", "text/html")))
        .await;
    assert_eq!(person.status(), StatusCode::BAD_GATEWAY);
    assert!(text(person).await.contains("My app does not answer"));
    behind.stop().await;
}

#[tokio::test]
async fn a_stopped_app_has_a_page_and_an_object() {
    let fixture = open_fixture().await;
    fixture.create("Sleepy co", "test-logs").await;
    let path = "/instance/sleepy-co/";
    let person = fixture
        .send(empty(request("GET", path).header("accept", "text/html")))
        .await;
    assert_eq!(person.status(), StatusCode::SERVICE_UNAVAILABLE);
    let page = text(person).await;
    assert!(
        page.contains("is stopped") && !page.contains("http-equiv=\"refresh\""),
        "{page}"
    );
    let program = fixture.send(empty(request("GET", path))).await;
    assert_eq!(
        failure(program).await,
        (StatusCode::SERVICE_UNAVAILABLE, "not_running".to_owned())
    );
    let unknown = fixture.send(empty(request("GET", "/instance/nobody/"))).await;
    assert_eq!(
        failure(unknown).await,
        (StatusCode::NOT_FOUND, "unknown_instance".to_owned())
    );
    let bare = fixture
        .send(empty(request("GET", "/instance/sleepy-co?x=1")))
        .await;
    assert_eq!(
        (bare.status(), location(&bare)),
        (StatusCode::TEMPORARY_REDIRECT, "/instance/sleepy-co/?x=1")
    );
}

#[tokio::test]
async fn the_page_has_the_theme_of_the_panel() {
    let fixture = open_fixture().await;
    fixture.create("Sleepy", "test-logs").await;
    let theme = async |path: &str, cookie: &str| {
        let request = request("GET", path)
            .header("accept", "text/html")
            .header("cookie", cookie);
        let page = text(fixture.send(empty(request)).await).await;
        let attribute = page
            .split("data-theme=\"")
            .nth(1)
            .unwrap_or_else(|| panic!("{page}"));
        attribute.split('"').next().unwrap().to_owned()
    };
    for path in ["/instance/sleepy/", "/instance/nobody/"] {
        assert_eq!(theme(path, "a=b; aikore_theme=light").await, "light");
        assert_eq!(theme(path, "aikore_theme=\"><script>").await, "dark");
        assert_eq!(theme(path, "a=b").await, "dark");
    }
}

#[tokio::test]
async fn a_starting_app_has_a_page_that_becomes_the_app() {
    let fixture = with(true, |dir| {
        let blueprints = dir.join("blueprints");
        std::fs::create_dir_all(&blueprints).unwrap();
        let script = blueprint("upstream", "strip").replace(
            "exec python3",
            "echo '<script>alert(1)</script> loading'\nexec sleep 600; exec python3",
        );
        std::fs::write(blueprints.join("slow.sh"), script).unwrap();
    })
    .await;
    let app = fixture.create("My app", "slow").await;
    fixture.engine.instances.start(app.id).await.unwrap();
    let path = "/instance/my-app/";
    let shown = async {
        loop {
            let answer = fixture
                .send(empty(request("GET", path).header("accept", "text/html")))
                .await;
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(answer.headers().contains_key("retry-after"));
            let page = text(answer).await;
            assert!(
                page.contains("My app is starting") && page.contains("http-equiv=\"refresh\""),
                "{page}"
            );
            if page.contains("&lt;script&gt;alert(1)&lt;/script&gt; loading") {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, shown).await.expect("its log never showed");
    let program = fixture.send(empty(request("GET", path))).await;
    assert_eq!(
        failure(program).await,
        (StatusCode::SERVICE_UNAVAILABLE, "not_ready".to_owned())
    );
    fixture.engine.instances.stop(app.id).await.unwrap();
    until(&fixture, app.id, Status::Stopped).await;
}
