//! Terms with a name: levels, times, fields of structured lines.
//!
//! # Which colons make one
//!
//! A bare term is `name:value` when it starts with a name (a letter, `_` or `@`, then letters, digits, `_`, `-`, `.`)
//! and a `:` directly behind it, and what follows the colon is there and begins neither with `:` nor with `//`.
//! `name>=value` is one in the same way. So these are words:
//!
//! | Word | Why |
//! |---|---|
//! | `10:30`, `127.0.0.1:80`, `[::1]:80` | no name begins like that |
//! | `ERROR:`, `x>=` | no value |
//! | `std::io`, `fe80::1` | `:` behind the colon |
//! | `http://host:80/x` | `//` behind the colon; only the first colon counts |
//!
//! and these have a name: `main.rs:42`, `localhost:80`, `a:b:c`, `C:\x`. Whoever looks for such a text quotes it. The
//! names `level`, `after`, `before` and `has` want a value: `level:` alone is an error, not a word. Levels are compared by
//! `>=` only: `level>error` is an error too.

use super::parse::Parser;
use super::{FieldTest, Term, print, term};
use crate::level::{Level, LevelSet};
use crate::timestamp::TimeExpr;

const WRONG_SIGN: &str =
    "expected ':' or '>=' after 'level', as in level:error or level>=error; to find the text itself, quote it";

/// What is between the name and the value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Colon,
    AtLeast,
}

/// The name, the sign and where the value begins, when the bare term that starts there has a name.
fn split(text: &str, at: usize) -> Option<(&str, Sign, usize)> {
    let rest = term::rest(text, at);
    let first = rest.chars().next()?;
    if !(first.is_alphabetic() || matches!(first, '_' | '@')) {
        return None;
    }
    let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let len = first.len_utf8();
    let len = len + term::rest(rest, len).find(|c| !is_inside(c)).unwrap_or(rest.len() - len);
    let (name, behind) = rest.split_at_checked(len)?;
    let (sign, sign_len) = if behind.starts_with(':') {
        (Sign::Colon, 1)
    } else if behind.starts_with(">=") {
        (Sign::AtLeast, 2)
    } else {
        return None;
    };
    let value = at + len + sign_len;
    let after = term::rest(text, value);
    let is_path = sign == Sign::Colon && (after.starts_with(':') || after.starts_with("//"));
    let is_bare_name = term::is_boundary(text, value) && !is_known(name, sign);
    (!is_path && !is_bare_name).then_some((name, sign, value))
}

fn is_known(name: &str, sign: Sign) -> bool {
    name == "level" || sign == Sign::Colon && matches!(name, "after" | "before" | "has")
}

/// Where the sign stands by which levels are not compared, and where the term ends: `level>error`, `level<=warn`.
fn wrong_sign(text: &str, at: usize) -> Option<(usize, usize)> {
    let sign = at + term::rest(text, at).strip_prefix("level").map(|_| "level".len())?;
    let behind = term::rest(text, sign);
    let end = term::bare_end(text, sign);
    let is_wrong = behind.starts_with(['<', '>']) && !behind.starts_with(">=") && end > sign + 1;
    is_wrong.then_some((sign, end))
}

/// Reads the term that starts there, if it has a name: the term, or `None` where it is wrong and the parser knows why.
pub(super) fn read(parser: &mut Parser<'_>, at: usize) -> Option<Option<Term>> {
    if let Some((sign, end)) = wrong_sign(parser.text, at) {
        parser.pos = end;
        parser.fail(sign..end, WRONG_SIGN.to_owned());
        return Some(None);
    }
    let (name, sign, value_at) = split(parser.text, at)?;
    let (value, end) = match value(parser, sign, value_at) {
        Some(ended) => ended,
        None => return Some(None),
    };
    parser.pos = end;
    let term = match make(name, sign, value) {
        Ok(term) => term,
        Err(message) => {
            parser.fail(value_at..end, message.to_owned());
            return Some(None);
        }
    };
    if !parser.answered.has(&term) {
        parser.fail(at..end, not_yet(parser.text.get(at..end).unwrap_or_default()));
        return Some(None);
    }
    Some(Some(term))
}

fn value(parser: &mut Parser<'_>, sign: Sign, at: usize) -> Option<(Term, usize)> {
    let text = parser.text;
    match term::rest(text, at).chars().next() {
        Some('"') => parser.phrase(at),
        Some('/')
            if sign == Sign::Colon
                && let Some(ended) = term::regex(text, at) =>
        {
            Some(ended)
        }
        _ => {
            let end = term::bare_end(text, at);
            Some((Term::Word(text.get(at..end).unwrap_or_default().to_owned()), end))
        }
    }
}

fn make(name: &str, sign: Sign, value: Term) -> Result<Term, &'static str> {
    const LEVELS: &str = "expected a level after 'level': trace, debug, info, warn, error or fatal";
    const TIME: &str =
        "expected a time, such as 2026-11-22T10:00:00Z, \"2026-11-22 10:00\", 10:00, -15m, today or yesterday";
    let plain = match &value {
        Term::Word(text) | Term::Phrase(text) => Some(text.as_str()),
        _ => None,
    };
    match (name, sign) {
        ("level", _) => levels(plain.unwrap_or_default(), sign).map(Term::Level).ok_or(LEVELS),
        ("after" | "before", Sign::Colon) => {
            let time = plain.and_then(TimeExpr::parse).ok_or(TIME)?;
            Ok(if name == "after" { Term::After(time) } else { Term::Before(time) })
        }
        ("has", Sign::Colon) => match plain {
            Some(field) if is_name(field) => Ok(Term::Field { name: field.to_owned(), test: FieldTest::Exists }),
            _ => Err("expected the name of a field after 'has:'"),
        },
        _ => {
            let test = match (sign, plain) {
                (Sign::AtLeast, Some(least)) => FieldTest::AtLeast(least.to_owned()),
                _ => FieldTest::Matches(Box::new(value)),
            };
            Ok(Term::Field { name: name.to_owned(), test })
        }
    }
}

fn levels(value: &str, sign: Sign) -> Option<LevelSet> {
    match sign {
        Sign::AtLeast => Level::named(value).map(LevelSet::at_least),
        Sign::Colon => LevelSet::parse(value),
    }
}

fn is_name(text: &str) -> bool {
    let probe = format!("{text}:x");
    split(&probe, 0).is_some_and(|(name, ..)| name == text)
}

fn not_yet(written: &str) -> String {
    let mut message =
        "fields of structured lines are not understood yet (level:, after: and before: are); to find this \
                       text, quote it: "
            .to_owned();
    print::phrase(written, &mut message);
    message
}
