//! `GET /api/v1/search?path=ROOT/DIR&q=EXPR&lvl=&from=&to=`: which files have matching lines, as newline-delimited JSON that
//! comes while they are searched, the file that was written last first.
//!
//! # What bounds it
//! So many files, so many bytes and so many searches for each user; the steps of a search run on the scan threads, so that
//! pages go first, and what it finds waits for the client, so that a slow one costs nothing but its own time. Whoever goes
//! away ends it.

mod engine;
mod packed;
mod plain;
mod rows;
mod said;
mod tally;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use taillight::path::LogPath;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use crate::api::files::folder;
use crate::api::params::{Selection, text_pairs};
use crate::api::search::compile;
use crate::auth::Principal;
use crate::auth::slots::{Slot, Slots};
use crate::config::Limits;
use crate::error::ApiError;
use crate::state::AppState;
use engine::{Engine, Work};

/// The files of one search, at most.
const MAX_FILES: usize = 10_000;

/// Objects that wait for the client, at most.
const MAX_WAITING: usize = 32;

/// The searches of all users together, at most.
const MAX_SEARCHES: usize = 16;

/// The compressed files that are decoded for searches at once, at most: each takes up to 45 MB.
const MAX_DECODERS: usize = 2;

/// What searches may take. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Searches {
    of_users: Slots,
    all: Arc<Semaphore>,
    decoders: Arc<Semaphore>,
    bytes: u64,
}

/// What the query string asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    /// The folder; all roots without one.
    folder: Option<LogPath>,
    lines: Selection,
}

/// Tells all steps of a search that nobody waits for it.
struct Cancel(Arc<AtomicBool>);

impl Searches {
    /// As the limits say.
    pub fn new(limits: &Limits) -> Self {
        Self {
            of_users: Slots::new(limits.searches_per_user),
            all: Arc::new(Semaphore::new(MAX_SEARCHES)),
            decoders: Arc::new(Semaphore::new(MAX_DECODERS)),
            bytes: limits.search_bytes,
        }
    }

    fn take(&self, who: &Principal) -> Result<(Slot, tokio::sync::OwnedSemaphorePermit), ApiError> {
        let most = self.of_users.most();
        let slot = self.of_users.take_always(who).ok_or(ApiError::TooManySearches { most })?;
        let permit = Arc::clone(&self.all).try_acquire_owned().map_err(|_| ApiError::Busy)?;
        Ok((slot, permit))
    }
}

impl Drop for Cancel {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Answers with what is found.
///
/// # Errors
/// When the query is wrong, the folder is not one of ours, or too many searches are running.
pub async fn search(
    State(state): State<AppState>,
    who: Principal,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let Wanted { folder, lines } = wanted(query.as_deref().unwrap_or_default())?;
    let filter = compile(&state, lines).await?;
    let slots = state.searches.take(&who)?;
    let cancel = Cancel(Arc::default());
    let (catalog, for_walk, is_over) = (state.catalog.clone(), who.clone(), Arc::clone(&cancel.0));
    let walk = move || {
        let is_over = || is_over.load(Ordering::Relaxed);
        catalog.files_below(&for_walk, folder.as_ref(), MAX_FILES, &is_over)
    };
    let found = state.tasks.blocking(walk).await?;
    let (out, lines) = mpsc::channel(MAX_WAITING);
    let Searches { decoders, bytes: limit, .. } = state.searches;
    let (tasks, cancelled) = (state.tasks.clone(), Arc::clone(&cancel.0));
    let (catalog, listener) = (state.catalog, out.clone());
    let engine = Engine { tasks, catalog, who, filter, limit, decoders, cancelled, out, done: Work::default() };
    let stopping = state.tasks.stopping();
    state.tasks.spawn(async move {
        // Given back when the search ends or is dropped, whichever is first.
        let _held = (slots, cancel);
        tokio::select! {
            () = engine.run(found) => {}
            () = listener.closed() => {}
            () = stopping.cancelled() => {}
        }
    });
    let body = Body::from_stream(ReceiverStream::new(lines).map(Ok::<_, Infallible>));
    Ok(([(CONTENT_TYPE, "application/x-ndjson"), (CACHE_CONTROL, "no-store")], body).into_response())
}

fn wanted(query: &str) -> Result<Wanted, ApiError> {
    let mut wanted = Wanted { folder: None, lines: Selection::default() };
    for pair in query.split('&') {
        // A name can be bytes that are no text.
        if let Some(path) = pair.strip_prefix("path=") {
            wanted.folder = folder(path)?;
        }
    }
    for (name, value) in text_pairs(query)? {
        wanted.lines.read(&name, &value)?;
    }
    Ok(wanted)
}
