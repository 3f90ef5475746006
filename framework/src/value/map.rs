//! The entries of a map or the attributes of an object, by name.

use super::Dynamic;

/// Entries in the order of their names. A vector, because most of them are objects with a few
/// attributes, of which there may be ten thousand: they are built in order, walked and dropped
/// far more often than searched, and a tree's nodes are many times their size.
#[derive(Clone, Default, PartialEq)]
pub struct Map(Vec<(String, Dynamic)>);

impl Map {
    /// These entries, in whatever order; or a name that is given twice.
    pub fn new(mut entries: Vec<(String, Dynamic)>) -> Result<Self, String> {
        if !entries.is_sorted_by(|(one, _), (next, _)| one < next) {
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        }
        let mut pairs = entries.windows(2);
        let twice = pairs.find_map(|pair| match pair {
            [(one, _), (next, _)] if one == next => Some(one.clone()),
            _ => None,
        });
        twice.map_or(Ok(Self(entries)), Err)
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(own, _)| own.as_str().cmp(name))
    }

    /// The value by this name.
    pub fn get(&self, name: &str) -> Option<&Dynamic> {
        let (_, value) = self.0.get(self.find(name).ok()?)?;
        Some(value)
    }

    /// The value by this name, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Dynamic> {
        let place = self.find(name).ok()?;
        let (_, value) = self.0.get_mut(place)?;
        Some(value)
    }

    /// Whether there is a value by this name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.find(name).is_ok()
    }

    /// Sets a value; answers the one that was there.
    pub fn insert(&mut self, name: String, value: Dynamic) -> Option<Dynamic> {
        match self.find(&name) {
            Ok(place) => {
                let slot = self.0.get_mut(place)?;
                Some(std::mem::replace(&mut slot.1, value))
            }
            Err(place) => {
                self.0.insert(place, (name, value));
                None
            }
        }
    }

    /// Takes a value out.
    pub fn remove(&mut self, name: &str) -> Option<Dynamic> {
        let place = self.find(name).ok()?;
        Some(self.0.remove(place).1)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&String, &Dynamic)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    /// The entries in order, their values to be changed.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&String, &mut Dynamic)> {
        self.0.iter_mut().map(|(name, value)| (&*name, value))
    }

    /// The names in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &String> {
        self.0.iter().map(|(name, _)| name)
    }

    /// The values in the order of their names.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Dynamic> {
        self.0.iter().map(|(_, value)| value)
    }

    /// The values in the order of their names, to be changed.
    pub fn values_mut(&mut self) -> impl ExactSizeIterator<Item = &mut Dynamic> {
        self.0.iter_mut().map(|(_, value)| value)
    }
}

impl FromIterator<(String, Dynamic)> for Map {
    /// Of two with one name the later counts.
    fn from_iter<I: IntoIterator<Item = (String, Dynamic)>>(entries: I) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        if !entries.is_sorted_by(|(one, _), (next, _)| one < next) {
            entries.reverse();
            entries.sort_by(|(one, _), (other, _)| one.cmp(other));
            entries.dedup_by(|(other, _), (one, _)| other == one);
        }
        Self(entries)
    }
}

impl<const N: usize> From<[(String, Dynamic); N]> for Map {
    fn from(entries: [(String, Dynamic); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl IntoIterator for Map {
    type Item = (String, Dynamic);
    type IntoIter = std::vec::IntoIter<(String, Dynamic)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
