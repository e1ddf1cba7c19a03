//! What the rows of the pool say: their facts, their text, and where hits stand in it.

use taillight::ansi::{self, Style, StyledLine, parse_line};
use taillight::cursor::Generation;
use taillight::follow::Follow;
use taillight::line::{ByteLen, ByteOffset, LineNo};
use taillight::row::{level_class, more_text, parse_row, said_in_front, shown_bytes};
use taillight::view::Place;
use taillight::viewport::side_to_show;
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
                let level = if key.is_some() { level_class(line) } else { "" };
                RowText { line, hits: [&hits[0], &hits[1]], level }
            })?;
        }
        Ok(())
    }

    /// Moves the text so that the first hit of a row on the screen is seen, whose right end is covered so far; says whether
    /// it is known where that is.
    pub fn bring_hit(&mut self, row: usize, covered_px: f64, follow: &Follow) -> bool {
        let spans = follow.window().key(row).and_then(|key| follow.spans(key));
        let Some((item, spans)) = follow.window().get(row).zip(spans) else { return false };
        write_line(item, &mut self.line);
        write_hits(item, Some(spans), &mut self.hits);
        let hit = self.hits[1].first().filter(|_| !self.wraps);
        let place = hit.and_then(|hit| self.pool.place_of(row - self.visible.0, &self.line, *hit));
        if let Some(place) = place {
            // Also past the end of the longest line: what is covered would stay so.
            self.sideways_px = side_to_show(self.sideways_px, self.pool.text_room() - covered_px, place);
        }
        true
    }

    fn facts(&self, item: &Item<'_>, key: Option<RowKey>) -> RowFacts {
        let is_current = key.is_some() && key == self.cursor;
        match *item {
            Item::Line { generation, offset, bytes, hole, missing, line, style_in, finished, context, gap, .. } => {
                RowFacts {
                    stamp: [
                        offset.get(),
                        u64::from(generation.get()),
                        (bytes.len() as u64) << 1 | u64::from(finished),
                        style_in.to_bytes().iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
                        hole.get(),
                    ],
                    offset: Some(offset.get()),
                    line: line.map(LineNo::get),
                    class: if finished { "" } else { "unfinished" },
                    selected: self.is_selected(generation, offset, line),
                    current: is_current,
                    context,
                    gap: gap && self.shows_gaps,
                    more: (missing > ByteLen::ZERO).then(|| more_text(missing)),
                    ..RowFacts::default()
                }
            }
            Item::Divider(divider) => RowFacts {
                stamp: [divider.at.get(), u64::from(divider.generation.get()), u64::MAX, u64::from(divider.nth), 0],
                class: "event",
                current: is_current,
                ..RowFacts::default()
            },
        }
    }

    pub(super) fn is_selected(&self, generation: Generation, offset: ByteOffset, line: Option<LineNo>) -> bool {
        match &self.selected {
            _ if self.selected_in.is_some_and(|of| of != generation) => false,
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
        Item::Line { style_in, .. } => row_of(item).map(|row| parse_row(&row, style_in, line)),
        Item::Divider(divider) => Some(parse_line(event_text(&divider).as_bytes(), Style::PLAIN, line)),
    };
}

/// Where hits stand in what an item says, in bytes of the text: of the filter, and of what is found.
fn write_hits(item: Item<'_>, spans: Option<&RowSpans>, hits: &mut [Vec<(u32, u32)>; 2]) {
    hits.iter_mut().for_each(Vec::clear);
    let (Some(row), Some(spans)) = (row_of(item), spans) else { return };
    let shown = shown_bytes(&row);
    // What is left out at the start of a line counts in the spans, what is said instead counts in the text.
    let left_out = u32::try_from(row.hole.get()).unwrap_or(u32::MAX) + (row.bytes.len() - shown.len()) as u32;
    let said = said_in_front(&row).map_or(0, |text| text.len() as u32 + u32::from(!shown.is_empty()));
    for (hits, spans) in hits.iter_mut().zip([&spans.filter, &spans.find]) {
        let moved = spans.iter().map(|(from, to)| (from.saturating_sub(left_out), to.saturating_sub(left_out)));
        ansi::shown_spans(shown, &moved.collect::<Vec<_>>(), hits);
        hits.iter_mut().for_each(|(from, to)| (*from, *to) = (*from + said, *to + said));
    }
}

/// A line as a row of a frame; `None` for what is no line.
pub fn row_of(item: Item<'_>) -> Option<FrameRow<'_>> {
    match item {
        Item::Line { offset, end, bytes, hole, missing, finished, .. } => {
            Some(FrameRow { offset, bytes, hole, missing, end, finished, line: None, context: false })
        }
        Item::Divider(_) => None,
    }
}
