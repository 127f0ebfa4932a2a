//! The order of the table: satellites stand right under their parent, and move with it.

use crate::instances::InstanceId;

/// A row as far as its place counts: its number, and its parent's.
pub type Place = (InstanceId, Option<InstanceId>);

/// The same rows, every satellite right after its parent.
pub fn families(rows: &[Place]) -> Vec<InstanceId> {
    let roots = rows.iter().filter(|row| parent(rows, **row).is_none());
    roots.flat_map(|(root, _)| family(rows, *root)).collect()
}

/// The order after a row went to the place of another one; none when that changes nothing. A row moves among its
/// peers: a parent, with its satellites, among those without a parent; a satellite among those of its parent.
pub fn moved(rows: &[Place], id: InstanceId, over: InstanceId) -> Option<Vec<InstanceId>> {
    let peers = peers(rows, id)?;
    let over = *rows.iter().find(|(other, _)| *other == over)?;
    let to = peers
        .iter()
        .position(|peer| *peer == over.0 || parent(rows, over) == Some(*peer))?;
    reseated(rows, peers, id, to)
}

/// The order after a row moved by one place among its peers; none when it is the first or the last.
pub fn stepped(rows: &[Place], id: InstanceId, down: bool) -> Option<Vec<InstanceId>> {
    let peers = peers(rows, id)?;
    let from = peers.iter().position(|peer| *peer == id)?;
    let to = if down { from + 1 } else { from.checked_sub(1)? };
    reseated(rows, peers, id, to)
}

/// A parent that is there and has none itself; who has no such parent stands for itself.
fn parent(rows: &[Place], (_, parent): Place) -> Option<InstanceId> {
    let known = |row: &&Place| Some(row.0) == parent && row.1.is_none();
    rows.iter().find(known).map(|row| row.0)
}

fn family(rows: &[Place], root: InstanceId) -> impl Iterator<Item = InstanceId> {
    let satellites = rows.iter().filter(move |row| parent(rows, **row) == Some(root));
    std::iter::once(root).chain(satellites.map(|row| row.0))
}

fn peers(rows: &[Place], id: InstanceId) -> Option<Vec<InstanceId>> {
    let row = *rows.iter().find(|row| row.0 == id)?;
    let peer = |other: &&Place| parent(rows, **other) == parent(rows, row);
    Some(rows.iter().filter(peer).map(|other| other.0).collect())
}

fn reseated(
    rows: &[Place],
    mut peers: Vec<InstanceId>,
    id: InstanceId,
    to: usize,
) -> Option<Vec<InstanceId>> {
    if peers.get(to).is_none_or(|present| *present == id) {
        return None;
    }
    let seats = peers.clone();
    peers.retain(|peer| *peer != id);
    peers.insert(to, id);
    let mut next = peers.into_iter();
    let seated: Vec<Place> = rows
        .iter()
        .map(|row| {
            if !seats.contains(&row.0) {
                return *row;
            }
            let seated = next.next().and_then(|id| rows.iter().find(|row| row.0 == id));
            seated.copied().unwrap_or(*row)
        })
        .collect();
    Some(families(&seated))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[(i64, i64)]) -> Vec<Place> {
        let place =
            |(id, parent): &(i64, i64)| (InstanceId(*id), (*parent > 0).then_some(InstanceId(*parent)));
        text.iter().map(place).collect()
    }

    fn numbers(order: Option<Vec<InstanceId>>) -> Vec<i64> {
        order.unwrap_or_default().into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn satellites_come_right_after_their_parent() {
        let mixed = rows(&[(5, 2), (1, 0), (4, 1), (2, 0), (3, 1)]);
        assert_eq!(numbers(Some(families(&mixed))), [1, 4, 3, 2, 5]);
        // Whatever a database says, no row is lost.
        let odd = rows(&[(1, 9), (2, 1), (3, 2), (4, 4)]);
        assert_eq!(numbers(Some(families(&odd))), [1, 2, 3, 4]);
    }

    #[test]
    fn a_parent_takes_its_satellites_along() {
        let all = rows(&[(1, 0), (2, 1), (3, 1), (4, 0), (5, 4), (6, 0)]);
        assert_eq!(numbers(stepped(&all, InstanceId(1), true)), [4, 5, 1, 2, 3, 6]);
        assert_eq!(numbers(stepped(&all, InstanceId(6), false)), [1, 2, 3, 6, 4, 5]);
        assert_eq!(
            numbers(moved(&all, InstanceId(1), InstanceId(6))),
            [4, 5, 6, 1, 2, 3]
        );
        assert_eq!(
            numbers(moved(&all, InstanceId(6), InstanceId(3))),
            [6, 1, 2, 3, 4, 5]
        );
        assert_eq!(stepped(&all, InstanceId(1), false), None);
        assert_eq!(stepped(&all, InstanceId(6), true), None);
    }

    #[test]
    fn a_satellite_moves_among_those_of_its_parent() {
        let all = rows(&[(1, 0), (2, 1), (3, 1), (4, 0)]);
        assert_eq!(numbers(stepped(&all, InstanceId(2), true)), [1, 3, 2, 4]);
        assert_eq!(stepped(&all, InstanceId(3), true), None);
        assert_eq!(moved(&all, InstanceId(2), InstanceId(4)), None);
        assert_eq!(moved(&all, InstanceId(2), InstanceId(2)), None);
    }
}
