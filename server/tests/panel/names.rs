//! What several apps on several names of one site may do to each other, and to the panel: with cookies, mostly.

use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, StatusCode};
use server::SiteOptions;
use types::instances::{Instance, InstanceChange, Status};

use crate::support::{Fixture, empty, location, standing, until, value};

const BLUEPRINT: &str = "#!/bin/bash\n### AIKORE-METADATA-START ###\n# aikore.name = App\n# aikore.category = Test\n\
    # aikore.venv_type = none\n# aikore.ready = http\n# aikore.health_path = /health\n# aikore.stop_grace = 1\n\
    # aikore.subpath = strip\n### AIKORE-METADATA-END ###\n";

struct Stage {
    fixture: Fixture,
    session: String,
    app: Instance,
}

impl Stage {
    /// A panel with the started app `script`.
    async fn with(script: &str) -> Self {
        let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/panel");
        let text = format!("{BLUEPRINT}exec python3 -u '{dir}/{script}.py'\n");
        let fixture = standing(false, SiteOptions::default(), |data| {
            std::fs::create_dir_all(data.join("blueprints")).unwrap();
            let open = text.replace(
                "subpath = strip",
                "subpath = strip\n# aikore.script_cookies = yes",
            );
            std::fs::write(data.join("blueprints/app.sh"), text).unwrap();
            std::fs::write(data.join("blueprints/scripted.sh"), open).unwrap();
        })
        .await;
        let session = fixture.set_up().await;
        let change = InstanceChange {
            hostname: Some("app.example".to_owned()),
            use_custom_hostname: Some(true),
            ..InstanceChange::default()
        };
        let app = fixture.started("My app", "app", change).await;
        Self {
            fixture,
            session,
            app,
        }
    }

    async fn stop(self) {
        self.fixture.engine.instances.stop(self.app.id).await.unwrap();
        until(&self.fixture, self.app.id, Status::Stopped).await;
    }

    /// What a browser gets that sends these bytes as its cookies.
    async fn get(&self, host: &str, path: &str, cookies: &[u8]) -> Response<Body> {
        let mut request = Request::builder()
            .uri(path)
            .header("host", host)
            .header("accept", "text/html");
        if !cookies.is_empty() {
            request = request.header("cookie", HeaderValue::from_bytes(cookies).unwrap());
        }
        self.fixture.send(empty(request)).await
    }
}

fn path_of<'a>(answer: &'a Response<Body>, host: &str) -> &'a str {
    let address = location(answer);
    let rest = address
        .strip_prefix("http://")
        .and_then(|rest| rest.strip_prefix(host));
    rest.unwrap_or_else(|| panic!("{address} is not on {host}"))
}

#[tokio::test]
async fn an_app_on_any_name_sends_people_to_the_panel_and_takes_them_back() {
    let stage = Stage::with("upstream").await;
    // Where the panel is, only somebody who was there can say.
    let lost = stage.get("app.example:9000", "/echo", b"").await;
    assert_eq!(lost.status(), StatusCode::UNAUTHORIZED);
    let nobody = stage.get("panel.example:9000", "/", b"").await;
    assert_eq!(location(&nobody), "/login");
    let lost = stage.get("app.example:9000", "/echo", b"").await;
    assert_eq!(lost.status(), StatusCode::UNAUTHORIZED);
    stage.get("localhost:9000", "/", stage.session.as_bytes()).await;

    let sent = stage.get("app.example:9000", "/echo?x=1", b"").await;
    let to_pass = path_of(&sent, "localhost:9000");
    assert_eq!(to_pass, "/pass?to=http%3A//app.example%3A9000/echo%3Fx%3D1");
    let ticket = stage
        .get("localhost:9000", to_pass, stage.session.as_bytes())
        .await;
    let entered = stage
        .get("app.example:9000", path_of(&ticket, "app.example:9000"), b"")
        .await;
    assert_eq!(location(&entered), "/echo?x=1");
    let pass = entered.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let echo = stage.get("app.example:9000", "/echo?x=1", pass.as_bytes()).await;
    assert_eq!(value(echo).await["path"], "/echo?x=1");
    stage.stop().await;
}

#[tokio::test]
async fn no_cookie_of_an_app_hides_the_panels() {
    let stage = Stage::with("upstream").await;
    let enter = {
        let to = "/pass?to=http%3A//my-app.localhost%3A9000/";
        let ticket = stage.get("localhost:9000", to, stage.session.as_bytes()).await;
        stage
            .get(
                "my-app.localhost:9000",
                path_of(&ticket, "my-app.localhost:9000"),
                b"",
            )
            .await
    };
    let pass = enter.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    for (host, path, own) in [
        ("localhost:9000", "/api/instances/", &stage.session),
        ("localhost:9000", "/instance/my-app/echo", &stage.session),
        ("my-app.localhost:9000", "/echo", &pass),
    ] {
        let name = own.split('=').next().unwrap();
        for other in [
            format!("{name}=0000").into_bytes(),
            format!("{name}=; {name}=a; {name}=b").into_bytes(),
            "tea=caf\u{e9}".into(),
            b"tea=caf\xe9; x=\xff\xfe".to_vec(),
            [name.as_bytes(), b"=\xff"].concat(),
        ] {
            let both = [&other[..], b"; ", own.as_bytes()].concat();
            let answer = stage.get(host, path, &both).await;
            let shown = String::from_utf8_lossy(&both);
            assert_eq!(answer.status(), StatusCode::OK, "{host}{path} with {shown}");
            // Alone it opens nothing.
            let answer = stage.get(host, path, &other).await;
            assert_ne!(answer.status(), StatusCode::OK, "{host}{path} with {shown}");
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn cookies_are_told_apart_whatever_their_letters() {
    let stage = Stage::with("conformance").await;
    let session = stage.session.as_bytes();
    // To the app: its own cookie as it is, nothing of ours.
    let cookies = [b"tea=caf\xc3\xa9; aikore_pass=\xc3\xa9; ", session, b"; last=1"].concat();
    let echo = value(
        stage
            .get("localhost:9000", "/instance/my-app/echo", &cookies)
            .await,
    )
    .await;
    let headers = echo["headers"].as_array().unwrap();
    let cookie = headers.iter().find(|pair| pair[0] == "cookie").unwrap();
    // The app's server reads bytes as Latin-1.
    assert_eq!(cookie[1], "tea=caf\u{c3}\u{a9}; last=1");
    // From the app: for its own path and no other host, and never one of ours.
    let set = "tea=%C3%A9;Path=/;Domain=localhost|aikore_session=%C3%A9;Path=/|aikore_pass=x%C3%A9";
    let path = format!("/instance/my-app/cookies?set={set}");
    let answer = stage.get("localhost:9000", &path, session).await;
    let set: Vec<_> = answer
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    assert_eq!(set, [b"tea=\xc3\xa9; Path=/instance/my-app/"]);
    stage.stop().await;
}

/// The cookies that an answer sets, as a browser sends them back.
fn set_by(answer: &Response<Body>) -> Vec<String> {
    let set = answer.headers().get_all("set-cookie").iter();
    set.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_app_on_a_name_of_its_own_gets_only_the_cookies_it_set() {
    let stage = Stage::with("conformance").await;
    let open = InstanceChange::default;
    let other = stage.fixture.started("Other", "app", open()).await;
    let scripted = stage.fixture.started("Scripted", "scripted", open()).await;
    let token = stage.fixture.token().await;
    let get = async |host: &str, path: &str, cookies: &str| {
        let request = Request::builder()
            .uri(path)
            .header("host", host)
            .header("authorization", &token)
            .header("cookie", cookies);
        stage.fixture.send(empty(request)).await
    };
    let given = async |host: &str, cookies: &str| {
        let echo = value(get(host, "/echo", cookies).await).await;
        let headers = echo["headers"].as_array().unwrap();
        let cookie = headers.iter().find(|pair| pair[0] == "cookie");
        cookie.map(|pair| pair[1].as_str().unwrap().to_owned())
    };
    let (mine, others, takes) = (
        "my-app.localhost:9000",
        "other.localhost:9000",
        "scripted.localhost:9000",
    );
    let set = set_by(&get(mine, "/cookies?set=id=secret;Domain=localhost|theme=dark", "").await);
    assert_eq!(set.len(), 4, "{set:?}");
    // A browser that sends everything to everybody of the site, and what a script set for all of it.
    let all = format!("{}; wide=set-by-a-script", set.join("; "));
    assert_eq!(given(mine, &all).await.as_deref(), Some("id=secret; theme=dark"));
    assert_eq!(given(others, &all).await, None);
    assert_eq!(given(takes, &all).await.as_deref(), Some("wide=set-by-a-script"));
    // Another value under the name of a marked one is not the app's.
    let forged = all.replace("id=secret", "id=forged");
    assert_eq!(given(mine, &forged).await.as_deref(), Some("theme=dark"));
    // Only the panel sets marks.
    let tried = set_by(&get(mine, "/cookies?set=aikore_mark_id=0", "").await);
    assert!(tried.is_empty(), "{tried:?}");
    for app in [other, scripted] {
        stage.fixture.engine.instances.stop(app.id).await.unwrap();
    }
    stage.stop().await;
}
