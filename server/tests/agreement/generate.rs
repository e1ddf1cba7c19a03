//! Generated lines and queries, and the oracle: what a query is true of, worked out the slow and obvious way.
//!
//! Lines are put together from parts whose clean text is known, so that nothing of ours is needed to strip them.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use server::dates;
use taillight::level::{Level, LevelSet};
use taillight::timestamp::{Context, Format, Stamp};

/// How much of a line is looked at, in bytes; also, how far above it its time may stand.
const MIB: usize = 1024 * 1024;

/// How much of a file's head its times are learned from, in bytes.
const HEAD: usize = 64 * 1024;

/// When all files were changed last, in seconds since 1970: 2027-03-01. Lines without a year are of the one before it.
const MODIFIED: u64 = 1_803_859_200;

/// Numbers that look random and are the same for the same seed (xorshift64*).
#[derive(Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit.max(1)
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// A line: its bytes with the line end, its clean text, and what that tells.
pub struct Line {
    pub raw: Vec<u8>,
    pub clean: Vec<u8>,
    pub level: Option<Level>,
    /// The time that it has itself.
    pub own: Option<Stamp>,
    /// That, or the one of the nearest line above.
    pub time: Option<Stamp>,
}

/// When all files were changed last.
pub fn modified() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(MODIFIED)
}

/// A whole file.
pub struct Log {
    pub name: String,
    pub lines: Vec<Line>,
    /// Words for queries about it.
    pub words: Vec<String>,
    /// Whether its lines are too long for the regular expressions of the oracle.
    pub is_long: bool,
}

/// The words that nasty lines are made of, and queries look for.
const WORDS: &[&str] = &[
    "error",
    "Error",
    "ERROR",
    "timeout",
    "x",
    "ab",
    "aab",
    "fed",
    "é",
    "É",
    "straße",
    "STRAẞE",
    "κόσμος",
    "ΚΌΣΜΟΣ",
    "10:30",
    "a::b",
    "foo-bar",
    "k",
    "\u{212a}",
    "sS",
    "\u{17f}",
    "status=500",
    "500",
    "it's",
    "orange",
    "nothing",
    "日本",
    "100%",
    "a_b",
    "*.*",
    "\\d",
    "ERROR:",
    "http://a",
];

/// What lines begin with where they tell a level.
const LEVELS: &[&str] = &["ERROR ", "[warn] ", "INFO: ", "level=debug ", "FATAL ", "[TRACE] ", "E ", "notice "];

/// Parts of lines that queries do not look for: bytes and their clean text.
const PARTS: &[(&[u8], &[u8])] = &[
    (b" ", b" "),
    (b"  ", b"  "),
    (b"\t", b"\t"),
    (b"\0", b"\0"),
    (b"\xff", b"\xff"),
    (b"\xc3", b"\xc3"),
    (b"\xe2\x82", b"\xe2\x82"),
    (b"\xed\xa0\x80", b"\xed\xa0\x80"),
    (b"\r", b"\r"),
    (b"\"", b"\""),
    (b"(", b"("),
    (b"/", b"/"),
    (b"-", b"-"),
    (b"\x1b[31m", b""),
    (b"\x1b[0m", b""),
    (b"\x1b[1;38;5;200m", b""),
    (b"\x1b[2K", b""),
    (b"\x1b]8;;http://error.example/\x07", b""),
    (b"\x1b]0;timeout\x1b\\", b""),
];

impl Log {
    pub fn bytes(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|line| line.raw.iter().copied()).collect()
    }

    /// Where each line starts.
    pub fn offsets(&self) -> Vec<u64> {
        let mut at = 0;
        let start = |line: &Line| {
            let start = at;
            at += line.raw.len() as u64;
            start
        };
        self.lines.iter().map(start).collect()
    }

    /// Nasty lines; the last one has no line feed.
    pub fn nasty(name: &str, dice: &mut Dice, n_lines: usize) -> Self {
        let mut lines: Vec<Line> = (0..n_lines).map(|number| line(dice, number)).collect();
        if let Some(last) = lines.last_mut() {
            last.raw = b"the error has no end".to_vec();
            last.clean.clone_from(&last.raw);
        }
        Self::new(name, lines, WORDS.iter().map(|word| (*word).to_owned()).collect())
    }

    /// Lines that are longer than what is looked at of one, and so long that the time above them is out of reach.
    pub fn long(name: &str) -> Self {
        let line = |head: &str, filler: usize, tail: &str| {
            let raw = [head.as_bytes(), &vec![b'z'; filler], tail.as_bytes()].concat();
            let seen = &raw[..(raw.len() - usize::from(raw.ends_with(b"\n"))).min(MIB)];
            let clean = String::from_utf8(seen.to_vec()).unwrap().replace("\x1b[31m", "");
            Line::new(raw, clean.strip_suffix('\r').unwrap_or(&clean).as_bytes().to_vec())
        };
        let lines = vec![
            line(" no time x\n", 0, ""),
            line("2026-11-22T10:00:00Z ERROR first", 0, "\r\n"),
            line(" at x\n", 0, ""),
            line("2026-11-22T10:00:01Z \x1b[31mWARN x", MIB + 100_000, " timeout\n"),
            line("fed out of reach\n", 0, ""),
            line("2026-11-22T09:59:00Z INFO ab earlier\n", 0, ""),
            line("ab", 600_000, " timeout\n"),
            line("x in reach\n", 0, ""),
            line("500 ", 600_000, "\n"),
            line("x out of reach\n", 0, ""),
            line("2026-11-22T10:00:03Z FATAL ", MIB - 27, " error\n"),
            line("it's ", 2 * MIB, " error"),
        ];
        let words = ["x", "error", "ERROR", "timeout", "ab", "fed", "500", "it's", "reach"];
        let log = Self::new(name, lines, words.map(str::to_owned).to_vec());
        Self { is_long: true, ..log }
    }

    /// Lines behind a byte order mark, which is no part of the first one's text; a line further down has one that is.
    pub fn marked(name: &str) -> Self {
        let mark = "\u{feff}";
        let lines = [
            ("2026-11-22T10:00:00Z ERROR first x\r\n", true),
            ("2026-11-22T10:00:01Z WARN x timeout\n", false),
            (" at x\n", false),
            ("\u{feff}2026-11-22T10:00:02Z ERROR x\n", false),
        ];
        let line = |(text, is_marked): (&str, bool)| {
            let raw = format!("{}{text}", if is_marked { mark } else { "" });
            Line::new(raw.into_bytes(), text.trim_end().as_bytes().to_vec())
        };
        let words = ["x", "error", "ERROR", "timeout", "first", "2026-11-22", "WARN"];
        Self::new(name, lines.map(line).into(), words.map(str::to_owned).to_vec())
    }

    fn new(name: &str, lines: Vec<Line>, words: Vec<String>) -> Self {
        let mut log = Self { name: name.to_owned(), lines, words, is_long: false };
        log.tell();
        log
    }

    /// Works out what each line tells.
    fn tell(&mut self) {
        let offsets = self.offsets();
        let is_all = self.bytes().len() < HEAD;
        let ends = offsets.iter().zip(&self.lines).map(|(start, line)| start + line.raw.len() as u64);
        let n_whole = ends.take_while(|end| is_all || *end <= HEAD as u64).count();
        let format = Format::learn(self.lines[..n_whole].iter().map(|line| line.clean.as_slice()));
        let context = Context::new(dates::zone().clone(), Stamp::from_secs(MODIFIED as i64));
        let mut above: Option<(u64, Stamp)> = None;
        for (line, start) in self.lines.iter_mut().zip(offsets) {
            line.level = Level::of(&line.clean);
            line.own = format.find(&line.clean).and_then(|reading| reading.stamp(&context));
            above = line.own.map(|time| (start, time)).or(above);
            line.time = above.filter(|(from, _)| start - from <= MIB as u64).map(|(_, time)| time);
        }
    }

    /// A real log, without escapes.
    pub fn real(name: &str, bytes: &[u8], dice: &mut Dice) -> Self {
        assert!(!bytes.contains(&0x1b), "{name} has escapes: the oracle cannot strip them");
        let line = |raw: &[u8]| {
            let clean = raw.strip_suffix(b"\n").unwrap_or(raw);
            Line::new(raw.to_vec(), clean.strip_suffix(b"\r").unwrap_or(clean).to_vec())
        };
        let lines: Vec<Line> = bytes.split_inclusive(|&byte| byte == b'\n').map(line).collect();
        let is_plain = |word: &&str| {
            let mut chars = word.chars();
            word.len() <= 40
                && chars.next().is_some_and(char::is_alphanumeric)
                && word.chars().all(|c| c.is_alphanumeric() || "_.-".contains(c))
                && !["or", "not"].contains(word)
        };
        let mut words = Vec::new();
        while words.len() < 40 {
            let text = String::from_utf8_lossy(&dice.pick(&lines).clean).into_owned();
            let candidates: Vec<&str> = text.split([' ', ',', '[', ']', ':']).filter(is_plain).collect();
            if !candidates.is_empty() {
                words.push((*dice.pick(&candidates)).to_owned());
            }
        }
        Self::new(name, lines, words)
    }
}

impl Line {
    fn new(raw: Vec<u8>, clean: Vec<u8>) -> Self {
        Self { raw, clean, level: None, own: None, time: None }
    }
}

fn line(dice: &mut Dice, number: usize) -> Line {
    let (mut raw, mut clean) = (Vec::new(), Vec::new());
    let mut says = String::new();
    if dice.one_in(3) {
        // Nearly in order.
        let second = number * 3 + dice.below(20);
        let _ = write!(says, "2026-11-22T10:{:02}:{:02}.5+01:00 ", second / 60, second % 60);
    }
    if dice.one_in(3) {
        let level: &&str = dice.pick(LEVELS);
        says.push_str(level);
    }
    let (says, colour) = (says.as_bytes(), if dice.one_in(4) { dice.below(says.len() + 1) } else { 0 });
    for part in [&says[..colour], if colour > 0 { b"\x1b[31m" } else { b"" }, &says[colour..]] {
        raw.extend_from_slice(part);
    }
    clean.extend_from_slice(says);
    let n_parts = if dice.one_in(8) { 0 } else { dice.below(12) };
    for _ in 0..n_parts {
        let mut push = |(bytes, text): (&[u8], &[u8])| {
            raw.extend_from_slice(bytes);
            clean.extend_from_slice(text);
        };
        if dice.one_in(2) {
            push(*dice.pick(PARTS));
            continue;
        }
        let word = dice.pick(WORDS).as_bytes();
        // In the middle of a character, too: the terminal would not care.
        let cut = if dice.one_in(3) { dice.below(word.len() + 1) } else { word.len() };
        push((&word[..cut], &word[..cut]));
        if cut < word.len() {
            push(dice.pick(&PARTS[PARTS.len() - 6..]).to_owned());
            push((&word[cut..], &word[cut..]));
        }
    }
    if dice.one_in(150) {
        let filler = vec![b'z'; 66_000];
        raw.extend_from_slice(&filler);
        clean.extend_from_slice(&filler);
    }
    // A carriage return at the end is the line's end; the one before it is not.
    let ends_plain = !raw.ends_with(b"\r");
    if ends_plain && dice.one_in(12) {
        raw.extend_from_slice(b"\x1b[3");
    } else if dice.one_in(4) {
        raw.extend_from_slice(b"\r");
    } else if !ends_plain {
        clean.pop();
    }
    raw.push(b'\n');
    Line::new(raw, clean)
}

/// A query as a tree, with its own evaluation.
#[derive(Clone, Debug)]
pub enum Tree {
    Word(String),
    Phrase(String),
    Regex(Re, bool),
    Level(LevelSet),
    After(Stamp),
    Before(Stamp),
    Not(Box<Tree>),
    All(Vec<Tree>),
    Any(Vec<Tree>),
}

/// A regular expression as a tree.
#[derive(Clone, Debug)]
pub enum Re {
    Text(String),
    Dot,
    Letters { but: bool },
    Digit,
    Boundary,
    Start,
    End,
    Seq(Vec<Re>),
    Either(Vec<Re>),
    Repeat(Box<Re>, char),
}

impl Tree {
    pub fn new(dice: &mut Dice, log: &Log, depth: usize) -> Self {
        let words = &log.words;
        match dice.below(if depth == 0 { 8 } else { 12 }) {
            0 => Self::Level(levels(dice)),
            1 => {
                let time = a_time(dice, log);
                if dice.one_in(2) { Self::After(time) } else { Self::Before(time) }
            }
            // The oracle is slow.
            5 | 6 if log.is_long => Self::Word(dice.pick(words).clone()),
            2 | 3 | 7 => Self::Word(dice.pick(words).clone()),
            4 => {
                let (one, other) = (dice.pick(words).clone(), dice.pick(words).clone());
                Self::Phrase(if dice.one_in(2) { one } else { format!("{one} {other}") })
            }
            5 | 6 => Self::Regex(Re::new(dice, words, 2), dice.one_in(2)),
            8 | 9 => Self::Not(Box::new(Self::new(dice, log, depth - 1))),
            10 => Self::All((0..2 + dice.below(2)).map(|_| Self::new(dice, log, depth - 1)).collect()),
            _ => Self::Any((0..2 + dice.below(2)).map(|_| Self::new(dice, log, depth - 1)).collect()),
        }
    }

    /// Its text, in one of the ways to write it.
    pub fn text(&self, dice: &mut Dice) -> String {
        match self {
            Self::Word(word) => word.clone(),
            Self::Phrase(text) => format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
            Self::Regex(re, ignore_case) => {
                let mut pattern = String::new();
                re.write(&mut pattern);
                format!("/{}/{}", pattern.replace('/', "\\/"), if *ignore_case { "i" } else { "" })
            }
            Self::Level(levels) if dice.one_in(2) => format!("level:{levels}"),
            Self::Level(levels) => levels.as_term().to_string(),
            Self::After(time) if dice.one_in(2) => format!("after:\"{time}\""),
            Self::After(time) => format!("after:{time}"),
            Self::Before(time) => format!("before:{time}"),
            Self::Not(inner) => {
                let text = inner.part(dice);
                if dice.one_in(2) { format!("-{text}") } else { format!("not  {text}") }
            }
            Self::All(parts) => parts.iter().map(|part| part.part(dice)).collect::<Vec<_>>().join(" "),
            Self::Any(parts) => parts.iter().map(|part| part.part(dice)).collect::<Vec<_>>().join(" or "),
        }
    }

    /// In parentheses where it must be, or may.
    fn part(&self, dice: &mut Dice) -> String {
        let text = self.text(dice);
        let must = matches!(self, Self::All(_) | Self::Any(_));
        if must || dice.one_in(5) { format!("( {text})") } else { text }
    }

    pub fn is_true_of(&self, line: &Line) -> bool {
        let clean = line.clean.as_slice();
        match self {
            Self::Word(word) if word.chars().any(char::is_uppercase) => holds(clean, word.as_bytes()),
            Self::Word(word) if word.is_ascii() && clean.is_ascii() => {
                clean.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
            }
            Self::Word(word) => Re::Text(word.clone()).is_in(clean, true),
            Self::Phrase(text) => holds(clean, text.as_bytes()),
            Self::Regex(re, ignore_case) => re.is_in(clean, *ignore_case),
            Self::Level(levels) => line.level.is_some_and(|level| levels.contains(level)),
            Self::After(bound) => line.time.is_some_and(|time| time >= *bound),
            Self::Before(bound) => line.time.is_some_and(|time| time < *bound),
            Self::Not(inner) => !inner.is_true_of(line),
            Self::All(parts) => parts.iter().all(|part| part.is_true_of(line)),
            Self::Any(parts) => parts.iter().any(|part| part.is_true_of(line)),
        }
    }
}

/// One level, some, or all from one on.
pub fn levels(dice: &mut Dice) -> LevelSet {
    let one = *dice.pick(&Level::ALL);
    match dice.below(3) {
        0 => LevelSet::one(one),
        1 => LevelSet::at_least(one),
        _ => LevelSet::one(one).and(LevelSet::one(*dice.pick(&Level::ALL))),
    }
}

/// A time around which the log has lines, if it has any.
pub fn a_time(dice: &mut Dice, log: &Log) -> Stamp {
    let times: Vec<Stamp> = log.lines.iter().filter_map(|line| line.own).collect();
    if times.is_empty() {
        return Stamp::from_secs(1_600_000_000);
    }
    let shift = *dice.pick(&[0, 0, 1, -1_000_000_000, 90_000_000_000]);
    Stamp::from_nanos(dice.pick(&times).nanos() + shift)
}

fn holds(text: &[u8], needle: &[u8]) -> bool {
    needle.is_empty() || text.windows(needle.len()).any(|window| window == needle)
}

impl Re {
    fn new(dice: &mut Dice, words: &[String], depth: usize) -> Self {
        match dice.below(if depth == 0 { 7 } else { 11 }) {
            0..=2 => Self::Text(dice.pick(words).clone()),
            3 => Self::Dot,
            4 => Self::Letters { but: dice.one_in(3) },
            5 => Self::Digit,
            6 => match dice.below(3) {
                0 => Self::Boundary,
                1 => Self::Start,
                _ => Self::End,
            },
            7 | 8 => Self::Seq((0..2 + dice.below(2)).map(|_| Self::new(dice, words, depth - 1)).collect()),
            9 => Self::Either((0..2).map(|_| Self::new(dice, words, depth - 1)).collect()),
            _ => Self::Repeat(Box::new(Self::new(dice, words, depth - 1)), *dice.pick(&['*', '+', '?'])),
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Text(text) => {
                for c in text.chars() {
                    if "\\.+*?()|[]{}^$#&-~".contains(c) {
                        out.push('\\');
                    }
                    out.push(c);
                }
            }
            Self::Dot => out.push('.'),
            Self::Letters { but } => out.push_str(if *but { "[^a-f]" } else { "[a-f]" }),
            Self::Digit => out.push_str("\\d"),
            Self::Boundary => out.push_str("\\b"),
            Self::Start => out.push('^'),
            Self::End => out.push('$'),
            Self::Seq(parts) => parts.iter().for_each(|part| part.write(out)),
            Self::Either(parts) => {
                out.push_str("(?:");
                for (idx, part) in parts.iter().enumerate() {
                    if idx > 0 {
                        out.push('|');
                    }
                    part.write(out);
                }
                out.push(')');
            }
            Self::Repeat(inner, sign) => {
                let mut text = String::new();
                inner.write(&mut text);
                let _ = write!(out, "(?:{text}){sign}");
            }
        }
    }

    fn is_in(&self, text: &[u8], ignore_case: bool) -> bool {
        let everywhere = vec![true; text.len() + 1];
        self.ends(text, &everywhere, ignore_case).contains(&true)
    }

    /// Where it can end when it begins at one of `starts`.
    fn ends(&self, text: &[u8], starts: &[bool], ignore_case: bool) -> Vec<bool> {
        let one = |takes: &dyn Fn(char) -> bool| {
            let mut ends = vec![false; starts.len()];
            for start in places(starts) {
                if let Some(c) = char_at(text, start).filter(|&c| takes(c)) {
                    ends[start + c.len_utf8()] = true;
                }
            }
            ends
        };
        let folded = |c| if ignore_case { fold(c) } else { c };
        let only =
            |holds: &dyn Fn(usize) -> bool| (0..starts.len()).map(|at| starts[at] && holds(at)).collect::<Vec<_>>();
        match self {
            Self::Text(needle) => {
                let next = |starts: Vec<bool>, c: char| Self::one_char(text, &starts, &|at| folded(at) == folded(c));
                needle.chars().fold(starts.to_vec(), next)
            }
            Self::Dot => one(&|_| true),
            Self::Letters { but } => one(&|c| ('a'..='f').contains(&folded(c)) != *but),
            Self::Digit => one(&|c| c.is_ascii_digit()),
            Self::Boundary => only(&|at| {
                let before = char_before(text, at).is_some_and(is_word);
                before != char_at(text, at).is_some_and(is_word)
            }),
            Self::Start => only(&|at| at == 0),
            Self::End => only(&|at| at == text.len()),
            Self::Seq(parts) => {
                parts.iter().fold(starts.to_vec(), |starts, part| part.ends(text, &starts, ignore_case))
            }
            Self::Either(parts) => {
                let each = parts.iter().map(|part| part.ends(text, starts, ignore_case));
                each.fold(vec![false; starts.len()], |all, ends| union(&all, &ends))
            }
            Self::Repeat(inner, sign) => {
                let once = inner.ends(text, starts, ignore_case);
                let mut all = if *sign == '+' { once.clone() } else { union(starts, &once) };
                let mut last = once;
                loop {
                    if *sign == '?' {
                        break;
                    }
                    last = inner.ends(text, &last, ignore_case);
                    let more = union(&all, &last);
                    if more == all {
                        break;
                    }
                    all = more;
                }
                all
            }
        }
    }

    fn one_char(text: &[u8], starts: &[bool], takes: &dyn Fn(char) -> bool) -> Vec<bool> {
        let mut ends = vec![false; starts.len()];
        for start in places(starts) {
            if let Some(c) = char_at(text, start).filter(|&c| takes(c)) {
                ends[start + c.len_utf8()] = true;
            }
        }
        ends
    }
}

fn places(set: &[bool]) -> impl Iterator<Item = usize> {
    set.iter().enumerate().filter(|(_, is_in)| **is_in).map(|(at, _)| at)
}

fn union(a: &[bool], b: &[bool]) -> Vec<bool> {
    a.iter().zip(b).map(|(a, b)| *a || *b).collect()
}

/// The character that begins there; none where the bytes are not UTF-8.
fn char_at(text: &[u8], at: usize) -> Option<char> {
    (1..=4).find_map(|len| std::str::from_utf8(text.get(at..at + len)?).ok()?.chars().next())
}

fn char_before(text: &[u8], at: usize) -> Option<char> {
    (1..=4).find_map(|len| std::str::from_utf8(text.get(at.checked_sub(len)?..at)?).ok()?.chars().next())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Unicode's simple case folding, for the letters that occur.
fn fold(c: char) -> char {
    match c {
        '\u{212a}' => 'k',
        '\u{17f}' => 's',
        'ẞ' => 'ß',
        'ς' => 'σ',
        c => c.to_lowercase().next().unwrap_or(c),
    }
}
