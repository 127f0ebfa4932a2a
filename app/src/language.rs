//! What people read, in their language: English is written where it is shown, and is the key to every other one.
//!
//! # How it works
//! Each further language is one file, `app/languages/<tag>.json`, from English to it; `scripts/texts.mjs` says what is
//! missing there. The server has all of them and renders every page within [`within`]. A browser gets the one of its
//! page as a script that runs before hydration (`scripts/site.mjs`), and takes it over by `begin`; in English there
//! is none. What the server says in English (reasons, errors) is translated where it is shown, by [`said`].

#[cfg(feature = "ssr")]
mod choice;
mod dictionary;
mod sentences;

#[cfg(feature = "ssr")]
pub use choice::{COOKIE, Language, of_request, speaking, spoken, within};
#[cfg(not(feature = "ssr"))]
pub use dictionary::begin;

use dictionary::dictionary;

/// The tag of every language, as HTML and HTTP have it, and its name for itself.
const LANGUAGES: [(&str, &str); 2] = [("en", "English"), ("fr", "Français")];

/// Tags and names of the languages that the page does not speak.
pub fn others() -> impl Iterator<Item = (&'static str, &'static str)> {
    let spoken = t("en");
    LANGUAGES.into_iter().filter(move |(tag, _)| *tag != spoken)
}

/// A text in the language of the page.
pub fn t(english: &'static str) -> &'static str {
    match dictionary() {
        Some(dictionary) => dictionary.find(english).unwrap_or(english),
        None => english,
    }
}

/// Marks a text of a table as one that people read. Whoever shows it asks for its translation.
pub const fn marked(english: &'static str) -> &'static str {
    english
}

/// A sentence with holes: `{}` are filled in order; a translation may name them, `{0}` being the first.
pub fn fill(english: &'static str, values: &[&str]) -> String {
    sentences::fill(t(english), values)
}

/// A sentence that was made elsewhere, in English, in the language of the page; as it is where nobody knows it.
#[cfg(feature = "ssr")]
pub fn said(english: &str) -> String {
    translated(english)
}

/// The same in browsers, where only the pages of other languages load what can do it.
#[cfg(not(feature = "ssr"))]
pub fn said(english: &str) -> String {
    if is_foreign() {
        crate::parts::said(english)
    } else {
        english.to_owned()
    }
}

/// Whether the page speaks another language than the program.
#[cfg(not(feature = "ssr"))]
pub(crate) fn is_foreign() -> bool {
    dictionary().is_some()
}

pub(crate) fn translated(english: &str) -> String {
    match dictionary() {
        Some(dictionary) => sentences::translate(dictionary, english),
        None => english.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_page_everything_is_english() {
        assert_eq!(t("Save"), "Save");
        assert_eq!(fill("{} of {} GB", &["1.5", "8"]), "1.5 of 8 GB");
        assert_eq!(said("There is no instance 3."), "There is no instance 3.");
    }
}
