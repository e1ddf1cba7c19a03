//! Holding archives: at the front of the lives, as long as somebody who came back through them is connected.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use taillight::cursor::Generation;

use super::Epoch;
use super::chain::{Chain, Link, MAX_LINKS};

/// The lives, and the one that the first link of a chain is.
type WithChain = (Arc<[Arc<Epoch>]>, Arc<Epoch>);

/// The lives with the archives of a chain before them, and the one that its first link is. `None` when the chain was made
/// for other lives, or there is no room. `lowest` is the lowest number that was ever used: none is used for two lives.
pub(super) fn with_chain(epochs: &[Arc<Epoch>], chain: &Chain, lowest: &mut Generation) -> Option<WithChain> {
    let is_held = |link: &Link| epochs.iter().find(|epoch| epoch.is(link));
    if let Some(first) = chain.links.first().and_then(is_held) {
        return Some((epochs.iter().cloned().collect(), Arc::clone(first)));
    }
    let held_from = chain.links.iter().position(|link| is_held(link).is_some());
    let new = chain.links.get(..held_from.unwrap_or(chain.links.len()))?;
    let follows = |epoch: &Arc<Epoch>| match held_from.and_then(|at| chain.links.get(at)) {
        Some(link) => epoch.is(link),
        None => epoch.generation == chain.next,
    };
    let rest = epochs.get(epochs.iter().position(follows)?..)?;
    let is_fit = epochs.first().is_some_and(|first| follows(first) || !first.is_archive());
    if !is_fit || rest.iter().filter(|epoch| epoch.is_archive()).count() + new.len() > 2 * MAX_LINKS {
        return None;
    }
    if lowest.get() as usize <= new.len() {
        return None;
    }
    let mut front: Vec<_> = Vec::with_capacity(new.len());
    for link in new.iter().rev() {
        *lowest = lowest.before();
        front.push(Arc::new(Epoch::archive(*lowest, link)));
    }
    front.reverse();
    let first = Arc::clone(front.first()?);
    Some((front.into_iter().chain(rest.iter().cloned()).collect(), first))
}

/// The lives that were followed.
pub(super) fn without(epochs: &Arc<[Arc<Epoch>]>) -> Arc<[Arc<Epoch>]> {
    if !epochs.iter().any(|epoch| epoch.is_archive()) {
        return Arc::clone(epochs);
    }
    epochs.iter().filter(|epoch| !epoch.is_archive()).cloned().collect()
}

impl Epoch {
    /// Whether it is that archive.
    fn is(&self, link: &Link) -> bool {
        let id = |stat: &crate::catalog::FileStat| (stat.dev, stat.inode, stat.born_ns);
        self.archive.as_ref().is_some_and(|own| id(own) == id(&link.stat))
    }
}

/// Who needs the archives of one file.
#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<Weak<Lease>>);

/// The archives are held while one of these is.
#[derive(Debug)]
pub(super) struct Lease;

impl Leases {
    /// One more. Taken before the tip is read that has the archives: what it shows then stays.
    pub(super) fn take(&self) -> Arc<Lease> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.upgrade().unwrap_or_else(|| {
            let lease = Arc::new(Lease);
            *held = Arc::downgrade(&lease);
            lease
        })
    }

    /// Does that if nobody needs them; nobody can come to need them meanwhile.
    pub(super) fn if_none(&self, end: impl FnOnce()) {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.strong_count() == 0 {
            end();
        }
    }
}
