//! Scrolling against a model that adds up all heights.

use proptest::prelude::*;

use super::*;

fn view(heights: &[f64], view_px: f64) -> Viewport<impl Fn(usize) -> f64> {
    Viewport { n_rows: heights.len(), view_px, height_px: |row| heights.get(row).copied().unwrap_or(0.0) }
}

/// How far the upper edge is below the top of the first row.
fn top_px(heights: &[f64], scroll: Scroll) -> f64 {
    heights.iter().take(scroll.top_row).sum::<f64>() + scroll.sub_px
}

fn scroll(top_row: usize, sub_px: f64) -> Scroll {
    Scroll { top_row, sub_px }
}

#[test]
fn rows_of_one_height_scroll_by_pixels() {
    let rows = RowMetrics { row_px: 20.0, view_px: 100.0 }.viewport(50);
    for (from, dy_px, to, rest_px) in [
        (scroll(0, 0.0), 5.0, scroll(0, 5.0), 0.0),
        (scroll(0, 5.0), 15.0, scroll(1, 0.0), 0.0),
        (scroll(1, 0.0), -1.0, scroll(0, 19.0), 0.0),
        (scroll(3, 10.0), -30.0, scroll(2, 0.0), 0.0),
        (scroll(1, 10.0), -50.0, scroll(0, 0.0), -20.0),
        (scroll(44, 0.0), 20.0, scroll(45, 0.0), 0.0),
        (scroll(44, 0.0), 30.0, scroll(45, 0.0), 10.0),
        (scroll(49, 0.0), 0.0, scroll(45, 0.0), 0.0),
        (scroll(7, 0.0), f64::NAN, scroll(7, 0.0), 0.0),
    ] {
        assert_eq!(rows.scroll_by(from, dy_px), Scrolled { scroll: to, rest_px }, "{from:?} by {dy_px}");
    }
}

#[test]
fn the_end_shows_the_last_row_whole() {
    let heights = [20.0, 60.0, 20.0, 45.5];
    let rows = view(&heights, 100.0);
    assert_eq!(rows.pin_to_end(), scroll(1, 25.5));
    for (at, is_end) in
        [(scroll(1, 25.5), true), (scroll(1, 24.6), true), (scroll(1, 24.0), false), (scroll(0, 19.9), false)]
    {
        assert_eq!(rows.is_at_end(at), is_end, "{at:?}");
    }
    assert!(view(&heights, 126.4).is_at_end(scroll(0, 19.1)), "a pixel may lie across the edge of a row");
    let short = view(&heights, 500.0);
    assert_eq!(short.pin_to_end(), Scroll::START);
    assert!(short.is_at_end(Scroll::START));
    let none = view(&[], 500.0);
    assert_eq!(none.scroll_by(scroll(4, 4.0), 9.0).scroll, Scroll::START);
    assert!(none.is_at_end(Scroll::START));
}

#[test]
fn the_screen_stays_when_rows_come_and_go_above() {
    assert_eq!(scroll(3, 7.0).rows_added_above(10), scroll(13, 7.0));
    assert_eq!(scroll(13, 7.0).rows_removed_above(10), scroll(3, 7.0));
    assert_eq!(scroll(3, 7.0).rows_removed_above(10), Scroll::START);
}

#[test]
fn a_row_is_revealed_by_the_least_movement() {
    let rows = RowMetrics { row_px: 20.0, view_px: 90.0 }.viewport(50);
    for (from, row, to) in [
        (scroll(10, 0.0), 12, scroll(10, 0.0)),
        (scroll(10, 5.0), 10, scroll(10, 0.0)),
        (scroll(10, 0.0), 9, scroll(9, 0.0)),
        (scroll(10, 0.0), 14, scroll(10, 10.0)),
        (scroll(10, 0.0), 49, scroll(45, 10.0)),
        (scroll(10, 0.0), 999, scroll(45, 10.0)),
    ] {
        assert_eq!(rows.reveal(from, row), to, "{row} from {from:?}");
    }
    let high = [20.0, 20.0, 300.0, 20.0, 20.0];
    assert_eq!(view(&high, 100.0).reveal(Scroll::START, 2), scroll(2, 0.0), "of a high row its top is shown");
}

#[test]
fn a_page_is_the_rows_that_fit() {
    for (row_px, view_px, visible, per_page) in
        [(20.0, 100.0, 6, 5), (20.0, 101.0, 7, 5), (20.0, 5.0, 2, 1), (0.0, 100.0, 0, 1), (f64::NAN, 100.0, 0, 1)]
    {
        let metrics = RowMetrics { row_px, view_px };
        assert_eq!((metrics.rows_visible(), metrics.rows_per_page()), (visible, per_page), "{metrics:?}");
    }
}

proptest! {
    #[test]
    fn scrolling_is_adding_pixels_between_the_ends(
        heights in prop::collection::vec(0.25..200.0f64, 1..60),
        view_px in 0.0..400.0f64,
        steps in prop::collection::vec(-500.0..500.0f64, 1..20),
    ) {
        let rows = view(&heights, view_px);
        let last_px = (heights.iter().sum::<f64>() - view_px).max(0.0);
        let mut at = Scroll::START;
        let mut model_px = 0.0f64;
        for dy_px in steps {
            let scrolled = rows.scroll_by(at, dy_px);
            at = scrolled.scroll;
            let wanted_px = model_px + dy_px;
            model_px = wanted_px.clamp(0.0, last_px);
            prop_assert!((top_px(&heights, at) - model_px).abs() < 1e-6, "{at:?} is not {model_px}");
            prop_assert!((scrolled.rest_px - (wanted_px - model_px)).abs() < 1e-6);
            prop_assert!(at.top_row < heights.len());
            prop_assert_eq!(rows.is_at_end(at), model_px >= last_px - END_SLACK_PX, "{} of {}", model_px, last_px);
            let visible = rows.visible(at);
            prop_assert_eq!(visible.start, at.top_row);
            if let Some((row, into_px)) = rows.row_at(at, view_px / 2.0) {
                prop_assert!(view_px == 0.0 || visible.contains(&row));
                let row_top_px = top_px(&heights, Scroll::at_row(row));
                prop_assert!((row_top_px + into_px - (model_px + view_px / 2.0)).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn a_revealed_row_is_whole_on_the_screen(
        heights in prop::collection::vec(1.0..50.0f64, 1..60),
        from in 0..60usize,
        row in 0..60usize,
    ) {
        let view_px = 100.0;
        let row = row.min(heights.len() - 1);
        let at = view(&heights, view_px).reveal(Scroll::at_row(from), row);
        let above_px = top_px(&heights, Scroll::at_row(row)) - top_px(&heights, at);
        prop_assert!(above_px >= -1e-6 && above_px + heights[row] <= view_px + 1e-6);
    }

    #[test]
    fn nothing_measured_breaks_it(
        heights in prop::collection::vec(any::<f64>(), 0..20),
        view_px: f64,
        top_row: usize,
        sub_px: f64,
        dy_px: f64,
        row: usize,
    ) {
        let rows = view(&heights, view_px);
        let from = Scroll { top_row, sub_px };
        for at in [rows.scroll_by(from, dy_px).scroll, rows.clamp(from), rows.reveal(from, row), rows.pin_to_end()] {
            prop_assert!(at.sub_px.is_finite() && at.sub_px >= 0.0 && at.top_row < heights.len().max(1), "{at:?}");
        }
        let _ = (rows.is_at_end(from), rows.visible(from), rows.row_at(from, dy_px));
    }
}
