//! A part of a file judged by all cores at once and told in order, for who waits for nothing else.

use std::collections::BTreeMap;
use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use taillight::line::ByteOffset;

use super::span::{Render, Span};
use super::units::{Ground, Sizes};
use super::{Budget, Filter};
use crate::index::BLOCK_BYTES;
use crate::source::Source;
use crate::tasks::scan_threads;

/// How many spans there must be for it to be worth while.
const LEAST_SPANS: u64 = 8;

/// How many spans may be judged and not told yet, for each thread: what was rendered of them is held.
const AHEAD: u64 = 2;

/// Lines that are judged side by side: those that start in `[from, stop)` of a source that is read up to `end`.
pub(super) struct Sweep<'a> {
    pub(super) ground: Ground<'a>,
    pub(super) filter: &'a Filter,
    /// What is kept of each line that matches, besides that it does.
    pub(super) render: Option<&'a Render<'a>>,
    /// A line's start.
    pub(super) from: u64,
    pub(super) stop: u64,
    pub(super) end: u64,
}

/// What was rendered of some lines.
#[derive(Clone, Copy, Debug)]
pub struct Rendered<'t> {
    /// All of it.
    pub text: &'t [u8],
    /// How many lines it is of.
    pub n_lines: u64,
    /// The start of the line up to which all that match are told with it.
    pub reached: ByteOffset,
}

/// How far the lines of a sweep are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Swept {
    /// Up to the line that starts there.
    pub(super) reached: u64,
    /// That line is left by those who work side by side, and more come after it.
    pub(super) is_open: bool,
}

/// How much text may wait to be told before only the next span is judged, in bytes.
const MAX_HELD_BYTES: usize = 64 * 1024 * 1024;

/// How much memory is kept for the text of another span, in bytes.
const MAX_SPARE_BYTES: usize = 4 * 1024 * 1024;

/// What the threads of a sweep share.
struct Lane<'a> {
    sweep: &'a Sweep<'a>,
    n_threads: usize,
    state: Mutex<State>,
    changed: Condvar,
    /// No more is wanted, of spans that are judged now neither. Set while `state` is held, for who waits.
    is_over: Arc<AtomicBool>,
}

#[derive(Default)]
struct State {
    /// The span that is judged next.
    next: u64,
    /// The span that is told next.
    told: u64,
    judged: BTreeMap<u64, io::Result<Span>>,
    /// How much text of them is held, in bytes.
    held: usize,
    /// Memory of texts that are told, to be used again: getting it from the system and giving it back takes longer than
    /// what is done in it.
    spare: Vec<Vec<u8>>,
}

/// Ends the lane when the leading thread is done with it, and when another one panics: nobody waits for what will not come.
struct Ending<'a, 'l> {
    lane: &'a Lane<'l>,
    leads: bool,
}

/// Renders matching lines that start `within`, which begins at a line's start, by all cores at once. `on_text` is told what
/// came of them part by part, in order, until it breaks. Returns the start of the line up to which all are told, and whether
/// there is more to do this way after that line: it is a long one then. The end of a file is left, and what is so short
/// that it is soon done otherwise.
///
/// # Errors
/// When reading fails; [`crate::source::is_gone`] when the source is shorter than was said.
pub fn rendered(
    source: &dyn Source,
    filter: &Filter,
    within: Range<ByteOffset>,
    render: &Render<'_>,
    on_text: &mut dyn FnMut(Rendered<'_>) -> ControlFlow<()>,
) -> io::Result<(ByteOffset, bool)> {
    let sizes = Sizes { span: Sizes::USUAL.read as u64, ..Sizes::USUAL };
    let ground = Ground { source, index: None, sizes };
    let (reached, goes_on) = rendered_on(ground, filter, (within.start.get(), within.end.get()), render, on_text)?;
    Ok((ByteOffset::new(reached), goes_on))
}

pub(super) fn rendered_on(
    ground: Ground<'_>,
    filter: &Filter,
    (from, end): (u64, u64),
    render: &Render<'_>,
    on_text: &mut dyn FnMut(Rendered<'_>) -> ControlFlow<()>,
) -> io::Result<(u64, bool)> {
    let stop = end.saturating_sub(ground.sizes.left);
    if stop.saturating_sub(from) < LEAST_SPANS * ground.sizes.span {
        return Ok((from, false));
    }
    let sweep = Sweep { ground, filter, render: Some(render), from, stop, end };
    let swept = sweep.run(&mut |span, reached| {
        let reached = ByteOffset::new(reached);
        let mut told = span.told.iter();
        told.try_for_each(|told| on_text(Rendered { text: &told.text, n_lines: told.n_hits(), reached }))
    })?;
    Ok((swept.reached, swept.is_open))
}

impl Sweep<'_> {
    /// Calls `on_span` for each span, in order and on this thread, with the start of the line up to which all are told with
    /// it, until it breaks.
    ///
    /// # Errors
    /// When reading fails; [`crate::source::is_gone`] when the source is shorter than was said.
    pub(super) fn run(&self, on_span: &mut dyn FnMut(&Span, u64) -> ControlFlow<()>) -> io::Result<Swept> {
        let (n_threads, is_over) = (scan_threads(), Arc::default());
        let lane = Lane { sweep: self, n_threads, state: Mutex::default(), changed: Condvar::new(), is_over };
        thread::scope(|scope| {
            // As many as the system lets us have: without any the work is done here.
            let spawn = |_| thread::Builder::new().spawn_scoped(scope, || lane.help()).ok();
            let helpers: Vec<_> = (1..n_threads).map_while(spawn).collect();
            let swept = lane.lead(on_span);
            for helper in helpers {
                helper.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            }
            swept
        })
    }

    fn start_of(&self, nth: u64) -> u64 {
        self.from.saturating_add(nth.saturating_mul(self.ground.sizes.span))
    }

    fn judge(&self, nth: u64, text: Vec<u8>, is_over: &Arc<AtomicBool>) -> io::Result<Span> {
        let (from, stop) = (self.start_of(nth), self.start_of(nth + 1).min(self.stop));
        let mut span = Span::new((from, nth == 0), stop, self.end, BLOCK_BYTES).with_text(text);
        let budget = Budget::unlimited().cancelled_by(Arc::clone(is_over));
        while !span.judge_alone(self.ground, self.filter, self.render, &budget)? && !budget.is_cancelled() {}
        Ok(span)
    }
}

impl Lane<'_> {
    /// Judges spans until there are no more.
    fn help(&self) {
        let _ending = Ending { lane: self, leads: false };
        let mut state = self.lock();
        while !self.is_over.load(Ordering::Relaxed) {
            let Some((nth, text)) = self.take(&mut state) else {
                if self.is_out(state.next) {
                    return;
                }
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            drop(state);
            let span = self.sweep.judge(nth, text, &self.is_over);
            state = self.lock();
            let is_next = state.told == nth;
            state.hold(nth, span);
            if is_next {
                self.changed.notify_all();
            }
        }
    }

    /// Tells spans in order, and judges while there are none to tell.
    fn lead(&self, on_span: &mut dyn FnMut(&Span, u64) -> ControlFlow<()>) -> io::Result<Swept> {
        let _ending = Ending { lane: self, leads: true };
        let mut reached = self.sweep.from;
        let mut state = self.lock();
        loop {
            let told = state.told;
            if let Some(span) = state.judged.remove(&told) {
                state.told += 1;
                state.held = state.held.saturating_sub(text_len(&span));
                self.changed.notify_all();
                drop(state);
                let mut span = span?;
                reached = span.reached().unwrap_or(reached);
                let is_open = span.open.is_some();
                if on_span(&span, reached).is_break() || is_open {
                    return Ok(Swept { reached, is_open });
                }
                let spare = span.take_text();
                state = self.lock();
                if spare.capacity() <= MAX_SPARE_BYTES {
                    state.spare.push(spare);
                }
            } else if self.is_out(told) || self.is_over.load(Ordering::Relaxed) {
                drop(state);
                return Ok(Swept { reached, is_open: false });
            } else if let Some((nth, text)) = self.take(&mut state) {
                drop(state);
                let span = self.sweep.judge(nth, text, &self.is_over);
                state = self.lock();
                state.hold(nth, span);
            } else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// The next span to judge, if it is not too far ahead of what is told, and memory for its text.
    fn take(&self, state: &mut State) -> Option<(u64, Vec<u8>)> {
        let nth = state.next;
        let most = AHEAD.saturating_mul(self.n_threads as u64);
        let is_far = nth >= state.told.saturating_add(most) || (nth > state.told && state.held > MAX_HELD_BYTES);
        if self.is_out(nth) || is_far {
            return None;
        }
        state.next += 1;
        Some((nth, state.spare.pop().unwrap_or_default()))
    }

    /// Whether there is no such span.
    fn is_out(&self, nth: u64) -> bool {
        self.sweep.start_of(nth) >= self.sweep.stop
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// That span waits to be told.
    fn hold(&mut self, nth: u64, span: io::Result<Span>) {
        self.held = self.held.saturating_add(text_len(&span));
        self.judged.insert(nth, span);
    }
}

/// How much text was rendered of it, in bytes.
fn text_len(span: &io::Result<Span>) -> usize {
    span.as_ref().map_or(0, |span| span.told.iter().map(|told| told.text.len()).sum())
}

impl Drop for Ending<'_, '_> {
    fn drop(&mut self) {
        if self.leads || thread::panicking() {
            let _state = self.lane.lock();
            self.lane.is_over.store(true, Ordering::Relaxed);
            self.lane.changed.notify_all();
        }
    }
}
