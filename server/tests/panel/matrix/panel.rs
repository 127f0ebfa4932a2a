//! Every route of the panel, as its router knows them.

use std::collections::BTreeSet;

use axum::http::Request;
use leptos::server_fn::axum::server_fn_paths;

use super::askers::Askers;
use super::{From, HOWS, How, Seen, Verdict, WHO, told, verdict, with};
use crate::support::{Fixture, HOST, empty, fixture};

const OWN: &str = "http://localhost:9000";

const FROM: [From; 7] = [
    From::Own,
    From::Foreign,
    From::ForeignScript,
    From::Neighbour("http://my-app.localhost:9000"),
    From::Neighbour("http://localhost:19001"),
    From::Null,
    From::Missing,
];

/// Every path of the router, with something in place of its parameters that does not exist.
fn paths(fixture: &Fixture) -> BTreeSet<String> {
    // The router tells its paths in no other way; the names below notice when it stops telling them.
    let text = format!("{:?}", server::router(fixture.panel.clone()));
    let quoted = text.split("RouteId(").filter_map(|part| part.split('"').nth(1));
    let known: BTreeSet<String> = quoted.filter(|path| path.starts_with('/')).map(filled).collect();
    let described = server::description().paths.paths.into_keys();
    let functions = server_fn_paths().map(|(path, _)| path.to_owned());
    let by_hand = [
        "/",
        "/login",
        "/logout",
        "/setup",
        "/theme",
        "/language",
        "/ws",
        "/pass",
        "/api/docs",
    ];
    for path in described.chain(functions).chain(by_hand.map(str::to_owned)) {
        let path = filled(&path);
        assert!(
            known.contains(&path),
            "the router does not tell {path}: {known:?}"
        );
    }
    known
}

fn filled(path: &str) -> String {
    let parts = path
        .split('/')
        .map(|part| if part.starts_with('{') { "999" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// What needs no login, said a second time and apart from the program.
fn is_public(how: How, path: &str) -> bool {
    let reads = matches!(how.method(), "GET" | "HEAD");
    match path {
        "/login" | "/setup" => reads || how.method() == "POST",
        "/theme" | "/language" => how.method() == "POST",
        "/favicon.svg" | "/favicon.ico" | "/api/health" | "/pkg/999" => reads,
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_the_panel_lets_in_whom_the_rule_says() {
    let fixture = fixture().await;
    let mut askers = Askers::new(&fixture).await;
    let mut paths = paths(&fixture);
    assert!(paths.len() > 60, "{paths:#?}");
    // What nobody knows is closed as well.
    paths.extend(["/nonsense", "/api/nonsense", "/fn/nonsense", "/pkgx"].map(str::to_owned));
    let mut asked = 0;
    for path in &paths {
        for (how, who, from) in combinations() {
            asked += 1;
            let mut request = with(Request::builder(), told(how, from, OWN));
            request = request.method(how.method()).uri(path).header("host", HOST);
            request = with(request, askers.header(who).into_iter().collect());
            let seen = Seen::read(fixture.send(empty(request)).await).await;
            let expected = verdict(how, who, from, is_public(how, path));
            // With the first password chosen, this page leads to the login.
            let found = if path == "/setup" && seen.location == "/login" {
                Verdict::Passes
            } else {
                seen.verdict()
            };
            assert_eq!(
                found, expected,
                "{how:?} {path} by {who:?} from {from:?}: {seen:?}"
            );
            askers.renew(&fixture).await;
        }
    }
    assert!(asked > 10_000, "{asked}");
}

fn combinations() -> impl Iterator<Item = (How, super::Who, From)> {
    HOWS.into_iter()
        .flat_map(|how| WHO.into_iter().map(move |who| (how, who)))
        .flat_map(|(how, who)| FROM.into_iter().map(move |from| (how, who, from)))
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_foreign_name_no_route_answers_anybody() {
    let fixture = fixture().await;
    let mut askers = Askers::new(&fixture).await;
    for path in paths(&fixture) {
        for how in HOWS {
            for who in WHO {
                // As after DNS rebinding: to the browser it is the page's own origin.
                let request = with(
                    Request::builder(),
                    told(how, From::Own, "http://evil.example:9000"),
                );
                let request = request.method(how.method()).uri(&path);
                let request = request.header("host", "evil.example:9000");
                let request = with(request, askers.header(who).into_iter().collect());
                let answer = fixture.send(empty(request)).await;
                let status = answer.status();
                assert_eq!(status, 403, "{how:?} {path} by {who:?}");
                assert!(!answer.headers().contains_key("set-cookie"), "{path}");
                askers.renew(&fixture).await;
            }
        }
    }
}
