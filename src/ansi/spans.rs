//! Places in the text that a query looks at, as places in the text that is on the screen.

use super::visible::{Piece, pieces};
use super::{Style, shown_text};

/// Replaces `out` by where spans of a line are shown. They are byte ranges of its [`plain`](super::plain) text, in order
/// and apart; the answer is byte ranges of the text of [`parse_line`](super::parse_line), in order, apart, on the
/// boundaries of characters, none empty. What is cut by a span is in it: half a character, a control that is shown as
/// several. What is not shown vanishes: the parts of a redrawn line that a carriage return went back over.
pub fn shown_spans(bytes: &[u8], spans: &[(u32, u32)], out: &mut Vec<(u32, u32)>) {
    out.clear();
    let mut marker = Marker { spans, shown: 0, out };
    shown_text(bytes, Style::PLAIN, |text, _, at| {
        let mut at = at;
        pieces(text, |piece| match piece {
            Piece::Same(text) => {
                marker.same(text, at);
                at += text.len();
            }
            Piece::Other { len, shown } => {
                marker.other(at, len, shown);
                at += len;
            }
        });
    });
}

struct Marker<'a> {
    /// Those that end behind what was shown so far, and maybe some before.
    spans: &'a [(u32, u32)],
    /// How much was shown.
    shown: usize,
    out: &'a mut Vec<(u32, u32)>,
}

impl Marker<'_> {
    /// A text that is shown as it is stands there in the plain text.
    fn same(&mut self, text: &str, at: usize) {
        let end = at + text.len();
        self.skip_to(at);
        for &(from, to) in self.spans.iter().take_while(|(from, _)| (*from as usize) < end) {
            if from >= to {
                continue;
            }
            let from = boundary_before(text, (from as usize).saturating_sub(at));
            let to = boundary_after(text, (to as usize).min(end).saturating_sub(at));
            push(self.out, self.shown + from, self.shown + to);
        }
        self.shown += text.len();
    }

    /// Something that is shown as something else.
    fn other(&mut self, at: usize, len: usize, shown: usize) {
        self.skip_to(at);
        let mut near = self.spans.iter().take_while(|(from, _)| (*from as usize) < at + len);
        if near.any(|&(from, to)| from < to && at < to as usize) {
            push(self.out, self.shown, self.shown + shown);
        }
        self.shown += shown;
    }

    fn skip_to(&mut self, at: usize) {
        let n_before = self.spans.iter().take_while(|(_, to)| *to as usize <= at).count();
        self.spans = self.spans.get(n_before..).unwrap_or_default();
    }
}

/// Appends a span; one that touches the last one is part of it.
fn push(out: &mut Vec<(u32, u32)>, from: usize, to: usize) {
    let (Ok(from), Ok(to)) = (u32::try_from(from), u32::try_from(to)) else { return };
    match out.last_mut() {
        _ if from >= to => {}
        Some(last) if from <= last.1 => last.1 = last.1.max(to),
        _ => out.push((from, to)),
    }
}

fn boundary_before(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

fn boundary_after(text: &str, at: usize) -> usize {
    (at..text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len())
}
