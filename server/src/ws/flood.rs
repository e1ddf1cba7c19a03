//! How many messages a client may send.

use taillight::wire::{MAX_MESSAGE_BURST, MAX_MESSAGES_PER_SEC};
use tokio::time::Instant;

/// What a client is told that sends more.
pub const TOO_MANY_MESSAGES: &str = "too many messages: at most 20 a second in the long run";

/// What a client may still send: a burst, and then so many messages a second. Answers that we asked for are free.
#[derive(Debug)]
pub struct Flood {
    left: u32,
    /// Since when more has come.
    since: Instant,
}

impl Flood {
    /// Nothing was sent yet.
    pub fn new() -> Self {
        Self { left: MAX_MESSAGE_BURST, since: Instant::now() }
    }

    /// A message came; whether it is one too many.
    pub fn is_too_much(&mut self) -> bool {
        let now = Instant::now();
        let millis = u64::try_from((now - self.since).as_millis()).unwrap_or(u64::MAX);
        let more = u32::try_from(millis.saturating_mul(MAX_MESSAGES_PER_SEC.into()) / 1000).unwrap_or(u32::MAX);
        if more > 0 {
            self.left = self.left.saturating_add(more).min(MAX_MESSAGE_BURST);
            self.since = now;
        }
        let is_left = self.left > 0;
        self.left = self.left.saturating_sub(1);
        !is_left
    }

    /// Something was sent that is answered by a message.
    pub fn expect_answer(&mut self) {
        self.left = (self.left + 1).min(MAX_MESSAGE_BURST);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn after_the_burst_so_many_a_second_may_come_and_answers_are_free() {
        let mut flood = Flood::new();
        let n_sent = |flood: &mut Flood| (0..10_000).take_while(|_| !flood.is_too_much()).count();
        assert_eq!(n_sent(&mut flood), MAX_MESSAGE_BURST as usize);
        for _ in 0..3 {
            tokio::time::advance(Duration::from_secs(1)).await;
            assert_eq!(n_sent(&mut flood), MAX_MESSAGES_PER_SEC as usize);
        }
        flood.expect_answer();
        assert_eq!(n_sent(&mut flood), 1);
        tokio::time::advance(Duration::from_secs(1000)).await;
        assert_eq!(n_sent(&mut flood), MAX_MESSAGE_BURST as usize, "it does not add up for ever");
    }
}
