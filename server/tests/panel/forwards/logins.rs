//! Ports that ask for the panel's login.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use server::SiteOptions;
use server::tls::{Tls, self_signed};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use types::instances::{InstanceId, PublicAccess};

use super::{LONG, Ports, exchange, header, status};
use crate::support::{DEADLINE, PASSWORD, empty};

const HTML: &str = "Accept: text/html\r\n";

async fn behind_login(drain: Duration) -> (Ports, InstanceId, SocketAddr) {
    let mut ports = Ports::with(false, drain).await;
    let id = ports.start("My app", "upstream", PublicAccess::Login).await;
    ports.take(id).await;
    let address = SocketAddr::from(([127, 0, 0, 1], ports.port));
    (ports, id, address)
}

/// Follows an address of ours, with cookies as a browser keeps them: by host, whatever the port.
async fn follow(address: &str, cookies: &mut Vec<String>) -> String {
    let rest = address.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap());
    let head = format!("{HTML}Cookie: {}\r\n", cookies.join("; "));
    let answer = exchange(host.parse().unwrap(), &format!("GET {path}"), &head, "").await;
    let set = header(&answer, "set-cookie").split(';').next().unwrap();
    if !set.is_empty() {
        cookies.push(set.to_owned());
    }
    answer
}

fn body(answer: &str) -> Value {
    let text = answer.split_once("\r\n\r\n").unwrap().1;
    let text = &text[text.find('{').unwrap()..=text.rfind('}').unwrap()];
    serde_json::from_str(text).unwrap_or_else(|_| panic!("{answer}"))
}

fn sent<'a>(echo: &'a Value, name: &str) -> Option<&'a str> {
    let headers = echo["headers"].as_array().unwrap();
    let found = headers.iter().find(|pair| pair[0] == name)?;
    found[1].as_str()
}

#[tokio::test]
async fn who_is_not_logged_in_logs_in_and_comes_back_to_the_port() {
    let (ports, _, port) = behind_login(LONG).await;
    let panel = ports.panel;
    let mut cookies = vec!["own=1".to_owned()];
    let first = follow(&format!("http://{port}/echo?x=1"), &mut cookies).await;
    assert_eq!(status(&first), 303, "{first}");
    let to_panel = header(&first, "location").to_owned();
    assert!(
        to_panel.starts_with(&format!("http://{panel}/pass?to=")),
        "{to_panel}"
    );
    let login = follow(&to_panel, &mut cookies).await;
    let next = header(&login, "location")
        .strip_prefix("/login?next=")
        .unwrap_or_else(|| panic!("{login}"))
        .to_owned();
    // The password, as the form sends it.
    let form = format!("password={}&next={next}", PASSWORD.replace(' ', "+"));
    let head = format!("{HTML}Origin: http://{panel}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
    let entered = exchange(panel, "POST /login", &head, &form).await;
    cookies.push(
        header(&entered, "set-cookie")
            .split(';')
            .next()
            .unwrap()
            .to_owned(),
    );
    let back = format!("http://{panel}{}", header(&entered, "location"));
    assert_eq!(back, to_panel);
    let ticket = follow(&back, &mut cookies).await;
    let enter = header(&ticket, "location").to_owned();
    assert!(
        enter.starts_with(&format!("http://{port}/.aikore/enter?ticket=")),
        "{ticket}"
    );
    let pass = follow(&enter, &mut cookies).await;
    assert_eq!(header(&pass, "location"), "/echo?x=1");
    let app = follow(&format!("http://{port}/echo?x=1"), &mut cookies).await;
    assert_eq!(status(&app), 200, "{app}");
    let echo = body(&app);
    assert_eq!(echo["path"], "/echo?x=1");
    assert_eq!(
        sent(&echo, "cookie"),
        Some("own=1"),
        "nothing of ours reaches the app"
    );
    // A session alone is enough, and so is the pass alone: TLS in front of the panel keeps its cookie away.
    for one in ["aikore_session=", "aikore_pass_"] {
        let cookie = cookies.iter().find(|cookie| cookie.starts_with(one)).unwrap();
        let app = follow(&format!("http://{port}/echo"), &mut vec![cookie.clone()]).await;
        assert_eq!(status(&app), 200, "{one}: {app}");
        assert_eq!(sent(&body(&app), "cookie"), None);
    }
    ports.stop().await;
}

#[tokio::test]
async fn the_way_back_leads_only_to_ports_of_ours() {
    let (ports, id, port) = behind_login(LONG).await;
    let panel = ports.panel;
    let head = format!("{HTML}Cookie: {}\r\n", ports.cookie);
    let asked = async |to: &str| {
        let line = format!("GET /pass?to={}", to.replace(':', "%3A"));
        let answer = exchange(panel, &line, &head, "").await;
        header(&answer, "location").to_owned()
    };
    let good = format!("http://{port}/");
    assert!(asked(&good).await.starts_with(&format!("{good}.aikore/enter?")));
    let number = port.port();
    for to in [
        format!("http://127.0.0.1:{}/", number + 1),
        "http://127.0.0.1:22/".to_owned(),
        "http://127.0.0.1/".to_owned(),
        format!("http://evil.example:{number}/"),
        format!("http://localhost:{number}/"),
        format!("https://127.0.0.1:{number}/"),
        format!("http://evil@127.0.0.1:{number}/"),
        format!("http://127.0.0.1:{number}@evil.example/"),
        format!("//127.0.0.1:{number}/"),
        format!("javascript://127.0.0.1:{number}/"),
    ] {
        assert_eq!(asked(&to).await, "/", "{to}");
    }
    // A closed one is none.
    ports.deactivate(id).await;
    assert_eq!(asked(&good).await, "/");
    ports.stop().await;
}

#[tokio::test]
async fn programs_need_a_token_and_foreign_pages_and_names_get_nothing() {
    let (ports, _, port) = behind_login(LONG).await;
    let get = async |head: String| status(&exchange(port, "GET /echo", &head, "").await);
    assert_eq!(get(String::new()).await, 401);
    assert_eq!(get("Authorization: Bearer aik_wrong\r\n".to_owned()).await, 401);
    let token = format!("Authorization: {}\r\n", ports.fixture.token().await);
    let answer = exchange(port, "GET /echo", &token, "").await;
    assert_eq!(status(&answer), 200);
    assert_eq!(sent(&body(&answer), "authorization"), None);

    let cookie = format!("Cookie: {}\r\n", ports.cookie);
    let change = async |origin: &str| {
        let head = format!("{cookie}{origin}");
        status(&exchange(port, "POST /echo", &head, "x").await)
    };
    assert_eq!(change(&format!("Origin: http://{port}\r\n")).await, 200);
    for foreign in [
        "Origin: http://evil.example\r\n".to_owned(),
        "Origin: null\r\n".to_owned(),
        format!("Origin: http://{}\r\n", ports.panel),
        String::new(),
    ] {
        assert_eq!(change(&foreign).await, 403, "{foreign}");
    }
    let mut talk = ports.connect().await;
    talk.say(format!(
        "GET /echo HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n{cookie}\r\n"
    ))
    .await;
    let answer = String::from_utf8(talk.rest().await).unwrap();
    assert_eq!(status(&answer), 403, "{answer}");
    ports.stop().await;
}

#[tokio::test]
async fn a_browser_s_idle_connection_leads_to_the_new_instance_and_ends_with_the_port() {
    let mut ports = Ports::with(false, LONG).await;
    let one = ports.start("One", "ports", PublicAccess::Login).await;
    let two = ports.start("Two", "ports", PublicAccess::Login).await;
    ports.take(one).await;
    let get = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nCookie: {}\r\n\r\n",
        ports.cookie
    );
    let mut kept = ports.connect().await;
    kept.say(&get).await;
    kept.until("One").await;
    ports.take(two).await;
    kept.say(&get).await;
    kept.until("Two").await;
    ports.deactivate(two).await;
    assert_eq!(kept.rest().await, b"");
    assert!(ports.refuses().await, "a reload finds nobody");
    ports.stop().await;
}

#[tokio::test]
async fn a_websocket_of_the_old_instance_is_cut_after_its_time() {
    let (mut ports, _, port) = behind_login(Duration::from_millis(50)).await;
    let other = ports.start("Other", "ports", PublicAccess::Login).await;
    let mut request = format!("ws://{port}/ws").into_client_request().unwrap();
    request
        .headers_mut()
        .insert("origin", format!("http://{port}").parse().unwrap());
    let anonymous = tokio_tungstenite::connect_async(request.clone()).await;
    assert!(anonymous.is_err(), "nobody gets in without a login");
    request
        .headers_mut()
        .insert("cookie", ports.cookie.parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    socket.send(Message::text("hello")).await.unwrap();
    let echo = timeout(DEADLINE, socket.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(echo, Message::text("hello"));
    ports.take(other).await;
    let ended = timeout(DEADLINE, socket.next()).await.expect("the tunnel stays");
    assert!(!matches!(ended, Some(Ok(Message::Text(_)))));
    ports.stop().await;
}

#[tokio::test]
async fn below_a_prefix_the_session_stays_there_and_a_pass_opens_the_port() {
    let options = SiteOptions {
        base_path: "/x".to_owned(),
        ..SiteOptions::default()
    };
    let mut ports = Ports::standing(options, false, LONG).await;
    let id = ports.start("App", "ports", PublicAccess::Login).await;
    ports.take(id).await;
    let port = SocketAddr::from(([127, 0, 0, 1], ports.port));
    let first = follow(&format!("http://{port}/"), &mut Vec::new()).await;
    let to_panel = header(&first, "location").to_owned();
    assert!(
        to_panel.starts_with(&format!("http://{}/x/pass?", ports.panel)),
        "{to_panel}"
    );
    let ticket = follow(&to_panel, &mut vec![ports.cookie.clone()]).await;
    let mut cookies = Vec::new();
    let pass = follow(header(&ticket, "location"), &mut cookies).await;
    assert_eq!(header(&pass, "location"), "/");
    let app = follow(&format!("http://{port}/"), &mut cookies).await;
    assert!(app.ends_with("App"), "{app}");
    ports.stop().await;
}

#[tokio::test]
async fn people_are_led_to_the_panel_as_they_use_it() {
    let (ports, _, port) = behind_login(LONG).await;
    let page = |host: &str, cookie: &str| {
        let asked = axum::http::Request::builder()
            .uri("/")
            .header("host", host)
            .header("accept", "text/html")
            .header("cookie", cookie);
        empty(asked)
    };
    // Not logged in: not believed.
    ports.fixture.send(page("127.0.0.1:6666", "")).await;
    let first = follow(&format!("http://{port}/"), &mut Vec::new()).await;
    let home = format!("http://{}/pass?", ports.panel);
    assert!(header(&first, "location").starts_with(&home), "{first}");
    ports.fixture.send(page("127.0.0.1:8080", &ports.cookie)).await;
    let first = follow(&format!("http://{port}/"), &mut Vec::new()).await;
    let home = "http://127.0.0.1:8080/pass?";
    assert!(header(&first, "location").starts_with(home), "{first}");
    ports.stop().await;
}

#[tokio::test]
async fn a_port_with_a_login_speaks_tls_when_the_panel_does() {
    let options = SiteOptions {
        https: true,
        ..SiteOptions::default()
    };
    let dir = tempfile::tempdir().unwrap();
    let tls = Tls::read(self_signed(dir.path(), &[]).unwrap()).unwrap();
    let mut ports = Ports::speaking(Some(tls), options, true, LONG).await;
    let id = ports.start("App", "ports", PublicAccess::Login).await;
    ports.take(id).await;
    let port = SocketAddr::from(([127, 0, 0, 1], ports.port));
    let plain = exchange(port, "GET /", HTML, "").await;
    assert_eq!(status(&plain), 308, "{plain}");
    assert_eq!(header(&plain, "location"), format!("https://{port}/"));
    let (_, row) = ports.set_pattern(id, "localhost:9000", "port").await;
    assert_eq!(row["open_url"], format!("https://localhost:{}", ports.port));
    ports.stop().await;
}

#[tokio::test]
async fn an_answer_of_the_old_instance_is_cut_after_its_time() {
    let mut ports = Ports::with(false, Duration::from_millis(50)).await;
    let one = ports.start("One", "ports", PublicAccess::Login).await;
    let two = ports.start("Two", "ports", PublicAccess::Login).await;
    ports.take(one).await;
    let mut long = ports.connect().await;
    long.say(format!(
        "GET /endless HTTP/1.1\r\nHost: localhost\r\nCookie: {}\r\n\r\n",
        ports.cookie
    ))
    .await;
    long.until("One\n").await;
    ports.take(two).await;
    long.rest().await;
    ports.stop().await;
}
