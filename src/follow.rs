//! The client's side of the stream, without I/O: inputs in, effects out. It owns the [`LineWindow`].
//!
//! # How the page uses it
//!
//! One [`Follow`] per open file, in one non-reactive cell. Every cause becomes an [`Input`]: the socket's callbacks, a
//! timer, the user. `step` is called with the time in milliseconds (any monotonic origin, `performance.now()`) and
//! pushes [`Effect`]s into a buffer that the page then carries out in order:
//!
//! - [`Effect::Connect`]: drop any socket there is *together with its callbacks*, open a new one at
//!   [`wire::ENDPOINT`](crate::wire::ENDPOINT). Inputs of a dropped socket must not be passed on.
//! - [`Effect::Send`]: as JSON text. [`Effect::Close`]: close and drop the socket.
//! - [`Effect::Window`]: rows were replaced, added or removed ([`WindowChange`]); mark the list dirty, and shift the
//!   scroll place by what was added or removed in front. Draw once per animation frame from [`Follow::window`], then pass
//!   [`Input::Drawn`]: that is what returns credit. Without it the server stops after 256 KiB, which is the point.
//! - [`Effect::StateChanged`]: read [`Follow::state`], [`Follow::tip`], [`Follow::new_lines`] again.
//! - [`Effect::Notice`]: something to tell once. [`Effect::WakeAt`]: pass [`Input::Tick`] then; it replaces any
//!   earlier wake-up.
//!
//! The view is pinned to the end exactly while [`Follow::is_following`] and not [`Follow::is_paused`]. A scroll up, a
//! selection: [`Input::Hold`]. The visible rows after every scroll: [`Input::Looking`]; pages above and below
//! are fetched from it, and what is far away from it is evicted. [`RowKey`]s stay the same while rows move.
//!
//! # Filter and find
//!
//! With a filter the window holds the rows that match and what it knows to have none between: each answer of the server
//! is a bounded piece of work, so pages are asked for again and again until the screen and a margin are full or an end of
//! the file is reached; [`Follow::is_filling`] while rows of the screen are missing. While the server's count stands
//! stopped ([`Follow::stopped`]), only what the user goes to is asked for, until [`Input::Continue`]. Find marks rows ([`Follow::spans`]
//! of the visible ones, fetched by itself) and is gone through with [`Input::Seek`], which ends in [`Effect::GoToRow`]. So
//! are rows of some levels, with [`Input::SeekLevels`].

mod counted;
mod effects;
mod fill;
mod filters;
mod history;
mod inbound;
mod inputs;
mod intent;
mod link;
mod numbers;
mod overview;
mod pages;
mod restraint;
mod seek;
mod spans;
mod state;

use crate::line::{ByteLen, ByteOffset, LineCount};
use crate::window::{LineWindow, Position, RowKey, WINDOW_BYTES};
use crate::wire::{Failure, FileState, Filter, Found, Levels, Matched, RowSpans, ServerMsg, Tip};

use counted::Floors;
use filters::Filters;
use history::History;
use link::Link;
use overview::Overview;
use pages::Requests;
use restraint::Restraint;
use seek::Finding;
use spans::Spans;

pub use effects::{Effect, Notice, WindowChange};
pub use inputs::{Catch, Input, Stand, Start};
pub use state::{LastEvent, StateKind, StreamState, event_text, grouped, new_lines_text};

/// Rows asked for at a time.
pub const PAGE_ROWS: u32 = 400;

/// How near to an end of the window, in rows, the visible rows may come before a page is asked for there.
pub const EDGE_ROWS: usize = 150;

/// When following is further behind than this, in bytes, it jumps to the end and says so.
pub const JUMP_BYTES: ByteLen = ByteLen::new(2 << 20);

/// The client's side of a stream.
#[derive(Debug)]
pub struct Follow {
    window: LineWindow,
    start: Option<Start>,
    link: Link,
    requests: Requests,
    history: History,
    tip: Option<Tip>,
    /// What the user wants: the end, as it comes.
    following: bool,
    paused: bool,
    hidden: bool,
    /// What the server was last told: whether it sends live frames.
    live: bool,
    /// The end of the last line that was seen at the live end, while not live.
    seen: Option<Position>,
    /// Following from far behind because the user wants every line: no jump to the end.
    catching_up: bool,
    /// What the server says is between its position and the end.
    behind: ByteLen,
    /// Live bytes received, for which credit was not returned yet.
    owed: u32,
    /// A live frame did not fit there, and it was asked for again.
    resync: Option<Position>,
    /// Whether a page was shown: before it, the window's place means nothing.
    has_page: bool,
    last_event: Option<LastEvent>,
    /// Where the page of that request is, which was asked for by time.
    landed: Option<(u32, ByteOffset)>,
    /// Why the server refused to open.
    failure: Option<Failure>,
    /// The keys of the first and last visible rows.
    looking: Option<(RowKey, RowKey)>,
    /// The most rows that were visible at once.
    screen_rows: usize,
    filters: Filters,
    finding: Finding,
    spans: Spans,
    overview: Overview,
    restraint: Restraint,
    floors: Floors,
    told: Option<Told>,
}

/// What the page has last been told to read, so that a change is announced once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Told {
    state: StreamState,
    new_lines: LineCount,
    tip: Option<Tip>,
    floors: Floors,
    stopped: Option<Matched>,
    current_hit: Option<Position>,
    is_seeking: bool,
    is_filling: bool,
    levels: (Option<Levels>, bool),
    marks_epoch: u32,
}

impl Follow {
    /// Nothing yet. `seed` spreads reconnects: any number that differs between pages.
    pub fn new(seed: u64) -> Self {
        Self::with_budget(seed, WINDOW_BYTES)
    }

    /// The same, with a window of `budget` bytes.
    pub fn with_budget(seed: u64, budget: usize) -> Self {
        Self {
            window: LineWindow::new(budget),
            start: None,
            link: Link::new(seed),
            requests: Requests::default(),
            history: History::default(),
            tip: None,
            following: false,
            paused: false,
            hidden: false,
            live: false,
            seen: None,
            catching_up: false,
            behind: ByteLen::ZERO,
            owed: 0,
            resync: None,
            has_page: false,
            last_event: None,
            landed: None,
            failure: None,
            looking: None,
            screen_rows: 0,
            filters: Filters::default(),
            finding: Finding::default(),
            spans: Spans::default(),
            overview: Overview::default(),
            restraint: Restraint::default(),
            floors: Floors::default(),
            told: None,
        }
    }

    /// The rows.
    pub fn window(&self) -> &LineWindow {
        &self.window
    }

    /// Whether the view belongs at the end: the user follows. It stays so over lost connections.
    pub fn is_following(&self) -> bool {
        self.following
    }

    /// Whether the screen is frozen.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// The counters, as far as they are known.
    pub fn tip(&self) -> Option<&Tip> {
        self.tip.as_ref()
    }

    /// Complete lines below what the user has seen; the pill shows it while it is not zero. Zero while live. Exact as
    /// soon as the server has counted from there; until then, those in the window.
    pub fn new_lines(&self) -> LineCount {
        let Some(seen) = self.seen.filter(|_| !self.wants_live()) else { return LineCount::ZERO };
        let counted = self.tip.map_or(LineCount::ZERO, |tip| tip.new_lines);
        counted.max(self.window.lines_from(seen))
    }

    /// Which rows are shown now; `None`: all of them. A newer filter may be on its way.
    pub fn filter(&self) -> Option<&Filter> {
        self.filters.in_force()
    }

    /// How many rows the filter has found; `None` without one, and until the server has said it.
    pub fn shown(&self) -> Option<Matched> {
        self.tip.and_then(|tip| tip.shown)
    }

    /// How many rows the find term is in; `None` without one, and until the server has said it.
    pub fn found(&self) -> Option<Found> {
        self.tip.and_then(|tip| tip.found)
    }

    /// Where the row starts that the last seek has found, whatever it looked for.
    pub fn current_hit(&self) -> Option<Position> {
        self.finding.current_hit()
    }

    /// Whether the next hit, or the next row of some levels, is being looked for.
    pub fn is_seeking(&self) -> bool {
        self.finding.is_seeking()
    }

    /// Where hits stand in a row; `None` until that is known, and for rows that were not visible.
    pub fn spans(&self, key: RowKey) -> Option<&RowSpans> {
        self.spans.get((key.generation, key.offset)).filter(|_| key.nth == 0)
    }

    /// When a lost connection is tried again, in the milliseconds of `step`; `None` when it is there, is being tried, or
    /// is over for good. [`Input::Online`] tries at once.
    pub fn retry_at_ms(&self) -> Option<u64> {
        self.link.retry_at_ms()
    }

    /// Whether the view follows from so far behind that it could jump to the end.
    pub fn can_jump(&self) -> bool {
        self.live && (self.behind > ByteLen::ZERO || (self.catching_up && self.is_catching_up()))
    }

    /// What the state line says.
    pub fn state(&self) -> StreamState {
        StreamState { kind: self.kind(), last_event: self.last_event }
    }

    /// Applies one input at `now_ms` and pushes what is to be done, in order.
    pub fn step(&mut self, input: Input, now_ms: u64, out: &mut Vec<Effect>) {
        let are_counts = matches!(&input, Input::Text(ServerMsg::Tip(_)));
        match input {
            Input::Start(start) => {
                self.following = start.follow;
                self.tip = start.boot.map(|(_, tip)| tip);
                self.filters.begin(start.filter.clone());
                self.finding.begin(start.find.clone());
                self.start = Some(start);
                self.connect(now_ms, out);
            }
            Input::SocketOpen => self.socket_open(now_ms, out),
            Input::Text(msg) => self.text(msg, now_ms, out),
            Input::Frame(frame) => self.frame(&frame, now_ms, out),
            Input::SocketClosed { code } => self.socket_closed(code, now_ms, out),
            Input::Tick => self.tick(now_ms, out),
            Input::Online => self.hurry(now_ms, out),
            Input::Visible(true) => {
                self.hurry(now_ms, out);
                self.intend(&Input::Visible(true), out);
            }
            Input::Filter { filter, at, before, after } => self.set_filter(filter, (at, before, after), out),
            Input::Find(term) => self.set_find(term, out),
            Input::Continue => self.go_on(out),
            Input::Levels(on) => self.want_levels(on, out),
            Input::Marks(parts) => self.want_marks(parts),
            intent => self.intend(&intent, out),
        }
        self.settle_restraint(out);
        self.show_hit(out);
        self.ask_spans(out);
        self.ask_numbers(out);
        self.ask_marks(now_ms, out);
        self.raise_floors(are_counts);
        let told = Told {
            state: self.state(),
            new_lines: self.new_lines(),
            tip: self.tip,
            floors: self.floors,
            stopped: self.stopped(),
            current_hit: self.current_hit(),
            is_seeking: self.is_seeking(),
            is_filling: self.is_filling(),
            levels: (self.levels(), self.stopped_levels().is_some()),
            marks_epoch: self.marks().1,
        };
        if self.told != Some(told) {
            self.told = Some(told);
            out.push(Effect::StateChanged);
        }
        self.plan_wake(now_ms, out);
    }

    fn kind(&self) -> StateKind {
        if let Some(failure) = self.failure {
            return match failure {
                Failure::NotFound | Failure::Gone => StateKind::Waiting,
                Failure::Denied | Failure::NotAFile => StateKind::Denied,
                Failure::ReadError => StateKind::ReadError,
                Failure::Busy => StateKind::Reconnecting,
            };
        }
        if self.link.is_reconnecting() {
            return StateKind::Reconnecting;
        }
        match self.tip.map_or(FileState::Live, |tip| tip.state) {
            FileState::Waiting => StateKind::Waiting,
            FileState::Deleted => StateKind::Deleted,
            FileState::Denied => StateKind::Denied,
            FileState::ReadError => StateKind::ReadError,
            FileState::Live => self.kind_of_live(StateKind::Live),
            FileState::Ended => self.kind_of_live(StateKind::Ended),
            FileState::Packed(unpacking) => self.kind_of_live(StateKind::Packed(unpacking)),
        }
    }

    /// What holds lines back, or `idle` when nothing does.
    fn kind_of_live(&self, idle: StateKind) -> StateKind {
        if self.paused {
            StateKind::Paused
        } else if !self.is_pinned() {
            // Looking elsewhere stops nothing but the scrolling: the pill counts what comes.
            idle
        } else if self.behind > ByteLen::ZERO {
            StateKind::Behind(self.behind)
        } else if !self.hidden && self.is_catching_up() {
            StateKind::CatchingUp
        } else {
            idle
        }
    }
}

#[cfg(test)]
mod tests;
