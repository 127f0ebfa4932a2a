//! Desktops over REST and as a plain page, as far as it goes without one that runs.

use axum::http::StatusCode;
use serde_json::json;

use crate::support::{empty, failure, form, json as with_json, location, open_fixture, request, text, value};

#[tokio::test]
async fn links_to_a_desktop_are_made_listed_and_ended() {
    let fixture = open_fixture().await;
    let (one, other) = (
        fixture.create("One", "test-logs").await,
        fixture.create("Other", "test-logs").await,
    );
    let path = format!("/api/v1/instances/{}/desktop/shares", one.id);
    for seconds in [0, 59, 30 * 24 * 3600 + 1, -5] {
        let wrong = with_json(request("POST", &path), json!({ "seconds": seconds }).to_string());
        assert_eq!(
            fixture.send(wrong).await.status(),
            StatusCode::UNPROCESSABLE_ENTITY,
            "{seconds}"
        );
    }
    let made = fixture
        .send(with_json(
            request("POST", &path),
            json!({ "seconds": 3600 }).to_string(),
        ))
        .await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let made = value(made).await;
    let link = made["path"].as_str().unwrap();
    assert!(link.starts_with("/instance/one/desktop/?share=aikw_") && link.ends_with("#shared"));

    let listed = value(fixture.send(empty(request("GET", &path))).await).await;
    assert_eq!(listed, json!([made["share"]]), "without the secret");
    let of_other = format!("/api/v1/instances/{}/desktop/shares", other.id);
    assert_eq!(
        value(fixture.send(empty(request("GET", &of_other))).await).await,
        json!([])
    );

    let secret = link
        .split("share=")
        .nth(1)
        .unwrap()
        .trim_end_matches("#shared")
        .to_owned();
    let desktops = &fixture.engine.desktops;
    assert!(desktops.shown_until(one.id, &secret).await.unwrap().is_some());
    assert_eq!(
        desktops.shown_until(other.id, &secret).await.unwrap(),
        None,
        "one desktop only"
    );

    let id = &made["share"]["id"];
    let elsewhere = failure(
        fixture
            .send(empty(request("DELETE", &format!("{of_other}/{id}"))))
            .await,
    );
    assert_eq!(elsewhere.await.0, StatusCode::NOT_FOUND);
    let ended = fixture
        .send(empty(request("DELETE", &format!("{path}/{id}"))))
        .await;
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    assert_eq!(desktops.shown_until(one.id, &secret).await.unwrap(), None);
}

#[tokio::test]
async fn the_plain_page_says_that_there_is_no_desktop() {
    let fixture = open_fixture().await;
    let id = fixture.create("One", "test-logs").await.id;
    let path = format!("/lite/instances/{id}/desktop");
    let page = fixture.send(empty(request("GET", &path))).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(text(page).await.contains("There is no desktop at the moment"));
    let typed = fixture
        .send(form(request("POST", &path), "text=hello&width=480"))
        .await;
    assert_eq!(typed.status(), StatusCode::CONFLICT);
    assert!(text(typed).await.contains("shows no desktop now"));
    // Nothing that can be understood changes nothing, and leads back.
    let nothing = fixture.send(form(request("POST", &path), "width=480")).await;
    assert_eq!(location(&nothing), format!("{path}?width=480"));
}

#[tokio::test]
async fn settings_of_a_desktop_are_saved_by_a_plain_form() {
    let fixture = open_fixture().await;
    let id = fixture.create("One", "test-logs").await.id;
    let fields = "settings[encoder]=jpeg&settings[frame_rate]=12&settings[resolution]=1280x720\
                  &settings[clipboard]=out&settings[files]=upload";
    let saved = fixture
        .send(form(
            request("POST", "/fn/set_desktop"),
            &format!("id={id}&{fields}"),
        ))
        .await;
    assert!(
        saved.status().is_redirection() || saved.status().is_success(),
        "{}",
        saved.status()
    );
    let row = fixture.engine.instances.get(id).await.unwrap();
    assert_eq!(
        serde_json::to_value(&row.desktop).unwrap(),
        json!({ "encoder": "jpeg", "frame_rate": 12, "resolution": "1280x720", "clipboard": "out", "files": "upload", "audio": false })
    );
    let refused = fixture
        .send(form(
            request("POST", "/fn/set_desktop"),
            &format!("id={id}&{}", fields.replace("1280x720", "wide")),
        ))
        .await;
    let led = format!("{:?}", refused.headers().get("location"));
    let told = format!("{led} {}", text(refused).await);
    assert!(told.contains("__err") || told.contains("1280x720"), "{told}");
    assert_eq!(
        fixture.engine.instances.get(id).await.unwrap().desktop,
        row.desktop
    );
}
