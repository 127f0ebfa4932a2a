//! Bytes to text, in pieces, without cutting a character in two.

/// Holds back the beginning of a character until the rest of it comes.
#[derive(Debug, Default)]
pub(super) struct Characters {
    held: Vec<u8>,
}

impl Characters {
    /// Bytes held back.
    pub(super) fn waiting(&self) -> usize {
        self.held.len()
    }

    /// The whole characters of what was held back and `bytes`; what is no character becomes U+FFFD.
    pub(super) fn take(&mut self, bytes: &[u8]) -> String {
        self.held.extend_from_slice(bytes);
        let mut text = String::with_capacity(self.held.len());
        let mut rest = self.held.as_slice();
        loop {
            let (valid, bad) = match std::str::from_utf8(rest) {
                Ok(valid) => (valid, None),
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    // Checked by `from_utf8` just now, so this never falls back.
                    (
                        std::str::from_utf8(valid).unwrap_or_default(),
                        Some((after, error.error_len())),
                    )
                }
            };
            text.push_str(valid);
            match bad {
                Some((after, Some(length))) => {
                    text.push(char::REPLACEMENT_CHARACTER);
                    rest = &after[length..];
                }
                Some((after, None)) => {
                    self.held = after.to_vec();
                    return text;
                }
                None => {
                    self.held.clear();
                    return text;
                }
            }
        }
    }

    /// What is left when nothing more comes.
    pub(super) fn finish(&mut self) -> String {
        String::from_utf8_lossy(&std::mem::take(&mut self.held)).into_owned()
    }
}

/// How many bytes at the beginning are the end of a character that began before.
pub(super) fn skip_partial(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take(3)
        .take_while(|byte| (0x80..0xc0).contains(*byte))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_cut_in_two_comes_out_whole() {
        let mut characters = Characters::default();
        let bytes = "a€b".as_bytes();
        assert_eq!(characters.take(&bytes[..2]), "a");
        assert_eq!(characters.waiting(), 1);
        assert_eq!(characters.take(&bytes[2..]), "€b");
        assert_eq!(characters.waiting(), 0);
    }

    #[test]
    fn invalid_bytes_become_replacement_characters() {
        let mut characters = Characters::default();
        assert_eq!(characters.take(b"a\xff\xfeb\rc"), "a\u{fffd}\u{fffd}b\rc");
        assert_eq!(characters.take(b"\xe2\x82"), "");
        assert_eq!(characters.finish(), "\u{fffd}");
    }

    #[test]
    fn the_end_of_a_character_is_skipped() {
        assert_eq!(skip_partial(&"€x".as_bytes()[1..]), 2);
        assert_eq!(skip_partial(b"x"), 0);
    }
}
