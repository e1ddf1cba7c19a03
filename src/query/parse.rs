//! Text to tree: one pass that never stops at what is wrong, but leaves it out and remembers the first fault.

use std::ops::Range;

use super::term::{self, BadPhrase};
use super::{Diagnostic, Expr, MAX_NESTING, MAX_QUERY_BYTES, Query, Term, named};

/// Reads a query of the whole language.
///
/// # Errors
/// What is wrong first.
pub fn parse(text: &str) -> Result<Query, Diagnostic> {
    strict(text, Answered::All)
}

/// Reads a query that can be answered today: as [`parse`], but fields are refused.
///
/// # Errors
/// What is wrong first, or not understood yet.
pub fn parse_usable(text: &str) -> Result<Query, Diagnostic> {
    strict(text, Answered::Usable)
}

/// Reads what can be answered today and leaves out the terms that are wrong; the second is what [`parse_usable`] says.
/// Of a query that is too long nothing is left.
pub fn parse_lenient(text: &str) -> (Query, Option<Diagnostic>) {
    lenient(text, Answered::Usable)
}

/// Reads the `Find` box: `/re/` or `/re/i` is a regular expression, `"x"` a phrase, and any other text one word with
/// all its blanks. `None` where there is nothing to find.
///
/// # Errors
/// When the text is too long.
pub fn parse_find(text: &str) -> Result<Option<Term>, Diagnostic> {
    check_length(text, MAX_QUERY_BYTES)?;
    let trimmed = text.trim();
    let whole = match trimmed.chars().next() {
        None => return Ok(None),
        Some('"') => term::phrase(trimmed, 0).ok().map(|(phrase, end)| (Term::Phrase(phrase), end)),
        Some('/') => term::regex(trimmed, 0),
        Some(_) => None,
    };
    match whole {
        Some((term, end)) if end == trimmed.len() => Ok(Some(term)),
        _ => Ok(Some(Term::Word(text.to_owned()))),
    }
}

/// Where in a query's text this term of it begins, in bytes: for what somebody else finds wrong with it. The pattern
/// of a regular expression begins one byte later. Of the `Find` box it works too. 0 when the term is not there.
pub fn locate(text: &str, term: &Term) -> u32 {
    let mut parser = Parser::new(text, Answered::All);
    parser.wanted = Some(term);
    parser.query();
    parser.located.and_then(|at| u32::try_from(at).ok()).unwrap_or(0)
}

/// Without the limit of length: what is printed may be a little longer than what was read.
pub(super) fn parse_printed(text: &str) -> Option<Query> {
    let mut parser = Parser::new(text, Answered::All);
    let query = parser.query();
    parser.diagnostic.is_none().then_some(query)
}

/// Which terms the reader's engine answers; the others are refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    All,
    /// All but fields.
    Usable,
}

impl Answered {
    pub(super) const fn has(self, term: &Term) -> bool {
        match self {
            Self::All => true,
            Self::Usable => !matches!(term, Term::Field { .. }),
        }
    }
}

fn lenient(text: &str, answered: Answered) -> (Query, Option<Diagnostic>) {
    if let Err(diagnostic) = check_length(text, MAX_QUERY_BYTES) {
        return (Query::EVERYTHING, Some(diagnostic));
    }
    let mut parser = Parser::new(text, answered);
    (parser.query(), parser.diagnostic)
}

fn strict(text: &str, answered: Answered) -> Result<Query, Diagnostic> {
    check_length(text, MAX_QUERY_BYTES)?;
    let mut parser = Parser::new(text, answered);
    let query = parser.query();
    parser.diagnostic.map_or(Ok(query), Err)
}

/// Refuses a query, or what stands in the `Find` box, of more than `most` bytes.
///
/// # Errors
/// From where on it is too much.
pub fn check_length(text: &str, most: usize) -> Result<(), Diagnostic> {
    if text.len() <= most {
        return Ok(());
    }
    let start = (0..=most).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    Err(Diagnostic { span: start..text.len(), message: format!("expected at most {most} bytes") })
}

/// As [`check_length`], where `most` is what a server is set to take.
///
/// # Errors
/// As [`check_length`], and which setting that is.
pub fn check_pattern(text: &str, most: usize) -> Result<(), Diagnostic> {
    check_length(text, most).map_err(|Diagnostic { span, message }| Diagnostic {
        span,
        message: format!("{message}: that is limits.pattern_bytes"),
    })
}

/// Reads a text from left to right.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) pos: usize,
    pub(super) answered: Answered,
    diagnostic: Option<Diagnostic>,
    depth: usize,
    open: usize,
    wanted: Option<&'a Term>,
    located: Option<usize>,
}

/// What was read: what is right of it, and whether anything stood there at all.
struct Part {
    expr: Option<Expr>,
    is_there: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, answered: Answered) -> Self {
        Self { text, pos: 0, answered, diagnostic: None, depth: 0, open: 0, wanted: None, located: None }
    }

    fn query(&mut self) -> Query {
        Query { root: self.any().expr }
    }

    /// Only the first counts: the others may follow from it.
    pub(super) fn fail(&mut self, span: Range<usize>, message: String) {
        self.diagnostic.get_or_insert(Diagnostic { span, message });
    }

    fn any(&mut self) -> Part {
        let mut choices = Vec::new();
        let mut operator: Option<Range<usize>> = None;
        let mut is_there = false;
        loop {
            let part = self.all();
            is_there |= part.is_there;
            choices.extend(part.expr);
            let next = self.eat("or");
            if !part.is_there {
                match (operator, &next) {
                    (Some(before), _) => self.fail(before, missing("after 'or'")),
                    (None, Some(next)) => self.fail(next.clone(), missing("before 'or'")),
                    (None, None) => {}
                }
            }
            operator = next;
            if operator.is_none() {
                return Part { expr: Expr::any(choices), is_there };
            }
            is_there = true;
        }
    }

    fn all(&mut self) -> Part {
        let mut parts = Vec::new();
        let mut is_there = false;
        loop {
            self.skip_blanks();
            match self.next_char() {
                Some(')') if self.open == 0 => {
                    let message = "expected '(' before this ')'; to find a parenthesis, quote it";
                    self.fail(self.pos..self.pos + 1, message.to_owned());
                    self.pos += 1;
                }
                None | Some(')') => break,
                Some(_) if self.keyword("or").is_some() => break,
                Some(c) => {
                    is_there = true;
                    parts.extend(self.one(c));
                }
            }
        }
        Part { expr: Expr::all(parts), is_there }
    }

    /// What begins with this character: a negation, a group or a term.
    fn one(&mut self, first: char) -> Option<Expr> {
        if first == '(' {
            return self.nested(self.pos, Self::group);
        }
        let sign = if first == '-' && !self.is_dash() { Some(self.pos..self.pos + 1) } else { self.keyword("not") };
        let Some(sign) = sign else {
            return self.term(first).map(Expr::Term);
        };
        self.pos = sign.end;
        self.skip_blanks();
        match self.next_char() {
            Some(c) if c != ')' && self.keyword("or").is_none() => {
                self.nested(sign.start, |parser| parser.one(c)).map(|inner| Expr::Not(Box::new(inner)))
            }
            _ => {
                let after = if first == '-' { "after '-'" } else { "after 'not'" };
                self.fail(sign, missing(after));
                None
            }
        }
    }

    /// Whether the `-` here is a character: what would be negated does not begin behind it.
    fn is_dash(&self) -> bool {
        term::rest(self.text, self.pos + 1).chars().next().is_none_or(|c| c.is_whitespace() || c == ')')
    }

    fn nested(&mut self, at: usize, read: impl FnOnce(&mut Self) -> Option<Expr>) -> Option<Expr> {
        if self.depth == MAX_NESTING {
            let message = format!("expected at most {MAX_NESTING} parentheses and negations in each other");
            self.fail(at..at + 1, message);
            self.pos = self.text.len();
            return None;
        }
        self.depth += 1;
        let expr = read(self);
        self.depth -= 1;
        expr
    }

    fn group(&mut self) -> Option<Expr> {
        let start = self.pos;
        self.pos += 1;
        self.open += 1;
        let part = self.any();
        self.open -= 1;
        if self.next_char() == Some(')') {
            self.pos += 1;
            if !part.is_there {
                let message = "expected a term between the parentheses; to find parentheses, quote them";
                self.fail(start..self.pos, message.to_owned());
            }
        } else {
            let message = "expected ')' to close this '('; to find a parenthesis, quote it";
            self.fail(start..start + 1, message.to_owned());
        }
        part.expr
    }

    fn term(&mut self, first: char) -> Option<Term> {
        let start = self.pos;
        let ended = match first {
            '"' => Some(self.phrase(start)?),
            '/' => term::regex(self.text, start),
            _ => match named::read(self, start) {
                Some(term) => Some((term?, self.pos)),
                None => None,
            },
        };
        let (term, end) = ended.unwrap_or_else(|| {
            let end = term::bare_end(self.text, start);
            (Term::Word(self.text.get(start..end).unwrap_or_default().to_owned()), end)
        });
        self.pos = end;
        if self.located.is_none() && self.wanted == Some(&term) {
            self.located = Some(start);
        }
        Some(term)
    }

    /// The phrase that opens there, and where it ends; when it is wrong, the text goes on behind it.
    pub(super) fn phrase(&mut self, at: usize) -> Option<(Term, usize)> {
        let (span, message) = match term::phrase(self.text, at) {
            Ok((phrase, end)) => return Some((Term::Phrase(phrase), end)),
            Err(BadPhrase::Unclosed) => (at..self.text.len(), "expected '\"' at the end of this text"),
            Err(BadPhrase::Empty { end }) => (at..end, "expected a text between the quotes"),
            Err(BadPhrase::Glued { from, end }) => {
                (from..end, "expected a blank after the closing quote; a quote inside a text is written \\\"")
            }
        };
        self.pos = span.end;
        self.fail(span, message.to_owned());
        None
    }

    fn skip_blanks(&mut self) {
        let rest = term::rest(self.text, self.pos);
        self.pos += rest.len() - rest.trim_start().len();
    }

    fn next_char(&self) -> Option<char> {
        term::rest(self.text, self.pos).chars().next()
    }

    /// Where this operator stands, if it comes next.
    fn keyword(&self, word: &str) -> Option<Range<usize>> {
        let end = self.pos + word.len();
        let is_there = term::rest(self.text, self.pos).starts_with(word) && term::is_boundary(self.text, end);
        is_there.then_some(self.pos..end)
    }

    fn eat(&mut self, word: &str) -> Option<Range<usize>> {
        let span = self.keyword(word)?;
        self.pos = span.end;
        Some(span)
    }
}

fn missing(place: &str) -> String {
    format!("expected a term {place}; to find the word itself, quote it")
}
