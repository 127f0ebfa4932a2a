//! `/metrics`, as Prometheus asks for it.

use axum::http::{StatusCode, header};
use types::instances::InstanceChange;

use crate::support::{empty, fixture, request, text};
use crate::telemetry::{Nvml, stopped, until_reading};

#[tokio::test]
async fn metrics_need_a_token_and_nobody_is_led_to_a_login_page() {
    let fixture = fixture().await;
    let cookie = fixture.set_up().await;
    let ask = |name: &'static str, value: String| {
        let request = request("GET", "/metrics").header(name, value);
        fixture.send(empty(request))
    };
    assert_eq!(
        ask("accept", "*/*".to_owned()).await.status(),
        StatusCode::UNAUTHORIZED
    );
    let wrong = ask("authorization", "Bearer aik_wrong".to_owned()).await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(ask("cookie", cookie).await.status(), StatusCode::OK);
    let answer = ask("authorization", fixture.token().await).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(
        answer.headers()[header::CONTENT_TYPE],
        "text/plain; version=0.0.4; charset=utf-8"
    );
}

/// Name, labels and value of a line; none of one that Prometheus would not read.
fn sample(line: &str) -> Option<(&str, &str, f64)> {
    let (series, value) = line.rsplit_once(' ')?;
    let (name, labels) = match series.split_once('{') {
        Some((name, labels)) => (name, labels.strip_suffix('}')?),
        None => (series, ""),
    };
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then_some((name, labels, value.parse().ok()?))
}

#[tokio::test]
async fn machine_gpus_and_instances_are_told_in_a_form_that_prometheus_reads() {
    let nvml = Nvml::new("na 1\n");
    let fixture = nvml.fixture().await;
    let app = fixture
        .started("app (one) = é", "test-logs", InstanceChange::default())
        .await;
    let pid = fixture.engine.instances.get(app.id).await.unwrap().pid.unwrap();
    nvml.says(&format!("na 1\nprocess 0 {pid} 1024 25\n"));
    until_reading(&fixture, |readings| {
        readings.instances.iter().any(|one| !one.gpus.is_empty())
    })
    .await;
    let page = text(fixture.send(empty(request("GET", "/metrics"))).await).await;
    let mut seen = std::collections::HashSet::new();
    let mut current = "";
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            current = rest.split(' ').next().unwrap();
            assert!(seen.insert(current), "{current} stands in two places");
        } else if !line.starts_with('#') {
            let (name, _, value) = sample(line).unwrap_or_else(|| panic!("{line}"));
            assert!(name == current && value.is_finite(), "{line}");
        }
    }
    let value = |name: &str, part: &str| {
        let mut found = page.lines().filter_map(sample);
        found
            .find(|(found, labels, _)| *found == name && labels.contains(part))
            .map(|(_, _, value)| value)
    };
    assert!(value("aikore_machine_memory_bytes", "") > Some(0.0));
    assert_eq!(value("aikore_gpu_utilization_ratio", "gpu=\"0\""), Some(0.7));
    assert_eq!(
        value("aikore_gpu_utilization_ratio", "gpu=\"1\""),
        None,
        "it does not tell"
    );
    assert_eq!(value("aikore_gpu_up", "gpu=\"1\""), Some(1.0));
    let own = format!("id=\"{}\",name=\"app (one) = é\"", app.id);
    assert_eq!(
        value("aikore_instance_gpu_memory_bytes", &own),
        Some(1_073_741_824.0)
    );
    assert_eq!(value("aikore_instance_gpu_ratio", &own), Some(0.25));
    assert_eq!(
        value("aikore_instance_status", &format!("{own},status=\"started\"")),
        Some(1.0)
    );
    assert_eq!(
        value("aikore_instance_status", &format!("{own},status=\"error\"")),
        Some(0.0)
    );
    assert!(value("aikore_instance_memory_bytes", &own) > Some(1e6));
    stopped(&fixture, app.id).await;
}
