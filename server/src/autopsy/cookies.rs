//! What browsers make of a cookie.

use types::autopsy::Cookie;
use url::Url;

/// A cookie set at an address by an app whose addresses all begin with `scope`, and its value.
pub(super) fn read(text: &str, url: &Url, scope: &str) -> (Cookie, String) {
    let mut parts = text.split(';').map(str::trim);
    let (name, value) = pair(parts.next().unwrap_or_default());
    let mut cookie = Cookie {
        name: name.to_owned(),
        path: None,
        domain: None,
        same_site: None,
        secure: false,
        problem: String::new(),
    };
    for (name, value) in parts.map(pair) {
        match name.to_ascii_lowercase().as_str() {
            "path" => cookie.path = Some(value.to_owned()),
            "domain" => cookie.domain = Some(value.trim_start_matches('.').to_ascii_lowercase()),
            "samesite" => cookie.same_site = Some(value.to_owned()),
            "secure" => cookie.secure = true,
            _ => {}
        }
    }
    cookie.problem = problem(&cookie, url, scope).unwrap_or_default();
    (cookie, value.to_owned())
}

fn pair(part: &str) -> (&str, &str) {
    let (name, value) = part.split_once('=').unwrap_or((part, ""));
    (name.trim(), value.trim())
}

fn problem(cookie: &Cookie, url: &Url, scope: &str) -> Option<String> {
    let host = url.host_str().unwrap_or_default();
    if let Some(domain) = &cookie.domain
        && host != domain
        && !host.ends_with(&format!(".{domain}"))
    {
        return Some(format!("It is for the host {domain}, so browsers refuse it."));
    }
    let is_local = host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.");
    if cookie.secure && url.scheme() == "http" && !is_local {
        return Some("It is only for https, and this page comes over http: browsers refuse it.".to_owned());
    }
    let crosses = cookie.same_site.as_deref();
    if crosses.is_some_and(|site| site.eq_ignore_ascii_case("none")) && !cookie.secure {
        return Some(
            "It is for other sites' pages (SameSite=None) without Secure: browsers refuse it.".to_owned(),
        );
    }
    if let Some(path) = &cookie.path
        && path.starts_with('/')
        && !below(scope, path)
        && !below(path, scope)
    {
        return Some(format!(
            "It is for {path}, outside of {scope}: browsers never send it to the app."
        ));
    }
    None
}

/// Whether a path lies below another, or is it.
fn below(path: &str, parent: &str) -> bool {
    let parent = parent.trim_end_matches('/');
    path.strip_prefix(parent)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem_of(text: &str, url: &str, scope: &str) -> String {
        read(text, &Url::parse(url).unwrap(), scope).0.problem
    }

    #[test]
    fn cookies_are_judged_as_browsers_do() {
        let (page, scope) = ("http://gpu.lan:9000/instance/a/", "/instance/a/");
        for fine in [
            "a=1",
            "a=1; Path=/",
            "a=1; Path=/instance/a",
            "a=1; path=/instance/a/api; HttpOnly; SameSite=Lax",
            "a=1; Domain=gpu.lan",
        ] {
            assert_eq!(problem_of(fine, page, scope), "", "{fine}");
        }
        for (text, word) in [
            ("a=1; Path=/lab", "outside"),
            ("a=1; Path=/instance/ab", "outside"),
            ("a=1; Secure", "https"),
            ("a=1; Domain=other.lan", "other.lan"),
            ("a=1; SameSite=None", "SameSite"),
        ] {
            let problem = problem_of(text, page, scope);
            assert!(problem.contains(word), "{text}: {problem}");
        }
        assert_eq!(problem_of("a=1; Secure", "http://localhost:9000/", "/"), "");
    }
}
