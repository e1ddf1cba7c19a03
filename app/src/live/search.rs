//! Filter and find on the screen: what the stream is told of them, going to matches, how far the server has looked, and
//! what is offered at a row and for selected text.

use leptos::prelude::*;
use taillight::follow::{Effect as Todo, Input, PAGE_ROWS, Stand};
use taillight::level::LevelChoice;
use taillight::line::ByteOffset;
use taillight::timestamp::Stamp;
use taillight::view::{Change, Command, FileView, Place};
use taillight::window::RowKey;

use super::status::set;
use super::{Live, ROWS_ABOVE, with};
use crate::browser::events::DomEvent;
use crate::browser::timer::{Timeout, now_ms};
use crate::browser::{focus, gestures as doors, measure};
use crate::search::{BoxError, Nothing, PATIENCE_MS, Progress, SearchBox, Selected};
use crate::text;
use crate::viewer::ids;

/// How long a selection rests before something is offered for it, in milliseconds: it is still being made.
const SELECTING_MS: i32 = 150;

/// Over how long the speed of a search is taken, in milliseconds.
const RATE_MS: f64 = 500.0;

/// How much of a row's right end the button covers that shows it among its neighbours, on a phone, in CSS pixels.
const SPOT_PX: f64 = 124.0;

/// The height of the toolbar for selected text with the space around it, in CSS pixels.
const BAR_PX: f64 = 44.0;

/// What was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// There was nothing to end.
    Nothing,
    /// Looking for the next match.
    Seek,
    /// Looking through the file for what a box says: the box is to be emptied.
    Box(SearchBox),
}

/// What is under way.
#[derive(Default)]
pub struct Searching {
    /// Where the last jump to a time has landed: what was asked for, and the time of the line.
    pub(super) landed: Option<(Stamp, Option<Stamp>)>,
    /// Since when the server has been looking, in milliseconds.
    since_ms: Option<f64>,
    /// When so many bytes had been looked through.
    sample: (f64, u64),
    per_sec: u64,
    patience: Option<Timeout>,
    selecting: Option<Timeout>,
    /// The match that was gone to last.
    hit: Option<RowKey>,
    /// Whether the text is to be moved to where the match stands in its line, once that is known.
    is_side_due: bool,
    /// The row that can be shown among its neighbours, and where the button for it stands.
    spot: Option<RowKey>,
    spot_px: Option<f64>,
}

/// Goes to the next match, or the previous one.
pub fn seek(down: bool) {
    with(|live| {
        let from = live.follow.window().key(live.screen.scroll.top_row).map(|key| (key.generation, key.offset));
        live.step(Input::Seek { down, from });
        live.write_search();
    });
}

/// Goes to the next row of these levels, or the previous one.
pub fn seek_levels(levels: LevelChoice, down: bool) {
    with(|live| {
        if let Some(from) = live.stand(down) {
            live.step(Input::SeekLevels { levels, down, from });
            live.write_search();
        }
    });
}

/// Goes on with a search that stands stopped.
pub fn go_on() {
    with(|live| live.step(Input::Continue));
}

/// Ends a search that takes its time, if it is this page's to end; the rest is a matter of the view.
pub fn stop_search() -> Stopped {
    with(|live| {
        if live.follow.is_seeking() {
            live.step(Input::CancelSeek);
            live.write_search();
            return Stopped::Seek;
        }
        // What is not shown as being under way is nothing that anybody wants to end.
        let is_shown = live.shell.search.progress.with_untracked(Option::is_some);
        match live.looking() {
            Some((which, _)) if is_shown => Stopped::Box(which),
            _ => Stopped::Nothing,
        }
    })
    .unwrap_or(Stopped::Nothing)
}

/// Where the row starts that is to be shown among its neighbours.
pub fn spot() -> Option<ByteOffset> {
    with(|live| {
        let generation = live.follow.tip()?.generation;
        let first = live.follow.window().key(live.screen.first_visible());
        live.visible_spot().or(first).filter(|key| key.generation == generation).map(|key| key.offset)
    })
    .flatten()
}

/// The row of levels was opened or closed.
pub fn levels_changed() {
    with(|live| {
        if let Some(view) = live.view(FileView::clone) {
            live.want_levels(&view);
        }
    });
}

/// The selection has changed: what is offered for it waits until it rests.
pub fn selection_changed() {
    with(|live| {
        let offer = || {
            with(|live| live.offer_for_selection());
        };
        live.searching.selecting = Timeout::new(SELECTING_MS, offer).ok();
    });
}

impl Live {
    /// Tells the stream what of filter and find has changed.
    pub(super) fn sync_search(&mut self, view: &FileView, change: &Change) {
        self.screen.shows_gaps = view.ctx > 0;
        if change.moved.is_some() {
            self.searching.landed = None;
        }
        if change.filtered {
            let at = change.moved.as_ref().map_or_else(|| view.anchor(), Place::anchor);
            self.is_jumping = true;
            self.step(Input::Filter { filter: view.shown_rows(), at, before: ROWS_ABOVE, after: PAGE_ROWS });
        }
        if change.found {
            self.searching.hit = None;
            self.step(Input::Find(view.find_term()));
        }
        self.want_levels(view);
        self.write_search();
    }

    /// Levels are counted while somebody looks at them, or has chosen some: it takes the server a look at all of the file.
    pub(super) fn want_levels(&mut self, view: &FileView) {
        let is_open = self.shell.search.levels.is_open.get_untracked();
        self.step(Input::Levels(is_open || !view.narrow.levels.is_all()));
    }

    /// Carries out what the stream says of filter and find.
    pub(super) fn carry_out_search(&mut self, todo: Todo) {
        let which = |find| if find { SearchBox::Find } else { SearchBox::Filter };
        match todo {
            Todo::GoToRow(key) => {
                if let Some(row) = self.follow.window().index_of(key) {
                    self.screen.bring(row, self.follow.window());
                }
                // Told even when it is the one that was gone to before.
                self.searching.hit = None;
                self.mark();
            }
            Todo::Refused { find, position, detail } => {
                self.is_jumping &= find;
                let error = BoxError { position, message: detail };
                self.shell.search.of(which(find)).error.set(Some(error));
            }
            Todo::Accepted { find } => {
                self.is_jumping &= find;
                let state = self.shell.search.of(which(find));
                // What has been typed since may be wrong by itself.
                let error = state.text.with_untracked(|text| self.shell.search.error_of(which(find), text));
                set(state.error, error);
            }
            _ => {}
        }
    }

    /// Another match was gone to and is on the screen: the cursor is on it, and the address says where the screen is.
    pub(super) fn follow_hit(&mut self) {
        let window = self.follow.window();
        let hit = self.follow.current_hit().map(|(generation, offset)| RowKey { generation, offset, nth: 0 });
        if hit == self.searching.hit || hit.is_some_and(|hit| window.index_of(hit).is_none()) {
            return;
        }
        self.searching.hit = hit;
        if hit.is_some() {
            self.screen.put_cursor(hit);
            self.searching.spot = hit;
            self.searching.is_side_due = true;
            if let Some(command) = self.say_where() {
                self.command(command);
            }
            if self.view(|view| view.paused) == Some(true) {
                self.command(Command::TogglePause);
            }
        }
    }

    /// The match that was gone to may stand far to the right in its line.
    pub(super) fn follow_hit_sideways(&mut self) {
        if !self.searching.is_side_due {
            return;
        }
        let row = self.searching.hit.and_then(|key| self.follow.window().index_of(key));
        let row = row.filter(|row| self.screen.shows(*row));
        let covered_px = if self.has_filter() { SPOT_PX } else { 0.0 };
        let is_done = row.map(|row| self.screen.bring_hit(row, covered_px, &self.follow));
        self.searching.is_side_due = is_done == Some(false);
        if is_done == Some(true) {
            self.mark();
        }
    }

    /// Where the user is: on the row that was found last, on the cursor's or a selected one where that is seen, or at the edge
    /// of the screen.
    fn stand(&self, down: bool) -> Option<Stand> {
        let window = self.follow.window();
        let place = |key: RowKey| (key.generation, key.offset);
        if let Some(hit) = self.follow.current_hit().filter(|_| self.searching.hit.is_none()) {
            // It is not drawn yet.
            return Some(Stand::On(hit));
        }
        let last = window.len().checked_sub(1)?;
        let seen = self.screen.first_visible()..=self.screen.last_visible().unwrap_or(last);
        let is_seen = |key: &RowKey| window.index_of(*key).is_some_and(|row| seen.contains(&row));
        let selected = || self.screen.first_selected(window).and_then(|row| window.key(row));
        Some(match self.screen.cursor.filter(is_seen).or_else(selected) {
            Some(cursor) => Stand::On(place(cursor)),
            None if down => Stand::At(window.key(*seen.start()).map(place)?),
            None => Stand::At(window.key(seen.end() + 1).map_or(window.end(), place)),
        })
    }

    fn has_filter(&self) -> bool {
        self.view(|view| view.shown_rows().is_some()).unwrap_or_default()
    }

    fn has_find(&self) -> bool {
        self.view(|view| !view.find.trim().is_empty()).unwrap_or_default()
    }

    /// Whose search is under way, and how much of the file was looked through, where that is known.
    fn looking(&self) -> Option<(SearchBox, Option<ByteOffset>)> {
        let found = self.follow.found().filter(|found| !found.matched.exact && !found.matched.stopped);
        let shown = self.follow.shown().filter(|shown| !shown.exact && !shown.stopped);
        if let Some(found) = found.filter(|_| self.has_find()) {
            return Some((SearchBox::Find, Some(found.matched.scanned)));
        }
        if self.follow.is_seeking() {
            return Some((SearchBox::Find, None));
        }
        let is_looking = self.has_filter() && (shown.is_some() || self.follow.is_filling());
        is_looking.then(|| (SearchBox::Filter, shown.map(|shown| shown.scanned)))
    }

    /// Match count, progress, and what is said where there are no rows.
    pub(super) fn write_search(&mut self) {
        let search = self.shell.search;
        let found = self.follow.counted().and_then(|tip| tip.found).filter(|_| self.has_find());
        set(search.match_count, found.map(|found| text::match_count(&found)).unwrap_or_default());
        set(search.levels.counts, self.follow.levels());
        let progress = self.progress();
        set(search.nothing, self.nothing(progress.as_ref()));
        let stopped = self.stopped();
        if (stopped.is_empty() || progress.is_some()) && focus::has_focus(ids::CONTINUE) {
            // The button goes, whoever has it go on.
            focus::focus(ids::GRID);
        }
        set(search.stopped, stopped);
        set(search.progress, progress);
    }

    /// What is said where the filter shows no row of a file that has some.
    fn nothing(&self, progress: Option<&Progress>) -> Option<Nothing> {
        let is_empty = self.has_filter() && self.follow.window().is_empty();
        let shown = self.follow.tip().filter(|tip| is_empty && tip.len > ByteOffset::ZERO)?.shown?;
        match shown.count.get() {
            _ if self.follow.is_all_here() => Some(Nothing::so_far(None)),
            _ if shown.stopped => {
                let is_looking = self.follow.is_filling() || self.follow.stopped().is_none();
                (!is_looking).then(|| Nothing::stopped(&shown, self.len()))
            }
            0 if shown.exact => Some(Nothing::so_far(None)),
            // It may be there at once: what is said for a moment only flickers.
            0 => progress?.percent.map(|percent| Nothing::so_far(Some(percent))),
            _ => None,
        }
    }

    /// What is said of a search that stands stopped.
    fn stopped(&self) -> String {
        let is_wanted = self.follow.stopped().is_some() && (self.has_filter() || self.has_find());
        let search = self.follow.tip().filter(|_| is_wanted).map(text::stopped_of);
        let levels = || self.follow.stopped_levels().map(|levels| text::stopped_levels(&levels, self.len()));
        search.or_else(levels).unwrap_or_default()
    }

    fn len(&self) -> u64 {
        self.follow.tip().map_or(0, |tip| tip.len.get())
    }

    /// How far a search has come that has taken its time.
    fn progress(&mut self) -> Option<Progress> {
        let Some((which, scanned)) = self.looking() else {
            self.searching.since_ms = None;
            self.searching.sample = (0.0, 0);
            return None;
        };
        let now = now_ms();
        let since = *self.searching.since_ms.get_or_insert(now);
        if now - since < f64::from(PATIENCE_MS) {
            let look_again = || {
                with(|live| live.write_search());
            };
            if since == now {
                self.searching.patience = Timeout::new(PATIENCE_MS + 1, look_again).ok();
            }
            self.searching.sample = (now, scanned.map_or(0, ByteOffset::get));
            self.searching.per_sec = 0;
            return None;
        }
        let parts = scanned.zip(self.follow.tip()).map(|(scanned, tip)| (scanned.get(), tip.len.get()));
        let percent = parts.map(|(scanned, len)| text::percent(scanned, len));
        let rate = scanned.and_then(|scanned| self.rate(now, scanned.get()));
        let share = parts.map(|(scanned, len)| format!(" · {}", text::of_size(scanned, len)));
        let text = text::still_looking(which, None) + &share.unwrap_or_default() + &rate.unwrap_or_default();
        Some(Progress { percent, text })
    }

    /// ` · 1.2 GB/s`, once it is known.
    fn rate(&mut self, now: f64, scanned: u64) -> Option<String> {
        let (sample_ms, sample) = self.searching.sample;
        if scanned < sample {
            self.searching.sample = (now, scanned);
            self.searching.per_sec = 0;
        } else if now - sample_ms >= RATE_MS {
            self.searching.per_sec = ((scanned - sample) as f64 * 1_000.0 / (now - sample_ms)) as u64;
            self.searching.sample = (now, scanned);
        }
        (self.searching.per_sec > 0).then(|| format!(" · {}/s", text::size(self.searching.per_sec)))
    }

    /// The pointer is over a row, or the cursor went there: it can be shown among its neighbours.
    pub(super) fn point_at(&mut self, key: Option<RowKey>) {
        if key.is_some_and(|key| key.nth == 0) && self.searching.spot != key {
            self.searching.spot = key;
            self.mark();
        }
    }

    /// The pointer has moved over the rows.
    pub(super) fn hover(&mut self, event: &DomEvent) {
        if self.has_filter() {
            let row = self.screen.row_of(event).map(|(row, _)| row);
            self.point_at(row.and_then(|row| self.follow.window().key(row)));
        }
    }

    fn visible_spot(&self) -> Option<RowKey> {
        let row = self.follow.window().index_of(self.searching.spot?)?;
        self.screen.shows(row).then_some(self.searching.spot).flatten()
    }

    /// Puts the button that shows a row among its neighbours at its row.
    pub(super) fn place_spot(&mut self) {
        let row = self.visible_spot().filter(|_| self.has_filter()).and_then(|key| self.follow.window().index_of(key));
        let top_px = row.map(|row| self.screen.top_of(row, self.follow.window()));
        if self.searching.spot_px != top_px {
            self.searching.spot_px = top_px;
            if let Some(top_px) = top_px {
                measure::set_style(ids::IN_CONTEXT, "transform", &format!("translateY({})", text::px(top_px)));
            }
            set(self.shell.search.can_leave, top_px.is_some());
        }
    }

    fn offer_for_selection(&mut self) {
        let selected = doors::selection_in(ids::GRID);
        if let Some((_, left_px, top_px, bottom_px)) = &selected {
            let top_px = if *top_px > 2.0 * BAR_PX { top_px - BAR_PX } else { bottom_px + 8.0 };
            measure::set_style(ids::SELECTION, "left", &format!("clamp(8px, {}, 100vw - 340px)", text::px(*left_px)));
            measure::set_style(ids::SELECTION, "top", &text::px(top_px));
        }
        let selected = selected.map(|(text, ..)| match text.trim_matches(['\r', '\n']).contains('\n') {
            true => Selected::Lines,
            false => Selected::OneLine,
        });
        set(self.shell.search.selected, selected);
    }
}
