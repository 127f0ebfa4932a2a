//! Looks at the raw heads of requests for what hyper does not show.
//!
//! A head with both `Content-Length` and `Transfer-Encoding` is how requests are smuggled past proxies. Hyper
//! takes the encoding and drops the length before anybody sees it, so this looks at the bytes on their way to
//! hyper. It follows them only as far as it needs to find the next head, and decides nothing about framing: if
//! the two ever disagreed, hyper's reading counts, and a connection with a chunked request is closed after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// As much of a line as is looked at: the two names, and the digits of a length.
const LINE: usize = 64;

/// Set when a head had two lengths; the connection's requests look at it.
#[derive(Clone, Debug, Default)]
pub(crate) struct TwoLengths(Arc<AtomicBool>);

impl TwoLengths {
    pub(crate) fn seen(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

pub(super) struct Heads {
    at: At,
    /// The beginning of a line that is not complete yet.
    begun: Vec<u8>,
    head: Head,
    two_lengths: TwoLengths,
}

enum At {
    Head,
    /// So many bytes of a body are still to come.
    Body(u64),
    /// No head can follow that is read as one.
    Blind,
}

#[derive(Default)]
struct Head {
    lines: bool,
    length: Option<u64>,
    has_length: bool,
    is_encoded: bool,
}

impl Heads {
    pub(super) fn new(two_lengths: TwoLengths) -> Self {
        Self {
            at: At::Head,
            begun: Vec::new(),
            head: Head::default(),
            two_lengths,
        }
    }

    /// Looks at the next bytes.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match &mut self.at {
                At::Blind => return,
                At::Body(left) => {
                    let skipped = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= skipped as u64;
                    bytes = &bytes[skipped..];
                    if *left == 0 {
                        self.at = At::Head;
                    }
                }
                At::Head => bytes = self.line(bytes),
            }
        }
    }

    /// Takes one line, or what there is of it; returns what follows.
    fn line<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            let room = LINE.saturating_sub(self.begun.len()).min(bytes.len());
            self.begun.extend_from_slice(&bytes[..room]);
            return &[];
        };
        let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
        let over = if self.begun.is_empty() {
            self.head.read(line)
        } else {
            let room = LINE.saturating_sub(self.begun.len()).min(line.len());
            self.begun.extend_from_slice(&line[..room]);
            let line = std::mem::take(&mut self.begun);
            self.head.read(&line)
        };
        if over {
            self.next();
        }
        rest
    }

    /// A head is complete.
    fn next(&mut self) {
        let head = std::mem::take(&mut self.head);
        // Nor can what follows a length that could not be read be trusted to have one only.
        let is_lost = head.has_length && head.length.is_none();
        if head.is_encoded && head.has_length || is_lost {
            self.two_lengths.0.store(true, Ordering::Relaxed);
        }
        self.at = match head.length {
            _ if head.is_encoded => At::Blind,
            Some(0) => At::Head,
            Some(length) => At::Body(length),
            None if head.has_length => At::Blind,
            None => At::Head,
        };
    }
}

impl Head {
    /// Reads a line; whether it was the empty one after a head.
    fn read(&mut self, line: &[u8]) -> bool {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return self.lines;
        }
        self.lines = true;
        if let Some(value) = after_name(line, b"content-length:") {
            self.has_length = true;
            let digits = value.trim_ascii();
            self.length = str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        } else if after_name(line, b"transfer-encoding:").is_some() {
            self.is_encoded = true;
        }
        false
    }
}

fn after_name<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (begin, value) = line.split_at_checked(name.len())?;
    begin.eq_ignore_ascii_case(name).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether two lengths are seen, however the bytes are cut.
    fn seen(text: &str) -> bool {
        let results: Vec<bool> = [1, 2, 3, 7, 64, text.len()]
            .into_iter()
            .map(|size| {
                let two_lengths = TwoLengths::default();
                let mut heads = Heads::new(two_lengths.clone());
                for piece in text.as_bytes().chunks(size) {
                    heads.pass(piece);
                }
                two_lengths.seen()
            })
            .collect();
        assert!(
            results.iter().all(|result| *result == results[0]),
            "{text}: {results:?}"
        );
        results[0]
    }

    #[test]
    fn two_lengths_are_seen_in_any_order_and_case() {
        // Longer than what is kept of a line that comes in pieces.
        let padded = format!(
            "POST / HTTP/1.1\r\nContent-Length:{}0\r\n\r\n\
             POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            " ".repeat(100)
        );
        for head in [
            "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\ntransfer-ENCODING:chunked\r\nHost: a\r\nCONTENT-length:5\r\n\r\n",
            "POST / HTTP/1.1\nContent-Length: 5\nTransfer-Encoding: chunked\n\n",
            "\r\n\r\nPOST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\nPOST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            &padded,
            "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcPOST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
        ] {
            assert!(seen(head), "{head}");
        }
    }

    #[test]
    fn what_bodies_say_does_not_count() {
        for request in [
            "POST / HTTP/1.1\r\nContent-Length: 54\r\n\r\n\r\n\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n..",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nx\r\n\r\nContent-Length: 1\r\n\r\n",
            "GET / HTTP/1.1\r\nX-Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST /a HTTP/1.1\r\nContent-Length: 1\r\n\r\nxPOST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            assert!(!seen(request), "{request}");
        }
    }
}
