//! What narrows a query beside its text: the levels and the times that a view is limited to.

use serde::{Deserialize, Serialize};

use super::{Expr, Query, Term};
use crate::level::{LevelChoice, LevelSet};
use crate::timestamp::TimeExpr;

/// Which lines are looked at at all: `lvl`, `from` and `to` of links, `--from` and `--to`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Narrow {
    /// Lines of these levels.
    pub levels: LevelChoice,
    /// Lines from that time on, as it was written; empty for all.
    pub from: String,
    /// Lines before that time, as it was written; empty for all.
    pub to: String,
}

/// Why a query cannot be narrowed: a text that is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadNarrow {
    /// That of [`Narrow::from`].
    From,
    /// That of [`Narrow::to`].
    To,
}

impl Narrow {
    /// Whether it leaves out nothing.
    pub fn is_nothing(&self) -> bool {
        self.levels.is_all() && is_blank(&self.from) && is_blank(&self.to)
    }
}

impl BadNarrow {
    /// For people: what is wrong, and what would be right.
    pub fn message(self) -> String {
        let name = match self {
            Self::From => "from",
            Self::To => "to",
        };
        format!("'{name}' is no time: write {}", TimeExpr::FORMS)
    }
}

impl Query {
    /// The query, true of fewer lines. What is wrong is left out, and the first of it told.
    pub fn narrowed(self, narrow: &Narrow) -> (Self, Option<BadNarrow>) {
        let mut wrong = None;
        let mut time = |text: &str, bad| {
            if is_blank(text) {
                return None;
            }
            let time = TimeExpr::parse(text);
            if time.is_none() {
                wrong.get_or_insert(bad);
            }
            time
        };
        let from = time(&narrow.from, BadNarrow::From).map(|time| Expr::Term(Term::After(time)));
        let to = time(&narrow.to, BadNarrow::To).map(|time| Expr::Term(Term::Before(time)));
        let parts = [self.root, of_levels(narrow.levels), from, to];
        (Self { root: Expr::all(parts.into_iter().flatten().collect()) }, wrong)
    }
}

fn of_levels(choice: LevelChoice) -> Option<Expr> {
    let any = |levels| Expr::Term(Term::Level(levels));
    let unknown = Expr::Not(Box::new(any(LevelSet::ALL)));
    match (choice.levels(), choice.has_unknown()) {
        _ if choice.is_all() => None,
        (levels, false) => Some(any(levels)),
        (levels, true) if levels.is_empty() => Some(unknown),
        (levels, true) => Some(Expr::Or(vec![any(levels), unknown])),
    }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::parse;

    #[test]
    fn a_narrowed_query_is_one_that_somebody_could_have_written() {
        let all = "";
        for (query, (levels, from, to), expected, wrong) in [
            ("a or b", (all, "", " "), "a or b", None),
            ("", (all, "", ""), "", None),
            ("", ("error,warn", "", ""), "level:warn,error", None),
            ("a", ("error,unknown", "", ""), "a (level:error or -level>=trace)", None),
            ("a b", ("unknown", "", ""), "a b -level>=trace", None),
            ("a or b", (all, "10:00", ""), "(a or b) after:10:00", None),
            ("a", (all, "-15m", "2026-11-22T10:00:00Z"), "a after:-15m before:2026-11-22T10:00:00Z", None),
            ("a", (all, "soon", "later"), "a", Some(BadNarrow::From)),
            ("a", ("fatal", "10:00", "later"), "a level:fatal after:10:00", Some(BadNarrow::To)),
        ] {
            let narrow = Narrow { levels: levels.parse().unwrap(), from: from.into(), to: to.into() };
            let (query, bad) = parse(query).unwrap().narrowed(&narrow);
            assert_eq!((query.to_string().as_str(), bad), (expected, wrong), "{narrow:?}");
            assert_eq!(parse(expected).unwrap(), query, "{narrow:?}");
        }
    }
}
