//! The tab's socket, over a real port.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use types::events::{ClientMessage, Event, ServerMessage};

use types::instances::{DeleteMode, Status};

use crate::support::{DEADLINE, empty, fixture, request, until};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(address: SocketAddr, cookie: &str) -> Socket {
    let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    request
        .headers_mut()
        .insert("origin", format!("http://{address}").parse().unwrap());
    connect_async(request).await.unwrap().0
}

async fn hear(socket: &mut Socket) -> ServerMessage {
    loop {
        let message = timeout(DEADLINE, socket.next()).await.unwrap().unwrap().unwrap();
        if let Message::Text(text) = message {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

async fn say(socket: &mut Socket, message: &ClientMessage) {
    let text = serde_json::to_string(message).unwrap();
    socket.send(Message::text(text)).await.unwrap();
}

/// The code a socket is closed with.
async fn closed(socket: &mut Socket) -> u16 {
    loop {
        match timeout(DEADLINE, socket.next()).await.unwrap() {
            Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
            Some(Ok(_)) => {}
            other => panic!("ended without a code: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_tab_gets_the_rows_first_and_then_every_change() {
    let fixture = fixture().await;
    let cookie = fixture.set_up().await;
    fixture.create("first", "test-logs").await;
    let address = fixture.serve().await;
    let mut socket = connect(address, &cookie).await;
    let ServerMessage::Snapshot(rows) = hear(&mut socket).await else {
        panic!("the first message is no snapshot");
    };
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].open_url, format!("http://{address}/instance/first/"));
    fixture.create("second", "test-logs").await;
    loop {
        if let ServerMessage::Event(Event::Instance(row)) = hear(&mut socket).await
            && row.name == "second"
        {
            assert_eq!(row.open_url, format!("http://{address}/instance/second/"));
            break;
        }
    }
}

#[tokio::test]
async fn a_tab_hears_of_the_jobs_that_began_before_it_came() {
    let fixture = fixture().await;
    let cookie = fixture.set_up().await;
    let gone = fixture.create("gone", "test-logs").await;
    let instances = &fixture.engine.instances;
    let job = instances.delete(gone.id, DeleteMode::Trash, None).await.unwrap();
    let address = fixture.serve().await;
    let mut socket = connect(address, &cookie).await;
    assert!(matches!(hear(&mut socket).await, ServerMessage::Snapshot(_)));
    loop {
        if let ServerMessage::Event(Event::Job(told)) = hear(&mut socket).await
            && told.id == job.id
        {
            assert_eq!(told.title, job.title);
            break;
        }
    }
}

#[tokio::test]
async fn a_tab_that_missed_events_is_told_to_fetch_again() {
    let fixture = fixture().await;
    let cookie = fixture.set_up().await;
    let row = fixture.create("busy", "test-logs").await;
    let mut socket = connect(fixture.serve().await, &cookie).await;
    hear(&mut socket).await;
    // In one go, so that the socket's task does not run in between.
    for _ in 0..5000 {
        fixture
            .engine
            .events
            .publish(Event::Instance(Box::new(row.clone())));
    }
    while hear(&mut socket).await != ServerMessage::Event(Event::Resync) {}
}

#[tokio::test]
async fn a_ping_is_answered_and_samples_come_when_wanted() {
    let fixture = fixture().await;
    let cookie = fixture.set_up().await;
    let mut socket = connect(fixture.serve().await, &cookie).await;
    hear(&mut socket).await;
    say(&mut socket, &ClientMessage::Ping).await;
    while hear(&mut socket).await != ServerMessage::Pong {}
    say(&mut socket, &ClientMessage::Telemetry(true)).await;
    assert!(matches!(hear(&mut socket).await, ServerMessage::Sample(_)));
}

#[tokio::test]
async fn a_tab_hears_how_many_alerts_there_are_and_what_has_just_begun() {
    let fixture = fixture().await;
    let cookie = fixture.set_up().await;
    let address = fixture.serve().await;
    let silent = |message: &ServerMessage, wanted: u32| matches!(message, ServerMessage::Alerts { count, news, .. } if *count == wanted && news.is_empty());
    let mut socket = connect(address, &cookie).await;
    assert!(matches!(hear(&mut socket).await, ServerMessage::Snapshot(_)));
    assert!(silent(&hear(&mut socket).await, 0));
    let app = fixture.create("app", "test-logs").await;
    fixture.engine.instances.start(app.id).await.unwrap();
    until(&fixture, app.id, Status::Started).await;
    let pid = fixture.engine.instances.get(app.id).await.unwrap().pid.unwrap();
    let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    let (mut told, mut counted) = (0, 0);
    while told == 0 || counted == 0 {
        if let ServerMessage::Alerts { count, news, .. } = hear(&mut socket).await {
            counted = count;
            told += usize::from(news.starts_with("“app” was ended by SIGKILL"));
        }
    }
    assert_eq!((told, counted), (1, 1));
    // Who comes later is told how many there are, and nothing that is old.
    let mut later = connect(address, &cookie).await;
    assert!(matches!(hear(&mut later).await, ServerMessage::Snapshot(_)));
    assert!(silent(&hear(&mut later).await, 1));
    // A silence takes it out of the count, and what is over, too.
    let rule = fixture.engine.alerts.rules()[0].id;
    let silence = types::alerts::Silence::UntilOver;
    fixture.engine.alerts.silence(rule, silence).await.unwrap();
    while !silent(&hear(&mut later).await, 0) {}
    assert!(fixture.engine.alerts.rules()[0].silent_until_over);
    fixture.engine.instances.start(app.id).await.unwrap();
    until(&fixture, app.id, Status::Started).await;
    let mut alerts = fixture.engine.alerts.tally();
    let ended = async {
        // The watcher ends the silence with the next look after the last alert is over.
        while fixture.engine.alerts.rules()[0].silent_until_over {
            let _ = timeout(std::time::Duration::from_millis(100), alerts.changed()).await;
        }
    };
    timeout(DEADLINE, ended).await.unwrap();
    assert!(fixture.engine.alerts.firing().is_empty());
    fixture.engine.instances.stop(app.id).await.unwrap();
    until(&fixture, app.id, Status::Stopped).await;
}

#[tokio::test]
async fn a_log_is_followed_from_where_the_tab_is_and_into_the_next_run() {
    let fixture = fixture().await;
    let cookie = fixture.set_up().await;
    let app = fixture.create("talker", "test-logs").await;
    fixture.engine.instances.start(app.id).await.unwrap();
    let mut socket = connect(fixture.serve().await, &cookie).await;
    let follow = ClientMessage::FollowLog {
        instance: app.id,
        run: None,
        offset: 0,
    };
    say(&mut socket, &follow).await;
    let (run, offset, next) = piece(&mut socket).await;
    assert_eq!((run, offset), (1, 0));
    let (_, offset, _) = piece(&mut socket).await;
    assert_eq!(offset, next, "bytes are missing or came twice");
    fixture.engine.instances.restart(app.id).await.unwrap();
    loop {
        let (run, offset, _) = piece(&mut socket).await;
        if run == 2 {
            assert_eq!(offset, 0);
            break;
        }
    }
    say(&mut socket, &ClientMessage::UnfollowLog).await;
    until(&fixture, app.id, Status::Started).await;
    fixture.engine.instances.stop(app.id).await.unwrap();
    until(&fixture, app.id, Status::Stopped).await;
}

/// Run, first and next offset of the next piece of a log.
async fn piece(socket: &mut Socket) -> (u32, u64, u64) {
    loop {
        if let ServerMessage::Log {
            run,
            offset,
            next_offset,
            ..
        } = hear(socket).await
        {
            return (run, offset, next_offset);
        }
    }
}

#[tokio::test]
async fn logging_out_closes_the_sockets_of_the_session() {
    let fixture = fixture().await;
    let cookie = fixture.set_up().await;
    let mut socket = connect(fixture.serve().await, &cookie).await;
    hear(&mut socket).await;
    fixture
        .send(empty(request("POST", "/logout").header("cookie", &cookie)))
        .await;
    assert_eq!(closed(&mut socket).await, 4401);
}

#[tokio::test]
async fn an_ending_panel_says_so_to_its_tabs() {
    let fixture = fixture().await;
    let cookie = fixture.set_up().await;
    let mut socket = connect(fixture.serve().await, &cookie).await;
    hear(&mut socket).await;
    fixture.panel.shutdown.cancel();
    assert_eq!(closed(&mut socket).await, 4503);
}
