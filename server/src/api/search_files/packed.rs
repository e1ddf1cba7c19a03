//! A compressed file: decoded once from its start to its end, a step at a time, and searched on the way. Nothing of it is
//! kept, and places are those of what it stands for, as in the page.

use std::io;
use std::time::SystemTime;

use taillight::cursor::Identity;
use taillight::line::ByteOffset;
use tokio::sync::watch;

use super::engine::{Engine, Part, Searched, Stop};
use super::plain::part;
use crate::dates::{Dates, HEAD_BYTES, Learned};
use crate::scan::{Budget, Filter, MAX_LINE_BYTES, REACH_BYTES};
use crate::source::packed::{Decoder, Next, may_stand_for};
use crate::source::{Gone, Source, check_encoding, is_binary};

/// How much is decoded in a step, in bytes.
const STEP_BYTES: usize = 1024 * 1024;

/// A line of which so much is there is judged without its rest, which cannot make a difference.
const MAX_HELD_BYTES: usize = 2 * MAX_LINE_BYTES;

/// How much stays of what was judged, where lines may have the time of one above them. With the byte before, which says
/// whether a line starts there.
const KEPT_BYTES: usize = REACH_BYTES as usize + 1;

/// Searches a file that is decoded.
pub(super) async fn search(engine: &Engine, searched: &mut Searched, decoder: Decoder) -> Result<(), Stop> {
    // Never closed, so there always is a permit in the end.
    let _turn = engine.decoders.acquire().await.ok();
    let mut packed = Packed {
        decoder,
        held: Held::new(engine.filter.asks_time(), searched.modified()),
        used: 0,
        is_passing: false,
        next: Next::More,
    };
    loop {
        let (filter, rows_left) = (engine.filter.clone(), searched.rows_left());
        let stepped = engine.step(move |budget| {
            let part = packed.step(&filter, (budget, rows_left));
            (packed, part)
        });
        let part;
        (packed, part) = stepped.await;
        engine.add(searched, part?).await?;
        if packed.held.is_judged() {
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

/// Decoded bytes, as a source of which those before them are [`Gone`].
#[derive(Debug)]
struct Held {
    /// Where they begin.
    at: u64,
    bytes: Vec<u8>,
    /// How many of them are judged.
    judged: usize,
    /// Up to where they are to be judged before more is decoded.
    due: usize,
    /// How many stay when they are judged.
    keeps: usize,
    modified: SystemTime,
    learned: Learned,
}

impl Packed {
    /// Decodes on, or judges on what there is.
    fn step(&mut self, filter: &Filter, within: (&Budget, usize)) -> Result<Part, Stop> {
        if self.held.due <= self.held.judged {
            self.decode()?;
        }
        let Held { at, judged, due, .. } = self.held;
        let mut found = Part::default();
        if due > judged {
            let reached;
            (found, reached) = part(&self.held, filter, at + judged as u64..at + due as u64, within)?;
            self.held.pass_to(usize::try_from(reached - at).unwrap_or(due));
        }
        let used = self.decoder.used().get();
        found.stored = used.saturating_sub(self.used);
        self.used = used;
        Ok(found)
    }

    fn decode(&mut self) -> Result<(), Stop> {
        let is_start = self.held.is_empty();
        let from = self.held.bytes.len();
        self.more()?;
        // How times are told is learned from as much as of a file that is not compressed.
        while is_start && self.next == Next::More && self.held.bytes.len() < HEAD_BYTES {
            self.more()?;
        }
        let held = &mut self.held;
        if is_start {
            check_encoding(&held.bytes)?;
            if is_binary(&held.bytes) {
                return Err(Stop::Binary);
            }
            Dates::of(held)?;
        }
        if self.is_passing {
            let feed = held.bytes.get(from..).and_then(|fresh| memchr::memchr(b'\n', fresh));
            self.is_passing = feed.is_none();
            held.pass_to(feed.map_or(held.bytes.len(), |feed| from + feed + 1));
        }
        let fresh = held.bytes.get(held.judged..).unwrap_or_default();
        let feed = memchr::memrchr(b'\n', fresh).map(|feed| held.judged + feed + 1);
        held.due = match feed {
            _ if self.next != Next::More => held.bytes.len(),
            None if fresh.len() >= MAX_HELD_BYTES => {
                self.is_passing = true;
                held.bytes.len()
            }
            feed => feed.unwrap_or(held.judged),
        };
        Ok(())
    }

    fn more(&mut self) -> Result<(), Stop> {
        let held = &mut self.held;
        let from = held.bytes.len();
        held.bytes.resize(from + STEP_BYTES, 0);
        let step = self.decoder.step(held.bytes.get_mut(from..).unwrap_or_default())?;
        held.bytes.truncate(from + step.n_out);
        self.next = step.next;
        if may_stand_for(self.decoder.used().get(), held.end()) {
            return Ok(());
        }
        Err(Stop::Damaged("the compressed file claims to stand for more than any log would"))
    }
}

impl Held {
    /// Nothing yet, of a file that was changed last when `modified` says.
    fn new(asks_time: bool, modified: SystemTime) -> Self {
        let keeps = if asks_time { KEPT_BYTES } else { 0 };
        Self { at: 0, bytes: Vec::new(), judged: 0, due: 0, keeps, modified, learned: Learned::default() }
    }

    fn end(&self) -> u64 {
        self.at + self.bytes.len() as u64
    }

    /// Whether nothing was decoded.
    fn is_empty(&self) -> bool {
        self.end() == 0
    }

    /// Whether all that was decoded is judged.
    fn is_judged(&self) -> bool {
        self.judged == self.bytes.len()
    }

    /// Its first `judged` bytes are done.
    fn pass_to(&mut self, judged: usize) {
        let judged = judged.min(self.bytes.len());
        let n_gone = judged.saturating_sub(self.keeps);
        self.bytes.drain(..n_gone);
        self.at += n_gone as u64;
        self.judged = judged - n_gone;
        self.due = self.due.saturating_sub(n_gone);
    }
}

impl Source for Held {
    fn len(&self) -> io::Result<ByteOffset> {
        Ok(ByteOffset::new(self.end()))
    }

    fn read_at(&self, buf: &mut [u8], at: ByteOffset) -> io::Result<usize> {
        let from = at.get().checked_sub(self.at).ok_or_else(|| io::Error::other(Gone))?;
        let bytes = usize::try_from(from).ok().and_then(|from| self.bytes.get(from..)).unwrap_or_default();
        let n_read = bytes.len().min(buf.len());
        buf.get_mut(..n_read).unwrap_or_default().copy_from_slice(bytes.get(..n_read).unwrap_or_default());
        Ok(n_read)
    }

    fn identity(&self) -> io::Result<Identity> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn is_same(&self, _seen: &Identity) -> io::Result<bool> {
        Ok(false)
    }

    fn lengths(&self) -> watch::Receiver<ByteOffset> {
        watch::Sender::new(ByteOffset::new(self.end())).subscribe()
    }

    fn modified(&self) -> io::Result<SystemTime> {
        Ok(self.modified)
    }

    fn learned(&self) -> Option<&Learned> {
        Some(&self.learned)
    }
}
