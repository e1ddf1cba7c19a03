//! The server of Taillight: files, authority, streaming.
//!
//! [`Server`] is the whole of it; read [`router`] next: every address is there.

pub mod api;
pub mod assets;
pub mod auth;
pub mod catalog;
pub mod cli;
pub mod compat;
pub mod config;
pub mod error;
pub mod export;
pub mod index;
pub mod pull;
pub mod read;
pub mod router;
pub mod scan;
pub mod serve;
pub mod shell;
pub mod source;
pub mod state;
pub mod tail;
pub mod tasks;
#[cfg(test)]
pub(crate) mod testing;
pub mod ws;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use assets::Assets;
use auth::Auth;
use catalog::{Catalog, RootError};
use config::{AuthMode, Config, StartToken};
use serve::Limits;
use state::{AppState, Facts};
use tail::{Pace, Tails};
use tasks::Tasks;

/// How long the end waits for tasks, after sockets were told.
pub const DRAIN: Duration = Duration::from_secs(5);

/// A server that is ready to take connections.
#[derive(Debug)]
pub struct Server {
    config: Config,
    catalog: Catalog,
    token: String,
    limits: Limits,
    site_root: PathBuf,
}

/// Why a server cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A root cannot be served.
    #[error(transparent)]
    Root(#[from] RootError),
    /// No start token can be made.
    #[error("the system has no random numbers to give: {0}")]
    Random(#[source] io::Error),
}

impl Server {
    /// A server with those settings: opens the roots, and makes the start token where none was given (blocking).
    ///
    /// # Errors
    /// When a root cannot be served.
    pub fn new(config: Config) -> Result<Self, StartError> {
        let catalog = Catalog::new(&config.roots)?;
        let token = match config.token.as_ref().map(StartToken::reveal) {
            Some(token) => token.to_owned(),
            None => auth::secret::random_hex().map_err(StartError::Random)?,
        };
        let connections = usize::try_from(config.limits.connections).unwrap_or(usize::MAX);
        let limits = Limits { connections, ..Limits::default() };
        Ok(Self { config, catalog, token, limits, site_root: assets::site_root() })
    }

    /// Cuts clients that take longer than `head_timeout` for the head of a request.
    #[must_use]
    pub fn with_head_timeout(mut self, head_timeout: Duration) -> Self {
        self.limits.head_timeout = head_timeout;
        self
    }

    /// Takes the page's program from that folder.
    #[must_use]
    pub fn with_site_root(mut self, site_root: PathBuf) -> Self {
        self.site_root = site_root;
        self
    }

    /// The address that a person opens when the server listens on `local`. The token is in the fragment: browsers send
    /// that to nobody, so it is in no log.
    pub fn url(&self, local: SocketAddr) -> String {
        let host = if local.ip().is_unspecified() { format!("localhost:{}", local.port()) } else { local.to_string() };
        let url = format!("http://{host}{}/", self.config.base_path);
        match self.config.auth {
            AuthMode::Token => format!("{url}#token={}", self.token),
            AuthMode::None => url,
        }
    }

    /// Takes connections until `shutdown` is cancelled, then ends in order: not ready, no new connections, sockets are
    /// told through [`Tasks::stopping`], and at most [`DRAIN`] for what still runs.
    ///
    /// # Errors
    /// When the listener is unusable.
    pub async fn serve(self, listener: TcpListener, shutdown: CancellationToken) -> io::Result<()> {
        let local = listener.local_addr()?;
        let tasks = Tasks::new(shutdown);
        let limits = self.limits;
        let for_state = tasks.clone();
        let state = tasks.blocking(move || self.state(local, &for_state)).await;
        serve::run(listener, state, limits).await?;
        if !tasks.drain(DRAIN).await {
            tracing::warn!(tasks = tasks.n_running(), "some tasks did not end in time");
        }
        Ok(())
    }

    fn state(self, local: SocketAddr, tasks: &Tasks) -> AppState {
        let auth = Auth::new(&self.config, &self.token, local, tasks);
        let pace = Pace { poll: self.config.poll, ..Pace::default() };
        let facts = Facts {
            base: self.config.base_path,
            heartbeat: self.config.heartbeat,
            message_bytes: usize::try_from(self.config.limits.message_bytes).unwrap_or(usize::MAX),
            started: Instant::now(),
            n_connections: Arc::new(AtomicUsize::new(0)),
            n_viewers: Arc::new(AtomicUsize::new(0)),
        };
        AppState {
            auth,
            catalog: self.catalog,
            tails: Tails::new(tasks.clone(), pace),
            tasks: tasks.clone(),
            assets: Assets::new(self.site_root),
            facts: Arc::new(facts),
        }
    }
}
