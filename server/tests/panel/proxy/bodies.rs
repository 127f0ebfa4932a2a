//! Bodies, and the connections they travel on.

use axum::body::Body;
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use super::Behind;
use crate::support::{DEADLINE, send, text, value};

#[tokio::test]
async fn bodies_stream_both_ways() {
    let behind = Behind::start("strip").await;
    let mut answer = behind.get("stream").await.into_body();
    let first = timeout(DEADLINE, answer.frame()).await.unwrap().unwrap().unwrap();
    assert_eq!(
        first.into_data().unwrap(),
        "one\n",
        "the first piece waited for the second"
    );
    behind.get("release").await;
    assert_eq!(answer.collect().await.unwrap().to_bytes(), "two\n");
    uploads_stream(&behind).await;
    // Larger than anything the panel itself takes.
    let large = Body::from(vec![b'x'; 6 * 1024 * 1024]);
    let echo = value(
        behind
            .fixture
            .send(behind.request("PUT", "echo").body(large).unwrap())
            .await,
    )
    .await;
    assert_eq!(echo["bytes"], 6 * 1024 * 1024);
    let answer = behind.get("large?bytes=20000000").await;
    assert_eq!(
        answer.into_body().collect().await.unwrap().to_bytes().len(),
        20_000_000
    );
    behind.stop().await;
}

/// The app sees the beginning of an upload whose end was not sent yet.
async fn uploads_stream(behind: &Behind) {
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<&'static str, std::io::Error>>(1);
    let pieces = futures_util::stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    let request = behind
        .request("POST", "echo")
        .body(Body::from_stream(pieces))
        .unwrap();
    let upload = tokio::spawn({
        let site = behind.fixture.site.clone();
        async move { send(&site, request).await }
    });
    sender.send(Ok("begin")).await.unwrap();
    let seen = async { while value(behind.get("uploaded").await).await != 5 {} };
    timeout(DEADLINE, seen).await.expect("the upload did not stream");
    sender.send(Ok("end")).await.unwrap();
    drop(sender);
    assert_eq!(value(upload.await.unwrap()).await["bytes"], 8);
}

#[tokio::test]
async fn connections_to_an_app_are_used_again() {
    let behind = Behind::start("strip").await;
    let before = value(behind.get("connections").await).await.as_u64().unwrap();
    for _ in 0..20 {
        assert!(!text(behind.get("echo").await).await.is_empty());
    }
    let after = value(behind.get("connections").await).await.as_u64().unwrap();
    assert!(
        after - before <= 2,
        "{} new connections for 20 requests",
        after - before
    );
    behind.stop().await;
}
