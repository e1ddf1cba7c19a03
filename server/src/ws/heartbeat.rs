//! When to ask whether a peer is still there, and when to give it up.

use std::time::Duration;

use rand::Rng as _;
use taillight::wire::PONG_SECS;
use tokio::time::{Instant, sleep_until};

/// How late a timer may fire before it is taken for a pause of the server itself.
const PAUSE: Duration = Duration::from_secs(1);

/// The ping schedule of one connection.
pub struct Heartbeat {
    interval: Duration,
    next_ping: Instant,
    /// Until when the last ping must be answered.
    deadline: Option<Instant>,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beat {
    /// Send a ping, then call [`Heartbeat::pinged`].
    Ping,
    /// The peer did not answer in time.
    Dead,
}

impl Heartbeat {
    /// A schedule that starts now.
    pub fn new(interval: Duration) -> Self {
        let mut heartbeat = Self { interval, next_ping: Instant::now(), deadline: None };
        heartbeat.next_ping += heartbeat.jittered();
        heartbeat
    }

    /// Waits until something is due. Nothing is lost when it is dropped before.
    pub async fn due(&mut self) -> Beat {
        loop {
            let Some(deadline) = self.deadline else {
                sleep_until(self.next_ping).await;
                return Beat::Ping;
            };
            sleep_until(deadline).await;
            if deadline.elapsed() < PAUSE {
                return Beat::Dead;
            }
            // The server was stopped or starved: that time is not the client's fault.
            self.deadline = Some(Instant::now() + Duration::from_secs(PONG_SECS));
        }
    }

    /// A ping was sent.
    pub fn pinged(&mut self) {
        self.deadline = Some(Instant::now() + Duration::from_secs(PONG_SECS));
    }

    /// The peer has shown that it is there.
    pub fn alive(&mut self) {
        if self.deadline.take().is_some() {
            self.next_ping = Instant::now() + self.jittered();
        }
    }

    /// The interval, up to a tenth shorter, so that thousands of connections do not beat together.
    fn jittered(&self) -> Duration {
        self.interval.mul_f64(rand::rng().random_range(0.9..=1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_silent_peer_is_given_up_five_seconds_after_the_ping() {
        let mut heartbeat = Heartbeat::new(Duration::from_secs(20));
        let start = Instant::now();
        assert_eq!(heartbeat.due().await, Beat::Ping);
        assert!((18..=20).contains(&start.elapsed().as_secs()));
        heartbeat.pinged();
        let pinged = Instant::now();
        assert_eq!(heartbeat.due().await, Beat::Dead);
        assert_eq!(pinged.elapsed().as_secs(), PONG_SECS);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_starts_the_next_interval() {
        let mut heartbeat = Heartbeat::new(Duration::from_secs(20));
        for _ in 0..3 {
            assert_eq!(heartbeat.due().await, Beat::Ping);
            heartbeat.pinged();
            heartbeat.alive();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_of_the_server_is_not_charged_to_the_peer() {
        let mut heartbeat = Heartbeat::new(Duration::from_secs(20));
        assert_eq!(heartbeat.due().await, Beat::Ping);
        heartbeat.pinged();
        tokio::time::advance(Duration::from_secs(30)).await;
        let woken = Instant::now();
        assert_eq!(heartbeat.due().await, Beat::Dead);
        assert_eq!(woken.elapsed().as_secs(), PONG_SECS, "a whole new wait after the pause");
    }
}
