//! How much a pass over a source may take before somebody has to ask for more.
//!
//! A pass that has taken what it was given stands stopped where it is: it holds no thread, what it has counted stays, and
//! it goes on from there when it is given more. One that has come to the end has all of its ration again: following what
//! is appended is no search.

use std::time::Duration;

use crate::tasks::scan_threads;

/// So much work, whichever ends first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ration {
    /// Bytes that are looked through.
    pub bytes: u64,
    /// The time that it takes all threads that scan: half of them take twice as long.
    pub time: Duration,
}

/// What searches of viewers may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rations {
    /// Each pass, before it is asked for more.
    pub pass: Ration,
    /// How many bytes may be unread for a pass that nobody has asked for but a link.
    pub link_bytes: u64,
}

impl Ration {
    /// Nothing at all.
    pub const NONE: Self = Self { bytes: 0, time: Duration::ZERO };

    /// No limit.
    pub const UNLIMITED: Self = Self { bytes: u64::MAX, time: Duration::MAX };

    fn is_spent(self) -> bool {
        self.bytes == 0 || self.time.is_zero()
    }
}

impl Rations {
    /// For a pass over `unread` bytes that somebody wishes, or that a link asks for.
    pub fn of(self, is_wished: bool, unread: u64) -> Ration {
        if is_wished || unread <= self.link_bytes { self.pass } else { Ration::NONE }
    }
}

/// What is left of what a pass was given.
#[derive(Debug)]
pub(in crate::scan) struct Leave {
    given: Ration,
    left: Ration,
    /// Who has it go on whatever is left.
    n_whole: u32,
    /// Nothing is left, and nothing is under way any more.
    is_stopped: bool,
}

impl Default for Leave {
    fn default() -> Self {
        Self::of(Ration::UNLIMITED)
    }
}

impl Leave {
    pub(in crate::scan) fn of(ration: Ration) -> Self {
        Self { given: ration, left: ration, n_whole: 0, is_stopped: ration.is_spent() }
    }

    /// How many bytes may still be looked through.
    pub(in crate::scan) fn bytes(&self) -> u64 {
        match self.n_whole {
            0 if self.left.is_spent() => 0,
            0 => self.left.bytes,
            _ => u64::MAX,
        }
    }

    /// What it was given last.
    pub(in crate::scan) fn given(&self) -> Ration {
        self.given
    }

    pub(in crate::scan) fn is_spent(&self) -> bool {
        self.bytes() == 0
    }

    pub(in crate::scan) fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// Nothing is under way any more.
    pub(in crate::scan) fn stop(&mut self) {
        self.is_stopped = self.is_spent();
    }

    /// So many bytes were looked through, and one thread took so long for it.
    pub(in crate::scan) fn spend(&mut self, bytes: u64, time: Duration) {
        if self.n_whole > 0 {
            // That is not for those who were given something.
            return;
        }
        let threads = u32::try_from(scan_threads()).unwrap_or(1).max(1);
        self.left.bytes = self.left.bytes.saturating_sub(bytes);
        self.left.time = self.left.time.saturating_sub(time / threads);
    }

    /// The pass has come to the end, whoever had it go on.
    pub(in crate::scan) fn refill(&mut self) {
        self.begin(Ration::UNLIMITED);
        self.left = self.given;
    }

    /// A pass that stands stopped gets as much again; so does one that only goes on because somebody needs all of it: who
    /// asks for more may have seen it stand.
    pub(in crate::scan) fn give(&mut self, ration: Ration) {
        if self.is_stopped || (self.n_whole > 0 && self.left.is_spent()) {
            (self.given, self.left) = (ration, ration);
            self.is_stopped &= ration.is_spent();
        }
    }

    /// One that was given nothing yet gets this.
    pub(in crate::scan) fn begin(&mut self, ration: Ration) {
        if self.given.is_spent() {
            (self.given, self.left) = (ration, ration);
            self.is_stopped &= ration.is_spent();
        }
    }

    /// From now on it goes on whatever is left.
    pub(in crate::scan) fn unbind(&mut self) {
        self.n_whole += 1;
        self.is_stopped = false;
    }

    /// One of those who had it go on does so no more.
    pub(in crate::scan) fn bind(&mut self) {
        self.n_whole = self.n_whole.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Ration = Ration { bytes: 100, time: Duration::from_secs(3) };

    #[test]
    fn only_a_large_search_of_a_link_waits() {
        let rations = Rations { pass: FULL, link_bytes: 10 };
        for (is_wished, unread, expected) in
            [(false, 10, FULL), (false, 11, Ration::NONE), (true, 11, FULL), (true, 0, FULL)]
        {
            assert_eq!(rations.of(is_wished, unread), expected, "{is_wished} {unread}");
        }
    }

    #[test]
    fn either_limit_stops_it_and_it_goes_on_with_as_much_again() {
        let threads = u32::try_from(scan_threads()).unwrap();
        for (bytes, time) in [(100, Duration::ZERO), (0, FULL.time * threads)] {
            let mut leave = Leave::of(FULL);
            leave.spend(bytes / 2, time / 2);
            leave.stop();
            assert!(!leave.is_spent() && !leave.is_stopped());
            leave.spend(bytes / 2, time / 2);
            assert!(leave.is_spent() && !leave.is_stopped(), "what is under way still lands");
            leave.give(FULL);
            assert!(leave.is_spent(), "not before it stands");
            leave.stop();
            leave.begin(FULL);
            assert!(leave.is_stopped(), "it was given something");
            leave.give(FULL);
            assert!(!leave.is_stopped() && leave.bytes() == 100);
        }
    }

    #[test]
    fn one_that_was_given_nothing_stands_from_the_beginning() {
        let mut leave = Leave::of(Ration::NONE);
        assert!(leave.is_stopped());
        leave.begin(Ration::NONE);
        assert!(leave.is_stopped());
        leave.begin(FULL);
        assert!(!leave.is_stopped() && leave.bytes() == 100);
    }

    #[test]
    fn who_needs_all_of_it_has_it_go_on_and_takes_nothing_from_the_others() {
        let mut leave = Leave::of(FULL);
        leave.spend(100, Duration::ZERO);
        leave.stop();
        leave.unbind();
        leave.spend(500, Duration::ZERO);
        assert!(!leave.is_stopped() && leave.bytes() == u64::MAX);
        leave.bind();
        leave.stop();
        assert!(leave.is_stopped());
        leave.refill();
        assert_eq!(leave.bytes(), 100);
        // One that nobody has asked for is at the end, too.
        let mut leave = Leave::of(Ration::NONE);
        leave.unbind();
        leave.refill();
        leave.bind();
        assert!(!leave.is_spent());
        // Somebody asks for more meanwhile: that is not used up for the other, and not given twice.
        let mut leave = Leave::of(FULL);
        leave.spend(100, Duration::ZERO);
        leave.stop();
        leave.unbind();
        leave.give(FULL);
        leave.spend(60, Duration::ZERO);
        leave.bind();
        assert!(!leave.is_stopped() && leave.bytes() == 100);
        // Somebody comes meanwhile.
        let mut leave = Leave::of(Ration::NONE);
        leave.unbind();
        leave.begin(FULL);
        leave.bind();
        assert_eq!(leave.bytes(), 100);
    }
}
