//! The decoders of the four formats behind one step: bytes in, bytes out, for one member, frame or stream.
//!
//! Members are told apart here and not in the libraries, so that what follows the last one is ours to judge.

use std::io;

use taillight::wire::listing::Compression;
use zstd::stream::raw::{DParameter, Decoder as ZstdDecoder, InBuffer, Operation as _, OutBuffer};

/// The largest window of a viewer's decoder, as a power of two: 32 MiB.
pub const WINDOW_LOG: u32 = 25;

/// The largest window of who decodes on the own machine: what the formats' own programs take, 128 MiB.
pub const OWN_WINDOW_LOG: u32 = 27;

/// What a decoder of xz needs besides its window, in bytes.
const XZ_EXTRA_BYTES: u64 = 4 << 20;

/// The decoder of one member.
pub(super) enum Codec {
    Gzip(flate2::Decompress),
    /// With how many bytes it wants next. It is never given more: when a checksum fails, what the same call had decoded
    /// would be lost.
    Zstd(ZstdDecoder<'static>, usize),
    Xz(liblzma::stream::Stream),
    Bzip2(bzip2::Decompress),
}

/// What a step came to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    pub(super) n_in: usize,
    pub(super) n_out: usize,
    pub(super) then: Then,
}

/// What comes after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// More, with more input or more room.
    Goes,
    /// The member has ended, and its checksum is right.
    Ended,
    /// The bytes are not what was compressed.
    Damaged,
    /// It needs a larger window than is allowed.
    Window,
}

impl Codec {
    /// The decoder of a member that is about to begin.
    pub(super) fn new(format: Compression, window_log: u32) -> io::Result<Self> {
        Ok(match format {
            Compression::Gzip => Self::Gzip(flate2::Decompress::new_gzip(15)),
            Compression::Zstd => {
                let mut decoder = ZstdDecoder::new()?;
                decoder.set_parameter(DParameter::WindowLogMax(window_log))?;
                Self::Zstd(decoder, 1)
            }
            Compression::Xz => {
                let limit = (1 << window_log) + XZ_EXTRA_BYTES;
                Self::Xz(liblzma::stream::Stream::new_stream_decoder(limit, 0).map_err(io::Error::from)?)
            }
            Compression::Bzip2 => Self::Bzip2(bzip2::Decompress::new(false)),
        })
    }

    /// Takes some of `input` and fills some of `output`. What came out before an error counts.
    pub(super) fn step(&mut self, input: &[u8], output: &mut [u8]) -> Progress {
        match self {
            Self::Gzip(decoder) => {
                let before = (decoder.total_in(), decoder.total_out());
                let then = match decoder.decompress(input, output, flate2::FlushDecompress::None) {
                    Ok(flate2::Status::StreamEnd) => Then::Ended,
                    Ok(_) => Then::Goes,
                    Err(_) => Then::Damaged,
                };
                progress(before, (decoder.total_in(), decoder.total_out()), then)
            }
            Self::Xz(decoder) => {
                let before = (decoder.total_in(), decoder.total_out());
                let then = match decoder.process(input, output, liblzma::stream::Action::Run) {
                    Ok(liblzma::stream::Status::StreamEnd) => Then::Ended,
                    Ok(_) => Then::Goes,
                    Err(liblzma::stream::Error::MemLimit) => Then::Window,
                    Err(_) => Then::Damaged,
                };
                progress(before, (decoder.total_in(), decoder.total_out()), then)
            }
            Self::Bzip2(decoder) => {
                let before = (decoder.total_in(), decoder.total_out());
                let then = match decoder.decompress(input, output) {
                    Ok(bzip2::Status::StreamEnd) => Then::Ended,
                    Ok(_) => Then::Goes,
                    Err(_) => Then::Damaged,
                };
                progress(before, (decoder.total_in(), decoder.total_out()), then)
            }
            Self::Zstd(decoder, wanted) => zstd_step(decoder, wanted, input, output),
        }
    }
}

fn zstd_step(decoder: &mut ZstdDecoder<'static>, wanted: &mut usize, input: &[u8], output: &mut [u8]) -> Progress {
    let mut n_in = 0_usize;
    let mut n_out = 0;
    loop {
        let to = input.len().min(n_in.saturating_add(*wanted));
        let mut taken = InBuffer::around(&input[n_in..to]);
        let mut made = OutBuffer::around(&mut output[n_out..]);
        let run = decoder.run(&mut taken, &mut made);
        let (taken, made) = (taken.pos(), made.pos());
        n_in += taken;
        n_out += made;
        let then = match run {
            Ok(0) => Then::Ended,
            Ok(next) => {
                *wanted = next;
                Then::Goes
            }
            // The library has no other way to tell its errors apart from here.
            Err(error) if error.to_string().contains("too much memory") => Then::Window,
            Err(_) => Then::Damaged,
        };
        if then != Then::Goes || n_out == output.len() || (taken == 0 && made == 0) {
            return Progress { n_in, n_out, then };
        }
    }
}

fn progress(before: (u64, u64), after: (u64, u64), then: Then) -> Progress {
    // Differences of one step: they fit the slices that it was given.
    Progress { n_in: (after.0 - before.0) as usize, n_out: (after.1 - before.1) as usize, then }
}

impl std::fmt::Debug for Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Gzip(_) => "Gzip",
            Self::Zstd(..) => "Zstd",
            Self::Xz(_) => "Xz",
            Self::Bzip2(_) => "Bzip2",
        })
    }
}
