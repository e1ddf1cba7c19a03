//! A regex with the memory of its searches, for many threads at once.
//!
//! The regex keeps such memory itself, but all threads except one pay for getting it at each search; with many hits that
//! is most of the time. Here it is taken once for many lines.

use std::ops::{ControlFlow, Range};
use std::sync::{Arc, Mutex, PoisonError};

use memchr::memmem;
use regex_automata::Input;
use regex_automata::meta::{Cache, FindMatches, Regex};
use regex_syntax::hir::{Hir, HirKind};

/// What is shorter, in bytes, is in most lines of a log: finding lines takes longer then than looking for it.
const RARE_BYTES: usize = 3;

/// A compiled regex that looks for lines. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Searcher(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    regex: Regex,
    /// What it is when it is nothing but this text: found with less around each search.
    text: Option<memmem::Finder<'static>>,
    leaps: bool,
    /// Of searches that have ended: as many as there were at once.
    caches: Mutex<Vec<Cache>>,
}

/// The memory of a search, given back when it ends.
struct Held<'a> {
    of: &'a Inner,
    cache: Option<Cache>,
}

impl Searcher {
    /// `regex` is what `pattern` was compiled to.
    pub(super) fn new(regex: Regex, pattern: &Hir) -> Self {
        let is_rare = pattern.properties().minimum_len().is_some_and(|least| least >= RARE_BYTES);
        let leaps = regex.is_accelerated() && is_rare;
        let text = match pattern.kind() {
            HirKind::Literal(literal) => Some(memmem::Finder::new(&literal.0).into_owned()),
            _ => None,
        };
        Self(Arc::new(Inner { regex, text, leaps, caches: Mutex::default() }))
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
        self.each(text, |from, found, end| {
            let before = text.get(from..found).unwrap_or_default();
            on_line(memchr::memrchr(b'\n', before).map_or(from, |feed| from + feed + 1)..end)
        })
    }

    /// In how many lines it is. The last of them may lack its line feed; no text is no line.
    pub(super) fn count(&self, lines: &[u8]) -> u64 {
        if lines.is_empty() {
            return 0;
        }
        // Without the last line feed there is no empty line after it that a pattern could match.
        let text = lines.strip_suffix(b"\n").unwrap_or(lines);
        let mut n = 0;
        let _ = self.each(text, |_, _, _| {
            n += 1;
            ControlFlow::Continue(())
        });
        n
    }

    /// Calls `on_found` for each line of `text` that it is in: a line's start at or before it, a place in it, and its end
    /// without its line feed.
    fn each(&self, text: &[u8], on_found: impl FnMut(usize, usize, usize) -> ControlFlow<()>) -> ControlFlow<()> {
        if let Some(finder) = &self.0.text {
            let n_bytes = finder.needle().len();
            let find = |at: usize| Some(at + finder.find(text.get(at..)?)? + n_bytes);
            return each_line(text, find, on_found);
        }
        let mut held = Held::new(&self.0);
        let Some(cache) = &mut held.cache else { return ControlFlow::Continue(()) };
        let find = |at: usize| {
            let input = Input::new(text).span(at..text.len()).earliest(true);
            Some(self.0.regex.search_half_with(cache, &input)?.offset())
        };
        each_line(text, find, on_found)
    }
}

/// As [`Searcher::each`]. `find` tells where the first match from a place on ends: that is in the line that it is in, because
/// a match has no line feed.
fn each_line(
    text: &[u8],
    mut find: impl FnMut(usize) -> Option<usize>,
    mut on_found: impl FnMut(usize, usize, usize) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut at = 0;
    while at <= text.len() {
        let Some(found) = find(at) else { break };
        let rest = text.get(found..).unwrap_or_default();
        let end = found + memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        on_found(at, found, end)?;
        at = end + 1;
    }
    ControlFlow::Continue(())
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
