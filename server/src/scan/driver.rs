//! How the matching lines of many are found: what the engine looks for over the whole of them, and what is then left to
//! check on each line that it stops at.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use regex_syntax::hir::Hir;

use super::pattern::{MAX_CACHE_BYTES, Pattern, compile};
use super::searcher::Searcher;

/// What a line must be. `Not` stands only before a term.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Term(Arc<Pattern>),
    Not(Arc<Pattern>),
    /// Without any: true.
    And(Vec<Node>),
    Or(Vec<Node>),
}

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

impl Node {
    pub(super) fn is_match(&self, line: &[u8]) -> bool {
        match self {
            Self::Term(term) => term.searcher.is_in(line),
            Self::Not(term) => !term.searcher.is_in(line),
            Self::And(all) => all.iter().all(|node| node.is_match(line)),
            Self::Or(any) => any.iter().any(|node| node.is_match(line)),
        }
    }

    /// Whether a carriage return at the end of a line may make a difference.
    pub(super) fn sees_returns(&self) -> bool {
        match self {
            Self::Term(term) | Self::Not(term) => term.sees_returns(),
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().any(Self::sees_returns),
        }
    }

    /// The terms that make a line match by being in it.
    pub(super) fn positive<'a>(&'a self, out: &mut Vec<&'a Arc<Pattern>>) {
        match self {
            Self::Term(term) => out.push(term),
            Self::Not(_) => {}
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().for_each(|node| node.positive(out)),
        }
    }

    /// Terms of which one at least is in the line, when that is all there is to it.
    fn one_of<'a>(&'a self, out: &mut Vec<&'a Pattern>) -> bool {
        match self {
            Self::Term(term) => {
                out.push(term);
                true
            }
            Self::Or(nodes) => nodes.iter().all(|node| node.one_of(out)),
            Self::And(nodes) => nodes.len() == 1 && nodes.iter().all(|node| node.one_of(out)),
            Self::Not(_) => false,
        }
    }

    /// Terms of which none is in the line, when that is all there is to it.
    fn none_of<'a>(&'a self, out: &mut Vec<&'a Pattern>) -> bool {
        match self {
            Self::Not(term) => {
                out.push(term);
                true
            }
            Self::And(nodes) => nodes.iter().all(|node| node.none_of(out)),
            Self::Or(nodes) => nodes.len() == 1 && nodes.iter().all(|node| node.none_of(out)),
            Self::Term(_) => false,
        }
    }

    /// The terms of which a line must have one to match, with how selective they are: the best choice there is.
    fn needed(&self) -> Option<(Vec<&Pattern>, usize)> {
        match self {
            Self::Term(term) => Some((vec![term], term.selectivity())),
            Self::Not(_) => None,
            Self::And(nodes) => nodes.iter().filter_map(Self::needed).max_by_key(|(_, selectivity)| *selectivity),
            Self::Or(nodes) => nodes.iter().try_fold((Vec::new(), usize::MAX), |(mut terms, least), node| {
                let (more, selectivity) = node.needed()?;
                terms.extend(more);
                Some((terms, least.min(selectivity)))
            }),
        }
    }
}

impl Node {
    /// What is left to check of a line that is known to have one of `terms`.
    fn without(&self, terms: &[&Pattern]) -> Self {
        let Self::And(nodes) = self else { return self.clone() };
        let is_known = |node: &&Self| {
            let mut of = Vec::new();
            let is_one_of = node.one_of(&mut of);
            is_one_of && of.len() == terms.len() && of.iter().zip(terms).all(|(a, b)| std::ptr::eq(*a, *b))
        };
        Self::And(nodes.iter().filter(|node| !is_known(node)).cloned().collect())
    }
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

    /// Calls `on_line` for each line of `text` that matches, in order, without its line feed. The text is whole lines;
    /// the last may lack its line feed. No text is no line.
    pub(super) fn lines(
        &self,
        root: &Node,
        text: &[u8],
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
                let is_match = text.get(line.clone()).is_some_and(|bytes| rest.is_match(bytes));
                if is_match { on_line(line) } else { ControlFlow::Continue(()) }
            }),
            Self::Walk => each_line(text, 0..text.len(), |line| {
                let is_match = text.get(line.clone()).is_some_and(|bytes| root.is_match(bytes));
                if is_match { on_line(line) } else { ControlFlow::Continue(()) }
            }),
        }
    }
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
            compile(&any, MAX_CACHE_BYTES).ok().map(Searcher::new)
        }
    }
}
