//! The scrollbar under the pointer: drags and clicks.

use leptos::prelude::*;
use taillight::follow::grouped;
use taillight::line::ByteOffset;
use taillight::view::{Command, Place};
use taillight::viewport::{Drag, Thumb};
use taillight::window::Item;

use super::Live;
use crate::browser::gestures::{Phase, Pointing};
use crate::browser::measure;
use crate::text;
use crate::viewer::ids;

/// The scrollbar.
#[derive(Debug, Default)]
pub struct Ruler {
    /// Where the thumb was put.
    pub thumb: Option<Thumb>,
    drag: Option<Drag>,
    /// Where the drag has led, when it has not been asked for yet.
    target: Option<u64>,
}

impl Live {
    /// The pointer does something on the scrollbar.
    pub(super) fn point(&mut self, pointing: Pointing) {
        let Some((track, position)) = self.track().filter(|(track, _)| track.can_scroll()) else { return };
        let (_, y_px) = measure::place_in(ids::RULER, pointing.y_px);
        match pointing.phase {
            Phase::Down if pointing.on_thumb => self.ruler.drag = Some(Drag::new(y_px, position)),
            Phase::Down => {
                let near_mark = self.marked_at(y_px).map(|offset| offset.min(track.last_position()));
                let target = near_mark.unwrap_or_else(|| track.position_at_click(y_px));
                self.ruler.drag = Some(Drag::new(y_px, target));
                self.look_at(target, near_mark.is_none() && target >= track.last_position());
            }
            Phase::Move => {
                let Some(drag) = &mut self.ruler.drag else { return };
                let target = drag.to(&track, y_px, pointing.is_fine);
                if self.ruler.target != Some(target) {
                    self.ruler.target = Some(target);
                    self.say_target(target, y_px);
                    self.look_at(target, target >= track.last_position());
                }
            }
            Phase::Up => {
                self.ruler.drag = None;
                self.ruler.target = None;
                self.shell.status.bubble.set(String::new());
            }
        }
    }

    fn say_target(&self, target: u64, y_px: f64) {
        let Some(((track, _), tip)) = self.track().zip(self.follow.tip()) else { return };
        let window = self.follow.window();
        // Lines are known where they are held; elsewhere the share must do.
        let row = window.find_holding(tip.generation, ByteOffset::new(target));
        let line = match row.and_then(|row| window.get(row)) {
            Some(Item::Line { line: Some(line), .. }) => format!(" · line {}", grouped(line.get())),
            _ => String::new(),
        };
        let share = format!("{} % · {}{line}", track.value_percent(target), text::size(target));
        self.shell.status.bubble.set(share);
        measure::set_style(ids::BUBBLE, "transform", &format!("translateY({})", text::px((y_px - 14.0).max(0.0))));
    }

    /// Shows the line at an offset: from the rows that are held, or by asking for others.
    fn look_at(&mut self, target: u64, is_end: bool) {
        let Some(tip) = self.follow.tip().copied() else { return };
        if is_end {
            self.command(Command::GoTo(Place::End));
            return;
        }
        let offset = ByteOffset::new(target);
        match self.follow.window().find_holding(tip.generation, offset) {
            Some(row) => {
                self.screen.scroll = taillight::viewport::Scroll::at_row(row);
                self.scrolled();
            }
            None => {
                self.command(Command::Scrolled(offset, self.identity_of(tip.generation)));
                self.jump(Place::bytes(offset, offset).anchor(), Some(tip.generation));
            }
        }
        self.mark();
    }
}
