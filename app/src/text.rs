//! Facts as the chrome says them.

use taillight::follow::grouped;
use taillight::line::ByteLen;
use taillight::row::size_text;
use taillight::wire::Tip;

/// `13,680,855 lines`, with `≥` in front while lines are still counted.
pub fn line_count(tip: &Tip) -> String {
    let count = tip.lines.count.get();
    let at_least = if tip.lines.exact { "" } else { "≥ " };
    let plural = if count == 1 { "" } else { "s" };
    format!("{at_least}{} line{plural}", grouped(count))
}

/// `41.8 GB`.
pub fn size(bytes: u64) -> String {
    size_text(ByteLen::new(bytes))
}

/// `+1.2 MB/s`, or nothing.
pub fn growth(bytes_per_sec: u64) -> String {
    if bytes_per_sec == 0 { String::new() } else { format!("+{}/s", size(bytes_per_sec)) }
}

/// `2026-11-22 14:02` of an RFC 3339 time in UTC.
pub fn minute(rfc3339: &str) -> String {
    rfc3339.get(..16).map(|minute| minute.replacen('T', " ", 1)).unwrap_or_default()
}

/// How well `pattern` fits `text`, letters in order, either case: smaller is better; `None` when it does not. It is fitted
/// from the end, where the name of a file is: letters found early in its folders would hide that the name itself fits.
pub fn fuzzy_rank(pattern: &str, text: &str) -> Option<usize> {
    let mut rest = text.char_indices().rev();
    let mut rank = text.len();
    let mut after: Option<usize> = None;
    for wanted in pattern.chars().rev().filter(|c| !c.is_whitespace()) {
        let (at, found) = rest.find(|(_, c)| c.eq_ignore_ascii_case(&wanted))?;
        // Letters side by side, and close to the end, are what people mean.
        rank += match after {
            Some(after) => 4 * (after - at - found.len_utf8()).min(50),
            None => text.len() - at,
        };
        after = Some(at);
    }
    Some(rank)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_in_order_fit_and_closer_ones_fit_better() {
        assert_eq!(fuzzy_rank("xyz", "access.log"), None);
        assert!(fuzzy_rank("", "a").is_some());
        assert!(fuzzy_rank("ACC", "nginx/access.log") < fuzzy_rank("acs", "nginx/access.log"));
        assert!(fuzzy_rank("other", "logs/the-core/other.log") < fuzzy_rank("other", "logs/the-core/app.log"));
        assert!(fuzzy_rank("error", "nginx/error.log") < fuzzy_rank("error", "e/r/r/o/r/very/long/path.log"));
    }

    #[test]
    fn a_time_is_shown_to_the_minute_and_bad_ones_are_not() {
        assert_eq!(minute("2026-11-22T14:02:11Z"), "2026-11-22 14:02");
        assert_eq!(minute("x"), "");
        assert_eq!(minute("2026-11-22T14:0é"), "");
    }

    #[test]
    fn growth_of_nothing_says_nothing() {
        assert_eq!((growth(0).as_str(), growth(500).as_str()), ("", "+500 B/s"));
    }
}
