//! What the rows of the pool say: their facts, their text, and where hits stand in it.

use taillight::ansi::{self, Style, StyledLine, parse_line};
use taillight::follow::Follow;
use taillight::line::{ByteLen, ByteOffset, LineNo};
use taillight::row::{more_text, shown_bytes};
use taillight::view::Place;
use taillight::window::{Item, RowKey};
use taillight::wire::{FrameRow, RowSpans};

use super::Screen;
use crate::browser::BrowserError;
use crate::browser::pool::{RowFacts, RowText};
use crate::live::status::event_text;

impl Screen {
    /// Writes these rows into the pool.
    pub(super) fn fill(&mut self, start: usize, end: usize, follow: &Follow) -> Result<(), BrowserError> {
        let window = follow.window();
        if self.visible != (start, end) {
            self.visible = (start, end);
            self.is_new_visible = true;
        }
        self.pool.hold(self.origin + start as i64..self.origin + end as i64)?;
        for row in start..end {
            let Some(item) = window.get(row) else { break };
            let key = window.key(row);
            let spans = key.and_then(|key| follow.spans(key));
            let facts = RowFacts {
                hit: spans.is_some_and(|spans| !spans.find.is_empty()),
                is_current_hit: key.is_some_and(|key| follow.current_hit() == Some((key.generation, key.offset))),
                marks: spans.map_or(0, |_| self.marks_epoch),
                ..self.facts(&item, key)
            };
            let (line, hits) = (&mut self.line, &mut self.hits);
            self.pool.write(row - start, facts, move || {
                write_line(item, line);
                write_hits(item, spans, hits);
                RowText { line, hits: [&hits[0], &hits[1]] }
            })?;
        }
        Ok(())
    }

    fn facts(&self, item: &Item<'_>, key: Option<RowKey>) -> RowFacts {
        let is_current = key.is_some() && key == self.cursor;
        match *item {
            Item::Line { generation, offset, bytes, missing, line, style_in, finished, context, gap, .. } => RowFacts {
                stamp: [
                    offset.get(),
                    u64::from(generation.get()),
                    (bytes.len() as u64) << 1 | u64::from(finished),
                    style_in.to_bytes().iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
                ],
                offset: Some(offset.get()),
                line: line.map(LineNo::get),
                class: if finished { "" } else { "unfinished" },
                selected: self.is_selected(offset, line),
                current: is_current,
                context,
                gap: gap && self.shows_gaps,
                more: (missing > ByteLen::ZERO).then(|| more_text(missing)),
                ..RowFacts::default()
            },
            Item::Divider(divider) => RowFacts {
                stamp: [divider.at.get(), u64::from(divider.generation.get()), u64::MAX, u64::from(divider.nth)],
                class: "event",
                current: is_current,
                ..RowFacts::default()
            },
        }
    }

    pub(super) fn is_selected(&self, offset: ByteOffset, line: Option<LineNo>) -> bool {
        match &self.selected {
            Some(Place::Lines { first, last }) => {
                line.is_some_and(|line| (*first..=last.unwrap_or(*first)).contains(&line))
            }
            Some(Place::Bytes { first, last }) => (*first..=last.unwrap_or(*first)).contains(&offset),
            _ => false,
        }
    }
}

/// What an item says, as text and styles.
fn write_line(item: Item<'_>, line: &mut StyledLine) {
    match item {
        Item::Line { style_in, .. } => parse_line(bytes_of(item), style_in, line),
        Item::Divider(divider) => parse_line(event_text(&divider).as_bytes(), Style::PLAIN, line),
    };
}

/// Where hits stand in what an item says, in bytes of the text: of the filter, and of what is found.
fn write_hits(item: Item<'_>, spans: Option<&RowSpans>, hits: &mut [Vec<(u32, u32)>; 2]) {
    hits.iter_mut().for_each(Vec::clear);
    let (Item::Line { bytes, .. }, shown) = (item, bytes_of(item)) else { return };
    // What is left out at the start of a file counts in the spans.
    let left_out = (bytes.len() - shown.len()) as u32;
    let moved = |spans: &Vec<(u32, u32)>| -> Vec<(u32, u32)> {
        spans.iter().map(|(from, to)| (from.saturating_sub(left_out), to.saturating_sub(left_out))).collect()
    };
    for (hits, spans) in hits.iter_mut().zip([spans.map(|spans| &spans.filter), spans.map(|spans| &spans.find)]) {
        match spans {
            Some(spans) if left_out == 0 => ansi::shown_spans(shown, spans, hits),
            Some(spans) => ansi::shown_spans(shown, &moved(spans), hits),
            None => {}
        }
    }
}

/// The bytes of a line that are shown.
fn bytes_of(item: Item<'_>) -> &[u8] {
    match item {
        Item::Line { offset, end, bytes, missing, finished, .. } => {
            shown_bytes(&FrameRow { offset, bytes, missing, end, finished, line: None, context: false })
        }
        Item::Divider(_) => &[],
    }
}
