//! A regex with the memory of its searches, for many threads at once.
//!
//! The regex keeps such memory itself, but all threads except one pay for getting it at each search; with many hits that
//! is most of the time. Here it is taken once for many lines.

use std::ops::{ControlFlow, Range};
use std::sync::{Arc, Mutex, PoisonError};

use memchr::memmem;
use needle::{ESC, Found, Needle, has_escape};
use regex_automata::Input;
use regex_automata::meta::{Cache, FindMatches, Regex};
use regex_syntax::hir::{Hir, HirKind};

use super::needle::needle_of;

/// What is shorter, in bytes, is in most lines of a log: finding lines takes longer then than looking for it.
const RARE_BYTES: usize = 3;

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
    /// As it stands.
    Text(Box<memmem::Finder<'static>>),
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

/// The lines have an escape: not all of their bytes are text.
struct Unclean;

impl Way {
    fn of(pattern: &Hir) -> Self {
        match pattern.kind() {
            // Faster than a needle where it is in many lines, and as fast where it is rare.
            HirKind::Literal(literal) => Self::Text(Box::new(memmem::Finder::new(&literal.0).into_owned())),
            _ => needle_of(pattern).map_or(Self::Regex, Self::Needle),
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
        let each = self.each::<false>(text, |from, found, end| on_line(start_of_line(text, from, found)..end));
        each.unwrap_or(ControlFlow::Continue(()))
    }

    /// In how many lines it is, unless there is an escape in them. The last of them may lack its line feed; no text is no
    /// line.
    pub(super) fn count(&self, lines: &[u8]) -> Option<u64> {
        if lines.is_empty() {
            return Some(0);
        }
        // Without the last line feed there is no empty line after it that a pattern could match.
        let text = lines.strip_suffix(b"\n").unwrap_or(lines);
        let mut n = 0;
        let each = self.each::<true>(text, |_, _, _| {
            n += 1;
            ControlFlow::Continue(())
        });
        each.ok().map(|_| n)
    }

    /// Calls `on_found` for each line of `text` that it is in: a line's start at or before it, a place in it, and its end
    /// without its line feed. A match is in one line, because it has no line feed.
    ///
    /// # Errors
    /// With `STOPS`, when there is an escape, sooner or later.
    fn each<const STOPS: bool>(
        &self,
        text: &[u8],
        mut on_found: impl FnMut(usize, usize, usize) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Unclean> {
        if STOPS && !matches!(self.0.way, Way::Needle(_)) {
            return if has_escape(Some(text)) { Err(Unclean) } else { self.each::<false>(text, on_found) };
        }
        let mut search = Search { of: &self.0, held: None };
        let mut at = 0;
        while at <= text.len() {
            let Some(found) = search.next::<STOPS>(text, at)? else { break };
            let end = end_of_line::<STOPS>(text, found)?;
            if on_found(at, found, end).is_break() {
                return Ok(ControlFlow::Break(()));
            }
            at = end + 1;
        }
        Ok(ControlFlow::Continue(()))
    }
}

impl Search<'_> {
    /// A place in the next line that it is in, of those that start at `from` or after.
    fn next<const STOPS: bool>(&mut self, text: &[u8], from: usize) -> Result<Option<usize>, Unclean> {
        let needle = match &self.of.way {
            Way::Text(finder) => {
                let found = text.get(from..).and_then(|text| finder.find(text));
                return Ok(found.map(|at| from + at + finder.needle().len()));
            }
            Way::Regex => return Ok(self.ask(text, from..text.len())),
            Way::Needle(needle) => needle,
        };
        let mut at = from;
        while at <= text.len() {
            let found = if STOPS { needle.find_clean(text, at) } else { needle.find(text, at) };
            match found {
                Found::To(end) => return Ok(Some(end)),
                Found::Nowhere => break,
                Found::Escape => return Err(Unclean),
                Found::Perhaps(place) => {
                    let line = start_of_line(text, at, place)..end_of_line::<STOPS>(text, place)?;
                    if self.ask(text, line.clone()).is_some() {
                        return Ok(Some(place));
                    }
                    at = line.end + 1;
                }
                Found::Crowded(_) if STOPS && has_escape(text.get(at..)) => return Err(Unclean),
                // It may begin before the place up to which was looked.
                Found::Crowded(place) => return Ok(self.ask(text, start_of_line(text, at, place)..text.len())),
            }
        }
        Ok(None)
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
///
/// # Errors
/// With `STOPS`, when there is an escape before that.
fn end_of_line<const STOPS: bool>(text: &[u8], place: usize) -> Result<usize, Unclean> {
    let rest = text.get(place..).unwrap_or_default();
    let found = if STOPS { memchr::memchr2(b'\n', ESC, rest) } else { memchr::memchr(b'\n', rest) };
    let end = found.map_or(text.len(), |found| place + found);
    if STOPS && text.get(end) == Some(&ESC) { Err(Unclean) } else { Ok(end) }
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
