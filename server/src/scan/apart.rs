//! Few lines with escapes among many without: only they are cleaned and judged by themselves, the others as they stand.
//!
//! Lines are judged one without regard to another, so that it does not matter that the engine sees a line with escapes
//! twice: as it stands, which is not believed, and cleaned.

use std::ops::{ControlFlow, Range};

use taillight::ansi;

use super::clean::first_unclean;

/// When more than this part of the bytes is in such lines, cleaning everything costs less.
const MOST: usize = 2;

/// The lines of a piece that are not clean.
#[derive(Debug)]
pub(super) struct Apart<'a> {
    piece: &'a [u8],
    /// They, cleaned, each with a line feed.
    text: &'a [u8],
    /// Where each of them begins in the text, and where it stands in the piece, with its line feed.
    lines: Vec<(usize, Range<usize>)>,
}

impl<'a> Apart<'a> {
    /// Cleans the lines of `piece` that need it into `scratch`: those with escapes, and with carriage returns when
    /// `returns` are seen. `None` when there are too many of them.
    pub(super) fn of(piece: &'a [u8], returns: bool, scratch: &'a mut Vec<u8>) -> Option<Self> {
        scratch.clear();
        let (mut lines, mut at, mut n_bytes) = (Vec::new(), 0, 0);
        while let Some(found) = piece.get(at..).and_then(|rest| first_unclean(rest, returns)) {
            let found = at + found;
            let start = memchr::memrchr(b'\n', &piece[at..found]).map_or(at, |feed| at + feed + 1);
            let feed = memchr::memchr(b'\n', &piece[found..]).map(|feed| found + feed);
            at = feed.map_or(piece.len(), |feed| feed + 1);
            n_bytes += at - start;
            if n_bytes > piece.len() / MOST {
                return None;
            }
            lines.push((scratch.len(), start..at));
            ansi::plain(&piece[start..feed.unwrap_or(at)], scratch);
            scratch.push(b'\n');
        }
        Some(Self { piece, text: scratch, lines })
    }

    /// Calls `on_line` for each line that `judge` tells of clean text, in order: where it stands in the piece, with its line
    /// feed. `judge` is given a text, and whom to tell its lines without line feeds.
    pub(super) fn lines(
        &self,
        judge: impl Fn(&[u8], &mut dyn FnMut(Range<usize>) -> ControlFlow<()>) -> ControlFlow<()>,
        mut on_line: impl FnMut(Range<usize>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let cleaned = self.cleaned(&judge);
        let (mut cleaned, mut next) = (cleaned.into_iter().peekable(), 0);
        judge(self.piece, &mut |line| {
            while self.lines.get(next).is_some_and(|(_, raw)| raw.end <= line.start) {
                next += 1;
            }
            if self.lines.get(next).is_some_and(|(_, raw)| raw.start <= line.start) {
                return ControlFlow::Continue(());
            }
            while let Some(before) = cleaned.next_if(|raw| raw.start < line.start) {
                on_line(before)?;
            }
            on_line(line.start..(line.end + 1).min(self.piece.len()))
        })?;
        cleaned.try_for_each(on_line)
    }

    /// Which of the cleaned lines match, as they stand in the piece.
    fn cleaned(
        &self,
        judge: &impl Fn(&[u8], &mut dyn FnMut(Range<usize>) -> ControlFlow<()>) -> ControlFlow<()>,
    ) -> Vec<Range<usize>> {
        let (mut found, mut next) = (Vec::new(), 0);
        // It goes on to the end.
        let _ = judge(self.text, &mut |line| {
            while let Some((text, raw)) = self.lines.get(next)
                && *text <= line.start
            {
                next += 1;
                if *text == line.start {
                    found.push(raw.clone());
                }
            }
            ControlFlow::Continue(())
        });
        found
    }
}
