//! Upgraded connections.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{connect_async, connect_async_with_config};

use super::{Behind, Client};
use crate::support::{DEADLINE, empty, request};

/// Bytes of a large message.
const LARGE: usize = 16 * 1024 * 1024;

type WebSocket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn websocket(address: SocketAddr, cookie: &str) -> WebSocket {
    let mut request = format!("ws://{address}/instance/my-app/ws")
        .into_client_request()
        .unwrap();
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    request
        .headers_mut()
        .insert("origin", format!("http://{address}").parse().unwrap());
    connect_async(request).await.unwrap().0
}

#[tokio::test]
async fn a_websocket_reaches_the_app_and_ends_with_the_login() {
    let behind = Behind::start("strip").await;
    let address = behind.fixture.serve().await;
    let mut socket = websocket(address, &behind.cookie).await;
    for size in [5, 1000, 60_000] {
        let message = Message::text("x".repeat(size));
        socket.send(message.clone()).await.unwrap();
        assert_eq!(
            timeout(DEADLINE, socket.next()).await.unwrap().unwrap().unwrap(),
            message
        );
    }
    behind
        .fixture
        .send(empty(request("POST", "/logout").header("cookie", &behind.cookie)))
        .await;
    let ended = timeout(DEADLINE, socket.next()).await.unwrap();
    assert!(
        !matches!(ended, Some(Ok(Message::Text(_)))),
        "the tunnel outlived the login"
    );
    behind.stop().await;
}

#[tokio::test]
async fn a_websocket_agrees_on_a_protocol_and_carries_large_messages() {
    let (behind, address) = Behind::conformance().await;
    let mut request = format!("ws://{address}/instance/my-app/ws")
        .into_client_request()
        .unwrap();
    let headers = request.headers_mut();
    headers.insert("origin", format!("http://{address}").parse().unwrap());
    headers.insert("sec-websocket-protocol", "first, second".parse().unwrap());
    let limits = WebSocketConfig::default()
        .max_frame_size(Some(LARGE))
        .max_message_size(Some(LARGE));
    let (mut socket, answer) = connect_async_with_config(request, Some(limits), true)
        .await
        .unwrap();
    assert_eq!(answer.headers()["sec-websocket-protocol"], "second");
    let large = Message::binary(vec![7; LARGE]);
    socket.send(large.clone()).await.unwrap();
    let back = timeout(DEADLINE, socket.next()).await.unwrap().unwrap().unwrap();
    assert!(back == large, "{} bytes came back", back.len());
    socket.send(Message::Ping("are you there".into())).await.unwrap();
    let pong = timeout(DEADLINE, socket.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(pong, Message::Pong("are you there".into()));
    socket.close(None).await.unwrap();
    let closed = timeout(DEADLINE, socket.next()).await.unwrap();
    assert!(matches!(closed, Some(Ok(Message::Close(_)))), "{closed:?}");
    behind.stop().await;
}

#[tokio::test]
async fn an_upgrade_carries_early_bytes_and_ends_one_side_at_a_time() {
    let (behind, address) = Behind::conformance().await;
    let mut client = Client::connect(address).await;
    // The first bytes of the new protocol come in one piece with the request.
    client
        .write(
            "GET /instance/my-app/raw HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\
             Origin: http://localhost\r\n\r\nearly ",
        )
        .await;
    let agreed = client.until("\r\n\r\n").await;
    assert!(
        agreed.starts_with("HTTP/1.1 101 ") && agreed.contains("upgrade: raw"),
        "{agreed}"
    );
    client.until("hello early ").await;
    client.write("more").await;
    client.until("more").await;
    client.stream.shutdown().await.unwrap();
    assert_eq!(client.rest().await, " goodbye");
    behind.stop().await;
}

#[tokio::test]
async fn an_app_may_refuse_an_upgrade_and_the_connection_lives_on() {
    let (behind, address) = Behind::conformance().await;
    let mut client = Client::connect(address).await;
    client
        .ask(
            "GET refused",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nOrigin: http://localhost\r\n",
        )
        .await;
    assert!(client.until("no upgrade").await.starts_with("HTTP/1.1 403 "));
    client.ask("GET echo", "").await;
    client.until("\"trailers\": []}").await;
    behind.stop().await;
}

#[tokio::test]
async fn tunnels_end_with_the_panel() {
    let (behind, address) = Behind::conformance().await;
    let mut client = Client::connect(address).await;
    client
        .ask(
            "GET raw",
            "Connection: Upgrade\r\nUpgrade: raw\r\nOrigin: http://localhost\r\n",
        )
        .await;
    client.until("hello ").await;
    behind.fixture.panel.shutdown.cancel();
    assert_eq!(client.rest().await, "");
    behind.stop().await;
}
