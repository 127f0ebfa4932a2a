//! The autopsy, on apps that behave well and badly.

use axum::http::StatusCode;
use serde_json::json;
use server::SiteOptions;
use server::tls::{Tls, self_signed};
use types::autopsy::{AccessWay, Autopsy, KnownAccess, LiveKind, Verdict, WayReport};
use types::instances::{Instance, InstanceChange, PublicAccess, Status};

use crate::forwards::range;
use crate::support::{Fixture, bytes, empty, failure, request, set, until};

/// Each kind of app and what its blueprint says about sub-paths.
const KINDS: [(&str, &str); 13] = [
    ("aware", "strip"),
    ("kept", "yes"),
    ("root", "strip"),
    ("redirect", "yes"),
    ("frame", "strip"),
    ("inner", "strip"),
    ("many", "strip"),
    ("lazy", "strip"),
    ("told", "strip"),
    ("stream", "strip"),
    ("silent", "strip"),
    ("spy", "strip"),
    ("thief", "strip"),
];

fn blueprint(kind: &str, subpath: &str) -> String {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/panel");
    format!(
        "#!/bin/bash\n### AIKORE-METADATA-START ###\n# aikore.name = {kind}\n# aikore.category = Test\n\
         # aikore.venv_type = none\n# aikore.ready = http\n# aikore.health_path = /health\n\
         # aikore.stop_grace = 1\n# aikore.subpath = {subpath}\n### AIKORE-METADATA-END ###\n\
         exec python3 -u '{dir}/autopsy.py' {kind}\n"
    )
}

/// A panel with one started app and a public port for it.
struct Table {
    fixture: Fixture,
    cookie: String,
    app: Instance,
    port: u16,
}

impl Table {
    async fn with(kind: &str) -> Self {
        Self::standing(kind, SiteOptions::default(), &["127.0.0.1"]).await
    }

    /// With TLS where the options say so, and public ports on these addresses.
    async fn standing(kind: &str, options: SiteOptions, public: &[&str]) -> Self {
        let range = range();
        let tls = options.https.then(|| {
            let dir = tempfile::tempdir().unwrap();
            Tls::read(self_signed(dir.path(), &[]).unwrap()).unwrap()
        });
        let write = |dir: &std::path::Path| {
            let dir = dir.join("blueprints");
            std::fs::create_dir_all(&dir).unwrap();
            for (kind, subpath) in KINDS {
                std::fs::write(dir.join(format!("{kind}.sh")), blueprint(kind, subpath)).unwrap();
            }
        };
        let fixture = set(false, options, write, |config| {
            config.port_range = range;
            config.bind_public = public.iter().map(|address| address.parse().unwrap()).collect();
        })
        .await;
        fixture.speak(tls).await;
        let cookie = fixture.set_up().await;
        let app = fixture.create("My app", kind).await;
        let instances = &fixture.engine.instances;
        instances.start(app.id).await.unwrap();
        until(&fixture, app.id, Status::Started).await;
        let app = instances.get(app.id).await.unwrap();
        Self {
            fixture,
            cookie,
            app,
            port: range.first,
        }
    }

    async fn open_port(&self, access: PublicAccess) {
        let instances = &self.fixture.engine.instances;
        let change = InstanceChange {
            public_port: Some(Some(self.port)),
            public_access: Some(access),
            ..InstanceChange::default()
        };
        instances.update(self.app.id, change, false).await.unwrap();
        let path = format!("/api/instances/{}/activate", self.app.id);
        let asked = request("POST", &path).header("cookie", &self.cookie);
        let answer = self.fixture.send(empty(asked)).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }

    fn path(&self) -> String {
        format!("/api/instances/{}/autopsy", self.app.id)
    }

    async fn examine(&self) -> Autopsy {
        let asked = request("POST", &self.path()).header("cookie", &self.cookie);
        self.ask(asked).await
    }

    async fn ask<T: serde::de::DeserializeOwned>(&self, asked: axum::http::request::Builder) -> T {
        let answer = self.fixture.send(empty(asked)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        serde_json::from_slice(&bytes(answer).await).unwrap()
    }

    async fn stop(self) {
        self.fixture.engine.instances.stop(self.app.id).await.unwrap();
        until(&self.fixture, self.app.id, Status::Stopped).await;
    }
}

fn way(report: &Autopsy, way: AccessWay) -> &WayReport {
    report.ways.iter().find(|one| one.way == way).unwrap()
}

fn ways(report: &Autopsy) -> Vec<(AccessWay, Verdict)> {
    report.ways.iter().map(|one| (one.way, one.verdict)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_can_live_anywhere_works_every_way() {
    let table = Table::with("aware").await;
    table.open_port(PublicAccess::Login).await;
    let report = table.examine().await;
    let works = |way| (way, Verdict::Works);
    assert_eq!(
        ways(&report),
        [
            works(AccessWay::Path),
            works(AccessWay::Subdomain),
            works(AccessWay::Port),
            works(AccessWay::Direct)
        ],
        "{report:#?}"
    );
    assert_eq!(report.best, Some(AccessWay::Path));
    for one in &report.ways {
        assert_eq!((one.status, one.reasons.len()), (Some(200), 0), "{one:#?}");
        // Style sheet, icon, script, two modules, two pictures.
        assert_eq!((one.assets.total, one.assets.arrive), (7, 6), "{one:#?}");
        assert_eq!(one.foreign, ["https://elsewhere.example/x.png"]);
        let live: Vec<_> = one.live.iter().map(|live| (live.kind, live.opens)).collect();
        assert_eq!(
            live,
            [(LiveKind::Websocket, true), (LiveKind::Events, true)],
            "{one:#?}"
        );
        let names: Vec<_> = one.cookies.iter().map(|cookie| cookie.name.as_str()).collect();
        assert_eq!(names, ["own"], "only the app's own are told");
    }
    let below = way(&report, AccessWay::Path);
    assert_eq!(below.url, "http://localhost:9000/instance/my-app/");
    assert_eq!(below.cookies[0].path.as_deref(), Some("/instance/my-app/"));
    assert!(
        below.notes.iter().any(|note| note.contains("gone.ico")),
        "{below:#?}"
    );
    let own = way(&report, AccessWay::Subdomain);
    assert_eq!(own.url, "http://my-app.localhost:9000/");
    table.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_was_told_its_prefix_has_it_on_every_way() {
    let table = Table::with("kept").await;
    for access in [PublicAccess::Login, PublicAccess::Open] {
        table.open_port(access).await;
        let report = table.examine().await;
        for one in &report.ways {
            assert_eq!((one.verdict, one.live.len()), (Verdict::Works, 2), "{one:#?}");
        }
    }
    table.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn assets_at_the_root_break_the_sub_path_and_only_that() {
    let table = Table::with("root").await;
    let report = table.examine().await;
    assert_eq!(
        ways(&report),
        [
            (AccessWay::Subdomain, Verdict::Works),
            (AccessWay::Path, Verdict::Broken),
            (AccessWay::Port, Verdict::Unavailable),
            (AccessWay::Direct, Verdict::Works)
        ],
        "{report:#?}"
    );
    let below = way(&report, AccessWay::Path);
    assert_eq!(
        below.reasons,
        [
            "12 of 14 assets do not arrive because the page asks for /static/0.js at the root, outside of \
          /instance/my-app/, where the panel answers and not the app."
        ]
    );
    assert_eq!((below.assets.total, below.assets.fail), (14, 12));
    assert_eq!(below.failing.len(), 12);
    assert_eq!(report.best, Some(AccessWay::Subdomain));
    assert!(
        report.recommendation.contains("12 of 14"),
        "{}",
        report.recommendation
    );
    table.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_that_leave_the_prefix_break_the_sub_path() {
    let table = Table::with("redirect").await;
    let report = table.examine().await;
    let below = way(&report, AccessWay::Path);
    assert_eq!(below.verdict, Verdict::Broken);
    assert_eq!(below.redirects, ["http://localhost:9000/"]);
    assert!(below.reasons[0].contains("redirects to /, outside"), "{below:#?}");
    assert_eq!(way(&report, AccessWay::Direct).verdict, Verdict::Works);
    table.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_forbids_framing_works_but_cannot_be_embedded() {
    let table = Table::with("frame").await;
    let report = table.examine().await;
    let below = way(&report, AccessWay::Path);
    assert_eq!(below.verdict, Verdict::Works, "{below:#?}");
    let framing = below.framing.as_ref().unwrap();
    assert!(!framing.allowed && framing.reason.contains("DENY"), "{framing:?}");
    let direct = way(&report, AccessWay::Direct);
    assert!(direct.cookies[0].problem.contains("far.example"), "{direct:#?}");
    table.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_inside_the_machine_reaches_nobody_outside() {
    let table = Table::with("inner").await;
    table.open_port(PublicAccess::Open).await;
    let report = table.examine().await;
    for broken in [AccessWay::Path, AccessWay::Subdomain, AccessWay::Port] {
        let found = way(&report, broken);
        assert!(found.reasons[0].contains("only this machine"), "{found:#?}");
    }
    assert_eq!(way(&report, AccessWay::Direct).verdict, Verdict::Works);
    assert_eq!(report.best, None);
    table.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn modules_that_are_fetched_later_count_where_the_app_has_them() {
    let table = Table::with("lazy").await;
    let report = table.examine().await;
    let below = way(&report, AccessWay::Path);
    assert_eq!(below.verdict, Verdict::Broken, "{below:#?}");
    assert_eq!(below.reasons.len(), 1, "{below:#?}");
    assert!(below.reasons[0].contains("/chunks/deep.js"), "{below:#?}");
    for own in [AccessWay::Subdomain, AccessWay::Direct] {
        let found = way(&report, own);
        assert_eq!(found.verdict, Verdict::Works, "{found:#?}");
        // The page's own, two that it fetches, one that those fetch, and one that the app lacks.
        assert_eq!((found.assets.total, found.assets.arrive), (5, 4), "{found:#?}");
        assert!(
            found.notes.iter().any(|note| note.contains("/gone.js")),
            "{found:#?}"
        );
    }
    table.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_that_are_told_the_root_are_broken_below_it() {
    let table = Table::with("told").await;
    table.open_port(PublicAccess::Open).await;
    let report = table.examine().await;
    let below = way(&report, AccessWay::Path);
    assert_eq!(below.verdict, Verdict::Broken, "{below:#?}");
    assert!(
        below.reasons[0].contains("at http://localhost:9000/, outside of /instance/my-app/"),
        "{below:#?}"
    );
    for own in [AccessWay::Subdomain, AccessWay::Port, AccessWay::Direct] {
        assert_eq!(way(&report, own).verdict, Verdict::Works, "{report:#?}");
    }
    table.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_is_looked_at_where_it_is_open() {
    let table = Table::standing("aware", SiteOptions::default(), &["::1"]).await;
    for access in [PublicAccess::Login, PublicAccess::Open] {
        table.open_port(access).await;
        let report = table.examine().await;
        let port = way(&report, AccessWay::Port);
        assert_eq!((port.verdict, port.live.len()), (Verdict::Works, 2), "{port:#?}");
    }
    // Who came by another address does not find it.
    let asked = axum::http::Request::builder()
        .method("POST")
        .uri(table.path())
        .header("host", "10.0.0.7:9000")
        .header("origin", "http://10.0.0.7:9000")
        .header("cookie", &table.cookie);
    let report: Autopsy = table.ask(asked).await;
    let port = way(&report, AccessWay::Port);
    assert_eq!(port.verdict, Verdict::Unavailable, "{port:#?}");
    assert!(port.reasons[0].contains("--bind-public"), "{port:#?}");
    table.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_is_looked_at_behind_tls_and_below_a_prefix() {
    let options = || SiteOptions {
        base_path: "/tools".to_owned(),
        https: true,
        ..SiteOptions::default()
    };
    for kind in ["aware", "kept"] {
        let table = Table::standing(kind, options(), &["127.0.0.1"]).await;
        for access in [PublicAccess::Login, PublicAccess::Open] {
            table.open_port(access).await;
            let report = table.examine().await;
            for one in &report.ways {
                assert_eq!((one.verdict, one.live.len()), (Verdict::Works, 2), "{one:#?}");
            }
            let login = access == PublicAccess::Login;
            let scheme = if login { "https" } else { "http" };
            let port = way(&report, AccessWay::Port);
            // Where nobody leads from the root to the app, the link does.
            let path = if kind == "kept" && !login {
                "/tools/instance/my-app/"
            } else {
                "/"
            };
            assert_eq!(port.url, format!("{scheme}://localhost:{}{path}", table.port));
            let below = way(&report, AccessWay::Path);
            assert_eq!(below.url, "https://localhost:9000/tools/instance/my-app/");
        }
        table.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_sixty_assets_are_asked_for() {
    let table = Table::with("many").await;
    let report = table.examine().await;
    for one in report.ways.iter().filter(|one| one.way != AccessWay::Port) {
        assert_eq!(
            (one.assets.total, one.assets.arrive, one.assets.skipped),
            (70, 60, 10)
        );
        assert!(one.notes.iter().any(|note| note.contains("10 of 70")), "{one:#?}");
    }
    table.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_an_endless_nor_a_silent_page_holds_the_check_up() {
    let endless = Table::with("stream").await;
    let report = endless.examine().await;
    assert!(report.took_ms < 20_500, "{}", report.took_ms);
    assert!(way(&report, AccessWay::Path).notes[0].contains("no HTML page"));
    endless.stop().await;
    let silent = Table::with("silent").await;
    let report = silent.examine().await;
    assert!(report.took_ms < 20_500, "{}", report.took_ms);
    assert_eq!(report.best, None);
    let direct = way(&report, AccessWay::Direct);
    assert!(direct.reasons[0].contains("five seconds"), "{direct:#?}");
    assert!(report.recommendation.contains("The app itself"));
    silent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_learns_nothing_of_the_panels_and_gains_nothing_through_it() {
    let spy = Table::with("spy").await;
    for access in [PublicAccess::Login, PublicAccess::Open] {
        spy.open_port(access).await;
        for credential in [
            ("cookie", spy.cookie.clone()),
            ("authorization", spy.fixture.token().await),
        ] {
            let asked = request("POST", &spy.path()).header(credential.0, &credential.1);
            let report: Autopsy = spy.ask(asked).await;
            assert!(
                report.ways.iter().all(|one| one.status == Some(200)),
                "{report:#?}"
            );
            let text = serde_json::to_string(&report).unwrap();
            assert!(
                !text.contains("aik_") && !text.contains("ticket") && !text.contains("aikore_"),
                "{text}"
            );
        }
    }
    spy.stop().await;
    let thief = Table::with("thief").await;
    thief.open_port(PublicAccess::Open).await;
    let report = thief.examine().await;
    for one in &report.ways {
        // Below the panel the proxy leads such redirects back to the app; elsewhere they are not followed.
        assert_eq!(one.verdict, Verdict::Broken, "{one:#?}");
        assert_ne!(one.status, Some(200), "{one:#?}");
    }
    thief.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_kept_with_the_instance_and_its_blueprint() {
    let table = Table::with("root").await;
    let get = || request("GET", &table.path()).header("cookie", &table.cookie);
    let before: KnownAccess = table.ask(get()).await;
    assert_eq!(before, KnownAccess::default());
    let report = table.examine().await;
    let after: KnownAccess = table.ask(get()).await;
    assert_eq!(after.report.as_ref(), Some(&report));
    assert!(report.made_at > 0);
    let hint = after.hint.unwrap();
    assert_eq!((hint.blueprint.as_str(), hint.best), ("root.sh", report.best));
    let other = table.fixture.create("Other", "root").await;
    let asked =
        request("GET", &format!("/api/instances/{}/autopsy", other.id)).header("cookie", &table.cookie);
    let of_other: KnownAccess = table.ask(asked).await;
    assert_eq!((of_other.report, of_other.hint), (None, Some(hint.clone())));
    let asked = request("GET", "/api/system/access-hints").header("cookie", &table.cookie);
    assert_eq!(table.ask::<serde_json::Value>(asked).await, json!([hint]));
    table.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_is_logged_in_may_look_and_only_at_what_runs() {
    let table = Table::with("spy").await;
    for method in ["GET", "POST"] {
        let answer = table.fixture.send(empty(request(method, &table.path()))).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method}");
        let foreign = axum::http::Request::builder()
            .method(method)
            .uri(table.path())
            .header("host", "localhost:9000")
            .header("origin", "http://evil.example")
            .header("sec-fetch-site", "cross-site")
            .header("cookie", &table.cookie);
        let answer = table.fixture.send(empty(foreign)).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{method}");
    }
    table.fixture.engine.instances.stop(table.app.id).await.unwrap();
    until(&table.fixture, table.app.id, Status::Stopped).await;
    let post = |path: &str| empty(request("POST", path).header("cookie", &table.cookie));
    let answer = table.fixture.send(post(&table.path())).await;
    assert_eq!(
        failure(answer).await,
        (StatusCode::CONFLICT, "not_running".to_owned())
    );
    let answer = table.fixture.send(post("/api/instances/999/autopsy")).await;
    assert_eq!(
        failure(answer).await,
        (StatusCode::NOT_FOUND, "unknown_instance".to_owned())
    );
}
