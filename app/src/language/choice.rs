//! Which language a request wants, and the one that is spoken while its page is rendered.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::OnceLock;

use http::{HeaderMap, header};

use super::LANGUAGES;
use super::dictionary::Dictionary;

/// The cookie with the tag of the language that somebody chose.
pub const COOKIE: &str = "aikore_language";

/// A language that the panel speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// What is written in the program.
    #[default]
    English,
    /// `app/languages/fr.json`.
    French,
}

const FRENCH: &str = include_str!("../../languages/fr.json");

impl Language {
    /// Every one, in the order of `LANGUAGES`.
    pub const EVERY: [Self; 2] = [Self::English, Self::French];

    /// As HTML and HTTP name it.
    pub fn tag(self) -> &'static str {
        LANGUAGES[self as usize].0
    }

    /// The one that a tag such as `fr-CA` means.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let tag = tag.split('-').next().unwrap_or_default().trim();
        Self::EVERY
            .into_iter()
            .find(|one| one.tag().eq_ignore_ascii_case(tag))
    }

    pub(super) fn dictionary(self) -> Option<&'static Dictionary> {
        static READ: OnceLock<Dictionary> = OnceLock::new();
        match self {
            Self::English => None,
            Self::French => Some(READ.get_or_init(|| read(FRENCH))),
        }
    }
}

/// A dictionary lives as long as the program, and so do its texts. One that cannot be read is empty: a test reads it.
fn read(json: &'static str) -> Dictionary {
    let texts: std::collections::BTreeMap<String, String> = serde_json::from_str(json).unwrap_or_default();
    let leak = |text: String| -> &'static str { text.leak() };
    Dictionary::of(
        texts
            .into_iter()
            .map(|(english, other)| (leak(english), leak(other)))
            .collect(),
    )
}

/// The language that was chosen, else the first that the browser asks for and the panel speaks, else English.
pub fn of_request(headers: &HeaderMap) -> Language {
    chosen(headers).or_else(|| asked_for(headers)).unwrap_or_default()
}

fn chosen(headers: &HeaderMap) -> Option<Language> {
    let cookies = headers.get_all(header::COOKIE).iter();
    cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .filter(|(name, _)| *name == COOKIE)
        .find_map(|(_, tag)| Language::of_tag(tag))
}

fn asked_for(headers: &HeaderMap) -> Option<Language> {
    let values = headers.get_all(header::ACCEPT_LANGUAGE).iter();
    let mut wishes: Vec<(f32, Language)> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|wish| {
            let (tag, weight) = wish.split_once(';').unwrap_or((wish, "q=1"));
            let weight = weight.trim().strip_prefix("q=")?.parse().ok()?;
            Some((weight, Language::of_tag(tag)?)).filter(|(weight, _)| *weight > 0.0)
        })
        .collect();
    // Stable: of two that weigh the same the first counts.
    wishes.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    wishes.first().map(|(_, language)| *language)
}

thread_local! {
    static SPOKEN: Cell<Language> = const { Cell::new(Language::English) };
}

/// The language of the page that is being rendered on this thread, English elsewhere. No context of Leptos: texts are
/// looked up by the thousand for one page, and where no owner is, too.
pub fn spoken() -> Language {
    SPOKEN.get()
}

/// Speaks a language while a future is at work.
pub async fn within<F: Future>(language: Language, work: F) -> F::Output {
    let mut work = pin!(work);
    poll_fn(move |context| speaking(language, || work.as_mut().poll(context))).await
}

/// Speaks a language while a function is at work.
pub fn speaking<T>(language: Language, work: impl FnOnce() -> T) -> T {
    let _before = Before(SPOKEN.replace(language));
    work()
}

/// Puts back what was spoken before, whatever happens.
struct Before(Language);

impl Drop for Before {
    fn drop(&mut self) {
        SPOKEN.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn asks(cookie: &'static str, accepts: &'static str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accepts));
        of_request(&headers)
    }

    #[test]
    fn a_choice_goes_before_what_the_browser_asks_for() {
        for (cookie, accepts, language) in [
            ("", "", Language::English),
            ("", "fr-CA,fr;q=0.9,en;q=0.8", Language::French),
            ("", "de,en;q=0.5,fr;q=0.7", Language::French),
            ("", "en-GB,fr", Language::English),
            ("", "fr;q=0, en;q=0.1", Language::English),
            ("", "de", Language::English),
            ("x=1; aikore_language=en", "fr", Language::English),
            ("aikore_language=fr", "en", Language::French),
            ("aikore_language=xx", "fr", Language::French),
        ] {
            assert_eq!(asks(cookie, accepts), language, "{cookie} {accepts}");
        }
    }

    #[test]
    fn a_language_is_spoken_within_its_work_only() {
        let work = async {
            (
                super::super::t("Save"),
                super::super::said("There is no instance 3."),
            )
        };
        let (save, sentence) = futures_util::FutureExt::now_or_never(within(Language::French, work)).unwrap();
        assert_eq!(save, "Enregistrer");
        assert_eq!(sentence, "Il n’y a pas d’instance 3.");
        assert_eq!(super::super::t("Save"), "Save");
    }
}
