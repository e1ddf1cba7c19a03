//! Where in a line its level stands.
//!
//! The head of the line is read from word to word. What makes a word that means a level the level of the line:
//!
//! | Place | Such as |
//! |---|---|
//! | alone in brackets, or last in them behind a colon | `[error]`, `[ WARN ]`, `[core:notice]`, `<Warning>`, `(EE)` |
//! | behind the time, with nothing but numbers between | `2026-11-22 10:00:00 info x`, `04:30:30, Info`, `10:00:00.123 1 2 W x` |
//! | the value of a field | `level=warn`, `{"level":30}`, `"severity":"ERROR"` |
//! | in upper case, in front of the message | `[main] ERROR com.foo`, `RAS KERNEL FATAL`, `INFO[0001]`, `app.ERROR: x` |
//! | with a colon, at the start of the message | `sshd[1]: error: x`, `warning: x`, `INFO:root:x`, `PHP Warning:` |
//! | between bars or tabs | `\| info \|` |
//! | at the start | `<4>`, `I1122 10:00:00`, `E/Tag`, `[W 10:00:00` |
//!
//! The message begins behind a colon and a blank, or after some words in a row that are no upper case; what stands in it
//! is no level. Behind that colon one more word is looked at: a program that syslog speaks for writes its own level
//! there.

use super::Level;
use super::words::{self, MAX_WORD_BYTES, Word};
use crate::fields::{Fields, Value};

/// How far into a line its level begins, in bytes. Nothing that is known has it farther away.
const HEAD_BYTES: usize = 256;

/// Words in a row that make a message.
const MESSAGE_WORDS: usize = 3;

/// How often a line is the message of another: a container's runtime and its logger.
const MAX_DEPTH: u32 = 2;

pub(super) fn find(line: &[u8]) -> Option<Level> {
    of_line(line, MAX_DEPTH)
}

fn of_line(line: &[u8], depth: u32) -> Option<Level> {
    match line.first()? {
        b'<' if let Some(level) = priority(line) => return Some(level),
        b'{' if let Some(fields) = Fields::of(line) => return in_fields(fields, depth),
        letter @ b'A'..=b'Z'
            if let Some(level) = words::letter(*letter)
                && is_letter_form(line) =>
        {
            return Some(level);
        }
        _ => {}
    }
    let head = line.get(..HEAD_BYTES).unwrap_or(line);
    Walk { line, head, at: 0, depth, is_fresh: false, is_message: false, in_brackets: false, n_words: 0, n_plain: 0 }
        .run()
}

/// Syslog's `<34>` and the kernel's `<4>`: the facility times 8 and the severity.
fn priority(line: &[u8]) -> Option<Level> {
    let rest = line.get(1..)?;
    let len = rest.iter().take(4).position(|&byte| byte == b'>')?;
    let digits = rest.get(..len)?;
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0, |n, digit| n * 10 + u32::from(digit - b'0'));
    if number < 192 { words::severity(number % 8) } else { None }
}

/// `I1122 10:00:00` (glog), `E/Tag( 123): ` (Android), `W 10:00:00 x`.
fn is_letter_form(line: &[u8]) -> bool {
    let byte = |at: usize| line.get(at).copied().unwrap_or_default();
    let n_digits = line.iter().skip(1).take(9).take_while(|byte| byte.is_ascii_digit()).count();
    match byte(1) {
        b'0'..=b'9' => matches!(n_digits, 4 | 8) && byte(n_digits + 1) == b' ' && byte(n_digits + 4) == b':',
        b'/' => {
            byte(2).is_ascii_alphabetic() && line.get(..HEAD_BYTES).unwrap_or(line).windows(2).any(|two| two == b": ")
        }
        b' ' => byte(2).is_ascii_digit() && byte(3).is_ascii_digit(),
        _ => false,
    }
}

fn in_fields(fields: Fields<'_>, depth: u32) -> Option<Level> {
    let mut message = None;
    for (name, value) in fields {
        let level = match value {
            // A container's runtime wraps the lines that a program writes.
            Value::Text(text) if name == b"log" => {
                message = Some(text);
                None
            }
            Value::Text(text) | Value::Bare(text) => words::field(name, text),
            Value::Nested(object) if name == b"log" => Fields::of(object).and_then(|fields| in_fields(fields, 0)),
            Value::Nested(_) => None,
        };
        if level.is_some() {
            return level;
        }
    }
    of_line(message?, depth.checked_sub(1)?)
}

struct Walk<'a> {
    line: &'a [u8],
    head: &'a [u8],
    at: usize,
    depth: u32,
    /// Whether nothing but numbers came since the time.
    is_fresh: bool,
    /// Whether the message begins here, as it seems.
    is_message: bool,
    in_brackets: bool,
    /// How many words came just before that are no upper case.
    n_words: usize,
    /// The same since the time or the last colon, whatever stood between them.
    n_plain: usize,
}

/// What comes after a word, or a byte.
enum Step {
    On,
    Level(Level),
    /// The message has begun.
    Nothing,
}

impl Walk<'_> {
    fn run(mut self) -> Option<Level> {
        loop {
            let step = match *self.head.get(self.at)? {
                b'A'..=b'Z' | b'a'..=b'z' => self.word(),
                byte => self.byte(byte)?,
            };
            match step {
                Step::On => {}
                Step::Level(level) => return Some(level),
                Step::Nothing => return None,
            }
        }
    }

    /// What is no letter; `None` at the end.
    fn byte(&mut self, byte: u8) -> Option<Step> {
        let at = self.at;
        self.at += 1;
        match byte {
            b'0'..=b'9' => self.n_words = 0,
            b':' => {
                let is_clock = self.is_clock(at);
                let is_message = !self.in_brackets && is_gap(self.peek(at + 1)) && self.peek(at + 1).is_some();
                self.is_fresh |= is_clock;
                self.is_message |= is_message;
                if is_clock || is_message {
                    self.n_plain = 0;
                }
            }
            b'[' => self.in_brackets = true,
            b']' => self.in_brackets = false,
            b'"' => {
                if let Some(level) = self.quoted(at)? {
                    return Some(Step::Level(level));
                }
            }
            b'{' if self.peek(at + 1) == Some(b'"') && is_gap(self.before(at)) => {
                let level = Fields::of(self.line.get(at..)?).and_then(|fields| in_fields(fields, self.depth));
                return Some(level.map_or(Step::Nothing, Step::Level));
            }
            _ => {}
        }
        Some(Step::On)
    }

    fn peek(&self, at: usize) -> Option<u8> {
        self.head.get(at).copied()
    }

    fn before(&self, at: usize) -> Option<u8> {
        at.checked_sub(1).and_then(|at| self.peek(at))
    }

    /// Whether the colon stands in a time: two digits on each side, the latter at most 59.
    fn is_clock(&self, colon: usize) -> bool {
        let is_digit = |at: usize| self.peek(at).is_some_and(|byte| byte.is_ascii_digit());
        let is_minute =
            matches!(self.peek(colon + 1), Some(b'0'..=b'5')) && is_digit(colon + 2) && !is_digit(colon + 3);
        is_minute && self.before(colon).is_some_and(|byte| byte.is_ascii_digit())
    }

    /// A text in quotes is passed over, unless a level is all that it is.
    fn quoted(&mut self, quote: usize) -> Option<Option<Level>> {
        let rest = self.head.get(self.at..)?;
        let len = memchr::memchr(b'"', rest)?;
        self.at += len + 1;
        let text = rest.get(..len)?;
        let is_value = self.before(quote) == Some(b'=');
        let is_level = !is_value && len <= MAX_WORD_BYTES && text.iter().all(u8::is_ascii_uppercase);
        Some(if is_level { words::word(text).map(|word| word.level) } else { None })
    }

    fn word(&mut self) -> Step {
        let start = self.at;
        let rest = self.head.get(start..).unwrap_or_default();
        let len = rest.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(rest.len());
        let word = rest.get(..len).unwrap_or_default();
        self.at += len;
        let is_part = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let level = if is_part(self.before(start)) || is_part(self.peek(self.at)) && !self.is_numbered(word) {
            None
        } else {
            self.judge(word, start)
        };
        match level {
            Some(level) => Step::Level(level),
            None => self.pass(word, start),
        }
    }

    /// `DEBUG1` to `DEBUG5` are PostgreSQL's.
    fn is_numbered(&self, word: &[u8]) -> bool {
        word == b"DEBUG" && self.peek(self.at + 1) == Some(b':')
    }

    /// Whether the word, which nothing is glued to, is a level where it stands.
    fn judge(&self, word: &[u8], start: usize) -> Option<Level> {
        let (before, after) = (self.before(start), self.peek(self.at));
        if word.len() <= 2 {
            return self.letters(word, start);
        }
        if after == Some(b'=') {
            return self.field(start);
        }
        if word == b"LOG" && self.head.get(self.at..)?.starts_with(b":  ") {
            return Some(Level::Info);
        }
        let Word { level, is_strong } = words::word(word)?;
        let is_upper = word.iter().all(u8::is_ascii_uppercase);
        let is_place = self.is_enclosed(start)
            || self.is_fresh && (is_gap(before) || before == Some(b']')) && is_end(after)
            || after == Some(b':') && self.is_opening(start)
            || is_upper && (is_strong || self.is_message) && self.is_apart(before, after);
        is_place.then_some(level)
    }

    /// Whether the word stands alone between brackets, bars or tabs.
    fn is_enclosed(&self, start: usize) -> bool {
        let front = self.head.get(..start).unwrap_or_default().trim_ascii_end().last().copied();
        let behind = self.head.get(self.at..).unwrap_or_default().trim_ascii_start().first().copied();
        let is_tabbed = self.before(start) == Some(b'\t') && self.peek(self.at) == Some(b'\t');
        is_tabbed
            || matches!(
                (front, behind),
                (Some(b'['), Some(b']'))
                    | (Some(b'('), Some(b')'))
                    | (Some(b'<'), Some(b'>'))
                    | (Some(b'|'), Some(b'|'))
            )
            || self.before(start) == Some(b':') && self.peek(self.at) == Some(b']')
    }

    /// Whether a word with a colon is the first of the line or of the message, or almost.
    fn is_opening(&self, start: usize) -> bool {
        let is_whole = is_gap(self.peek(self.at + 1)) || self.peek(self.at + 1) == Some(b':');
        is_whole && (is_gap(self.before(start)) || self.before(start) == Some(b']')) && self.n_plain <= 1
    }

    /// Whether nothing is around a word in upper case that would make it a part of something else.
    fn is_apart(&self, before: Option<u8>, after: Option<u8>) -> bool {
        let is_channel = before == Some(b'.') && after == Some(b':');
        let is_free = is_gap(before) || matches!(before, Some(b'[' | b'(' | b']' | b'|' | b',' | b'/' | b'<' | b':'));
        (is_free || is_channel)
            && (is_end(after) || matches!(after, Some(b'[' | b'>' | b'/' | b';' | b'-' | b'0'..=b'9')))
    }

    /// One letter, or two that are the same.
    fn letters(&self, word: &[u8], start: usize) -> Option<Level> {
        let (before, after) = (self.before(start), self.peek(self.at));
        match word {
            // X.Org's.
            [one, two] => {
                let is_mark = one == two && before == Some(b'(') && after == Some(b')');
                if is_mark { words::letter(*one) } else { None }
            }
            [letter] => {
                let in_brackets = before == Some(b'[') && (after == Some(b']') || start == 1 && after == Some(b' '));
                let is_behind_time = self.is_fresh && before == Some(b' ') && matches!(after, Some(b' ' | b'/'));
                if in_brackets || is_behind_time { words::letter(*letter) } else { None }
            }
            _ => None,
        }
    }

    /// The value of `level=…`, if it is that.
    fn field(&self, start: usize) -> Option<Level> {
        // `log.level`, `severity_text`: the name may be more than the word.
        let front = self.head.get(..start)?;
        let name_start = front.iter().rposition(|byte| !byte.is_ascii_alphanumeric() && !b"._@".contains(byte));
        let name = self.head.get(name_start.map_or(0, |at| at + 1)..self.at)?;
        let rest = self.head.get(self.at + 1..)?;
        let value = match rest.split_first()? {
            (b'"', rest) => rest.get(..memchr::memchr(b'"', rest)?)?,
            _ => rest.get(..rest.iter().position(|&byte| is_end(Some(byte))).unwrap_or(rest.len()))?,
        };
        let is_number = value.first().is_some_and(u8::is_ascii_digit);
        if is_number || name == b"s" { None } else { words::field(name, value) }
    }

    /// What follows a word that is no level.
    fn pass(&mut self, word: &[u8], start: usize) -> Step {
        let (before, after) = (self.before(start), self.peek(self.at));
        if self.is_fresh && matches!(word, b"stdout" | b"stderr") && is_gap(before) {
            return self.wrapped();
        }
        if !matches!(word, b"T" | b"Z" | b"UTC" | b"GMT" | b"AM" | b"PM" | b"CET" | b"CEST") {
            self.is_fresh &= before.is_some_and(|byte| byte.is_ascii_digit());
        }
        if self.in_brackets || after == Some(b'=') || before == Some(b'=') {
            return Step::On;
        }
        if self.is_message {
            let rest = self.head.get(self.at..).unwrap_or_default();
            let len = rest.iter().position(|&byte| is_gap(Some(byte))).unwrap_or(rest.len());
            let is_chain = rest.get(..len).is_some_and(|rest| rest.ends_with(b":"));
            if !is_chain {
                return Step::Nothing;
            }
            self.at += len;
        }
        if is_gap(before) && is_gap(after) && word.iter().any(u8::is_ascii_lowercase) {
            self.n_words += 1;
            self.n_plain += 1;
        }
        if self.n_words >= MESSAGE_WORDS { Step::Nothing } else { Step::On }
    }

    /// Behind the container runtime's `2026-11-22T10:00:00.123456789Z stdout F `: a line of its own.
    fn wrapped(&self) -> Step {
        let rest = self.line.get(self.at..).unwrap_or_default();
        match (rest.get(..3), rest.get(3..), self.depth.checked_sub(1)) {
            (Some(b" F " | b" P "), Some(inner), Some(depth)) => {
                of_line(inner, depth).map_or(Step::Nothing, Step::Level)
            }
            _ => Step::Nothing,
        }
    }
}

/// Whether it is a blank, or the line's edge.
fn is_gap(byte: Option<u8>) -> bool {
    matches!(byte, None | Some(b' ' | b'\t' | b'\r'))
}

/// Whether a word may end before it.
fn is_end(byte: Option<u8>) -> bool {
    is_gap(byte) || matches!(byte, Some(b':' | b',' | b']' | b')' | b'|'))
}
