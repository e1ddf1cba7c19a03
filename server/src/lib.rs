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
pub mod dates;
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

use std::io::{self, IsTerminal as _};
use std::net::SocketAddr;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use api::count::Unfinished;
use api::search_files::Searches;
use assets::Assets;
use auth::Auth;
use catalog::{Catalog, RootError};
use config::{AuthMode, Config, StartToken};
use index::KeptCounts;
use serve::Limits;
use source::{Archives, Intake, Stdin};
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
    intake: Option<Intake>,
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
    /// Standard input is to be served, and nothing is piped into it.
    #[error("standard input is a terminal: pipe something into it, 'COMMAND | taillight -', or leave '-' out")]
    Terminal,
    /// Standard input cannot be kept.
    #[error("standard input cannot be kept: {0}; name a folder that can be written with '--cache-dir DIR'")]
    Spool(#[source] io::Error),
}

impl Server {
    /// A server with those settings: opens the roots, takes standard input if that is to be served, and makes the start
    /// token where none was given (blocking).
    ///
    /// # Errors
    /// When a root cannot be served.
    pub fn new(config: Config) -> Result<Self, StartError> {
        let mut catalog = Catalog::new(&config.roots)?;
        let mut intake = None;
        if let Some(name) = &config.stdin {
            let (stdin, reader) = stdin_of_process(&config)?;
            catalog = catalog.with_stdin(name.clone(), stdin);
            intake = Some(reader);
        }
        let token = match config.token.as_ref().map(StartToken::reveal) {
            Some(token) => token.to_owned(),
            None => auth::secret::random_hex().map_err(StartError::Random)?,
        };
        let connections = usize::try_from(config.limits.connections).unwrap_or(usize::MAX);
        let limits = Limits { connections, ..Limits::default() };
        Ok(Self { config, catalog, intake, token, limits, site_root: assets::site_root() })
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
    pub async fn serve(mut self, listener: TcpListener, shutdown: CancellationToken) -> io::Result<()> {
        let local = listener.local_addr()?;
        let tasks = Tasks::new(shutdown);
        if let Some(intake) = self.intake.take() {
            start_intake(intake, &tasks)?;
        }
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
        let archives = Archives::new(self.config.spool_folders(), self.config.limits.spool_bytes);
        let searches = Searches::new(&self.config.limits);
        let kept = kept_counts(&self.config);
        let facts = Facts {
            base: self.config.base_path,
            heartbeat: self.config.heartbeat,
            message_bytes: usize::try_from(self.config.limits.message_bytes).unwrap_or(usize::MAX),
            pattern_bytes: self.config.limits.pattern_bytes,
            line_bytes: self.config.limits.line_bytes,
            rations: self.config.limits.rations(),
            started: Instant::now(),
            counters: ws::counts::Counts::default(),
            n_connections: Arc::new(AtomicUsize::new(0)),
            n_viewers: Arc::new(AtomicUsize::new(0)),
        };
        AppState {
            auth,
            catalog: self.catalog,
            tails: Tails::with_kept(tasks.clone(), pace, archives, kept),
            tasks: tasks.clone(),
            unfinished: Unfinished::default(),
            assets: Assets::new(self.site_root),
            searches,
            facts: Arc::new(facts),
        }
    }
}

/// Where line counts outlive the server.
fn kept_counts(config: &Config) -> Option<KeptCounts> {
    let budget = config.limits.kept_counts_bytes;
    let kept = (budget > 0).then(|| KeptCounts::new(config.cache_dir.join("lines"), budget))?;
    if let Err(error) = kept.prepare() {
        // What was kept there before is used all the same.
        tracing::info!(%error, "no line counts can be kept in the cache folder: large files are counted at each start");
    }
    Some(kept)
}

fn stdin_of_process(config: &Config) -> Result<(Arc<Stdin>, Intake), StartError> {
    let input = io::stdin();
    if input.is_terminal() {
        return Err(StartError::Terminal);
    }
    let input: OwnedFd = input.as_fd().try_clone_to_owned().map_err(StartError::Spool)?;
    Stdin::new(input, config.spool_folders(), config.limits.stdin_bytes).map_err(StartError::Spool)
}

/// Reads standard input beside everything else, to its end or the server's.
fn start_intake(intake: Intake, tasks: &Tasks) -> io::Result<()> {
    // A thread that waits for input hears no token: it waits for this pipe too, which closes when the token comes.
    let (stop, open) = io::pipe()?;
    let stopping = tasks.stopping();
    tasks.spawn(async move {
        stopping.cancelled().await;
        drop(open);
    });
    tasks.background(move || intake.run(&stop));
    Ok(())
}
