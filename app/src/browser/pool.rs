//! The rows of the log as elements: a recycled pool in reading order, so that the browser's own selection, find and
//! screen readers meet the lines as they are seen. Only what changed is written.

mod row;

use std::collections::VecDeque;
use std::ops::Range;

use taillight::ansi::StyledLine;
use wasm_bindgen::JsCast as _;
use web_sys::{Document, Element, HtmlElement, Node};

use super::events::DomEvent;
use super::highlight::Highlights;
use super::{BrowserError, by_id, document};
use crate::text::px;
use row::Row;

/// What a row says besides its text. Equal facts of an equal version are the same row: nothing is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowFacts {
    /// Tells one content of a row from another: changes whenever the line's bytes do.
    pub stamp: [u64; 5],
    /// The offset of the line, `None` for a row that is no line.
    pub offset: Option<u64>,
    /// The number of the line, where it is known.
    pub line: Option<u64>,
    /// The row's class names.
    pub class: &'static str,
    /// Whether the line is selected.
    pub selected: bool,
    /// Whether the keyboard's cursor is on it.
    pub current: bool,
    /// Whether it only stands around a match of the filter.
    pub context: bool,
    /// Whether lines between it and the row above are not shown, and that is to be seen.
    pub gap: bool,
    /// Whether what is found stands in it.
    pub hit: bool,
    /// Whether it is the hit that was gone to last.
    pub is_current_hit: bool,
    /// Tells one set of marks in the text from another; 0 for none.
    pub marks: u64,
    /// How much of the line is not here, for people.
    pub more: Option<String>,
}

/// What stands in a row.
#[derive(Clone, Copy, Debug)]
pub struct RowText<'a> {
    /// The text.
    pub line: &'a StyledLine,
    /// Where hits stand in it, in bytes, in order: of the filter, and of what is found.
    pub hits: [&'a [(u32, u32)]; 2],
    /// The class name of the line's level, or nothing.
    pub level: &'static str,
}

/// The pool.
pub struct RowPool {
    document: Document,
    sheet: HtmlElement,
    highlights: Option<Highlights>,
    rows: VecDeque<Row>,
    /// The ordinal of the first row: ordinals go on when lines are added or removed in front.
    first: i64,
    class_buf: String,
    shift_px: f64,
    sideways_px: f64,
}

impl RowPool {
    /// A pool inside the element with that id.
    ///
    /// # Errors
    /// When it is not there.
    pub fn new(id: &'static str) -> Result<Self, BrowserError> {
        Ok(Self {
            document: document()?,
            sheet: by_id(id)?,
            highlights: Highlights::new(),
            rows: VecDeque::new(),
            first: 0,
            class_buf: String::new(),
            shift_px: f64::NAN,
            sideways_px: 0.0,
        })
    }

    /// Makes the pool hold the rows with these ordinals: elements that hold such a row already keep it.
    ///
    /// # Errors
    /// When elements cannot be made.
    pub fn hold(&mut self, ordinals: Range<i64>) -> Result<(), BrowserError> {
        let wanted = usize::try_from(ordinals.end - ordinals.start).unwrap_or(0);
        let moved = ordinals.start - self.first;
        self.first = ordinals.start;
        if moved.unsigned_abs() < self.rows.len() as u64 {
            for _ in 0..moved {
                self.rotate_down()?;
            }
            for _ in moved..0 {
                self.rotate_up()?;
            }
        }
        while self.rows.len() < wanted {
            let row = Row::new(&self.document)?;
            self.sheet.append_child(&row.element)?;
            self.rows.push_back(row);
        }
        while self.rows.len() > wanted {
            if let Some(mut row) = self.rows.pop_back() {
                row.unmark(self.highlights.as_ref());
                row.element.remove();
            }
        }
        Ok(())
    }

    fn rotate_down(&mut self) -> Result<(), BrowserError> {
        if let Some(mut row) = self.rows.pop_front() {
            row.facts = None;
            self.sheet.append_child(&row.element)?;
            self.rows.push_back(row);
        }
        Ok(())
    }

    fn rotate_up(&mut self) -> Result<(), BrowserError> {
        if let Some(mut row) = self.rows.pop_back() {
            row.facts = None;
            let first = self.rows.front().map(|row| -> &Node { &row.element });
            self.sheet.insert_before(&row.element, first)?;
            self.rows.push_front(row);
        }
        Ok(())
    }

    /// Forgets what the rows hold: all are written again.
    pub fn forget(&mut self) {
        for row in &mut self.rows {
            row.facts = None;
        }
    }

    /// Writes the row at `idx` from the top, where it differs; `text` is asked for only if that or its marks do.
    ///
    /// # Errors
    /// When elements cannot be made.
    pub fn write<'a>(
        &mut self,
        idx: usize,
        facts: RowFacts,
        text: impl FnOnce() -> RowText<'a>,
    ) -> Result<(), BrowserError> {
        let Some(row) = self.rows.get_mut(idx) else { return Ok(()) };
        if row.facts.as_ref() == Some(&facts) {
            return Ok(());
        }
        let is_same_text = row.facts.as_ref().is_some_and(|old| old.stamp == facts.stamp && old.more == facts.more);
        if !is_same_text || row.facts.as_ref().is_some_and(|old| old.marks != facts.marks) {
            row.unmark(self.highlights.as_ref());
            let text = text();
            if !is_same_text {
                row.write_text(&self.document, text.line, facts.more.as_deref(), &mut self.class_buf)?;
                row.level = text.level;
            }
            row.mark(self.highlights.as_ref(), &text);
        }
        row.write_facts(&facts, &mut self.class_buf)?;
        row.facts = Some(facts);
        Ok(())
    }

    /// The id that the row at `idx` carries, for the grid's active descendant.
    pub fn row_id(&self, idx: usize) -> Option<String> {
        self.rows.get(idx).map(|row| row.element.id()).filter(|id| !id.is_empty())
    }

    /// The height of the row at `idx`, in CSS pixels: lays out.
    pub fn height_of(&self, idx: usize) -> f64 {
        self.rows.get(idx).map_or(0.0, |row| row.element.get_bounding_client_rect().height())
    }

    /// Moves all rows up by so many pixels.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn shift(&mut self, up_px: f64) -> Result<(), BrowserError> {
        if self.shift_px != up_px {
            self.shift_px = up_px;
            self.sheet.style().set_property("transform", &format!("translate3d(0,{},0)", px(-up_px)))?;
        }
        Ok(())
    }

    /// Moves the text of all rows to the left by so many pixels.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn sideways(&mut self, left_px: f64) -> Result<(), BrowserError> {
        if self.sideways_px != left_px {
            self.sideways_px = left_px;
            self.sheet.style().set_property("--sideways", &px(left_px))?;
        }
        Ok(())
    }

    /// The width of the widest text that is shown, in CSS pixels: lays out.
    pub fn widest_text(&self) -> f64 {
        let widths = self.rows.iter().map(|row| f64::from(row.text.offset_width()));
        widths.fold(0.0, f64::max)
    }

    /// The width that there is for text, in CSS pixels: lays out.
    pub fn text_room(&self) -> f64 {
        let number_px = self.rows.front().map_or(0.0, |row| row.number.get_bounding_client_rect().width());
        f64::from(self.sheet.client_width()) - number_px
    }

    /// Where a hit begins and ends in the text of the row at `idx`, in CSS pixels from the text's left: lays out.
    pub fn place_of(&self, idx: usize, line: &StyledLine, hit: (u32, u32)) -> Option<(f64, f64)> {
        self.rows.get(idx)?.place_of(&self.document, line, hit)
    }

    /// How many rows down from the top the row is that holds that node, and which part of it was met.
    pub fn find(&self, event: &DomEvent) -> Option<(usize, RowPart)> {
        let element: Element = event.target()?.dyn_into().ok()?;
        let row = element.closest(".row").ok()??;
        let idx = self.rows.iter().position(|held| *AsRef::<Element>::as_ref(&held.element) == row)?;
        let class = element.class_name();
        let part = match class.as_str() {
            "no" => RowPart::Number,
            "more" => RowPart::More,
            _ => RowPart::Text,
        };
        Some((idx, part))
    }
}

/// A part of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowPart {
    /// The line number.
    Number,
    /// The button that fetches more of a long line.
    More,
    /// The rest.
    Text,
}
