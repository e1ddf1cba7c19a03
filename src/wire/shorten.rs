//! Frames of long lines, made shorter: how much of a line is sent unasked may be less than a frame has room for.

use bytes::{BufMut as _, BytesMut};

use super::{Cut, Frame, FrameRow, MAX_LINE_BYTES, MIN_HOLE_BYTES};
use crate::line::ByteLen;

impl Frame {
    /// Cuts each line that has more than `line_bytes` bytes to the first of them, less where a character would be torn, as
    /// readers of files cut those of more than [`MAX_LINE_BYTES`]: many NUL bytes in front are counted, not sent.
    pub fn shorten(&mut self, line_bytes: usize) {
        if line_bytes >= MAX_LINE_BYTES || self.rows().all(|row| row.bytes.len() <= line_bytes) {
            return;
        }
        let (mut payload, mut cuts) = (BytesMut::with_capacity(self.payload.len()), Vec::new());
        let mut cut = |at: usize, missing| {
            if missing > ByteLen::ZERO {
                cuts.push(Cut { at: at as u32, missing });
            }
        };
        for row in self.rows() {
            let part = part_of(&row, line_bytes);
            cut(payload.len(), row.hole + ByteLen::new(part.start as u64));
            payload.put_slice(&row.bytes[part.clone()]);
            cut(payload.len(), row.missing + ByteLen::new((row.bytes.len() - part.end) as u64));
            if row.finished {
                payload.put_u8(b'\n');
            }
        }
        (self.payload, self.cuts) = (payload.freeze(), cuts);
    }
}

/// What of a row's bytes is left of it.
fn part_of(row: &FrameRow<'_>, line_bytes: usize) -> std::ops::Range<usize> {
    let len = row.bytes.len();
    if len <= line_bytes {
        return 0..len;
    }
    let n_empty = row.bytes.iter().take_while(|byte| **byte == 0).count();
    let is_hole = row.hole + ByteLen::new(n_empty as u64) >= MIN_HOLE_BYTES;
    let start = if is_hole { n_empty.saturating_sub(1) } else { 0 };
    let most = len.min(start + line_bytes);
    let begins_a_character = |at: &usize| row.bytes.get(*at).is_none_or(|byte| byte & 0xC0 != 0x80);
    // Bytes that are no UTF-8 are cut where they are.
    start..(most.saturating_sub(3)..=most).rev().find(begins_a_character).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::ansi::Style;
    use crate::cursor::Generation;
    use crate::line::ByteOffset;
    use crate::wire::{FrameFlags, FrameKind};

    fn frame(payload: &[u8]) -> Frame {
        Frame {
            kind: FrameKind::Live,
            flags: FrameFlags::default(),
            req: 0,
            generation: Generation::FIRST,
            style: Style::PLAIN,
            offset: ByteOffset::new(7),
            end: ByteOffset::new(7 + payload.len() as u64),
            first_line: None,
            cuts: Vec::new(),
            sparse: None,
            payload: Bytes::copy_from_slice(payload),
        }
    }

    /// Each line as it is left: the NUL bytes in front that are counted, its bytes, and how many are missing behind them.
    fn check(text: &str, line_bytes: usize, expected: &[(u64, &str, u64)]) {
        let mut frame = frame(text.as_bytes());
        frame.shorten(line_bytes);
        let decoded = Frame::decode(&frame.encode()).unwrap();
        let rows = decoded.rows().map(|row| (row.hole.get(), row.bytes, row.missing.get()));
        let expected = expected.iter().map(|(hole, bytes, missing)| (*hole, bytes.as_bytes(), *missing));
        assert_eq!(rows.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{text:?} {line_bytes}");
    }

    #[test]
    fn lines_are_cut_to_what_is_shown_of_them() {
        check("", 4, &[]);
        check("abcd\nabcde\n\nabcdef", 4, &[(0, "abcd", 0), (0, "abcd", 1), (0, "", 0), (0, "abcd", 2)]);
        check("abcd\r\n", 4, &[(0, "abcd", 1)]);
        check("abcd", 4, &[(0, "abcd", 0)]);
        // No character is torn, and four bytes of it are the longest.
        check("abcä\nab😀\nabc😀x\n", 4, &[(0, "abc", 2), (0, "ab", 4), (0, "abc", 5)]);
        let empty = "\0".repeat(2_000);
        check(&format!("{empty}abcdef\n{empty}ab\n"), 4, &[(1_999, "\0abc", 3), (1_999, "\0ab", 0)]);
        check(&format!("{empty}\n"), 2_000, &[(0, &empty, 0)]);
        check(&"\0".repeat(1_000), 4, &[(0, "\0\0\0\0", 996)]);
    }

    #[test]
    fn what_was_cut_already_is_cut_further() {
        let cuts = vec![Cut { at: 0, missing: ByteLen::new(5_000) }, Cut { at: 6, missing: ByteLen::new(9) }];
        let end = ByteOffset::new(7 + 7 + 5_009);
        let mut frame = Frame { cuts, end, ..frame(b"\0abcde\n") };
        frame.shorten(4);
        let decoded = Frame::decode(&frame.encode()).unwrap();
        let row = decoded.rows().next().unwrap();
        assert_eq!((row.hole.get(), row.bytes, row.missing.get()), (5_000, &b"\0abc"[..], 11));
    }

    proptest! {
        /// Lines stay where they are, and whole ones as they are; of others the first bytes are left, and the rest is counted.
        #[test]
        fn lines_begin_and_end_where_they_did(
            lines in prop::collection::vec(prop_oneof!["[a\n\0é\u{1b}]{0,9}", "a{0,400}", "é{0,400}", "\0{900,1100}b{0,300}"], 0..9),
            line_bytes in 256_usize..400,
        ) {
            let whole = frame(lines.join("\n").as_bytes());
            let mut short = whole.clone();
            short.shorten(line_bytes);
            let short = Frame::decode(&short.encode()).unwrap();
            prop_assert_eq!(whole.rows().count(), short.rows().count());
            for (was, is) in whole.rows().zip(short.rows()) {
                prop_assert_eq!((was.offset, was.end, was.finished), (is.offset, is.end, is.finished));
                prop_assert!(is.bytes.len() <= line_bytes);
                let from = is.hole.get() as usize;
                prop_assert_eq!(&was.bytes[from..from + is.bytes.len()], is.bytes);
                prop_assert!(was.bytes[..from].iter().all(|byte| *byte == 0));
                let is_whole = is.missing == ByteLen::ZERO && is.hole == ByteLen::ZERO;
                prop_assert_eq!(is_whole, was.bytes.len() <= line_bytes);
                prop_assert!(is_whole || is.missing == ByteLen::ZERO || is.bytes.len() + 3 >= line_bytes);
            }
        }
    }
}
