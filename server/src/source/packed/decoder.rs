//! Decodes what a source holds, member after member, in bounded steps.

use std::io;
use std::sync::Arc;

use taillight::line::{ByteLen, ByteOffset};
use taillight::wire::listing::Compression;

use super::codec::{Codec, Then};
use super::format::{MAGIC_BYTES, detect};
use crate::source::{Source, read_full};

/// How much is read at once, in bytes.
const READ_BYTES: usize = 256 * 1024;

/// How much input a step takes at most, in bytes: input may stand for nothing.
const STEP_IN_BYTES: usize = 1024 * 1024;

/// What a member's beginning and end cost, as bytes of input: files may consist of empty ones.
const MEMBER_COST_BYTES: usize = 4096;

/// Reads compressed bytes and gives what they stand for.
#[derive(Debug)]
pub struct Decoder {
    stored: Arc<dyn Source>,
    format: Compression,
    window_log: u32,
    codec: Option<Codec>,
    buf: Vec<u8>,
    /// The part of `buf` that is not used up.
    left: std::ops::Range<usize>,
    /// Where `buf` ends in the source.
    read_to: ByteOffset,
    place: Place,
    n_out: ByteOffset,
    /// Why nothing more comes, however the source grows.
    over: Option<Next>,
}

/// The start of a member: decoding can begin there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Where it is stored.
    pub stored: ByteOffset,
    /// Where its first byte is, decoded.
    pub decoded: ByteOffset,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The bytes that were decoded.
    pub n_out: usize,
    /// What comes next.
    pub next: Next,
}

/// What comes after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another step.
    More,
    /// Nothing: the file ends here, between members. There is more when it grows.
    Whole,
    /// Nothing: the file ends inside a member. There is more when it grows.
    Incomplete,
    /// Nothing: the bytes are not what was compressed, or a checksum is wrong.
    Damaged,
    /// Nothing: it needs a larger window than is allowed.
    Window,
}

impl Decoder {
    /// Decodes `stored` from its start; `None` when it is not compressed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(stored: Arc<dyn Source>, window_log: u32) -> io::Result<Option<Self>> {
        Ok(format_of(&*stored)?.map(|format| Self::new(stored, format, window_log, Place::default())))
    }

    /// Decodes from the start of a member on.
    pub fn new(stored: Arc<dyn Source>, format: Compression, window_log: u32, place: Place) -> Self {
        Self {
            stored,
            format,
            window_log,
            codec: None,
            buf: Vec::new(),
            left: 0..0,
            read_to: place.stored,
            place,
            n_out: place.decoded,
            over: None,
        }
    }

    /// Where the member began that is being decoded, or where the next one will.
    pub fn member(&self) -> Place {
        self.place
    }

    /// Up to where the source was used.
    pub fn used(&self) -> ByteOffset {
        ByteOffset::new(self.read_to.get() - self.left.len() as u64)
    }

    /// Up to where the source was read.
    pub fn read_to(&self) -> ByteOffset {
        self.read_to
    }

    /// Decodes on, at most as much as `out` holds.
    ///
    /// # Errors
    /// When the source cannot be read now; what was decoded in this step is lost then, so it must not go on.
    pub fn step(&mut self, out: &mut [u8]) -> io::Result<Step> {
        let mut n_out = 0;
        let mut n_in = 0;
        if let Some(next) = self.over {
            return Ok(Step { n_out, next });
        }
        loop {
            if n_out == out.len() || n_in >= STEP_IN_BYTES {
                return Ok(Step { n_out, next: Next::More });
            }
            let is_first = self.n_out == ByteOffset::ZERO && self.place.stored == ByteOffset::ZERO;
            let Some(codec) = &mut self.codec else {
                if !self.begin(is_first)? {
                    return Ok(Step { n_out, next: Next::Whole });
                }
                n_in += MEMBER_COST_BYTES;
                continue;
            };
            let progress = codec.step(&self.buf[self.left.clone()], &mut out[n_out..]);
            self.left.start += progress.n_in;
            n_in += progress.n_in;
            n_out += progress.n_out;
            self.n_out = self.n_out + ByteLen::new(progress.n_out as u64);
            let next = match progress.then {
                Then::Ended => {
                    self.codec = None;
                    self.place = Place { stored: self.used(), decoded: self.n_out };
                    continue;
                }
                Then::Goes if progress.n_in > 0 || progress.n_out > 0 => continue,
                Then::Goes if self.left.len() < READ_BYTES => {
                    if self.fill(self.left.len() + 1)? {
                        continue;
                    }
                    Next::Incomplete
                }
                Then::Goes | Then::Damaged => Next::Damaged,
                Then::Window => Next::Window,
            };
            if next != Next::Incomplete {
                self.over = Some(next);
            }
            return Ok(Step { n_out, next });
        }
    }

    /// Begins the next member, if there is one.
    fn begin(&mut self, is_first: bool) -> io::Result<bool> {
        if self.over.is_some() {
            return Ok(false);
        }
        // Zeros between members are padding (xz), or what a tape left behind (gzip).
        while !is_first && self.fill(1)? && self.buf.get(self.left.start) == Some(&0) {
            let zeros = self.buf[self.left.clone()].iter().take_while(|&&byte| byte == 0).count();
            self.left.start += zeros;
            self.place.stored = self.used();
        }
        let is_all = !self.fill(MAGIC_BYTES)?;
        let head = &self.buf[self.left.clone()];
        if detect(head) == Some(self.format) {
            self.codec = Some(Codec::new(self.format, self.window_log)?);
            return Ok(true);
        }
        // What is no member is not looked at, as the formats' own programs do it; too little to tell may grow.
        self.over = (!is_all).then_some(Next::Whole);
        Ok(false)
    }

    /// Reads until there are `wanted` bytes, at most [`READ_BYTES`]; whether there are.
    fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        if self.left.len() >= wanted {
            return Ok(true);
        }
        self.buf.copy_within(self.left.clone(), 0);
        self.left = 0..self.left.len();
        self.buf.resize(READ_BYTES.max(wanted), 0);
        let n_read = read_full(&*self.stored, &mut self.buf[self.left.end..], self.read_to)?;
        self.left.end += n_read;
        self.read_to = self.read_to + ByteLen::new(n_read as u64);
        Ok(self.left.len() >= wanted)
    }
}

/// How a source is compressed; `None` for one that is read as it is, also because it is decoded already: one layer only.
///
/// # Errors
/// When it cannot be read.
pub fn format_of(stored: &dyn Source) -> io::Result<Option<Compression>> {
    if stored.stored().is_some() {
        return Ok(None);
    }
    let mut head = [0; MAGIC_BYTES];
    let n_read = read_full(stored, &mut head, ByteOffset::ZERO)?;
    Ok(detect(&head[..n_read]))
}

/// Decodes as a reader: for who wants all of it, once.
#[derive(Debug)]
pub struct Unpacking {
    decoder: Decoder,
}

impl Unpacking {
    /// The decoded bytes of `decoder`.
    pub fn new(decoder: Decoder) -> Self {
        Self { decoder }
    }
}

impl io::Read for Unpacking {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            let step = self.decoder.step(buf)?;
            if step.n_out > 0 {
                return Ok(step.n_out);
            }
            match step.next {
                Next::More => {}
                Next::Whole => return Ok(0),
                Next::Incomplete => {
                    return Err(io::Error::other("the compressed file is incomplete: what there is of it was read"));
                }
                Next::Damaged => {
                    return Err(io::Error::other(
                        "the compressed file is damaged from here on: what comes before was read",
                    ));
                }
                Next::Window => {
                    return Err(io::Error::other(
                        "the compressed file needs a larger window than 128 MB to be decoded",
                    ));
                }
            }
        }
    }
}
