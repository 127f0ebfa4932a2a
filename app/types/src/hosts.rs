//! Host names that people give to instances.

use std::fmt;

/// The longest text, bytes.
const MAX_BYTES: usize = 255;

/// The longest part between two dots, bytes.
const LABEL_MAX_BYTES: usize = 63;

/// A checked host name as people write it into a link: `comfy.example.org`, `comfy.lan:9000`, or with a scheme
/// before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

/// Why a text is no host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidHost {
    /// There is nothing in it.
    Empty,
    /// It is longer than a name can be.
    TooLong,
    /// Something follows the name.
    Path,
    /// What stands before `://` is neither `http` nor `https`.
    Scheme,
    /// What follows the colon is no port.
    Port,
    /// It holds a character that names do not have, or two dots in a row.
    Name,
}

impl fmt::Display for InvalidHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "Write the host name that the link shall use.",
            Self::TooLong => "A host name has at most 255 characters; shorten it.",
            Self::Path => "A host name ends before the slash; leave out what follows it.",
            Self::Scheme => "Only http:// or https:// can stand before a host name.",
            Self::Port => "A port is a number from 1 to 65535, such as in comfy.example.org:8443.",
            Self::Name => {
                "A host name is made of letters, digits, dots and hyphens, such as comfy.example.org."
            }
        })
    }
}

impl std::error::Error for InvalidHost {}

impl HostName {
    /// Checks a name; blanks at both ends are dropped.
    pub fn new(text: &str) -> Result<Self, InvalidHost> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidHost::Empty);
        }
        if text.len() > MAX_BYTES {
            return Err(InvalidHost::TooLong);
        }
        let host = match text.split_once("://") {
            Some(("http" | "https", host)) => host,
            Some(_) => return Err(InvalidHost::Scheme),
            None => text,
        };
        if host.contains('/') {
            return Err(InvalidHost::Path);
        }
        check(host)?;
        Ok(Self(text.to_owned()))
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name or an address, and perhaps a port.
fn check(host: &str) -> Result<(), InvalidHost> {
    if let Some(rest) = host.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or(InvalidHost::Name)?;
        if !looks_like_ipv6(address) {
            return Err(InvalidHost::Name);
        }
        return match port.strip_prefix(':') {
            Some(port) => check_port(port),
            None if port.is_empty() => Ok(()),
            None => Err(InvalidHost::Port),
        };
    }
    let name = match host.split_once(':') {
        Some((name, port)) => {
            check_port(port)?;
            name
        }
        None => host,
    };
    let labels = name.strip_suffix('.').unwrap_or(name).split('.');
    if labels.into_iter().all(is_label) {
        Ok(())
    } else {
        Err(InvalidHost::Name)
    }
}

/// Groups of hexadecimal digits between colons. The standard library's reader would weigh several kB in browsers.
fn looks_like_ipv6(address: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.';
    address.contains(':') && address.bytes().all(is_part)
}

fn check_port(text: &str) -> Result<(), InvalidHost> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u16>() {
        Ok(1..) if is_number => Ok(()),
        _ => Err(InvalidHost::Port),
    }
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_MAX_BYTES).contains(&label.len())
        && !label.starts_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_taken_as_they_are() {
        for text in [
            "comfy.example.org",
            "comfy.example.org.",
            "gpu_box",
            "https://host:8443",
            "http://Comfy.lan",
            "[::1]:9000",
            "[::1]",
            "192.168.1.2",
        ] {
            assert_eq!(HostName::new(text).unwrap().as_str(), text);
        }
        assert_eq!(HostName::new(" comfy.lan ").unwrap().as_str(), "comfy.lan");
    }

    #[test]
    fn what_is_no_name_is_refused_with_the_reason() {
        for (text, why) in [
            ("", InvalidHost::Empty),
            ("a b", InvalidHost::Name),
            ("a..b", InvalidHost::Name),
            ("-a", InvalidHost::Name),
            ("<img>", InvalidHost::Name),
            ("modèle.lan", InvalidHost::Name),
            ("[::g]", InvalidHost::Name),
            ("https://", InvalidHost::Name),
            ("host/path", InvalidHost::Path),
            ("ftp://host", InvalidHost::Scheme),
            ("host:0", InvalidHost::Port),
            ("host:+1", InvalidHost::Port),
            ("host:70000", InvalidHost::Port),
            ("a:b:c", InvalidHost::Port),
            ("[::1]9000", InvalidHost::Port),
            ("javascript:alert(1)//", InvalidHost::Path),
        ] {
            assert_eq!(HostName::new(text), Err(why), "{text}");
        }
        assert_eq!(HostName::new(&"a.".repeat(200)), Err(InvalidHost::TooLong));
        assert_eq!(HostName::new(&"a".repeat(64)), Err(InvalidHost::Name));
    }
}
