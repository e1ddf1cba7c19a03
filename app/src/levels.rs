//! What narrows the log beside the text of the filter: levels, and from when to when. The levels are chosen one by one;
//! how many lines there are of each is counted only while somebody looks at them.

use leptos::prelude::*;
use taillight::follow::grouped;
use taillight::level::{Level, LevelChoice, LevelSet};
use taillight::query::Narrow;
use taillight::view::FileView;
use taillight::wire::Levels;

/// Levels, as the chrome shows them.
#[derive(Clone, Copy)]
pub struct LevelState {
    /// Whether the row of levels and times is open.
    pub is_open: RwSignal<bool>,
    /// How many lines there are of each; `None` while that is not known.
    pub counts: RwSignal<Option<Levels>>,
}

/// What is done with one kind of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pick {
    /// They are shown, or not.
    Toggle,
    /// Only they are shown; if that is so, all are again.
    Only,
    /// They and those above are shown.
    AndAbove,
}

/// A part of what narrows the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The levels.
    Levels,
    /// From when on.
    From,
    /// Before when.
    To,
}

/// What the user does with levels and times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevelAct {
    /// Opens the row, or closes it.
    ToggleRow,
    /// Does something with the lines of a level, or with those without one.
    Pick(Option<Level>, Pick),
    /// Shows these, and opens the row.
    Choose(LevelChoice),
    /// Takes a part of it away.
    Remove(Part),
}

impl LevelState {
    /// As a page begins with `view`: the row is open where the link says something that is in it.
    pub fn new(view: Option<&FileView>) -> Self {
        let is_narrow = view.is_some_and(|view| !view.narrow.is_nothing());
        Self { is_open: RwSignal::new(is_narrow), counts: RwSignal::new(None) }
    }
}

/// What is shown after `pick`.
pub fn picked(choice: LevelChoice, kind: Option<Level>, pick: Pick) -> LevelChoice {
    match (pick, kind) {
        (Pick::Toggle, _) => choice.toggled(kind),
        (Pick::Only, _) if choice == LevelChoice::only(kind) => LevelChoice::ALL,
        (Pick::Only, _) => LevelChoice::only(kind),
        (Pick::AndAbove, kind) => and_above(kind),
    }
}

/// The lines of that level and above it; all where it is none.
pub fn and_above(lowest: Option<Level>) -> LevelChoice {
    lowest.map_or(LevelChoice::ALL, |level| LevelChoice::new(LevelSet::at_least(level), false))
}

/// The name of a kind of lines, as a heading.
pub const fn title(kind: Option<Level>) -> &'static str {
    match kind {
        Some(Level::Trace) => "Trace",
        Some(Level::Debug) => "Debug",
        Some(Level::Info) => "Info",
        Some(Level::Warn) => "Warn",
        Some(Level::Error) => "Error",
        Some(Level::Fatal) => "Fatal",
        None => "Unknown",
    }
}

/// `1,204`, with `+` while it still grows; nothing while it is not known.
pub fn count_text(levels: Option<&Levels>, kind: Option<Level>) -> String {
    let Some(levels) = levels else { return String::new() };
    format!("{}{}", grouped(levels.counts.of(kind).get()), if levels.exact { "" } else { "+" })
}

/// What narrows the log, part by part, for people.
pub fn parts(narrow: &Narrow) -> Vec<(Part, String)> {
    let levels = narrow.levels.to_string().replace(',', ", ");
    [(Part::Levels, "level", &levels), (Part::From, "from", &narrow.from), (Part::To, "to", &narrow.to)]
        .into_iter()
        .filter(|(_, _, text)| !text.is_empty())
        .map(|(part, name, text)| (part, format!("{name} {text}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use taillight::cursor::Generation;
    use taillight::level::LevelCounts;
    use taillight::line::ByteOffset;

    use super::*;

    #[test]
    fn a_level_is_turned_off_shown_alone_or_with_those_above_it() {
        let error = Some(Level::Error);
        for (before, pick, after) in [
            ("", Pick::Toggle, "fatal,warn,info,debug,trace,unknown"),
            ("error", Pick::Toggle, ""),
            ("warn", Pick::Toggle, "error,warn"),
            ("warn", Pick::Only, "error"),
            ("error", Pick::Only, ""),
            ("trace", Pick::AndAbove, "fatal,error"),
        ] {
            assert_eq!(picked(before.parse().unwrap(), error, pick).to_string(), after, "{before:?} {pick:?}");
        }
        assert!(picked(LevelChoice::only(error), None, Pick::AndAbove).is_all());
    }

    #[test]
    fn counts_have_a_plus_while_they_grow() {
        let mut counts = LevelCounts::default();
        counts.add(Some(Level::Warn), 1_204);
        let of =
            |exact| Levels { generation: Generation::FIRST, counts, scanned: ByteOffset::ZERO, exact, stopped: false };
        assert_eq!(count_text(Some(&of(true)), Some(Level::Warn)), "1,204");
        assert_eq!(count_text(Some(&of(false)), Some(Level::Warn)), "1,204+");
        assert_eq!(count_text(Some(&of(true)), None), "0");
        assert_eq!(count_text(None, None), "");
    }

    #[test]
    fn what_narrows_is_said_part_by_part() {
        let narrow = Narrow { levels: "warn,error".parse().unwrap(), from: "10:00".to_owned(), to: String::new() };
        let texts: Vec<String> = parts(&narrow).into_iter().map(|(_, text)| text).collect();
        assert_eq!(texts, ["level error, warn", "from 10:00"]);
        assert!(parts(&Narrow::default()).is_empty());
    }
}
