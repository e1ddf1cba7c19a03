//! The server of Taillight: files, authority, streaming.
//!
//! [`Server`] is the whole of it; read [`router`] next: every address is there.

pub mod api;
pub mod assets;
pub mod auth;
pub mod catalog;
pub mod compat;
pub mod error;
pub mod router;
pub mod serve;
pub mod shell;
pub mod state;
pub mod tail;
pub mod tasks;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use assets::Assets;
use auth::{Auth, AuthSetup};
use catalog::Catalog;
use serve::Limits;
use state::{AppState, Facts};
use tail::Tails;
use tasks::Tasks;

/// How long the end waits for tasks, after sockets were told.
pub const DRAIN: Duration = Duration::from_secs(5);

/// What a server is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Which files there are.
    pub catalog: Catalog,
    /// Who may come in.
    pub auth: AuthSetup,
    /// The base path: empty, or `/x` without a slash at its end.
    pub base_path: String,
    /// Time between pings on a socket.
    pub heartbeat: Duration,
    /// The folder of the page's program, where it is not inside the binary.
    pub site_root: PathBuf,
    /// What a client may take.
    pub limits: Limits,
}

/// A server that is ready to take connections.
#[derive(Debug)]
pub struct Server {
    setup: Setup,
    token: String,
}

impl Server {
    /// A server of that setup. Makes the start token where none was given.
    ///
    /// # Errors
    /// When the system has no random numbers to give.
    pub fn new(setup: Setup) -> io::Result<Self> {
        let token = match &setup.auth.token {
            Some(token) => token.clone(),
            None => auth::secret::random_hex()?,
        };
        Ok(Self { setup, token })
    }

    /// The address that a person opens when the server listens on `local`. The token is in the fragment: browsers send
    /// that to nobody, so it is in no log.
    pub fn url(&self, local: SocketAddr) -> String {
        let host = match local {
            _ if local.ip().is_unspecified() => format!("localhost:{}", local.port()),
            _ => local.to_string(),
        };
        let url = format!("http://{host}{}/", self.setup.base_path);
        match self.setup.auth.mode {
            auth::AuthMode::Token => format!("{url}#token={}", self.token),
            auth::AuthMode::None => url,
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
        let state = self.state(local, &tasks).await;
        serve::run(listener, state, self.setup.limits).await?;
        if !tasks.drain(DRAIN).await {
            tracing::warn!(tasks = tasks.n_running(), "some tasks did not end in time");
        }
        Ok(())
    }

    async fn state(&self, local: SocketAddr, tasks: &Tasks) -> AppState {
        let base = self.setup.base_path.clone();
        let (setup, token, for_auth) = (self.setup.auth.clone(), self.token.clone(), tasks.clone());

        let auth = tasks.blocking(move || Auth::new(&setup, &token, local, &for_auth)).await;
        let facts = Facts {
            base,
            heartbeat: self.setup.heartbeat,
            user: user_name(),
            started: Instant::now(),
            n_connections: Arc::new(AtomicUsize::new(0)),
            n_viewers: Arc::new(AtomicUsize::new(0)),
        };
        AppState {
            auth,
            catalog: self.setup.catalog.clone(),
            tails: Tails::new(tasks),
            tasks: tasks.clone(),
            assets: Assets::new(self.setup.site_root.clone()),
            facts: Arc::new(facts),
        }
    }
}

/// The user the server runs as: its name where the system's list has one, else its number.
fn user_name() -> String {
    let uid = rustix::process::geteuid().as_raw().to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    });
    named.unwrap_or(uid)
}
