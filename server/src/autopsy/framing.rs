//! Whether the panel may show a page in a frame.

use axum::http::{HeaderMap, header};
use types::autopsy::Framing;
use url::Url;

/// What a page's headers say to the panel that wants to embed it.
pub(super) fn of(headers: &HeaderMap, page: &Url, panel: &Url) -> Framing {
    let reason = refusal(headers, page, panel);
    Framing {
        allowed: reason.is_none(),
        reason: reason.unwrap_or_default(),
    }
}

fn refusal(headers: &HeaderMap, page: &Url, panel: &Url) -> Option<String> {
    let same = page.origin() == panel.origin();
    let mut policies = texts(headers, header::CONTENT_SECURITY_POLICY)
        .flat_map(|value| value.split(','))
        .filter_map(ancestors)
        .peekable();
    // Where a policy names who may embed, the older header counts for nothing.
    if policies.peek().is_some() {
        let mut refused =
            policies.filter(|sources| !sources.iter().any(|source| admits(source, same, panel)));
        return refused.next().map(|sources| {
            format!(
                "The app only lets “{}” embed it (frame-ancestors).",
                sources.join(" ")
            )
        });
    }
    let words = texts(headers, header::X_FRAME_OPTIONS)
        .flat_map(|value| value.split(','))
        .map(|word| word.trim().to_ascii_uppercase());
    let mut refused = words.filter(|word| word == "DENY" || word == "SAMEORIGIN" && !same);
    refused
        .next()
        .map(|word| format!("The app does not want to be embedded (X-Frame-Options: {word})."))
}

fn texts(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &str> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
}

/// The sources of a policy's `frame-ancestors`, if it has one.
fn ancestors(policy: &str) -> Option<Vec<&str>> {
    policy.split(';').find_map(|directive| {
        let mut words = directive.split_ascii_whitespace();
        let named = words.next()?.eq_ignore_ascii_case("frame-ancestors");
        named.then(|| words.collect())
    })
}

fn admits(source: &str, same: bool, panel: &Url) -> bool {
    match source {
        "*" => true,
        "'none'" => false,
        "'self'" => same,
        scheme if scheme.ends_with(':') => scheme.trim_end_matches(':') == panel.scheme(),
        host => {
            let (scheme, host) = host
                .split_once("://")
                .map_or((None, host), |(scheme, host)| (Some(scheme), host));
            let host = host.split('/').next().unwrap_or_default();
            let (name, port) = host
                .rsplit_once(':')
                .map_or((host, None), |(name, port)| (name, Some(port)));
            let own = panel.host_str().unwrap_or_default();
            let named = match name.strip_prefix('*') {
                Some(ending) => own.ends_with(ending),
                None => name.eq_ignore_ascii_case(own),
            };
            let port_fits = match port {
                Some("*") => true,
                Some(port) => panel
                    .port_or_known_default()
                    .is_some_and(|own| own.to_string() == port),
                None => panel.port().is_none(),
            };
            named && port_fits && scheme.is_none_or(|scheme| scheme == panel.scheme())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(headers: &[(&'static str, &'static str)], page: &str) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let panel = Url::parse("http://gpu.lan:9000/").unwrap();
        of(&map, &Url::parse(page).unwrap(), &panel).allowed
    }

    #[test]
    fn a_page_says_who_may_embed_it() {
        let (below, beside) = ("http://gpu.lan:9000/instance/a/", "http://a.gpu.lan:9000/");
        assert!(allowed(&[], beside));
        assert!(!allowed(&[("x-frame-options", "deny")], below));
        assert!(allowed(&[("x-frame-options", "SAMEORIGIN")], below));
        assert!(!allowed(&[("x-frame-options", "SAMEORIGIN")], beside));
        let policy = |text| [("content-security-policy", text)];
        assert!(!allowed(&policy("default-src *; frame-ancestors 'none'"), below));
        assert!(allowed(&policy("frame-ancestors 'self'"), below));
        assert!(!allowed(&policy("frame-ancestors 'self'"), beside));
        assert!(allowed(&policy("frame-ancestors http://gpu.lan:9000"), beside));
        assert!(allowed(&policy("frame-ancestors *"), beside));
        assert!(!allowed(&policy("frame-ancestors https://hub.example"), below));
        let both = [
            ("content-security-policy", "frame-ancestors *"),
            ("x-frame-options", "DENY"),
        ];
        assert!(allowed(&both, beside));
    }
}
