//! Plain forms: what a browser without scripts gets.

use axum::http::{StatusCode, header};
use axum::response::Response;

use crate::support::{Fixture, empty, fixture, form, location, open_fixture, request, text};

async fn post(fixture: &Fixture, path: &str, page: &str, body: &str) -> Response {
    let request = request("POST", path)
        .header("accept", "text/html")
        .header("referer", format!("http://localhost:9000{page}"));
    fixture.send(form(request, body)).await
}

async fn page(fixture: &Fixture, path: &str) -> String {
    let request = request("GET", path).header("accept", "text/html");
    let answer = fixture.send(empty(request)).await;
    assert_eq!(answer.status(), StatusCode::OK, "{path}");
    text(answer).await
}

/// What lies between two pieces of a page.
fn part<'a>(html: &'a str, from: &str, to: &str) -> &'a str {
    let rest = html.split(from).nth(1);
    let rest = rest.unwrap_or_else(|| panic!("{from} is missing in {html}"));
    rest.split(to).next().unwrap()
}

#[tokio::test]
async fn a_refused_create_keeps_what_was_typed_and_says_why() {
    let fixture = open_fixture().await;
    fixture.create("taken", "test-logs").await;
    let body = "new[name]=Taken&new[base_blueprint]=test-logs.sh&new[gpu_ids]=0&new[public_port]=21003\
                &new[autostart]=true";
    let refused = post(&fixture, "/fn/create_instance", "/?new=1", body).await;
    assert_eq!(refused.status(), StatusCode::FOUND);
    let html = page(&fixture, location(&refused)).await;
    let row = part(&html, "class=\"is-new\"", "</tr>");
    for expected in [
        "value=\"Taken\"",
        "value=\"test-logs.sh\" selected",
        "value=\"0\"",
        "value=\"21003\" selected",
        "id=\"new-error\"",
        "Choose another name.",
    ] {
        assert!(row.contains(expected), "{expected} is missing in {row}");
    }
    let switch = part(row, "name=\"new[autostart]\"", "</td>");
    assert!(switch.contains(" checked"), "{switch}");
    assert!(
        !html.contains("note--err"),
        "the reason stands at the top of the page, too"
    );
}

#[tokio::test]
async fn a_refused_deletion_says_why_in_its_dialog() {
    let fixture = open_fixture().await;
    let id = fixture.create("kept", "test-logs").await.id;
    let body = format!("id={id}&mode=permanent&confirm=wrong");
    let refused = post(&fixture, "/fn/delete_instance", &format!("/?delete={id}"), &body).await;
    assert_eq!(refused.status(), StatusCode::FOUND);
    let html = page(&fixture, location(&refused)).await;
    let dialog = part(&html, "<dialog", "</dialog>");
    assert!(dialog.contains("Type the name exactly."), "{dialog}");
    assert_eq!(html.matches("note--err").count(), 1);
    let choice = part(dialog, "value=\"permanent\"", ">");
    assert!(choice.contains("checked"), "{choice}");
    let button = part(dialog, "button--danger", ">");
    assert!(!button.contains("disabled"), "{button}");
}

#[tokio::test]
async fn a_refused_edit_says_why_in_the_drawer() {
    let fixture = open_fixture().await;
    let id = fixture.create("edited", "test-logs").await.id;
    let body = format!("id={id}&row_version=77&form[name]=other");
    let refused = post(&fixture, "/fn/update_instance", &format!("/?open={id}"), &body).await;
    assert_eq!(refused.status(), StatusCode::FOUND);
    let html = page(
        &fixture,
        location(&refused).trim_start_matches("http://localhost:9000"),
    )
    .await;
    let drawer = part(&html, "id=\"edit-form\"", "</form>");
    assert!(drawer.contains("note--err"), "{drawer}");
    assert_eq!(html.matches("note--err").count(), 1);
}

#[tokio::test]
async fn a_form_leads_back_to_the_rows_it_was_sent_from() {
    let fixture = open_fixture().await;
    let id = fixture.create("app", "test-logs").await.id;
    let from = format!("/?show=stopped&log={id}&delete={id}&evil=%3Cx%3E&tool=a%26b");
    let html = page(&fixture, &from).await;
    let dialog = part(&html, "<dialog", "</dialog>");
    assert_eq!(
        dialog
            .matches(&format!("href=\"/?show=stopped&amp;log={id}\""))
            .count(),
        2,
        "{dialog}"
    );
    let done = post(
        &fixture,
        "/fn/delete_instance",
        &from,
        &format!("id={id}&mode=trash"),
    )
    .await;
    assert_eq!(location(&done), format!("/?show=stopped&log={id}"));
}

#[tokio::test]
async fn a_choice_in_a_menu_closes_it() {
    let fixture = open_fixture().await;
    let id = fixture.create("app", "test-logs").await.id;
    let from = format!("/?show=stopped&menu=more-{id}&log={id}");
    let done = post(&fixture, "/fn/stop_instance", &from, &format!("id={id}")).await;
    // It is stopped already, which is told there.
    let expected = format!("http://localhost:9000/?show=stopped&log={id}&__path=");
    assert!(location(&done).starts_with(&expected), "{done:?}");
}

#[tokio::test]
async fn a_host_name_is_set_and_taken_away_by_a_plain_form() {
    let fixture = open_fixture().await;
    let id = fixture.create("app", "test-logs").await.id;
    let set = async |name: &str| {
        let body = format!("id={id}&access_pattern=path&public_access=login&naming=true&hostname={name}");
        post(
            &fixture,
            "/fn/set_access",
            &format!("/?show=stopped&open={id}"),
            &body,
        )
        .await
    };
    assert_eq!(
        location(&set("apps.lan").await),
        format!("/?show=stopped&open={id}")
    );
    let named = fixture.engine.instances.get(id).await.unwrap();
    assert_eq!(
        (named.hostname.as_str(), named.use_custom_hostname),
        ("apps.lan", true)
    );

    let refused = set("apps.lan%2Fone").await;
    let html = page(&fixture, location(&refused)).await;
    let section = part(&html, "id=\"sec-access\"", "</section>");
    assert!(section.contains("value=\"apps.lan/one\""), "{section}");
    assert!(section.contains("ends before the slash"), "{section}");
    assert!(
        !html.contains("note--err"),
        "the reason stands at the top of the page, too"
    );

    assert_eq!(location(&set("").await), format!("/?show=stopped&open={id}"));
    let plain = fixture.engine.instances.get(id).await.unwrap();
    assert!(!plain.use_custom_hostname);
}

#[tokio::test]
async fn what_has_no_form_of_its_own_is_said_on_top() {
    let fixture = open_fixture().await;
    let id = fixture.create("idle", "test-logs").await.id;
    for (path, body) in [
        ("/fn/stop_instance", format!("id={id}")),
        ("/fn/delete_instance", "id=77&mode=trash".to_owned()),
    ] {
        let refused = post(&fixture, path, "/", &body).await;
        let html = page(
            &fixture,
            location(&refused).trim_start_matches("http://localhost:9000"),
        )
        .await;
        assert_eq!(html.matches("note--err").count(), 1, "{path}");
    }
}

#[tokio::test]
async fn free_ports_are_looked_for_only_where_they_are_offered() {
    let fixture = open_fixture().await;
    let id = fixture.create("app", "test-logs").await.id;
    for (path, offered) in [
        ("/".to_owned(), false),
        ("/?new=1".to_owned(), true),
        (format!("/?open={id}"), true),
    ] {
        let html = page(&fixture, &path).await;
        // Other tests may hold some of them.
        let ports = html.matches("<option value=\"21").count();
        assert_eq!(ports > 100, offered, "{path}: {ports}");
    }
}

#[tokio::test]
async fn the_theme_turns_by_a_plain_form() {
    let fixture = fixture().await;
    fixture.set_up().await;
    let mut cookie = String::new();
    for theme in ["light", "dark", "light"] {
        let request = request("POST", "/theme")
            .header("referer", "http://localhost:9000/login?next=/x")
            .header("cookie", &cookie);
        let turned = fixture.send(form(request, "")).await;
        assert_eq!(location(&turned), "/login?next=/x");
        let header = turned.headers()[header::SET_COOKIE].to_str().unwrap();
        header.split(';').next().unwrap().clone_into(&mut cookie);
        let request = crate::support::request("GET", "/login").header("cookie", &cookie);
        let html = text(fixture.send(empty(request)).await).await;
        assert!(html.contains(&format!("data-theme=\"{theme}\"")), "{html}");
    }
    let foreign = axum::http::Request::builder()
        .method("POST")
        .uri("/theme")
        .header("host", "localhost:9000")
        .header("origin", "http://evil.example");
    assert_eq!(fixture.send(empty(foreign)).await.status(), StatusCode::FORBIDDEN);
}
