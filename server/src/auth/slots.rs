//! How many of something each user has at a time, such as sockets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Principal;

/// What users have. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Slots {
    most: u32,
    taken: Arc<Mutex<HashMap<Arc<str>, u32>>>,
}

/// One of the things that a user has.
#[derive(Debug)]
pub struct Slot {
    /// Whose; nobody's where everybody is one user.
    of: Option<(Slots, Arc<str>)>,
}

impl Slots {
    /// At most `most` for each user.
    pub fn new(most: u32) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// How many each user may have.
    pub fn most(&self) -> u32 {
        self.most
    }

    /// One more for `who`, unless that is too many. Whoever comes without a name of their own is not limited: they are
    /// many people.
    pub fn take(&self, who: &Principal) -> Option<Slot> {
        let Some(name) = who.own_name() else { return Some(Slot { of: None }) };
        self.take_of(Arc::clone(name))
    }

    /// The same for what costs so much that nobody is exempt: a session counts as a user, and whoever comes without one
    /// shares with all who do.
    pub fn take_always(&self, who: &Principal) -> Option<Slot> {
        self.take_of(who.session().map_or_else(|| Arc::from(who.name()), |session| Arc::from(String::from(session))))
    }

    fn take_of(&self, name: Arc<str>) -> Option<Slot> {
        let mut taken = self.taken();
        let count = taken.entry(Arc::clone(&name)).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Slot { of: Some((self.clone(), name)) })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<Arc<str>, u32>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some((slots, name)) = self.of.take() else { return };
        let mut taken = slots.taken();
        if let Some(count) = taken.get_mut(&name) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::secret::Digest;

    #[test]
    fn a_user_has_so_many_and_others_are_not_concerned() {
        let slots = Slots::new(2);
        let user = |name| Principal::of_session(name, false, Digest::of(b"id"));
        let held: Vec<_> = [user("ann"), user("ann"), user("bob")].iter().map(|who| slots.take(who)).collect();
        assert!(held.iter().all(Option::is_some) && slots.take(&user("ann")).is_none());
        drop(held);
        assert!(slots.take(&user("ann")).is_some() && slots.taken().is_empty());
        let many: Vec<_> = (0..9).map(|_| (slots.take(&Principal::local()), slots.take(&Principal::token()))).collect();
        assert!(many.iter().all(|(local, token)| local.is_some() && token.is_some()));
        let same = |id: &[u8]| Principal::of_session("token", true, Digest::of(id));
        let all: Vec<_> = [same(b"1"), same(b"1"), same(b"2"), Principal::token(), Principal::local()]
            .iter()
            .map(|who| slots.take_always(who))
            .collect();
        assert!(all.iter().all(Option::is_some) && slots.take_always(&same(b"1")).is_none());
        assert!(slots.take_always(&Principal::token()).is_some());
    }
}
