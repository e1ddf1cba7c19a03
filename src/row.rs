//! The rows of the first screen as HTML: the same elements, classes and attributes as the page's own row pool makes.
//!
//! ```html
//! <div class="row" role="row" data-offset="123" data-line="45"><span class="no" role="gridcell">45</span>
//! <span class="tx" role="gridcell">text and spans<span class="more">… 3.2 MB more</span></span></div>
//! ```
//!
//! (On one line.) `data-line` and the number are there when known, `more` when a long line was cut. More classes: `unfinished`
//! when the line has no line feed yet, `ctx` for a row that is shown because of a match near it, `gap` where lines above it
//! are left out between context, `hit` when the find term is in it, `warn`, `error` or `fatal` by the level that the line
//! itself tells.

use crate::ansi::html::line_html;
use crate::ansi::{Attrs, Run, Style, StyledLine, parse_line, push_number};
use crate::follow::grouped;
use crate::level::Level;
use crate::line::{ByteLen, ByteOffset, LineNo, is_utf_16, text_at};
use crate::wire::{Frame, FrameRow};

/// What a row shows besides its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowFacts {
    /// Where the line starts in the file.
    pub offset: ByteOffset,
    /// Its number, where it is known.
    pub line: Option<LineNo>,
    /// How many bytes of it were not sent.
    pub missing: ByteLen,
    /// Whether it has its line feed.
    pub finished: bool,
    /// Whether it is shown because of a match near it.
    pub context: bool,
    /// Whether lines between it and the row above are not shown, where rows have context.
    pub gap: bool,
    /// Whether the find term is in it.
    pub hit: bool,
}

/// Appends a row.
pub fn row_html(row: &RowFacts, line: &StyledLine, out: &mut String) {
    out.push_str("<div class=\"row");
    let level = level_class(line);
    for (on, class) in [
        (!row.finished, "unfinished"),
        (row.context, "ctx"),
        (row.gap, "gap"),
        (row.hit, "hit"),
        (!level.is_empty(), level),
    ] {
        if on {
            out.push(' ');
            out.push_str(class);
        }
    }
    out.push_str("\" role=\"row\" data-offset=\"");
    push_number(row.offset.get(), out);
    if let Some(number) = row.line {
        out.push_str("\" data-line=\"");
        push_number(number.get(), out);
    }
    out.push_str("\"><span class=\"no\" role=\"gridcell\">");
    if let Some(number) = row.line {
        push_number(number.get(), out);
    }
    out.push_str("</span><span class=\"tx\" role=\"gridcell\">");
    line_html(line, out);
    if row.missing > ByteLen::ZERO {
        out.push_str("<span class=\"more\">");
        out.push_str(&more_text(row.missing));
        out.push_str("</span>");
    }
    out.push_str("</span></div>");
}

/// The class of a row whose line tells a level that is worth a mark; empty for others.
pub fn level_class(line: &StyledLine) -> &'static str {
    match Level::of(line.text.as_bytes()) {
        Some(Level::Warn) => "warn",
        Some(Level::Error) => "error",
        Some(Level::Fatal) => "fatal",
        Some(Level::Trace | Level::Debug | Level::Info) | None => "",
    }
}

/// All rows of a frame. The style is carried from line to line, from the one the frame begins with; not over lines that
/// are not shown. `is_hit` tells whether the find term is in a row, and `with_gaps` whether gaps are marked.
pub fn rows_html(frame: &Frame, with_gaps: bool, is_hit: &mut dyn FnMut(&FrameRow<'_>) -> bool) -> String {
    let mut out = String::with_capacity(2 * frame.payload.len());
    let mut line = StyledLine::default();
    let (mut style, mut above) = (frame.style, None);
    for row in frame.rows() {
        let is_gap = above.replace(row.end).is_some_and(|end| end != row.offset);
        if is_gap {
            style = Style::PLAIN;
        }
        style = parse_row(&row, style, &mut line);
        let facts = RowFacts { gap: is_gap && with_gaps, hit: is_hit(&row), ..RowFacts::new(&row, row.line) };
        row_html(&facts, &line, &mut out);
    }
    out
}

/// Replaces `out` by what a row shows; returns the style that the next line starts with. NUL bytes in front are counted:
/// `⟨100,001 empty bytes⟩ text`.
pub fn parse_row(row: &FrameRow<'_>, style_in: Style, out: &mut StyledLine) -> Style {
    let style_out = parse_line(shown_bytes(row), style_in, out);
    // What was left out may have ended the colour.
    let style_out = if row.missing > ByteLen::ZERO { Style::PLAIN } else { style_out };
    let Some(mut empty) = said_in_front(row) else { return style_out };
    if !out.text.is_empty() {
        empty.push(' ');
    }
    out.text.insert_str(0, &empty);
    out.runs.insert(0, Run { len: empty.len() as u32, style: Style { attrs: Attrs::DIM, ..Style::PLAIN } });
    style_out
}

/// What is said in front of a row: how many NUL bytes it has there, and at the start of a file in UTF-16 that it is so;
/// `None` where nothing is.
pub fn said_in_front(row: &FrameRow<'_>) -> Option<String> {
    if row.offset == ByteOffset::ZERO && is_utf_16(row.bytes) {
        return Some("⟨text in UTF-16 is not read: convert it, as with iconv -f UTF-16 -t UTF-8⟩".to_owned());
    }
    let n_empty = row.hole + ByteLen::new(empty_front(row) as u64);
    (n_empty > ByteLen::ZERO).then(|| format!("⟨{} empty bytes⟩", grouped(n_empty.get())))
}

/// The bytes of a row to show: without the byte order mark at the start of a file, and without many NUL bytes in front.
pub fn shown_bytes<'a>(row: &FrameRow<'a>) -> &'a [u8] {
    text_at(row.offset, row.bytes).get(empty_front(row)..).unwrap_or_default()
}

/// How many of the bytes in front of a row are counted instead of shown: NUL bytes, where there are many.
fn empty_front(row: &FrameRow<'_>) -> usize {
    let n_here = row.bytes.iter().take_while(|byte| **byte == 0).count();
    if row.hole > ByteLen::ZERO || n_here >= MIN_EMPTY { n_here } else { 0 }
}

/// What stands at the end of a line of which `missing` bytes were not sent.
pub fn more_text(missing: ByteLen) -> String {
    format!("… {} more", size_text(missing))
}

/// A size for people: `512 B`, `3.2 MB`, `118 GB`. Powers of 1,000, rounded; a decimal below 100.
pub fn size_text(len: ByteLen) -> String {
    let bytes = len.get();
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut unit = 1_000;
    for name in ["KB", "MB", "GB", "TB", "PB"] {
        let tenths = tenths_of(bytes, unit);
        if tenths < 1_000 {
            return format!("{}.{} {name}", tenths / 10, tenths % 10);
        }
        let whole = tenths_of(bytes, unit * 10);
        if whole < 1_000 {
            return format!("{whole} {name}");
        }
        unit *= 1_000;
    }
    format!("{} EB", tenths_of(bytes, unit) / 10)
}

/// How often a tenth of `unit` fits, rounded.
fn tenths_of(bytes: u64, unit: u64) -> u64 {
    let tenth = unit / 10;
    bytes / tenth + u64::from(bytes % tenth >= tenth / 2)
}

/// From how many NUL bytes in front of a row on they are counted instead of shown.
const MIN_EMPTY: usize = 16;

impl RowFacts {
    /// The facts of a row of a frame.
    pub fn new(row: &FrameRow<'_>, line: Option<LineNo>) -> Self {
        Self {
            offset: row.offset,
            line,
            missing: row.missing,
            finished: row.finished,
            context: row.context,
            gap: false,
            hit: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::ansi::{Color, Style};
    use crate::cursor::{Generation, Marker};
    use crate::wire::{Cut, FrameFlags, FrameKind, Sparse, SparseRow};

    fn rows_html(frame: &Frame) -> String {
        super::rows_html(frame, false, &mut |_| false)
    }

    fn frame(payload: &'static [u8]) -> Frame {
        Frame {
            kind: FrameKind::Page,
            flags: FrameFlags::default(),
            req: 0,
            generation: Generation::new(1),
            style: Style::PLAIN,
            offset: ByteOffset::new(100),
            end: ByteOffset::new(100 + payload.len() as u64),
            first_line: LineNo::new(9),
            cuts: Vec::new(),
            sparse: None,
            payload: Bytes::from_static(payload),
        }
    }

    const ROW_9: &str = r#"<div class="row" role="row" data-offset="100" data-line="9"><span class="no" role="gridcell">9</span><span class="tx" role="gridcell">"#;

    #[test]
    fn a_row_has_offset_number_and_escaped_text() {
        let expected = format!("{ROW_9}a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;</span></div>");
        assert_eq!(rows_html(&frame(b"a <b> & \"c\" 'd'\n")), expected);
    }

    #[test]
    fn an_unknown_number_is_left_out() {
        let frame = Frame { first_line: None, ..frame(b"a\n") };
        assert_eq!(
            rows_html(&frame),
            r#"<div class="row" role="row" data-offset="100"><span class="no" role="gridcell"></span><span class="tx" role="gridcell">a</span></div>"#
        );
    }

    #[test]
    fn rows_count_on_and_carry_the_style() {
        let frame = Frame { style: Style { fg: Color::indexed(1), ..Style::PLAIN }, ..frame(b"a\x1b[1m\nb\r\n\nc") };
        let unfinished = Frame { flags: FrameFlags { unfinished: true, ..FrameFlags::default() }, ..frame };
        let html = rows_html(&unfinished);
        let expected = [
            r#"data-offset="100" data-line="9"><span class="no" role="gridcell">9</span><span class="tx" role="gridcell"><span class="a-f1">a</span></span></div>"#,
            r#"data-offset="106" data-line="10"><span class="no" role="gridcell">10</span><span class="tx" role="gridcell"><span class="a-f1 a-bold">b</span></span></div>"#,
            r#"data-offset="109" data-line="11"><span class="no" role="gridcell">11</span><span class="tx" role="gridcell"></span></div>"#,
            r#"<div class="row unfinished" role="row" data-offset="110" data-line="12"><span class="no" role="gridcell">12</span><span class="tx" role="gridcell"><span class="a-f1 a-bold">c</span></span></div>"#,
        ];
        let mut rest = html.as_str();
        for part in expected {
            let at = rest.find(part).unwrap_or_else(|| panic!("{part} is not in {rest}"));
            rest = &rest[at + part.len()..];
        }
        assert_eq!(html.matches("class=\"row").count(), 4);
        assert_eq!(html.matches("unfinished").count(), 1);
    }

    #[test]
    fn a_colour_does_not_run_over_lines_that_are_not_shown() {
        let row = |offset| SparseRow { offset: ByteOffset::new(offset), line: LineNo::new(offset), context: false };
        let sparse = Sparse { marker: Marker::of(b""), rows: vec![row(100), row(107), row(150)] };
        let frame = Frame { sparse: Some(sparse), end: ByteOffset::new(200), ..frame(b"\x1b[31ma\nb\nc\n") };
        let html = rows_html(&frame);
        for (number, text) in
            [(100, "<span class=\"a-f1\">a</span>"), (107, "<span class=\"a-f1\">b</span>"), (150, "c")]
        {
            let expected = format!(">{number}</span><span class=\"tx\" role=\"gridcell\">{text}</span></div>");
            assert!(html.contains(&expected), "{expected} is not in {html}");
        }
    }

    #[test]
    fn context_gaps_and_hits_are_classes() {
        let row = |offset, context| SparseRow { offset: ByteOffset::new(offset), line: None, context };
        let rows = vec![row(100, true), row(102, false), row(150, false)];
        let sparse = Sparse { marker: Marker::of(b""), rows };
        let frame = Frame { sparse: Some(sparse), end: ByteOffset::new(200), ..frame(b"a\nb\nc\n") };
        let classes = |html: String| -> Vec<String> {
            let rows = html.split("<div class=\"").skip(1);
            rows.map(|row| row.split('"').next().unwrap_or_default().to_owned()).collect()
        };
        let is_hit = &mut |row: &FrameRow<'_>| row.bytes == b"c";
        assert_eq!(classes(super::rows_html(&frame, true, is_hit)), ["row ctx", "row", "row gap hit"]);
        assert_eq!(classes(super::rows_html(&frame, false, is_hit)), ["row ctx", "row", "row hit"]);
    }

    #[test]
    fn a_row_is_marked_by_the_level_that_its_line_tells() {
        for (line, expected) in [
            (&b"2026-11-22T10:00:00Z ERROR no disk\n"[..], "row error"),
            (b"2026-11-22T10:00:00Z \x1b[1;31mFATAL\x1b[0m no disk\n", "row fatal"),
            (b"[warn] slow\n", "row warn"),
            (b"2026-11-22T10:00:00Z INFO no error\n", "row"),
            (b"\tat ERROR.java:1\n", "row"),
        ] {
            let payload = Bytes::from_static(line);
            let end = ByteOffset::new(100 + line.len() as u64);
            let html = rows_html(&Frame { payload, end, ..frame(b"") });
            assert_eq!(html.split('"').nth(1), Some(expected), "{html}");
        }
    }

    #[test]
    fn a_cut_line_says_how_much_more_there_is() {
        let cuts = vec![Cut { at: 3, missing: ByteLen::new(3_210_000) }];
        let frame = Frame { cuts, end: ByteOffset::new(100 + 4 + 3_210_000), ..frame(b"abc\n") };
        assert_eq!(rows_html(&frame), format!("{ROW_9}abc<span class=\"more\">… 3.2 MB more</span></span></div>"));
    }

    #[test]
    fn a_colour_ends_where_a_line_is_cut() {
        let cuts = vec![Cut { at: 6, missing: ByteLen::new(4) }];
        let html = rows_html(&Frame { cuts, end: ByteOffset::new(113), ..frame(b"\x1b[31ma\nb\n") });
        assert!(html.contains("<span class=\"a-f1\">a</span>") && html.ends_with(">b</span></div>"), "{html}");
    }

    #[test]
    fn a_byte_order_mark_is_hidden_at_the_start_of_the_file_only() {
        let at_start = Frame { offset: ByteOffset::ZERO, end: ByteOffset::new(5), ..frame(b"\xEF\xBB\xBFa\n") };
        assert!(rows_html(&at_start).ends_with(">a</span></div>"));
        assert!(rows_html(&frame(b"\xEF\xBB\xBFa\n")).ends_with(">⟨U+FEFF⟩a</span></div>"));
    }

    #[test]
    fn nul_bytes_in_front_of_a_line_are_counted_instead_of_shown() {
        let row = |bytes, hole| FrameRow {
            offset: ByteOffset::new(100),
            bytes,
            hole: ByteLen::new(hole),
            missing: ByteLen::ZERO,
            end: ByteOffset::new(1 << 40),
            finished: true,
            line: None,
            context: false,
        };
        for (bytes, hole, expected) in [
            (b"\0text".as_slice(), 100_000, "⟨100,001 empty bytes⟩ text"),
            (b"\0", 1_023, "⟨1,024 empty bytes⟩"),
            (&[0; 16], 0, "⟨16 empty bytes⟩"),
            (b"\0\0a", 0, "␀␀a"),
            (b"a\0", 0, "a␀"),
        ] {
            let mut line = StyledLine::default();
            parse_row(&row(bytes, hole), Style::PLAIN, &mut line);
            assert_eq!(line.text, expected);
            assert_eq!(line.runs.iter().map(|run| run.len as usize).sum::<usize>(), expected.len());
        }
        let cuts = vec![Cut { at: 0, missing: ByteLen::new(100_000) }];
        let frame = Frame { cuts, end: ByteOffset::new(100 + 100_003), ..frame(b"\0a\n") };
        let expected = format!("{ROW_9}<span class=\"a-dim\">⟨100,001 empty bytes⟩ </span>a</span></div>");
        assert_eq!(rows_html(&frame), expected);
    }

    #[test]
    fn a_file_in_utf_16_says_at_its_start_that_it_is_not_read() {
        let at = |offset, payload| Frame { offset: ByteOffset::new(offset), ..frame(payload) };
        let is_said = |frame: &Frame| rows_html(frame).contains("⟨text in UTF-16 is not read");
        assert!(is_said(&at(0, b"\xff\xfea\0\n")) && is_said(&at(0, b"\xfe\xff\0a\n")));
        assert!(!is_said(&at(0, b"\xff\xfe are two bytes\n")));
        assert!(!is_said(&at(9, b"\xff\xfea\0\n")) && !is_said(&at(0, b"\xef\xbb\xbfa\n")));
    }

    #[test]
    fn sizes_are_short_and_rounded() {
        for (bytes, expected) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 KB"),
            (1_049, "1.0 KB"),
            (1_050, "1.1 KB"),
            (99_949, "99.9 KB"),
            (99_950, "100 KB"),
            (999_499, "999 KB"),
            (999_500, "1.0 MB"),
            (3_210_000, "3.2 MB"),
            (1_073_741_824, "1.1 GB"),
            (41_800_000_000, "41.8 GB"),
            (118_000_000_000_000, "118 TB"),
            (u64::MAX, "18 EB"),
        ] {
            assert_eq!(size_text(ByteLen::new(bytes)), expected, "{bytes}");
        }
    }
}
