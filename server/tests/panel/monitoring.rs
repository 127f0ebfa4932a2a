//! The page of the whole machine, and what the dashboard says of the load, as the server renders them.

use axum::http::{StatusCode, header};
use types::instances::InstanceChange;

use crate::support::{Fixture, empty, form, location, open_fixture, request, text};
use crate::telemetry::{Nvml, stopped, until_reading};

async fn page(fixture: &Fixture, path: &str) -> String {
    let answer = fixture.send(empty(request("GET", path))).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    text(answer).await
}

/// The text of a page without its markup, up to the data that it carries for scripts.
fn words(html: &str) -> String {
    let mut words = String::new();
    for piece in html
        .split('<')
        .map(|piece| piece.split_once('>').unwrap_or(("", piece)))
    {
        if !piece.0.starts_with("script") && !piece.0.starts_with("style") {
            words.push_str(piece.1);
        }
    }
    words
}

#[tokio::test]
async fn without_a_driver_a_sentence_stands_where_the_gpus_would_and_the_machine_is_there() {
    let fixture = open_fixture().await;
    until_reading(&fixture, |readings| readings.machine.sample.at > 0).await;
    let html = page(&fixture, "/monitoring").await;
    let words = words(&html);
    assert!(words.contains("There is no NVIDIA driver here"), "{words}");
    for title in [
        "CPU",
        "RAM",
        "Disk",
        "Network",
        "By instance",
        "No instance runs.",
    ] {
        assert!(words.contains(title), "{title}: {words}");
    }
    assert!(!words.contains("GPU 0"), "{words}");
    let charts = html.matches("role=\"img\"").count();
    assert!(charts >= 5, "{charts}");
    assert!(html.contains("CPU load: "), "a chart reads out as a sentence");
}

#[tokio::test]
async fn a_gpu_shows_who_holds_its_memory_and_what_it_reported() {
    let nvml = Nvml::new("");
    let fixture = nvml.fixture().await;
    let app = fixture
        .started("Painter", "test-logs", InstanceChange::default())
        .await;
    let pid = fixture.engine.instances.get(app.id).await.unwrap().pid.unwrap();
    nvml.says(&format!(
        "hot 0 91 64\nprocess 0 {pid} 12288 40\nprocess 0 1 1024 1\nxid 1 79\n"
    ));
    until_reading(&fixture, |readings| {
        let uses = readings
            .instances
            .iter()
            .any(|one| one.gpu_memory() > Some(0) && !one.ports.is_empty());
        uses && !readings.gpus.faults.is_empty()
    })
    .await;
    let html = page(&fixture, "/monitoring").await;
    let words = words(&html);
    for told in [
        "GPU 0",
        "GPU 1",
        "91 °C",
        "123 of 350 W",
        "1,815 MHz",
        "Fan 42 %",
        "Slowed down: temperature (hardware)",
        "12.0 GiB",
        "Outside AiKore",
        "reported Xid 79: it has fallen off the bus",
    ] {
        assert!(words.contains(told), "{told}: {words}");
    }
    assert!(
        html.contains("VRAM by owner: Painter 12.0 GiB, Outside AiKore 1.0 GiB"),
        "{html}"
    );
    let port = fixture
        .engine
        .instances
        .get(app.id)
        .await
        .unwrap()
        .internal_port
        .unwrap();
    assert!(words.contains(&port.to_string()), "{words}");
    assert!(words.contains("Painter started"), "{words}");

    let dashboard = page(&fixture, "/").await;
    assert!(dashboard.contains("<b>VRAM</b> 12.0 GiB"), "{dashboard}");
    assert!(dashboard.contains("GPU 1 · Stub RTX 1"), "{dashboard}");
    let drawer = page(&fixture, &format!("/?open={}", app.id)).await;
    assert!(self::words(&drawer).contains("CPU, 100 % = one core"), "{drawer}");
    stopped(&fixture, app.id).await;
    let dashboard = page(&fixture, "/").await;
    assert!(!dashboard.contains("<b>VRAM</b>"), "{dashboard}");
}

#[tokio::test]
async fn the_time_of_the_charts_is_in_the_address() {
    let fixture = open_fixture().await;
    for (query, current) in [
        ("", "1 h"),
        ("?range=24h", "24 h"),
        ("?range=30d", "30 days"),
        ("?range=x", "1 h"),
    ] {
        let html = page(&fixture, &format!("/monitoring{query}")).await;
        let link = html.split("aria-current=\"true\"").nth(1).unwrap_or_default();
        let word = link.split_once('>').and_then(|(_, rest)| rest.split('<').next());
        assert_eq!(word, Some(current), "{query}");
    }
}

#[tokio::test]
async fn the_interval_is_chosen_by_a_plain_form_and_kept_in_a_cookie() {
    let fixture = open_fixture().await;
    let html = page(&fixture, "/monitoring").await;
    assert!(html.contains("every 1 s") && !html.contains("http-equiv=\"refresh\""));
    for (seconds, kept) in [("10", "10"), ("7", "5"), ("0", "1"), ("999999", "60")] {
        let request = request("POST", "/monitoring/interval")
            .header("referer", "http://localhost:9000/monitoring?range=24h");
        let chosen = fixture.send(form(request, &format!("seconds={seconds}"))).await;
        assert_eq!(location(&chosen), "/monitoring?range=24h");
        let cookie = chosen.headers()[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        assert_eq!(cookie, format!("aikore_interval={kept}"));
        let request = crate::support::request("GET", "/monitoring").header("cookie", cookie);
        let html = text(fixture.send(empty(request)).await).await;
        assert!(html.contains(&format!("every {kept} s")), "{html}");
        assert!(
            html.contains(&format!("<meta http-equiv=\"refresh\" content=\"{kept}\">")),
            "{html}"
        );
    }
    let nonsense = form(request("POST", "/monitoring/interval"), "seconds=often");
    assert!(fixture.send(nonsense).await.status().is_client_error());
}
