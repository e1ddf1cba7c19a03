//! Facts as a table for people.

use taillight::follow::grouped;
use taillight::level::LevelChoice;
use taillight::path::shown_name;
use taillight::row::size_text;

use super::Stat;

const HEADS: [&str; 9] = ["FILE", "LINES", "SIZE", "LONGEST", "ENCODING", "FORMAT", "FIRST", "LAST", "LEVELS"];

/// Those columns are numbers: they end alike.
const NUMBERS: std::ops::Range<usize> = 1..4;

/// The table; nothing of nothing.
pub(super) fn of(stats: &[Stat]) -> String {
    if stats.is_empty() {
        return String::new();
    }
    let rows: Vec<[String; 9]> = [HEADS.map(str::to_owned)].into_iter().chain(stats.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 9] = std::array::from_fn(width);
    rows.iter().map(|row| line(row, &widths)).collect()
}

fn line(row: &[String; 9], widths: &[usize; 9]) -> String {
    let cells = row.iter().zip(widths).enumerate();
    let cells = cells.map(
        |(column, (text, width))| {
            if NUMBERS.contains(&column) { format!("{text:>width$}") } else { format!("{text:width$}") }
        },
    );
    format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
}

fn row(stat: &Stat) -> [String; 9] {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let levels = LevelChoice::kinds().filter_map(|kind| {
        let count = stat.levels.of(kind).get();
        (count > 0).then(|| format!("{} {}", LevelChoice::name(kind), grouped(count)))
    });
    let levels = levels.collect::<Vec<_>>().join(", ");
    [
        shown_name(stat.file.as_bytes()),
        grouped(stat.lines.get()),
        size_text(stat.bytes),
        size_text(stat.longest_line),
        or_dash(stat.encoding.map(str::to_owned)),
        or_dash(stat.format.map(str::to_owned)),
        or_dash(stat.first_time.map(|time| time.to_string())),
        or_dash(stat.last_time.map(|time| time.to_string())),
        or_dash(Some(levels).filter(|levels| !levels.is_empty())),
    ]
}
