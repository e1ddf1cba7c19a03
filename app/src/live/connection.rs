//! A connection that is lost, or too slow: what is said of it, and what can be done.

use taillight::follow::{Catch, Input, StateKind};

use super::status::set;
use super::{Live, with};
use crate::browser::timer::now_ms;

/// How long a connection may be lost before a banner says so, in milliseconds.
const PATIENCE_MS: f64 = 3_000.0;

/// After which time of a lost connection it is said when it is tried again, in milliseconds: a short loss says nothing.
const SOON_MS: f64 = 1_000.0;

/// Goes to the end at once, if the view follows from behind; says whether it does.
pub fn jump_to_end() -> bool {
    with(|live| {
        let can_jump = live.follow.can_jump();
        if can_jump {
            live.step(Input::Resume(Catch::Jump));
        }
        can_jump
    })
    .unwrap_or(false)
}

/// Tries a lost connection at once.
pub fn try_now() {
    with(|live| live.step(Input::Online));
}

impl Live {
    /// When a lost connection is tried again, and what is wrong for longer.
    pub(super) fn write_connection(&mut self) {
        let status = self.shell.status;
        let kind = self.follow.state().kind;
        let (now, retry_at_ms) = (now_ms(), self.follow.retry_at_ms());
        let lost_ms = if kind == StateKind::Reconnecting || retry_at_ms.is_some() {
            now - *self.meter.lost_since_ms.get_or_insert(now)
        } else {
            self.meter.lost_since_ms = None;
            0.0
        };
        let retry = match retry_at_ms {
            _ if self.meter.lost_since_ms.is_none() || lost_ms < SOON_MS => String::new(),
            Some(at_ms) => format!("again in {} s", ((at_ms as f64 - now) / 1_000.0).ceil().max(1.0) as u64),
            None => "trying now".to_owned(),
        };
        set(status.retry, retry);
        if !self.is_over {
            set(status.banner, banner(kind, lost_ms).to_owned());
        }
    }
}

/// What is wrong for longer and what to do; empty when nothing is.
fn banner(kind: StateKind, lost_ms: f64) -> &'static str {
    match kind {
        StateKind::Reconnecting if lost_ms > PATIENCE_MS => {
            "The connection is lost. It is tried again, and nothing is skipped when it comes back."
        }
        StateKind::Waiting => "No file has this name now. When one appears it is followed.",
        StateKind::Deleted => {
            "The file was deleted. What is in it can be read as long as the server holds it; a new one of this name is followed."
        }
        StateKind::Denied => {
            "The server may not read this file any more: its owner, its mode or the server's rules have changed. It is tried again."
        }
        StateKind::ReadError => "Reading the file fails. It is tried again.",
        StateKind::Packed(unpacking) => unpacking.banner().unwrap_or_default(),
        StateKind::Ended => "The input has ended: nothing more comes. What came stays here until the server ends.",
        _ => "",
    }
}
