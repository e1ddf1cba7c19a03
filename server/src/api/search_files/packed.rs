//! A compressed file: decoded once from its start to its end, a step at a time, and searched on the way. Nothing of it is
//! kept, and places are those of what it stands for, as in the page.

use std::io;
use std::ops::Range;

use taillight::cursor::Identity;
use taillight::line::ByteOffset;
use tokio::sync::watch;

use super::engine::{BINARY_BYTES, Engine, Part, Searched, Stop};
use super::plain::part;
use crate::scan::{Budget, Filter, MAX_LINE_BYTES};
use crate::source::Source;
use crate::source::packed::{Decoder, Next, may_stand_for};

/// How much is decoded in a step, in bytes.
const STEP_BYTES: usize = 1024 * 1024;

/// A line of which so much is there is judged without its rest, which cannot make a difference.
const MAX_HELD_BYTES: usize = 2 * MAX_LINE_BYTES;

/// Searches a file that is decoded.
pub(super) async fn search(engine: &Engine, searched: &mut Searched, decoder: Decoder) -> Result<(), Stop> {
    // Never closed, so there always is a permit in the end.
    let _turn = engine.decoders.acquire().await.ok();
    let mut packed = Packed { decoder, held: Held::default(), used: 0, is_passing: false, next: Next::More };
    loop {
        let (filter, rows_left) = (engine.filter.clone(), searched.rows_left());
        let stepped = engine.step(move |budget| {
            let part = packed.step(&filter, (budget, rows_left));
            (packed, part)
        });
        let part;
        (packed, part) = stepped.await;
        engine.add(searched, part?).await?;
        if packed.held.bytes.is_empty() {
            match packed.next {
                Next::More => {}
                Next::Whole => return Ok(()),
                Next::Incomplete => {
                    return Err(Stop::Damaged("the compressed file is incomplete: what there is of it was searched"));
                }
                Next::Damaged => {
                    return Err(Stop::Damaged("the compressed file is damaged: what comes before was searched"));
                }
                Next::Window => {
                    return Err(Stop::Damaged("the compressed file needs more memory to decode than is allowed"));
                }
            }
        }
        engine.check_limit(searched)?;
    }
}

/// A file under way.
struct Packed {
    decoder: Decoder,
    held: Held,
    /// How much of the file was used.
    used: u64,
    /// The rest of a line that was judged is passed over.
    is_passing: bool,
    next: Next,
}

/// Decoded bytes that are not judged, as a source that begins before them.
#[derive(Debug, Default)]
struct Held {
    at: u64,
    bytes: Vec<u8>,
    /// How many of them are to be judged before more is decoded.
    due: usize,
}

impl Packed {
    /// Decodes on, or judges on what there is.
    fn step(&mut self, filter: &Filter, within: (&Budget, usize)) -> Result<Part, Stop> {
        if self.held.due == 0 {
            self.decode()?;
        }
        let Held { at, due, .. } = self.held;
        let mut found = Part::default();
        if due > 0 {
            let reached;
            (found, reached) = part(&self.held, filter, at..at + due as u64, within)?;
            self.held.pass(usize::try_from(reached - at).unwrap_or(due));
        }
        let used = self.decoder.used().get();
        found.stored = used.saturating_sub(self.used);
        self.used = used;
        Ok(found)
    }

    fn decode(&mut self) -> Result<(), Stop> {
        let held = &mut self.held;
        let from = held.bytes.len();
        held.bytes.resize(from + STEP_BYTES, 0);
        let step = self.decoder.step(held.bytes.get_mut(from..).unwrap_or_default())?;
        held.bytes.truncate(from + step.n_out);
        self.next = step.next;
        if held.at == 0 && from == 0 && held.bytes.iter().take(BINARY_BYTES).any(|&byte| byte == 0) {
            return Err(Stop::Binary);
        }
        if !may_stand_for(self.decoder.used().get(), held.at + held.bytes.len() as u64) {
            return Err(Stop::Damaged("the compressed file claims to stand for more than any log would"));
        }
        let fresh = held.bytes.get(from..).unwrap_or_default();
        if self.is_passing {
            let feed = memchr::memchr(b'\n', fresh);
            self.is_passing = feed.is_none();
            held.pass(feed.map_or(held.bytes.len(), |feed| from + feed + 1));
        }
        let feed = memchr::memrchr(b'\n', &held.bytes).map(|feed| feed + 1);
        held.due = match feed {
            _ if step.next != Next::More => held.bytes.len(),
            None if held.bytes.len() >= MAX_HELD_BYTES => {
                self.is_passing = true;
                held.bytes.len()
            }
            feed => feed.unwrap_or(0),
        };
        Ok(())
    }
}

impl Held {
    /// Its first `n_bytes` are done.
    fn pass(&mut self, n_bytes: usize) {
        let n_bytes = n_bytes.min(self.bytes.len());
        self.bytes.drain(..n_bytes);
        self.at += n_bytes as u64;
        self.due = self.due.saturating_sub(n_bytes);
    }

    fn range(&self, at: ByteOffset, len: usize) -> Range<usize> {
        let from = usize::try_from(at.get().saturating_sub(self.at)).unwrap_or(usize::MAX).min(self.bytes.len());
        from..from.saturating_add(len).min(self.bytes.len())
    }
}

impl Source for Held {
    fn len(&self) -> io::Result<ByteOffset> {
        Ok(ByteOffset::new(self.at + self.bytes.len() as u64))
    }

    fn read_at(&self, buf: &mut [u8], at: ByteOffset) -> io::Result<usize> {
        let bytes = self.bytes.get(self.range(at, buf.len())).unwrap_or_default();
        buf.get_mut(..bytes.len()).unwrap_or_default().copy_from_slice(bytes);
        Ok(bytes.len())
    }

    fn identity(&self) -> io::Result<Identity> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn is_same(&self, _seen: &Identity) -> io::Result<bool> {
        Ok(false)
    }

    fn lengths(&self) -> watch::Receiver<ByteOffset> {
        watch::Sender::new(ByteOffset::new(self.at + self.bytes.len() as u64)).subscribe()
    }
}
