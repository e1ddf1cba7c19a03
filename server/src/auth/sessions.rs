//! Sessions: a random id in a cookie, its hash here and in `DATA_DIR/sessions.json`, so that a restart logs nobody out.
//!
//! A data directory that cannot be written is a warning: sessions then live in memory only.

mod store;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::auth::Principal;
use crate::auth::secret::{self, Digest};
use crate::tasks::Tasks;
use store::Store;

/// How many sessions are kept; past that the one that was unused for longest ends.
pub const MAX_SESSIONS: usize = 1_000;

/// A use of a session is written down when the last one that was is older than this, in seconds.
const SAVE_EVERY_SECS: u64 = 60;

/// How long sessions live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// Seconds without use after which a session ends.
    pub idle_secs: u64,
    /// Seconds after login at which a session ends.
    pub absolute_secs: u64,
}

/// All sessions.
#[derive(Clone, Debug)]
pub struct Sessions {
    shared: Arc<Shared>,
    lifetimes: Lifetimes,
    tasks: Tasks,
}

#[derive(Debug)]
struct Shared {
    table: Mutex<HashMap<Digest, Session>>,
    store: Option<Store>,
}

/// One session, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Session {
    /// The hash of its id.
    id: Digest,
    /// Who.
    name: String,
    /// Whether it may do everything.
    admin: bool,
    /// Login, in seconds since 1970.
    began: u64,
    /// Last use, in seconds since 1970.
    used: u64,
    /// The last use that was written down.
    #[serde(skip)]
    saved: u64,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { idle_secs: 8 * 3600, absolute_secs: 24 * 3600 }
    }
}

impl Sessions {
    /// The sessions that are kept in `data_dir`; none and in memory only without one (blocking).
    pub fn open(data_dir: Option<&Path>, lifetimes: Lifetimes, tasks: Tasks) -> Self {
        let store = data_dir.map(Store::new);
        let kept = store.as_ref().map(Store::load).unwrap_or_default();
        let now = unix_secs();
        let alive = kept.into_iter().filter(|session| lifetimes.cover(session, now));
        let table = alive.map(|session| (session.id, Session { saved: session.used, ..session })).collect();
        Self { shared: Arc::new(Shared { table: Mutex::new(table), store }), lifetimes, tasks }
    }

    /// Begins a session and returns its id, the cookie's value. It is written down when this returns.
    ///
    /// # Errors
    /// When the system has no random numbers to give.
    pub async fn begin(&self, name: &str, is_admin: bool) -> io::Result<String> {
        let id = secret::random_hex()?;
        let now = unix_secs();
        let digest = Digest::of(id.as_bytes());
        let session = Session { id: digest, name: name.to_owned(), admin: is_admin, began: now, used: now, saved: now };
        {
            let mut table = self.shared.lock();
            table.retain(|_, session| self.lifetimes.cover(session, now));
            if table.len() >= MAX_SESSIONS {
                let stalest = table.values().min_by_key(|session| session.used).map(|session| session.id);
                stalest.map(|id| table.remove(&id));
            }
            table.insert(digest, session);
        }
        self.save().await;
        Ok(id)
    }

    /// How long sessions live.
    pub fn lifetimes(&self) -> Lifetimes {
        self.lifetimes
    }

    /// Who has the session with that id, a cookie's value. Counts as a use.
    pub fn find(&self, id: &str) -> Option<Principal> {
        let digest = Digest::of(id.as_bytes());
        let session = self.use_at(digest, unix_secs())?;
        Some(Principal::of_session(&session.name, session.admin, digest))
    }

    /// Whether a session goes on. Counts as a use.
    pub fn is_alive(&self, id: Digest) -> bool {
        self.use_at(id, unix_secs()).is_some()
    }

    /// Ends a session. It is written down when this returns.
    pub async fn end(&self, id: Digest) {
        if self.shared.lock().remove(&id).is_some() {
            self.save().await;
        }
    }

    fn use_at(&self, id: Digest, now: u64) -> Option<Session> {
        let (session, is_due) = {
            let mut table = self.shared.lock();
            let session = table.get_mut(&id)?;
            if !self.lifetimes.cover(session, now) {
                table.remove(&id);
                return None;
            }
            session.used = session.used.max(now);
            let is_due = session.used - session.saved >= SAVE_EVERY_SECS;
            if is_due {
                session.saved = session.used;
            }
            (session.clone(), is_due)
        };
        if is_due {
            let sessions = self.clone();
            self.tasks.spawn(async move { sessions.save().await });
        }
        Some(session)
    }

    async fn save(&self) {
        if self.shared.store.is_some() {
            let shared = Arc::clone(&self.shared);
            self.tasks.blocking(move || shared.save()).await;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Session>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn save(&self) {
        if let Some(store) = &self.store {
            store.save(|| self.lock().values().cloned().collect());
        }
    }
}

impl Lifetimes {
    fn cover(self, session: &Session, now: u64) -> bool {
        now.saturating_sub(session.used) < self.idle_secs && now.saturating_sub(session.began) < self.absolute_secs
    }
}

fn unix_secs() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;

    const SHORT: Lifetimes = Lifetimes { idle_secs: 100, absolute_secs: 250 };

    fn sessions() -> Sessions {
        Sessions::open(None, SHORT, Tasks::new(CancellationToken::new()))
    }

    #[tokio::test]
    async fn a_session_ends_when_unused_or_old_whichever_comes_first() {
        let sessions = sessions();
        let id = Digest::of(sessions.begin("ann", true).await.unwrap().as_bytes());
        let start = unix_secs();
        for (after, alive) in [(90, true), (180, true), (240, true), (260, false), (10, false)] {
            assert_eq!(sessions.use_at(id, start + after).is_some(), alive, "{after} s after login");
        }
        let id = Digest::of(sessions.begin("ann", true).await.unwrap().as_bytes());
        assert!(sessions.use_at(id, unix_secs() + 120).is_none(), "idle");
    }

    #[tokio::test]
    async fn an_ended_session_is_not_found_and_another_is() {
        let sessions = sessions();
        let (one, other) = (sessions.begin("a", true).await.unwrap(), sessions.begin("b", false).await.unwrap());
        let who = sessions.find(&one).unwrap();
        assert_eq!((who.name(), who.is_admin()), ("a", true));
        sessions.end(who.session().unwrap()).await;
        assert!(sessions.find(&one).is_none());
        assert!(!sessions.is_alive(who.session().unwrap()));
        assert_eq!(sessions.find(&other).map(|who| who.is_admin()), Some(false));
    }

    #[tokio::test]
    async fn the_number_of_sessions_is_bounded() {
        let sessions = sessions();
        for _ in 0..MAX_SESSIONS + 5 {
            sessions.begin("ann", true).await.unwrap();
        }
        assert_eq!(sessions.shared.lock().len(), MAX_SESSIONS);
    }
}
