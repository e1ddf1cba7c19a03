//! A text that is looked for in many lines, as it stands or in any case: two of its bytes are compared with many places at
//! once, and only where both are is the rest compared. Escapes, which hide text, are seen on the way.
//!
//! That two rare bytes are enough to pass over most of a text is the "generic SIMD" search of Wojciech Muła (2016), which
//! the `memchr` crate has too: for one case, and without the escapes.
//!
//! A package of its own, for it is optimized in builds for development too: vectors are function calls without that.

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch, mask8x32, u8x32};
use memchr::arch::all::packedpair::Pair;

/// The byte that an escape begins with.
pub const ESC: u8 = 0x1b;

/// The bit in which the two cases of a letter of ASCII differ.
const CASE: u8 = 0x20;

/// How many places are compared at once.
const PLACES: usize = 128;

/// How many times that many when lines are counted, before it is asked where among them.
const BATCH: usize = 32;

/// How many bytes are in a vector.
const LANES: usize = 32;

/// How many bytes one letter of a pattern may be in the text, at most.
const MAX_LETTER_BYTES: usize = 4;

/// A text to look for. Cheap to look for many times.
#[derive(Clone, Debug)]
pub struct Needle {
    letters: Box<[Letter]>,
    /// The first of them for a vector: the bytes, and their `either`. After the last one everything is equal.
    head: [[u8; LANES]; 2],
    /// Where those begin that are compared first: some that follow each other and are sure.
    lead: usize,
    n_sure: usize,
    /// Two of these, the one that stands first before the other.
    pair: [Sample; 2],
    level: Level,
}

/// A byte in one case, or a letter of ASCII in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letter {
    /// What the byte is with the bits of `either` set.
    byte: u8,
    either: u8,
    is_sure: bool,
}

/// A letter, and where it stands among those that are compared first.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: usize,
    letter: Letter,
}

/// What is found next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// It ends there.
    To(usize),
    /// Part of it ends there, and the rest may be written with other bytes: the line is to be asked.
    Perhaps(usize),
    /// Nothing more.
    Nowhere,
    /// There is an escape, before it or after.
    Escape,
    /// From there on there are so many places to look at that another way is faster.
    Crowded(usize),
}

impl Letter {
    /// That byte and no other.
    pub fn exactly(byte: u8) -> Self {
        Self { byte, either: 0, is_sure: true }
    }

    /// A letter of ASCII, in lower case or upper. With `is_sure` nothing else may stand there: the Kelvin sign is a k in
    /// another case. `None` if it is no such letter.
    pub fn in_both_cases(letter: u8, is_sure: bool) -> Option<Self> {
        letter.is_ascii_alphabetic().then_some(Self { byte: letter | CASE, either: CASE, is_sure })
    }

    fn is(self, byte: u8) -> bool {
        byte | self.either == self.byte
    }
}

impl Needle {
    /// What finds these letters, one after the other. `None` where it would find no faster than others do: without two
    /// sure ones in a row, and of control characters, which what is clean text depends on.
    pub fn new(letters: Vec<Letter>) -> Option<Self> {
        let (lead, n_sure) = longest_sure(&letters);
        let sure = letters.get(lead..lead + n_sure)?;
        let bytes: Vec<u8> = sure.iter().map(|letter| letter.byte).collect();
        let rarest = Pair::new(&bytes)?;
        let mut places = [rarest.index1(), rarest.index2()].map(usize::from);
        places.sort_unstable();
        let sample = |at: usize| Some(Sample { at, letter: *sure.get(at)? });
        let pair = [sample(places[0])?, sample(places[1])?];
        let has_control = letters.iter().any(|letter| letter.byte.is_ascii_control());
        let head = head_of(&letters);
        (!has_control).then(|| Self { letters: letters.into(), head, lead, n_sure, pair, level: Level::new() })
    }

    /// Whether it is where the letters are, and nowhere else.
    fn is_sure(&self) -> bool {
        self.n_sure == self.letters.len()
    }

    /// The next one in `text` that begins at `from` or after. Escapes are not told.
    pub fn find(&self, text: &[u8], from: usize) -> Found {
        self.walk::<false>(text, from).1
    }

    /// In how many lines of `text` it is, from the one that starts at `from` on, up to where something else is found than the
    /// text itself. An escape is told wherever it is up to there, and perhaps one after that.
    pub fn count_lines(&self, text: &[u8], from: usize) -> (u64, Found) {
        self.walk::<true>(text, from)
    }

    /// With `COUNTS` lines are counted and an escape is told; without, the first one is.
    fn walk<const COUNTS: bool>(&self, text: &[u8], from: usize) -> (u64, Found) {
        let Some([first, second]) = self.places(text, from) else {
            let is_escape = COUNTS && has_escape(text.get(from..));
            return (0, if is_escape { Found::Escape } else { Found::Nowhere });
        };
        // What is before the first compared byte and after the last is not looked at otherwise.
        let ends = [text.get(from..from + self.pair[0].at), text.get(from + self.pair[0].at + first.len()..)];
        if COUNTS && ends.into_iter().any(has_escape) {
            return (0, Found::Escape);
        }
        if COUNTS {
            dispatch!(self.level, simd => self.walk_by::<COUNTS, BATCH, _>(simd, (text, from), (first, second)))
        } else {
            dispatch!(self.level, simd => self.walk_by::<COUNTS, 1, _>(simd, (text, from), (first, second)))
        }
    }

    /// The bytes that are compared with each of the two, from each place where it may begin.
    fn places<'t>(&self, text: &'t [u8], from: usize) -> Option<[&'t [u8]; 2]> {
        let n_places = (text.len() + 1).checked_sub(from + self.n_sure).filter(|n| *n > 0)?;
        let [first, second] = self.pair.map(|sample| text.get(from + sample.at..from + sample.at + n_places));
        Some([first?, second?])
    }

    // All of it is made again for each kind of processor, in one piece: vectors are slow to hand over.
    #[inline(always)]
    fn walk_by<const COUNTS: bool, const N: usize, S: Simd>(
        &self,
        simd: S,
        (text, from): (&[u8], usize),
        (first, second): (&[u8], &[u8]),
    ) -> (u64, Found) {
        let [one_letter, other_letter] = self.pair.map(|sample| sample.letter);
        let (one, one_case) = (u8x32::splat(simd, one_letter.byte), u8x32::splat(simd, one_letter.either));
        let (other, other_case) = (u8x32::splat(simd, other_letter.byte), u8x32::splat(simd, other_letter.either));
        let samples = [[one, one_case], [other, other_case]];
        let ((firsts, first_rest), (seconds, second_rest)) =
            (first.as_chunks::<PLACES>(), second.as_chunks::<PLACES>());
        let mut walked = Walked { text, line: from, n_lines: 0 };
        let mut crowd = Crowd::default();
        for (nth, (firsts, seconds)) in firsts.chunks(N).zip(seconds.chunks(N)).enumerate() {
            let (met, n_met, is_escape) = met::<COUNTS, N, S>(simd, samples, firsts, seconds);
            if is_escape {
                return (walked.n_lines, Found::Escape);
            }
            for nth_met in met.into_iter().take(n_met) {
                let mut places = places(simd, samples, (&firsts[nth_met], &seconds[nth_met]));
                while places != 0 {
                    let at = from + (nth * N + nth_met) * PLACES + places.trailing_zeros() as usize;
                    places &= places - 1;
                    match self.meet::<COUNTS, S>(simd, &mut walked, at) {
                        Met::Nothing => {
                            if let Some(crowded) = crowd.met(at, at - from) {
                                return (walked.n_lines, crowded);
                            }
                        }
                        Met::Line => {}
                        Met::Other(found) => return (walked.n_lines, found),
                    }
                }
            }
        }
        if COUNTS && has_escape(Some(first_rest)) {
            return (walked.n_lines, Found::Escape);
        }
        let rest = (from + firsts.len() * PLACES..).zip(first_rest.iter().zip(second_rest));
        for (at, _) in rest.filter(|(_, (first, second))| one_letter.is(**first) && other_letter.is(**second)) {
            if let Met::Other(found) = self.meet::<COUNTS, S>(simd, &mut walked, at) {
                return (walked.n_lines, found);
            }
        }
        (walked.n_lines, Found::Nowhere)
    }

    /// Looks at a place that has both samples.
    #[inline(always)]
    fn meet<const COUNTS: bool, S: Simd>(&self, simd: S, walked: &mut Walked<'_>, at: usize) -> Met {
        if COUNTS && at < walked.line {
            return Met::Line;
        }
        match self.look(simd, (walked.text, walked.line), at) {
            None => Met::Nothing,
            Some(Found::To(end)) if COUNTS => {
                walked.n_lines += 1;
                walked.line = after_line(simd, walked.text, end);
                Met::Line
            }
            Some(found) => Met::Other(found),
        }
    }

    /// What is there, if those that are compared first are at that place.
    #[inline(always)]
    fn look<S: Simd>(&self, simd: S, (text, from): (&[u8], usize), at: usize) -> Option<Found> {
        let start = at.checked_sub(self.lead).filter(|start| *start >= from);
        let head = start.and_then(|start| text.get(start..start + LANES));
        match head {
            // All of it at once.
            Some(head) if self.letters.len() <= LANES => {
                let [bytes, either] = self.head.map(|head| u8x32::from_slice(simd, &head));
                if (u8x32::from_slice(simd, head) | either).simd_eq(bytes).all_true() {
                    return Some(Found::To(at - self.lead + self.letters.len()));
                }
                if self.is_sure() { None } else { self.look_closely((text, from), at) }
            }
            _ => self.look_closely((text, from), at),
        }
    }

    /// The same, letter by letter.
    #[inline(never)]
    fn look_closely(&self, (text, from): (&[u8], usize), at: usize) -> Option<Found> {
        let is = |letters: &[Letter], at: usize| {
            let bytes = text.get(at..at + letters.len());
            bytes.is_some_and(|bytes| letters.iter().zip(bytes).all(|(letter, byte)| letter.is(*byte)))
        };
        let start = at.checked_sub(self.lead).filter(|start| *start >= from);
        if start.is_some_and(|start| is(&self.letters, start)) {
            return Some(Found::To(at - self.lead + self.letters.len()));
        }
        if self.is_sure() || !is(self.letters.get(self.lead..self.lead + self.n_sure)?, at) {
            return None;
        }
        // Nothing in ASCII is written otherwise.
        let reach = |n_letters: usize| n_letters * MAX_LETTER_BYTES;
        let near = at.saturating_sub(reach(self.lead))..text.len().min(at + reach(self.letters.len() - self.lead));
        text.get(near).filter(|near| !near.is_ascii()).map(|_| Found::Perhaps(at + self.n_sure))
    }
}

/// A pair of samples, each with its case.
type Samples<S> = [[u8x32<S>; 2]; 2];

/// How far a text was walked through.
struct Walked<'t> {
    text: &'t [u8],
    /// Where the line after the last one that is counted starts.
    line: usize,
    n_lines: u64,
}

/// What was at a place.
enum Met {
    Nothing,
    /// It is in a line that is counted.
    Line,
    Other(Found),
}

/// Places that were looked at in vain.
#[derive(Default)]
struct Crowd(usize);

impl Crowd {
    /// How many of them there may be before it is asked how many bytes they were in.
    const FEW: usize = 32;
    /// In how many bytes each of them may be: with more, the regex engine is as fast.
    const BYTES_FOR_EACH: usize = 64;

    /// There was one more, in vain, at that place, after so many bytes.
    fn met(&mut self, at: usize, n_bytes: usize) -> Option<Found> {
        self.0 += 1;
        (self.0 > Self::FEW + n_bytes / Self::BYTES_FOR_EACH).then_some(Found::Crowded(at + 1))
    }
}

/// Which of the chunks have places, how many they are, and, if asked for, whether there is an escape in them.
#[inline(always)]
fn met<const COUNTS: bool, const N: usize, S: Simd>(
    simd: S,
    samples: Samples<S>,
    firsts: &[[u8; PLACES]],
    seconds: &[[u8; PLACES]],
) -> ([usize; N], usize, bool) {
    // They are written down without a branch: where some have places, the processor would guess wrong each time.
    let (mut met, mut n_met) = ([0; N], 0);
    let escape = u8x32::splat(simd, ESC);
    let mut escapes = escape.simd_eq(u8x32::splat(simd, 0));
    for (nth, pair) in firsts.iter().zip(seconds).enumerate() {
        let a = compared(simd, samples, pair, 0);
        let b = compared(simd, samples, pair, LANES);
        let c = compared(simd, samples, pair, 2 * LANES);
        let d = compared(simd, samples, pair, 3 * LANES);
        if COUNTS {
            escapes |= a.1.simd_eq(escape) | b.1.simd_eq(escape) | c.1.simd_eq(escape) | d.1.simd_eq(escape);
        }
        met[n_met % N] = nth;
        n_met += usize::from((a.0 | b.0 | c.0 | d.0).any_true());
    }
    (met, n_met, COUNTS && escapes.any_true())
}

/// At which places of a chunk both samples are.
#[inline(always)]
fn places<S: Simd>(simd: S, samples: Samples<S>, pair: (&[u8; PLACES], &[u8; PLACES])) -> u128 {
    let a = compared(simd, samples, pair, 0).0.to_bitmask();
    let b = compared(simd, samples, pair, LANES).0.to_bitmask();
    let c = compared(simd, samples, pair, 2 * LANES).0.to_bitmask();
    let d = compared(simd, samples, pair, 3 * LANES).0.to_bitmask();
    bits([a, b, c, d])
}

/// At which places from `from` on both samples are, and the bytes that the first was compared with.
#[inline(always)]
fn compared<S: Simd>(
    simd: S,
    [[one, one_case], [other, other_case]]: Samples<S>,
    (first, second): (&[u8; PLACES], &[u8; PLACES]),
    from: usize,
) -> (mask8x32<S>, u8x32<S>) {
    let a = u8x32::from_slice(simd, &first[from..from + LANES]);
    let b = u8x32::from_slice(simd, &second[from..from + LANES]);
    ((a | one_case).simd_eq(one) & (b | other_case).simd_eq(other), a)
}

/// The bits of four vectors that follow each other.
#[inline(always)]
fn bits([a, b, c, d]: [u64; 4]) -> u128 {
    let (low, high) = (a | b << LANES, c | d << LANES);
    u128::from(low) | u128::from(high) << 64
}

/// Where the line after the one that a place is in starts.
#[inline(always)]
fn after_line<S: Simd>(simd: S, text: &[u8], place: usize) -> usize {
    let feed = u8x32::splat(simd, b'\n');
    // Most ends are near.
    if let Some(near) = text.get(place..place + 2 * LANES) {
        let feeds = |from: usize| u8x32::from_slice(simd, &near[from..from + LANES]).simd_eq(feed).to_bitmask();
        let feeds = feeds(0) | feeds(LANES) << LANES;
        if feeds != 0 {
            return place + feeds.trailing_zeros() as usize + 1;
        }
    }
    let rest = text.get(place..).unwrap_or_default();
    place + memchr::memchr(b'\n', rest).map_or(rest.len(), |feed| feed + 1)
}

/// Whether there is an escape in the bytes.
pub fn has_escape(bytes: Option<&[u8]>) -> bool {
    bytes.is_some_and(|bytes| memchr::memchr(ESC, bytes).is_some())
}

/// The first letters as bytes to compare and as bits that are set before that.
fn head_of(letters: &[Letter]) -> [[u8; LANES]; 2] {
    let mut head = [[u8::MAX; LANES]; 2];
    for (at, letter) in letters.iter().enumerate().take(LANES) {
        (head[0][at], head[1][at]) = (letter.byte, letter.either);
    }
    head
}

/// Where the longest run of letters begins of which each is sure, and how many they are.
fn longest_sure(letters: &[Letter]) -> (usize, usize) {
    let (mut longest, mut from) = ((0, 0), 0);
    for run in letters.split(|letter| !letter.is_sure) {
        if run.len() > longest.1 {
            longest = (from, run.len());
        }
        from += run.len() + 1;
    }
    longest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn in_any_case(text: &[u8]) -> Vec<Letter> {
        let is_sure = |byte: u8| !b"ksKS".contains(&byte);
        text.iter().map(|&byte| Letter::in_both_cases(byte, is_sure(byte)).unwrap_or(Letter::exactly(byte))).collect()
    }

    fn as_it_stands(text: &[u8]) -> Vec<Letter> {
        text.iter().copied().map(Letter::exactly).collect()
    }

    /// What a needle may find, place by place; only where bytes beyond ASCII stand it is free to say `Perhaps`.
    fn assert_finds(needle: &Needle, text: &[u8], from: usize) {
        let is = |at: usize| text.get(at..at + needle.letters.len()).is_some_and(|bytes| needle.is_at(bytes));
        let expected = (from..text.len()).find(|at| is(*at)).map(|at| at + needle.letters.len());
        let found = needle.find(text, from);
        let is_right = match found {
            Found::To(end) => expected == Some(end),
            Found::Nowhere => expected.is_none(),
            Found::Escape => false,
            Found::Perhaps(place) | Found::Crowded(place) => {
                let is_before = expected.is_none_or(|end| place <= end);
                is_before && from < place && place <= text.len() && (found != Found::Perhaps(place) || !text.is_ascii())
            }
        };
        assert!(is_right, "{found:?} and not {expected:?} in {:?} from {from}", text.escape_ascii().to_string());
        // Line by line.
        let (n_lines, found) = needle.count_lines(text, from);
        let rest = text.get(from..).unwrap_or_default();
        let (counted, is_right) = match found {
            Found::To(_) => (rest, false),
            Found::Nowhere => (rest, !rest.contains(&ESC)),
            Found::Escape => (rest, rest.contains(&ESC)),
            Found::Perhaps(place) | Found::Crowded(place) => {
                let before = &text[from..place];
                let line = memchr::memrchr(b'\n', before).map_or(0, |feed| feed + 1);
                (&before[..line], !before.contains(&ESC))
            }
        };
        let is_in = |line: &&[u8]| line.windows(needle.letters.len()).any(|place| needle.is_at(place));
        let expected = counted.split(|&byte| byte == b'\n').filter(is_in).count() as u64;
        let is_right = is_right && (found == Found::Escape || n_lines == expected);
        assert!(
            is_right,
            "{n_lines} and {found:?}, and not {expected} in {:?} from {from}",
            text.escape_ascii().to_string()
        );
    }

    impl Needle {
        fn is_at(&self, bytes: &[u8]) -> bool {
            self.letters.iter().zip(bytes).all(|(letter, byte)| letter.is(*byte))
        }
    }

    fn letters() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(&b"abkSKB-\xc3\xa9"[..]), 1..7)
    }

    /// What is looked for, in other cases and in part, among other bytes.
    fn text_with(wanted: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            4 => letters(),
            1 => Just(b"\n".to_vec()),
            1 => Just(wanted.clone()),
            1 => Just(wanted.to_ascii_uppercase()),
            1 => Just(wanted.to_ascii_lowercase()),
            1 => (0..=wanted.len()).prop_map(move |end| wanted[..end].to_vec()),
            1 => (0_usize..2_000).prop_map(|n| vec![b'.'; n]),
            1 => prop::collection::vec(any::<u8>(), 0..2),
        ];
        prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn what_is_found_is_there_and_is_the_first(
            (wanted, text) in letters().prop_flat_map(|wanted| (Just(wanted.clone()), text_with(wanted))),
            ignore_case in any::<bool>(),
            from in 0_usize..150,
        ) {
            let letters = if ignore_case { in_any_case(&wanted) } else { as_it_stands(&wanted) };
            if let Some(needle) = Needle::new(letters) {
                assert_finds(&needle, &text, from.min(text.len()));
                let simple = Needle { level: Level::baseline(), ..needle.clone() };
                prop_assert_eq!(needle.find(&text, from), simple.find(&text, from));
                prop_assert_eq!(needle.count_lines(&text, from), simple.count_lines(&text, from));
            }
        }
    }

    #[test]
    fn the_longest_run_of_sure_letters_is_compared_first() {
        for (text, expected) in [
            ("error", Some((0, 5))),
            ("checkout-declined", Some((5, 12))),
            ("gr\u{f6}\u{df}e", Some((0, 7))),
            ("skis", None),
            ("desk", Some((0, 2))),
            ("x", None),
            ("k", None),
            ("a\x1bb", None),
            ("ab\r", None),
            ("", None),
        ] {
            let needle = Needle::new(in_any_case(text.as_bytes()));
            assert_eq!(needle.map(|needle| (needle.lead, needle.n_sure)), expected, "{text}");
        }
    }

    #[test]
    fn what_is_nearly_everywhere_is_left_to_others() {
        let needle = Needle::new(in_any_case(b"abcd")).unwrap();
        let other = (0..4).find(|at| needle.pair.iter().all(|sample| sample.at != *at)).unwrap();
        let mut nearly = *b"abcd";
        nearly[other] = b'.';
        let text = [&nearly.repeat(1_000)[..], b"\nABCD\n"].concat();
        assert!(matches!(needle.find(&text, 0), Found::Crowded(at) if at < 200));
        assert_eq!(needle.find(&text, 3_900), Found::To(4_005));
    }

    #[test]
    fn an_escape_is_seen_wherever_it_is() {
        let needle = Needle::new(in_any_case(b"needle")).unwrap();
        for len in [0, 1, 4, 5, 6, 127, 128, 130, 133, 300] {
            for at in 0..len {
                let mut text = vec![b'.'; len];
                text[at] = ESC;
                assert_eq!(needle.count_lines(&text, 0), (0, Found::Escape), "{at} of {len}");
                assert_eq!(needle.find(&text, 0), Found::Nowhere, "{at} of {len}");
            }
            assert_eq!(needle.count_lines(&vec![b'.'; len], 0), (0, Found::Nowhere), "none of {len}");
        }
    }
}
