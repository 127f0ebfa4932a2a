//! What scripts and style sheets name, as far as it can be seen without running them.

use std::sync::LazyLock;

use regex::Regex;

#[expect(clippy::expect_used, reason = "constants, which the tests compile")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}

/// `import … from "./x.js"`, `import "./x.js"`, `export … from "./x.js"`. Bare names need a map, and are left out.
static IMPORT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?:^|[;}\s*/])(?:import|export)\s*(?:[\w$*{}\s,]+?from)?\s*["']((?:\.{0,2}/|https?://)[^"'\s]+)["']"#,
    )
});

/// `import("./x.js")`, as people and bundlers write it.
static DYNAMIC_IMPORT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"\bimport\(\s*(?:/\*[^*]*\*/\s*)*["'`]((?:\.{0,2}/|https?://)[^"'`\s$]+)["'`]\s*[,)]"#)
});

static SOCKET: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"new\s+WebSocket\(\s*["'`]([^"'`\s$]+)["'`]\s*[,)]"#));

static EVENTS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"new\s+EventSource\(\s*["'`]([^"'`\s$]+)["'`]\s*[,)]"#));

/// An address put together from the host and a path from the root: the prefix is lost.
static FROM_HOST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"new\s+WebSocket\([^;]{0,120}?location\.host(?:name)?(?:\s*\+\s*["'`]/|\}/|\.concat\(["'`]/)[\w-]"#,
    )
});

static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r#"["'`](https?://[^"'`\s\\<>]+)["'`]"#));

static STYLE_COMMENT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)/\*.*?\*/"));

static STYLE_URL: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"url\(\s*(?:"([^"]+)"|'([^']+)'|([^"'\s)]+))\s*\)"#));

fn found(pattern: &Regex, text: &str) -> Vec<String> {
    pattern
        .captures_iter(text)
        .filter_map(|captures| captures.iter().skip(1).flatten().next())
        .map(|group| group.as_str().to_owned())
        .collect()
}

/// Modules an inline script loads.
pub(super) fn imports(text: &str) -> Vec<String> {
    let mut all = static_imports(text);
    all.extend(later_imports(text));
    all
}

/// Modules that a script fetches while it runs.
pub(super) fn later_imports(text: &str) -> Vec<String> {
    found(&DYNAMIC_IMPORT, text)
}

/// Modules that must be there before a module can run.
pub(super) fn static_imports(text: &str) -> Vec<String> {
    found(&IMPORT, text)
}

/// Whole addresses that a page's own scripts hold as texts: what the app tells them of itself.
pub(super) fn addresses(text: &str) -> Vec<String> {
    found(&ADDRESS, &text.replace("\\/", "/"))
}

/// Pictures and fonts of a style sheet.
pub(super) fn style_urls(text: &str) -> Vec<String> {
    // What stands in a comment is fetched by nobody, though tools leave whole addresses there.
    found(&STYLE_URL, &STYLE_COMMENT.replace_all(text, " "))
}

/// Written-out addresses of WebSockets.
pub(super) fn sockets(text: &str) -> Vec<String> {
    found(&SOCKET, text)
}

/// Written-out addresses of event streams.
pub(super) fn event_streams(text: &str) -> Vec<String> {
    found(&EVENTS, text)
}

/// Whether WebSockets are opened at the root of the host.
pub(super) fn sockets_at_root(text: &str) -> bool {
    FROM_HOST.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_seen_in_code_of_people_and_of_bundlers() {
        let text = "import { a,\n b as c } from \"./one.js\";\nimport '/two.js'\nexport*from\"../three.js\";\
                    import x from 'vue';import{d as e}from\"./four.js\";const s=\"important './no.js'\";\
                    import(\"./five.js\")";
        assert_eq!(
            static_imports(text),
            ["./one.js", "/two.js", "../three.js", "./four.js"]
        );
        assert_eq!(imports(text).last().map(String::as_str), Some("./five.js"));
        let bundled = "n(()=>import(/* webpackIgnore: true */`./six.js`),__deps([0]));import(`./${x}.js`);reimport('/no.js')";
        assert_eq!(later_imports(bundled), ["./six.js"]);
    }

    #[test]
    fn live_connections_are_seen_where_they_are_written_out() {
        assert_eq!(sockets("w = new WebSocket('ws/feed');"), ["ws/feed"]);
        assert_eq!(event_streams("new EventSource(\"/events\", {})"), ["/events"]);
        assert!(sockets("new WebSocket(`ws://${host}/x`)").is_empty());
        assert!(sockets_at_root("new WebSocket('ws://' + location.host + '/ws')"));
        assert!(sockets_at_root(
            "new WebSocket(`ws://${window.location.host}/ws`)"
        ));
        assert!(!sockets_at_root(
            "new WebSocket('ws://' + location.host + location.pathname + 'ws')"
        ));
    }

    #[test]
    fn settings_hold_whole_addresses() {
        let text = r#"config = {"root":"http:\/\/gpu.lan:9000\/x","docs":'https://a.example/',"path":"/y"}; // http://no"#;
        assert_eq!(addresses(text), ["http://gpu.lan:9000/x", "https://a.example/"]);
    }

    #[test]
    fn style_sheets_name_files() {
        assert_eq!(
            style_urls(
                "/* made from url(%22no.png%22)\n * and url(no.png) */a{b:url(x.png)} c{d:url( \"/y z.woff\" )} e{f:url('../q.svg')}"
            ),
            ["x.png", "/y z.woff", "../q.svg"]
        );
    }
}
