//! One row of the pool as elements, and writing what differs into them.

use taillight::ansi::html::class_names;
use taillight::ansi::{Style, StyledLine};
use wasm_bindgen::JsCast as _;
use web_sys::{Document, Element, HtmlElement, Node, Text};

use super::{RowFacts, RowText};
use crate::browser::BrowserError;
use crate::browser::highlight::{Highlights, Kind, Marked};
use crate::marks::{Point, marks};

/// How many styled pieces a row shows.
const MAX_PIECES: usize = 200;

/// A row as elements.
pub(super) struct Row {
    pub(super) element: HtmlElement,
    pub(super) number: Element,
    pub(super) text: HtmlElement,
    pub(super) facts: Option<RowFacts>,
    /// The class name of its line's level.
    pub(super) level: &'static str,
    marked: Vec<Marked>,
}

impl Row {
    pub(super) fn new(document: &Document) -> Result<Self, BrowserError> {
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
        Ok(Self { element, number: number.into(), text, facts: None, level: "", marked: Vec::new() })
    }

    pub(super) fn write_facts(&mut self, facts: &RowFacts, buf: &mut String) -> Result<(), BrowserError> {
        // Of a recycled row nothing is known: another line's number may stand in it.
        let is_known = self.facts.is_some();
        let old = self.facts.take().unwrap_or_default();
        set_number(&self.element, "data-offset", old.offset, facts.offset)?;
        set_number(&self.element, "data-line", old.line, facts.line)?;
        set_number(&self.element, "aria-rowindex", old.line, facts.line)?;
        if !is_known || old.line != facts.line || self.number.first_child().is_none() {
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
            (!self.level.is_empty(), self.level),
        ];
        for (on, class) in classes {
            if on {
                buf.push(' ');
                buf.push_str(class);
            }
        }
        self.element.set_class_name(buf);
        if !is_known || old.selected != facts.selected {
            self.element.set_attribute("aria-selected", if facts.selected { "true" } else { "false" })?;
        }
        Ok(())
    }

    /// Text nodes and spans are used again in their order; what is left over goes away.
    pub(super) fn write_text(
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
    pub(super) fn mark(&mut self, highlights: Option<&Highlights>, text: &RowText<'_>) {
        let Some(highlights) = highlights else { return };
        for (kind, hits) in [Kind::Filter, Kind::Find].into_iter().zip(text.hits) {
            for mark in marks(pieces(text.line).map(|(text, _)| text), hits) {
                if let Some((start, end)) = self.node(mark.start).zip(self.node(mark.end)) {
                    self.marked.extend(highlights.add(kind, (&start, mark.start.units), (&end, mark.end.units)));
                }
            }
        }
    }

    /// Where a hit begins and ends in the text, in CSS pixels from its left: lays out. `line` is the text as it was written.
    pub(super) fn place_of(&self, document: &Document, line: &StyledLine, hit: (u32, u32)) -> Option<(f64, f64)> {
        let mark = marks(pieces(line).map(|(text, _)| text), &[hit]).pop()?;
        let range = document.create_range().ok()?;
        range.set_start(&self.node(mark.start)?, mark.start.units).ok()?;
        range.set_end(&self.node(mark.end)?, mark.end.units).ok()?;
        let (hit, text) = (range.get_bounding_client_rect(), self.text.get_bounding_client_rect());
        Some((hit.left() - text.left(), hit.right() - text.left()))
    }

    /// The text node that a place is in.
    fn node(&self, point: Point) -> Option<Node> {
        let child = self.text.child_nodes().get(u32::try_from(point.piece).ok()?)?;
        if child.node_type() == Node::TEXT_NODE { Some(child) } else { child.first_child() }
    }

    pub(super) fn unmark(&mut self, highlights: Option<&Highlights>) {
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
