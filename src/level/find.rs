//! Where in a line its level stands.
//!
//! The head of the line is read from word to word; whether a word is the level, the [`judge`](mod@super::judge) says.
//!
//! The message begins behind a colon and a blank, or after some words in a row that are no upper case; what stands in it
//! is no level. Behind that colon one more word is looked at: a program that syslog speaks for writes its own level
//! there.

use super::judge::is_gap;
use super::words::{self, MAX_WORD_BYTES};
use super::{Level, forms};
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
    if line.first()? == &b'{'
        && let Some(fields) = Fields::of(line)
    {
        return in_fields(fields, depth);
    }
    let head = line.get(..HEAD_BYTES).unwrap_or(line);
    if let Some(level) = forms::of(head) {
        return Some(level);
    }
    Walk { line, head, at: 0, depth, is_fresh: false, is_message: false, in_brackets: false, n_words: 0, n_plain: 0 }
        .run()
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

/// Reads the head of a line from word to word.
pub(super) struct Walk<'a> {
    line: &'a [u8],
    pub(super) head: &'a [u8],
    /// Behind the word, when one is judged.
    pub(super) at: usize,
    depth: u32,
    /// Whether nothing but numbers came since the time.
    pub(super) is_fresh: bool,
    /// Whether the message begins here, as it seems.
    pub(super) is_message: bool,
    in_brackets: bool,
    /// How many words came just before that are no upper case.
    n_words: usize,
    /// The same since the time or the last colon, whatever stood between them.
    pub(super) n_plain: usize,
}

/// What comes after a word, or a byte.
enum Step {
    On,
    Level(Level),
    /// The message has begun.
    Nothing,
}

/// What a byte is to the walk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// It only separates.
    Quiet,
    Letter,
    /// A digit, or what is a part of a name.
    Digit,
    /// It says where in the line this is.
    Mark,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Quiet; 256];
    let mut byte = 0_u8;
    loop {
        classes[byte as usize] = match byte {
            b'A'..=b'Z' | b'a'..=b'z' => Class::Letter,
            b'0'..=b'9' | b'_' => Class::Digit,
            b':' | b'[' | b']' | b'"' | b'{' => Class::Mark,
            _ => Class::Quiet,
        };
        if byte == u8::MAX {
            break classes;
        }
        byte += 1;
    }
};

fn class(byte: u8) -> Class {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(Class::Quiet)
}

impl Walk<'_> {
    fn run(mut self) -> Option<Level> {
        loop {
            let byte = *self.head.get(self.at)?;
            let step = match class(byte) {
                Class::Quiet => {
                    self.at += 1;
                    continue;
                }
                Class::Digit => {
                    // Letters glued to it are no words: `22T10`, `0x1f`.
                    self.at = self.name_end();
                    self.n_words = 0;
                    continue;
                }
                Class::Letter => self.word(),
                Class::Mark => self.mark(byte)?,
            };
            match step {
                Step::On => {}
                Step::Level(level) => return Some(level),
                Step::Nothing => return None,
            }
        }
    }

    /// Where the letters, digits and underscores end that begin here.
    fn name_end(&self) -> usize {
        let rest = self.head.get(self.at..).unwrap_or_default();
        let len = rest.iter().position(|&byte| matches!(class(byte), Class::Quiet | Class::Mark));
        self.at + len.unwrap_or(rest.len())
    }

    /// A byte that says where in the line this is; `None` at the end.
    fn mark(&mut self, byte: u8) -> Option<Step> {
        let at = self.at;
        self.at += 1;
        match byte {
            b':' => {
                let is_clock = self.is_clock(at);
                let is_message = !self.in_brackets && matches!(self.peek(at + 1), Some(b' ' | b'\t'));
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

    pub(super) fn peek(&self, at: usize) -> Option<u8> {
        self.head.get(at).copied()
    }

    pub(super) fn before(&self, at: usize) -> Option<u8> {
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
        self.at = self.name_end();
        let word = self.head.get(start..self.at).unwrap_or_default();
        match self.judge(word, start) {
            Some(level) => Step::Level(level),
            None => self.pass(word, start),
        }
    }

    /// What follows a word that is no level.
    fn pass(&mut self, word: &[u8], start: usize) -> Step {
        let (before, after) = (self.before(start), self.peek(self.at));
        if self.is_fresh && matches!(word, b"stdout" | b"stderr") && is_gap(before) {
            return self.wrapped();
        }
        self.is_fresh &= matches!(word, b"UTC" | b"GMT" | b"AM" | b"PM" | b"CET" | b"CEST");
        if self.in_brackets || after == Some(b'=') || before == Some(b'=') {
            return Step::On;
        }
        if self.is_message {
            let rest = self.head.get(self.at..).unwrap_or_default();
            let len = rest.iter().position(|&byte| is_gap(Some(byte))).unwrap_or(rest.len());
            let is_chain = rest.get(..len).is_some_and(|rest| rest.ends_with(b":"));
            if !is_chain {
                return self.behind_own_time(start).map_or(Step::Nothing, Step::Level);
            }
            self.at += len;
        }
        if word.iter().any(|&byte| class(byte) == Class::Digit) {
            self.n_words = 0;
        } else if is_gap(before) && is_gap(after) && word.iter().any(u8::is_ascii_lowercase) {
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
