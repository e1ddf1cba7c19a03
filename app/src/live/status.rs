//! What the chrome says of the stream: written when it differs, never per line.

use leptos::prelude::*;
use taillight::ansi::{Style, StyledLine};
use taillight::cursor::Generation;
use taillight::follow::{LastEvent, StateKind, grouped};
use taillight::line::ByteLen;
use taillight::path::shown_name;
use taillight::row::{parse_row, size_text};
use taillight::viewport::Track;
use taillight::window::{Divider, Item};
use taillight::wire::FileEvent;

use super::Live;
use super::screen::row_of;
use crate::browser::timer::{now_ms, time_of_day};
use crate::browser::{focus, measure, media, title};
use crate::text;
use crate::viewer::ids;

/// The least height of the thumb, in CSS pixels.
pub const MIN_THUMB_PX: f64 = 28.0;

/// How long new lines are collected before they are said to who only hears the page, in milliseconds.
const SAYING_MS: f64 = 5_000.0;

/// How much of a line is said, in characters.
const MAX_SAID: usize = 200;

/// Rates, taken once a second, since when the connection is lost, and which lines were said.
#[derive(Debug, Default)]
pub struct Meter {
    last_ms: f64,
    last_len: Option<u64>,
    last_new: u64,
    pub(super) lost_since_ms: Option<f64>,
    said_ms: f64,
    said: Option<Lines>,
}

/// How many lines there are, once all are counted.
#[derive(Clone, Copy, Debug)]
struct Lines {
    of: Generation,
    all: u64,
    /// Those that are shown.
    shown: u64,
}

impl Live {
    /// State line, counters, pill and title.
    pub(super) fn write_status(&mut self) {
        let status = self.shell.status;
        let state = self.follow.state();
        let time = state.last_event.map(|last: LastEvent| clock(last.unix_secs)).unwrap_or_default();
        set(status.stream, state.text(&time));
        set(status.tone, tone(state.kind));
        let new_lines = self.follow.new_lines().get();
        set(status.new_lines, new_lines);
        if let Some(tip) = self.follow.counted() {
            set(status.lines, text::line_count(&tip));
            set(status.size, text::size(tip.len.get()));
            set(status.is_empty, self.follow.window().is_empty() && tip.len.get() == 0);
            // Of a filtered file the rows keep their numbers, so that it has no row with the number of the last.
            let is_known = tip.lines.exact && tip.shown.is_none();
            set(status.row_count, if is_known { tip.lines.count.get() as i64 } else { -1 });
            set(status.tip, Some(tip));
        }
        // Not first with the next measure: what comes until then is new, too.
        if self.meter.said.is_none() {
            self.meter.said = self.lines();
        }
        self.tell_past_end();
        set(status.can_jump, self.follow.can_jump());
        self.write_connection();
        self.write_search();
        self.write_title(new_lines);
    }

    fn write_title(&self, new_lines: u64) {
        let name = shown_name(self.path.file_name());
        if media::is_hidden() && new_lines > 0 {
            title::set(&format!("({}) {name}", grouped(new_lines)));
        } else {
            title::set(&format!("{name} · Taillight"));
        }
    }

    /// Once a second: how fast the file grows, and how long the connection has been lost.
    pub(super) fn measure(&mut self) {
        let status = self.shell.status;
        let now = now_ms();
        let passed_secs = ((now - self.meter.last_ms) / 1_000.0).max(0.001);
        let len = self.follow.tip().map(|tip| tip.len.get());
        let new_lines = self.follow.new_lines().get();
        let per_sec = |grown: u64| (grown as f64 / passed_secs).round() as u64;
        let grown = len.zip(self.meter.last_len).map_or(0, |(len, last)| len.saturating_sub(last));
        set(status.growth, text::growth(per_sec(grown)));
        set(status.new_rate, per_sec(new_lines.saturating_sub(self.meter.last_new)));
        self.write_connection();
        self.say_new_lines(now);
        self.meter = Meter { last_ms: now, last_len: len, last_new: new_lines, ..std::mem::take(&mut self.meter) };
    }

    /// Says how many of the lines shown are new, and the last of them, to who follows with the focus on the lines and hears
    /// the page: now and then, and never each line.
    fn say_new_lines(&mut self, now: f64) {
        let Some(lines) = self.lines() else { return };
        let is_heard = self.is_pinned() && focus::has_focus(ids::GRID);
        // While none are new, other counts are those of another filter.
        let grown = |said: &Lines| said.of == lines.of && said.all < lines.all && said.shown <= lines.shown;
        let Some(said) = self.meter.said.filter(|said| is_heard && grown(said)) else {
            self.meter.said = Some(lines);
            return;
        };
        let n_new = (lines.all - said.all).min(lines.shown - said.shown);
        if n_new > 0 && now - self.meter.said_ms >= SAYING_MS {
            (self.meter.said_ms, self.meter.said) = (now, Some(lines));
            set(self.shell.status.heard, text::heard(n_new, &self.last_line()));
        }
    }

    fn lines(&self) -> Option<Lines> {
        let tip = self.follow.tip().filter(|tip| tip.lines.exact)?;
        let shown = match tip.shown {
            Some(shown) => shown.exact.then_some(shown.count)?,
            None => tip.lines.count,
        };
        Some(Lines { of: tip.generation, all: tip.lines.count.get(), shown: shown.get() })
    }

    /// The text of the last line that is held, as far as it is said.
    fn last_line(&self) -> String {
        let window = self.follow.window();
        let mut line = StyledLine::default();
        for row in (0..window.len()).rev() {
            if let Some(row) = window.get(row).and_then(row_of) {
                parse_row(&row, Style::PLAIN, &mut line);
                break;
            }
        }
        line.text.chars().take(MAX_SAID).collect()
    }

    /// Where the screen is: percent, place and thumb.
    pub(super) fn write_place(&mut self) {
        let status = self.shell.status;
        let Some((track, position)) = self.track() else { return };
        let thumb = track.thumb(position);
        if self.ruler.thumb != Some(thumb) {
            self.ruler.thumb = Some(thumb);
            measure::set_style(ids::THUMB, "transform", &format!("translateY({})", text::px(thumb.top_px)));
            measure::set_style(ids::THUMB, "height", &text::px(thumb.height_px));
        }
        let is_pinned = self.is_pinned();
        set(status.percent, if is_pinned { 100 } else { track.value_percent(position) });
        let place = match self.follow.window().get(self.screen.first_visible()) {
            Some(Item::Line { line: Some(line), .. }) => format!("line {}", grouped(line.get())),
            Some(Item::Line { offset, .. }) => format!("byte {}", grouped(offset.get())),
            _ => String::new(),
        };
        set(status.place, place);
        set(status.active_row, self.screen.cursor_id(self.follow.window()));
    }

    /// The scrollbar over the file's bytes, and what is at the top of the screen.
    pub(super) fn track(&self) -> Option<(Track, u64)> {
        let tip = self.follow.tip()?;
        let window = self.follow.window();
        let last = self.screen.last_visible()?;
        let top = match window.get(self.screen.first_visible())? {
            Item::Line { generation, offset, .. } if generation == tip.generation => offset.get(),
            // An older life of the file lies above its start.
            _ => 0,
        };
        let bottom = match window.get(last)? {
            Item::Line { generation, end, .. } if generation == tip.generation => end.get(),
            Item::Divider(divider) if divider.generation == tip.generation => divider.at.get(),
            _ => top,
        };
        let (_, track_px) = self.size.size();
        let visible = bottom.saturating_sub(top);
        Some((Track { total: tip.len.get(), visible, track_px, min_thumb_px: MIN_THUMB_PX }, top))
    }
}

/// What a divider says.
pub fn event_text(divider: &Divider) -> String {
    let when = match divider.unix_secs {
        0 => " while the connection was away".to_owned(),
        secs => format!(" at {}", clock(secs)),
    };
    let mut text = match divider.event {
        FileEvent::Rotated => format!("rotated{when}: a new file from here on"),
        FileEvent::Truncated { was } => format!("truncated{when}, was {}", size_text(was)),
        FileEvent::Rewritten => format!("rewritten{when}: from its start again"),
        FileEvent::Gap { .. } => format!("{}{when}", taillight::follow::event_text(divider.event)),
        FileEvent::Deleted => format!("deleted{when}"),
        FileEvent::Appeared => format!("appeared{when}"),
    };
    if divider.unread > ByteLen::ZERO {
        text.push_str(&format!(" · {} before it not shown", size_text(divider.unread)));
    }
    text
}

/// `14:02:11` where the user is; nothing for 0: nobody saw when.
fn clock(unix_secs: u64) -> String {
    if unix_secs == 0 {
        return String::new();
    }
    let (hours, minutes, seconds) = time_of_day(unix_secs as f64);
    format!("{hours:02}:{minutes:02}:{seconds:02}")
}

fn tone(kind: StateKind) -> &'static str {
    match kind {
        StateKind::Live => "live",
        StateKind::Packed(unpacking) if unpacking.is_under_way() => "wait",
        StateKind::Packed(unpacking) if unpacking.banner().is_some() => "bad",
        StateKind::Paused | StateKind::Ended | StateKind::Packed(_) => "",
        StateKind::CatchingUp | StateKind::Behind(_) | StateKind::Waiting | StateKind::Reconnecting => "wait",
        StateKind::Deleted | StateKind::Denied | StateKind::ReadError => "bad",
    }
}

/// Sets a signal where it differs.
pub fn set<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if signal.with_untracked(|old| *old != value) {
        signal.set(value);
    }
}
