//! What the user does with keys, wheel, fingers and pointer, as movements of the screen.

use taillight::follow::{Catch, Input};
use taillight::line::{ByteLen, ByteOffset, LineNo};
use taillight::view::goto::Percent;
use taillight::view::keys::KeyAction;
use taillight::view::{Command, Place};
use taillight::viewport::stepped;
use taillight::wire::Tip;

use super::screen::ROW_PX;
use super::search::selection_changed;
use super::{Live, clear_selection, with};
use crate::browser::BrowserError;
use crate::browser::events::Listener;
use crate::browser::gestures::{self as doors, Touching, Turn};
use crate::shell::Shell;
use crate::viewer::ids;

/// How far a step to the side goes, in CSS pixels.
const SIDE_PX: f64 = 120.0;

/// How near to the end of the file, in bytes, scrolling down past what is held follows.
const NEAR_BYTES: ByteLen = ByteLen::new(16 * 1024);

/// Listens to what is done with the log and its scrollbar.
pub fn listen(shell: Shell) -> Result<Vec<Listener>, BrowserError> {
    let mut listeners = vec![
        doors::on_wheel(ids::GRID, |turn| {
            with(|live| live.turn(turn));
        })?,
        doors::on_click(ids::GRID, |event, has_shift| {
            with(|live| live.click(event, has_shift));
        })?,
        doors::on_selection(move || {
            if shell.follows() && doors::is_text_selected(ids::GRID) {
                shell.command(Command::Unfollow);
            }
            selection_changed();
        })?,
        doors::on_hover(ids::GRID, |event| {
            with(|live| live.hover(event));
        })?,
    ];
    listeners.extend(doors::on_touch(ids::GRID, |touching| {
        with(|live| live.touch(touching));
    })?);
    listeners.extend(doors::on_pointer(ids::RULER, ids::THUMB, |pointing| {
        with(|live| live.point(pointing));
    })?);
    Ok(listeners)
}

/// Does what a key of the log says.
pub fn key(shell: Shell, action: KeyAction, count: Option<u64>) {
    if action == KeyAction::Close {
        clear_selection(shell);
        return;
    }
    if let Some(command) = with(|live| live.key(action, count)).flatten() {
        shell.command(command);
    }
}

impl Live {
    fn turn(&mut self, turn: Turn) {
        self.screen.throw(0.0);
        if turn.dx_px != 0.0 {
            self.screen.sideways_by(turn.dx_px);
        }
        self.scroll_by(turn.dy_px);
        self.mark();
    }

    fn touch(&mut self, touching: Touching) {
        match touching {
            Touching::Down => self.screen.throw(0.0),
            Touching::Moved(turn) => self.turn(turn),
            Touching::Up(speed) => {
                self.screen.throw(speed);
                self.mark();
            }
        }
    }

    /// Moves the screen; upwards it leaves the end, past the end it follows again.
    pub(super) fn scroll_by(&mut self, dy_px: f64) {
        if dy_px == 0.0 || self.is_first_screen {
            return;
        }
        let rest_px = self.screen.scroll_by(dy_px, &self.follow);
        if rest_px > 0.0 {
            self.screen.throw(0.0);
            if self.reaches_end() && !self.view(|view| view.follow || view.paused).unwrap_or(true) {
                self.command(Command::Follow);
            }
        } else if !(self.is_pinned() && dy_px > 0.0) {
            self.scrolled();
        }
    }

    /// The user has moved the screen: it follows no more, and the address says where it is.
    pub(super) fn scrolled(&mut self) {
        if self.is_pinned() {
            let seen = self.screen.last_visible();
            self.step(Input::Hold { seen });
        }
        if !self.is_jumping
            && let Some(command) = self.say_where()
        {
            self.command(command);
        }
    }

    /// What says in the view where the screen is. Picked lines stay in the address while the screen moves; those that
    /// were gone to, as long as they are seen.
    pub(super) fn say_where(&mut self) -> Option<Command> {
        let is_kept = self.screen.is_picked || self.screen.shows_selected(self.follow.window());
        if self.screen.selected.is_some() && is_kept {
            return Some(Command::Unfollow);
        }
        self.screen.selected = None;
        let window = self.follow.window();
        let top = window.key(self.screen.scroll.top_row.min(window.len().saturating_sub(1)))?;
        Some(Command::Scrolled(top.offset, self.identity_of(top.generation)))
    }

    /// Whether the screen is at the end of the file, or so near that nothing worth stopping for is between.
    fn reaches_end(&self) -> bool {
        let window = self.follow.window();
        let (generation, offset) = window.last();
        let is_near = |tip: &Tip| tip.generation == generation && tip.complete - offset <= NEAR_BYTES;
        self.screen.is_at_end(window) && self.follow.tip().is_some_and(is_near)
    }

    /// A key of the log; the answer is a command to the view.
    fn key(&mut self, action: KeyAction, count: Option<u64>) -> Option<Command> {
        let times = count.unwrap_or(1).clamp(1, 100_000) as f64;
        let page_px = (self.screen.view_px / ROW_PX - 1.0).floor().max(1.0) * ROW_PX;
        let half_px = (self.screen.view_px / ROW_PX / 2.0).floor().max(1.0) * ROW_PX;
        match action {
            KeyAction::LineDown => self.move_cursor(times as i64),
            KeyAction::LineUp => self.move_cursor(-(times as i64)),
            KeyAction::PageDown => self.scroll_by(page_px * times),
            KeyAction::PageUp => self.scroll_by(-page_px * times),
            KeyAction::HalfPageDown => self.scroll_by(half_px * times),
            KeyAction::HalfPageUp => self.scroll_by(-half_px * times),
            KeyAction::ScrollLeft => self.screen.sideways_by(-SIDE_PX * times),
            KeyAction::ScrollRight => self.screen.sideways_by(SIDE_PX * times),
            KeyAction::LineStart => self.screen.sideways_to(false),
            KeyAction::LineEnd => self.screen.sideways_to(true),
            KeyAction::Top => return Some(Command::GoTo(line_or(count, Place::Start))),
            KeyAction::Bottom if count.is_none() && self.follow.can_jump() => self.step(Input::Resume(Catch::Jump)),
            KeyAction::Bottom => return Some(go_bottom(count)),
            KeyAction::More => {
                let key = self.screen.cursor?;
                self.step(Input::More(key));
            }
            KeyAction::Percent => {
                let len = self.follow.tip().map_or(ByteLen::ZERO, |tip| tip.len - ByteOffset::ZERO);
                return Some(Command::GoTo(Percent::whole(count.unwrap_or(0)).place(len)));
            }
            _ => return None,
        }
        self.mark();
        None
    }

    /// Moves the cursor line, and the screen with it where it leaves it.
    fn move_cursor(&mut self, n_rows: i64) {
        let window = self.follow.window();
        if window.is_empty() {
            return;
        }
        let last = window.len() - 1;
        let cursor = self.screen.cursor.and_then(|key| window.index_of(key));
        let row = stepped(cursor, self.screen.seen(window), n_rows, last);
        let was_at_end = self.is_pinned();
        self.screen.put_cursor(window.key(row));
        self.screen.reveal(row, self.follow.window());
        self.point_at(self.screen.cursor);
        if !(was_at_end && n_rows > 0) {
            self.scrolled();
        }
    }
}

/// To the end, which follows it: the pill would only ask for a second key.
fn go_bottom(count: Option<u64>) -> Command {
    match count {
        None => Command::Follow,
        some => Command::GoTo(line_or(some, Place::End)),
    }
}

fn line_or(count: Option<u64>, place: Place) -> Place {
    count.and_then(LineNo::new).map_or(place, |line| Place::lines(line, line))
}
