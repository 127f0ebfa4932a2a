//! The texts of one language by their English ones.

/// English and the other language, sorted by the English bytes.
pub(super) struct Dictionary(Vec<(&'static str, &'static str)>);

impl Dictionary {
    /// Of pairs in any order.
    #[cfg(feature = "ssr")]
    pub(super) fn of(mut pairs: Vec<(&'static str, &'static str)>) -> Self {
        pairs.sort_unstable();
        Self(pairs)
    }

    /// Of lines: English and its translation by turns, already sorted.
    #[cfg(not(feature = "ssr"))]
    fn of_lines(text: &'static str) -> Self {
        let mut lines = text.split('\n');
        let mut pairs = Vec::new();
        while let (Some(english), Some(other)) = (lines.next(), lines.next()) {
            pairs.push((english, other));
        }
        Self(pairs)
    }

    pub(super) fn find(&self, english: &str) -> Option<&'static str> {
        let place = self.0.binary_search_by(|(key, _)| (*key).cmp(english)).ok()?;
        Some(self.0[place].1)
    }

    /// The sentences with holes.
    pub(super) fn sentences(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0
            .iter()
            .copied()
            .filter(|(english, _)| english.contains("{}"))
    }
}

#[cfg(feature = "ssr")]
pub(super) fn dictionary() -> Option<&'static Dictionary> {
    super::choice::spoken().dictionary()
}

/// The page's, once it was taken over; English has none.
#[cfg(not(feature = "ssr"))]
static PAGE: std::sync::OnceLock<Dictionary> = std::sync::OnceLock::new();

#[cfg(not(feature = "ssr"))]
pub(super) fn dictionary() -> Option<&'static Dictionary> {
    PAGE.get()
}

/// Takes over the language of the page, before anything is rendered; says whether that was possible. Without its texts
/// the page has to stay as the server made it.
#[cfg(not(feature = "ssr"))]
pub fn begin() -> bool {
    let root = leptos::prelude::document().document_element();
    if root.is_none_or(|root| root.get_attribute("lang").as_deref() == Some("en")) {
        return true;
    }
    let texts = crate::browser::get(&leptos::prelude::window(), "aikoreTexts");
    let Some(texts) = texts.and_then(|texts| texts.as_string()) else {
        return false;
    };
    PAGE.get_or_init(|| Dictionary::of_lines(String::leak(texts)));
    true
}
