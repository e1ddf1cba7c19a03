//! Tree to text, in one way.
//!
//! A word that begins with a slash is one only because no slash behind it ends a regular expression, wherever in the
//! query that would be. So once such a word is out, no blank may follow a slash that the query did not have there: the
//! neighbour of a word like `b/` goes into parentheses, `/a b/(c)`, which is the only text that such a tree has.
//!
//! Trees that no text has (a word with a blank in it, made by a program) are printed as what means the same.

use std::fmt;

use super::{Expr, FieldTest, Query, Term, parse, term};

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(root) = &self.root else { return Ok(()) };
        let print = |is_safe| {
            let mut printer = Printer { out: String::new(), has_slash: false, is_safe };
            printer.expr(root);
            printer.out
        };
        let text = print(false);
        if parse::parse_printed(&text).as_ref() == Some(self) { f.write_str(&text) } else { f.write_str(&print(true)) }
    }
}

/// The term as it stands in the `Find` box.
pub(super) fn find_text(term: &Term) -> String {
    let mut out = String::new();
    match term {
        Term::Word(word) if parse::parse_find(word).is_ok_and(|read| read.as_ref() == Some(term)) => out.push_str(word),
        Term::Word(word) => safe_word(word, term.ignores_case(), &mut out),
        Term::Phrase(text) => phrase(text, &mut out),
        Term::Regex { pattern, ignore_case } => regex(pattern, *ignore_case, &mut out),
        _ => {}
    }
    out
}

struct Printer {
    out: String,
    /// Whether a word that begins with a slash is out.
    has_slash: bool,
    /// Whether words are printed as something else where they would not be read as words.
    is_safe: bool,
}

impl Printer {
    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Term(term) => self.term(term),
            Expr::Not(inner) => {
                self.out.push('-');
                self.grouped(inner, matches!(**inner, Expr::And(_) | Expr::Or(_)));
            }
            Expr::And(parts) => self.all(parts),
            Expr::Or(parts) => {
                for (idx, part) in parts.iter().enumerate() {
                    if idx > 0 {
                        self.out.push_str(" or ");
                    }
                    self.grouped(part, matches!(part, Expr::Or(_)));
                }
            }
        }
    }

    fn all(&mut self, parts: &[Expr]) {
        let is_list = |part: &Expr| matches!(part, Expr::And(_) | Expr::Or(_));
        let mut n_open = 0;
        for (idx, part) in parts.iter().enumerate() {
            if idx == 0 {
                self.grouped(part, is_list(part));
            } else if self.needs_parens() {
                self.out.push('(');
                self.expr(part);
                // No parenthesis may follow such a slash either: this one closes behind the neighbours.
                n_open += 1;
                if !self.needs_parens() {
                    self.out.push(')');
                    n_open -= 1;
                }
            } else {
                self.out.push(' ');
                self.grouped(part, is_list(part));
            }
        }
        self.out.extend(std::iter::repeat_n(')', n_open));
    }

    /// Whether a blank here could end a regular expression.
    fn needs_parens(&self) -> bool {
        self.has_slash && (self.out.ends_with('/') || self.out.ends_with("/i"))
    }

    fn grouped(&mut self, expr: &Expr, has_parens: bool) {
        if has_parens {
            self.out.push('(');
        }
        self.expr(expr);
        if has_parens {
            self.out.push(')');
        }
    }

    fn term(&mut self, term: &Term) {
        match term {
            Term::Word(word) => self.word(word, term),
            Term::Phrase(text) => phrase(text, &mut self.out),
            Term::Regex { pattern, ignore_case } => regex(pattern, *ignore_case, &mut self.out),
            Term::Level(levels) => self.out.push_str(&levels.as_term().to_string()),
            Term::After(time) => self.named("after:", &time.to_string()),
            Term::Before(time) => self.named("before:", &time.to_string()),
            Term::Field { name, test } => self.field(name, test),
        }
    }

    fn word(&mut self, word: &str, term: &Term) {
        let is_bare = || parse::parse_printed(word).is_some_and(|query| query.terms() == [term]);
        if self.is_safe && (word.starts_with('/') || !is_bare()) {
            return safe_word(word, term.ignores_case(), &mut self.out);
        }
        // Nothing is between these slashes, so they are a word before a blank, and only there.
        self.has_slash |= word.starts_with('/') && !matches!(word, "//" | "//i");
        self.out.push_str(word);
    }

    fn field(&mut self, name: &str, test: &FieldTest) {
        match test {
            FieldTest::Exists => {
                self.out.push_str("has:");
                self.out.push_str(name);
            }
            FieldTest::AtLeast(least) => {
                self.out.push_str(name);
                self.named(">=", least);
            }
            FieldTest::Matches(value) => {
                self.out.push_str(name);
                self.out.push(':');
                let ignores_case = value.ignores_case();
                match &**value {
                    Term::Word(word) if self.is_safe && word.starts_with('/') => {
                        self.field_regex(&escape(word), ignores_case);
                    }
                    Term::Word(word) => {
                        self.has_slash |= word.starts_with('/');
                        self.out.push_str(word);
                    }
                    Term::Regex { pattern, .. } => self.field_regex(pattern, ignores_case),
                    value => self.term(value),
                }
            }
        }
    }

    fn field_regex(&mut self, pattern: &str, ignore_case: bool) {
        // Behind a colon, two slashes are an address.
        let escape = if pattern.starts_with('/') { "\\" } else { "" };
        regex(&format!("{escape}{pattern}"), ignore_case, &mut self.out);
    }

    /// A value that means the same with quotes and without.
    fn named(&mut self, name: &str, value: &str) {
        self.out.push_str(name);
        if value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-:+.,".contains(&byte)) {
            self.out.push_str(value);
        } else {
            phrase(value, &mut self.out);
        }
    }
}

/// Appends a text in quotes. A backslash is doubled only where it would escape something: a doubled one could make an
/// end of a regular expression of a slash behind it.
pub(super) fn phrase(text: &str, out: &mut String) {
    out.push('"');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let is_escape = c == '\\' && chars.peek().is_none_or(|next| matches!(next, '"' | '\\'));
        if c == '"' || is_escape {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

/// Appends a regular expression, with a backslash before a slash that would end it too early.
pub(super) fn regex(pattern: &str, ignore_case: bool, out: &mut String) {
    let pattern = if pattern.is_empty() { "(?:)" } else { pattern };
    let flag = if ignore_case { "/i" } else { "/" };
    // What stands behind the last character of the pattern decides too.
    let whole = format!("{pattern}{flag}");
    let mut is_escaped = false;
    out.push('/');
    for (i, c) in pattern.char_indices() {
        if c == '/' && !is_escaped && term::regex_end(&whole, i + 1).is_some() {
            out.push('\\');
        }
        is_escaped = c == '\\' && !is_escaped;
        out.push(c);
    }
    out.push_str(flag);
}

/// Appends what means the same as a word that cannot stand alone.
fn safe_word(word: &str, ignores_case: bool, out: &mut String) {
    if ignores_case {
        regex(&escape(word), true, out);
    } else {
        phrase(word, out);
    }
}

/// The text as the pattern of a regular expression.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_special(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The text that a pattern matches, when it is but that text.
pub(super) fn unescape(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        out.push(match c {
            // Letters and digits behind a backslash are classes, assertions and numbers; so are `<` and `>`.
            '\\' => chars.next().filter(|&c| c.is_ascii_punctuation() && !matches!(c, '<' | '>'))?,
            c if is_special(c) => return None,
            c => c,
        });
    }
    Some(out)
}

fn is_special(c: char) -> bool {
    matches!(c, '\\' | '.' | '+' | '*' | '?' | '(' | ')' | '|' | '[' | ']' | '{' | '}' | '^' | '$')
}
