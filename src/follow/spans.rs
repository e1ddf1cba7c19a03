//! Where hits stand in the visible rows: asked for once per row, a screen at a time.

use super::{Effect, Follow, WindowChange};
use crate::cursor::Generation;
use crate::line::{ByteOffset, LineCount};
use crate::window::{Item, Position};
use crate::wire::{ClientMsg, MAX_SPAN_ROWS, RowSpans};

/// How many rows are remembered; beyond it only the visible ones are.
const MAX_KNOWN: usize = 1_000;

#[derive(Debug)]
struct Known {
    place: Position,
    /// Where the line ended when it was asked for: an unfinished one is asked for again when it has grown.
    end: ByteOffset,
    spans: RowSpans,
}

#[derive(Debug)]
struct Asked {
    req: u32,
    generation: Generation,
    /// Where the lines start and end.
    rows: Vec<(ByteOffset, ByteOffset)>,
}

#[derive(Debug, Default)]
pub(super) struct Spans {
    /// Ascending by place.
    known: Vec<Known>,
    asked: Option<Asked>,
}

impl Spans {
    /// Forgets everything: other terms are looked for.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// What was on its way will not come.
    pub(super) fn forget(&mut self) {
        self.asked = None;
    }

    pub(super) fn get(&self, place: Position) -> Option<&RowSpans> {
        self.find(place).ok().map(|idx| &self.known[idx].spans)
    }

    /// In how many rows of a generation something is found, of those that are known.
    pub(super) fn n_found(&self, of: Generation) -> LineCount {
        let is_found = |known: &&Known| known.place.0 == of && !known.spans.find.is_empty();
        LineCount::new(self.known.iter().filter(is_found).count() as u64)
    }

    fn find(&self, place: Position) -> Result<usize, usize> {
        self.known.binary_search_by(|known| known.place.cmp(&place))
    }

    fn is_known(&self, place: Position, end: ByteOffset) -> bool {
        self.find(place).is_ok_and(|idx| self.known[idx].end == end)
    }

    fn insert(&mut self, known: Known) {
        match self.find(known.place) {
            Ok(idx) => self.known[idx] = known,
            Err(idx) => self.known.insert(idx, known),
        }
    }
}

impl Follow {
    /// Asks for the visible rows of which nothing is known yet.
    pub(super) fn ask_spans(&mut self, out: &mut Vec<Effect>) {
        let is_wanted = self.finding.term().is_some() || self.filters.in_force().is_some();
        let can_ask = self.link.is_open() && self.has_page && !self.requests.waits_for_first();
        if !is_wanted || !can_ask || self.hidden || self.spans.asked.is_some() || self.filters.is_waiting() {
            return;
        }
        let (first, last) = self.visible();
        let unknown = (first..=last).filter_map(|idx| match self.window.get(idx)? {
            Item::Line { generation, offset, end, .. } if !self.spans.is_known((generation, offset), end) => {
                Some((generation, (offset, end)))
            }
            _ => None,
        });
        let mut unknown = unknown.peekable();
        let Some(&(generation, _)) = unknown.peek() else { return };
        let same = unknown.take_while(|(of, _)| *of == generation).map(|(_, row)| row);
        let rows: Vec<_> = same.take(MAX_SPAN_ROWS).collect();
        let req = self.requests.next();
        let offsets = rows.iter().map(|(offset, _)| *offset).collect();
        self.spans.asked = Some(Asked { req, generation, rows });
        out.push(Effect::Send(ClientMsg::Spans { req, generation, rows: offsets }));
    }

    /// The server has said where hits stand.
    pub(super) fn take_spans(&mut self, req: u32, rows: &[RowSpans], out: &mut Vec<Effect>) {
        self.find_accepted(req, out);
        let Some(asked) = self.spans.asked.take_if(|asked| asked.req == req) else { return };
        self.keep_visible_spans();
        // A line that could not be read is not asked for again.
        for (offset, end) in asked.rows {
            let found = rows.iter().find(|row| row.offset == offset).cloned();
            let spans = found.unwrap_or(RowSpans { offset, find: Vec::new(), filter: Vec::new() });
            self.spans.insert(Known { place: (asked.generation, offset), end, spans });
        }
        out.push(Effect::Window(WindowChange::Spans));
    }

    /// A request for spans failed; says whether it was one. Its rows are left without.
    pub(super) fn spans_failed(&mut self, req: u32, out: &mut Vec<Effect>) -> bool {
        let is_it = self.spans.asked.as_ref().is_some_and(|asked| asked.req == req);
        if is_it {
            self.take_spans(req, &[], out);
        }
        is_it
    }

    fn keep_visible_spans(&mut self) {
        if self.spans.known.len() < MAX_KNOWN {
            return;
        }
        let (first, last) = self.visible();
        let place = |idx: usize| self.window.key(idx).map(|key| (key.generation, key.offset));
        let visible = place(first).zip(place(last));
        self.spans.known.retain(|known| visible.is_some_and(|(first, last)| (first..=last).contains(&known.place)));
    }
}
