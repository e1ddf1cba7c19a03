//! The query language: which lines are shown or counted.
//!
//! ```text
//! query  = [ any ]                        an empty query is true of every line
//! any    = all { "or" all }
//! all    = one { one }
//! one    = ( "-" | "not" ) one | "(" any ")" | term
//! term   = word | phrase | regex | name ":" value | name ">=" value
//! ```
//!
//! `-` is "not" at the start of a term, before what is no blank and no `)`; elsewhere it is a character. Parentheses
//! group wherever they stand outside of quotes and slashes; `or` and `not` are operators unless quoted. What a term
//! is, its first characters say: see [`term`](mod@term) and [`named`](mod@named), which is the rule for colons.
//!
//! Nothing is matched here: [`Query::check`] asks a [`Matcher`], and compares levels and times itself. Times that need a
//! clock or a zone are made points in time before that, by [`Query::resolved`].
//!
//! Fields are read and printed, but nothing answers them yet: [`parse_usable`] refuses them where they stand.

mod boxes;
mod chips;
mod named;
mod narrow;
mod parse;
mod print;
mod term;

use std::fmt;
use std::ops::Range;

pub use boxes::{Side, toggle_case, toggle_find_case, toggle_find_regex, toggle_regex, with_term};
pub use chips::{chips, with_chip, with_inverted_chip, without_chip};
pub use narrow::{BadNarrow, Narrow};
pub use parse::{check_length, check_pattern, locate, parse, parse_find, parse_lenient, parse_usable};

use crate::level::{Level, LevelSet};
use crate::timestamp::{Stamp, TimeExpr, Zone};

/// The longest query that is read at all, in bytes: the address of a page holds a filter and a find term of that length,
/// each byte escaped. A server may take less: [`check_pattern`].
pub const MAX_QUERY_BYTES: usize = 4_096;

/// The longest query where nothing else is set, in bytes.
pub const QUERY_BYTES: usize = 1_000;

/// How deep parentheses and negations go.
pub const MAX_NESTING: usize = 50;

/// A query: which lines match. `Display` prints it in the one way that all queries of this tree have; [`parse`] of
/// that is this query again, or, for a tree that no text has, one that means the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Query {
    /// What a line must be; `None` matches every line.
    pub root: Option<Expr>,
}

/// A part of a query.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expr {
    /// What stands in the line, or what is true of it.
    Term(Term),
    /// The line is not that.
    Not(Box<Expr>),
    /// All of them; two or more, none of them such a list itself.
    And(Vec<Expr>),
    /// One of them at least; two or more, none of them such a list itself.
    Or(Vec<Expr>),
}

/// What stands in a line, or what is true of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Term {
    /// A text in either case, unless it has an upper-case letter (Unicode).
    Word(String),
    /// Exactly this text.
    Phrase(String),
    /// A regular expression in Rust's syntax.
    Regex {
        /// Its text, without the slashes; `\\/` stands for a slash.
        pattern: String,
        /// Whether it has an `i` after it.
        ignore_case: bool,
    },
    /// The line has one of these levels.
    Level(LevelSet),
    /// The line is not before this time.
    After(TimeExpr),
    /// The line is before this time.
    Before(TimeExpr),
    /// What a field of a structured line is.
    Field {
        /// The field.
        name: String,
        /// What it is.
        test: FieldTest,
    },
}

/// What a field of a structured line is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FieldTest {
    /// It is there.
    Exists,
    /// It is this number or more, as it was written.
    AtLeast(String),
    /// A word, a phrase or a regular expression for its value.
    Matches(Box<Term>),
}

/// Why a text is no query. `Display` is for the user: lower case, and it says what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong, in bytes of the text, on the boundaries of its characters; empty where something is missing.
    pub span: Range<usize>,
    /// What is wrong with it.
    pub message: String,
}

/// Answers for one line whether a term is true of it.
pub trait Matcher {
    /// Whether a term about text, or about a field, is true of it. Asked in the order of the query, and only while the
    /// answer matters.
    fn is_match(&mut self, term: &Term) -> bool;

    /// Its level. Asked for each term about levels that matters.
    fn level(&mut self) -> Option<Level>;

    /// Its time: its own, or that of the nearest line with a time above it. Asked for each term about times that matters.
    fn time(&mut self) -> Option<Stamp>;
}

impl Query {
    /// True of every line.
    pub const EVERYTHING: Self = Self { root: None };

    /// Whether it was empty: true of every line.
    pub const fn is_everything(&self) -> bool {
        self.root.is_none()
    }

    /// Whether the line that `matcher` knows matches.
    pub fn check(&self, matcher: &mut impl Matcher) -> bool {
        self.root.as_ref().is_none_or(|root| root.check(matcher))
    }

    /// The query with all its times as points in time, for somebody whose clock says `now` in this zone. Only such a
    /// query finds times, and two of them that are equal find the same lines.
    pub fn resolved(self, now: Stamp, zone: &Zone) -> Self {
        // From 22:00 to 23:00, said at three in the night, is an hour of yesterday.
        let yesterday = |term: &Term| match term {
            Term::After(time) => Some(time.resolve(now, zone)).filter(|from| *from < time.resolve_end(now, zone)),
            _ => None,
        };
        let from = self.terms().into_iter().filter_map(yesterday).max();
        let end = |time: TimeExpr| {
            let last = time.resolve(now, zone);
            if from.is_some_and(|from| from < last) { last } else { time.resolve_end(now, zone) }
        };
        let root = self.root.and_then(|root| {
            root.replace(&mut |term| {
                Some(Expr::Term(match term {
                    Term::After(time) => Term::After(TimeExpr::at(time.resolve(now, zone))),
                    Term::Before(time) => Term::Before(TimeExpr::at(end(time))),
                    term => term,
                }))
            })
        });
        Self { root }
    }

    /// Its terms, in their order.
    pub fn terms(&self) -> Vec<&Term> {
        let mut terms = Vec::new();
        if let Some(root) = &self.root {
            root.collect(&mut terms);
        }
        terms
    }

    /// The query without the terms that `keep` does not want, negated ones too: what is left stays in force.
    pub fn retain(self, keep: &mut dyn FnMut(&Term) -> bool) -> Self {
        Self { root: self.root.and_then(|root| root.replace(&mut |term| keep(&term).then_some(Expr::Term(term)))) }
    }
}

impl Expr {
    fn check(&self, matcher: &mut impl Matcher) -> bool {
        match self {
            Self::Term(term) => term.check(matcher),
            Self::Not(inner) => !inner.check(matcher),
            Self::And(parts) => parts.iter().all(|part| part.check(matcher)),
            Self::Or(parts) => parts.iter().any(|part| part.check(matcher)),
        }
    }

    fn collect<'q>(&'q self, terms: &mut Vec<&'q Term>) {
        match self {
            Self::Term(term) => terms.push(term),
            Self::Not(inner) => inner.collect(terms),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.collect(terms)),
        }
    }

    /// The same with each term replaced; `None` when nothing is left.
    fn replace(self, with: &mut dyn FnMut(Term) -> Option<Self>) -> Option<Self> {
        match self {
            Self::Term(term) => with(term),
            Self::Not(inner) => inner.replace(with).map(|inner| Self::Not(Box::new(inner))),
            Self::And(parts) => Self::all(parts.into_iter().filter_map(|part| part.replace(with)).collect()),
            Self::Or(parts) => Self::any(parts.into_iter().filter_map(|part| part.replace(with)).collect()),
        }
    }

    /// All of them, without lists in the list.
    fn all(parts: Vec<Self>) -> Option<Self> {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::And(inner) => flat.extend(inner),
                part => flat.push(part),
            }
        }
        if flat.len() > 1 { Some(Self::And(flat)) } else { flat.pop() }
    }

    /// One of them at least, without lists in the list.
    fn any(parts: Vec<Self>) -> Option<Self> {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::Or(inner) => flat.extend(inner),
                part => flat.push(part),
            }
        }
        if flat.len() > 1 { Some(Self::Or(flat)) } else { flat.pop() }
    }
}

impl Term {
    /// Whether upper and lower case are the same to it: a word without an upper-case letter, or a regular expression
    /// that says so.
    pub fn ignores_case(&self) -> bool {
        match self {
            Self::Word(word) => !word.chars().any(char::is_uppercase),
            Self::Regex { ignore_case, .. } => *ignore_case,
            _ => false,
        }
    }

    fn check(&self, matcher: &mut impl Matcher) -> bool {
        match self {
            Self::Level(levels) => matcher.level().is_some_and(|level| levels.contains(level)),
            // A line without a time is neither after anything nor before it.
            Self::After(time) => time.stamp().is_some_and(|bound| matcher.time().is_some_and(|stamp| stamp >= bound)),
            Self::Before(time) => time.stamp().is_some_and(|bound| matcher.time().is_some_and(|stamp| stamp < bound)),
            term => matcher.is_match(term),
        }
    }

    /// Whether it is a regular expression.
    pub const fn is_regex(&self) -> bool {
        matches!(self, Self::Regex { .. })
    }

    /// Whether it is about the line's text; the others are about its level, its time or a field.
    pub const fn is_text(&self) -> bool {
        matches!(self, Self::Word(_) | Self::Phrase(_) | Self::Regex { .. })
    }
}

impl Diagnostic {
    /// Where it is, in bytes of the text.
    pub fn position(&self) -> u32 {
        u32::try_from(self.span.start).unwrap_or(u32::MAX)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Diagnostic {}

#[cfg(test)]
mod tests;
