//! Who may come in. In this order, before anything else is looked at: `Host`, `Origin`, login ([`door`]).
//!
//! A start token of 256 bits lives as long as the process; a browser exchanges it for a session cookie, a script sends
//! it as `Authorization: Bearer`. Its holder is an administrator. Sessions survive a restart: the hashes of their ids are
//! in the data directory.

pub mod door;
pub mod lasting;
pub mod limiter;
pub mod login;
pub mod origin;
pub mod principal;
pub mod secret;
pub mod sessions;
pub mod slots;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

pub use principal::Principal;

use crate::config::{AuthMode, Config};
use crate::tasks::Tasks;
use limiter::Limiter;
use origin::HostRules;
use secret::Digest;
use sessions::{Lifetimes, Sessions};
use slots::Slots;

/// Failed attempts that one address has in [`LIMIT_WINDOW`].
pub const MAX_FAILURES: u32 = 10;

/// The window in which failed attempts are counted.
pub const LIMIT_WINDOW: Duration = Duration::from_secs(60);

/// Authentication of the running server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Auth {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    mode: AuthMode,
    /// The hash of the start token: comparing hashes takes the same time for every wrong token of any length.
    token: Digest,
    hosts: HostRules,
    cookie_name: String,
    sessions: Sessions,
    logins: Limiter,
    bearers: Limiter,
    sockets: Slots,
}

impl Auth {
    /// Authentication as `config` says, for a server that listens on `local` and whose start token is `token`. Reads the
    /// sessions that are kept (blocking).
    pub fn new(config: &Config, token: &str, local: SocketAddr, tasks: &Tasks) -> Self {
        let inner = Inner {
            mode: config.auth,
            token: Digest::of(token.as_bytes()),
            hosts: HostRules::new(local, &config.hosts),
            cookie_name: format!("taillight_{}", local.port()),
            sessions: Sessions::open(Some(&config.data_dir), Lifetimes::default(), tasks.clone()),
            logins: Limiter::new(MAX_FAILURES, LIMIT_WINDOW),
            bearers: Limiter::new(MAX_FAILURES, LIMIT_WINDOW),
            sockets: Slots::new(config.limits.sockets_per_user),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The mode.
    pub fn mode(&self) -> AuthMode {
        self.inner.mode
    }

    /// The sockets of users.
    pub fn sockets(&self) -> &Slots {
        &self.inner.sockets
    }

    /// Whether `who` may still do what it was let in for: false after logout and when its session has ended. A socket
    /// asks this at least every 60 seconds: [`lasting`].
    pub fn still_valid(&self, who: &Principal) -> bool {
        who.session().is_none_or(|session| self.inner.sessions.is_alive(session))
    }
}
