//! A line as HTML: the only place where log text becomes markup.

use std::fmt::Write;
use std::ops::Range;

use super::ansi::{self, Color, Flag, Style};
use super::lines::Shown;

/// The inside of a line's element. `marks` are byte ranges of the text without escapes.
pub(crate) fn line(shown: &Shown<'_>, marks: &[Range<usize>], current: Option<usize>) -> String {
    let mut html = String::with_capacity(shown.text.len() + 16);
    let mut at = 0;
    for span in ansi::spans(shown.text, shown.style) {
        let end = at + span.text.len();
        let styled = open(&mut html, span.style);
        let mut from = at;
        for (index, mark) in marks.iter().enumerate() {
            let (start, stop) = (mark.start.max(from), mark.end.min(end));
            if start >= stop {
                continue;
            }
            escape(
                &mut html,
                span.text.get(from - at..start - at).unwrap_or_default(),
            );
            html.push_str(if current == Some(index) {
                "<mark class=\"is-current\">"
            } else {
                "<mark>"
            });
            escape(
                &mut html,
                span.text.get(start - at..stop - at).unwrap_or_default(),
            );
            html.push_str("</mark>");
            from = stop;
        }
        escape(&mut html, span.text.get(from - at..).unwrap_or_default());
        if styled {
            html.push_str("</span>");
        }
        at = end;
    }
    html
}

fn escape(html: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            c => html.push(c),
        }
    }
}

/// Opens an element for a style that differs from the line's; says whether it did.
fn open(html: &mut String, style: Style) -> bool {
    if style == Style::default() {
        return false;
    }
    let (fg, bg) = if style.has(Flag::Inverse) {
        (style.bg, style.fg)
    } else {
        (style.fg, style.bg)
    };
    let inverse_default = style.has(Flag::Inverse);
    let mut classes = String::new();
    let mut css = String::new();
    match fg {
        Color::Named(index) => classes.push_str(NAMES[usize::from(index % 16)].0),
        Color::Rgb(r, g, b) => {
            let _ = write!(css, "color:#{r:02x}{g:02x}{b:02x};");
        }
        Color::Default if inverse_default => classes.push_str("a-under"),
        Color::Default => {}
    }
    match bg {
        Color::Named(index) => {
            let _ = write!(classes, " {}", NAMES[usize::from(index % 16)].1);
        }
        Color::Rgb(r, g, b) => {
            let _ = write!(css, "background:#{r:02x}{g:02x}{b:02x};");
        }
        Color::Default if inverse_default => classes.push_str(" a-on-text"),
        Color::Default => {}
    }
    for (flag, class) in FLAGS {
        if style.has(flag) {
            let _ = write!(classes, " {class}");
        }
    }
    html.push_str("<span");
    if !classes.is_empty() {
        let _ = write!(html, " class=\"{}\"", classes.trim());
    }
    if !css.is_empty() {
        let _ = write!(html, " style=\"{css}\"");
    }
    html.push('>');
    true
}

/// Classes of the named colours as letters and as background; the bright eight look like the others.
const NAMES: [(&str, &str); 16] = [
    ("a-black", "a-on-black"),
    ("a-red", "a-on-red"),
    ("a-green", "a-on-green"),
    ("a-yellow", "a-on-yellow"),
    ("a-blue", "a-on-blue"),
    ("a-magenta", "a-on-magenta"),
    ("a-cyan", "a-on-cyan"),
    ("a-white", "a-on-white"),
    ("a-dim", "a-on-black"),
    ("a-red", "a-on-red"),
    ("a-green", "a-on-green"),
    ("a-yellow", "a-on-yellow"),
    ("a-blue", "a-on-blue"),
    ("a-magenta", "a-on-magenta"),
    ("a-cyan", "a-on-cyan"),
    ("a-white", "a-on-white"),
];

const FLAGS: [(Flag, &str); 5] = [
    (Flag::Bold, "a-bold"),
    (Flag::Dim, "a-dim"),
    (Flag::Italic, "a-italic"),
    (Flag::Underline, "a-underline"),
    (Flag::Strike, "a-strike"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> String {
        line(
            &Shown {
                text,
                style: Style::default(),
            },
            &[],
            None,
        )
    }

    #[test]
    fn markup_in_a_log_stays_text() {
        assert_eq!(
            html("<img src=x onerror=alert(1)> & \"q\""),
            "&lt;img src=x onerror=alert(1)&gt; &amp; \"q\""
        );
        assert_eq!(
            html("\u{1b}[31m<b>\u{1b}[0m"),
            "<span class=\"a-red\">&lt;b&gt;</span>"
        );
    }

    #[test]
    fn styles_become_classes_and_exact_colours() {
        assert_eq!(html("\u{1b}[1;32mok"), "<span class=\"a-green a-bold\">ok</span>");
        assert_eq!(
            html("\u{1b}[38;2;1;2;255mx"),
            "<span style=\"color:#0102ff;\">x</span>"
        );
        assert_eq!(html("\u{1b}[7mx"), "<span class=\"a-under a-on-text\">x</span>");
    }

    #[test]
    fn marks_go_across_styles_and_stay_in_the_text() {
        let shown = Shown {
            text: "epo\u{1b}[1mch 1",
            style: Style::default(),
        };
        assert_eq!(
            line(&shown, std::slice::from_ref(&(0..5)), Some(0)),
            "<mark class=\"is-current\">epo</mark><span class=\"a-bold\"><mark class=\"is-current\">ch</mark> 1</span>"
        );
        // Marks of a text that has changed meanwhile.
        let shown = Shown {
            text: "é",
            style: Style::default(),
        };
        let _ = line(&shown, &[1..9, 0..1], None);
    }
}
