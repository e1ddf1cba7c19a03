//! What the buttons beside the `Filter` and the `Find` box do to their text.
//!
//! The toggles turn every term about text into its counterpart, and back when they are used again: `foo` and
//! `/foo/i`, `foo` and `"foo"`. What matches stays the same when a word becomes a regular expression; one that is more
//! than a plain text has no counterpart and stays. A text with a fault in it stays too.

use super::print::{escape, find_text, unescape};
use super::{Expr, Query, Term, parse, parse_find};

/// Which lines a selected text keeps in sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Those with it.
    Keep,
    /// Those without it.
    Hide,
}

/// The `Filter` box with its words and phrases as regular expressions, and the other way.
pub fn toggle_regex(text: &str) -> String {
    rewrite(text, |term| as_regex(term, &is_word))
}

/// The `Filter` box with what ignores upper and lower case minding it, and the other way.
pub fn toggle_case(text: &str) -> String {
    rewrite(text, |term| other_case(term, &is_word))
}

/// The `Find` box with its text as a regular expression, or the other way.
pub fn toggle_find_regex(text: &str) -> String {
    rewrite_find(text, |term| as_regex(term, &is_find_word))
}

/// The `Find` box minding upper and lower case, or not any more.
pub fn toggle_find_case(text: &str) -> String {
    rewrite_find(text, |term| other_case(term, &is_find_word))
}

/// The `Filter` box with one more condition: that lines have a text that the user selected, or do not. Of a selection
/// over several lines the first counts.
pub fn with_term(text: &str, selected: &str, side: Side) -> String {
    let Some(selected) = selected.lines().map(str::trim).find(|line| !line.is_empty()) else {
        return text.to_owned();
    };
    let term = Expr::Term(Term::Phrase(selected.to_owned()));
    let new = match side {
        Side::Keep => term,
        Side::Hide => Expr::Not(Box::new(term)),
    };
    let shown = Query { root: Some(new.clone()) }.to_string();
    let text = text.trim();
    let root = match parse(text) {
        Ok(Query { root: None }) => return shown,
        Ok(Query { root: Some(root) }) => root,
        // In front it cannot end up inside a quote that is not closed.
        Err(_) => return format!("{shown} {text}"),
    };
    if root == new || matches!(&root, Expr::And(parts) if parts.contains(&new)) {
        return text.to_owned();
    }
    let longer = if matches!(root, Expr::Or(_)) { format!("({text}) {shown}") } else { format!("{text} {shown}") };
    let meant = Query { root: Expr::all(vec![root.clone(), new.clone()]) };
    match parse(&longer) {
        Ok(query) if query == meant => longer,
        // The selected text ends a regular expression that a word in front only began.
        _ => Query { root: Expr::all(vec![new, root]) }.to_string(),
    }
}

fn rewrite(text: &str, with: impl Fn(Term) -> Term) -> String {
    match parse(text) {
        Ok(Query { root: Some(root) }) => {
            Query { root: root.replace(&mut |term| Some(Expr::Term(with(term)))) }.to_string()
        }
        _ => text.to_owned(),
    }
}

fn rewrite_find(text: &str, with: impl Fn(Term) -> Term) -> String {
    match parse_find(text) {
        Ok(Some(term)) => find_text(&with(term)),
        _ => text.to_owned(),
    }
}

fn as_regex(term: Term, is_word: &dyn Fn(&str) -> bool) -> Term {
    match &term {
        Term::Word(text) => Term::Regex { pattern: escape(text), ignore_case: term.ignores_case() },
        Term::Phrase(text) => Term::Regex { pattern: escape(text), ignore_case: false },
        Term::Regex { pattern, ignore_case } => plain(pattern, *ignore_case, is_word).unwrap_or(term),
        _ => term,
    }
}

/// The word or phrase that matches the same as a pattern without operators.
fn plain(pattern: &str, ignore_case: bool, is_word: &dyn Fn(&str) -> bool) -> Option<Term> {
    let text = unescape(pattern)?;
    let text = if ignore_case { lower_case(&text)? } else { text };
    let word = Term::Word(text.clone());
    if word.ignores_case() == ignore_case && is_word(&text) {
        Some(word)
    } else {
        (!ignore_case).then_some(Term::Phrase(text))
    }
}

/// The same text in either case, without upper-case letters; `None` when letters have no such counterpart.
fn lower_case(text: &str) -> Option<String> {
    text.chars()
        .map(|c| {
            let mut lower = c.to_lowercase();
            lower.next().filter(|first| lower.next().is_none() && !first.is_uppercase())
        })
        .collect()
}

fn other_case(term: Term, is_word: &dyn Fn(&str) -> bool) -> Term {
    let any_case = |text: &str| {
        let word = Term::Word(text.to_owned());
        if word.ignores_case() && is_word(text) {
            word
        } else {
            Term::Regex { pattern: escape(text), ignore_case: true }
        }
    };
    match term {
        Term::Word(text) if Term::Word(text.clone()).ignores_case() => Term::Phrase(text),
        Term::Word(text) | Term::Phrase(text) => any_case(&text),
        Term::Regex { pattern, ignore_case } => {
            // Of `Foo` comes `/Foo/i`, so of that comes `Foo`.
            let word = unescape(&pattern).map(Term::Word).filter(|word| ignore_case && !word.ignores_case());
            match word {
                Some(Term::Word(text)) if is_word(&text) => Term::Word(text),
                _ => Term::Regex { pattern, ignore_case: !ignore_case },
            }
        }
        term => term,
    }
}

/// Whether the `Filter` box reads it as one word.
fn is_word(text: &str) -> bool {
    parse(text).is_ok_and(|query| matches!(&query.root, Some(Expr::Term(Term::Word(word))) if word == text))
}

/// Whether the `Find` box does.
fn is_find_word(text: &str) -> bool {
    parse_find(text).is_ok_and(|term| matches!(&term, Some(Term::Word(word)) if word == text))
}
