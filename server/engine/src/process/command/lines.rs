//! Bytes to lines of bounded length.

/// The longest line that is told at once, bytes.
pub(super) const LONGEST: usize = 8 * 1024;

/// Collects a line until it is whole. A carriage return ends one too: it shows the next state of a progress bar.
#[derive(Default)]
pub(super) struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    pub(super) fn take(&mut self, bytes: &[u8], mut each: impl FnMut(&str)) {
        for piece in bytes.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let (text, is_whole) = match piece.split_last() {
                Some((b'\n' | b'\r', text)) => (text, true),
                _ => (piece, false),
            };
            self.add(text, &mut each);
            if is_whole {
                self.tell(piece.ends_with(b"\n"), &mut each);
            }
        }
    }

    /// What is left when nothing more comes.
    pub(super) fn finish(&mut self, mut each: impl FnMut(&str)) {
        self.tell(false, &mut each);
    }

    fn add(&mut self, mut text: &[u8], each: &mut impl FnMut(&str)) {
        while self.begun.len() + text.len() > LONGEST {
            let (now, later) = text.split_at(LONGEST - self.begun.len());
            self.begun.extend_from_slice(now);
            let cut = whole_characters(&self.begun);
            let rest = self.begun.split_off(cut);
            self.tell(true, each);
            self.begun = rest;
            text = later;
        }
        self.begun.extend_from_slice(text);
    }

    fn tell(&mut self, even_empty: bool, each: &mut impl FnMut(&str)) {
        if even_empty || !self.begun.is_empty() {
            each(&String::from_utf8_lossy(&self.begun));
        }
        self.begun.clear();
    }
}

/// How many of the bytes end at the end of a character; all, where they are no text.
fn whole_characters(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => error.valid_up_to(),
        _ => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pieces: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut told) = (Lines::default(), Vec::new());
        for piece in pieces {
            lines.take(piece, |line| told.push(line.to_owned()));
        }
        lines.finish(|line| told.push(line.to_owned()));
        told
    }

    #[test]
    fn lines_come_whole_however_they_are_cut() {
        assert_eq!(
            told(&[b"on", b"e\ntw", b"o\n\nthree"]),
            ["one", "two", "", "three"]
        );
        assert_eq!(told(&[b"10%\r20%\rdone\n"]), ["10%", "20%", "done"]);
        assert_eq!(
            told(&["gr\u{f6}".as_bytes(), b"\xc3", b"\x9fe\n"]),
            ["gr\u{f6}\u{df}e"]
        );
    }

    #[test]
    fn an_endless_line_comes_in_pieces_of_whole_characters() {
        let line = "\u{e4}".repeat(LONGEST);
        let told = told(&[b"x".as_slice(), line.as_bytes()]);
        assert!(told.iter().all(|piece| piece.len() <= LONGEST));
        assert_eq!(told.concat(), format!("x{line}"));
    }
}
