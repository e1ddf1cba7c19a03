//! The query language: which lines are shown or counted.

/// A query: which lines match.
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
    /// All of them; two or more.
    And(Vec<Expr>),
    /// One of them at least; two or more.
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
}
