//! How the matching lines of many are found: what the engine looks for over the whole of them, and what is then left to
//! check on each line that it stops at.

use std::ops::{ControlFlow, Range};

use regex_syntax::hir::Hir;
use taillight::timestamp::Stamp;

use super::node::{Line, Node};
use super::pattern::{MAX_CACHE_BYTES, Pattern, compile};
use super::searcher::Searcher;

/// How lines are found.
#[derive(Clone, Debug)]
pub(super) enum Driver {
    /// Every line is one.
    Everything,
    /// Those that the regex is in.
    With(Searcher),
    /// Those that the regex is not in.
    Without(Searcher),
    /// Those that the regex is in may be; what is left to check says.
    Candidates(Searcher, Node),
    /// The whole expression on each line.
    Walk,
}

impl Driver {
    pub(super) fn new(root: &Node) -> Self {
        if matches!(root, Node::And(nodes) if nodes.is_empty()) {
            return Self::Everything;
        }
        let mut terms = Vec::new();
        if root.one_of(&mut terms) {
            return one_regex(&terms).map_or(Self::Walk, Self::With);
        }
        terms.clear();
        if root.none_of(&mut terms) {
            return one_regex(&terms).map_or(Self::Walk, Self::Without);
        }
        match root.needed().filter(|(_, selectivity)| *selectivity > 0) {
            Some((terms, _)) => {
                one_regex(&terms).map_or(Self::Walk, |regex| Self::Candidates(regex, root.without(&terms)))
            }
            None => Self::Walk,
        }
    }

    /// Whether it goes over text by leaps and not byte by byte.
    pub(super) fn leaps(&self) -> bool {
        match self {
            Self::Everything | Self::Walk => false,
            Self::With(regex) | Self::Without(regex) | Self::Candidates(regex, _) => regex.leaps(),
        }
    }

    /// What counts the lines that match without looking at each, where that can be.
    pub(super) fn counter(&self) -> Option<&Searcher> {
        match self {
            Self::With(regex) => Some(regex),
            Self::Everything | Self::Without(_) | Self::Candidates(..) | Self::Walk => None,
        }
    }

    /// Calls `on_line` for each line of `text` that matches, in order, without its line feed. The text is whole lines;
    /// the last may lack its line feed. No text is no line. `time_of` tells the time of a line.
    pub(super) fn lines(
        &self,
        root: &Node,
        text: &[u8],
        time_of: &mut dyn FnMut(Range<usize>) -> Option<Stamp>,
        mut on_line: impl FnMut(Range<usize>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if text.is_empty() {
            return ControlFlow::Continue(());
        }
        // Without the last line feed there is no empty line after it that a pattern could match.
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        match self {
            Self::Everything => each_line(text, 0..text.len(), on_line),
            Self::With(regex) => regex.lines(text, on_line),
            Self::Without(regex) => {
                let mut next = 0;
                regex.lines(text, |line| {
                    let before = next..line.start;
                    next = line.end + 1;
                    // Nothing is before a line that follows at once; otherwise its lines, without the last line feed.
                    if before.is_empty() {
                        return ControlFlow::Continue(());
                    }
                    each_line(text, before.start..before.end - 1, &mut on_line)
                })?;
                if next > text.len() {
                    return ControlFlow::Continue(());
                }
                each_line(text, next..text.len(), on_line)
            }
            Self::Candidates(regex, rest) => regex.lines(text, |line| {
                if is_match(rest, text, &line, time_of) { on_line(line) } else { ControlFlow::Continue(()) }
            }),
            Self::Walk => each_line(text, 0..text.len(), |line| {
                if is_match(root, text, &line, time_of) { on_line(line) } else { ControlFlow::Continue(()) }
            }),
        }
    }
}

/// Whether a line of the text is so.
fn is_match(
    node: &Node,
    text: &[u8],
    line: &Range<usize>,
    time_of: &mut dyn FnMut(Range<usize>) -> Option<Stamp>,
) -> bool {
    let mut find_time = || time_of(line.clone());
    text.get(line.clone()).is_some_and(|bytes| node.is_match(&mut Line::new(bytes, &mut find_time)))
}

/// The lines of `text` in `within`, which begins at a line's start and ends before a line feed or at the end.
fn each_line(
    text: &[u8],
    within: Range<usize>,
    mut on_line: impl FnMut(Range<usize>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let mut start = within.start;
    for feed in memchr::memchr_iter(b'\n', text.get(within.clone()).unwrap_or_default()) {
        let end = within.start + feed;
        on_line(start..end)?;
        start = end + 1;
    }
    on_line(start..within.end)
}

/// One regex for all of them; `None` when it would be too large.
fn one_regex(terms: &[&Pattern]) -> Option<Searcher> {
    match terms {
        [term] => Some(term.searcher.clone()),
        terms => {
            let any = Hir::alternation(terms.iter().map(|term| term.hir().clone()).collect());
            compile(&any, MAX_CACHE_BYTES).ok().map(|regex| Searcher::new(regex, &any))
        }
    }
}
