//! Scripts and styles, embedded in the program.

use axum::http::{StatusCode, header};

use crate::support::{bytes, empty, open_fixture, request, text};

#[tokio::test]
async fn files_come_compressed_with_a_tag_and_only_once() {
    const PATH: &str = "/pkg/aikore.css";
    let fixture = open_fixture().await;
    let plain = fixture.send(empty(request("GET", PATH))).await;
    if plain.status() == StatusCode::NOT_FOUND {
        eprintln!("skipped: built without the web part (target/site)");
        return;
    }
    assert_eq!(plain.status(), StatusCode::OK);
    assert_eq!(plain.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");
    assert_eq!(plain.headers().get(header::CONTENT_ENCODING), None);
    let plain_tag = plain.headers()[header::ETAG].clone();
    let plain = bytes(plain).await;

    let encoded = || request("GET", PATH).header(header::ACCEPT_ENCODING, "gzip, br");
    let small = fixture.send(empty(encoded())).await;
    assert_eq!(small.headers()[header::CONTENT_ENCODING], "br");
    assert_eq!(small.headers()[header::VARY], "accept-encoding");
    let tag = small.headers()[header::ETAG].clone();
    assert_ne!(tag, plain_tag, "two forms, two tags");
    assert!(bytes(small).await.len() < plain.len());

    let known = fixture
        .send(empty(encoded().header(header::IF_NONE_MATCH, &tag)))
        .await;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(known.headers()[header::ETAG], tag);
    assert!(bytes(known).await.is_empty());
    let other = fixture
        .send(empty(encoded().header(header::IF_NONE_MATCH, &plain_tag)))
        .await;
    assert_eq!(other.status(), StatusCode::OK);
}

#[tokio::test]
async fn what_is_named_by_its_build_is_kept_for_ever_and_no_other_build_is_there() {
    let fixture = open_fixture().await;
    let page = text(fixture.send(empty(request("GET", "/"))).await).await;
    let (_, rest) = page.split_once("data-build=\"").unwrap();
    let (build, _) = rest.split_once('"').unwrap();
    if build.is_empty() {
        eprintln!("skipped: built without the web part (target/site)");
        return;
    }
    for file in ["terminal", "editor"] {
        for kind in ["js", "css"] {
            let there = request("GET", &format!("/pkg/{file}-{build}.{kind}"));
            let there = fixture.send(empty(there)).await;
            assert_eq!(there.status(), StatusCode::OK, "{file}.{kind}");
            let keeping = there.headers()[header::CACHE_CONTROL].to_str().unwrap();
            assert!(keeping.contains("immutable"), "{keeping}");
            let other = request("GET", &format!("/pkg/{file}-000000000000.{kind}"));
            let other = fixture.send(empty(other)).await;
            assert_eq!(other.status(), StatusCode::NOT_FOUND);
            assert_eq!(other.headers()[header::CACHE_CONTROL], "no-store");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let fixture = open_fixture().await;
    for (path, expected) in [
        ("/pkg/nothing.js", StatusCode::NOT_FOUND),
        ("/pkg/../Cargo.toml", StatusCode::BAD_REQUEST),
        ("/pkg/%2e%2e/Cargo.toml", StatusCode::BAD_REQUEST),
    ] {
        let answer = fixture.send(empty(request("GET", path))).await;
        assert_eq!(answer.status(), expected, "{path}");
    }
}

#[tokio::test]
async fn pages_without_an_icon_get_the_panels() {
    let fixture = open_fixture().await;
    let icon = fixture.send(empty(request("GET", "/favicon.svg"))).await;
    let tried = fixture.send(empty(request("GET", "/favicon.ico"))).await;
    assert_eq!(tried.status(), icon.status());
    assert_eq!(
        tried.headers().get(header::CONTENT_TYPE),
        icon.headers().get(header::CONTENT_TYPE)
    );
    assert_eq!(bytes(tried).await, bytes(icon).await);
}
