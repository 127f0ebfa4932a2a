//! Pages in the language of who asks; everything for programs in English.

use axum::http::{StatusCode, header};

use crate::support::{Fixture, empty, failure, fixture, form, location, open_fixture, request, text};

async fn page(fixture: &Fixture, path: &str, cookie: &str, accepts: &str) -> String {
    let request = request("GET", path)
        .header("accept", "text/html")
        .header("accept-language", accepts)
        .header("cookie", cookie);
    text(fixture.send(empty(request)).await).await
}

#[tokio::test]
async fn a_page_speaks_the_language_that_the_browser_asks_for() {
    let fixture = open_fixture().await;
    fixture.create("Peintre", "test-logs").await;
    let english = page(&fixture, "/", "", "de, en;q=0.5").await;
    assert!(english.contains("<html lang=\"en\"") && english.contains("Never started"));
    assert!(!english.contains("/pkg/fr-"), "English needs no texts");
    let french = page(&fixture, "/", "", "fr-CA, en;q=0.5").await;
    assert!(french.contains("<html lang=\"fr\""), "{french}");
    for expected in [
        "Jamais démarrée",
        "Aller au contenu",
        "/pkg/fr-",
        "<title>Instances · AiKore",
    ] {
        assert!(french.contains(expected), "{expected} is missing in {french}");
    }
    assert!(
        !french.contains("Never started") && !french.contains("Skip to"),
        "{french}"
    );
    // One page does not speak the language of another that is rendered on the same thread.
    let (one, other) = tokio::join!(
        page(&fixture, "/trash", "", "fr"),
        page(&fixture, "/trash", "", "en")
    );
    assert!(one.contains("La corbeille est vide") && other.contains("The trash is empty"));
}

#[tokio::test]
async fn the_language_is_chosen_by_a_plain_form_without_a_login() {
    let fixture = fixture().await;
    fixture.set_up().await;
    let mut cookie = String::new();
    for (language, words) in [("fr", "Se connecter"), ("en", "Sign in")] {
        let request = request("POST", "/language")
            .header("referer", "http://localhost:9000/login?next=/x")
            .header("cookie", &cookie);
        let chosen = fixture.send(form(request, &format!("language={language}"))).await;
        assert_eq!(chosen.status(), StatusCode::SEE_OTHER);
        assert_eq!(location(&chosen), "/login?next=/x");
        let header = chosen.headers()[header::SET_COOKIE].to_str().unwrap();
        assert!(header.contains("Max-Age=31536000"), "{header}");
        header.split(';').next().unwrap().clone_into(&mut cookie);
        let html = page(&fixture, "/login", &cookie, "fr, en").await;
        assert!(html.contains(&format!("<html lang=\"{language}\"")), "{html}");
        assert!(html.contains(words), "{html}");
    }
    let nonsense = form(request("POST", "/language"), "language=%22%3E%0D%0Ax");
    let nonsense = fixture.send(nonsense).await;
    assert!(nonsense.headers().get(header::SET_COOKIE).is_none());
    let foreign = axum::http::Request::builder()
        .method("POST")
        .uri("/language")
        .header("host", "localhost:9000")
        .header("origin", "http://evil.example");
    assert_eq!(fixture.send(empty(foreign)).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_refusal_is_told_in_french_on_pages_and_in_english_by_the_api() {
    let fixture = open_fixture().await;
    fixture.create("taken", "test-logs").await;
    let body = "new[name]=Taken&new[base_blueprint]=test-logs.sh";
    let posted = request("POST", "/fn/create_instance")
        .header("accept", "text/html")
        .header("accept-language", "fr")
        .header("referer", "http://localhost:9000/?new=1");
    let refused = fixture.send(form(posted, body)).await;
    let html = page(&fixture, location(&refused), "", "fr").await;
    for expected in [
        "Il existe déjà une instance nommée «\u{a0}taken\u{a0}».",
        "Choisir un autre nom.",
    ] {
        assert!(html.contains(expected), "{expected} is missing in {html}");
    }
    let asked = request("GET", "/api/instances/999").header("accept-language", "fr");
    let answer = fixture.send(empty(asked)).await;
    let told = text(answer).await;
    assert!(told.contains("There is no instance 999."), "{told}");
}

#[tokio::test]
async fn the_page_in_the_place_of_an_app_is_french_and_what_programs_get_is_not() {
    let fixture = open_fixture().await;
    fixture.create("Sleepy", "test-logs").await;
    let html = page(&fixture, "/instance/sleepy/", "", "fr").await;
    for expected in ["<html lang=\"fr\"", "Sleepy est à l’arrêt", "Ouvrir le panneau"] {
        assert!(html.contains(expected), "{expected} is missing in {html}");
    }
    let program = request("GET", "/instance/sleepy/").header("accept-language", "fr");
    let program = fixture.send(empty(program)).await;
    let told = text(program).await;
    assert!(told.contains("Sleepy is stopped."), "{told}");
    let nobody = request("GET", "/instance/nobody/").header("accept-language", "fr");
    let (status, _) = failure(fixture.send(empty(nobody)).await).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}
