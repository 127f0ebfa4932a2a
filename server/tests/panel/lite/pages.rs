//! What the pages hold, and what they weigh.

use app::lite::PAGE_BYTES;
use axum::http::{StatusCode, header};
use types::instances::{InstanceChange, Status};

use super::{assert_holds, get, page};
use crate::support::{empty, fixture, location, open_fixture, request, standing, text, until};

/// Every page there is, for an instance and a job of these numbers.
fn every_page(instance: impl std::fmt::Display) -> Vec<String> {
    let of_instance = [
        "",
        "/edit",
        "/delete",
        "/logs",
        "/desktop",
        "/files/launch.sh",
        "/files/requirements.txt",
        "/files/launch_args.txt",
    ];
    let of_instance = of_instance.map(|rest| format!("/lite/instances/{instance}{rest}"));
    let others = [
        "/lite",
        "/lite/",
        "/lite/new",
        "/lite/logs",
        "/lite/machine",
        "/lite/jobs",
        "/lite/trash",
        "/lite/trash/empty",
    ];
    others.map(str::to_owned).into_iter().chain(of_instance).collect()
}

#[tokio::test]
async fn every_page_is_small_and_holds_no_script() {
    let fixture = open_fixture().await;
    let instance = fixture.create("Lamp", "test-logs").await;
    let markup = InstanceChange {
        launch_args: Some("</textarea><script>alert(1)</script><!>".to_owned()),
        ..InstanceChange::default()
    };
    fixture
        .engine
        .instances
        .update(instance.id, markup, false)
        .await
        .unwrap();
    for path in every_page(instance.id) {
        let answer = get(&fixture, &path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .to_owned();
        let html = text(answer).await;
        assert!(html.len() <= PAGE_BYTES, "{path} weighs {}", html.len());
        assert!(
            !html.contains("<script") && !html.contains("/pkg/"),
            "{path}: {html}"
        );
        // No script may run, and no style sheet but the page's own.
        assert!(
            policy.starts_with("default-src 'none'; style-src 'nonce-"),
            "{policy}"
        );
        let nonce = policy.split("nonce-").nth(1).unwrap().split('\'').next().unwrap();
        assert!(
            html.contains(&format!("<style nonce=\"{nonce}\"")),
            "{path}: {html}"
        );
    }
}

#[tokio::test]
async fn the_list_of_many_instances_has_pages_and_stays_small() {
    let fixture = open_fixture().await;
    let long = |number: usize| format!("{number:03} {}", "字".repeat(60));
    for number in 0..60 {
        fixture.create(&long(number), "test-logs").await;
    }
    for (path, first, last) in [
        ("/lite", 0, 19),
        ("/lite?page=2", 20, 39),
        ("/lite?page=3", 40, 59),
        ("/lite?page=77", 40, 59),
    ] {
        let html = page(&fixture, path).await;
        assert!(html.len() <= PAGE_BYTES, "{path} weighs {}", html.len());
        let shown = |number: usize| html.contains(&format!("<b>{number:03} "));
        for number in 0..60 {
            assert_eq!(
                shown(number),
                (first..=last).contains(&number),
                "{number} on {path}"
            );
        }
    }
    assert_holds(
        &page(&fixture, "/lite?page=2").await,
        &["Page 2 of 3.", "/lite?page=1", "/lite?page=3"],
    );
}

#[tokio::test]
async fn a_running_instance_shows_its_state_its_link_and_what_it_uses() {
    let fixture = open_fixture().await;
    let app = fixture
        .started("Lamp", "test-logs", InstanceChange::default())
        .await;
    let mut readings = fixture.engine.telemetry.watch();
    readings
        .wait_for(|readings| readings.instances.iter().any(|one| one.id == app.id))
        .await
        .unwrap();
    let row = page(&fixture, "/lite").await;
    assert_holds(
        &row,
        &[
            "● ",
            "<b>Started</b>",
            "Stop Lamp",
            "http://localhost",
            "<meter",
            "[",
            "% of ",
        ],
    );
    let own = page(&fixture, &format!("/lite/instances/{}", app.id)).await;
    assert_holds(
        &own,
        &["Restart Lamp", "Blueprint", "Process", "RAM", "/files/launch.sh"],
    );
    let machine = page(&fixture, "/lite/machine").await;
    assert_holds(&machine, &[">Lamp</a>", "Network", "are free", "Load "]);

    fixture.engine.instances.stop(app.id).await.unwrap();
    until(&fixture, app.id, Status::Stopped).await;
    let row = page(&fixture, "/lite").await;
    assert_holds(&row, &["□ ", "<b>Stopped</b>", "Start Lamp"]);
    let log = page(&fixture, &format!("/lite/instances/{}/logs", app.id)).await;
    assert_holds(&log, &["<pre", "Run 1", "/logs/download?run=1"]);
    let small = page(
        &fixture,
        &format!("/lite/instances/{}/logs?run=1&refresh=5", app.id),
    )
    .await;
    assert_holds(
        &small,
        &["http-equiv=\"refresh\" content=\"5\"", "run=1&amp;refresh=15"],
    );
    let never = page(&fixture, "/lite?refresh=0").await;
    assert!(!never.contains("http-equiv"), "{never}");
}

#[tokio::test]
async fn a_log_of_any_length_makes_a_small_page() {
    let fixture = open_fixture().await;
    let app = fixture.create("Lamp", "test-logs").await;
    let script = "#!/bin/bash\nfor n in {1..9000}; do echo \"<&> line $n\"; done\n\
                  exec python3 -m http.server --bind 127.0.0.1 \"$WEBUI_PORT\"\n";
    let path = fixture
        .data_dir()
        .join("instances")
        .join(&app.dir)
        .join("launch.sh");
    std::fs::write(path, script).unwrap();
    fixture.engine.instances.start(app.id).await.unwrap();
    until(&fixture, app.id, Status::Started).await;
    let html = page(&fixture, &format!("/lite/instances/{}/logs", app.id)).await;
    fixture.engine.instances.stop(app.id).await.unwrap();
    until(&fixture, app.id, Status::Stopped).await;
    assert!(html.len() <= PAGE_BYTES, "{}", html.len());
    assert_holds(&html, &["&lt;&amp;&gt; line 9000\n"]);
    assert!(!html.contains("line 1\n"));
}

#[tokio::test]
async fn what_is_not_there_is_told_in_a_page() {
    let fixture = open_fixture().await;
    for (path, status) in [
        ("/lite/instances/77", StatusCode::NOT_FOUND),
        ("/lite/instances/77/edit", StatusCode::NOT_FOUND),
        ("/lite/instances/77/logs", StatusCode::NOT_FOUND),
        ("/lite/instances/x", StatusCode::BAD_REQUEST),
        ("/lite/nonsense/x", StatusCode::NOT_FOUND),
        ("/lite/jobs/77", StatusCode::NOT_FOUND),
        ("/lite/trash/remove?entry=x", StatusCode::NOT_FOUND),
        ("/lite/instances/77/stop", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let answer = get(&fixture, path).await;
        assert_eq!(answer.status(), status, "{path}");
        assert_holds(
            &text(answer).await,
            &["role=\"alert\"", "Show the instances", "<nav"],
        );
    }
}

#[tokio::test]
async fn who_is_not_logged_in_is_led_to_the_login_and_back() {
    let fixture = fixture().await;
    let cookie = fixture.set_up().await;
    for path in every_page(1) {
        let answer = get(&fixture, &path).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
        assert_eq!(location(&answer), format!("/login?next={path}"));
    }
    let known = request("GET", "/lite")
        .header("cookie", cookie)
        .header("accept", "text/html");
    let html = text(fixture.send(empty(known)).await).await;
    assert_holds(&html, &["There is no instance yet", "Log out"]);
}

#[tokio::test]
async fn below_a_prefix_every_address_has_it() {
    let options = server::SiteOptions {
        base_path: "/x".to_owned(),
        ..server::SiteOptions::default()
    };
    let fixture = standing(true, options, |_| {}).await;
    let answer = fixture
        .send(crate::support::form(
            request("POST", "/x/lite/new"),
            "name=Lamp&base_blueprint=test-logs.sh",
        ))
        .await;
    assert!(
        location(&answer).starts_with("/x/lite/instances/"),
        "{}",
        location(&answer)
    );
}

#[tokio::test]
async fn the_theme_that_was_chosen_is_kept() {
    let fixture = open_fixture().await;
    for (cookie, theme) in [
        ("aikore_theme=light", Some("light")),
        ("aikore_theme=dark", Some("dark")),
        ("a=b", None),
    ] {
        let request = request("GET", "/lite").header("cookie", cookie);
        let html = text(fixture.send(empty(request)).await).await;
        let expected = theme.map_or("<html lang=\"en\">".to_owned(), |theme| {
            format!("data-theme=\"{theme}\"")
        });
        assert!(html.contains(&expected), "{html}");
    }
}

#[tokio::test]
async fn the_dashboard_leads_to_the_plain_pages() {
    let fixture = open_fixture().await;
    let html = page(&fixture, "/").await;
    let noscript = html
        .split("<noscript>")
        .nth(1)
        .unwrap()
        .split("</noscript>")
        .next()
        .unwrap();
    assert!(noscript.contains("href=\"/lite\""), "{noscript}");
    let hint = html
        .split("id=\"plain-hint\"")
        .nth(1)
        .unwrap()
        .split("</aside>")
        .next()
        .unwrap();
    assert!(
        hint.contains(" hidden") && hint.contains("href=&quot;/lite&quot;"),
        "{hint}"
    );
}
