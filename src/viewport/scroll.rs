//! What is on the screen, over the rows that are held: the first row, and how much of it is above the edge.
//!
//! Rows have one height, or each its own where lines are wrapped; both are a function from the row's index to pixels.
//! Walking costs a step per row that is passed, which the number of rows held bounds.

use super::sane;

/// How near to the end counts as there: heights are measured in fractions of pixels.
const END_SLACK_PX: f64 = 1.0;

/// The first row on the screen, and how much of it is hidden above the edge.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scroll {
    /// Index among the rows that are held.
    pub top_row: usize,
    /// Hidden above the edge; less than the row's height.
    pub sub_px: f64,
}

/// What scrolling came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scrolled {
    /// Where the screen is now.
    pub scroll: Scroll,
    /// How much further it was meant to go, past the rows that are held: negative above, positive below.
    pub rest_px: f64,
}

/// Rows of one height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowMetrics {
    /// The height of a row.
    pub row_px: f64,
    /// The height of the screen.
    pub view_px: f64,
}

/// The rows that are held, and the screen over them.
#[derive(Clone, Copy, Debug)]
pub struct Viewport<F> {
    /// How many rows are held.
    pub n_rows: usize,
    /// The height of the screen.
    pub view_px: f64,
    /// The height of a row.
    pub height_px: F,
}

impl RowMetrics {
    /// How many rows are at least partly on the screen wherever it stands.
    pub fn rows_visible(&self) -> usize {
        if sane(self.row_px) > 0.0 { (sane(self.view_px) / self.row_px).ceil() as usize + 1 } else { 0 }
    }

    /// How many rows fit: a page, at least one.
    pub fn rows_per_page(&self) -> usize {
        if sane(self.row_px) > 0.0 { ((sane(self.view_px) / self.row_px) as usize).max(1) } else { 1 }
    }

    /// These rows, of which there are `n_rows`.
    pub fn viewport(self, n_rows: usize) -> Viewport<impl Fn(usize) -> f64> {
        Viewport { n_rows, view_px: self.view_px, height_px: move |_| self.row_px }
    }
}

impl Scroll {
    /// The start of the rows.
    pub const START: Self = Self { top_row: 0, sub_px: 0.0 };

    /// The row at the top of the screen, whole.
    pub const fn at_row(row: usize) -> Self {
        Self { top_row: row, sub_px: 0.0 }
    }

    /// The same screen after rows came in above.
    pub const fn rows_added_above(self, n_rows: usize) -> Self {
        Self { top_row: self.top_row.saturating_add(n_rows), ..self }
    }

    /// The same screen after rows were dropped above; the start when they were on it.
    pub const fn rows_removed_above(self, n_rows: usize) -> Self {
        match self.top_row.checked_sub(n_rows) {
            Some(top_row) => Self { top_row, ..self },
            None => Self::START,
        }
    }
}

impl<F: Fn(usize) -> f64> Viewport<F> {
    /// Moves by `dy_px`, downwards when positive, and stops at both ends.
    pub fn scroll_by(&self, scroll: Scroll, dy_px: f64) -> Scrolled {
        let scroll = self.clamp(scroll);
        if !dy_px.is_finite() || self.n_rows == 0 {
            return Scrolled { scroll, rest_px: 0.0 };
        }
        if dy_px < 0.0 { self.scroll_up(scroll, -dy_px) } else { self.scroll_down(scroll, dy_px) }
    }

    /// The screen at the end: the last row ends at its lower edge. The start when all rows fit.
    pub fn pin_to_end(&self) -> Scroll {
        let mut above_px = 0.0;
        for row in (0..self.n_rows).rev() {
            above_px += self.row_px(row);
            if above_px >= sane(self.view_px) {
                return self.normal(Scroll { top_row: row, sub_px: above_px - sane(self.view_px) });
            }
        }
        Scroll::START
    }

    /// Whether the screen is at the end, to a pixel.
    pub fn is_at_end(&self, scroll: Scroll) -> bool {
        let end = self.pin_to_end();
        if scroll.top_row >= end.top_row {
            return scroll.top_row > end.top_row || scroll.sub_px >= end.sub_px - END_SLACK_PX;
        }
        let mut distance_px = end.sub_px - scroll.sub_px;
        for row in scroll.top_row..end.top_row {
            distance_px += self.row_px(row);
            if distance_px > END_SLACK_PX {
                return false;
            }
        }
        true
    }

    /// The nearest screen there is: rows may have gone, or changed their height.
    pub fn clamp(&self, scroll: Scroll) -> Scroll {
        let end = self.pin_to_end();
        let sub_px = sane(scroll.sub_px);
        if scroll.top_row > end.top_row || scroll.top_row == end.top_row && sub_px > end.sub_px {
            return end;
        }
        let row_px = self.row_px(scroll.top_row);
        if sub_px < row_px || sub_px == 0.0 {
            Scroll { sub_px, ..scroll }
        } else {
            self.next_row_or(end, scroll.top_row)
        }
    }

    /// The least movement that brings a whole row on the screen; its top, where it is higher than the screen.
    pub fn reveal(&self, scroll: Scroll, row: usize) -> Scroll {
        let scroll = self.clamp(scroll);
        let row = row.min(self.n_rows.saturating_sub(1));
        if row <= scroll.top_row {
            return self.clamp(Scroll::at_row(row));
        }
        // As far down as the row at the lower edge allows: the end of the rows up to this one.
        let up_to_row = Viewport { n_rows: row + 1, view_px: self.view_px, height_px: &self.height_px };
        let lowest = up_to_row.pin_to_end();
        let is_below = (lowest.top_row, lowest.sub_px) > (scroll.top_row, scroll.sub_px);
        match is_below {
            true if lowest.top_row == row => self.clamp(Scroll::at_row(row)),
            true => lowest,
            false => scroll,
        }
    }

    /// The row at `y_px` below the upper edge, and how far below its own top that is. `None` below the last row.
    pub fn row_at(&self, scroll: Scroll, y_px: f64) -> Option<(usize, f64)> {
        let mut y_px = sane(y_px) + sane(scroll.sub_px);
        for row in scroll.top_row..self.n_rows {
            let row_px = self.row_px(row);
            if y_px < row_px {
                return Some((row, y_px));
            }
            y_px -= row_px;
        }
        None
    }

    /// The rows that are at least partly on the screen.
    pub fn visible(&self, scroll: Scroll) -> std::ops::Range<usize> {
        let mut bottom_px = -sane(scroll.sub_px);
        let mut end = scroll.top_row.min(self.n_rows);
        let start = end;
        while end < self.n_rows && bottom_px < sane(self.view_px) {
            bottom_px += self.row_px(end);
            end += 1;
        }
        start..end
    }

    fn scroll_up(&self, mut scroll: Scroll, mut up_px: f64) -> Scrolled {
        while up_px > scroll.sub_px {
            up_px -= scroll.sub_px;
            let Some(above) = scroll.top_row.checked_sub(1) else {
                return Scrolled { scroll: Scroll::START, rest_px: -up_px };
            };
            scroll = Scroll { top_row: above, sub_px: self.row_px(above) };
        }
        scroll.sub_px -= up_px;
        Scrolled { scroll: self.normal(scroll), rest_px: 0.0 }
    }

    fn scroll_down(&self, mut scroll: Scroll, dy_px: f64) -> Scrolled {
        let end = self.pin_to_end();
        let mut down_px = dy_px;
        while scroll.top_row < end.top_row {
            let rest_of_row_px = self.row_px(scroll.top_row) - scroll.sub_px;
            if down_px < rest_of_row_px {
                scroll.sub_px += down_px;
                return Scrolled { scroll: self.normal(scroll), rest_px: 0.0 };
            }
            down_px -= rest_of_row_px;
            scroll = Scroll::at_row(scroll.top_row + 1);
        }
        let room_px = end.sub_px - scroll.sub_px;
        if down_px <= room_px {
            scroll.sub_px += down_px;
            Scrolled { scroll: self.normal(scroll), rest_px: 0.0 }
        } else {
            Scrolled { scroll: end, rest_px: down_px - room_px }
        }
    }

    /// The same screen with less hidden of its first row than the row is high.
    fn normal(&self, scroll: Scroll) -> Scroll {
        let is_hidden = scroll.sub_px > 0.0 && scroll.sub_px >= self.row_px(scroll.top_row);
        if is_hidden && scroll.top_row + 1 < self.n_rows { Scroll::at_row(scroll.top_row + 1) } else { scroll }
    }

    fn next_row_or(&self, end: Scroll, row: usize) -> Scroll {
        if row < end.top_row { Scroll::at_row(row + 1) } else { end }
    }

    fn row_px(&self, row: usize) -> f64 {
        sane((self.height_px)(row))
    }
}

#[cfg(test)]
mod tests;
