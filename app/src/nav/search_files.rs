//! The search over files in the browser: asks the server, and takes what comes while it comes.

use std::cell::{Cell, RefCell};

use leptos::prelude::*;
use taillight::path::{LogPath, percent_encode};

use crate::browser::fetch::{Abort, Stream};
use crate::browser::{BrowserError, history, timer};
use crate::search_files::{Found, State};
use crate::shell::Shell;

/// The time between two drawings of what has come, in milliseconds.
const DRAW_MS: f64 = 120.0;

/// How much of an answer that is an error is read, in bytes.
const MAX_PROBLEM_BYTES: usize = 64 * 1024;

thread_local! {
    // One search per page: another one gives it up.
    static RUNNING: RefCell<Option<Abort>> = const { RefCell::new(None) };
    static NUMBER: Cell<u32> = const { Cell::new(0) };
}

/// Searches for what stands in the box, where there is something.
pub fn begin(shell: Shell) {
    let query = shell.search_files.text.get_untracked();
    if query.trim().is_empty() {
        return;
    }
    let mut found = Found { query, state: State::Running, ..Found::default() };
    let Ok(abort) = Abort::new() else { return };
    let address = address(shell, &found.query);
    let stream = abort.get(&address);
    RUNNING.set(Some(abort));
    let number = NUMBER.get().wrapping_add(1);
    NUMBER.set(number);
    shell.search_files.found.set(found.clone());
    leptos::task::spawn_local(async move {
        let read = match stream.await {
            Ok(stream) if stream.status == 200 => read(shell, stream, &mut found, number).await,
            Ok(stream) => problem(stream, &mut found).await,
            Err(error) => Err(error),
        };
        if read.is_err() || found.is_running() {
            let why = "The connection was lost before the search was over".to_owned();
            found.state = State::Failed { why, error: None };
        }
        show(shell, found, number);
    });
}

/// Ends a search that runs; what it has found stays.
pub fn end(shell: Shell) {
    RUNNING.set(None);
    NUMBER.set(NUMBER.get().wrapping_add(1));
    if shell.search_files.found.with_untracked(Found::is_running) {
        shell.search_files.found.update(|found| found.state = State::Cancelled);
    }
}

/// Takes the lines of an answer.
async fn read(shell: Shell, mut stream: Stream, found: &mut Found, number: u32) -> Result<(), BrowserError> {
    let began_ms = timer::now_ms();
    let (mut drawn_ms, mut rest) = (began_ms - DRAW_MS, Vec::new());
    loop {
        let part = stream.next().await?;
        if part.is_empty() || NUMBER.get() != number {
            return Ok(());
        }
        rest.extend(part);
        let end = rest.iter().rposition(|&byte| byte == b'\n').map_or(0, |feed| feed + 1);
        let now_ms = timer::now_ms();
        for line in rest.get(..end).unwrap_or_default().split(|&byte| byte == b'\n') {
            found.take(line, now_ms - began_ms);
        }
        rest.drain(..end);
        // The server says how far it is several times a second: nothing waits for long.
        if now_ms - drawn_ms >= DRAW_MS && found.is_running() {
            drawn_ms = now_ms;
            show(shell, found.clone(), number);
        }
    }
}

/// Takes an answer that says why there is none.
async fn problem(mut stream: Stream, found: &mut Found) -> Result<(), BrowserError> {
    if stream.status == 401 {
        history::reload();
    }
    let mut body = Vec::new();
    while body.len() < MAX_PROBLEM_BYTES {
        let part = stream.next().await?;
        if part.is_empty() {
            break;
        }
        body.extend(part);
    }
    found.fail(&body);
    Ok(())
}

/// Shows what has come, unless another search was begun or this one was ended.
fn show(shell: Shell, found: Found, number: u32) {
    if NUMBER.get() == number {
        shell.search_files.found.set(found);
    }
}

fn address(shell: Shell, query: &str) -> String {
    let mut address = shell.href("/api/v1/search?");
    let folder: Option<LogPath> = shell.search_files.folder.get_untracked();
    if let Some(folder) = folder {
        // A path prints as links and queries have it.
        address.push_str(&format!("path={folder}&"));
    }
    address.push_str("q=");
    percent_encode(query.as_bytes(), b"", &mut address);
    address
}
