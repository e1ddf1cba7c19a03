//! Counting much at once: parts of the source are counted side by side, and taken over in order.

use std::cell::RefCell;
use std::io;
use std::sync::Weak;

use futures_util::stream::{FuturesOrdered, StreamExt as _};
use taillight::line::ByteOffset;

use super::{LineIndex, lock};
use crate::source::read_full;
use crate::tasks::{Tasks, scan_threads};

/// How many parts each thread has before it, so that none waits for the order.
const AHEAD: usize = 3;

/// With fewer steps to count than this, one thread is as quick.
const LEAST_STEPS: u64 = 2;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::default();
}

/// A part that was counted by itself.
#[derive(Debug)]
struct Counted {
    from: u64,
    to: u64,
    /// Blocks with line feeds, and how many.
    feeds: Vec<(u64, u64)>,
    /// Whether the last byte is no line feed.
    open: bool,
}

/// Counts what is known and not counted, except the last of it. `None` when the index is held no more, the server ends, or
/// the source failed: whoever steps on finds that out.
pub(super) async fn sweep(index: &Weak<LineIndex>, tasks: &Tasks) -> Option<()> {
    let (mut next, stop, step) = index.upgrade()?.bulk()?;
    let stopping = tasks.stopping();
    let mut flight = FuturesOrdered::new();
    loop {
        while flight.len() < scan_threads() * AHEAD && next < stop {
            let (from, to) = (next, (next / step + 1).saturating_mul(step).min(stop));
            let index = Weak::clone(index);
            flight.push_back(tasks.scanning(move || index.upgrade()?.count_part(from, to).ok()));
            next = to;
        }
        let Some(counted) = flight.next().await else { return Some(()) };
        if stopping.is_cancelled() || !index.upgrade()?.take_over(&counted?) {
            return None;
        }
    }
}

impl LineIndex {
    /// The part that is worth counting side by side, to a block's end, and how much of it at once.
    fn bulk(&self) -> Option<(u64, u64, u64)> {
        let (done, target) = self.read(|counts| (counts.done(), counts.target()));
        let (block, step) = (self.sizes.block, self.sizes.step);
        let stop = target / block * block;
        (stop >= done.saturating_add(LEAST_STEPS * step)).then_some((done, stop, step))
    }

    fn count_part(&self, from: u64, to: u64) -> io::Result<Counted> {
        let mut counted = Counted { from, to, feeds: Vec::new(), open: true };
        BUFFER.with_borrow_mut(|buf| {
            buf.resize(self.sizes.read as usize, 0);
            self.count_into(&mut counted, buf)
        })?;
        Ok(counted)
    }

    fn count_into(&self, counted: &mut Counted, buf: &mut [u8]) -> io::Result<()> {
        let (mut at, to) = (counted.from, counted.to);
        while at < to {
            let data = self.source.next_data(ByteOffset::new(at))?.get();
            if data > at {
                // A hole reads as zeros, which are no line feeds.
                counted.open = true;
                at = data.min(to);
                continue;
            }
            let wanted = self.up_to_hole(at, (to - at).min(self.sizes.read))?;
            if read_full(self.source.as_ref(), &mut buf[..wanted], ByteOffset::new(at))? < wanted {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            counted.add(at, &buf[..wanted], self.sizes.block);
            at += wanted as u64;
        }
        Ok(())
    }

    /// Takes over what follows the part that is counted; whether it does.
    fn take_over(&self, counted: &Counted) -> bool {
        let _one_at_a_time = lock(&self.counting);
        let mut follows = false;
        self.write(|counts| {
            follows = counts.done() == counted.from;
            if follows {
                counts.add(&counted.feeds, counted.to, counted.open);
            }
        });
        self.publish();
        follows
    }
}

impl Counted {
    fn add(&mut self, at: u64, bytes: &[u8], block: u64) {
        let (mut at, mut rest) = (at, bytes);
        while !rest.is_empty() {
            let room = usize::try_from(block - at % block).unwrap_or(rest.len()).min(rest.len());
            let (part, after) = rest.split_at(room);
            let n = memchr::memchr_iter(b'\n', part).count() as u64;
            match self.feeds.last_mut() {
                Some(last) if last.0 == at / block => last.1 += n,
                _ if n > 0 => self.feeds.push((at / block, n)),
                _ => {}
            }
            at += part.len() as u64;
            rest = after;
        }
        self.open = bytes.last().is_some_and(|&last| last != b'\n');
    }
}
