//! When the lines of a file were written: how its times are told, learned from its first lines, and the zone of this
//! machine for times that do not tell theirs.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;
use taillight::ansi;
use taillight::line::ByteOffset;
use taillight::timestamp::{Context, Format, Shape, Stamp, Zone, ZoneStep};

use crate::source::{Source, read_full};

/// How much of a file's head its way to tell times is learned from, in bytes.
pub const HEAD_BYTES: usize = 64 * 1024;

/// How far ahead changes of the zone's clocks are known, in days: what is written is written by then.
const AHEAD_DAYS: i64 = 400;

/// How the times of one file are told. Cheap to make where the file [keeps](Learned) what was learned.
#[derive(Debug)]
pub struct Dates {
    format: Format,
    context: Context,
}

/// What a source keeps of what was learned of its times.
#[derive(Debug, Default)]
pub struct Learned(Mutex<Option<Lesson>>);

#[derive(Debug)]
struct Lesson {
    /// Of how many bytes: a head that grows is learned from again.
    head: usize,
    modified: SystemTime,
    dates: Arc<Dates>,
}

#[cfg(test)]
impl Learned {
    /// For good: nothing.
    pub(crate) fn nothing() -> Self {
        let modified = SystemTime::now();
        let dates = Arc::new(Dates::of_stream((&[], false), None));
        Self(Mutex::new(Some(Lesson { head: HEAD_BYTES, modified, dates })))
    }
}

impl Dates {
    /// Those of `source`, as they are told now: years and dates that lines leave out are those before its last change.
    ///
    /// # Errors
    /// When its head cannot be read.
    pub fn of(source: &dyn Source) -> io::Result<Arc<Self>> {
        let modified = match source.stored() {
            Some(stored) => stored.modified()?,
            None => source.modified()?,
        };
        let Some(learned) = source.learned() else { return Ok(lesson(source, modified)?.dates) };
        let mut kept = learned.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *kept {
            Some(lesson) if lesson.head == HEAD_BYTES || source.len()?.get() == lesson.head as u64 => {
                if lesson.modified != modified {
                    let format = lesson.dates.format;
                    lesson.dates = Arc::new(Self { format, context: Context::new(zone().clone(), to_stamp(modified)) });
                    lesson.modified = modified;
                }
                Ok(Arc::clone(&lesson.dates))
            }
            _ => Ok(Arc::clone(&kept.insert(lesson(source, modified)?).dates)),
        }
    }

    /// Those of a stream that begins with `head`, where the last line of that may be cut; of which the last change is
    /// `modified`, or now.
    pub fn of_stream((head, is_cut): (&[u8], bool), modified: Option<SystemTime>) -> Self {
        let modified = modified.map_or_else(now, to_stamp);
        Self { format: learn(head, is_cut), context: Context::new(zone().clone(), modified) }
    }

    /// How times are written in most lines; `None` where there are none.
    pub fn shape(&self) -> Option<Shape> {
        self.format.shape()
    }

    /// The time that a line has itself: its text without escapes and line feed.
    pub fn time(&self, line: &[u8]) -> Option<Stamp> {
        self.format.find(line)?.stamp(&self.context)
    }
}

/// What time it is.
pub fn now() -> Stamp {
    to_stamp(SystemTime::now())
}

/// This machine's zone: of times in logs that do not tell theirs, and of times that people type.
pub fn zone() -> &'static Zone {
    static ZONE: OnceLock<Zone> = OnceLock::new();
    ZONE.get_or_init(|| steps_of(&TimeZone::system(), now()))
}

fn steps_of(zone: &TimeZone, now: Stamp) -> Zone {
    let start = jiff::Timestamp::UNIX_EPOCH;
    let end = now.nanos() / 1_000_000_000 + AHEAD_DAYS * 24 * 3_600;
    let steps = zone.following(start).take_while(|step| step.timestamp().as_second() <= end);
    let steps = steps.map(|step| ZoneStep {
        from: Stamp::from_secs(step.timestamp().as_second()),
        offset_secs: step.offset().seconds(),
    });
    Zone::with_steps(zone.to_offset(start).seconds(), steps.collect())
}

fn to_stamp(time: SystemTime) -> Stamp {
    let nanos = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
    };
    Stamp::from_nanos(nanos)
}

fn lesson(source: &dyn Source, modified: SystemTime) -> io::Result<Lesson> {
    let mut head = vec![0; HEAD_BYTES];
    let n_read = read_full(source, &mut head, ByteOffset::ZERO)?;
    head.truncate(n_read);
    let format = learn(&head, n_read == HEAD_BYTES);
    let dates = Arc::new(Dates { format, context: Context::new(zone().clone(), to_stamp(modified)) });
    Ok(Lesson { head: n_read, modified, dates })
}

/// Learns from the lines of a head; the last one may be `cut`, and is left out then.
fn learn(head: &[u8], cut: bool) -> Format {
    let whole = if cut { memchr::memrchr(b'\n', head).map_or(head, |feed| &head[..feed]) } else { head };
    let mut text = Vec::with_capacity(whole.len());
    for line in whole.split_inclusive(|&byte| byte == b'\n') {
        ansi::plain(line.strip_suffix(b"\n").unwrap_or(line), &mut text);
        text.push(b'\n');
    }
    Format::learn(text.split(|&byte| byte == b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Memory;

    #[test]
    fn the_steps_of_a_zone_are_those_that_the_system_knows() {
        let posix = |text: &str| TimeZone::posix(text).unwrap();
        let now = Stamp::from_secs(1_795_341_300); // 2026-11-22
        let zone = steps_of(&posix("CET-1CEST,M3.5.0,M10.5.0/3"), now);
        for (secs, expected) in [(0, 3_600), (1_782_000_000, 7_200), (1_795_341_300, 3_600), (1_814_400_000, 7_200)] {
            assert_eq!(zone.offset_at(Stamp::from_secs(secs)), expected, "{secs}");
        }
        assert_eq!(steps_of(&TimeZone::UTC, now), Zone::UTC);
    }

    #[test]
    fn times_are_read_as_the_head_of_the_file_shows_them() {
        let rows: String = (0..9).map(|n| format!("web{n} 12 178000000{n}\n")).collect();
        for (head, line, expected) in [
            (rows.as_str(), "web1 7 1780000005", Some(1_780_000_005)),
            ("\x1b[31m2026-11-22T09:55:00Z\x1b[0m x\n", "2026-11-22T09:55:00Z y", Some(1_795_341_300)),
            ("", "web1 7 1780000005", None),
        ] {
            let dates = Dates::of(&Memory(head.as_bytes().to_vec())).unwrap();
            assert_eq!(dates.time(line.as_bytes()), expected.map(Stamp::from_secs), "{head:?}");
        }
    }
}
