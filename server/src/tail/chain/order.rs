//! In which order rotated files were written: by their names where all of them follow one scheme, else by their times.

use std::cmp::Reverse;

use crate::catalog::{Sibling, without_packing};

/// Numbers from here on are dates or times: `-20261122`, `-202611`, `.1795392000`.
const FIRST_DATE: u64 = 100_000;

/// A rotated file and what its name says.
#[derive(Clone, Debug)]
pub(super) struct Archive {
    pub(super) sibling: Sibling,
    pub(super) stamp: Option<Stamp>,
    /// Whether its name says that it is compressed.
    pub(super) is_packed: bool,
}

/// What stands in a rotated file's name in place of nothing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stamp {
    /// How often it was rotated, or the how-manieth file it is.
    Number(u64),
    /// When: the numbers of a date or a time, largest unit first.
    Date(Vec<u64>),
}

impl Archive {
    /// What `name`, a sibling of `base`, says.
    pub(super) fn new(sibling: Sibling, base: &[u8]) -> Self {
        let stamp = stamp(base, sibling.name());
        let is_packed = without_packing(sibling.name()).len() < sibling.name().len();
        Self { sibling, stamp, is_packed }
    }

    /// The number in its name.
    pub(super) fn number(&self) -> Option<u64> {
        match self.stamp {
            Some(Stamp::Number(number)) => Some(number),
            Some(Stamp::Date(_)) | None => None,
        }
    }

    /// Whether this is the other one, compressed: both are there while it is being made.
    pub(super) fn is_packed_form_of(&self, other: &Self) -> bool {
        self.is_packed
            && !other.is_packed
            && self.sibling.is_beside(&other.sibling)
            && without_packing(self.sibling.name()) == other.sibling.name()
    }
}

/// Puts the oldest first. Whether they are numbered down to 1, the youngest: then numbers that are missing tell of files
/// that are missing.
pub(super) fn sort(archives: &mut [Archive]) -> bool {
    let are_numbers = archives.iter().all(|archive| archive.number().is_some());
    let are_dates = archives.iter().all(|archive| matches!(archive.stamp, Some(Stamp::Date(_))));
    if are_numbers {
        archives.sort_by_key(|archive| Reverse(archive.number()));
        let counts_up = counts_up(archives);
        if counts_up {
            archives.reverse();
        }
        return !counts_up;
    }
    if are_dates {
        archives.sort_by(|a, b| a.stamp.cmp(&b.stamp));
    } else {
        archives.sort_by_key(|archive| (archive.sibling.stat.modified_ns, archive.sibling.stat.born_ns));
    }
    false
}

/// Whether higher numbers were written later: some loggers count up. What is not compressed yet is the youngest; else times
/// tell, which can be wrong, so most of them decide. Compressing gives new times: only files of one kind are compared.
fn counts_up(by_number_down: &[Archive]) -> bool {
    let of_kind = |is_packed: bool| by_number_down.iter().filter(move |archive| archive.is_packed == is_packed);
    let ends =
        |is_packed: bool| Some((of_kind(is_packed).next_back()?.number()?, of_kind(is_packed).next()?.number()?));
    if let (Some(plain), Some(packed)) = (ends(false), ends(true)) {
        if plain.1 < packed.0 {
            return false;
        }
        if plain.0 > packed.1 {
            return true;
        }
    }
    let votes = |is_packed: bool| {
        let times = of_kind(is_packed).map(|archive| archive.sibling.stat.modified_ns);
        let pairs = times.clone().zip(times.skip(1));
        pairs.map(|(higher, lower)| i64::from(higher > lower) - i64::from(higher < lower)).sum::<i64>()
    };
    votes(false) + votes(true) > 0
}

fn stamp(base: &[u8], name: &[u8]) -> Option<Stamp> {
    let plain = without_packing(name);
    let inside = || {
        let dot = base.iter().skip(1).position(|&byte| byte == b'.')? + 1;
        let (stem, extension) = base.split_at(dot);
        plain.strip_prefix(stem)?.strip_suffix(extension)
    };
    let text = plain.strip_prefix(base).or_else(inside)?;
    if text == b".old" {
        return Some(Stamp::Number(1));
    }
    let digits = text.split(|byte| !byte.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let numbers: Vec<u64> =
        digits.map(|digits| std::str::from_utf8(digits).ok()?.parse().ok()).collect::<Option<_>>()?;
    match numbers[..] {
        [] => None,
        [number] if number < FIRST_DATE => Some(Stamp::Number(number)),
        _ => Some(Stamp::Date(numbers)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_how_often_or_when() {
        let date = |numbers: &[u64]| Some(Stamp::Date(numbers.to_vec()));
        for (name, expected) in [
            ("app.log.1", Some(Stamp::Number(1))),
            ("app.log.12.gz", Some(Stamp::Number(12))),
            ("app.log.0", Some(Stamp::Number(0))),
            ("app.log.old", Some(Stamp::Number(1))),
            ("app.3.log", Some(Stamp::Number(3))),
            ("app.log-20261122", date(&[20_261_122])),
            ("app.log-20261122-1795392000.zst", date(&[20_261_122, 1_795_392_000])),
            ("app.log.2026-11-22T10:05", date(&[2026, 11, 22, 10, 5])),
            ("app-2026-11-22.2.log", date(&[2026, 11, 22, 2])),
            ("app.log.save", None),
            ("app.log.99999999999999999999999", None),
        ] {
            assert_eq!(stamp(b"app.log", name.as_bytes()), expected, "{name}");
        }
    }
}
