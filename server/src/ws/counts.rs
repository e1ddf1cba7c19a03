//! What the streams count: for `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};

use taillight::wire::{CLOSE_GOING_AWAY, CLOSE_NO_PONG, CLOSE_UNAUTHORIZED, CLOSE_VERSION};

/// Why a socket ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The client closed it or went away.
    Left,
    /// No pong in time, or nothing was taken for too long.
    Silent,
    /// The client broke a rule.
    Refused,
    /// The login ended.
    LoggedOut,
    /// The server ends.
    GoingAway,
    /// A limit was reached, or the file cannot be followed.
    Failed,
}

impl Cause {
    /// The cause of a close of ours.
    pub fn of_close(code: u16) -> Self {
        match code {
            CLOSE_NO_PONG => Self::Silent,
            CLOSE_UNAUTHORIZED => Self::LoggedOut,
            CLOSE_GOING_AWAY => Self::GoingAway,
            1002..=1009 | CLOSE_VERSION => Self::Refused,
            _ => Self::Failed,
        }
    }
}

/// All causes, as they are shown.
const CAUSES: [(Cause, &str); 6] = [
    (Cause::Left, "left"),
    (Cause::Silent, "silent"),
    (Cause::Refused, "refused"),
    (Cause::LoggedOut, "logged_out"),
    (Cause::GoingAway, "going_away"),
    (Cause::Failed, "failed"),
];

/// The counters. They only grow.
#[derive(Debug, Default)]
pub struct Counts {
    shared_frames: AtomicU64,
    own_frames: AtomicU64,
    ended: [AtomicU64; CAUSES.len()],
}

impl Counts {
    /// A live frame was sent; whether another viewer had read it.
    pub fn count_frame(&self, is_shared: bool) {
        let counter = if is_shared { &self.shared_frames } else { &self.own_frames };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// A socket ended.
    pub fn count_end(&self, cause: Cause) {
        if let Some(counter) = self.ended.get(cause as usize) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Live frames that another viewer had read, and those that were read for one.
    pub fn frames(&self) -> (u64, u64) {
        (self.shared_frames.load(Ordering::Relaxed), self.own_frames.load(Ordering::Relaxed))
    }

    /// How many sockets ended, by cause.
    pub fn ended(&self) -> impl Iterator<Item = (&'static str, u64)> {
        CAUSES.iter().zip(&self.ended).map(|((_, name), counter)| (*name, counter.load(Ordering::Relaxed)))
    }
}
