//! Sentences with holes: filling them, and finding the one that a finished sentence was made of.

use super::dictionary::Dictionary;

/// How deep a sentence may be made of other sentences.
const DEPTH: usize = 4;

/// Puts values into the holes of a sentence: `{}` in order, `{0}` by place.
pub(super) fn fill(sentence: &str, values: &[&str]) -> String {
    let mut text = String::new();
    let (mut rest, mut next) = (sentence, 0);
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let Some((place, after)) = after.split_once('}') else {
            text.push('{');
            rest = after;
            continue;
        };
        let place = place.parse().unwrap_or_else(|_| {
            next += 1;
            next - 1
        });
        text.push_str(values.get(place).copied().unwrap_or_default());
        rest = after;
    }
    text.push_str(rest);
    text
}

/// A finished English sentence in another language: of the sentences that it may have been made of, the one that says
/// most itself. What filled its holes may be sentences or words again, but not what stands in quotes: those are names.
pub(super) fn translate(dictionary: &Dictionary, english: &str) -> String {
    translated(dictionary, english, DEPTH).unwrap_or_else(|| english.to_owned())
}

fn translated(dictionary: &Dictionary, english: &str, depth: usize) -> Option<String> {
    if let Some(known) = dictionary.find(english) {
        return Some(known.to_owned());
    }
    let depth = depth.checked_sub(1)?;
    let whole = || one(dictionary, english, depth);
    // First: a hole at the end of the first sentence would take all others.
    several(dictionary, english, depth).or_else(whole)
}

/// Of the sentences that it may have been made of, the one that says most.
fn one(dictionary: &Dictionary, english: &str, depth: usize) -> Option<String> {
    if let Some(known) = dictionary.find(english) {
        return Some(known.to_owned());
    }
    let mut best: Option<(&str, &str, Vec<&str>)> = None;
    for (template, other) in dictionary.sentences() {
        if best
            .as_ref()
            .is_none_or(|(found, ..)| found.len() < template.len())
            && let Some(values) = taken_apart(template, english)
        {
            best = Some((template, other, values));
        }
    }
    let (template, other, values) = best?;
    let mut before = template.split("{}");
    let values: Vec<String> = values
        .into_iter()
        .map(|value| {
            let is_name = before.next().is_some_and(|before| before.ends_with('“'));
            let inner = if is_name {
                None
            } else {
                translated(dictionary, value, depth)
            };
            inner.unwrap_or_else(|| value.to_owned())
        })
        .collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    Some(fill(other, &values))
}

/// Several sentences behind each other, the first of which is known.
fn several(dictionary: &Dictionary, english: &str, depth: usize) -> Option<String> {
    let mut ends = english.match_indices(". ").map(|(place, _)| place + 1);
    ends.find_map(|end| {
        let first = one(dictionary, &english[..end], depth)?;
        let rest = &english[end + 1..];
        let rest = translated(dictionary, rest, depth).unwrap_or_else(|| rest.to_owned());
        Some(format!("{first} {rest}"))
    })
}

/// What fills the holes of a sentence so that it says `text`. A sentence that is nothing but holes fits nothing.
fn taken_apart<'text>(template: &str, text: &'text str) -> Option<Vec<&'text str>> {
    let mut pieces = template.split("{}");
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let mut values = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        let end = match pieces.peek() {
            // The last hole takes all that is left; pieces before it take as little as they can.
            None if rest.ends_with(piece) => rest.len() - piece.len(),
            None => return None,
            Some(_) => rest.find(piece)?,
        };
        values.push(&rest[..end]);
        rest = &rest[end + piece.len()..];
    }
    let says_something = template.len() > 3 * values.len() + 2;
    (says_something && !values.iter().any(|value| value.is_empty())).then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn french() -> Dictionary {
        Dictionary::of(vec![
            ("starting", "au démarrage"),
            (
                "“{}” is {}; {} does not apply.",
                "« {0} » est {1} : {2} est impossible.",
            ),
            ("It ended by itself with exit code {}.", "Fin avec le code {}."),
            ("Last line: {}", "Dernière ligne : {}"),
            ("Port {} is held by {}.", "{1} occupe le port {0}."),
            ("{}: {}", "{} : {}"),
        ])
    }

    #[test]
    fn holes_are_filled_in_order_or_by_place() {
        assert_eq!(fill("{} of {} GB", &["1.5", "8"]), "1.5 of 8 GB");
        assert_eq!(fill("{1} sur {0}", &["a", "b"]), "b sur a");
        assert_eq!(fill("{} and {}", &["{}"]), "{} and ");
        assert_eq!(fill("Nothing {", &[]), "Nothing {");
    }

    #[test]
    fn a_finished_sentence_is_found_by_what_it_was_made_of() {
        for (english, other) in [
            ("Port 80 is held by nginx (7).", "nginx (7) occupe le port 80."),
            (
                "It ended by itself with exit code 1. Last line: no model",
                "Fin avec le code 1. Dernière ligne : no model",
            ),
            (
                "“starting” is starting; stop does not apply.",
                "« starting » est au démarrage : stop est impossible.",
            ),
            (
                "Port 80 is held by nginx (7). Nobody knows this.",
                "nginx (7) occupe le port 80. Nobody knows this.",
            ),
            ("Nobody knows this.", "Nobody knows this."),
            ("a: b", "a: b"),
        ] {
            assert_eq!(translate(&french(), english), other);
        }
    }
}
