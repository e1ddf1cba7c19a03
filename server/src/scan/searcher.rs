//! A regex with the memory of its searches, for many threads at once.
//!
//! The regex keeps such memory itself, but all threads except one pay for getting it at each search; with many hits that
//! is most of the time. Here it is taken once for many lines.

use std::ops::{ControlFlow, Range};
use std::sync::{Arc, Mutex, PoisonError};

use memchr::memmem;
use needle::{Found, Needle, has_escape};
use regex_automata::Input;
use regex_automata::meta::{Cache, FindMatches, Regex};
use regex_syntax::hir::{Hir, HirKind};

use super::needle::needle_of;

/// What is shorter, in bytes, is in most lines of a log: finding lines takes longer then than looking for it.
const RARE_BYTES: usize = 3;

/// How many lines may be asked by the regex before it is asked how many bytes they were in, and in how many each may be.
const FEW: usize = 16;
const BYTES_FOR_EACH: usize = 4 * 1024;

/// A compiled regex that looks for lines. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Searcher(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    regex: Regex,
    way: Way,
    leaps: bool,
    /// Of searches that have ended: as many as there were at once.
    caches: Mutex<Vec<Cache>>,
}

/// How it is looked for in many lines: what is nothing but a text is found with less around each search than by the regex.
#[derive(Debug)]
enum Way {
    /// As it stands. Lines are counted by the needle, where there is one.
    Text(Box<(memmem::Finder<'static>, Option<Needle>)>),
    /// In any case.
    Needle(Needle),
    Regex,
}

/// The memory of a search, given back when it ends.
struct Held<'a> {
    of: &'a Inner,
    cache: Option<Cache>,
}

/// A search through some lines.
struct Search<'a> {
    of: &'a Inner,
    /// Taken when the regex is asked first.
    held: Option<Held<'a>>,
}

impl Way {
    fn of(pattern: &Hir) -> Self {
        match (pattern.kind(), needle_of(pattern)) {
            // Faster than a needle, which is for lines that it is not in, where it is in many.
            (HirKind::Literal(literal), needle) => {
                Self::Text(Box::new((memmem::Finder::new(&literal.0).into_owned(), needle)))
            }
            (_, needle) => needle.map_or(Self::Regex, Self::Needle),
        }
    }

    /// What counts lines, if there is such a thing.
    fn needle(&self) -> Option<&Needle> {
        match self {
            Self::Text(ways) => ways.1.as_ref(),
            Self::Needle(needle) => Some(needle),
            Self::Regex => None,
        }
    }
}

impl Searcher {
    /// `regex` is what `pattern` was compiled to.
    pub(super) fn new(regex: Regex, pattern: &Hir) -> Self {
        let is_rare = pattern.properties().minimum_len().is_some_and(|least| least >= RARE_BYTES);
        let leaps = regex.is_accelerated() && is_rare;
        Self(Arc::new(Inner { regex, way: Way::of(pattern), leaps, caches: Mutex::default() }))
    }

    /// Whether it is in the line.
    pub(super) fn is_in(&self, line: &[u8]) -> bool {
        self.0.regex.search_half(&Input::new(line).earliest(true)).is_some()
    }

    /// Whether it goes by leaps: texts that must be there are looked for, and they are not in most lines.
    pub(super) fn leaps(&self) -> bool {
        self.0.leaps
    }

    /// Where it is in a line.
    pub(super) fn find_iter<'r, 'h>(&'r self, line: Input<'h>) -> FindMatches<'r, 'h> {
        self.0.regex.find_iter(line)
    }

    /// The memory that it takes without that of searches, in bytes.
    pub(super) fn memory(&self) -> usize {
        self.0.regex.memory_usage()
    }

    /// Calls `on_line` for each line of `text` that it is in, without its line feed.
    pub(super) fn lines(
        &self,
        text: &[u8],
        mut on_line: impl FnMut(Range<usize>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.each(text, |from, found, end| on_line(start_of_line(text, from, found)..end))
    }

    /// In how many lines it is, unless there is an escape in them. The last of them may lack its line feed; no text is no
    /// line.
    pub(super) fn count(&self, lines: &[u8]) -> Option<u64> {
        if lines.is_empty() {
            return Some(0);
        }
        // Without the last line feed there is no empty line after it that a pattern could match.
        let text = lines.strip_suffix(b"\n").unwrap_or(lines);
        let (mut n_lines, mut at, mut n_asked) = (0, 0, 0);
        if let Some(needle) = self.0.way.needle() {
            let mut search = Search { of: &self.0, held: None };
            loop {
                let (n, found) = needle.count_lines(text, at);
                n_lines += n;
                match found {
                    Found::Nowhere => return Some(n_lines),
                    Found::Escape => return None,
                    // Each walk begins with a look at a few KiB: where it ends soon again and again, the rest is counted otherwise.
                    Found::Perhaps(place) if n_asked > FEW + at / BYTES_FOR_EACH => {
                        at = start_of_line(text, at, place);
                        break;
                    }
                    Found::Perhaps(place) => {
                        n_asked += 1;
                        let line = start_of_line(text, at, place)..end_of_line(text, place);
                        if has_escape(text.get(line.clone())) {
                            return None;
                        }
                        n_lines += u64::from(search.ask(text, line.clone()).is_some());
                        at = line.end + 1;
                    }
                    // The rest is counted otherwise. It may begin before the place up to which was looked.
                    Found::Crowded(place) | Found::To(place) => {
                        at = start_of_line(text, at, place);
                        break;
                    }
                }
            }
        }
        let rest = text.get(at..)?;
        if has_escape(Some(rest)) {
            return None;
        }
        let _ = self.each(rest, |_, _, _| {
            n_lines += 1;
            ControlFlow::Continue(())
        });
        Some(n_lines)
    }

    /// Calls `on_found` for each line of `text` that it is in: a line's start at or before it, a place in it, and its end
    /// without its line feed. A match is in one line, because it has no line feed.
    fn each(&self, text: &[u8], mut on_found: impl FnMut(usize, usize, usize) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut search = Search { of: &self.0, held: None };
        let mut at = 0;
        while at <= text.len() {
            let Some(found) = search.next(text, at) else { break };
            let end = end_of_line(text, found);
            on_found(at, found, end)?;
            at = end + 1;
        }
        ControlFlow::Continue(())
    }
}

impl Search<'_> {
    /// A place in the next line that it is in, of those that start at `from` or after.
    fn next(&mut self, text: &[u8], from: usize) -> Option<usize> {
        let needle = match &self.of.way {
            Way::Text(ways) => {
                let finder = &ways.0;
                let found = finder.find(text.get(from..)?)?;
                return Some(from + found + finder.needle().len());
            }
            Way::Regex => return self.ask(text, from..text.len()),
            Way::Needle(needle) => needle,
        };
        let mut at = from;
        while at <= text.len() {
            match needle.find(text, at) {
                Found::To(end) => return Some(end),
                Found::Nowhere | Found::Escape => break,
                Found::Perhaps(place) => {
                    let line = start_of_line(text, at, place)..end_of_line(text, place);
                    if self.ask(text, line.clone()).is_some() {
                        return Some(place);
                    }
                    at = line.end + 1;
                }
                // It may begin before the place up to which was looked.
                Found::Crowded(place) => return self.ask(text, start_of_line(text, at, place)..text.len()),
            }
        }
        None
    }

    /// Where the first match of the regex in a part ends.
    fn ask(&mut self, text: &[u8], within: Range<usize>) -> Option<usize> {
        let of = self.of;
        let cache = self.held.get_or_insert_with(|| Held::new(of)).cache.as_mut()?;
        Some(of.regex.search_half_with(cache, &Input::new(text).span(within).earliest(true))?.offset())
    }
}

/// Where the line begins that a place is in, `from` being a line's start before it.
fn start_of_line(text: &[u8], from: usize, place: usize) -> usize {
    let before = text.get(from..place).unwrap_or_default();
    memchr::memrchr(b'\n', before).map_or(from, |feed| from + feed + 1)
}

/// Where the line ends that a place is in, without its line feed.
fn end_of_line(text: &[u8], place: usize) -> usize {
    let rest = text.get(place..).unwrap_or_default();
    memchr::memchr(b'\n', rest).map_or(text.len(), |feed| place + feed)
}

impl<'a> Held<'a> {
    fn new(of: &'a Inner) -> Self {
        let cache = of.caches.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Self { of, cache: Some(cache.unwrap_or_else(|| of.regex.create_cache())) }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(cache) = self.cache.take() {
            self.of.caches.lock().unwrap_or_else(PoisonError::into_inner).push(cache);
        }
    }
}
