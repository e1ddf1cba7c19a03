//! Where in a line its time stands.
//!
//! Only the head of a line is looked at, from word to word, and that ends where the message begins: behind a colon and a
//! blank (unless a time or one more such word follows), and after some words of letters in a row. Numbers are times only
//! where nothing else can be meant: at the start, behind a name such as `ts=`, behind the tag of a machine's log.
//!
//! A line that is a JSON object has its time in a field with one of the usual names, wherever it stands.

use super::reader::Reader;
use super::shape::{Found, Shape, read, read_any};
use crate::fields::{Fields, Value};

/// How far into a line a time begins, in bytes. Nothing that is known has it farther away.
const HEAD_BYTES: usize = 192;

/// Words of letters in a row that make a message.
const MESSAGE_WORDS: usize = 4;

/// The time of a line.
pub(super) fn find(line: &[u8]) -> Option<Found> {
    let head = line.get(..HEAD_BYTES).unwrap_or(line);
    let start = head.iter().position(|&byte| !is_blank(byte))?;
    match Fields::of(line) {
        Some(fields) => in_fields(line, fields),
        None => {
            Walk { line, head, start, at: start, n_words: 0, n_letters: 0, has_digits: false, is_message: false }.run()
        }
    }
}

/// Whether a time that stands in the middle of something may begin behind this byte.
pub(super) const fn is_delimiter(byte: u8) -> bool {
    is_blank(byte)
        || matches!(
            byte,
            b'[' | b']' | b'(' | b')' | b'<' | b'>' | b'{' | b'}' | b'"' | b'\'' | b'|' | b',' | b';' | b'=' | b':'
        )
}

pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

struct Walk<'a> {
    line: &'a [u8],
    head: &'a [u8],
    /// Where the first word begins.
    start: usize,
    at: usize,
    /// Words before this one.
    n_words: usize,
    /// How many of them, just before this one, are but letters.
    n_letters: usize,
    /// Whether there were digits in them.
    has_digits: bool,
    /// Whether the message has begun, as it seems.
    is_message: bool,
}

impl Walk<'_> {
    fn run(mut self) -> Option<Found> {
        loop {
            match *self.head.get(self.at)? {
                b'"' if self.before() == Some(b'=') => match self.time(self.at + 1) {
                    Some(found) => return Some(found),
                    None => self.skip_quoted()?,
                },
                b':' => {
                    self.is_message |= self.head.get(self.at + 1).copied().is_some_and(is_blank);
                    self.at += 1;
                }
                byte if is_delimiter(byte) => self.at += 1,
                _ => match self.time(self.at) {
                    Some(found) => return Some(found),
                    None => self.skip_word()?,
                },
            }
        }
    }

    fn before(&self) -> Option<u8> {
        self.at.checked_sub(1).and_then(|at| self.head.get(at)).copied()
    }

    /// Past the word; `None` when what follows is the message.
    fn skip_word(&mut self) -> Option<()> {
        let rest = self.head.get(self.at..)?;
        let len = rest.iter().position(|&byte| is_delimiter(byte)).unwrap_or(rest.len());
        let word = rest.get(..len)?;
        if self.is_message && rest.get(len) != Some(&b':') {
            return None;
        }
        let is_letters = word.iter().all(u8::is_ascii_alphabetic) && rest.get(len) != Some(&b'=');
        self.n_letters = if is_letters { self.n_letters + 1 } else { 0 };
        self.has_digits |= !is_letters && word.iter().any(u8::is_ascii_digit);
        self.n_words += 1;
        self.at += len;
        (self.n_letters < MESSAGE_WORDS).then_some(())
    }

    fn skip_quoted(&mut self) -> Option<()> {
        let rest = self.head.get(self.at + 1..)?;
        self.at += 2 + memchr::memchr(b'"', rest)?;
        Some(())
    }

    /// The time that begins there, if one may.
    fn time(&self, at: usize) -> Option<Found> {
        let is_number = match *self.head.get(at)? {
            b'0'..=b'9' => true,
            b'J' | b'F' | b'M' | b'A' | b'S' | b'O' | b'N' | b'D' | b'T' | b'W' => false,
            b'I' | b'E' | b'V' if at == self.start => false,
            _ => return None,
        };
        let before = at.checked_sub(1).and_then(|at| self.head.get(at)).copied();
        if before == Some(b':') && !(is_number && Reader::new(self.line, at).n_digits() == 4) {
            return None;
        }
        let found = read_any(self.line, at)?;
        let is_there = match found.shape {
            Shape::Epoch => self.is_epoch(&found),
            Shape::Glog => at == self.start,
            Shape::Dense => self.n_words <= 1,
            // Behind a number it is the rest of a date that never was.
            Shape::Clock => self.n_words <= 2 && !self.has_digits && before != Some(b'='),
            Shape::MonthDay => self.n_words <= 3,
            _ => true,
        };
        is_there.then_some(found)
    }

    /// Whether a number at this place is a time.
    fn is_epoch(&self, found: &Found) -> bool {
        let in_front = self.head.get(..found.at).unwrap_or_default();
        let is_whole = self.line.get(found.end).is_none_or(|&byte| is_delimiter(byte));
        is_whole
            && match in_front.split_last() {
                None => true,
                Some((b'[' | b'(', rest)) => rest.is_empty() || rest.ends_with(b"audit"),
                Some((b'"', rest)) => rest.strip_suffix(b"=").is_some_and(|rest| is_time_name(last_word(rest))),
                Some((b'=', rest)) => is_time_name(last_word(rest)),
                // Blue Gene's and Thunderbird's tags: `-`, `KERNDTLB`.
                Some((b' ', tag)) => {
                    tag.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"-_".contains(byte))
                        && tag.first().is_none_or(|byte| !byte.is_ascii_digit())
                }
                _ => false,
            }
    }
}

fn last_word(text: &[u8]) -> &[u8] {
    let start = text.iter().rposition(|&byte| is_delimiter(byte)).map_or(0, |at| at + 1);
    text.get(start..).unwrap_or_default()
}

fn in_fields(line: &[u8], mut fields: Fields<'_>) -> Option<Found> {
    let mut of_subject = None;
    while let Some((name, value)) = fields.next() {
        if !is_time_name(name) {
            continue;
        }
        let at = fields.value_at();
        let found = match value {
            Value::Text(_) => read_any(line, at),
            Value::Bare(_) => read(Shape::Epoch, line, at),
            Value::Nested(object) => in_object(object).map(|found| Found { at, end: at + object.len(), ..found }),
        };
        if found.is_some() && !is_name_of_subject(name) {
            return found;
        }
        of_subject = of_subject.or(found);
    }
    of_subject
}

/// MongoDB's `{"$date":"2026-11-22T10:00:00.123+00:00"}`, Log4j's `{"epochSecond":1795341600,"nanoOfSecond":123000000}`,
/// Google's `{"seconds":1795341600,"nanos":123000000}`.
fn in_object(object: &[u8]) -> Option<Found> {
    let (mut secs, mut nanos) = (None, 0);
    for (name, value) in Fields::of(object)? {
        match (name, value) {
            (b"$date", Value::Text(text)) => return read_any(text, 0),
            (b"epochSecond" | b"seconds", Value::Bare(text) | Value::Text(text)) => secs = read(Shape::Epoch, text, 0),
            (b"nanoOfSecond" | b"nanos", Value::Bare(text)) => nanos = std::str::from_utf8(text).ok()?.parse().ok()?,
            _ => {}
        }
    }
    let found = secs?;
    Some(Found { reading: found.reading.later(nanos)?, ..found })
}

/// Names of [`is_time_name`] that may hold a time of what the line is about: where there is another, that is meant.
fn is_name_of_subject(name: &[u8]) -> bool {
    [&b"created"[..], b"created_at", b"start_time", b"date"].iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Names that fields have that hold the time of the line.
fn is_time_name(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 23] = [
        b"time",
        b"ts",
        b"t",
        b"timestamp",
        b"@timestamp",
        b"@t",
        b"_time",
        b"datetime",
        b"date",
        b"asctime",
        b"eventtime",
        b"event_time",
        b"timemillis",
        b"timeunixnano",
        b"instant",
        b"time_ms",
        b"epoch",
        b"created",
        b"created_at",
        b"start_time",
        b"logged_at",
        b"written_at",
        b"__realtime_timestamp",
    ];
    name.len() <= 21 && NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}
