//! Which way to offer.

use types::autopsy::{AccessWay, Verdict, WayReport};

use super::name;

/// Puts the best first. Of ways that work alike, the one that needs least comes first: below the panel no name has
/// to be known to anybody and no port to be open.
pub(super) fn order(reports: &mut [WayReport]) {
    reports.sort_by_key(|report| {
        let verdict = match report.verdict {
            Verdict::Works => 0,
            Verdict::Broken => 1,
            Verdict::Unavailable => 2,
        };
        let way = match report.way {
            AccessWay::Path => 0,
            AccessWay::Subdomain => 1,
            AccessWay::Port => 2,
            AccessWay::Direct => 3,
        };
        (verdict, way)
    });
}

/// The way to offer, of ordered reports.
pub(super) fn best(reports: &[WayReport]) -> Option<AccessWay> {
    let first = reports.iter().find(|report| report.way != AccessWay::Direct)?;
    (first.verdict == Verdict::Works).then_some(first.way)
}

/// What to do, in one or two sentences.
pub(super) fn recommendation(reports: &[WayReport]) -> String {
    let of = |way| reports.iter().find(|report| report.way == way);
    let why = |way| {
        let report = of(way).filter(|report| report.verdict == Verdict::Broken);
        let reason = report.and_then(|report| report.reasons.first());
        reason.map_or_else(String::new, |reason| {
            format!(" {}: {reason}", Sentence(name(way)))
        })
    };
    match best(reports) {
        Some(AccessWay::Path) => {
            "Open it below the panel: what its page needs arrives, and neither a port nor a name is needed."
                .to_owned()
        }
        Some(way) => format!("Open it {}.{}", name(way), why(AccessWay::Path)),
        None => {
            let itself = of(AccessWay::Direct).filter(|report| report.verdict != Verdict::Works);
            if let Some(reason) = itself.and_then(|report| report.reasons.first()) {
                return format!("The app itself does not answer as it should: {reason} Its log may say why.");
            }
            let missing = reports
                .iter()
                .filter(|report| report.verdict == Verdict::Unavailable)
                .map(|report| match report.way {
                    AccessWay::Port => "activate a public port",
                    _ => "open the panel under a name, so that sub-domains are possible",
                })
                .collect::<Vec<_>>();
            if missing.is_empty() {
                return format!(
                    "The app works directly, but on no way of access.{}",
                    why(AccessWay::Path)
                );
            }
            format!(
                "None of the present ways works; {}, then check again.{}",
                missing.join(", or "),
                why(AccessWay::Path)
            )
        }
    }
}

/// Words with a capital letter in front.
struct Sentence<'a>(&'a str);

impl std::fmt::Display for Sentence<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut characters = self.0.chars();
        let first = characters.next().map(|first| first.to_ascii_uppercase());
        write!(f, "{}{}", first.unwrap_or_default(), characters.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::without;
    use super::*;

    fn reports(verdicts: [Verdict; 4]) -> Vec<WayReport> {
        let ways = [
            AccessWay::Port,
            AccessWay::Subdomain,
            AccessWay::Path,
            AccessWay::Direct,
        ];
        let mut all: Vec<_> = ways
            .into_iter()
            .zip(verdicts)
            .map(|(way, verdict)| without(way, verdict, "Why.".to_owned()))
            .collect();
        order(&mut all[..3]);
        all
    }

    #[test]
    fn what_works_and_needs_least_comes_first() {
        use Verdict::{Broken, Unavailable, Works};
        assert_eq!(best(&reports([Works; 4])), Some(AccessWay::Path));
        let below_is_broken = reports([Works, Unavailable, Broken, Works]);
        assert_eq!(best(&below_is_broken), Some(AccessWay::Port));
        assert_eq!(
            recommendation(&below_is_broken),
            "Open it on its public port. Below the panel: Why."
        );
        let closed = reports([Unavailable, Unavailable, Broken, Works]);
        assert_eq!(best(&closed), None);
        assert!(recommendation(&closed).contains("activate a public port"));
        assert!(recommendation(&reports([Broken; 4])).contains("The app itself"));
    }
}
