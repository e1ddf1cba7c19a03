//! `--follow`: what is there and then what is appended, through rotation and truncation, with the server's followers.
//!
//! Signals keep their usual effect: what was found is written before each wait, so an interrupt loses nothing.

use std::io;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::select_all;
use taillight::cursor::{Generation, Marker};
use taillight::line::{ByteLen, ByteOffset};
use taillight::wire::FileEvent;
use tokio::runtime::Runtime;

use super::search::{Search, Stop};
use super::{Run, name_of, say};
use crate::catalog::LogFile;
use crate::read::marker_at;
use crate::source::is_gone;
use crate::tail::{Follower, Pace, Tails};
use crate::tasks::Tasks;

/// A followed file.
struct Followed<'a> {
    path: &'a Path,
    follower: Follower,
    generation: Generation,
    search: Search,
    /// What stood before the place that was reached: other bytes there mean that the file was truncated and has grown
    /// again, which the follower is about to notice.
    marker: Option<Marker>,
    is_over: bool,
}

/// Follows all files until each has as many matches as are wanted, which may be never.
pub fn run(run: &mut Run, files: Vec<(&Path, LogFile)>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let followed = {
        let _entered = runtime.enter();
        let tails = Tails::new(Tasks::default(), Pace::default());
        files.into_iter().filter_map(|(path, file)| Followed::new(run, path, &tails, file)).collect()
    };
    let done = until_full(run, &runtime, followed);
    // Followers end with their runtime.
    runtime.shutdown_background();
    done
}

fn until_full(run: &mut Run, runtime: &Runtime, mut files: Vec<Followed<'_>>) -> io::Result<()> {
    loop {
        for file in &mut files {
            let done = file.advance(run);
            run.matched |= file.search.n_matched() > 0;
            match done {
                Ok(()) => file.is_over |= file.search.is_full(),
                Err(stop) => {
                    run.outcome(file.path, Err(stop))?;
                    file.is_over = true;
                }
            }
        }
        run.printer.flush()?;
        files.retain(|file| !file.is_over);
        if files.is_empty() {
            return Ok(());
        }
        let changes = files.iter_mut().map(|file| Box::pin(file.follower.changed()));
        let (goes_on, at, _) = runtime.block_on(select_all(changes));
        if !goes_on {
            files.remove(at);
        }
    }
}

impl<'a> Followed<'a> {
    fn new(run: &mut Run, path: &'a Path, tails: &Tails, file: LogFile) -> Option<Self> {
        match tails.follow(file) {
            Ok(follower) => {
                let epoch = Arc::clone(follower.tip().current());
                let search = Search::new(run.wanted.clone(), run.name(path), Arc::clone(&epoch.source));
                Some(Self { path, follower, generation: epoch.generation, search, marker: None, is_over: false })
            }
            Err(error) => {
                run.report(path, &error);
                None
            }
        }
    }

    /// Looks through all that is there now.
    fn advance(&mut self, run: &mut Run) -> Result<(), Stop> {
        while !self.search.is_full() {
            let tip = self.follower.tip();
            let held = tip.epochs.iter().position(|epoch| epoch.generation == self.generation);
            let epoch = held.and_then(|at| tip.epochs.get(at));
            if let Some(epoch) = epoch {
                let ended = epoch.ended.get().copied();
                let limit = ended.unwrap_or(tip.complete);
                let is_read = self.read(run, limit, ended.is_some())?;
                if !is_read || ended.is_none() {
                    return Ok(());
                }
                let lost = epoch.lost_after(self.search.done());
                if lost > ByteLen::ZERO {
                    self.note(FileEvent::Gap { bytes: lost });
                }
            }
            // Set a moment before the tip that has the next one.
            let Some(next) = tip.after(self.generation) else { return Ok(()) };
            run.printer.flush().map_err(Stop::Output)?;
            if let Some((event, _)) = next.began {
                self.note(event);
            }
            self.generation = next.generation;
            self.search.restart(Arc::clone(&next.source));
            self.marker = None;
        }
        Ok(())
    }

    /// Looks on up to `limit`; `false` when the file is not what it was and the follower is still to say so.
    fn read(&mut self, run: &mut Run, limit: ByteOffset, has_ended: bool) -> Result<bool, Stop> {
        let read = self.verified_read(run, limit, has_ended);
        match read {
            Ok(true) => Ok(true),
            Err(Stop::Input(error)) if !is_gone(&error) => Err(Stop::Input(error)),
            Err(Stop::Output(error)) => Err(Stop::Output(error)),
            Ok(false) | Err(Stop::Input(_)) if has_ended => {
                self.note(FileEvent::Gap { bytes: limit - self.search.done() });
                self.search.skip_to(limit);
                Ok(true)
            }
            Ok(false) | Err(Stop::Input(_)) => {
                self.follower.look();
                Ok(false)
            }
        }
    }

    /// `false` when other bytes stand before the place than those that were read.
    fn verified_read(&mut self, run: &mut Run, limit: ByteOffset, has_ended: bool) -> Result<bool, Stop> {
        let is_new = self.search.done() < limit;
        if !is_new && !has_ended {
            return Ok(true);
        }
        let marker = |search: &Search| marker_at(&**search.source(), search.done()).map_err(Stop::Input);
        if is_new && self.marker.is_some_and(|known| marker(&self.search).is_ok_and(|now| now != known)) {
            return Ok(false);
        }
        self.search.set_growing(!has_ended);
        // What was printed before an error is done: the mark is not of that place.
        self.marker = None;
        self.search.advance(limit, &mut run.printer)?;
        self.marker = Some(marker(&self.search)?);
        Ok(true)
    }

    /// Says what happened to the file, where no row can.
    fn note(&self, event: FileEvent) {
        let name = name_of(self.path);
        match event {
            FileEvent::Rotated => say(&format!("note: {name}: rotated")),
            FileEvent::Truncated { was } => say(&format!("note: {name}: truncated, it had {was} bytes")),
            FileEvent::Rewritten => say(&format!("note: {name}: rewritten")),
            FileEvent::Gap { bytes } if bytes == ByteLen::ZERO => {}
            FileEvent::Gap { bytes } => {
                say(&format!("note: {name}: {bytes} bytes were gone before they could be read"));
            }
            FileEvent::Deleted => say(&format!("note: {name}: deleted")),
            FileEvent::Appeared => say(&format!("note: {name}: appeared again")),
        }
    }
}
