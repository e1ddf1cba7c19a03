//! What handlers share: a `Clone` struct of handles. A handler asks for the part it needs (`State<Catalog>`), so that its
//! signature is its list of dependencies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::extract::FromRef;

use crate::api::count::Unfinished;
use crate::api::search_files::Searches;
use crate::assets::Assets;
use crate::auth::Auth;
use crate::catalog::Catalog;
use crate::scan::Rations;
use crate::tail::Tails;
use crate::tasks::Tasks;

/// The handles of the running server.
#[derive(Clone, Debug, FromRef)]
pub struct AppState {
    /// Who may come in.
    pub auth: Auth,
    /// Which files there are, and the only way to open one.
    pub catalog: Catalog,
    /// The followed files.
    pub tails: Tails,
    /// Everything that runs beside a request.
    pub tasks: Tasks,
    /// Counts that go on after their answer.
    pub unfinished: Unfinished,
    /// The page's program and pictures.
    pub assets: Assets,
    /// What searches over files may take.
    pub searches: Searches,
    /// What was said at the start and does not change.
    pub facts: Arc<Facts>,
}

/// What was said at the start and does not change, and the counters of the whole server.
#[derive(Debug)]
pub struct Facts {
    /// The base path: empty, or `/x` without a slash at its end.
    pub base: String,
    /// Time between pings on a socket.
    pub heartbeat: Duration,
    /// The longest message a client may send on a socket, in bytes.
    pub message_bytes: usize,
    /// The longest filter or find term, in bytes.
    pub pattern_bytes: usize,
    /// How much of a line is sent unasked, in bytes.
    pub line_bytes: usize,
    /// What searches of viewers may take.
    pub rations: Rations,
    /// When it was started.
    pub started: Instant,
    /// Open connections.
    pub n_connections: Arc<AtomicUsize>,
    /// What the streams count.
    pub counters: crate::ws::counts::Counts,
    /// Viewers: sockets of the page and of the seed's stream. Whoever upgrades counts itself.
    pub n_viewers: Arc<AtomicUsize>,
}

impl Facts {
    /// An address below the base path: `path` begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The part of a request's path below the base; the whole path when it is not below it.
    pub fn below<'a>(&self, path: &'a str) -> &'a str {
        path.strip_prefix(self.base.as_str()).filter(|rest| rest.starts_with('/')).unwrap_or(path)
    }

    /// Counts a viewer as long as what is returned lives.
    pub fn count_viewer(&self) -> CountedViewer {
        self.n_viewers.fetch_add(1, Ordering::Relaxed);
        CountedViewer(Arc::clone(&self.n_viewers))
    }
}

/// A viewer that is counted.
#[derive(Debug)]
pub struct CountedViewer(Arc<AtomicUsize>);

impl Drop for CountedViewer {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
