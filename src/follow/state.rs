//! What the state line, the pill and the notices say. Times are formatted by the caller: the core knows no zone.

use crate::line::{ByteLen, LineCount};
use crate::row::size_text;
use crate::wire::{FileEvent, Unpacking};

/// How the stream stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateKind {
    /// Every line is known as it comes: shown at the end, counted where the user looks elsewhere.
    Live,
    /// The user has frozen the screen.
    Paused,
    /// Lines are on their way to the end.
    CatchingUp,
    /// Further behind the end than is on its way.
    Behind(ByteLen),
    /// No file has that name now.
    Waiting,
    /// Deleted, but still open.
    Deleted,
    /// No connection.
    Reconnecting,
    /// The system or the rules refuse it.
    Denied,
    /// Reading fails.
    ReadError,
    /// Standard input has ended.
    Ended,
    /// The file is compressed.
    Packed(Unpacking),
}

/// What last happened to the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastEvent {
    /// What.
    pub event: FileEvent,
    /// Seconds since 1970 when the server noticed.
    pub unix_secs: u64,
}

/// What the state line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamState {
    /// How the stream stands.
    pub kind: StateKind,
    /// What last happened.
    pub last_event: Option<LastEvent>,
}

impl StateKind {
    /// The word the state line begins with; it also names the dot's class, with `-` for spaces.
    pub const fn word(self) -> &'static str {
        match self {
            // What is there is all there will be: nothing is late.
            Self::Live | Self::Ended => "live",
            Self::Packed(unpacking) if !unpacking.is_under_way() => "live",
            Self::Paused => "paused",
            Self::CatchingUp | Self::Packed(_) => "catching up",
            Self::Behind(_) => "behind",
            Self::Waiting => "waiting for file",
            Self::Deleted => "deleted",
            Self::Reconnecting => "reconnecting",
            Self::Denied => "denied",
            Self::ReadError => "read error",
        }
    }
}

impl StreamState {
    /// The text of the state line; `time` is [`LastEvent::unix_secs`] for people, such as `14:02:11`, or empty.
    pub fn text(&self, time: &str) -> String {
        let mut text = self.kind.word().to_owned();
        if let StateKind::Behind(bytes) = self.kind {
            text.push_str(" by ");
            text.push_str(&size_text(bytes));
        }
        if self.kind == StateKind::Ended {
            text.push_str(" · input ended");
        }
        if let StateKind::Packed(unpacking) = self.kind {
            text.push_str(" · ");
            text.push_str(&unpacking.words());
        }
        if let Some(last) = self.last_event {
            // The word itself says it.
            if !(self.kind == StateKind::Deleted && last.event == FileEvent::Deleted) {
                text.push_str(" · ");
                text.push_str(&event_text(last.event));
            }
            if !time.is_empty() {
                text.push_str(" at ");
                text.push_str(time);
            }
        }
        text
    }
}

/// What an event is called in the state line.
pub fn event_text(event: FileEvent) -> String {
    match event {
        FileEvent::Rotated => "rotated".to_owned(),
        FileEvent::Truncated { was } => format!("truncated from {}", size_text(was)),
        FileEvent::Rewritten => "rewritten".to_owned(),
        FileEvent::Gap { bytes: ByteLen::ZERO } => "gap of unknown size".to_owned(),
        FileEvent::Gap { bytes } => format!("gap of {} bytes", grouped(bytes.get())),
        FileEvent::Deleted => "deleted".to_owned(),
        FileEvent::Appeared => "appeared".to_owned(),
    }
}

/// The text of the pill: `1 new line`, `1,204 new lines`.
pub fn new_lines_text(lines: LineCount) -> String {
    let plural = if lines.get() == 1 { "" } else { "s" };
    format!("{} new line{plural}", grouped(lines.get()))
}

/// A number with commas between groups of three digits.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (idx, digit) in digits.chars().enumerate() {
        if idx > 0 && (digits.len() - idx).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_three() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (13_680_855, "13,680,855"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(grouped(number), expected);
        }
    }

    #[test]
    fn the_pill_counts_one_line_in_the_singular() {
        for (lines, expected) in [(1, "1 new line"), (2, "2 new lines"), (1_204, "1,204 new lines")] {
            assert_eq!(new_lines_text(LineCount::new(lines)), expected);
        }
    }

    #[test]
    fn the_state_line_reads_as_the_contract_says() {
        let truncated = FileEvent::Truncated { was: ByteLen::new(3_200_000) };
        let gap = FileEvent::Gap { bytes: ByteLen::new(1_204) };
        let behind = StateKind::Behind(ByteLen::new(3_400_000));
        for (kind, event, time, expected) in [
            (StateKind::Live, None, "", "live"),
            (StateKind::Live, Some(FileEvent::Rotated), "00:00:01", "live · rotated at 00:00:01"),
            (StateKind::Paused, Some(truncated), "14:02:11", "paused · truncated from 3.2 MB at 14:02:11"),
            (StateKind::Live, Some(FileEvent::Gap { bytes: ByteLen::ZERO }), "", "live · gap of unknown size"),
            (StateKind::CatchingUp, Some(gap), "1:00", "catching up · gap of 1,204 bytes at 1:00"),
            (behind, None, "", "behind by 3.4 MB"),
            (StateKind::Live, Some(FileEvent::Gap { bytes: ByteLen::ZERO }), "", "live · gap of unknown size"),
            (StateKind::Waiting, Some(FileEvent::Rotated), "", "waiting for file · rotated"),
            (StateKind::Deleted, Some(FileEvent::Deleted), "1:00", "deleted at 1:00"),
            (StateKind::Reconnecting, Some(FileEvent::Deleted), "1:00", "reconnecting · deleted at 1:00"),
            (StateKind::Live, Some(FileEvent::Appeared), "1:00", "live · appeared at 1:00"),
            (StateKind::Reconnecting, None, "", "reconnecting"),
            (StateKind::Denied, None, "", "denied"),
            (StateKind::ReadError, None, "", "read error"),
            (StateKind::Ended, Some(FileEvent::Rotated), "1:00", "live · input ended · rotated at 1:00"),
            (StateKind::Packed(Unpacking::Queued), None, "", "catching up · compressed, waits to be decoded"),
            (StateKind::Packed(Unpacking::Decoding { percent: 7 }), None, "", "catching up · compressed, 7 % decoded"),
            (
                StateKind::Packed(Unpacking::Whole),
                Some(FileEvent::Rotated),
                "1:00",
                "live · compressed · rotated at 1:00",
            ),
            (StateKind::Packed(Unpacking::Damaged), None, "", "live · compressed, damaged"),
        ] {
            let last_event = event.map(|event| LastEvent { event, unix_secs: 7 });
            assert_eq!(StreamState { kind, last_event }.text(time), expected);
        }
    }
}
