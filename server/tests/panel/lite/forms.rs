//! What the forms do, and what they say when they do not.

use axum::http::StatusCode;
use types::instances::{InstanceChange, InstanceId, Status};

use super::{assert_holds, get, page, post};
use crate::support::{Fixture, location, open_fixture, text, until};

/// What stands in the hidden or visible field of a page.
fn field(html: &str, name: &str) -> String {
    let rest = html.split(&format!("name=\"{name}\" value=\"")).nth(1);
    let rest = rest.unwrap_or_else(|| panic!("{name} is missing in {html}"));
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn an_instance_is_created_and_a_refused_one_keeps_what_was_typed() {
    let fixture = open_fixture().await;
    let body = "name=Lamp&base_blueprint=test-logs.sh&gpu_ids=0&public_port=21007&autostart=true\
                &launch_args=--bright%0D%0A--low&env_vars=A%3D1&restart_policy=always&python_version=3.12";
    let made = post(&fixture, "/lite/new", body).await;
    assert_eq!(made.status(), StatusCode::SEE_OTHER);
    let instance = fixture.engine.instances.list().await.unwrap().remove(0);
    assert_eq!(
        location(&made),
        format!("/lite/instances/{}?done=created", instance.id)
    );
    assert_holds(
        &page(&fixture, location(&made)).await,
        &["role=\"status\"", "It is created.", "Lamp"],
    );
    assert_eq!(
        (instance.name.as_str(), instance.gpu_ids.as_deref()),
        ("Lamp", Some("0"))
    );
    assert_eq!((instance.public_port, instance.autostart), (Some(21007), true));
    assert_eq!(
        (instance.launch_args.as_str(), instance.env_vars.as_str()),
        ("--bright\n--low", "A=1")
    );
    assert_eq!(instance.python_version.as_deref(), Some("3.12"));

    let odd = body.replace("Lamp", "Other").replace("3.12", "%3C%21%3E");
    let refused = post(&fixture, "/lite/new", &odd).await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_holds(&text(refused).await, &["role=\"alert\"", "value=\"&lt;!&gt;\""]);

    let refused = post(&fixture, "/lite/new", &body.replace("Lamp", "lamp")).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let html = text(refused).await;
    assert_holds(
        &html,
        &[
            "role=\"alert\"",
            "Choose another name.",
            "value=\"lamp\"",
            "value=\"test-logs.sh\" selected",
            "--bright\r\n--low</textarea>",
            "value=\"always\" selected",
        ],
    );
    let ticked = html
        .split("name=\"autostart\"")
        .nth(1)
        .unwrap()
        .split('>')
        .next()
        .unwrap();
    assert!(ticked.contains("checked"), "{ticked}");
}

#[tokio::test]
async fn start_restart_and_stop_lead_back_to_where_the_button_stood() {
    let fixture = open_fixture().await;
    let id = fixture.create("Lamp", "test-logs").await.id;
    let started = post(
        &fixture,
        &format!("/lite/instances/{id}/start"),
        "from=%2Flite%3Frefresh%3D5",
    )
    .await;
    assert_eq!(
        (started.status(), location(&started)),
        (StatusCode::SEE_OTHER, "/lite?refresh=5")
    );
    until(&fixture, id, Status::Started).await;
    // A second start is refused with a sentence, on the instance's own page.
    let again = post(&fixture, &format!("/lite/instances/{id}/start"), "from=%2Flite").await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    assert_holds(&text(again).await, &["role=\"alert\"", "Stop Lamp"]);
    let restarted = post(
        &fixture,
        &format!("/lite/instances/{id}/restart"),
        "from=https%3A%2F%2Fevil.example",
    )
    .await;
    assert_eq!(location(&restarted), format!("/lite/instances/{id}"));
    until(&fixture, id, Status::Started).await;
    let stopped = post(&fixture, &format!("/lite/instances/{id}/stop"), "").await;
    assert_eq!(location(&stopped), format!("/lite/instances/{id}"));
    until(&fixture, id, Status::Stopped).await;
    assert_eq!(
        post(&fixture, "/lite/instances/77/start", "").await.status(),
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn an_edit_of_a_row_that_changed_meanwhile_is_told_and_loses_nothing() {
    let fixture = open_fixture().await;
    let id = fixture.create("Lamp", "test-logs").await.id;
    let form = page(&fixture, &format!("/lite/instances/{id}/edit")).await;
    let began = field(&form, "row_version");
    let theirs = InstanceChange {
        gpu_ids: Some(Some("1".to_owned())),
        ..InstanceChange::default()
    };
    fixture.engine.instances.update(id, theirs, false).await.unwrap();
    let typed = "name=Bright+lamp&base_blueprint=test-logs.sh&gpu_ids=0&access_pattern=path&public_access=open&hostname=lamp.lan";
    let action = format!("/lite/instances/{id}/edit");
    let refused = post(&fixture, &action, &format!("row_version={began}&{typed}")).await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let html = text(refused).await;
    assert_holds(
        &html,
        &[
            "role=\"alert\"",
            "value=\"Bright lamp\"",
            "value=\"0\"",
            "Now: 1",
            "Now: Lamp",
            "value=\"path\" selected",
            "value=\"lamp.lan\"",
        ],
    );
    let there = field(&html, "row_version");
    assert_ne!(there, began);
    let saved = post(&fixture, &action, &format!("row_version={there}&{typed}")).await;
    assert_eq!(location(&saved), format!("/lite/instances/{id}?done=saved"));
    let instance = fixture.engine.instances.get(id).await.unwrap();
    assert_eq!(
        (instance.name.as_str(), instance.gpu_ids.as_deref()),
        ("Bright lamp", Some("0"))
    );
    assert_eq!(
        (instance.hostname.as_str(), instance.use_custom_hostname),
        ("lamp.lan", true)
    );
    // An empty name takes it away, and is remembered; without a version nothing is saved.
    let there = field(&page(&fixture, &action).await, "row_version");
    post(&fixture, &action, &format!("row_version={there}&hostname=")).await;
    let instance = fixture.engine.instances.get(id).await.unwrap();
    assert_eq!(
        (instance.hostname.as_str(), instance.use_custom_hostname),
        ("lamp.lan", false)
    );
    assert_eq!(
        post(&fixture, &action, "name=x").await.status(),
        StatusCode::CONFLICT
    );
}

#[tokio::test]
async fn deleting_shows_the_bytes_and_for_good_needs_the_name() {
    let fixture = open_fixture().await;
    let id = fixture.create("Lamp", "test-logs").await.id;
    let action = format!("/lite/instances/{id}/delete");
    let bytes = fixture.engine.instances.delete_preview(id).await.unwrap().bytes;
    assert!(bytes > 0);
    let html = page(&fixture, &action).await;
    assert_holds(
        &html,
        &[
            &format!("({} bytes)", thousands(bytes)),
            "To delete it for good, type its name: Lamp",
        ],
    );
    let refused = post(&fixture, &action, "mode=permanent&confirm=lamp").await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let html = text(refused).await;
    assert_holds(&html, &["Type the name exactly.", "value=\"lamp\""]);
    let choice = html
        .split("value=\"permanent\"")
        .nth(1)
        .unwrap()
        .split('>')
        .next()
        .unwrap();
    assert!(choice.contains("checked"), "{choice}");
    let done = post(&fixture, &action, "mode=trash").await;
    assert_eq!(location(&done), "/lite?done=trashed");
    until_gone(&fixture, id).await;
}

fn thousands(number: u64) -> String {
    let text = number.to_string();
    let (head, tail) = text.split_at(text.len().saturating_sub(3));
    if head.is_empty() {
        tail.to_owned()
    } else {
        format!("{head},{tail}")
    }
}

/// Waits until the row is gone, and its files lie in the trash.
async fn until_gone(fixture: &Fixture, id: InstanceId) {
    let mut bus = fixture.engine.events.subscribe();
    let lies = async || {
        let gone = fixture.engine.instances.get(id).await.is_err();
        let jobs = fixture.engine.jobs.list();
        gone && jobs.iter().all(|job| job.ended_at.is_some())
    };
    let waiting = async {
        while !lies().await {
            let _ = bus.recv().await;
        }
    };
    tokio::time::timeout(crate::support::DEADLINE, waiting)
        .await
        .unwrap();
}

#[tokio::test]
async fn what_was_deleted_comes_back_under_a_name_that_is_free() {
    let fixture = open_fixture().await;
    let id = fixture.create("Lamp", "test-logs").await.id;
    post(&fixture, &format!("/lite/instances/{id}/delete"), "mode=trash").await;
    until_gone(&fixture, id).await;
    fixture.create("Lamp", "test-logs").await;
    let entry = fixture.engine.trash.list().await.unwrap().entries.remove(0).entry;
    let list = page(&fixture, "/lite/trash").await;
    assert_holds(
        &list,
        &[
            "Restore…",
            &format!("/lite/trash/restore?entry={entry}"),
            "Empty the trash…",
        ],
    );
    let question = page(&fixture, &format!("/lite/trash/restore?entry={entry}")).await;
    assert_holds(&question, &["value=\"Lamp 2\""]);
    let refused = post(
        &fixture,
        "/lite/trash/restore",
        &format!("entry={entry}&name=lamp"),
    )
    .await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert_holds(&text(refused).await, &["role=\"alert\"", "value=\"lamp\""]);
    let back = post(
        &fixture,
        "/lite/trash/restore",
        &format!("entry={entry}&name=Torch"),
    )
    .await;
    assert_eq!(location(&back), format!("/lite/instances/{id}?done=restored"));
    assert_eq!(fixture.engine.instances.get(id).await.unwrap().name, "Torch");
}

#[tokio::test]
async fn removing_for_good_asks_for_what_has_to_be_typed() {
    let fixture = open_fixture().await;
    let id = fixture.create("Lamp", "test-logs").await.id;
    post(&fixture, &format!("/lite/instances/{id}/delete"), "mode=trash").await;
    until_gone(&fixture, id).await;
    let entry = fixture.engine.trash.list().await.unwrap().entries.remove(0).entry;
    assert_holds(
        &page(&fixture, &format!("/lite/trash/remove?entry={entry}")).await,
        &["bytes)", "type its name: Lamp"],
    );
    let refused = post(
        &fixture,
        "/lite/trash/remove",
        &format!("entry={entry}&confirm=lamp"),
    )
    .await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_holds(&text(refused).await, &["role=\"alert\"", "value=\"lamp\""]);
    let refused = post(&fixture, "/lite/trash/empty", "confirm=Empty!").await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let done = post(&fixture, "/lite/trash/empty", "confirm=empty").await;
    assert_eq!(location(&done), "/lite/trash?done=removing");
    until_gone(&fixture, id).await;
    assert_holds(&page(&fixture, "/lite/trash").await, &["The trash is empty."]);
    assert_holds(&page(&fixture, "/lite/jobs").await, &["done"]);
}

#[tokio::test]
async fn a_script_is_saved_and_one_that_others_saved_meanwhile_loses_nothing() {
    let fixture = open_fixture().await;
    let app = fixture.create("Lamp", "test-logs").await;
    let file = fixture
        .data_dir()
        .join("instances")
        .join(&app.dir)
        .join("launch.sh");
    let action = format!("/lite/instances/{}/files/launch.sh", app.id);
    let began = field(&page(&fixture, &action).await, "version");
    let saved = post(
        &fixture,
        &action,
        &format!("version={began}&content=echo+1%0D%0A&save=Save"),
    )
    .await;
    assert_eq!(location(&saved), format!("{action}?done=file_saved"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "echo 1\n");
    assert_holds(
        &page(&fixture, location(&saved)).await,
        &[
            "It is saved.",
            "echo 1\n</textarea>",
            "Version 2",
            "Restore version 1",
        ],
    );

    // The first version is not there any more: what was typed is shown, and what differs.
    let refused = post(
        &fixture,
        &action,
        &format!("version={began}&content=echo+mine%0D%0A&save=Save"),
    )
    .await;
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    let html = text(refused).await;
    assert_holds(
        &html,
        &[
            "role=\"alert\"",
            "echo mine\n</textarea>",
            "− ",
            "echo 1",
            "Save mine over theirs",
            "Take theirs",
        ],
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "echo 1\n");
    let there = field(&html, "version");
    let checked = post(
        &fixture,
        &action,
        &format!("version={there}&content=if&check=Check"),
    )
    .await;
    assert_eq!(checked.status(), StatusCode::OK);
    assert_holds(&text(checked).await, &[" error", "if</textarea>"]);
    post(
        &fixture,
        &action,
        &format!("version={there}&content=echo+mine%0D%0A&save=x"),
    )
    .await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "echo mine\n");
    let there = field(&page(&fixture, &action).await, "version");
    let back = post(&fixture, &action, &format!("version={there}&number=2&restore=x")).await;
    assert_eq!(location(&back), format!("{action}?done=file_saved"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "echo 1\n");
    assert_eq!(
        get(&fixture, &format!("/lite/instances/{}/files/passwd", app.id))
            .await
            .status(),
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_port_is_activated_deactivated_and_taken_over_after_a_question() {
    let fixture = open_fixture().await;
    let first = fixture
        .started("First", "test-logs", InstanceChange::default())
        .await;
    let port = first.public_port.unwrap();
    let wish = InstanceChange {
        public_port: Some(Some(port)),
        ..InstanceChange::default()
    };
    let second = fixture.started("Second", "test-logs", wish).await;
    let act =
        async |id: InstanceId, verb: &str| post(&fixture, &format!("/lite/instances/{id}/{verb}"), "").await;
    act(first.id, "activate").await;
    assert_holds(
        &page(&fixture, &format!("/lite/instances/{}", first.id)).await,
        &[&format!("{port} leads here"), "Deactivate port"],
    );
    let asked = act(second.id, "activate").await;
    assert_eq!(
        location(&asked),
        format!("/lite/instances/{}/takeover", second.id)
    );
    let question = page(&fixture, location(&asked)).await;
    assert_holds(
        &question,
        &[
            &format!("Port {port} is in use by First"),
            "Neither app stops.",
            &format!("Take over port {port}"),
            "instead",
        ],
    );
    assert_eq!(
        location(&act(second.id, "takeover").await),
        format!("/lite/instances/{}", second.id)
    );
    assert!(fixture.engine.instances.get(second.id).await.unwrap().forward_up);
    assert!(!fixture.engine.instances.get(first.id).await.unwrap().forward_up);
    // Nobody has to be asked any more, so there is no question.
    act(second.id, "deactivate").await;
    assert!(!fixture.engine.instances.get(second.id).await.unwrap().forward_up);
    let none = get(&fixture, &format!("/lite/instances/{}/takeover", second.id)).await;
    assert_eq!(location(&none), format!("/lite/instances/{}", second.id));
    for app in [first.id, second.id] {
        fixture.engine.instances.stop(app).await.unwrap();
        until(&fixture, app, Status::Stopped).await;
    }
}
