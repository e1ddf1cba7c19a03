//! Counts failed attempts by address: a few a minute, then none is looked at until the minute is over.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many addresses are remembered; past that the oldest windows are forgotten.
const MAX_ADDRESSES: usize = 10_000;

/// Failed attempts by address.
#[derive(Debug)]
pub struct Limiter {
    max_failures: u32,
    window: Duration,
    seen: Mutex<HashMap<IpAddr, Window>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    began: Instant,
    n_failures: u32,
}

impl Limiter {
    /// At most `max_failures` in `window` for each address.
    pub fn new(max_failures: u32, window: Duration) -> Self {
        Self { max_failures, window, seen: Mutex::default() }
    }

    /// Whether an attempt from `peer` is looked at.
    ///
    /// # Errors
    /// How long it has to wait.
    pub fn check(&self, peer: IpAddr, now: Instant) -> Result<(), Duration> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.get(&peer) {
            Some(window) if window.n_failures >= self.max_failures => {
                let left = self.window.saturating_sub(now.saturating_duration_since(window.began));
                if left.is_zero() { Ok(()) } else { Err(left) }
            }
            _ => Ok(()),
        }
    }

    /// Counts a failed attempt from `peer`.
    pub fn failed(&self, peer: IpAddr, now: Instant) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MAX_ADDRESSES && !seen.contains_key(&peer) {
            self.make_room(&mut seen, now);
        }
        let window = seen.entry(peer).or_insert(Window { began: now, n_failures: 0 });
        if now.saturating_duration_since(window.began) >= self.window {
            *window = Window { began: now, n_failures: 0 };
        }
        window.n_failures = window.n_failures.saturating_add(1);
    }

    fn make_room(&self, seen: &mut HashMap<IpAddr, Window>, now: Instant) {
        seen.retain(|_, window| now.saturating_duration_since(window.began) < self.window);
        if seen.len() >= MAX_ADDRESSES {
            let oldest = seen.iter().min_by_key(|(_, window)| window.began).map(|(&peer, _)| peer);
            oldest.map(|peer| seen.remove(&peer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_refused_after_its_failures_until_the_window_is_over_and_others_are_not() {
        let limiter = Limiter::new(3, Duration::from_secs(60));
        let (peer, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(limiter.check(peer, start), Ok(()));
            limiter.failed(peer, start);
        }
        assert_eq!(limiter.check(peer, start + Duration::from_secs(20)), Err(Duration::from_secs(40)));
        assert_eq!(limiter.check(other, start), Ok(()));
        let later = start + Duration::from_secs(60);
        assert_eq!(limiter.check(peer, later), Ok(()));
        limiter.failed(peer, later);
        assert_eq!(limiter.check(peer, later), Ok(()), "a new window starts from zero");
    }

    #[test]
    fn memory_is_bounded_whatever_the_number_of_addresses() {
        let limiter = Limiter::new(3, Duration::from_secs(60));
        let start = Instant::now();
        for number in 0..u32::try_from(MAX_ADDRESSES).unwrap() + 50 {
            limiter.failed(IpAddr::from(number.to_be_bytes()), start);
        }
        assert!(limiter.seen.lock().unwrap().len() <= MAX_ADDRESSES);
    }
}
