//! When to ask whether a peer is still there, and when to give it up.

use std::time::Duration;

use rand::Rng as _;
use taillight::wire::PONG_SECS;
use tokio::time::Instant;

/// How late a timer may fire before it is taken for a pause of the server itself.
pub(super) const PAUSE: Duration = Duration::from_secs(1);

/// How long a peer may be silent after a ping.
const PONG: Duration = Duration::from_secs(PONG_SECS);

/// A ping waits behind what was sent before it: a link is given the time that it would take at this many bytes a second.
const SLOWEST_LINK: f64 = 12_500.0;

/// The ping schedule of one connection.
#[derive(Debug)]
pub struct Heartbeat {
    interval: Duration,
    next_ping: Instant,
    /// Until when the last ping must be answered.
    deadline: Option<Instant>,
    /// When the peer was heard last.
    heard: Instant,
}

/// What is known about the way to a peer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Line {
    /// How many bytes were sent since the peer was heard last.
    pub unheard: u64,
    /// While the kernel takes no more: when it took something last.
    pub blocked_since: Option<Instant>,
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
        let now = Instant::now();
        let mut heartbeat = Self { interval, next_ping: now, deadline: None, heard: now };
        heartbeat.next_ping += heartbeat.jittered();
        heartbeat
    }

    /// When [`Heartbeat::due`] is to be asked next.
    pub fn next_at(&self) -> Instant {
        self.deadline.unwrap_or(self.next_ping)
    }

    /// What is due now.
    pub fn due(&mut self, line: Line) -> Option<Beat> {
        let now = Instant::now();
        let Some(deadline) = self.deadline else {
            return (now >= self.next_ping).then_some(Beat::Ping);
        };
        if now < deadline {
            return None;
        }
        if now - deadline >= PAUSE {
            // The server was stopped or starved: that time is not the client's fault.
            self.deadline = Some(now + PONG);
            return None;
        }
        // What takes bytes is alive; the ping may not even have left.
        let patience = line.blocked_since.map(|since| since + self.interval + PONG).filter(|until| *until > now);
        if patience.is_some() {
            self.deadline = patience;
            return None;
        }
        Some(Beat::Dead)
    }

    /// A ping was sent.
    pub fn pinged(&mut self, line: Line) {
        let now = Instant::now();
        let behind = Duration::from_secs_f64(line.unheard as f64 / SLOWEST_LINK);
        // A peer that is gone is given up after an interval and the time for a pong, however much was sent to it.
        let latest = (self.heard + self.interval + PONG).max(now + PONG);
        self.deadline = Some((now + PONG + behind).min(latest));
    }

    /// The peer took what waited for it.
    pub fn progressed(&mut self) {
        self.heard = Instant::now();
    }

    /// The peer has shown that it is there.
    pub fn alive(&mut self) {
        self.heard = Instant::now();
        if self.deadline.take().is_some() {
            self.next_ping = self.heard + self.jittered();
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
    use tokio::time::{advance, sleep_until};

    const INTERVAL: Duration = Duration::from_secs(20);

    /// Waits for what is due next.
    async fn next(heartbeat: &mut Heartbeat, line: Line) -> Beat {
        loop {
            sleep_until(heartbeat.next_at()).await;
            if let Some(beat) = heartbeat.due(line) {
                return beat;
            }
        }
    }

    /// Sends the first ping; the time of it.
    async fn pinged(heartbeat: &mut Heartbeat, line: Line) -> Instant {
        assert_eq!(next(heartbeat, line).await, Beat::Ping);
        heartbeat.pinged(line);
        Instant::now()
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_peer_is_given_up_five_seconds_after_the_ping() {
        let mut heartbeat = Heartbeat::new(INTERVAL);
        let start = Instant::now();
        let pinged = pinged(&mut heartbeat, Line::default()).await;
        assert!((18..=20).contains(&start.elapsed().as_secs()));
        assert_eq!(next(&mut heartbeat, Line::default()).await, Beat::Dead);
        assert_eq!(pinged.elapsed().as_secs(), PONG_SECS);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_starts_the_next_interval() {
        let mut heartbeat = Heartbeat::new(INTERVAL);
        for _ in 0..3 {
            pinged(&mut heartbeat, Line::default()).await;
            heartbeat.alive();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_of_the_server_is_not_charged_to_the_peer() {
        let mut heartbeat = Heartbeat::new(INTERVAL);
        pinged(&mut heartbeat, Line::default()).await;
        advance(Duration::from_secs(30)).await;
        let woken = Instant::now();
        assert_eq!(next(&mut heartbeat, Line::default()).await, Beat::Dead);
        assert_eq!(woken.elapsed().as_secs(), PONG_SECS, "a whole new wait after the pause");
    }

    #[tokio::test(start_paused = true)]
    async fn a_ping_behind_a_page_waits_as_long_as_the_page_takes_on_a_slow_link() {
        let mut heartbeat = Heartbeat::new(INTERVAL);
        // Asked for a page a moment before the ping, as its request shows.
        advance(Duration::from_secs(17)).await;
        heartbeat.alive();
        let line = Line { unheard: 64 * 1024, blocked_since: None };
        let pinged = pinged(&mut heartbeat, line).await;
        assert_eq!(next(&mut heartbeat, line).await, Beat::Dead);
        assert!((9..=11).contains(&pinged.elapsed().as_secs()), "{:?}", pinged.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_is_gone_is_given_up_in_time_however_much_was_sent_to_it() {
        let mut heartbeat = Heartbeat::new(INTERVAL);
        let start = Instant::now();
        let line = Line { unheard: u64::from(u32::MAX), blocked_since: Some(start) };
        pinged(&mut heartbeat, line).await;
        assert_eq!(next(&mut heartbeat, line).await, Beat::Dead);
        assert_eq!(start.elapsed(), INTERVAL + PONG);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_bytes_is_alive_although_its_pong_is_late() {
        let mut heartbeat = Heartbeat::new(INTERVAL);
        pinged(&mut heartbeat, Line::default()).await;
        for _ in 0..10 {
            sleep_until(heartbeat.next_at()).await;
            assert_eq!(heartbeat.due(Line { unheard: 1, blocked_since: Some(Instant::now()) }), None);
        }
    }
}
