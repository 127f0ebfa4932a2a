//! The part of an address behind its question mark.

/// Keys and texts, in their order. Reads and writes what HTML forms do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `a=1&b=x+y`, with or without a question mark before it. Never fails: what makes no sense stays as it is.
    pub fn read(text: &str) -> Self {
        Self(read_pairs(text.strip_prefix('?').unwrap_or(text)))
    }

    /// The first text behind a key.
    pub fn text(&self, key: &str) -> Option<&str> {
        let (_, text) = self.0.iter().find(|(known, _)| known == key)?;
        Some(text)
    }

    /// The same with one key changed; none or an empty text = without it.
    #[must_use]
    pub fn with(mut self, key: &str, text: Option<&str>) -> Self {
        self.0.retain(|(known, _)| known != key);
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.0.push((key.to_owned(), text.to_owned()));
        }
        self
    }

    /// As part of an address, with the question mark; empty without any key.
    pub fn address(&self) -> String {
        if self.0.is_empty() {
            String::new()
        } else {
            format!("?{}", write_pairs(&self.0))
        }
    }
}

#[cfg(feature = "ssr")]
fn read_pairs(text: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

#[cfg(feature = "ssr")]
fn write_pairs(pairs: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// The browser has the same tables already.
#[cfg(not(feature = "ssr"))]
fn read_pairs(text: &str) -> Vec<(String, String)> {
    use leptos::web_sys::UrlSearchParams;
    let Ok(params) = UrlSearchParams::new_with_str(text) else {
        return Vec::new();
    };
    let mut pairs = Vec::new();
    for pair in params.entries() {
        let Ok(pair) = pair else { break };
        let pair = js_sys::Array::from(&pair);
        let side = |index| pair.get(index).as_string().unwrap_or_default();
        pairs.push((side(0), side(1)));
    }
    pairs
}

#[cfg(not(feature = "ssr"))]
fn write_pairs(pairs: &[(String, String)]) -> String {
    use leptos::web_sys::UrlSearchParams;
    let Ok(params) = UrlSearchParams::new() else {
        return String::new();
    };
    for (key, text) in pairs {
        params.append(key, text);
    }
    String::from(params.to_string())
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn reads_what_forms_write() {
        let query = Query::read("?show=running&error=a+b%26c&open=3");
        assert_eq!(query.text("error"), Some("a b&c"));
        assert_eq!(query.text("open"), Some("3"));
        assert_eq!(query.text("new"), None);
    }

    #[test]
    fn half_written_queries_lose_nothing_else() {
        let query = Query::read("a=%&b&=c&d=%zz&e=1");
        assert_eq!(query.text("e"), Some("1"));
        assert_eq!(query.text("b"), Some(""));
    }

    #[test]
    fn one_key_changes_and_the_others_stay() {
        let query = Query::read("show=running&log=3").with("log", Some("a b"));
        assert_eq!(query.address(), "?show=running&log=a+b");
        assert_eq!(query.with("log", None).with("show", Some("")).address(), "");
    }
}
