//! Facts as the chrome says them.

use taillight::follow::grouped;
use taillight::level::LevelChoice;
use taillight::line::{ByteLen, ByteOffset, LineCount};
use taillight::row::size_text;
use taillight::timestamp::Stamp;
use taillight::view::Place;
use taillight::view::link::LinkNotice;
use taillight::wire::{Entry, Found, Levels, Matched, Tip};

use crate::search::SearchBox;

/// `13,680,855 lines`, or of a filtered file `showing 1,204 of 98,000,000`; with `≥` in front of what is still counted.
pub fn line_count(tip: &Tip) -> String {
    let count = |count: u64, exact: bool| format!("{}{}", if exact { "" } else { "≥ " }, grouped(count));
    let lines = count(tip.lines.count.get(), tip.lines.exact);
    match tip.shown {
        Some(shown) => format!("showing {} of {lines}", count(shown.count.get(), shown.exact)),
        None => format!("{lines} line{}", if tip.lines.count.get() == 1 { "" } else { "s" }),
    }
}

/// `3 of 120`, `0 of 120` before one was gone to, with `+` while the number still grows; `no match`; `not counted` where
/// nobody has begun.
pub fn match_count(found: &Found) -> String {
    if found.matched.stopped && found.matched.scanned == ByteOffset::ZERO {
        return "not counted".to_owned();
    }
    let count = found.matched.count.get();
    let more = if found.matched.exact { "" } else { "+" };
    if count == 0 && found.matched.exact {
        return "no match".to_owned();
    }
    let rank = found.rank.map_or(0, LineCount::get).min(count);
    format!("{} of {}{more}", grouped(rank), grouped(count))
}

/// A length for a style, such as `-12.50px`, to the hundredth. Printing floats otherwise takes a fiftieth of the WASM.
pub fn px(length: f64) -> String {
    let hundredths = (length * 100.0).round() as i64;
    let sign = if hundredths < 0 { "-" } else { "" };
    let size = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}px", size / 100, size % 100)
}

/// Which share `part` is, in percent: 100 only when it is all.
pub fn percent(part: u64, whole: u64) -> u8 {
    let percent = u128::from(part) * 100 / u128::from(whole.max(1));
    u8::try_from(percent).unwrap_or(100).min(100)
}

/// What is said where the filter shows no row: the share of the file that was looked through so far, in percent, or
/// `None` when that is all of it.
pub fn no_match(so_far: Option<u8>) -> String {
    match so_far {
        None => "No line matches".to_owned(),
        Some(percent) => format!("No line matches so far · {percent} % looked through"),
    }
}

/// What is said beside that of a file of `len` bytes whose search goes no further until it is asked to: what was searched
/// beside what is here, and came to.
pub fn no_match_here(shown: &Matched, len: u64) -> String {
    let searched = || {
        let scanned = shown.scanned.get();
        format!("in the first {} ({} %); the rest is not searched", size(scanned), percent(scanned, len))
    };
    match shown.count.get() {
        0 if shown.scanned == ByteOffset::ZERO => "The rest of the file is not searched.".to_owned(),
        0 => format!("And none {}.", searched()),
        1 => format!("1 line matches {}.", searched()),
        n => format!("{} lines match {}.", grouped(n), searched()),
    }
}

/// What is said while the server looks through the file for what is in a box.
pub fn still_looking(which: SearchBox, percent: Option<u8>) -> String {
    let doing = if which == SearchBox::Filter { "filtering" } else { "searching" };
    percent.map_or_else(|| format!("still {doing}"), |percent| format!("still {doing} · {percent} % looked through"))
}

/// What is said of a search that goes no further until it is asked to: `stopped after 20.0 GB (13 %)`,
/// `not searched: 12.3 GB`.
pub fn stopped(scanned: u64, len: u64) -> String {
    match scanned {
        0 => format!("not searched: {}", size(len)),
        _ => format!("stopped after {} ({} %)", size(scanned), percent(scanned, len)),
    }
}

/// What is said of the first of these counts that stands stopped, and of which it is where the other does not; empty when
/// none does.
pub fn stopped_of(tip: &Tip) -> String {
    let Some(matched) = tip.stopped() else { return String::new() };
    let text = stopped(matched.scanned.get(), tip.len.get());
    match (tip.shown, tip.found) {
        (Some(_), Some(found)) if !found.matched.stopped => format!("filter {text}"),
        (Some(shown), Some(_)) if !shown.stopped => format!("find {text}"),
        _ => text,
    }
}

/// What is said of counts of levels that stand stopped.
pub fn stopped_levels(levels: &Levels, len: u64) -> String {
    format!("levels {}", stopped(levels.scanned.get(), len))
}

/// What is said where there is no further row of some levels: `No more errors below`.
pub fn no_more(levels: LevelChoice, down: bool) -> String {
    let kind = match levels {
        LevelChoice::ERRORS => "errors",
        LevelChoice::WARNINGS => "warnings",
        _ => "lines of these levels",
    };
    format!("No more {kind} {}", if down { "below" } else { "above" })
}

/// `1.2 of 2.0 GB`, `950 MB of 2.0 GB`.
pub fn of_size(part: u64, whole: u64) -> String {
    let (part, whole) = (size(part.min(whole)), size(whole));
    let unit = |size: &str| size.rsplit_once(' ').map(|(number, unit)| (number.to_owned(), unit.to_owned()));
    match (unit(&part), unit(&whole)) {
        (Some((number, one)), Some((_, other))) if one == other => format!("{number} of {whole}"),
        _ => format!("{part} of {whole}"),
    }
}

/// How many things that are wrong in a link are told at once.
const MAX_NOTICES: usize = 4;

/// What is wrong in a link, a line each.
pub fn notices(notices: &[LinkNotice]) -> String {
    let mut lines: Vec<_> = notices.iter().take(MAX_NOTICES).map(ToString::to_string).collect();
    if let n_more @ 1.. = notices.len().saturating_sub(MAX_NOTICES) {
        lines.push(format!("and {n_more} more"));
    }
    lines.join("\n")
}

/// What is said of a place past the end of the file.
pub fn past_end(place: &Place) -> String {
    let what = match place {
        Place::Bytes { first, .. } => format!("Byte {}", grouped(first.get())),
        Place::Lines { first, .. } => format!("Line {}", grouped(first.get())),
        _ => "This".to_owned(),
    };
    what + " is past the end: these are the last lines"
}

/// How far the line that was gone to, the first that is not before the time that was asked for, else the last one, is from
/// that; `None` when it is of that time.
pub fn landed(wanted: Stamp, found: Option<Stamp>) -> Option<String> {
    let Some(found) = found else { return Some("No line of this file has a time".to_owned()) };
    let nanos = found.nanos().abs_diff(wanted.nanos());
    let (which, way) = if found > wanted { ("next", "later") } else { ("last", "earlier") };
    (nanos > 0).then(|| format!("The {which} line is {} {way}", span(nanos)))
}

/// `1 min 3 s`, `2 d 4 h`, `250 ms`.
fn span(nanos: u64) -> String {
    const UNITS: [(u64, &str); 5] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"), (1, "ms")];
    let mut rest = nanos / 1_000_000;
    let mut text = String::new();
    let first = UNITS.iter().position(|(unit, _)| rest >= *unit).unwrap_or(UNITS.len());
    for (unit, name) in UNITS.into_iter().skip(first).take(2) {
        let count = rest / unit;
        rest %= unit;
        // Nobody cares for milliseconds beside seconds.
        if count > 0 && (text.is_empty() || unit > 1) {
            text.push_str(&format!("{}{} {name}", if text.is_empty() { "" } else { " " }, grouped(count)));
        }
    }
    if text.is_empty() { "less than 1 ms".to_owned() } else { text }
}

/// A text around the character at a byte of it: before, the character, after. At the end the character is empty.
pub fn around(text: &str, position: u32) -> (&str, &str, &str) {
    let (before, rest) = text.split_at(text.floor_char_boundary(position as usize));
    let (at, after) = rest.split_at(rest.chars().next().map_or(0, char::len_utf8));
    (before, at, after)
}

/// What is said of new lines to who only hears the page.
pub fn heard(n_new: u64, last: &str) -> String {
    match n_new {
        1 => format!("1 new line: {last}"),
        n_new => format!("{} new lines, the last: {last}", grouped(n_new)),
    }
}

/// `41.8 GB`.
pub fn size(bytes: u64) -> String {
    size_text(ByteLen::new(bytes))
}

/// `41.8 MB`, of a compressed file `1.2 MB gzip`, or nothing.
pub fn stored_size(entry: &Entry) -> Option<String> {
    let size = size(entry.size?);
    Some(entry.packed.map_or_else(|| size.clone(), |packed| format!("{size} {}", packed.name())))
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
    use taillight::cursor::Generation;
    use taillight::level::LevelCounts;
    use taillight::wire::{FileState, LineTotal};

    use super::*;

    #[test]
    fn lengths_are_exact_to_the_hundredth() {
        for (length, expected) in [
            (0.0, "0.00px"),
            (-0.001, "0.00px"),
            (12.5, "12.50px"),
            (-12.346, "-12.35px"),
            (33_554_428.06, "33554428.06px"),
            (f64::NAN, "0.00px"),
        ] {
            assert_eq!(px(length), expected, "{length}");
        }
    }

    #[test]
    fn a_share_of_bytes_has_one_unit_where_it_can() {
        for (part, whole, expected) in [
            (1_200_000_000, 2_000_000_000, "1.2 of 2.0 GB"),
            (950_000_000, 2_000_000_000, "950 MB of 2.0 GB"),
            (7, 5, "5 of 5 B"),
        ] {
            assert_eq!(of_size(part, whole), expected);
        }
    }

    #[test]
    fn a_time_says_how_far_off_its_line_is() {
        let at = Stamp::from_nanos;
        for (apart_ms, expected) in [
            (63_000, "1 min 3 s later"),
            (63_250, "1 min 3 s later"),
            (-1_250, "1 s earlier"),
            (250, "250 ms later"),
            (120_000, "2 min later"),
            (-187_200_000, "2 d 4 h earlier"),
            (86_400_000_000, "1,000 d later"),
        ] {
            let text = landed(at(5), Some(at(5 + apart_ms * 1_000_000)));
            let which = if apart_ms > 0 { "next" } else { "last" };
            assert_eq!(text.as_deref(), Some(format!("The {which} line is {expected}").as_str()));
        }
        assert_eq!(landed(at(5), Some(at(6))).as_deref(), Some("The next line is less than 1 ms later"));
        assert_eq!((landed(at(5), Some(at(5))), landed(at(5), None).is_some()), (None, true));
    }

    #[test]
    fn a_place_past_the_end_is_named_with_where_the_screen_is_instead() {
        for (place, expected) in [("line:99999", "Line 99,999"), ("line:7-9", "Line 7"), ("byte:4096", "Byte 4,096")] {
            let text = past_end(&place.parse().unwrap());
            assert_eq!(text, format!("{expected} is past the end: these are the last lines"));
        }
    }

    #[test]
    fn all_that_is_wrong_in_a_link_is_told_as_far_as_it_can_be_read() {
        let told = |query: &str| {
            let link = taillight::view::link::read(&format!("/v/r/f?{query}")).unwrap();
            let text = notices(&link.notices);
            text.lines().map(|line| line.split(" in the link").next().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
        };
        for (query, expected) in [
            ("at=line:5", ""),
            ("at=x", "'at=x'"),
            ("at=x&ctx=999&lvl=loud", "'at=x' 'ctx=999' 'lvl=loud'"),
            ("at=1&at=2&at=3&at=4&at=5&at=6", "'at=1' 'at=2' 'at=3' 'at=4' and 2 more"),
        ] {
            assert_eq!(told(query), expected, "{query}");
        }
    }

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

    fn matched(count: u64, exact: bool) -> Matched {
        Matched { count: LineCount::new(count), exact, scanned: ByteOffset::ZERO, stopped: false }
    }

    #[test]
    fn matches_are_counted_with_a_plus_while_the_number_grows() {
        let text = |count, exact, rank: Option<u64>| {
            match_count(&Found { matched: matched(count, exact), rank: rank.map(LineCount::new) })
        };
        assert_eq!(text(120, true, Some(3)), "3 of 120");
        assert_eq!(text(2_341, false, Some(1_017)), "1,017 of 2,341+");
        assert_eq!((text(120, true, None), text(120, false, None)), ("0 of 120".into(), "0 of 120+".into()));
        assert_eq!((text(0, true, None), text(0, true, Some(1))), ("no match".into(), "no match".into()));
        assert_eq!((text(0, false, None), text(0, false, Some(1))), ("0 of 0+".into(), "0 of 0+".into()));
        for (scanned, expected) in [(0, "not counted"), (9, "0 of 0+")] {
            let scanned = ByteOffset::new(scanned);
            let matched = Matched { stopped: true, scanned, ..matched(0, false) };
            assert_eq!(match_count(&Found { matched, rank: None }), expected);
        }
    }

    const NOTHING: Tip = Tip {
        generation: Generation::FIRST,
        len: ByteOffset::ZERO,
        complete: ByteOffset::ZERO,
        lines: LineTotal { count: LineCount::ZERO, exact: true },
        new_lines: LineCount::ZERO,
        shown: None,
        found: None,
        state: FileState::Live,
    };

    #[test]
    fn lines_are_counted_and_said_to_be_at_least_while_they_grow() {
        let text = |lines: (u64, bool), shown: Option<(u64, bool)>| {
            let lines = LineTotal { count: LineCount::new(lines.0), exact: lines.1 };
            line_count(&Tip { lines, shown: shown.map(|(count, exact)| matched(count, exact)), ..NOTHING })
        };
        assert_eq!(text((13_680_855, true), None), "13,680,855 lines");
        assert_eq!((text((1, true), None), text((0, false), None)), ("1 line".into(), "≥ 0 lines".into()));
        assert_eq!(text((98_000_000, true), Some((1_204, true))), "showing 1,204 of 98,000,000");
        assert_eq!(text((98, true), Some((12, false))), "showing ≥ 12 of 98");
        assert_eq!(text((98, false), Some((12, false))), "showing ≥ 12 of ≥ 98");
    }

    #[test]
    fn a_search_is_through_only_at_the_end() {
        assert_eq!((percent(0, 0), percent(999, 1_000), percent(1_000, 1_000), percent(5, 3)), (0, 99, 100, 100));
        assert_eq!(percent(u64::MAX / 2, u64::MAX), 49);
        assert_eq!(
            (no_match(None).as_str(), still_looking(SearchBox::Find, None).as_str()),
            ("No line matches", "still searching")
        );
        assert_eq!(no_more(LevelChoice::ERRORS, true), "No more errors below");
        assert_eq!(no_more(LevelChoice::WARNINGS, false), "No more warnings above");
        assert_eq!(stopped(0, 12_300_000_000), "not searched: 12.3 GB");
        assert_eq!(stopped(20_000_000_000, 150_000_000_000), "stopped after 20.0 GB (13 %)");
        for (count, scanned, expected) in [
            (0, 0, "The rest of the file is not searched."),
            (0, 20, "And none in the first 20.0 GB (13 %); the rest is not searched."),
            (1, 20, "1 line matches in the first 20.0 GB (13 %); the rest is not searched."),
            (1_204, 20, "1,204 lines match in the first 20.0 GB (13 %); the rest is not searched."),
        ] {
            let (count, scanned) = (LineCount::new(count), ByteOffset::new(scanned * 1_000_000_000));
            let shown = Matched { count, exact: false, scanned, stopped: true };
            assert_eq!(no_match_here(&shown, 150_000_000_000), expected);
        }
        assert_eq!(no_match(Some(7)), "No line matches so far · 7 % looked through");
        assert_eq!(still_looking(SearchBox::Filter, Some(7)), "still filtering · 7 % looked through");
    }

    #[test]
    fn which_search_stands_is_said_where_only_one_does() {
        let matched = |stopped: bool| Matched {
            count: LineCount::ZERO,
            exact: !stopped,
            scanned: ByteOffset::new(if stopped { 1_000_000_000 } else { 2_000_000_000 }),
            stopped,
        };
        for (shown, found, expected) in [
            (None, None, ""),
            (Some(false), Some(false), ""),
            (Some(true), None, "stopped after 1.0 GB (50 %)"),
            (None, Some(true), "stopped after 1.0 GB (50 %)"),
            (Some(true), Some(true), "stopped after 1.0 GB (50 %)"),
            (Some(true), Some(false), "filter stopped after 1.0 GB (50 %)"),
            (Some(false), Some(true), "find stopped after 1.0 GB (50 %)"),
        ] {
            let found = found.map(|stopped| Found { matched: matched(stopped), rank: None });
            let tip = Tip { len: ByteOffset::new(2_000_000_000), shown: shown.map(matched), found, ..NOTHING };
            assert_eq!(stopped_of(&tip), expected);
        }
        let scanned = ByteOffset::new(1_000_000_000);
        let (counts, generation) = (LevelCounts::default(), Generation::FIRST);
        let levels = Levels { generation, counts, scanned, exact: false, stopped: true };
        assert_eq!(stopped_levels(&levels, 2_000_000_000), "levels stopped after 1.0 GB (50 %)");
    }

    #[test]
    fn the_place_of_a_mistake_is_one_character_of_the_text() {
        assert_eq!(around("a (b", 2), ("a ", "(", "b"));
        assert_eq!(around("é(", 2), ("é", "(", ""));
        assert_eq!(around("aé", 2), ("a", "é", ""));
        assert_eq!(around("ab", 2), ("ab", "", ""));
        assert_eq!(around("ab", 99), ("ab", "", ""));
        assert_eq!(around("", 0), ("", "", ""));
    }

    #[test]
    fn growth_of_nothing_says_nothing() {
        assert_eq!((growth(0).as_str(), growth(500).as_str()), ("", "+500 B/s"));
    }
}
