//! Numbered places for values: the numbers are small, stable, and used again.

use std::{
    fmt,
    hash::{Hash, Hasher},
    marker::PhantomData,
    num::NonZeroU32,
    ops::{Index, IndexMut},
};

/// The number of a value's place in a [`Slab`] of such values.
///
/// It is worth something only while the value is in its place; whoever removes the value removes
/// every copy of its number.
pub(super) struct Id<T>(NonZeroU32, PhantomData<fn() -> T>);

impl<T> Id<T> {
    pub(super) fn new(place: usize) -> Self {
        // Counted from one, so that an `Option<Id>` is no larger.
        let number = u32::try_from(place + 1).ok().and_then(NonZeroU32::new);
        Self(number.expect("fewer than 2^32 places"), PhantomData)
    }

    /// The number itself, for tables that run beside the slab.
    pub(super) fn place(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// Values in numbered places.
#[derive(Debug)]
pub(super) struct Slab<T> {
    places: Vec<Option<T>>,
    free: Vec<Id<T>>,
}

impl<T> Slab<T> {
    pub(super) fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Puts a value into a free place. `make` is told the place, since most values here are known
    /// by it elsewhere.
    pub(super) fn insert_with(&mut self, make: impl FnOnce(Id<T>) -> T) -> Id<T> {
        match self.free.pop() {
            Some(id) => {
                self.places[id.place()] = Some(make(id));
                id
            }
            None => {
                let id = Id::new(self.places.len());
                self.places.push(Some(make(id)));
                id
            }
        }
    }

    pub(super) fn remove(&mut self, id: Id<T>) -> T {
        let value = self.places[id.place()].take().expect(HELD);
        self.free.push(id);
        value
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Id<T>, &T)> {
        self.places.iter().enumerate().filter_map(|(place, value)| Some((Id::new(place), value.as_ref()?)))
    }
}

const HELD: &str = "an id is kept only while its place is held";

impl<T> Index<Id<T>> for Slab<T> {
    type Output = T;

    fn index(&self, id: Id<T>) -> &T {
        self.places[id.place()].as_ref().expect(HELD)
    }
}

impl<T> IndexMut<Id<T>> for Slab<T> {
    fn index_mut(&mut self, id: Id<T>) -> &mut T {
        self.places[id.place()].as_mut().expect(HELD)
    }
}

// Derived, these would ask the same of `T`.

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Id<T> {}

impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T> Eq for Id<T> {}

impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T> Hash for Id<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.place())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_falls_empty_is_used_again() {
        let mut slab = Slab::new();
        let first = slab.insert_with(|_| "first");
        let second = slab.insert_with(|_| "second");
        assert_eq!(slab.remove(first), "first");
        let third = slab.insert_with(|_| "third");
        assert_eq!(third, first);
        assert_eq!((slab[second], slab[third], slab.len()), ("second", "third", 2));
    }
}
