//! A map for a handful of entries: the standard library's trees would be a tenth of a page of the browser's program.

/// Keys and values, in the order they came.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Few<K, V>(Vec<(K, V)>);

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Copy + PartialEq, V> Few<K, V> {
    /// The value of a key.
    pub(crate) fn get(&self, key: K) -> Option<&V> {
        self.0
            .iter()
            .find(|(known, _)| *known == key)
            .map(|(_, value)| value)
    }

    /// The value of a key, to be changed.
    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        let (_, value) = self.0.iter_mut().find(|(known, _)| *known == key)?;
        Some(value)
    }

    /// Whether there is a value.
    pub(crate) fn has(&self, key: K) -> bool {
        self.get(key).is_some()
    }

    /// Takes a value over; the key's last one goes.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        match self.get_mut(key) {
            Some(known) => *known = value,
            None => self.0.push((key, value)),
        }
    }

    /// Takes a key out.
    pub(crate) fn remove(&mut self, key: K) {
        self.0.retain(|(known, _)| *known != key);
    }

    /// Keeps what fits.
    pub(crate) fn retain(&mut self, fits: impl Fn(K, &V) -> bool) {
        self.0.retain(|(key, value)| fits(*key, value));
    }

    /// Takes everything out.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether nothing is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything in it, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut (K, V)> {
        self.0.iter_mut()
    }

    /// Everything in it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(K, V)> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_value_the_last() {
        let mut few = Few::default();
        few.insert(1, "a");
        few.insert(2, "b");
        few.insert(1, "c");
        assert_eq!(
            (few.get(1), few.get(2), few.iter().count()),
            (Some(&"c"), Some(&"b"), 2)
        );
        few.remove(2);
        assert!(!few.has(2) && few.has(1));
        few.retain(|_, value| *value != "c");
        assert!(few.is_empty());
    }
}
