//! Setting up, logging in and out.

use axum::http::{StatusCode, header};

use crate::support::{Fixture, PASSWORD, empty, failure, fixture, form, location, request};

async fn log_in(fixture: &Fixture, body: &str) -> axum::response::Response {
    let page = request("POST", "/login").header("accept", "text/html");
    fixture.send(form(page, body)).await
}

fn cookie(answer: &axum::response::Response) -> Option<String> {
    let value = answer.headers().get(header::SET_COOKIE)?.to_str().unwrap();
    Some(value.split(';').next().unwrap().to_owned())
}

#[tokio::test]
async fn the_link_of_the_log_leads_to_a_password_and_works_once() {
    let fixture = fixture().await;
    let first = fixture.send(empty(request("GET", "/"))).await;
    assert_eq!(location(&first), "/setup");
    let token = fixture.engine.accounts.new_setup_token().await.unwrap().unwrap();
    let page = fixture
        .send(empty(request("GET", &format!("/setup?token={token}"))))
        .await;
    assert_eq!(page.status(), StatusCode::OK);
    let wrong = fixture.send(empty(request("GET", "/setup?token=nonsense"))).await;
    assert_eq!(location(&wrong), "/setup?error=expired");
    for (password, again, error) in [
        ("short", "short", "short"),
        ("long enough", "other one", "mismatch"),
    ] {
        let body = format!("token={token}&password={password}&again={again}");
        let answer = fixture.send(form(request("POST", "/setup"), &body)).await;
        assert_eq!(location(&answer), format!("/setup?token={token}&error={error}"));
    }
    let body = format!("token={token}&password=correct+horse&again=correct+horse");
    let done = fixture.send(form(request("POST", "/setup"), &body)).await;
    assert_eq!((done.status(), location(&done)), (StatusCode::SEE_OTHER, "/"));
    let home = fixture
        .send(empty(
            request("GET", "/").header("cookie", cookie(&done).unwrap()),
        ))
        .await;
    assert_eq!(home.status(), StatusCode::OK);
    let again = fixture.send(form(request("POST", "/setup"), &body)).await;
    assert!(cookie(&again).is_none(), "the link worked twice");
}

#[tokio::test]
async fn a_login_leads_on_to_where_one_wanted_to_go() {
    let fixture = fixture().await;
    fixture.set_up().await;
    let password = PASSWORD.replace(' ', "+");
    let answer = log_in(
        &fixture,
        &format!("password={password}&next=/instances/1/logs%3Frun%3D2"),
    )
    .await;
    assert_eq!(
        (answer.status(), location(&answer)),
        (StatusCode::SEE_OTHER, "/instances/1/logs?run=2")
    );
    let header = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(header.contains(part), "{header}");
    }
    let away = log_in(&fixture, &format!("password={password}&next=//evil.example/")).await;
    assert_eq!(location(&away), "/");
}

#[tokio::test]
async fn wrong_passwords_must_wait_after_a_while() {
    let fixture = fixture().await;
    fixture.set_up().await;
    let mut waits = 0;
    for _ in 0..8 {
        let answer = log_in(&fixture, "password=wrong").await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        assert!(cookie(&answer).is_none());
        if location(&answer).starts_with("/login?error=wait&seconds=") {
            assert!(answer.headers().contains_key(header::RETRY_AFTER));
            waits += 1;
        } else {
            assert_eq!(location(&answer), "/login?error=wrong");
        }
    }
    assert!(
        waits > 0,
        "eight wrong passwords in a row had to wait for nothing"
    );
}

#[tokio::test]
async fn a_program_is_told_by_the_status() {
    let fixture = fixture().await;
    fixture.set_up().await;
    let mut answers = Vec::new();
    for _ in 0..8 {
        let answer = fixture
            .send(form(request("POST", "/login"), "password=wrong"))
            .await;
        answers.push(failure(answer).await);
    }
    assert_eq!(
        answers[0],
        (StatusCode::UNAUTHORIZED, "wrong_password".to_owned())
    );
    let waits = (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts".to_owned());
    assert!(answers.contains(&waits), "{answers:?}");
}

#[tokio::test]
async fn logging_out_ends_the_session_for_good() {
    let fixture = fixture().await;
    let cookie = fixture.set_up().await;
    let get = || empty(request("GET", "/api/instances/").header("cookie", &cookie));
    assert_eq!(fixture.send(get()).await.status(), StatusCode::OK);
    let out = fixture
        .send(empty(request("POST", "/logout").header("cookie", &cookie)))
        .await;
    assert_eq!(location(&out), "/login");
    assert!(
        out.headers()[header::SET_COOKIE]
            .to_str()
            .unwrap()
            .contains("Max-Age=0")
    );
    assert_eq!(fixture.send(get()).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn who_is_logged_in_does_not_see_the_login_again() {
    let fixture = fixture().await;
    let cookie = fixture.set_up().await;
    let answer = fixture
        .send(empty(request("GET", "/login").header("cookie", &cookie)))
        .await;
    assert_eq!(location(&answer), "/");
    let wished = request("GET", "/login?next=/instances/1/logs").header("cookie", &cookie);
    assert_eq!(location(&fixture.send(empty(wished)).await), "/instances/1/logs");
}
