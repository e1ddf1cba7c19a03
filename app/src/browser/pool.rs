//! The rows of the log as elements: a recycled pool in reading order, so that the browser's own selection, find and
//! screen readers meet the lines as they are seen. Only what changed is written.

use std::collections::VecDeque;
use std::ops::Range;

use taillight::ansi::html::class_names;
use taillight::ansi::{Style, StyledLine};
use wasm_bindgen::JsCast as _;
use web_sys::{Document, Element, HtmlElement, Node, Text};

use super::events::DomEvent;
use super::highlight::{Highlights, Kind, Marked};
use super::{BrowserError, by_id, document};
use crate::marks::{Point, marks};

/// How many styled pieces a row shows.
const MAX_PIECES: usize = 200;

/// What a row says besides its text. Equal facts of an equal version are the same row: nothing is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowFacts {
    /// Tells one content of a row from another: changes whenever the line's bytes do.
    pub stamp: [u64; 4],
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

struct Row {
    element: HtmlElement,
    number: Element,
    text: HtmlElement,
    facts: Option<RowFacts>,
    marked: Vec<Marked>,
    hidden: bool,
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
        row.show(true)?;
        if row.facts.as_ref() == Some(&facts) {
            return Ok(());
        }
        let is_same_text = row.facts.as_ref().is_some_and(|old| old.stamp == facts.stamp && old.more == facts.more);
        if !is_same_text || row.facts.as_ref().is_some_and(|old| old.marks != facts.marks) {
            row.unmark(self.highlights.as_ref());
            let text = text();
            if !is_same_text {
                row.write_text(&self.document, text.line, facts.more.as_deref(), &mut self.class_buf)?;
            }
            row.mark(self.highlights.as_ref(), &text);
        }
        row.write_facts(&facts, &mut self.class_buf)?;
        row.facts = Some(facts);
        Ok(())
    }

    /// Hides the rows from `idx` on: there are no lines for them.
    ///
    /// # Errors
    /// When the browser refuses.
    pub fn hide_from(&mut self, idx: usize) -> Result<(), BrowserError> {
        for row in self.rows.iter_mut().skip(idx) {
            row.show(false)?;
        }
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
            self.sheet.style().set_property("transform", &format!("translate3d(0,{}px,0)", -up_px))?;
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
            self.sheet.style().set_property("--sideways", &format!("{left_px}px"))?;
        }
        Ok(())
    }

    /// The width of the widest text that is shown, in CSS pixels: lays out.
    pub fn widest_text(&self) -> f64 {
        let widths = self.rows.iter().filter(|row| !row.hidden).map(|row| f64::from(row.text.offset_width()));
        widths.fold(0.0, f64::max)
    }

    /// The width that there is for text, in CSS pixels: lays out.
    pub fn text_room(&self) -> f64 {
        let number_px = self.rows.front().map_or(0.0, |row| row.number.get_bounding_client_rect().width());
        f64::from(self.sheet.client_width()) - number_px
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

impl Row {
    fn new(document: &Document) -> Result<Self, BrowserError> {
        thread_local! {
            static MADE: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
        }
        let made = MADE.replace(MADE.get().wrapping_add(1));
        let make = |class: &str, role: &str, name: &str| -> Result<HtmlElement, BrowserError> {
            let element: HtmlElement =
                document.create_element(name)?.dyn_into().map_err(|_| BrowserError::Missing("html element"))?;
            element.set_class_name(class);
            element.set_attribute("role", role)?;
            Ok(element)
        };
        let element = make("row", "row", "div")?;
        element.set_id(&format!("row-{made}"));
        let number = make("no", "gridcell", "span")?;
        let text = make("tx", "gridcell", "span")?;
        element.append_child(&number)?;
        element.append_child(&text)?;
        Ok(Self { element, number: number.into(), text, facts: None, marked: Vec::new(), hidden: false })
    }

    fn show(&mut self, shown: bool) -> Result<(), BrowserError> {
        if self.hidden == shown {
            self.hidden = !shown;
            if shown {
                self.element.remove_attribute("hidden")?;
            } else {
                self.element.set_attribute("hidden", "")?;
                self.facts = None;
            }
        }
        Ok(())
    }

    fn write_facts(&mut self, facts: &RowFacts, buf: &mut String) -> Result<(), BrowserError> {
        let old = self.facts.take().unwrap_or_default();
        set_number(&self.element, "data-offset", old.offset, facts.offset)?;
        set_number(&self.element, "data-line", old.line, facts.line)?;
        set_number(&self.element, "aria-rowindex", old.line, facts.line)?;
        if old.line != facts.line || self.number.first_child().is_none() {
            self.number.set_text_content(facts.line.map(|line| line.to_string()).as_deref());
        }
        buf.clear();
        buf.push_str("row");
        let classes = [
            (!facts.class.is_empty(), facts.class),
            (facts.selected, "sel"),
            (facts.current, "cur"),
            (facts.context, "ctx"),
            (facts.gap, "gap"),
            (facts.hit, "hit"),
            (facts.is_current_hit, "now"),
        ];
        for (on, class) in classes {
            if on {
                buf.push(' ');
                buf.push_str(class);
            }
        }
        self.element.set_class_name(buf);
        if old.selected != facts.selected {
            self.element.set_attribute("aria-selected", if facts.selected { "true" } else { "false" })?;
        }
        Ok(())
    }

    /// Text nodes and spans are used again in their order; what is left over goes away.
    fn write_text(
        &self,
        document: &Document,
        line: &StyledLine,
        more: Option<&str>,
        buf: &mut String,
    ) -> Result<(), BrowserError> {
        let mut at = self.text.first_child();
        for (text, style) in pieces(line) {
            let next = at.as_ref().and_then(Node::next_sibling);
            if style.is_plain() {
                self.put_text(document, at, text)?;
            } else {
                buf.clear();
                class_names(style, buf);
                self.put_span(document, at, text, buf)?;
            }
            at = next;
        }
        if let Some(more) = more {
            let next = at.as_ref().and_then(Node::next_sibling);
            self.put_span(document, at, more, "more")?;
            at = next;
        }
        while let Some(left_over) = at {
            at = left_over.next_sibling();
            self.text.remove_child(&left_over)?;
        }
        Ok(())
    }

    /// Marks the hits in the text, as it was written.
    fn mark(&mut self, highlights: Option<&Highlights>, text: &RowText<'_>) {
        let Some(highlights) = highlights else { return };
        for (kind, hits) in [Kind::Filter, Kind::Find].into_iter().zip(text.hits) {
            for mark in marks(pieces(text.line).map(|(text, _)| text), hits) {
                if let Some((start, end)) = self.node(mark.start).zip(self.node(mark.end)) {
                    self.marked.extend(highlights.add(kind, (&start, mark.start.units), (&end, mark.end.units)));
                }
            }
        }
    }

    /// The text node that a place is in.
    fn node(&self, point: Point) -> Option<Node> {
        let child = self.text.child_nodes().get(u32::try_from(point.piece).ok()?)?;
        if child.node_type() == Node::TEXT_NODE { Some(child) } else { child.first_child() }
    }

    fn unmark(&mut self, highlights: Option<&Highlights>) {
        for marked in self.marked.drain(..) {
            if let Some(highlights) = highlights {
                highlights.remove(&marked);
            }
        }
    }

    fn put_text(&self, document: &Document, at: Option<Node>, text: &str) -> Result<(), BrowserError> {
        match at {
            Some(node) if node.node_type() == Node::TEXT_NODE => node.unchecked_ref::<Text>().set_data(text),
            Some(node) => {
                self.text.replace_child(&document.create_text_node(text), &node)?;
            }
            None => {
                self.text.append_child(&document.create_text_node(text))?;
            }
        }
        Ok(())
    }

    fn put_span(&self, document: &Document, at: Option<Node>, text: &str, class: &str) -> Result<(), BrowserError> {
        if let Some(node) = &at
            && node.node_type() == Node::ELEMENT_NODE
        {
            let span: &Element = node.unchecked_ref();
            span.set_class_name(class);
            span.set_text_content(Some(text));
            return Ok(());
        }
        let span = document.create_element("span")?;
        span.set_class_name(class);
        span.set_text_content(Some(text));
        match at {
            Some(node) => self.text.replace_child(&span, &node)?,
            None => self.text.append_child(&span)?,
        };
        Ok(())
    }
}

/// The texts of a line's nodes, in order, with their styles. What a hostile line has beyond [`MAX_PIECES`] is shown
/// plain: nodes are what a page pays for.
fn pieces(line: &StyledLine) -> impl Iterator<Item = (&str, Style)> {
    let rest_at = line.runs.iter().take(MAX_PIECES).map(|run| run.len as usize).sum::<usize>();
    let rest = line.text.get(rest_at..).filter(|rest| !rest.is_empty());
    line.pieces().take(MAX_PIECES).chain(rest.map(|rest| (rest, Style::PLAIN)))
}

fn set_number(element: &HtmlElement, name: &str, old: Option<u64>, new: Option<u64>) -> Result<(), BrowserError> {
    match new {
        Some(number) if old != new => element.set_attribute(name, &number.to_string())?,
        None if old.is_some() || element.has_attribute(name) => element.remove_attribute(name)?,
        _ => {}
    }
    Ok(())
}
