//! The words, letters and numbers that are levels.

use super::Level;

/// The longest of them, in bytes.
pub(super) const MAX_WORD_BYTES: usize = 11;

/// What a word says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) level: Level,
    /// Whether it says so wherever the head of a line has it in upper case; the others are also words of their own.
    pub(super) is_strong: bool,
}

/// The level that a word means, in either case.
pub(super) fn word(word: &[u8]) -> Option<Word> {
    // Most words are sorted out by their first letter and their length.
    let may_be = match word.first()?.to_ascii_lowercase() {
        b'a' | b'p' => word.len() == 5,
        b'c' => matches!(word.len(), 4 | 6 | 8),
        b'd' => matches!(word.len(), 3..=6),
        b'e' => matches!(word.len(), 3..=5 | 9),
        b'f' => matches!(word.len(), 3..=6),
        b'i' => matches!(word.len(), 3 | 4 | 11),
        b'n' => matches!(word.len(), 4 | 6),
        b's' => matches!(word.len(), 6 | 7),
        b't' => matches!(word.len(), 3..=6),
        b'v' => word.len() == 7,
        b'w' => matches!(word.len(), 3 | 4 | 7),
        _ => false,
    };
    if !may_be {
        return None;
    }
    let mut lower = [0; MAX_WORD_BYTES];
    let lower = lower.get_mut(..word.len())?;
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    let strong = |level| Some(Word { level, is_strong: true });
    let weak = |level| Some(Word { level, is_strong: false });
    match &*lower {
        b"trace" | b"trc" => strong(Level::Trace),
        b"finest" | b"finer" | b"trce" => weak(Level::Trace),
        // Apache's.
        [b't', b'r', b'a', b'c', b'e', b'1'..=b'8'] => weak(Level::Trace),
        b"debug" | b"dbg" => strong(Level::Debug),
        b"verbose" | b"fine" | b"config" | b"dbug" => weak(Level::Debug),
        b"info" | b"inf" => strong(Level::Info),
        b"notice" | b"information" | b"note" | b"success" => weak(Level::Info),
        b"warn" | b"warning" | b"wrn" => strong(Level::Warn),
        b"error" | b"err" | b"severe" => strong(Level::Error),
        b"fail" | b"eror" => weak(Level::Error),
        b"fatal" | b"critical" | b"panic" | b"ftl" => strong(Level::Fatal),
        b"crit" | b"alert" | b"emerg" | b"emergency" | b"dpanic" => weak(Level::Fatal),
        _ => None,
    }
}

/// The level that a letter means where levels are letters.
pub(super) const fn letter(letter: u8) -> Option<Level> {
    match letter {
        b'T' | b'V' => Some(Level::Trace),
        b'D' => Some(Level::Debug),
        b'I' => Some(Level::Info),
        b'W' => Some(Level::Warn),
        b'E' => Some(Level::Error),
        b'F' | b'C' => Some(Level::Fatal),
        _ => None,
    }
}

/// The level of a syslog severity, 0 to 7.
pub(super) const fn severity(severity: u32) -> Option<Level> {
    match severity {
        0..=2 => Some(Level::Fatal),
        3 => Some(Level::Error),
        4 => Some(Level::Warn),
        5 | 6 => Some(Level::Info),
        7 => Some(Level::Debug),
        _ => None,
    }
}

/// The level of a number in a field: that of syslog, or 10 to 60 as bunyan and pino count.
pub(super) fn number(digits: &[u8]) -> Option<Level> {
    if digits.is_empty() || digits.len() > 3 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    match digits.iter().fold(0, |n, digit| n * 10 + u32::from(digit - b'0')) {
        n @ 0..=7 => severity(n),
        10..20 => Some(Level::Trace),
        20..30 => Some(Level::Debug),
        30..40 => Some(Level::Info),
        40..50 => Some(Level::Warn),
        50..60 => Some(Level::Error),
        60..=100 => Some(Level::Fatal),
        _ => None,
    }
}

/// The level of the value of a field, as a word, a letter or a number.
pub(super) fn value(value: &[u8]) -> Option<Level> {
    let value = value.trim_ascii();
    match value {
        [one] => letter(*one).or_else(|| number(value)),
        // MongoDB counts its debug levels.
        [b'D', b'1'..=b'5'] => Some(Level::Debug),
        _ => word(value).map(|word| word.level).or_else(|| number(value)),
    }
}

/// The level of the value of a field with this name. `None` when it is no field for levels, or says none.
pub(super) fn field(name: &[u8], text: &[u8]) -> Option<Level> {
    const NAMES: [&[u8]; 14] = [
        b"level",
        b"lvl",
        b"severity",
        b"levelname",
        b"log.level",
        b"loglevel",
        b"log_level",
        b"level_name",
        b"severity_text",
        b"severitytext",
        b"error_severity",
        b"sev",
        b"@l",
        b"@level",
    ];
    match name {
        // MongoDB's.
        b"s" if !text.first().is_some_and(u8::is_ascii_digit) && text.len() <= 2 => value(text),
        // The journal's.
        b"PRIORITY" => number(text),
        b"priority" => word(text).map(|word| word.level),
        _ if name.len() <= 14 && NAMES.iter().any(|known| known.eq_ignore_ascii_case(name)) => value(text),
        _ => None,
    }
}
