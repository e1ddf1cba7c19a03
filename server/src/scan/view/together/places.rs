//! Where views stand that are counted in spans, and whose turn it is.
//!
//! A place waits for the nearest one behind it, when that is near: what is read for those behind is in the page cache, so
//! that they are soon there, and from then on the two are one. How long a place waits is bounded by its patience, whoever
//! comes: nobody is kept by a stream of others. Places that do not wait take turns, the one first that had none for longest.

/// Where views go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) at: u64,
    /// How many bytes may be counted for those behind it while it waits.
    pub(super) patience: u64,
    /// When it had its last turn: turns are numbered.
    pub(super) turn: u64,
}

/// Places in order, each at another byte.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<Place>);

impl Places {
    /// The places where views stand, told in any order: those at the same byte are one, as patient as the least of them.
    pub(super) fn new(views: impl Iterator<Item = Place>) -> Self {
        let mut places: Vec<Place> = views.collect();
        places.sort_unstable_by_key(|place| place.at);
        places.dedup_by(|next, kept| {
            let is_same = next.at == kept.at;
            if is_same {
                kept.patience = kept.patience.min(next.patience);
                kept.turn = kept.turn.min(next.turn);
            }
            is_same
        });
        Self(places)
    }

    /// The place whose turn it is, and where the next one after it is.
    pub(super) fn whose_turn(&self) -> Option<(Place, Option<u64>)> {
        let free = (0..self.0.len()).filter(|&nth| !self.waits(nth));
        let nth = free.min_by_key(|&nth| self.0.get(nth).map(|place| place.turn))?;
        Some((*self.0.get(nth)?, self.0.get(nth + 1).map(|place| place.at)))
    }

    /// The last of the places that wait for the one at `at`, or for one that does; `at` itself when there are none.
    pub(super) fn waiting_for(&self, at: u64) -> u64 {
        let from = self.0.partition_point(|place| place.at <= at);
        let waiting = (from..self.0.len()).take_while(|&nth| self.waits(nth)).last();
        waiting.and_then(|nth| self.0.get(nth)).map_or(at, |place| place.at)
    }

    fn waits(&self, nth: usize) -> bool {
        let behind = nth.checked_sub(1).and_then(|nth| self.0.get(nth));
        behind.zip(self.0.get(nth)).is_some_and(|(behind, place)| place.at - behind.at <= place.patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(list: &[(u64, u64, u64)]) -> Places {
        Places::new(list.iter().map(|&(at, patience, turn)| Place { at, patience, turn }))
    }

    #[test]
    fn who_is_ahead_waits_for_who_is_near_and_the_others_take_turns() {
        for (list, turn, next, waiting) in [
            (&[(7, 100, 3)][..], 7, None, 7),
            (&[(0, 100, 9), (100, 100, 1)], 0, Some(100), 100),
            (&[(0, 100, 9), (101, 100, 1)], 101, None, 101),
            (&[(0, 100, 1), (101, 100, 9)], 0, Some(101), 0),
            // It waits for one that waits.
            (&[(0, 100, 9), (90, 100, 1), (180, 100, 2)], 0, Some(90), 180),
            // The one in the middle has waited long enough; the last waits for it.
            (&[(0, 100, 9), (90, 50, 1), (180, 100, 2)], 90, Some(180), 180),
            // One place, as patient as the least of those there.
            (&[(90, 100, 5), (0, 100, 9), (90, 80, 2)], 90, None, 90),
            (&[(0, 0, 2), (5, 0, 1), (9, 0, 3)], 5, Some(9), 5),
        ] {
            let places = places(list);
            let (place, after) = places.whose_turn().unwrap();
            assert_eq!((place.at, after, places.waiting_for(place.at)), (turn, next, waiting), "{list:?}");
        }
        assert_eq!(places(&[]).whose_turn(), None);
    }
}
