//! The rows on the screen: where it stands over the rows that are held, and writing them into the pool.

mod rows;

pub(super) use rows::row_of;

use std::ops::RangeInclusive;

use taillight::ansi::StyledLine;
use taillight::cursor::Generation;
use taillight::follow::{Follow, WindowChange};
use taillight::view::Place;
use taillight::viewport::{Scroll, Viewport};
use taillight::window::{Item, LineWindow, RowKey};

use crate::browser::BrowserError;
use crate::browser::events::DomEvent;
use crate::browser::media;
use crate::browser::pool::{RowPart, RowPool};
use crate::viewer::ids;

/// The height of a row that is not wrapped, in CSS pixels: `--row` of the style sheet.
pub const ROW_PX: f64 = 20.0;

/// Which share of the screen stands above the line that was gone to, and how many rows at most: as many as the server
/// puts above it.
const CONTEXT_SHARE: usize = 4;
const MAX_CONTEXT: usize = 20;

/// How often a frame looks again at rows that turned out higher than thought.
const MAX_LOOKS: usize = 8;

/// How fast a throw must be to glide, in CSS pixels per millisecond.
const MIN_SPEED: f64 = 0.02;

/// The screen.
pub struct Screen {
    pool: RowPool,
    pub(super) scroll: Scroll,
    /// The height of the screen.
    pub(super) view_px: f64,
    /// The ordinal of the first row that is held: stays with a row while others come and go.
    origin: i64,
    /// Heights by row as measured, 0 where not; only while lines are wrapped.
    heights: Vec<f64>,
    wraps: bool,
    pub(super) selected: Option<Place>,
    /// The generation that they were picked in: another has lines of the same numbers.
    pub(super) selected_in: Option<Generation>,
    /// Whether the user picked the selected lines, row by row: then scrolling away from them drops nothing.
    pub(super) is_picked: bool,
    pub(super) cursor: Option<RowKey>,
    /// Whether the cursor is to be on the selected line, which a link or a jump named, as soon as that is seen.
    is_cursor_due: bool,
    /// The row that the next drawing keeps on the screen, however high the rows turn out.
    pub(super) keep: Option<usize>,
    visible: (usize, usize),
    is_new_visible: bool,
    sideways_px: f64,
    glide_speed: f64,
    glide_ms: f64,
    /// Whether it is to be seen where lines are left out.
    pub(super) shows_gaps: bool,
    /// Counts how often the hits in rows have changed.
    marks_epoch: u64,
    line: StyledLine,
    /// The hits of a row, in the text that is shown.
    hits: [Vec<(u32, u32)>; 2],
}

impl Screen {
    /// A screen over nothing.
    ///
    /// # Errors
    /// When the elements are not there.
    pub fn new() -> Result<Self, BrowserError> {
        Ok(Self {
            pool: RowPool::new(ids::SHEET)?,
            scroll: Scroll::START,
            view_px: 0.0,
            origin: 0,
            heights: Vec::new(),
            wraps: false,
            selected: None,
            selected_in: None,
            is_picked: false,
            cursor: None,
            is_cursor_due: false,
            keep: None,
            visible: (0, 0),
            is_new_visible: false,
            sideways_px: 0.0,
            glide_speed: 0.0,
            glide_ms: 0.0,
            shows_gaps: false,
            marks_epoch: 1,
            line: StyledLine::default(),
            hits: Default::default(),
        })
    }

    /// Another file.
    pub fn forget(&mut self) {
        self.pool.forget();
        self.scroll = Scroll::START;
        self.heights.clear();
        self.cursor = None;
        self.sideways_px = 0.0;
        self.glide_speed = 0.0;
    }

    /// Wraps long lines, or not.
    pub fn set_wrap(&mut self, wraps: bool) {
        if self.wraps != wraps {
            self.wraps = wraps;
            self.heights.clear();
            self.sideways_px = 0.0;
        }
    }

    /// The lines that are marked as selected: those of the place, unless the view follows.
    pub fn select(&mut self, place: &Place, follows: bool) {
        let is_lines = matches!(place, Place::Lines { .. } | Place::Bytes { .. });
        self.selected = Some(place.clone()).filter(|_| is_lines && !follows);
        (self.selected_in, self.is_picked) = (None, false);
        self.is_cursor_due = self.selected.is_some();
    }

    /// Puts the keyboard's cursor on a row.
    pub fn put_cursor(&mut self, key: Option<RowKey>) {
        self.cursor = key;
        self.is_cursor_due = false;
    }

    /// Puts it on the line that a link or a jump named, once that is seen; says whether it did.
    pub fn put_due_cursor(&mut self, window: &LineWindow) -> bool {
        let row = self.first_selected(window).filter(|_| self.is_cursor_due);
        if let Some(row) = row {
            self.put_cursor(window.key(row));
        }
        row.is_some()
    }

    /// Whether a selected line is on the screen.
    pub fn shows_selected(&self, window: &LineWindow) -> bool {
        self.first_selected(window).is_some()
    }

    /// The index of the first selected line that is on the screen, where that stands now: it may not be drawn there yet.
    pub fn first_selected(&self, window: &LineWindow) -> Option<usize> {
        self.seen(window).find(|row| match window.get(*row) {
            Some(Item::Line { generation, offset, line, .. }) => self.is_selected(generation, offset, line),
            _ => false,
        })
    }

    /// The rows that are seen once all is drawn; at least one.
    pub fn seen(&self, window: &LineWindow) -> RangeInclusive<usize> {
        let viewport = self.viewport(window);
        let seen = viewport.visible(viewport.clamp(self.scroll));
        seen.start..=seen.end.max(seen.start + 1) - 1
    }

    /// The rows that are held have changed.
    pub fn window_changed(&mut self, change: WindowChange, window: &LineWindow) {
        match change {
            WindowChange::Replaced { anchor } => {
                // No row keeps its element.
                self.origin += 1 << 32;
                self.heights.clear();
                self.glide_speed = 0.0;
                self.keep = anchor;
                let above = self.rows_above();
                self.scroll = Scroll::at_row(anchor.map_or(usize::MAX >> 1, |row| row.saturating_sub(above)));
                // A key may come before these rows are drawn: it must not move from where others were.
                let top_row = self.scroll.top_row.min(window.len().saturating_sub(1));
                let n_rows = (self.view_px / ROW_PX) as usize;
                self.visible = (top_row, top_row.saturating_add(n_rows).min(window.len()));
                self.is_new_visible = true;
            }
            WindowChange::Prepended(n_rows) => {
                self.origin -= n_rows as i64;
                self.scroll = self.scroll.rows_added_above(n_rows);
                self.keep = self.keep.map(|row| row + n_rows);
                if self.wraps {
                    self.heights.splice(0..0, std::iter::repeat_n(0.0, n_rows));
                }
            }
            WindowChange::EvictedFront(n_rows) => {
                self.origin += n_rows as i64;
                self.scroll = self.scroll.rows_removed_above(n_rows);
                self.keep = self.keep.and_then(|row| row.checked_sub(n_rows));
                self.heights.drain(..n_rows.min(self.heights.len()));
            }
            WindowChange::EvictedBack(_) => self.heights.truncate(window.len()),
            WindowChange::Extended(idx) => {
                if let Some(height) = self.heights.get_mut(idx) {
                    *height = 0.0;
                }
            }
            WindowChange::Appended => {
                if let Some(height) = self.heights.last_mut() {
                    *height = 0.0;
                }
            }
            WindowChange::Spans => self.marks_epoch += 1,
            WindowChange::Relabelled | WindowChange::Numbered => {}
        }
    }

    /// How many rows above a place belong on the screen: some of what stands there belongs to it.
    fn rows_above(&self) -> usize {
        ((self.view_px / ROW_PX) as usize / CONTEXT_SHARE).min(MAX_CONTEXT)
    }

    /// Moves to a row that was gone to; one that is on the screen already moves nothing.
    pub fn bring(&mut self, row: usize, window: &LineWindow) {
        if self.shows(row) {
            self.reveal(row, window);
        } else {
            self.scroll = Scroll::at_row(row.saturating_sub(self.rows_above()));
            self.keep = Some(row);
        }
    }

    /// Whether some of a row is on the screen.
    pub fn shows(&self, row: usize) -> bool {
        (self.visible.0..self.visible.1).contains(&row)
    }

    /// Where the top of a row is below the upper edge, in CSS pixels; for rows on the screen.
    pub fn top_of(&self, row: usize, window: &LineWindow) -> f64 {
        let viewport = self.viewport(window);
        (self.scroll.top_row..row).map(&viewport.height_px).sum::<f64>() - self.scroll.sub_px
    }

    /// Puts the first row that is held so far below the upper edge, negative for above.
    pub fn put_first_row_at(&mut self, y_px: f64) {
        let up_px = (-y_px).max(0.0);
        self.scroll = Scroll { top_row: (up_px / ROW_PX) as usize, sub_px: up_px % ROW_PX };
    }

    /// The rows as the scroller sees them.
    pub fn viewport(&self, window: &LineWindow) -> Viewport<impl Fn(usize) -> f64> {
        let heights = self.heights.as_slice();
        let height_px = move |row: usize| heights.get(row).copied().filter(|px| *px > 0.0).unwrap_or(ROW_PX);
        Viewport { n_rows: window.len(), view_px: self.view_px, height_px }
    }

    /// Moves down by so many pixels; says how much further it was meant to go.
    pub fn scroll_by(&mut self, dy_px: f64, follow: &Follow) -> f64 {
        if self.wraps && dy_px < 0.0 {
            self.measure_above(-dy_px, follow);
        }
        let scrolled = self.viewport(follow.window()).scroll_by(self.scroll, dy_px);
        self.scroll = scrolled.scroll;
        scrolled.rest_px
    }

    /// Moves so that a row is on the screen.
    pub fn reveal(&mut self, row: usize, window: &LineWindow) {
        let scroll = self.viewport(window).reveal(self.scroll, row);
        self.scroll = scroll;
    }

    /// Whether the screen shows the end of what is held.
    pub fn is_at_end(&self, window: &LineWindow) -> bool {
        self.viewport(window).is_at_end(self.scroll)
    }

    /// Moves the text to the left by so many pixels, as far as there is some.
    pub fn sideways_by(&mut self, dx_px: f64) {
        let room_px = (self.pool.widest_text() - self.pool.text_room()).max(0.0);
        // Not `clamp`: what it says when it panics brings the printing of floats, a hundredth of the program.
        self.sideways_px = (self.sideways_px + dx_px).min(room_px).max(0.0);
    }

    /// Moves the text to its start, or so that the end of the longest line is seen.
    pub fn sideways_to(&mut self, to_end: bool) {
        self.sideways_px = 0.0;
        if to_end {
            self.sideways_by(f64::from(u32::MAX));
        }
    }

    /// The index of the last row that is on the screen.
    pub fn last_visible(&self) -> Option<usize> {
        (self.visible.1 > self.visible.0).then(|| self.visible.1 - 1)
    }

    /// The index of the first row that is on the screen.
    pub fn first_visible(&self) -> usize {
        self.visible.0
    }

    /// The first and last rows on the screen, when they are others than at the last call.
    pub fn newly_visible(&mut self) -> Option<(usize, usize)> {
        let last = self.last_visible()?;
        std::mem::take(&mut self.is_new_visible).then_some((self.visible.0, last))
    }

    /// Throws the rows, so fast down the file, in CSS pixels per millisecond; 0 stops them.
    pub fn throw(&mut self, speed: f64) {
        self.glide_speed = if media::wants_less_motion() { 0.0 } else { speed };
        self.glide_ms = 0.0;
    }

    /// Whether a throw is under way.
    pub fn is_gliding(&self) -> bool {
        self.glide_speed.abs() > MIN_SPEED
    }

    /// How far the throw has gone since the last frame.
    pub fn glide(&mut self, ms: f64) -> f64 {
        let passed_ms = if self.glide_ms == 0.0 { 0.0 } else { (ms - self.glide_ms).min(64.0) };
        self.glide_ms = ms;
        if !self.is_gliding() {
            return 0.0;
        }
        let moved_px = self.glide_speed * passed_ms;
        self.glide_speed *= 0.996_f64.powf(passed_ms);
        moved_px
    }

    /// The index of the row that was met by an event, and which part of it.
    pub fn row_of(&self, event: &DomEvent) -> Option<(usize, RowPart)> {
        let (nth, part) = self.pool.find(event)?;
        Some((self.visible.0 + nth, part))
    }

    /// The id of the row with the keyboard's cursor, where it is on the screen.
    pub fn cursor_id(&self, window: &LineWindow) -> Option<String> {
        let row = window.index_of(self.cursor?)?;
        (self.visible.0..self.visible.1).contains(&row).then(|| self.pool.row_id(row - self.visible.0))?
    }

    /// Draws.
    ///
    /// # Errors
    /// When elements cannot be made.
    pub fn draw(&mut self, follow: &Follow, view_px: f64, is_pinned: bool) -> Result<(), BrowserError> {
        let window = follow.window();
        self.view_px = view_px;
        if self.wraps && self.heights.len() != window.len() {
            self.heights.resize(window.len(), 0.0);
        }
        // Wrapped rows are as high as they turn out: another look settles it.
        for _ in 0..if self.wraps { MAX_LOOKS } else { 1 } {
            let (scroll, rows) = {
                let viewport = self.viewport(window);
                let scroll = match self.keep {
                    _ if is_pinned => viewport.pin_to_end(),
                    Some(row) => viewport.reveal(self.scroll, row),
                    None => viewport.clamp(self.scroll),
                };
                (scroll, viewport.visible(scroll))
            };
            self.scroll = scroll;
            self.fill(rows.start, rows.end, follow)?;
            if !self.measure(rows.start) {
                break;
            }
        }
        self.keep = None;
        self.pool.shift(self.scroll.sub_px)?;
        self.pool.sideways(self.sideways_px)
    }

    /// Measures the rows of the pool; says whether a height was other than thought.
    fn measure(&mut self, start: usize) -> bool {
        if !self.wraps {
            return false;
        }
        let mut is_other = false;
        for row in start..self.visible.1 {
            let height_px = self.pool.height_of(row - start);
            if let Some(height) = self.heights.get_mut(row)
                && (*height - height_px).abs() > 0.01
            {
                *height = height_px;
                is_other = true;
            }
        }
        is_other
    }

    /// Measures the rows that scrolling up by so much may bring: their heights are needed before they are seen.
    fn measure_above(&mut self, up_px: f64, follow: &Follow) {
        let n_rows = ((up_px / ROW_PX).ceil() as usize).min(self.scroll.top_row).min(200);
        let start = self.scroll.top_row - n_rows;
        self.heights.resize(follow.window().len(), 0.0);
        // A row that cannot be made is measured when it is seen.
        if self.fill(start, self.scroll.top_row, follow).is_ok() {
            self.measure(start);
        }
    }
}
