//! Which cookies on an app's own host are the app's.
//!
//! # How it works
//! Browsers send a cookie that a script set for a whole site (`document.cookie = "…; Domain=gpu.lan"`) to every name
//! of that site, and nothing in the request tells such a cookie from one of the name's own. So beside each cookie
//! that an app sets by a header, a second one is set, which no script can read: its *mark*, an HMAC-SHA-256 (RFC 2104)
//! over the app, the cookie's name and its value. On the way back, the app is given the cookies whose marks fit, and
//! no others; nothing has to be remembered, and it holds beyond a restart of the panel.
//!
//! An app whose own scripts set cookies for its server says so in its blueprint (`aikore.script_cookies = yes`), and
//! gets every cookie that bears no mark.

use std::borrow::Cow;
use std::fmt::Write as _;

use ring::hmac;
use types::instances::InstanceId;

/// Begins the names of marks.
const PREFIX: &str = "aikore_mark_";

/// Makes and checks marks.
pub(crate) struct Marks(hmac::Key);

/// A name and a value.
type Cookie<'a> = (&'a [u8], &'a [u8]);

impl Marks {
    /// Marks of a panel's own key.
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The cookie beside `cookie`, which an app sets: same path, same age, out of reach for scripts.
    pub(super) fn beside(&self, app: InstanceId, cookie: &str) -> String {
        let (pair, attributes) = cookie.split_once(';').unwrap_or((cookie, ""));
        let bytes = bytes_of(pair);
        let (name, value) = split(&bytes);
        let name = String::from_utf8_lossy(name);
        let mut mark = format!("{PREFIX}{name}=");
        let tag = hmac::sign(&self.0, &message(app, (name.as_bytes(), value)));
        for byte in tag.as_ref() {
            let _ = write!(mark, "{byte:02x}");
        }
        let kept = attributes
            .split(';')
            .map(str::trim)
            .filter(|part| !part.is_empty() && !part.eq_ignore_ascii_case("httponly"));
        for part in kept.chain(["HttpOnly"]) {
            let _ = write!(mark, "; {part}");
        }
        mark
    }

    /// Of the cookies of a request to an app's own host, those the app may have.
    pub(super) fn own<'a>(&self, app: InstanceId, pairs: Vec<&'a [u8]>, from_scripts: bool) -> Vec<&'a [u8]> {
        let (marks, cookies): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|pair| is_mark(&name_of(pair)));
        let marks: Vec<Cookie<'_>> = marks.into_iter().map(split).collect();
        cookies
            .into_iter()
            .filter(|pair| {
                let cookie = split(pair);
                let mut its = marks
                    .iter()
                    .filter(|(name, _)| name.strip_prefix(PREFIX.as_bytes()) == Some(cookie.0))
                    .peekable();
                // Another app's mark never fits, so a marked cookie of the same name stays refused.
                (from_scripts && its.peek().is_none()) || its.any(|(_, tag)| self.fits(app, cookie, tag))
            })
            .collect()
    }

    fn fits(&self, app: InstanceId, cookie: Cookie<'_>, tag: &[u8]) -> bool {
        let digits = tag.chunks_exact(2).map(std::str::from_utf8);
        let bytes: Option<Vec<u8>> = digits
            .map(|pair| u8::from_str_radix(pair.ok()?, 16).ok())
            .collect();
        bytes.is_some_and(|tag| hmac::verify(&self.0, &message(app, cookie), &tag).is_ok())
    }
}

/// Whether a cookie is a mark.
pub(super) fn is_mark(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// The name of a cookie as the browser sends it.
pub(super) fn name_of(pair: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(split(pair).0)
}

/// Its length before the name: where one ends and the other begins is part of what is marked.
fn message(app: InstanceId, (name, value): Cookie<'_>) -> Vec<u8> {
    let mut message = app.0.to_be_bytes().to_vec();
    message.extend_from_slice(&name.len().to_be_bytes());
    message.extend_from_slice(name);
    message.extend_from_slice(value);
    message
}

/// As browsers do (RFC 6265, 5.2): at the first equals sign, without the spaces around either; a cookie without the
/// sign is a value without a name.
fn split(pair: &[u8]) -> Cookie<'_> {
    match memchr::memchr(b'=', pair) {
        Some(place) => (pair[..place].trim_ascii(), pair[place + 1..].trim_ascii()),
        None => (&[], pair.trim_ascii()),
    }
}

/// The bytes behind letters that stand for one byte each (`response.rs`).
fn bytes_of(letters: &str) -> Vec<u8> {
    letters
        .chars()
        .map(|letter| u8::try_from(letter).unwrap_or(b'?'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: InstanceId = InstanceId(1);
    const OTHER: InstanceId = InstanceId(2);

    /// What a browser sends back of a cookie: name and value.
    fn sent(cookie: &str) -> &str {
        cookie.split(';').next().unwrap()
    }

    fn given<'a>(app: InstanceId, from_scripts: bool, pairs: &[&'a str]) -> Vec<&'a str> {
        let marks = Marks::new(&[7; 32]);
        let pairs = pairs.iter().map(|pair| pair.as_bytes()).collect();
        let own = marks.own(app, pairs, from_scripts);
        own.into_iter()
            .map(|pair| std::str::from_utf8(pair).unwrap())
            .collect()
    }

    #[test]
    fn an_app_gets_what_it_set_and_nothing_else() {
        let mark = Marks::new(&[7; 32]).beside(APP, "id=a=b; Path=/x; HttpOnly; Secure");
        assert!(mark.ends_with("; Path=/x; Secure; HttpOnly"), "{mark}");
        let mark = sent(&mark);
        assert_eq!(given(APP, false, &["id=a=b", "other=1", mark]), ["id=a=b"]);
        assert_eq!(given(APP, false, &["id=stolen", "id=a=b", mark]), ["id=a=b"]);
        assert!(given(OTHER, false, &["id=a=b", mark]).is_empty());
        assert!(given(APP, false, &["id=a=b"]).is_empty());
    }

    #[test]
    fn what_scripts_set_reaches_who_says_so_unless_a_mark_speaks_against_it() {
        let mark = Marks::new(&[7; 32]).beside(APP, "id=1");
        let pairs = ["id=1", "id=2", "script=1", sent(&mark)];
        assert_eq!(given(APP, true, &pairs), ["id=1", "script=1"]);
        assert_eq!(given(OTHER, true, &pairs), ["script=1"]);
    }

    #[test]
    fn odd_marks_and_cookies_harm_nothing() {
        for odd in [
            "aikore_mark_id=",
            "aikore_mark_id=zz",
            "aikore_mark_id=é0",
            "aikore_mark_id",
            "aikore_mark_=",
        ] {
            assert!(
                given(APP, false, &["id=1", odd, "=", "plain"]).is_empty(),
                "{odd}"
            );
        }
        let nameless = Marks::new(&[7; 32]).beside(APP, "plain; Path=/");
        assert_eq!(given(APP, false, &["plain", sent(&nameless)]), ["plain"]);
    }
}
