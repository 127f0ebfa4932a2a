//! Terminal escapes: colours become styles, everything else is dropped.

use std::borrow::Cow;

/// How text looks; carried from line to line like a terminal does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Style {
    /// Letters.
    pub(crate) fg: Color,
    /// Background.
    pub(crate) bg: Color,
    flags: u8,
}

/// A colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Color {
    /// The theme's.
    #[default]
    Default,
    /// One of the 16 named ones.
    Named(u8),
    /// Exactly this.
    Rgb(u8, u8, u8),
}

/// One bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Flag {
    Bold = 1,
    Dim = 2,
    Italic = 4,
    Underline = 8,
    Inverse = 16,
    Strike = 32,
}

impl Style {
    /// Whether a flag is set.
    pub(crate) fn has(self, flag: Flag) -> bool {
        self.flags & flag as u8 != 0
    }

    fn set(&mut self, flag: Flag, on: bool) {
        if on {
            self.flags |= flag as u8;
        } else {
            self.flags &= !(flag as u8);
        }
    }

    /// Applies the parameters between `ESC [` and `m`.
    fn apply(&mut self, parameters: &str) {
        let mut parts = parameters.split(';');
        while let Some(part) = parts.next() {
            let mut fields = part.split(':');
            let Ok(code) = number(fields.next().unwrap_or_default()) else {
                continue;
            };
            match code {
                38 | 48 => {
                    let color = if part.contains(':') {
                        colon_color(fields)
                    } else {
                        extended_color(&mut parts)
                    };
                    if let Some(color) = color {
                        *(if code == 38 { &mut self.fg } else { &mut self.bg }) = color;
                    }
                }
                4 => self.set(Flag::Underline, fields.next() != Some("0")),
                _ => self.apply_code(code),
            }
        }
    }

    fn apply_code(&mut self, code: u8) {
        match code {
            0 => *self = Self::default(),
            1 => self.set(Flag::Bold, true),
            2 => self.set(Flag::Dim, true),
            3 => self.set(Flag::Italic, true),
            7 => self.set(Flag::Inverse, true),
            9 => self.set(Flag::Strike, true),
            21 | 22 => {
                self.set(Flag::Bold, false);
                self.set(Flag::Dim, false);
            }
            23 => self.set(Flag::Italic, false),
            24 => self.set(Flag::Underline, false),
            27 => self.set(Flag::Inverse, false),
            29 => self.set(Flag::Strike, false),
            30..=37 => self.fg = Color::Named(code - 30),
            39 => self.fg = Color::Default,
            40..=47 => self.bg = Color::Named(code - 40),
            49 => self.bg = Color::Default,
            90..=97 => self.fg = Color::Named(code - 90 + 8),
            100..=107 => self.bg = Color::Named(code - 100 + 8),
            _ => {}
        }
    }
}

/// An empty parameter means 0.
fn number(text: &str) -> Result<u8, std::num::ParseIntError> {
    if text.is_empty() { Ok(0) } else { text.parse() }
}

/// `38;5;n` and `38;2;r;g;b`.
fn extended_color<'a>(parts: &mut impl Iterator<Item = &'a str>) -> Option<Color> {
    let mut next = || parts.next().and_then(|part| number(part).ok());
    match next()? {
        5 => next().map(palette),
        2 => Some(Color::Rgb(next()?, next()?, next()?)),
        _ => None,
    }
}

/// `38:5:n`, `38:2:r:g:b` and `38:2::r:g:b`.
fn colon_color<'a>(fields: impl Iterator<Item = &'a str>) -> Option<Color> {
    let fields: Vec<u8> = fields.map(|field| number(field).unwrap_or_default()).collect();
    match fields.as_slice() {
        [5, index, ..] => Some(palette(*index)),
        [2, .., r, g, b] => Some(Color::Rgb(*r, *g, *b)),
        _ => None,
    }
}

/// The palette of 256 colours: 16 named, a cube of 6x6x6, 24 greys.
fn palette(index: u8) -> Color {
    match index {
        0..=15 => Color::Named(index),
        16..=231 => {
            let level = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let cube = index - 16;
            Color::Rgb(level(cube / 36), level(cube / 6 % 6), level(cube % 6))
        }
        232..=255 => {
            let grey = 8 + 10 * (index - 232);
            Color::Rgb(grey, grey, grey)
        }
    }
}

/// A stretch of text in one style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span<'a> {
    /// Without escapes.
    pub(crate) text: &'a str,
    /// How it looks.
    pub(crate) style: Style,
}

/// The visible stretches of a line that begins in `style`.
pub(crate) fn spans(line: &str, mut style: Style) -> Vec<Span<'_>> {
    let mut spans = Vec::new();
    for token in tokens(line) {
        match token {
            Token::Text(text) => spans.push(Span { text, style }),
            Token::Style(parameters) => style.apply(parameters),
        }
    }
    spans
}

/// The style after a line.
pub(crate) fn style_after(line: &str, mut style: Style) -> Style {
    if has_escapes(line) {
        for token in tokens(line) {
            if let Token::Style(parameters) = token {
                style.apply(parameters);
            }
        }
    }
    style
}

/// A line without escapes.
pub(crate) fn plain(line: &str) -> Cow<'_, str> {
    if !has_escapes(line) {
        return Cow::Borrowed(line);
    }
    tokens(line)
        .filter_map(|token| match token {
            Token::Text(text) => Some(text),
            Token::Style(_) => None,
        })
        .collect::<String>()
        .into()
}

fn has_escapes(line: &str) -> bool {
    hidden_at(line.as_bytes()).is_some()
}

/// The first byte that is not shown: a control character of C0 or C1.
fn hidden_at(bytes: &[u8]) -> Option<usize> {
    bytes.iter().enumerate().position(|(index, byte)| match byte {
        b'\t' => false,
        0..=0x1f | 0x7f => true,
        0xc2 => bytes
            .get(index + 1)
            .is_some_and(|next| (0x80..=0x9f).contains(next)),
        _ => false,
    })
}

enum Token<'a> {
    Text(&'a str),
    Style(&'a str),
}

fn tokens(line: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = line;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            match hidden_at(rest.as_bytes()) {
                Some(0) => {
                    let (style, after) = escape(rest);
                    rest = after;
                    if style.is_some() {
                        return style.map(Token::Style);
                    }
                }
                end => {
                    let (text, after) = rest.split_at(end.unwrap_or(rest.len()));
                    rest = after;
                    return Some(Token::Text(text));
                }
            }
        }
        None
    })
}

/// Takes one control character or sequence off the front; its parameters when it sets a style.
fn escape(text: &str) -> (Option<&str>, &str) {
    let bytes = text.as_bytes();
    match (bytes[0], bytes.get(1)) {
        (0x1b, Some(b'[')) | (0xc2, Some(0x9b)) => control_sequence(text, 2),
        (0x1b, Some(b']' | b'P' | b'X' | b'^' | b'_')) => (None, after_string(text)),
        (0x1b, Some(b' '..=b'/')) => {
            let end = bytes[1..].iter().position(|byte| !(b' '..=b'/').contains(byte));
            (None, after(text, end.map_or(bytes.len(), |end| end + 2)))
        }
        (0x1b, Some(_)) | (0xc2, _) => (None, after(text, 2)),
        _ => (None, after(text, 1)),
    }
}

/// `ESC [`, parameters, a letter.
fn control_sequence(text: &str, start: usize) -> (Option<&str>, &str) {
    let is_final = |byte: &u8| !(b' '..=b'?').contains(byte);
    match text.as_bytes()[start..].iter().position(is_final) {
        None => (None, ""),
        Some(length) => {
            let end = start + length;
            let is_style = text.as_bytes()[end] == b'm';
            let parameters = text.get(start..end).filter(|parameters| {
                is_style
                    && parameters
                        .bytes()
                        .all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':'))
            });
            (parameters, after(text, end + 1))
        }
    }
}

/// Behind a string such as a link's address; it ends with BEL or `ESC \`.
fn after_string(text: &str) -> &str {
    let bell = text.find('\u{7}').map(|at| at + 1);
    let mut pairs = text.as_bytes()[1..].windows(2);
    let terminator = pairs.position(|pair| pair == b"\x1b\\").map(|at| at + 3);
    match bell.into_iter().chain(terminator).min() {
        Some(end) => after(text, end),
        None => "",
    }
}

/// The text from byte `at`, or from the next whole character.
fn after(text: &str, at: usize) -> &str {
    let at = (at..=text.len()).find(|at| text.is_char_boundary(*at));
    at.map_or("", |at| &text[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Style {
        let spans = spans(line, Style::default());
        assert_eq!(spans.len(), 1, "{spans:?}");
        assert_eq!(spans[0].text, "x");
        spans[0].style
    }

    #[test]
    fn named_colours_of_both_brightnesses_are_read() {
        assert_eq!(one("\u{1b}[31mx").fg, Color::Named(1));
        assert_eq!(one("\u{1b}[1;92mx").fg, Color::Named(10));
        assert_eq!(one("\u{1b}[44mx").bg, Color::Named(4));
        assert!(one("\u{1b}[1mx").has(Flag::Bold));
        assert_eq!(one("\u{1b}[31m\u{1b}[mx"), Style::default());
    }

    #[test]
    fn colours_of_the_palette_and_true_colours_are_read() {
        assert_eq!(one("\u{1b}[38;5;9mx").fg, Color::Named(9));
        assert_eq!(one("\u{1b}[38;5;208mx").fg, Color::Rgb(255, 135, 0));
        assert_eq!(one("\u{1b}[38;5;255mx").fg, Color::Rgb(238, 238, 238));
        assert_eq!(one("\u{1b}[48;2;1;2;3mx").bg, Color::Rgb(1, 2, 3));
        assert_eq!(one("\u{1b}[38:2::1:2:3mx").fg, Color::Rgb(1, 2, 3));
        assert_eq!(one("\u{1b}[38;2;1;2;3;4mx").fg, Color::Rgb(1, 2, 3));
    }

    #[test]
    fn other_escapes_leave_no_trace() {
        for line in [
            "\u{1b}[2K\u{1b}[1Ax",
            "\u{1b}]0;title\u{7}x",
            "\u{1b}]8;;http://a/\u{1b}\\x\u{1b}]8;;\u{1b}\\",
            "\u{1b}(Bx",
            "\u{1b}[?25lx",
            "\u{9b}Kx",
            "\u{0}\u{8}x",
            "\u{1b}7x",
            "x\u{1b}",
            "x\u{1b}[31",
        ] {
            assert_eq!(plain(line), "x", "{line:?}");
        }
    }

    #[test]
    fn nothing_in_a_line_can_break_the_reader() {
        let pieces = [
            "\u{1b}", "[", "]", "é", "\u{9b}", "m", "38;5", "\u{1b}\\", "P", " ", "🙂", "\u{85}",
        ];
        for a in pieces {
            for b in pieces {
                for c in pieces {
                    let line = format!("{a}{b}{c}");
                    let _ = (plain(&line), spans(&line, Style::default()));
                }
            }
        }
    }

    #[test]
    fn a_style_goes_on_in_the_next_line() {
        let style = style_after("\u{1b}[33mwarned", Style::default());
        assert_eq!(style.fg, Color::Named(3));
        assert_eq!(style_after("plain", style), style);
        assert_eq!(spans("more\u{1b}[0m", style)[0].style, style);
    }
}
