//! Reading what comes next, or taking what another viewer has read at the same place.

use std::io;
use std::sync::Arc;

use taillight::ansi::Style;
use taillight::line::{ByteLen, ByteOffset};
use taillight::wire::{Cut, MAX_LINE_BYTES, MAX_LIVE_BYTES};

use super::Puller;
use super::shared::{FilterKey, Key, Made, SharedLines};
use crate::read::{self, Chunk};
use crate::source::{Source, is_gone};
use crate::tail::Epoch;
use crate::tasks::Tasks;

/// What was read and whether another viewer read it, or the news that the file under it is another one now.
pub(super) enum Verified {
    Read(Made, bool),
    Replaced,
}

impl Puller {
    /// The next finished lines up to `limit`.
    pub(super) async fn read(&self, tasks: &Tasks, epoch: &Epoch, limit: ByteOffset) -> io::Result<Verified> {
        let (from, look) = (self.offset, (self.style, self.line_bytes));
        let make = || {
            let source = Arc::clone(&epoch.source);
            let read = move || read::lines_from(&*source, from, limit, MAX_LIVE_BYTES).map(|chunk| lines(chunk, look));
            tasks.blocking(read)
        };
        self.verified(epoch, limit, None, make).await
    }

    /// The first part of the line at the place, which ends at `end` for now.
    pub(super) async fn head_of_line(&self, tasks: &Tasks, epoch: &Epoch, end: ByteOffset) -> io::Result<Verified> {
        let (from, look) = (self.offset, (self.style, self.line_bytes));
        let make = || {
            let source = Arc::clone(&epoch.source);
            tasks.blocking(move || unfinished_head(&*source, from, end).map(|chunk| lines(chunk, look)))
        };
        self.verified(epoch, end, Some(end), make).await
    }

    /// What `make` reads or another viewer has read at this place, if it follows what was delivered last.
    pub(super) async fn verified<F, Read>(
        &self,
        epoch: &Epoch,
        limit: ByteOffset,
        unfinished: Option<ByteOffset>,
        make: F,
    ) -> io::Result<Verified>
    where
        F: Fn() -> Read,
        Read: Future<Output = io::Result<Made>>,
    {
        let follows = |made: &Made| self.marker.is_none_or(|marker| marker == made.before());
        let read = match self.marker {
            None => make().await.map(|made| (made, false)),
            Some(_) => match epoch.frames.get(self.key(epoch, unfinished), limit, make()).await {
                Ok((made, true)) if !follows(&made) || made.end() > limit => make().await.map(|made| (made, false)),
                got => got,
            },
        };
        match read {
            Ok((made, is_shared)) if follows(&made) => Ok(Verified::Read(made, is_shared)),
            Ok(_) => Ok(Verified::Replaced),
            Err(error) if is_gone(&error) => Ok(Verified::Replaced),
            Err(error) => Err(error),
        }
    }

    /// What the frame at this place is shared by.
    pub(super) fn key(&self, epoch: &Epoch, unfinished: Option<ByteOffset>) -> Key {
        let filter = self.filter.as_ref();
        Key {
            from: self.offset,
            style: self.style,
            line_bytes: self.line_bytes,
            filter: filter.map(|rows| (FilterKey(rows.filter.clone()), rows.around.before, self.line)),
            is_ended: epoch.ended.get().is_some(),
            unfinished,
        }
    }
}

fn lines(chunk: Chunk, look: (Style, usize)) -> Made {
    Made::Lines(Arc::new(SharedLines::new(chunk, look)))
}

/// The first part of a line that has no line feed yet and ends at `end` for now.
fn unfinished_head(source: &dyn Source, from: ByteOffset, end: ByteOffset) -> io::Result<Chunk> {
    let before = read::marker_at(source, from)?;
    let whole = end - from;
    let is_long = whole.get() > MAX_LINE_BYTES as u64;
    let hole = if is_long { read::left_out(source, from, whole)? } else { ByteLen::ZERO };
    let rest = whole - hole;
    let wanted = u32::try_from(rest.get()).unwrap_or(u32::MAX).min(MAX_LINE_BYTES as u32);
    let mut payload = read::line_bytes(source, from + hole, wanted)?;
    if payload.len() < wanted as usize {
        // It was finished or cut meanwhile: the follower's next tip says which.
        payload.clear();
        return Ok(Chunk { before, end: from, after: before, cuts: Vec::new(), payload });
    }
    let missing = rest - ByteLen::new(payload.len() as u64);
    let mut cuts = vec![Cut { at: 0, missing: hole }, Cut { at: wanted, missing }];
    cuts.retain(|cut| cut.missing > ByteLen::ZERO);
    Ok(Chunk { before, end, after: read::marker_at(source, end)?, cuts, payload })
}
