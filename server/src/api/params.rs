//! The query string of a request, as every endpoint reads it: split, then percent-decoded exactly once. A `+` stays a plus,
//! but in a query (`q`) it is a blank, as forms and HTTP clients write it and as the page's links have it.

use taillight::path::percent_decode;
use taillight::query::{Narrow, Query};

use crate::error::ApiError;

/// Which lines a request is about: its `q`, `lvl`, `from` and `to`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The query.
    pub q: String,
    /// What narrows it.
    pub narrow: Narrow,
}

impl Selection {
    /// Takes a parameter, when it is one of these.
    ///
    /// # Errors
    /// When levels or times are none: to leave them out would be a wrong answer.
    pub fn read(&mut self, name: &str, value: &str) -> Result<(), ApiError> {
        match name {
            "q" => self.q = value.to_owned(),
            "lvl" => {
                let levels = value.parse();
                self.narrow.levels = levels.map_err(|_| {
                    bad("'lvl' must be names of levels with commas between: fatal, error, warn, info, debug, trace, unknown")
                })?;
            }
            "from" => self.narrow.from = value.to_owned(),
            "to" => self.narrow.to = value.to_owned(),
            _ => {}
        }
        match Query::EVERYTHING.narrowed(&self.narrow).1 {
            Some(wrong) => Err(bad(&wrong.message())),
            None => Ok(()),
        }
    }
}

fn bad(detail: &str) -> ApiError {
    ApiError::BadRequest { detail: detail.to_owned() }
}

/// The decoded names and values of a raw query string, in order. A part that does not decode to text stands for nothing.
pub fn query_pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    query.split('&').filter(|part| !part.is_empty()).filter_map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let name = decode(name)?;
        let value = if name == "q" { decode(&value.replace('+', " "))? } else { decode(value)? };
        Some((name, value))
    })
}

/// As [`query_pairs`], for answers that would be wrong ones without a parameter. A path may be bytes that are no text, and
/// is read by itself.
///
/// # Errors
/// When a value is no text.
pub fn text_pairs(query: &str) -> Result<Vec<(String, String)>, ApiError> {
    let no_texts =
        query.split('&').filter_map(|part| part.split_once('=')).filter(|(_, value)| decode(value).is_none());
    match no_texts.filter_map(|(name, _)| decode(name)).find(|name| name != "path") {
        Some(name) => Err(bad(&format!("'{name}' must be text: UTF-8 as %XX, and a percent sign as %25"))),
        None => Ok(query_pairs(query).collect()),
    }
}

fn decode(text: &str) -> Option<String> {
    String::from_utf8(percent_decode(text).ok()?.into_owned()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_refused_but_for_paths() {
        for (query, expected) in
            [("q=%ff", false), ("q=a%zz", false), ("from=%c3", false), ("q=%C3%A9&path=%ff", true), ("%ff=%ff", true)]
        {
            assert_eq!(text_pairs(query).is_ok(), expected, "{query}");
        }
    }

    #[test]
    fn pairs_are_decoded_once() {
        let pairs: Vec<_> = query_pairs("a=1&&b&c=%2541&d=a+b&%zz=1&e=%FF&=x&f=g=h&q=a+b%2B").collect();
        let expected = [("a", "1"), ("b", ""), ("c", "%41"), ("d", "a+b"), ("", "x"), ("f", "g=h"), ("q", "a b+")];
        assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
