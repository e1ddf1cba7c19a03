//! What a line must be, compiled: asked of one line at a time, the cheap questions first.

use std::sync::Arc;

use taillight::level::{Level, LevelSet};
use taillight::timestamp::Stamp;

use super::facts::BlockFacts;
use super::pattern::Pattern;

/// What a line must be. `Not` stands only before a term.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Term(Arc<Pattern>),
    Not(Arc<Pattern>),
    /// Whether it is one of these levels; a line without a level is none of any.
    Level {
        levels: LevelSet,
        is_one: bool,
    },
    /// How it stands to a point in time.
    Time {
        bound: Stamp,
        order: Order,
    },
    /// Without any: true.
    And(Vec<Node>),
    Or(Vec<Node>),
}

/// How a line stands to a point in time. One without a time stands nowhere: it is neither from it on nor before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    From,
    Before,
    NotFrom,
    NotBefore,
}

/// What can be asked of a line. What costs something is found out when it is asked first.
pub(super) struct Line<'a, 't> {
    /// Without escapes and line end.
    text: &'a [u8],
    level: Option<Option<Level>>,
    time: Option<Option<Stamp>>,
    find_time: &'t mut dyn FnMut() -> Option<Stamp>,
}

impl<'a, 't> Line<'a, 't> {
    /// A line of that text; `find_time` tells its time.
    pub(super) fn new(text: &'a [u8], find_time: &'t mut dyn FnMut() -> Option<Stamp>) -> Self {
        Self { text, level: None, time: None, find_time }
    }

    fn level(&mut self) -> Option<Level> {
        *self.level.get_or_insert_with(|| Level::of(self.text))
    }

    fn time(&mut self) -> Option<Stamp> {
        *self.time.get_or_insert_with(|| (self.find_time)())
    }
}

impl Order {
    /// What is true of a line where this is not.
    pub(super) const fn negated(self) -> Self {
        match self {
            Self::From => Self::NotFrom,
            Self::Before => Self::NotBefore,
            Self::NotFrom => Self::From,
            Self::NotBefore => Self::Before,
        }
    }

    fn is_true(self, time: Option<Stamp>, bound: Stamp) -> bool {
        match self {
            Self::From => time.is_some_and(|time| time >= bound),
            Self::Before => time.is_some_and(|time| time < bound),
            Self::NotFrom => time.is_none_or(|time| time < bound),
            Self::NotBefore => time.is_none_or(|time| time >= bound),
        }
    }
}

impl Node {
    /// All of them; what is cheap to ask stands first.
    pub(super) fn all(mut nodes: Vec<Self>) -> Self {
        nodes.sort_by_key(Self::cost);
        Self::And(nodes)
    }

    /// One of them at least; what is cheap to ask stands first.
    pub(super) fn any(mut nodes: Vec<Self>) -> Self {
        nodes.sort_by_key(Self::cost);
        Self::Or(nodes)
    }

    pub(super) fn is_match(&self, line: &mut Line<'_, '_>) -> bool {
        match self {
            Self::Term(term) => term.searcher.is_in(line.text),
            Self::Not(term) => !term.searcher.is_in(line.text),
            Self::Level { levels, is_one } => line.level().is_some_and(|level| levels.contains(level)) == *is_one,
            Self::Time { bound, order } => order.is_true(line.time(), *bound),
            Self::And(all) => all.iter().all(|node| node.is_match(line)),
            Self::Or(any) => any.iter().any(|node| node.is_match(line)),
        }
    }

    /// Whether a line of a block with these facts may be so. Of text they tell nothing.
    pub(super) fn may_match(&self, facts: &BlockFacts) -> bool {
        match self {
            Self::Term(_) | Self::Not(_) => true,
            Self::Level { levels, is_one: true } => levels.meets(facts.levels),
            Self::Level { levels, is_one: false } => {
                facts.has_unknown || facts.levels.iter().any(|level| !levels.contains(level))
            }
            Self::Time { bound, order } => {
                let (first, last) = facts.times;
                match order {
                    Order::From => last >= *bound && first <= last,
                    Order::Before => first < *bound && first <= last,
                    Order::NotFrom => facts.has_untimed || first < *bound,
                    Order::NotBefore => facts.has_untimed || (last >= *bound && first <= last),
                }
            }
            Self::And(all) => all.iter().all(|node| node.may_match(facts)),
            Self::Or(any) => any.iter().any(|node| node.may_match(facts)),
        }
    }

    /// Times may have to be looked for above the line.
    fn cost(&self) -> u8 {
        match self {
            Self::Term(_) | Self::Not(_) => 0,
            Self::Level { .. } => 1,
            Self::Time { .. } => 2,
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().map(Self::cost).max().unwrap_or(0),
        }
    }

    /// Whether the time of a line may make a difference.
    pub(super) fn asks_time(&self) -> bool {
        match self {
            Self::Time { .. } => true,
            Self::Term(_) | Self::Not(_) | Self::Level { .. } => false,
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().any(Self::asks_time),
        }
    }

    /// Whether a carriage return at the end of a line may make a difference.
    pub(super) fn sees_returns(&self) -> bool {
        match self {
            Self::Term(term) | Self::Not(term) => term.sees_returns(),
            Self::Level { .. } | Self::Time { .. } => true,
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().any(Self::sees_returns),
        }
    }

    /// The terms that make a line match by being in it.
    pub(super) fn positive<'a>(&'a self, out: &mut Vec<&'a Arc<Pattern>>) {
        match self {
            Self::Term(term) => out.push(term),
            Self::Not(_) | Self::Level { .. } | Self::Time { .. } => {}
            Self::And(nodes) | Self::Or(nodes) => nodes.iter().for_each(|node| node.positive(out)),
        }
    }

    /// Terms of which one at least is in the line, when that is all there is to it.
    pub(super) fn one_of<'a>(&'a self, out: &mut Vec<&'a Pattern>) -> bool {
        match self {
            Self::Term(term) => {
                out.push(term);
                true
            }
            Self::Or(nodes) => nodes.iter().all(|node| node.one_of(out)),
            Self::And(nodes) => nodes.len() == 1 && nodes.iter().all(|node| node.one_of(out)),
            Self::Not(_) | Self::Level { .. } | Self::Time { .. } => false,
        }
    }

    /// Terms of which none is in the line, when that is all there is to it.
    pub(super) fn none_of<'a>(&'a self, out: &mut Vec<&'a Pattern>) -> bool {
        match self {
            Self::Not(term) => {
                out.push(term);
                true
            }
            Self::And(nodes) => nodes.iter().all(|node| node.none_of(out)),
            Self::Or(nodes) => nodes.len() == 1 && nodes.iter().all(|node| node.none_of(out)),
            Self::Term(_) | Self::Level { .. } | Self::Time { .. } => false,
        }
    }

    /// The terms of which a line must have one to match, with how selective they are: the best choice there is.
    pub(super) fn needed(&self) -> Option<(Vec<&Pattern>, usize)> {
        match self {
            Self::Term(term) => Some((vec![term], term.selectivity())),
            Self::Not(_) | Self::Level { .. } | Self::Time { .. } => None,
            Self::And(nodes) => nodes.iter().filter_map(Self::needed).max_by_key(|(_, selectivity)| *selectivity),
            Self::Or(nodes) => nodes.iter().try_fold((Vec::new(), usize::MAX), |(mut terms, least), node| {
                let (more, selectivity) = node.needed()?;
                terms.extend(more);
                Some((terms, least.min(selectivity)))
            }),
        }
    }

    /// What is left to check of a line that is known to have one of `terms`.
    pub(super) fn without(&self, terms: &[&Pattern]) -> Self {
        let Self::And(nodes) = self else { return self.clone() };
        let is_known = |node: &&Self| {
            let mut of = Vec::new();
            let is_one_of = node.one_of(&mut of);
            is_one_of && of.len() == terms.len() && of.iter().zip(terms).all(|(a, b)| std::ptr::eq(*a, *b))
        };
        Self::And(nodes.iter().filter(|node| !is_known(node)).cloned().collect())
    }
}
