//! Marks beside the scrollbar's thumb: where the file has hits, lines that the filter shows, and lines from `warn` on.
//! Each kind stands in a place of its own and the worse levels are wider, so that no mark needs its colour.

use taillight::follow::Input;
use taillight::level::Level;
use taillight::wire::Marks;

use super::Live;
use crate::browser::measure;

/// How high a mark is at least, in CSS pixels.
const PART_PX: f64 = 3.0;

/// Into how many parts the file is divided at most: what is drawn is some text for each.
const MAX_PARTS: f64 = 400.0;

/// The height of the picture in its own units, whatever that of the scrollbar is: `viewBox` of the page.
const HEIGHT: u64 = 10_000;

/// The path of each kind of marks: its element, where it begins and how wide it is.
const LANES: [(&str, u64, u64); 5] =
    [("mark-shown", 1, 3), ("mark-warn", 6, 3), ("mark-error", 6, 5), ("mark-fatal", 6, 7), ("mark-found", 15, 6)];

/// What is drawn.
#[derive(Debug, Default)]
pub struct Drawn {
    parts: u32,
    /// Which marks, and whether there are any.
    marks: (u32, bool),
}

impl Live {
    /// Asks for as many marks as there is room for, and draws those that are known.
    pub(super) fn write_marks(&mut self) {
        let (_, track_px) = self.size.size();
        let parts = (track_px / PART_PX).clamp(1.0, MAX_PARTS) as u32;
        if self.marks.parts != parts {
            self.marks.parts = parts;
            self.step(Input::Marks(parts));
        }
        let (marks, epoch) = self.follow.marks();
        let drawn = (epoch, marks.is_some());
        if self.marks.marks == drawn {
            return;
        }
        for (nth, (id, left, width)) in LANES.into_iter().enumerate() {
            let of_kind = marks.map(|marks| kind(marks, nth)).unwrap_or_default();
            measure::set_attribute(id, "d", &path(&of_kind, marks.map_or(1, |marks| marks.parts), left, width));
        }
        self.marks.marks = drawn;
    }

    /// Where the nearest part of the file with a mark begins, when the pointer is on one, in bytes.
    pub(super) fn marked_at(&self, y_px: f64) -> Option<u64> {
        let marks = self.follow.marks().0?;
        let (_, track_px) = self.size.size();
        let at = (y_px / track_px.max(1.0) * f64::from(marks.parts)) as i64;
        let near =
            (0..LANES.len()).flat_map(|nth| kind(marks, nth)).min_by_key(|part| at.abs_diff(i64::from(*part)))?;
        let is_met = at.abs_diff(i64::from(near)) <= 1;
        let offset = u128::from(marks.len.get()) * u128::from(near) / u128::from(marks.parts.max(1));
        is_met.then(|| u64::try_from(offset).unwrap_or(u64::MAX))
    }
}

/// The marks of a lane, in order.
fn kind(marks: &Marks, lane: usize) -> Vec<u32> {
    let of_level = |level: Level| marks.levels.iter().filter(|(_, of)| *of == level).map(|(part, _)| *part).collect();
    match lane {
        0 => marks.shown.clone(),
        1 => of_level(Level::Warn),
        2 => of_level(Level::Error),
        3 => of_level(Level::Fatal),
        _ => marks.found.clone(),
    }
}

/// A rectangle for each run of marks.
fn path(marks: &[u32], parts: u32, left: u64, width: u64) -> String {
    let y = |part: u64| part * HEIGHT / u64::from(parts.max(1));
    let mut path = String::new();
    for run in marks.chunk_by(|one, next| one + 1 == *next) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        let (top, bottom) = (y(u64::from(*first)), y(u64::from(*last) + 1));
        path.push_str(&format!("M{left} {top}h{width}V{bottom}h-{width}z"));
    }
    path
}
