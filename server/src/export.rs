//! Lines outside the page: as JSON, text, bytes, CSV or HTML. The command and the API share it, so that they agree.
//!
//! A line longer than [`MAX_LINE_BYTES`] is cut there in every format but [`Format::Raw`], which is the file's bytes.

mod reader;

use std::sync::Arc;

use serde::{Serialize, Serializer};
use taillight::ansi::{self, Style};
use taillight::level::Level;
use taillight::line::{ByteOffset, LineNo, text_at};
use taillight::timestamp::Stamp;

use crate::dates::Dates;

pub use reader::{Lines, Numbers};

/// How much of a line is written, in bytes: as much as matching looks at.
pub const MAX_LINE_BYTES: u64 = 1024 * 1024;

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The bytes as they are, with their line ends.
    Raw,
    /// Without escapes and line end, one a line.
    Text,
    /// An object a line.
    Json,
    /// `line,offset,time,level,text` (RFC 4180). A text that a spreadsheet would take for a formula has a `'` in front.
    Csv,
    /// A document with the colours, everything else escaped.
    Html,
}

/// A line to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Its number, where that is known.
    pub line: Option<LineNo>,
    /// Where it starts.
    pub offset: ByteOffset,
    /// After its line feed.
    pub end: ByteOffset,
    /// Its bytes, cut at [`MAX_LINE_BYTES`]; with its line feed, where it has one and was not cut.
    pub bytes: &'a [u8],
}

/// Writes rows in one format, in file order.
#[derive(Debug)]
pub struct Exporter {
    format: Format,
    file: Option<String>,
    dates: Option<Arc<Dates>>,
    plain: Vec<u8>,
    clean: String,
    /// What the line at that offset starts with.
    style: (ByteOffset, Style),
}

/// The fields of a row in JSON: the contract's, in its order.
#[derive(Serialize)]
struct JsonRow<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    line: Option<LineNo>,
    offset: ByteOffset,
    #[serde(serialize_with = "as_text")]
    time: Option<Stamp>,
    level: Option<&'a str>,
    text: &'a str,
}

/// Appends a line to what is written: where it starts and its bytes, as those of a [`Row`].
pub type WriteLine = fn(ByteOffset, &[u8], &mut Vec<u8>);

impl Format {
    /// How a line is written in a format in which a row is nothing but its line.
    pub fn of_line(self) -> Option<WriteLine> {
        match self {
            Self::Raw => Some(raw),
            Self::Text => Some(text),
            Self::Json | Self::Csv | Self::Html => None,
        }
    }

    /// The media type of the whole.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Raw | Self::Text => "text/plain; charset=utf-8",
            Self::Json => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Html => "text/html; charset=utf-8",
        }
    }

    /// What a downloaded file's name gets at its end.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Raw => "",
            Self::Text => ".txt",
            Self::Json => ".ndjson",
            Self::Csv => ".csv",
            Self::Html => ".html",
        }
    }
}

impl Exporter {
    /// Rows in `format`; in JSON with the name of their `file`, if it is given.
    pub fn new(format: Format, file: Option<String>) -> Self {
        let style = (ByteOffset::ZERO, Style::PLAIN);
        Self { format, file, dates: None, plain: Vec::new(), clean: String::new(), style }
    }

    /// From here on the times of lines are told that way; before, none are.
    pub fn set_dates(&mut self, dates: Arc<Dates>) {
        self.dates = Some(dates);
    }

    /// What stands before all rows; `title` is for people.
    pub fn head(&self, title: &str, out: &mut Vec<u8>) {
        match self.format {
            Format::Csv => out.extend_from_slice(b"line,offset,time,level,text\r\n"),
            Format::Html => {
                let title = ansi_to_html::Esc(title);
                let head = format!(
                    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
                     <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
                     <title>{title}</title>\n</head>\n<body>\n<pre>\n"
                );
                out.extend_from_slice(head.as_bytes());
            }
            Format::Raw | Format::Text | Format::Json => {}
        }
    }

    /// What stands after all rows.
    pub fn foot(&self, out: &mut Vec<u8>) {
        if self.format == Format::Html {
            out.extend_from_slice(b"</pre>\n</body>\n</html>\n");
        }
    }

    /// A row.
    pub fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) {
        let line = text_at(row.offset, row.bytes.strip_suffix(b"\n").unwrap_or(row.bytes));
        match self.format {
            Format::Raw => raw(row.offset, row.bytes, out),
            Format::Text => text(row.offset, row.bytes, out),
            Format::Html => self.html(row, line, out),
            Format::Json | Format::Csv => {
                self.plain.clear();
                ansi::plain(line, &mut self.plain);
                if self.format == Format::Json { self.json(row, out) } else { self.csv(row, out) }
            }
        }
    }

    fn json(&self, row: &Row<'_>, out: &mut Vec<u8>) {
        let text = String::from_utf8_lossy(&self.plain);
        let file = self.file.as_deref();
        let (time, level) = self.facts();
        let row = JsonRow { file, line: row.line, offset: row.offset, time, level, text: &text };
        // Numbers and texts always serialize, and memory takes all bytes.
        let _ = serde_json::to_writer(&mut *out, &row);
        out.push(b'\n');
    }

    /// The time that the line has itself, and the name of its level.
    fn facts(&self) -> (Option<Stamp>, Option<&'static str>) {
        let time = self.dates.as_ref().and_then(|dates| dates.time(&self.plain));
        (time, Level::of(&self.plain).map(Level::name))
    }

    fn csv(&self, row: &Row<'_>, out: &mut Vec<u8>) {
        if let Some(line) = row.line {
            out.extend_from_slice(line.to_string().as_bytes());
        }
        let (time, level) = self.facts();
        let time = time.map(|time| time.to_string()).unwrap_or_default();
        out.extend_from_slice(format!(",{},{time},{},\"", row.offset, level.unwrap_or_default()).as_bytes());
        if matches!(self.plain.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r')) {
            out.push(b'\'');
        }
        for part in self.plain.split_inclusive(|&byte| byte == b'"') {
            out.extend_from_slice(part);
            if part.ends_with(b"\"") {
                out.push(b'"');
            }
        }
        out.extend_from_slice(b"\"\r\n");
    }

    /// Colours go on from one row to the next only where the two are neighbours: what stood between is not known.
    fn html(&mut self, row: &Row<'_>, line: &[u8], out: &mut Vec<u8>) {
        let (at, style) = self.style;
        let style_in = if at == row.offset { style } else { Style::PLAIN };
        self.clean.clear();
        self.style = (row.end, ansi::sanitised(line, style_in, &mut self.clean));
        // Sanitised text always converts; were it ever refused, the line is shown without its colours.
        let html = ansi_to_html::convert(&self.clean).unwrap_or_else(|_| ansi_to_html::Esc(&self.clean).to_string());
        out.extend_from_slice(html.as_bytes());
        out.push(b'\n');
    }
}

/// The bytes of a line as they are.
fn raw(_: ByteOffset, line: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(line);
}

/// A line as text.
fn text(offset: ByteOffset, line: &[u8], out: &mut Vec<u8>) {
    ansi::plain(text_at(offset, line.strip_suffix(b"\n").unwrap_or(line)), out);
    out.push(b'\n');
}

fn as_text<S: Serializer>(time: &Option<Stamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(time),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of `text`, written in that format.
    fn written(format: Format, text: &[u8]) -> String {
        let mut exporter = Exporter::new(format, None);
        exporter.set_dates(Arc::new(Dates::of_stream((text, false), None)));
        let mut out = Vec::new();
        let mut at = 0;
        for (idx, bytes) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
            let end = at + bytes.len() as u64;
            let row = Row {
                line: LineNo::new(idx as u64 + 1),
                offset: ByteOffset::new(at),
                end: ByteOffset::new(end),
                bytes,
            };
            exporter.row(&row, &mut out);
            at = end;
        }
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn each_format_writes_what_it_promises() {
        let lines = b"\x1b[31mred\r\n<b>\"q\"\n=1+1\nbad \xff\nend";
        for (format, expected) in [
            (Format::Raw, "\x1b[31mred\r\n<b>\"q\"\n=1+1\nbad \u{fffd}\nend"),
            (Format::Text, "red\n<b>\"q\"\n=1+1\nbad \u{fffd}\nend\n"),
            (
                Format::Csv,
                "1,0,,,\"red\"\r\n2,10,,,\"<b>\"\"q\"\"\"\r\n3,17,,,\"'=1+1\"\r\n4,22,,,\"bad \u{fffd}\"\r\n5,28,,,\"end\"\r\n",
            ),
        ] {
            assert_eq!(written(format, lines), expected, "{format:?}");
        }
        let json = written(Format::Json, lines);
        assert_eq!(
            json.lines().nth(1),
            Some(r#"{"line":2,"offset":10,"time":null,"level":null,"text":"<b>\"q\""}"#),
            "{json}"
        );
    }

    #[test]
    fn a_row_tells_the_time_and_the_level_that_the_line_has_itself() {
        let lines = b"2026-11-22T09:55:00.5+01:00 \x1b[31mERROR\x1b[0m x\n  at y\n2026-11-22T09:55:01Z [WARN] z\n";
        let json = written(Format::Json, lines);
        let facts: Vec<_> = json.lines().map(|line| line.split_once("\"time\":").unwrap().1).collect();
        let expected = [
            r#""2026-11-22T08:55:00.500Z","level":"error","text":"2026-11-22T09:55:00.5+01:00 ERROR x"}"#,
            r#"null,"level":null,"text":"  at y"}"#,
            r#""2026-11-22T09:55:01Z","level":"warn","text":"2026-11-22T09:55:01Z [WARN] z"}"#,
        ];
        assert_eq!(facts, expected);
        let csv = written(Format::Csv, lines);
        assert!(csv.starts_with("1,0,2026-11-22T08:55:00.500Z,error,\"2026"), "{csv}");
    }

    #[test]
    fn html_is_a_whole_document_in_which_nothing_of_a_line_is_markup() {
        let exporter = Exporter::new(Format::Html, None);
        let mut out = Vec::new();
        exporter.head("</title><script>", &mut out);
        out.extend_from_slice(written(Format::Html, b"\x1b[31m<script>\nstill\n").as_bytes());
        exporter.foot(&mut out);
        let html = String::from_utf8(out).unwrap();
        assert!(!html.contains("<script>"), "{html}");
        assert!(
            html.contains("&lt;script&gt;</span>\n<span style='color:var(--red,#a00)'>still</span>\n</pre>"),
            "{html}"
        );
        assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"), "{html}");
    }

    #[test]
    fn colours_are_not_carried_over_lines_that_are_left_out() {
        let mut exporter = Exporter::new(Format::Html, None);
        let mut out = Vec::new();
        for (offset, bytes) in [(0, &b"\x1b[31mred\n"[..]), (100, b"plain\n")] {
            let end = ByteOffset::new(offset + bytes.len() as u64);
            exporter.row(&Row { line: None, offset: ByteOffset::new(offset), end, bytes }, &mut out);
        }
        assert!(out.ends_with(b"</span>\nplain\n"), "{}", String::from_utf8_lossy(&out));
    }
}
