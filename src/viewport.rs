//! Rows and positions to pixels and back: the arithmetic of our own scroller.
//!
//! There is no element of the file's height, so no limit of a browser on heights: the scrollbar is a [`Track`] over a
//! total in bytes (or lines), and what is on the screen is a [`Scroll`] over the rows that are held.

pub mod scroll;

use std::ops::RangeInclusive;

pub use scroll::{RowMetrics, Scroll, Scrolled, Viewport};

/// A scrollbar: how long the file is, how much of it the screen shows, and how many pixels there are for it.
///
/// Positions are what is at the top of the screen, from 0 to [`Track::last_position`]. Both ends are exact whatever the
/// total; between them a position is as exact as a pixel can tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Track {
    /// The file, in bytes or lines.
    pub total: u64,
    /// What the screen shows of it, in the same unit.
    pub visible: u64,
    /// The height of the track.
    pub track_px: f64,
    /// The height that the thumb has at least, to be grasped.
    pub min_thumb_px: f64,
}

/// Where the thumb is in its track.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thumb {
    /// From the top of the track.
    pub top_px: f64,
    /// Its height.
    pub height_px: f64,
}

/// A thumb that is being dragged.
///
/// A fine drag (with Shift) moves by the geometric mean of a pixel of the track and a pixel of the text: some screens a
/// pixel in a huge file, a few lines in a small one. Changing between fine and coarse does not jump.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drag {
    /// Where the pointer was when this part of the drag began.
    from_px: f64,
    /// The position then.
    from: u64,
    is_fine: bool,
    last_px: f64,
    last: u64,
}

impl Track {
    /// The position at the end: the last screen.
    pub const fn last_position(&self) -> u64 {
        self.total.saturating_sub(self.visible)
    }

    /// The thumb when `position` is at the top of the screen.
    pub fn thumb(&self, position: u64) -> Thumb {
        let height_px = self.thumb_height_px();
        let top_px = match self.last_position() {
            0 => 0.0,
            last if position >= last => self.room_px(),
            last => self.room_px() * (position as f64 / last as f64),
        };
        Thumb { top_px, height_px }
    }

    /// The position, in whole percent: 100 only at the end, 0 when everything is on the screen.
    pub fn value_percent(&self, position: u64) -> u8 {
        let last = self.last_position();
        if last == 0 {
            return 0;
        }
        let percent = u128::from(position.min(last)) * 100 / u128::from(last);
        u8::try_from(percent).unwrap_or(100)
    }

    /// The position when the thumb's top is `top_px` below the top of the track.
    pub fn position_at(&self, top_px: f64) -> u64 {
        let room_px = self.room_px();
        // Written so that what is not a number is the start.
        if !(top_px > 0.0 && room_px > 0.0) {
            return 0;
        }
        let last = self.last_position();
        if top_px >= room_px {
            return last;
        }
        // A float above `u64` saturates, and the ratio is below 1.
        ((last as f64 * (top_px / room_px)).round() as u64).min(last)
    }

    /// The position for a click at `px` in the track, that the middle of the thumb goes to.
    pub fn position_at_click(&self, px: f64) -> u64 {
        self.position_at(px - self.thumb_height_px() / 2.0)
    }

    /// Whether there is anything to scroll.
    pub fn can_scroll(&self) -> bool {
        self.last_position() > 0 && self.room_px() > 0.0
    }

    fn thumb_height_px(&self) -> f64 {
        let track_px = sane(self.track_px);
        if self.last_position() == 0 {
            return track_px;
        }
        let share = self.visible as f64 / self.total as f64;
        (track_px * share).max(sane(self.min_thumb_px)).min(track_px)
    }

    /// How far the thumb can move.
    fn room_px(&self) -> f64 {
        sane(self.track_px) - self.thumb_height_px()
    }

    /// How far a pixel of a fine drag goes.
    fn fine_per_px(&self) -> f64 {
        let coarse = if self.room_px() > 0.0 { self.last_position() as f64 / self.room_px() } else { 0.0 };
        let text = if self.track_px > 0.0 { self.visible as f64 / self.track_px } else { 0.0 };
        (coarse * text).sqrt().min(coarse)
    }
}

impl Drag {
    /// The pointer took the thumb at `px`, with `position` at the top of the screen.
    pub const fn new(px: f64, position: u64) -> Self {
        Self { from_px: px, from: position, is_fine: false, last_px: px, last: position }
    }

    /// The position now that the pointer is at `px`. The track may have grown meanwhile.
    pub fn to(&mut self, track: &Track, px: f64, is_fine: bool) -> u64 {
        if !px.is_finite() {
            return self.last;
        }
        if is_fine != self.is_fine {
            *self = Self { from_px: self.last_px, from: self.last, is_fine, ..*self };
        }
        let moved_px = px - self.from_px;
        self.last_px = px;
        self.last = if moved_px == 0.0 {
            self.from.min(track.last_position())
        } else if is_fine {
            let distance = (moved_px.abs() * track.fine_per_px()).round() as u64;
            let moved =
                if moved_px < 0.0 { self.from.saturating_sub(distance) } else { self.from.saturating_add(distance) };
            moved.min(track.last_position())
        } else {
            track.position_at(track.thumb(self.from).top_px + moved_px)
        };
        self.last
    }
}

/// What a browser measures is a length; anything else counts as nothing. Bounded, so that sums of lengths stay finite.
fn sane(px: f64) -> f64 {
    const MAX_PX: f64 = 1e12;
    if px.is_finite() && px > 0.0 { px.min(MAX_PX) } else { 0.0 }
}

/// The row that the cursor goes to by so many rows: from the one it is on where that is seen, else into what is seen,
/// whose first or last row is the first step.
pub fn stepped(cursor: Option<usize>, seen: RangeInclusive<usize>, n_rows: i64, last: usize) -> usize {
    let n_rows = n_rows as isize;
    let row = match cursor.filter(|row| seen.contains(row)) {
        Some(row) => row.saturating_add_signed(n_rows),
        None if n_rows > 0 => seen.start().saturating_add_signed(n_rows - 1),
        None => seen.end().saturating_add_signed(n_rows + 1),
    };
    row.min(last)
}

/// How far text is to be moved to the left, so that what stands in it from `start_px` to `end_px` is seen in a screen that
/// wide: not at all where it is seen, to the start of lines where that shows it, else with a third of the screen before it.
pub fn side_to_show(side_px: f64, room_px: f64, (start_px, end_px): (f64, f64)) -> f64 {
    if start_px >= side_px && end_px <= side_px + room_px {
        side_px
    } else if end_px <= room_px {
        0.0
    } else {
        (start_px - room_px / 3.0).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_cursor_steps_from_where_it_is_seen() {
        for (cursor, n_rows, expected) in [
            (Some(15), 1, 16),
            (Some(15), 20, 35),
            (Some(15), -20, 0),
            (Some(15), 200, 99),
            (Some(9), 1, 10),
            (Some(9), 5, 14),
            (None, 1, 10),
            (None, 20, 29),
            (None, -1, 19),
            (None, -5, 15),
        ] {
            assert_eq!(stepped(cursor, 10..=19, n_rows, 99), expected, "{cursor:?} {n_rows}");
        }
    }

    #[test]
    fn text_moves_sideways_no_more_than_it_must() {
        for (side_px, place, expected) in [
            (0.0, (10.0, 60.0), 0.0),
            (50.0, (60.0, 350.0), 50.0),
            (50.0, (10.0, 60.0), 0.0),
            (0.0, (290.0, 310.0), 190.0),
            (0.0, (5_000.0, 5_100.0), 4_900.0),
            (9_000.0, (5_000.0, 5_100.0), 4_900.0),
            (0.0, (50.0, 9_000.0), 0.0),
        ] {
            assert_eq!(side_to_show(side_px, 300.0, place), expected, "{side_px} {place:?}");
        }
    }

    const SMALL: Track = Track { total: 1_000, visible: 100, track_px: 500.0, min_thumb_px: 20.0 };

    fn tracks() -> impl Strategy<Value = Track> {
        let total =
            prop_oneof![0..10_000u64, 1_000_000_000..=1_000_000_000_000_000_000u64, Just(u64::MAX), any::<u64>()];
        (total, 0..100_000u64, 0.0..4_000.0f64, 0.0..40.0f64)
            .prop_map(|(total, visible, track_px, min_thumb_px)| Track { total, visible, track_px, min_thumb_px })
    }

    /// A position within the track, the ends often.
    fn position_in(track: &Track, share: f64) -> u64 {
        ((track.last_position() as f64 * share) as u64).min(track.last_position())
    }

    #[test]
    fn the_thumb_shows_the_share_of_the_file() {
        for (position, top_px) in [(0, 0.0), (450, 225.0), (900, 450.0), (5_000, 450.0)] {
            assert_eq!(SMALL.thumb(position), Thumb { top_px, height_px: 50.0 }, "{position}");
        }
        let huge = Track { total: u64::MAX, ..SMALL };
        assert_eq!(huge.thumb(u64::MAX), Thumb { top_px: 480.0, height_px: 20.0 });
        let fits = Track { total: 100, ..SMALL };
        assert_eq!(fits.thumb(0), Thumb { top_px: 0.0, height_px: 500.0 });
        assert!(!fits.can_scroll());
    }

    #[test]
    fn percent_is_whole_at_the_ends_only() {
        for (position, percent) in [(0, 0), (8, 0), (9, 1), (450, 50), (899, 99), (900, 100), (u64::MAX, 100)] {
            assert_eq!(SMALL.value_percent(position), percent, "{position}");
        }
        assert_eq!(Track { total: 50, ..SMALL }.value_percent(0), 0);
        assert_eq!(Track { total: u64::MAX, visible: 1, ..SMALL }.value_percent(u64::MAX - 2), 99);
    }

    #[test]
    fn a_click_brings_the_middle_of_the_thumb() {
        for (px, position) in [(0.0, 0), (25.0, 0), (250.0, 450), (475.0, 900), (500.0, 900)] {
            assert_eq!(SMALL.position_at_click(px), position, "{px}");
        }
    }

    #[test]
    fn a_drag_goes_with_the_pointer_and_fine_goes_slower() {
        let huge = Track { total: 100_000_000_000, visible: 5_000, ..SMALL };
        let middle = huge.last_position() / 2;
        let mut drag = Drag::new(240.0, middle);
        assert_eq!(drag.to(&huge, 240.0, false), middle, "taking the thumb moves nothing, not even by rounding");
        let coarse = drag.to(&huge, 241.0, false);
        assert!(coarse > middle + 100_000_000, "{coarse}");
        let fine_start = drag.to(&huge, 241.0, true);
        assert_eq!(fine_start, coarse, "pressing Shift does not jump");
        let fine = drag.to(&huge, 242.0, true);
        assert!((fine_start + 10_000..fine_start + 1_000_000).contains(&fine), "{fine}");
        assert_eq!(drag.to(&huge, 242.0, false), fine, "letting Shift go does not jump");
        assert_eq!(drag.to(&huge, 9_999.0, false), huge.last_position());
        assert_eq!(drag.to(&huge, -9_999.0, false), 0);
        assert_eq!(drag.to(&huge, f64::NAN, false), 0);
    }

    proptest! {
        #[test]
        fn positions_read_back_as_well_as_a_pixel_can_tell(track in tracks(), share in 0.0..=1.0f64) {
            let position = position_in(&track, share);
            let thumb = track.thumb(position);
            prop_assert!(thumb.top_px >= 0.0 && thumb.height_px >= 0.0);
            prop_assert!(thumb.top_px + thumb.height_px <= track.track_px * (1.0 + 1e-12));
            if track.can_scroll() {
                // A thousandth of a pixel, and what a float of this size can tell.
                let error = (track.position_at(thumb.top_px) as f64 - position as f64).abs();
                let per_px = track.last_position() as f64 / (track.track_px - thumb.height_px);
                prop_assert!(error <= 0.001 * per_px + track.total as f64 * 1e-12 + 1.0, "{error}");
            }
        }

        #[test]
        fn both_ends_are_exact(track in tracks()) {
            prop_assert_eq!(track.position_at(track.thumb(0).top_px), 0);
            if track.can_scroll() {
                prop_assert_eq!(track.position_at(track.thumb(u64::MAX).top_px), track.last_position());
                prop_assert_eq!(track.value_percent(u64::MAX), 100);
            }
        }

        #[test]
        fn further_down_is_never_further_up(track in tracks(), one in 0.0..=1.0f64, other in 0.0..=1.0f64) {
            let (one, other) = (one.min(other), one.max(other));
            let (upper, lower) = (position_in(&track, one), position_in(&track, other));
            prop_assert!(track.thumb(upper).top_px <= track.thumb(lower).top_px);
            prop_assert!(track.value_percent(upper) <= track.value_percent(lower));
            prop_assert!(track.position_at(one * track.track_px) <= track.position_at(other * track.track_px));
        }

        #[test]
        fn a_fine_drag_is_no_faster_and_stays_inside(track in tracks(), share in 0.0..=1.0f64, moved_px in -500.0..500.0f64) {
            let position = position_in(&track, share);
            let fine = Drag::new(0.0, position).to(&track, moved_px, true);
            let coarse = Drag::new(0.0, position).to(&track, moved_px, false);
            prop_assert!(fine <= track.last_position() && coarse <= track.last_position());
            if track.can_scroll() {
                let rounding = track.total as f64 * 1e-12 + 2.0;
                prop_assert!(fine.abs_diff(position) as f64 <= coarse.abs_diff(position) as f64 + rounding);
            }
        }

        #[test]
        fn nothing_measured_breaks_it(total: u64, visible: u64, track_px: f64, min_thumb_px: f64, position: u64, px: f64) {
            let track = Track { total, visible, track_px, min_thumb_px };
            let thumb = track.thumb(position);
            prop_assert!(thumb.top_px.is_finite() && thumb.height_px.is_finite());
            prop_assert!(track.position_at(px) <= track.last_position());
            prop_assert!(track.position_at_click(px) <= track.last_position());
            prop_assert!(track.value_percent(position) <= 100);
            for is_fine in [true, false] {
                prop_assert!(Drag::new(px, position).to(&track, min_thumb_px, is_fine) <= track.last_position().max(position));
            }
        }
    }
}
