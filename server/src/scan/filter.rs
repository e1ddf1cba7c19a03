//! A query, compiled.

use std::collections::HashMap;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use regex_automata::Input;
use taillight::level::LevelChoice;
use taillight::line::{ByteOffset, text_at};
use taillight::query::{self, BadNarrow, Diagnostic, Expr, Narrow, Query, Term};
use taillight::timestamp::{Stamp, TimeExpr};
use taillight::wire::MAX_LINE_BYTES as SHOWN_BYTES;

use super::MAX_LINE_BYTES;
use super::clean::clean_line;
use super::driver::Driver;
use super::facts::BlockFacts;
use super::node::{Line, Node, Order};
use super::pattern::Pattern;
use super::searcher::Searcher;
use crate::dates;

/// The memory of all terms of a query together, in bytes, at most.
const MAX_TERMS_BYTES: usize = 8 * 1024 * 1024;

/// How many terms of a link may turn out to be too large before no others of it are tried.
const MAX_REFUSED: usize = 3;

/// A compiled query. Cheap to clone; all methods may be called from any thread.
#[derive(Clone, Debug)]
pub struct Filter {
    plan: Arc<Plan>,
}

#[derive(Debug)]
struct Plan {
    query: Query,
    key: String,
    root: Node,
    driver: Driver,
    sees_returns: bool,
}

/// A query that cannot be in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct BadQuery {
    /// Where in its text, in bytes from 0.
    pub position: u32,
    /// For people: what is wrong there, and what to do.
    pub detail: String,
}

impl Filter {
    /// Compiles the text of a query. Its times are those of this machine's clock and zone.
    ///
    /// # Errors
    /// When the text is no query, or too large when compiled.
    pub fn compile(text: &str) -> Result<Self, BadQuery> {
        Self::narrowed(text, &Narrow::default())
    }

    /// As [`Filter::compile`], for fewer lines.
    ///
    /// # Errors
    /// As [`Filter::compile`], and when a time is none.
    pub fn narrowed(text: &str, narrow: &Narrow) -> Result<Self, BadQuery> {
        let (query, wrong) = query::parse_usable(text)?.narrowed(narrow);
        if let Some(wrong) = wrong {
            return Err(wrong.into());
        }
        let query = resolved(query);
        let mut compiler = Compiler { text, n_terms: query.terms().len(), may_refuse: 1, ..Compiler::default() };
        let root = compiler.query(&query);
        compiler.refused.map_or_else(|| Ok(Self::new(query, root)), Err)
    }

    /// Compiles what can be: terms that are wrong are left out, and the first of them is told. After a few
    /// that are too large, the others are not tried any more.
    pub fn lenient(text: &str, narrow: &Narrow) -> (Self, Option<BadQuery>) {
        let (query, wrong) = query::parse_lenient(text);
        let (query, bad) = query.narrowed(narrow);
        let query = resolved(query);
        let (n_terms, may_refuse) = (query.terms().len(), MAX_REFUSED);
        let mut compiler = Compiler { text, n_terms, may_refuse, ..Compiler::default() };
        for term in query.terms() {
            compiler.term(term, false);
        }
        let wrong = wrong.map(BadQuery::from).or(compiler.refused.take()).or(bad.map(BadQuery::from));
        let query = query.retain(&mut |term| compiler.term(term, false).is_some());
        let root = compiler.query(&query);
        (Self::new(query, root), wrong)
    }

    /// Compiles what stands in the Find box; `None` for blank text.
    ///
    /// # Errors
    /// As [`Filter::compile`].
    pub fn find(text: &str) -> Result<Option<Self>, BadQuery> {
        let Some(term) = query::parse_find(text)? else { return Ok(None) };
        let query = Query { root: Some(Expr::Term(term)) };
        let mut compiler = Compiler { text, n_terms: query.terms().len(), may_refuse: 1, ..Compiler::default() };
        let root = compiler.query(&query);
        compiler.refused.map_or_else(|| Ok(Some(Self::new(query, root))), Err)
    }

    /// The filter of some levels: every line of them.
    pub fn of_levels(levels: LevelChoice) -> Self {
        Self::lenient("", &Narrow { levels, ..Narrow::default() }).0
    }

    /// The filter of the empty query: every line.
    pub fn everything() -> Self {
        Self::new(Query { root: None }, Node::And(Vec::new()))
    }

    /// What matches both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let (Some(left), Some(right)) = (&self.plan.query.root, &other.plan.query.root) else {
            return if self.is_everything() { other.clone() } else { self.clone() };
        };
        let both = |left: &Expr| match left {
            Expr::And(all) => all.clone(),
            one => vec![one.clone()],
        };
        let root = Some(Expr::And([both(left), both(right)].concat()));
        Self::new(Query { root }, Node::all(vec![self.plan.root.clone(), other.plan.root.clone()]))
    }

    /// Filters with equal keys match the same lines.
    pub fn key(&self) -> &str {
        &self.plan.key
    }

    /// Whether every line matches because nothing is asked of it.
    pub fn is_everything(&self) -> bool {
        matches!(self.plan.driver, Driver::Everything)
    }

    /// Whether the line matches that starts there: raw bytes, with its line feed or without. A line by itself has no time
    /// above it: of times ask a [`Sifter`](super::Sifter).
    pub fn is_match(&self, start: ByteOffset, line: &[u8]) -> bool {
        self.is_match_at((line, start.get()), MAX_LINE_BYTES, |_| None)
    }

    /// Whether the line matches that starts there, of which `limit` bytes are looked at; `time_of` tells its time by its
    /// text.
    pub(super) fn is_match_at(
        &self,
        (line, start): (&[u8], u64),
        limit: usize,
        mut time_of: impl FnMut(&[u8]) -> Option<Stamp>,
    ) -> bool {
        if self.is_everything() {
            return true;
        }
        let mut scratch = Vec::new();
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let seen = text_at(ByteOffset::new(start), line.get(..limit).unwrap_or(line));
        let text = clean_line(seen, limit, &mut scratch);
        self.plan.root.is_match(&mut Line::new(text, &mut || time_of(text)))
    }

    /// Whether a line of a block with these facts may match.
    pub(super) fn may_match(&self, facts: &BlockFacts) -> bool {
        self.plan.root.may_match(facts)
    }

    /// Whether facts of blocks tell where it matches.
    pub(super) fn asks_facts(&self) -> bool {
        !self.plan.root.may_match(&BlockFacts::NOTHING)
    }

    /// Whether it is found so quickly that reading is a good part of the work: such filters are worth looking for in one
    /// pass, and none of them keeps the others waiting. What is better known by facts or times of lines is not: it passes
    /// over blocks where others have to look.
    pub(super) fn is_quick(&self) -> bool {
        self.plan.driver.leaps() && !self.asks_facts() && !self.asks_time()
    }

    /// Whether the times of lines may make a difference.
    pub fn asks_time(&self) -> bool {
        self.plan.root.asks_time()
    }

    /// Appends where the terms stand that make the line match by being in it, `max` at most: bytes of the line's clean
    /// text, in order and merged where they touch. Looks at hits that lie in what is shown of a line.
    pub fn spans(&self, line: &[u8], max: usize, out: &mut Vec<(u32, u32)>) {
        let mut scratch = Vec::new();
        let text = clean_line(line, MAX_LINE_BYTES, &mut scratch);
        let mut terms = Vec::new();
        self.plan.root.positive(&mut terms);
        let mut hits = Vec::new();
        for term in terms {
            let within = Input::new(text).span(0..text.len().min(SHOWN_BYTES));
            // Hits without a byte cannot be shown; they count, so that a line of them ends too.
            let found = term.searcher.find_iter(within).take(max.saturating_mul(2)).filter(|hit| !hit.is_empty());
            hits.extend(found.take(max).map(|hit| (to_u32(hit.start()), to_u32(hit.end()))));
        }
        hits.sort_unstable();
        let from = out.len();
        for hit in hits {
            let n = out.len() - from;
            match out.get_mut(from..).and_then(<[_]>::last_mut) {
                Some(last) if last.1 >= hit.0 => last.1 = last.1.max(hit.1),
                _ if n >= max => return,
                _ => out.push(hit),
            }
        }
    }

    /// Whether a carriage return at the end of a line may make a difference: if not it need not be taken away.
    pub(super) fn sees_returns(&self) -> bool {
        self.plan.sees_returns
    }

    /// What counts matching lines of clean text without looking at each, where that can be.
    pub(super) fn counter(&self) -> Option<&Searcher> {
        self.plan.driver.counter()
    }

    /// Calls `on_line` for each matching line of clean `text`; see [`Driver::lines`].
    pub(super) fn lines(
        &self,
        text: &[u8],
        time_of: &mut dyn FnMut(Range<usize>) -> Option<Stamp>,
        on_line: impl FnMut(Range<usize>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.plan.driver.lines(&self.plan.root, text, time_of, on_line)
    }

    fn new(query: Query, root: Node) -> Self {
        let (driver, sees_returns) = (Driver::new(&root), root.sees_returns());
        Self { plan: Arc::new(Plan { key: query.to_string(), query, root, driver, sees_returns }) }
    }
}

/// With points in time for its times. The zone is looked up for a query that has any only: it takes some milliseconds.
fn resolved(query: Query) -> Query {
    let is_time = |term: &&Term| matches!(term, Term::After(_) | Term::Before(_));
    if query.terms().iter().any(is_time) { query.resolved(dates::now(), dates::zone()) } else { query }
}

/// Whether there may be a regular expression in the text of a query: they can take long to compile.
pub fn has_regex(text: &str) -> bool {
    text.contains('/')
}

/// Where it is in the query's text means nothing: it is not in there.
impl From<BadNarrow> for BadQuery {
    fn from(wrong: BadNarrow) -> Self {
        Self { position: 0, detail: wrong.message() }
    }
}

impl From<Diagnostic> for BadQuery {
    fn from(wrong: Diagnostic) -> Self {
        Self { position: wrong.position(), detail: wrong.message }
    }
}

/// Compiles the terms of one query, equal ones once.
#[derive(Default)]
struct Compiler<'a> {
    text: &'a str,
    n_terms: usize,
    terms: HashMap<Term, Option<Arc<Pattern>>>,
    bytes: usize,
    /// How many more terms may turn out to be too large before no others are tried: it takes some time to find out.
    may_refuse: usize,
    /// The first term that cannot be compiled.
    refused: Option<BadQuery>,
}

impl Compiler<'_> {
    fn query(&mut self, query: &Query) -> Node {
        query.root.as_ref().and_then(|expr| self.expr(expr, false)).unwrap_or(Node::And(Vec::new()))
    }

    /// `None` when no term of it can be compiled.
    fn expr(&mut self, expr: &Expr, negated: bool) -> Option<Node> {
        match expr {
            Expr::Term(term) => self.term(term, negated),
            Expr::Not(inner) => self.expr(inner, !negated),
            Expr::And(parts) | Expr::Or(parts) => {
                let nodes: Vec<Node> = parts.iter().filter_map(|part| self.expr(part, negated)).collect();
                if nodes.is_empty() {
                    return None;
                }
                // Not all of them is one of them not.
                Some(if matches!(expr, Expr::And(_)) == negated { Node::any(nodes) } else { Node::all(nodes) })
            }
        }
    }

    fn term(&mut self, term: &Term, negated: bool) -> Option<Node> {
        let time = |time: &TimeExpr, order: Order| {
            let order = if negated { order.negated() } else { order };
            // A time that is not resolved finds nothing, as `Query::check` has it.
            time.stamp().map(|bound| Node::Time { bound, order })
        };
        match term {
            Term::Level(levels) => Some(Node::Level { levels: *levels, is_one: !negated }),
            Term::After(from) => time(from, Order::From),
            Term::Before(to) => time(to, Order::Before),
            text => {
                let pattern = self.pattern(text)?;
                Some(if negated { Node::Not(pattern) } else { Node::Term(pattern) })
            }
        }
    }

    fn pattern(&mut self, term: &Term) -> Option<Arc<Pattern>> {
        if let Some(known) = self.terms.get(term) {
            return known.clone();
        }
        if self.may_refuse == 0 {
            return None;
        }
        let compiled = match Pattern::new(term, self.n_terms) {
            Ok(pattern) if self.bytes.saturating_add(pattern.memory()) <= MAX_TERMS_BYTES => {
                self.bytes += pattern.memory();
                Some(Arc::new(pattern))
            }
            Ok(_) => {
                self.refuse(term, 0, "too large together when compiled: use fewer or simpler terms".to_owned());
                None
            }
            Err(refusal) => {
                self.may_refuse -= usize::from(refusal.is_large);
                // After the slash that opens it.
                self.refuse(term, refusal.at.map_or(0, |at| at + 1), refusal.detail);
                None
            }
        };
        self.terms.insert(term.clone(), compiled.clone());
        compiled
    }

    fn refuse(&mut self, term: &Term, at: usize, detail: String) {
        let position = query::locate(self.text, term).saturating_add(to_u32(at));
        self.refused.get_or_insert(BadQuery { position, detail });
    }
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
