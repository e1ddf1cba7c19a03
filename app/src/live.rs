//! The stream on the screen: the socket's messages and the user's gestures go into [`Follow`], what it asks for comes
//! out, and the screen is drawn once per animation frame.
//!
//! Lines are no signals: only the few facts of the chrome are, written when they differ.

mod connection;
mod gestures;
mod notices;
mod overview;
mod ruler;
mod screen;
mod search;
mod select;
mod socket;
mod status;

use std::cell::RefCell;

use leptos::prelude::*;
use taillight::cursor::{Anchor, Generation, Identity};
use taillight::follow::{Catch, Effect as Todo, Follow, Input, Notice, PAGE_ROWS, Start, WindowChange};
use taillight::path::LogPath;
use taillight::view::{Change, Command, FileView, Place, ViewState};
use taillight::wire::Tip;

use crate::boot::{Boot, FileScreen, Landed, Screen as BootScreen};
use crate::browser::events::Listener;
use crate::browser::frame::Frames;
use crate::browser::measure::SizeWatch;
use crate::browser::socket::Socket;
use crate::browser::timer::{Interval, Timeout, now_ms, random};
use crate::browser::{BrowserError, gestures as doors, measure, media};
use crate::nav;
use crate::shell::Shell;
use crate::viewer::ids;
use ruler::Ruler;
use screen::Screen;
use search::Searching;
use status::Meter;

pub use connection::{jump_to_end, try_now};
pub use gestures::key;
pub use search::{Stopped, go_on, levels_changed, seek, seek_levels, spot, stop_search};
pub use select::shared_view;

/// How many rows above the place are fetched when a file is opened there.
const ROWS_ABOVE: u32 = PAGE_ROWS / 2;

/// How often rates are taken, and a lost connection is looked at, in milliseconds.
const METER_MS: i32 = 1_000;

/// A file on the screen.
struct Live {
    shell: Shell,
    path: LogPath,
    follow: Follow,
    socket: Option<Socket>,
    screen: Screen,
    ruler: Ruler,
    marks: overview::Drawn,
    meter: Meter,
    searching: Searching,
    /// The files that generations are of, the newest last: links name them.
    identities: Vec<(Generation, Identity)>,
    /// Whether the socket has been open: it was not refused then.
    was_open: bool,
    /// The place that was gone to last, until it is known whether it is past the end.
    asked: Option<Place>,
    /// How the next end of a pause goes; `None`: by how much there is.
    catch: Option<Catch>,
    /// Whether the rows that the server rendered are still what is seen.
    is_first_screen: bool,
    /// Whether rows of another place are on their way: what is seen until then is not where the user is.
    is_jumping: bool,
    /// Whether the banner says that the page must be loaded again: nothing else is said any more.
    is_over: bool,
    todo: Vec<Todo>,
    frames: Frames,
    size: SizeWatch,
    wake: Option<Timeout>,
    _listeners: Vec<Listener>,
    _metering: Interval,
}

thread_local! {
    // One file on the screen of a tab. Callbacks find it here, so that none of them owns it.
    static LIVE: RefCell<Option<Live>> = const { RefCell::new(None) };
}

/// Shows the file of the view from the moment the calling component is mounted until it goes.
pub fn run_while_mounted(shell: Shell, boot: Option<Boot>) {
    crate::erased::effect(move || {
        let sent = boot.clone().and_then(|boot| match boot.screen {
            BootScreen::File(file) => Some(*file),
            _ => None,
        });
        let view = shell.view.get_untracked();
        let Some(view) = view.file_view() else { return };
        match Live::new(shell, view.path.clone()) {
            Ok(live) => {
                LIVE.set(Some(live));
                with(|live| live.open(view, sent));
            }
            Err(error) => nav::toast(shell, format!("The log cannot be shown: {error}")),
        }
    });
    on_cleanup(|| {
        LIVE.take();
    });
}

/// The view has changed.
pub fn view_changed(old: &ViewState, new: &ViewState, change: &Change) {
    let Some(view) = new.file_view() else { return };
    with(|live| {
        if change.opened {
            live.reopen(view);
        } else {
            live.sync(old.file_view(), view, change);
        }
    });
}

/// How the next end of a pause goes: with every line, or at the end.
pub fn catch_up(every_line: bool) {
    with(|live| live.catch = Some(if every_line { Catch::Up } else { Catch::Jump }));
}

/// Does something to the file on the screen. Nothing happens when there is none, or within another such call: what a
/// callback of the browser interrupts is never half done.
fn with<T>(act: impl FnOnce(&mut Live) -> T) -> Option<T> {
    LIVE.with(|live| live.try_borrow_mut().ok()?.as_mut().map(act))
}

impl Live {
    fn new(shell: Shell, path: LogPath) -> Result<Self, BrowserError> {
        let mark = || {
            with(|live| live.mark());
        };
        let mut listeners = gestures::listen(shell)?;
        listeners.push(media::on_visibility(|is_hidden| {
            with(|live| live.step(Input::Visible(!is_hidden)));
        })?);
        listeners.push(media::on_online(|| {
            with(|live| live.step(Input::Online));
        })?);
        Ok(Self {
            shell,
            path,
            follow: Follow::new((random() * 1e15) as u64),
            socket: None,
            screen: Screen::new()?,
            ruler: Ruler::default(),
            marks: overview::Drawn::default(),
            meter: Meter::default(),
            searching: Searching::default(),
            identities: Vec::new(),
            was_open: false,
            asked: None,
            catch: None,
            is_first_screen: true,
            is_jumping: false,
            is_over: false,
            todo: Vec::new(),
            frames: Frames::new(|ms| {
                with(|live| live.draw(ms));
            }),
            size: SizeWatch::new(ids::GRID, mark)?,
            wake: None,
            _listeners: listeners,
            _metering: Interval::new(METER_MS, || {
                with(Live::measure);
            })?,
        })
    }

    /// Begins with a file: from the rows that the server sent, where it did.
    fn open(&mut self, view: &FileView, sent: Option<FileScreen>) {
        self.screen.set_wrap(view.wrap);
        self.screen.shows_gaps = view.ctx > 0;
        self.screen.select(&view.place, view.follow);
        self.asked = Some(view.place.clone()).filter(|_| !view.follow);
        let landed = sent.as_ref().and_then(|sent| Some((sent.generation, sent.landed?)));
        let start = match sent {
            Some(sent) => {
                let rows = measure::child_count(ids::FIRST_SCREEN);
                self.identities.push((sent.generation, sent.cursor.identity));
                if view.fid.is_some_and(|fid| fid.is_surely_not(&sent.cursor.identity)) {
                    self.tell(Notice::Replaced);
                }
                Start {
                    path: view.path.clone(),
                    at: Anchor::Byte(sent.first),
                    before: 0,
                    after: rows.max(PAGE_ROWS),
                    follow: view.follow,
                    boot: Some((sent.cursor.identity, sent.tip)),
                    filter: view.shown_rows(),
                    find: view.find_term(),
                }
            }
            None => Start {
                path: view.path.clone(),
                at: view.anchor(),
                before: if view.follow { PAGE_ROWS } else { ROWS_ABOVE },
                after: PAGE_ROWS,
                follow: view.follow,
                boot: None,
                filter: view.shown_rows(),
                find: view.find_term(),
            },
        };
        if media::is_hidden() {
            self.step(Input::Visible(false));
        }
        let landed = landed.filter(|_| matches!(view.place, Place::Time(_)) && !view.follow);
        self.step(Input::Start(start));
        self.want_levels(view);
        if let Some((generation, landed)) = landed {
            let Landed { at, wanted, found } = landed;
            self.tell(Notice::Landed { at: (generation, at), wanted, found });
        }
    }

    /// Another file in the place of this one.
    fn reopen(&mut self, view: &FileView) {
        self.socket = None;
        self.follow = Follow::new((random() * 1e15) as u64);
        self.path = view.path.clone();
        self.identities.clear();
        self.marks = overview::Drawn::default();
        self.meter = Meter::default();
        self.searching = Searching::default();
        self.is_jumping = false;
        self.is_over = false;
        self.screen.forget();
        self.shell.status.clear();
        self.shell.search.clear();
        self.open(view, None);
    }

    /// Makes the stream what the view says.
    fn sync(&mut self, old: Option<&FileView>, new: &FileView, change: &Change) {
        let moved = change.moved.as_ref();
        let (follows, paused) = old.map_or((false, false), |old| (old.follow, old.paused));
        self.screen.set_wrap(new.wrap);
        // A place that was only scrolled to selects nothing.
        if moved.is_some() || new.follow {
            self.screen.select(&new.place, new.follow);
        }
        if new.follow && paused && !new.paused {
            let catch = self.catch.take().unwrap_or_else(|| self.usual_catch());
            self.step(Input::Resume(catch));
        } else if new.follow && !follows {
            self.step(Input::GoLive);
        } else if let Some(place) = moved.filter(|_| !new.follow && !change.filtered) {
            // Of a file that was rotated since, it is a place of that one.
            let is_of = |(_, identity): &&(_, Identity)| new.fid.is_some_and(|fid| !fid.is_surely_not(identity));
            let of = self.identities.iter().rev().find(is_of).map(|(generation, _)| *generation);
            self.jump(place.anchor(), of);
            let is_current = |tip: &Tip| of.is_none_or(|of| of == tip.generation);
            self.asked = Some(place.clone()).filter(|_| self.follow.tip().is_some_and(is_current));
            self.tell_past_end();
        } else if follows && !new.follow {
            let seen = self.screen.last_visible();
            self.step(Input::Hold { seen });
        }
        if new.paused && !paused {
            self.step(Input::Pause);
        } else if paused && !new.paused && !new.follow {
            self.step(Input::Unpause);
        }
        self.sync_search(new, change);
        self.mark();
    }

    /// A short pause goes on with every line; a long one at the end.
    fn usual_catch(&self) -> Catch {
        const MANY: u64 = 5_000;
        if self.follow.new_lines().get() > MANY { Catch::Jump } else { Catch::Up }
    }

    fn jump(&mut self, at: Anchor, of: Option<Generation>) {
        let (before, after) = match at {
            Anchor::End => (PAGE_ROWS, 0),
            Anchor::Start => (0, PAGE_ROWS),
            _ => (ROWS_ABOVE, PAGE_ROWS),
        };
        self.is_jumping = true;
        self.step(Input::JumpTo { at, of, before, after });
    }

    /// One input to the client's side of the stream, and what it asks for.
    fn step(&mut self, input: Input) {
        let mut todo = std::mem::take(&mut self.todo);
        self.follow.step(input, now_ms() as u64, &mut todo);
        for todo in todo.drain(..) {
            self.carry_out(todo);
        }
        self.todo = todo;
    }

    fn carry_out(&mut self, todo: Todo) {
        match todo {
            Todo::Connect => self.connect(),
            Todo::Send(msg) => self.send(&msg),
            Todo::Close(code) => {
                if let Some(socket) = self.socket.take() {
                    socket.close(code);
                }
            }
            Todo::Window(change) => self.window_changed(change),
            Todo::StateChanged => {
                self.write_status();
                self.mark();
            }
            Todo::Notice(notice) => self.tell(notice),
            Todo::GoToRow(_) | Todo::Refused { .. } | Todo::Accepted { .. } => self.carry_out_search(todo),
            Todo::WakeAt { ms } => {
                let delay_ms = (ms as f64 - now_ms()).clamp(0.0, 3_600_000.0) as i32;
                self.wake = Timeout::new(delay_ms, || {
                    with(|live| live.step(Input::Tick));
                })
                .ok();
            }
        }
    }

    fn window_changed(&mut self, change: WindowChange) {
        self.screen.window_changed(change, self.follow.window());
        self.is_jumping &= !matches!(change, WindowChange::Replaced { .. });
        if self.is_first_screen && matches!(change, WindowChange::Replaced { .. }) {
            self.take_over();
        }
        self.mark();
    }

    /// The pool takes the place of the rows that the server sent, at the same pixels.
    fn take_over(&mut self) {
        self.is_first_screen = false;
        let scrolled_px = measure::scrolled(ids::GRID);
        let was_left = measure::child_count(ids::FIRST_SCREEN) > 0 && measure::room_below(ids::GRID) > 40.0;
        let is_pinned = self.is_pinned();
        // The first of the rows is where they are asked for from, and not what somebody looks at.
        self.screen.keep = None;
        if is_pinned && was_left {
            // Somebody has read upwards before the program came.
            self.screen.put_first_row_at(-scrolled_px);
            self.command(Command::Unfollow);
        } else if !is_pinned {
            self.screen.put_first_row_at(-scrolled_px);
            if scrolled_px == 0.0 {
                // A small screen may not reach down to the line that a link names, or its time.
                let landed = self.screen.cursor.and_then(|key| self.follow.window().index_of(key));
                self.screen.keep = landed.or(self.shared_rows().map(|(_, last)| last));
            }
        }
        measure::reset_scroll(ids::GRID);
        measure::set_class(ids::GRID, "running", true);
        measure::set_class(ids::GRID, "loaded", true);
        measure::empty(ids::FIRST_SCREEN);
    }

    /// A command to the view from within: carried out after this, as it comes back here.
    fn command(&self, command: Command) {
        let shell = self.shell;
        leptos::task::spawn_local(async move { shell.command(command) });
    }

    fn view<T>(&self, get: impl FnOnce(&FileView) -> T) -> Option<T> {
        self.shell.view.with_untracked(|view| view.file_view().map(get))
    }

    /// Whether the screen stands at the end and moves with it.
    fn is_pinned(&self) -> bool {
        self.follow.is_following() && !self.follow.is_paused()
    }

    fn mark(&self) {
        // Without a window there is nothing to draw on.
        let _ = self.frames.mark();
    }

    fn draw(&mut self, ms: f64) {
        let (_, view_px) = self.size.size();
        let is_pinned = self.is_pinned();
        let moved = self.screen.glide(ms);
        if moved != 0.0 {
            self.scroll_by(moved);
        }
        // An element that cannot be made shows an old row; the next frame tries again.
        let _ = self.screen.draw(&self.follow, view_px, is_pinned);
        if !self.is_jumping && self.screen.put_due_cursor(self.follow.window()) {
            self.mark();
        }
        self.follow_hit();
        self.follow_hit_sideways();
        self.place_spot();
        if let Some((first, last)) = self.screen.newly_visible() {
            self.step(Input::Looking { first, last });
        }
        self.step(Input::Drawn);
        self.write_place();
        self.write_marks();
        if self.screen.is_gliding() {
            self.mark();
        }
    }
}

/// Nothing is selected, and no gesture is under way; with nothing selected, nothing is found any more.
pub fn clear_selection(shell: Shell) {
    if doors::is_text_selected(ids::GRID) || with(|live| live.screen.selected.is_some()) == Some(true) {
        doors::clear_text_selection();
    } else if shell.file(|view| view.find_term().is_some()) == Some(true) {
        shell.command(Command::SetFind { text: String::new(), commit: true });
        return;
    }
    with(|live| {
        live.screen.select(&Place::End, true);
        live.mark();
    });
    if !shell.follows()
        && let Some(command) = with(Live::say_where).flatten()
    {
        shell.command(command);
    }
}
