//! A term of a query as a regex that can run over many lines at once and means the same as on each of them.
//!
//! # How a pattern is rewritten
//! Nothing in it can match a line feed: it is taken out of classes, and a text that has one never matches. The start and
//! end of the text become those of a line. Word boundaries stay: a line feed is no word character, just as an edge.
//! Carriage returns are no line ends here, whatever the flag `R` says: what is searched has been cleaned of those.

use regex_automata::meta::{Config, Regex};
use regex_automata::util::syntax;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{
    Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, Repetition,
};
use taillight::query::Term;

use super::searcher::Searcher;

/// The size of a compiled term, in bytes, at most.
const MAX_PROGRAM_BYTES: usize = 1024 * 1024;

/// The states that a search keeps, in bytes, at most: of all terms of a query together, and of the one it is driven by.
pub(super) const MAX_CACHE_BYTES: usize = 4 * 1024 * 1024;

/// The states that one of many terms keeps at least: with fewer it would fall back to a much slower engine.
const MIN_CACHE_BYTES: usize = 256 * 1024;

/// How deep groups may be nested.
const MAX_NESTING: u32 = 50;

/// A term, compiled.
#[derive(Debug)]
pub(super) struct Pattern {
    hir: Hir,
    pub(super) searcher: Searcher,
    is_word: bool,
}

/// Why a term cannot be compiled.
#[derive(Debug)]
pub(super) struct Refusal {
    /// Where, in bytes from the start of the regex, after its slash.
    pub(super) at: Option<usize>,
    pub(super) detail: String,
    /// Whether it was found out by compiling it.
    pub(super) is_large: bool,
}

impl Pattern {
    /// Compiles one of `n_terms` terms.
    pub(super) fn new(term: &Term, n_terms: usize) -> Result<Self, Refusal> {
        let (text, ignore_case, is_word) = match term {
            Term::Word(word) => (regex_syntax::escape(word), term.ignores_case(), true),
            Term::Phrase(phrase) => (regex_syntax::escape(phrase), false, true),
            Term::Regex { pattern, ignore_case } => (pattern.clone(), *ignore_case, false),
            _ => {
                return Err(Refusal {
                    at: None,
                    detail: "cannot be searched for yet: only words and `/…/`".to_owned(),
                    is_large: false,
                });
            }
        };
        let hir = ParserBuilder::new()
            .utf8(false)
            .unicode(true)
            .multi_line(true)
            .case_insensitive(ignore_case)
            .nest_limit(MAX_NESTING)
            .build()
            .parse(&text)
            .map_err(|error| Refusal::syntax(&error))?;
        let hir = within_a_line(hir);
        let regex = compile(&hir, (MAX_CACHE_BYTES / n_terms.max(1)).max(MIN_CACHE_BYTES))?;
        Ok(Self { searcher: Searcher::new(regex, &hir), hir, is_word })
    }

    pub(super) fn hir(&self) -> &Hir {
        &self.hir
    }

    /// The memory it holds, in bytes, without the states of searches.
    pub(super) fn memory(&self) -> usize {
        self.searcher.memory() + self.hir.properties().memory_usage()
    }

    /// Whether a carriage return at the end of a line may make a difference to it.
    pub(super) fn sees_returns(&self) -> bool {
        sees_returns(&self.hir)
    }

    /// How few lines it is likely to be in: the more, the fewer. 0 for what may be in every line.
    pub(super) fn selectivity(&self) -> usize {
        let least = self.hir.properties().minimum_len().unwrap_or(usize::MAX);
        // What is certain to be there is found much faster than what has classes.
        if self.is_word { least.saturating_mul(4) } else { least.min(8) }
    }
}

impl Refusal {
    fn syntax(error: &regex_syntax::Error) -> Self {
        match error {
            regex_syntax::Error::Parse(error) => Self {
                at: Some(error.span().start.offset),
                detail: format!("wrong regular expression: {}", error.kind()),
                is_large: false,
            },
            regex_syntax::Error::Translate(error) => Self {
                at: Some(error.span().start.offset),
                detail: format!("wrong regular expression: {}", error.kind()),
                is_large: false,
            },
            _ => Self { at: None, detail: "wrong regular expression".to_owned(), is_large: false },
        }
    }
}

/// Compiles a pattern that is [`within_a_line`]; its searches keep states of so many bytes.
pub(super) fn compile(hir: &Hir, cache_bytes: usize) -> Result<Regex, Refusal> {
    let config = Config::new()
        .utf8_empty(false)
        .nfa_size_limit(Some(MAX_PROGRAM_BYTES))
        .onepass_size_limit(Some(MAX_PROGRAM_BYTES))
        .hybrid_cache_capacity(cache_bytes);
    Regex::builder().configure(config).syntax(syntax::Config::new().utf8(false)).build_from_hir(hir).map_err(|error| {
        let detail = match error.size_limit() {
            Some(_) => {
                "too large when compiled: use fewer or smaller repetitions, or `(?-u)` for ASCII classes".to_owned()
            }
            None => format!("cannot be compiled: {error}"),
        };
        Refusal { at: None, detail, is_large: true }
    })
}

/// The pattern without groups, changed so that it matches in many lines what it matched in each of them.
pub(super) fn within_a_line(hir: Hir) -> Hir {
    match hir.into_kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) if literal.0.contains(&b'\n') => Hir::fail(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(without_feed(class)),
        HirKind::Look(look) => Hir::look(at_line_ends(look)),
        HirKind::Repetition(Repetition { min, max, greedy, sub }) => {
            Hir::repetition(Repetition { min, max, greedy, sub: Box::new(within_a_line(*sub)) })
        }
        HirKind::Capture(capture) => within_a_line(*capture.sub),
        HirKind::Concat(subs) => Hir::concat(subs.into_iter().map(within_a_line).collect()),
        HirKind::Alternation(subs) => Hir::alternation(subs.into_iter().map(within_a_line).collect()),
    }
}

/// Whether the pattern can match a carriage return, or looks at what stands beside a match.
fn sees_returns(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty => false,
        HirKind::Literal(literal) => literal.0.contains(&b'\r'),
        HirKind::Class(Class::Unicode(class)) => {
            class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&'\r'))
        }
        HirKind::Class(Class::Bytes(class)) => {
            class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&b'\r'))
        }
        HirKind::Look(_) => true,
        HirKind::Repetition(repetition) => sees_returns(&repetition.sub),
        HirKind::Capture(capture) => sees_returns(&capture.sub),
        HirKind::Concat(subs) | HirKind::Alternation(subs) => subs.iter().any(sees_returns),
    }
}

fn without_feed(mut class: Class) -> Class {
    match &mut class {
        Class::Unicode(class) => class.difference(&ClassUnicode::new([ClassUnicodeRange::new('\n', '\n')])),
        Class::Bytes(class) => class.difference(&ClassBytes::new([ClassBytesRange::new(b'\n', b'\n')])),
    }
    class
}

fn at_line_ends(look: Look) -> Look {
    match look {
        Look::Start | Look::StartLF | Look::StartCRLF => Look::StartLF,
        Look::End | Look::EndLF | Look::EndCRLF => Look::EndLF,
        other => other,
    }
}
