//! What matches, said in the plainest way; and nasty files and queries.

use std::io;
use std::sync::Mutex;

use proptest::prelude::*;
use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use taillight::ansi;
use taillight::cursor::Identity;
use taillight::level::Level;
use taillight::line::ByteOffset;
use taillight::query::{self, Matcher, Term};
use taillight::timestamp::Stamp;
use tokio::sync::watch;

use super::super::Hit;
use super::super::units::Sizes;
use crate::dates::{Dates, Learned};
use crate::source::Source;
use crate::testing::copy_from;

/// The lines of `bytes`: start, end, whether finished.
pub(in crate::scan) fn lines(bytes: &[u8]) -> Vec<Hit> {
    let mut lines = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let feed = bytes[start..].iter().position(|&byte| byte == b'\n');
        let end = feed.map_or(bytes.len(), |feed| start + feed + 1);
        lines.push(Hit {
            start: ByteOffset::new(start as u64),
            end: ByteOffset::new(end as u64),
            finished: feed.is_some(),
        });
        start = end;
    }
    lines
}

/// The lines of `bytes` that match the query.
pub(in crate::scan) fn matching(text: &str, bytes: &[u8], sizes: Sizes) -> Vec<Hit> {
    let query = query::parse(text).unwrap();
    let dates = Dates::of_stream((b"", false), None);
    let mut timed = None;
    let is_match = |hit: &Hit| {
        let line = &bytes[hit.start.get() as usize..hit.end.get() as usize];
        let text = plain(line, sizes.line);
        timed = dates.time(&text).map(|time| (hit.start.get(), time)).or(timed);
        let time = timed.filter(|(start, _)| hit.start.get() - start <= sizes.reach).map(|(_, time)| time);
        query.check(&mut OneLine { text, time })
    };
    lines(bytes).into_iter().filter(is_match).collect()
}

/// The text of one line as a query sees it.
pub(in crate::scan) fn plain(line: &[u8], limit: usize) -> Vec<u8> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let mut text = Vec::new();
    ansi::plain(&line[..limit.min(line.len())], &mut text);
    text
}

struct OneLine {
    text: Vec<u8>,
    time: Option<Stamp>,
}

impl Matcher for OneLine {
    fn is_match(&mut self, term: &Term) -> bool {
        match term {
            // The words of these tests are such that this is what their case is.
            Term::Word(word) if !term.ignores_case() => contains(&self.text, word.as_bytes()),
            Term::Word(word) => contains(&lower(&self.text), &lower(word.as_bytes())),
            Term::Phrase(phrase) => contains(&self.text, phrase.as_bytes()),
            Term::Regex { pattern, ignore_case } => on_one_line(pattern, *ignore_case).is_match(&self.text),
            other => panic!("{other:?}"),
        }
    }

    fn level(&mut self) -> Option<Level> {
        Level::of(&self.text)
    }

    fn time(&mut self) -> Option<Stamp> {
        self.time
    }
}

/// The regex as it stands, for a single line.
pub(super) fn on_one_line(pattern: &str, ignore_case: bool) -> Regex {
    let syntax = syntax::Config::new().utf8(false).multi_line(true).case_insensitive(ignore_case);
    Regex::builder().syntax(syntax).configure(Regex::config().utf8_empty(false)).build(pattern).unwrap()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

fn lower(text: &[u8]) -> Vec<u8> {
    text.utf8_chunks()
        .flat_map(|chunk| [chunk.valid().to_lowercase().into_bytes(), chunk.invalid().to_vec()].concat())
        .collect()
}

const PARTS: [&[u8]; 28] = [
    b"foo",
    b"Foo",
    b"bar",
    b"fo\x1b[1mo",
    b"o b",
    b"x",
    b"xxxxxxxxxxxxx",
    b" ",
    b"\n",
    b"\n",
    b"\n\n",
    b"\r\n",
    b"\r\n",
    b"\r",
    b"\x1b[31m",
    b"\x1b[0m",
    b"\x1b",
    b"\0",
    b"\xff",
    "é".as_bytes(),
    "É".as_bytes(),
    b"\xc3",
    b"2026-11-22T09:00:00Z ",
    b"\n2026-11-22T10:00:00Z x",
    b"\n2026-11-22T11:00:00Z",
    b"\nERROR foo",
    b"\n[warn] x",
    b"\n<3>",
];

pub(super) const TERMS: [&str; 35] = [
    "foo",
    "Foo",
    "bar",
    "é",
    "fé",
    "\"o b\"",
    "/^foo/",
    "/o$/",
    "/^$/",
    "/(?:)/",
    "/fo+b?/",
    "/[^x]/",
    r"/\s/",
    r"/\bfoo\b/",
    r"/\Afoo/",
    r"/x\z/",
    "/é/i",
    r"/(?s)o.b/",
    r"/(?s-u)o.b/",
    r"/\W/",
    "/foo|^bar$/",
    r"/(?-u:\xff)/",
    r"/\x00+/",
    r"/\n/",
    r"/[\n]?x/",
    r"/\B/",
    r"/x{3,5}(o|$)/",
    r"/r\r/",
    r"/^\s*$/",
    r"/(^|o)b(a|$)/i",
    "level:error",
    "level>=warn",
    "after:2026-11-22T10:00:00Z",
    "before:2026-11-22T10:30:00Z",
    "before:2026-11-22T09:00:00Z",
];

pub(in crate::scan) fn file() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(&PARTS[..]), 0..40).prop_map(|parts| parts.concat())
}

pub(in crate::scan) fn query_text() -> impl Strategy<Value = String> {
    let term = prop::sample::select(&TERMS[..]).prop_map(str::to_owned);
    term.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|text| format!("-({text})")),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|all| format!("({})", all.join(" "))),
            prop::collection::vec(inner, 2..4).prop_map(|any| format!("({})", any.join(" or "))),
        ]
    })
}

/// Small sizes; a read holds no line that is too long, as with the usual ones.
pub(in crate::scan) fn sizes() -> impl Strategy<Value = Sizes> {
    let usual = (2_usize..60, 1_usize..12, 1_usize..12, 0_usize..12, 1_usize..4, 1_u64..30, 1_u64..60, 0_u64..90);
    (usual, 0_u64..90).prop_map(|((line, first, read, piece, tail, step, span, reach), near)| {
        let (first_read, read) = (first.min(line), read.min(line));
        let left = (line + read.max(tail)) as u64;
        Sizes { line, first_read, read, piece, tail, step, span, near, reach, left }
    })
}

/// Bytes that grow.
#[derive(Debug)]
pub(in crate::scan) struct Growing {
    bytes: Mutex<Vec<u8>>,
    learned: Learned,
}

impl Growing {
    pub(in crate::scan) fn new(bytes: &[u8]) -> Self {
        Self { bytes: Mutex::new(bytes.to_vec()), learned: Learned::nothing() }
    }

    pub(in crate::scan) fn set(&self, bytes: &[u8]) {
        *self.bytes.lock().unwrap() = bytes.to_vec();
    }
}

impl Source for Growing {
    fn len(&self) -> io::Result<ByteOffset> {
        Ok(ByteOffset::new(self.bytes.lock().unwrap().len() as u64))
    }

    fn read_at(&self, buf: &mut [u8], at: ByteOffset) -> io::Result<usize> {
        Ok(copy_from(&self.bytes.lock().unwrap(), buf, at))
    }

    fn identity(&self) -> io::Result<Identity> {
        Ok(Identity { inode: 0, born_ns: 0, head_len: 0, head_hash: 0 })
    }

    fn is_same(&self, _seen: &Identity) -> io::Result<bool> {
        Ok(true)
    }

    /// Runs of zeros are holes.
    fn next_data(&self, from: ByteOffset) -> io::Result<ByteOffset> {
        let bytes = self.bytes.lock().unwrap();
        let rest = bytes.get(from.get() as usize..).unwrap_or_default();
        let zeros = rest.iter().take_while(|&&byte| byte == 0).count();
        Ok(ByteOffset::new(from.get() + zeros as u64))
    }

    fn hole_before(&self, to: ByteOffset) -> io::Result<ByteOffset> {
        let bytes = self.bytes.lock().unwrap();
        let before = bytes.get(..to.get() as usize).unwrap_or_default();
        let zeros = before.iter().rev().take_while(|&&byte| byte == 0).count();
        Ok(ByteOffset::new(to.get() - zeros as u64))
    }

    fn next_hole(&self, from: ByteOffset) -> io::Result<ByteOffset> {
        let bytes = self.bytes.lock().unwrap();
        let rest = bytes.get(from.get() as usize..).unwrap_or_default();
        // Asked for each read: it has to be quick also where tests are not optimised.
        let data = memchr::memchr(0, rest).unwrap_or(rest.len());
        Ok(ByteOffset::new(from.get() + data as u64))
    }

    fn lengths(&self) -> watch::Receiver<ByteOffset> {
        watch::Sender::new(self.len().unwrap()).subscribe()
    }

    /// What a file that grows teaches would be another thing each time.
    fn learned(&self) -> Option<&Learned> {
        Some(&self.learned)
    }
}
