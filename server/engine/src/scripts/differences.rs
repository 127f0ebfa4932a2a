//! How two texts differ.

use std::time::{Duration, Instant};

use similar::{Algorithm, ChangeTag, TextDiff};
use types::scripts::{Diff, DiffKind, DiffLine, Hunk};

/// Equal lines shown around what differs.
const CONTEXT: usize = 3;
/// Two texts that have next to nothing in common would take minutes; after this the rest counts as differing.
const PATIENCE: Duration = Duration::from_secs(2);

/// From the left text to the right one.
pub(crate) fn between(left: &str, right: &str) -> Diff {
    // Line ends are compared apart: a text that differs in nothing else would differ in every line.
    let (left_lines, right_lines) = (lines(left), lines(right));
    let compared = TextDiff::configure()
        .algorithm(Algorithm::Patience)
        .deadline(Instant::now() + PATIENCE)
        .diff_slices(&left_lines, &right_lines);
    let mut diff = Diff::default();
    for group in compared.grouped_ops(CONTEXT) {
        let changes = group.iter().flat_map(|op| compared.iter_changes(op));
        let lines: Vec<DiffLine> = changes
            .map(|change| DiffLine {
                kind: match change.tag() {
                    ChangeTag::Equal => DiffKind::Same,
                    ChangeTag::Insert => DiffKind::Added,
                    ChangeTag::Delete => DiffKind::Removed,
                },
                left: change.old_index().map(number),
                right: change.new_index().map(number),
                text: change.value().to_owned(),
            })
            .collect();
        let count = |kind| number(lines.iter().filter(|line| line.kind == kind).count()) - 1;
        diff.added += count(DiffKind::Added);
        diff.removed += count(DiffKind::Removed);
        diff.hunks.push(Hunk { lines });
    }
    diff.ends_only = diff.hunks.is_empty() && left != right;
    diff
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

/// Lines are counted from 1.
fn number(index: usize) -> u32 {
    u32::try_from(index).map_or(u32::MAX, |index| index.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_lines_are_shown_with_their_numbers_and_neighbours() {
        let lines: Vec<String> = (1..=20).map(|number| format!("line {number}\n")).collect();
        let left = lines.concat();
        let right = left.replace("line 10\n", "line ten\nline ten and a half\n");
        let diff = between(&left, &right);
        assert_eq!((diff.added, diff.removed, diff.hunks.len()), (2, 1, 1));
        let lines = &diff.hunks[0].lines;
        assert_eq!(lines.len(), 9);
        assert_eq!((lines[0].left, lines[0].right), (Some(7), Some(7)));
        let removed = lines.iter().find(|line| line.kind == DiffKind::Removed).unwrap();
        assert_eq!(
            (removed.left, removed.right, removed.text.as_str()),
            (Some(10), None, "line 10")
        );
        assert_eq!(lines[8].right, Some(14));
    }

    #[test]
    fn line_ends_are_no_changed_lines_but_are_told() {
        assert_eq!(between("a\nb\n", "a\nb\n"), Diff::default());
        for right in ["a\r\nb\r\n", "a\nb"] {
            let diff = between("a\nb\n", right);
            assert!(diff.hunks.is_empty() && diff.ends_only, "{right:?}");
        }
    }
}
