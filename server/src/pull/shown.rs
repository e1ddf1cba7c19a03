//! Pulling the rows that a filter shows.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use taillight::ansi::Style;
use taillight::cursor::Generation;
use taillight::line::{ByteOffset, LineNo};
use taillight::wire::{Frame, FrameKind, MAX_CONTEXT};

use super::shared::{Made, SharedRows};
use super::{Pulled, Puller, Verified};
use crate::read;
use crate::scan::page::{self, ANSWER};
use crate::scan::rows::{Around, Rows};
use crate::scan::{Filter, View};
use crate::tail::Epoch;
use crate::tasks::Tasks;

/// Which rows are shown. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RowFilter {
    /// What a line must match.
    pub filter: Filter,
    /// What is shown with it.
    pub around: Around,
    /// The counts of the filter in one generation, where they are held: what they know to be empty is not read.
    pub view: Option<(Generation, Arc<View>)>,
}

/// Rows in stream order.
#[derive(Debug)]
pub struct ShownRows {
    /// The generation they are of.
    pub generation: Generation,
    /// The rows, and what they cover.
    pub rows: Arc<SharedRows>,
    /// Whether another viewer read them.
    pub is_shared: bool,
}

impl ShownRows {
    /// As a live frame.
    pub fn frame(&self) -> Frame {
        self.rows.page.clone().into_frame(FrameKind::Live, 0, self.generation)
    }

    /// `frame`, which was made of [`ShownRows::frame`], as it is sent: the same bytes for everybody who has the same.
    pub fn encode(&self, frame: &Frame) -> Bytes {
        self.rows.encode(frame)
    }
}

impl RowFilter {
    /// Shows what `filter` matches and `ctx` rows around it, at most [`MAX_CONTEXT`]; `None` when that is every row.
    pub fn new(filter: Filter, ctx: u32) -> Option<Self> {
        let ctx = ctx.min(MAX_CONTEXT);
        let around = Around { before: ctx, after: ctx };
        (!filter.is_everything()).then_some(Self { filter, around, view: None })
    }

    /// The counts for an epoch, where they are held.
    pub fn view(&self, generation: Generation) -> Option<&View> {
        self.view.as_ref().filter(|(of, _)| *of == generation).map(|(_, view)| &**view)
    }

    /// The rows of an epoch: up to `end`; `growing` as in [`Rows::growing`].
    pub fn rows<'a>(&'a self, epoch: &'a Epoch, end: ByteOffset, growing: Option<ByteOffset>) -> Rows<'a> {
        Rows {
            source: &*epoch.source,
            index: Some(&epoch.index),
            filter: &self.filter,
            view: self.view(epoch.generation),
            around: self.around,
            end,
            growing,
        }
    }
}

impl Puller {
    /// The next shown rows up to `limit`; `None` when nothing more is settled.
    pub(super) async fn pull_rows(
        &mut self,
        tasks: &Tasks,
        epoch: &Arc<Epoch>,
        limit: ByteOffset,
        filter: RowFilter,
    ) -> io::Result<Option<Pulled>> {
        let ended = epoch.ended.get().is_some();
        let growing = (!ended).then_some(limit);
        Ok(match self.read_rows(tasks, epoch, (limit, growing), filter).await? {
            Verified::Read(Made::Rows(rows, _), is_shared) if rows.page.end > self.offset => {
                Some(Pulled::Rows(self.advance_to(rows, ended, is_shared)))
            }
            Verified::Read(..) => None,
            Verified::Replaced if ended => Some(self.gap(epoch, limit)),
            Verified::Replaced => {
                self.follower.look();
                Some(Pulled::Idle)
            }
        })
    }

    /// With a filter: the unfinished last line of the current generation, if it is shown, and the rows before it that it
    /// settles. The place moves to its start: the line comes again, whole.
    ///
    /// # Errors
    /// When the file cannot be read now.
    pub async fn unfinished_rows(&mut self, tasks: &Tasks) -> io::Result<Option<ShownRows>> {
        let tip = self.follower.tip();
        let current = tip.epochs.last().filter(|epoch| epoch.generation == self.generation);
        let (Some(epoch), Some(filter)) = (current, self.filter.clone()) else { return Ok(None) };
        if self.offset > tip.complete || tip.len <= tip.complete {
            return Ok(None);
        }
        match self.read_rows(tasks, epoch, (tip.len, Some(tip.complete)), filter).await? {
            Verified::Read(Made::Rows(rows, _), is_shared) if rows.page.end > self.offset => {
                Ok(Some(self.advance_to(rows, false, is_shared)))
            }
            Verified::Read(..) => Ok(None),
            Verified::Replaced => {
                self.follower.look();
                Ok(None)
            }
        }
    }

    /// The next shown rows.
    async fn read_rows(
        &self,
        tasks: &Tasks,
        epoch: &Arc<Epoch>,
        (end, growing): (ByteOffset, Option<ByteOffset>),
        filter: RowFilter,
    ) -> io::Result<Verified> {
        let from = (self.offset, self.line);
        let make = || {
            let (epoch, filter) = (Arc::clone(epoch), filter.clone());
            tasks.blocking(move || {
                let page = page::next(&filter.rows(&epoch, end, growing), &epoch.index, from, ANSWER)?;
                // After the rows: what stands before them still, stood there when they were read.
                let before = read::marker_at(&*epoch.source, from.0)?;
                Ok(Made::Rows(Arc::new(SharedRows::new(page)), before))
            })
        };
        let unfinished = growing.filter(|complete| *complete < end).map(|_| end);
        self.verified(epoch, end, unfinished, make).await
    }

    pub(super) fn advance_to(&mut self, rows: Arc<SharedRows>, ended: bool, is_shared: bool) -> ShownRows {
        let page = &rows.page;
        // The rest of a file that is no longer written does not come again.
        self.offset = if ended { page.end } else { page.place };
        self.marker = (self.offset == page.place).then_some(page.marker);
        self.line = page.next_line.filter(|_| self.offset == page.place);
        self.style = Style::PLAIN;
        ShownRows { generation: self.generation, rows, is_shared }
    }

    /// The number of the line at the place, where shown rows have told it.
    pub fn number_from(&mut self, line: Option<LineNo>) {
        self.line = line;
    }
}
