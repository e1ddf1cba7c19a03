//! Clicks on rows: selecting lines, and more of a long one; and the view to share.

use taillight::cursor::{Generation, Identity};
use taillight::follow::Input;
use taillight::line::{ByteOffset, LineNo};
use taillight::view::{Command, Place, ViewState};
use taillight::window::Item;

use super::{Live, with};
use crate::browser::events::DomEvent;
use crate::browser::pool::RowPart;

/// The view that a copied link shows: the selected lines, or those on the screen. `None` while it follows, or where
/// the file is not known yet.
pub fn shared_view() -> Option<ViewState> {
    with(|live| live.shared_view()).flatten()
}

/// A line as links name it.
struct Spot {
    generation: Generation,
    offset: ByteOffset,
    line: Option<LineNo>,
}

impl Live {
    pub(super) fn click(&mut self, event: &DomEvent, has_shift: bool) {
        let Some((row, part)) = self.screen.row_of(event) else { return };
        match part {
            RowPart::Number => self.select_row(row, has_shift),
            RowPart::More => {
                if let Some(key) = self.follow.window().key(row) {
                    self.step(Input::More(key));
                }
            }
            RowPart::Text => {
                self.screen.put_cursor(self.follow.window().key(row));
                self.point_at(self.screen.cursor);
                self.mark();
            }
        }
    }

    /// Selects a line, or with Shift the lines from the selected one to it.
    fn select_row(&mut self, row: usize, has_shift: bool) {
        let Some(spot) = self.spot(row) else { return };
        let has_shift = has_shift && self.screen.selected_in.is_none_or(|of| of == spot.generation);
        let place = match (&self.screen.selected, spot.line) {
            (Some(Place::Lines { first, .. }), Some(line)) if has_shift => Place::lines(*first, line),
            (Some(Place::Bytes { first, .. }), _) if has_shift => Place::bytes(*first, spot.offset),
            (_, Some(line)) => Place::lines(line, line),
            (_, None) => Place::bytes(spot.offset, spot.offset),
        };
        self.screen.select(&place, false);
        self.screen.put_cursor(self.follow.window().key(row));
        self.point_at(self.screen.cursor);
        (self.screen.selected_in, self.screen.is_picked) = (Some(spot.generation), true);
        if self.is_pinned() {
            let seen = self.screen.last_visible();
            self.step(Input::Hold { seen });
        }
        self.command(Command::Select(place, self.identity_of(spot.generation)));
        self.mark();
    }

    fn spot(&self, row: usize) -> Option<Spot> {
        match self.follow.window().get(row)? {
            Item::Line { generation, offset, line, .. } => Some(Spot { generation, offset, line }),
            Item::Divider(_) => None,
        }
    }

    fn shared_view(&self) -> Option<ViewState> {
        let (first, last) = self.shared_rows()?;
        let (first, last) = (self.spot(first)?, self.spot(last)?);
        let fid = self.identity_of(first.generation)?;
        let lines = first.line.zip(last.line);
        self.view(|view| view.shared(lines, (first.offset, last.offset), fid))
    }

    /// The file that a generation is of.
    pub(super) fn identity_of(&self, generation: Generation) -> Option<Identity> {
        self.identities.iter().rev().find(|(of, _)| *of == generation).map(|(_, identity)| *identity)
    }

    /// The rows that a link names: those selected; without a selection the cursor's where it is seen, or the first on the
    /// screen, unless it follows.
    pub(super) fn shared_rows(&self) -> Option<(usize, usize)> {
        let window = self.follow.window();
        let seen = || Some(window.key(self.screen.first_selected(window)?)?.generation);
        let generation = self.screen.selected_in.or_else(seen).unwrap_or(self.follow.tip()?.generation);
        match &self.screen.selected {
            Some(Place::Lines { first, last }) => {
                let row = window.find_line(generation, *first)?;
                Some((row, last.and_then(|last| window.find_line(generation, last)).unwrap_or(row)))
            }
            Some(Place::Bytes { first, last }) => {
                let row = window.find_holding(generation, *first)?;
                Some((row, last.and_then(|last| window.find_holding(generation, last)).unwrap_or(row)))
            }
            _ if self.is_pinned() => None,
            _ => {
                let first = self.screen.first_visible();
                let seen = first..=self.screen.last_visible().unwrap_or(first);
                let cursor = self.screen.cursor.and_then(|key| window.index_of(key));
                let row = cursor.filter(|row| seen.contains(row) && self.spot(*row).is_some()).unwrap_or(first);
                Some((row, row))
            }
        }
    }
}
