//! The login of an open socket: it was looked at when the socket was opened, and is looked at again while it lives.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{Auth, Principal};

/// The time between two looks.
pub const RECHECK_INTERVAL: Duration = Duration::from_secs(30);

/// A login that may end while its socket is open.
#[derive(Debug)]
pub struct LastingLogin {
    auth: Auth,
    who: Principal,
    next_at: Instant,
}

impl LastingLogin {
    /// The login of `who`, looked at just now.
    pub fn new(auth: Auth, who: Principal) -> Self {
        Self { auth, who, next_at: Instant::now() + RECHECK_INTERVAL }
    }

    /// Whose it is.
    pub fn who(&self) -> &Principal {
        &self.who
    }

    /// When [`LastingLogin::has_ended`] is to be asked next.
    pub fn next_at(&self) -> Instant {
        self.next_at
    }

    /// Whether it has ended, as far as it is time to look.
    pub fn has_ended(&mut self) -> bool {
        let now = Instant::now();
        if now < self.next_at {
            return false;
        }
        self.next_at = now + RECHECK_INTERVAL;
        !self.auth.still_valid(&self.who)
    }

    /// Waits until it has ended. Nothing is lost when this is dropped before.
    pub async fn ended(&mut self) {
        loop {
            sleep_until(self.next_at).await;
            if self.has_ended() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::time::timeout;

    use super::*;
    use crate::auth::secret::Digest;
    use crate::config::Config;
    use crate::tasks::Tasks;

    #[tokio::test(start_paused = true)]
    async fn a_session_that_has_ended_is_noticed_and_others_stay() {
        let config = Config::local(&[&std::env::temp_dir()]).unwrap();
        let auth = Auth::new(&config, "token", SocketAddr::from(([127, 0, 0, 1], 1)), &Tasks::default());
        let ended = Principal::of_session("ann", true, Digest::of(b"no such session"));
        let mut login = LastingLogin::new(auth.clone(), ended);
        let began = Instant::now();
        // Asked for again and again, as a socket does that has other things to do.
        while timeout(Duration::from_secs(7), login.ended()).await.is_err() {}
        assert_eq!(began.elapsed(), RECHECK_INTERVAL);
        for who in [Principal::local(), Principal::token()] {
            let mut login = LastingLogin::new(auth.clone(), who);
            assert!(timeout(RECHECK_INTERVAL * 5, login.ended()).await.is_err(), "{:?}", login.who());
        }
    }
}
