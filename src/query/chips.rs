//! The conditions of the `Filter` box one by one: those that a line must meet together. The text stays the truth; this
//! takes it apart and writes it anew.

use super::{Expr, Query, parse};

/// The conditions of a text, each as a query of its own; none where the text is empty or wrong.
pub fn chips(text: &str) -> Vec<String> {
    parts(text).unwrap_or_default().into_iter().map(|part| print(Some(part))).collect()
}

/// The text without a condition; unchanged where it has no such condition.
pub fn without_chip(text: &str, chip: &str) -> String {
    change(text, chip, |_| None)
}

/// The text with a condition turned into its opposite; unchanged where it has no such condition.
pub fn with_inverted_chip(text: &str, chip: &str) -> String {
    change(text, chip, |part| {
        Some(match part {
            Expr::Not(inner) => *inner,
            part => Expr::Not(Box::new(part)),
        })
    })
}

/// The text with one more condition at its end; unchanged where one of the two is wrong.
pub fn with_chip(text: &str, chip: &str) -> String {
    match (parts(text), parts(chip)) {
        (Some(parts), Some(more)) => print(Expr::all(parts.into_iter().chain(more).collect())),
        _ => text.to_owned(),
    }
}

/// `None` where the text is wrong.
fn parts(text: &str) -> Option<Vec<Expr>> {
    Some(match parse(text).ok()?.root {
        None => Vec::new(),
        Some(Expr::And(parts)) => parts,
        Some(part) => vec![part],
    })
}

fn change(text: &str, chip: &str, with: impl Fn(Expr) -> Option<Expr>) -> String {
    let parts = parts(text).unwrap_or_default();
    let Some(nth) = parts.iter().position(|part| print(Some(part.clone())) == chip) else { return text.to_owned() };
    let changed =
        parts.into_iter().enumerate().filter_map(|(idx, part)| if idx == nth { with(part) } else { Some(part) });
    print(Expr::all(changed.collect()))
}

fn print(root: Option<Expr>) -> String {
    Query { root }.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_taken_apart_into_what_a_line_must_be_together() {
        for (text, expected) in [
            ("", vec![]),
            ("a (", vec![]),
            ("a", vec!["a"]),
            ("a -b \"c d\" /e+/i", vec!["a", "-b", "\"c d\"", "/e+/i"]),
            ("a or b", vec!["a or b"]),
            ("(a or b) -(c d)", vec!["a or b", "-(c d)"]),
        ] {
            assert_eq!(chips(text), expected, "{text}");
        }
    }

    #[test]
    fn a_condition_goes_comes_back_and_turns_into_its_opposite() {
        let text = "(a or b) -c d";
        for (chip, without, inverted) in [
            ("a or b", "-c d", "-(a or b) -c d"),
            ("-c", "(a or b) d", "(a or b) c d"),
            ("d", "(a or b) -c", "(a or b) -c -d"),
            ("e", text, text),
        ] {
            assert_eq!(without_chip(text, chip), without, "{chip}");
            assert_eq!(with_inverted_chip(text, chip), inverted, "{chip}");
        }
        assert_eq!(without_chip("a", "a"), "");
        assert_eq!(with_chip("-c d", "a or b"), "-c d (a or b)");
        assert_eq!((with_chip("", "a b"), with_chip("a (", "b")), ("a b".to_owned(), "a (".to_owned()));
    }
}
