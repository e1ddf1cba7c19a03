//! The counts of all lines of a source that match one filter, block by block.

mod ask;
mod count;
mod counts;
mod group;
mod ration;
mod together;

use std::io;
use std::sync::Arc;

use taillight::line::{ByteOffset, LineCount};
use taillight::wire::Matched;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Filter;
use super::units::Sizes;
use crate::index::{BLOCK_BYTES, LineIndex};
use crate::source::Source;
#[cfg(test)]
pub(super) use count::step;
pub(super) use counts::Counts;
#[cfg(test)]
pub(super) use group::{Group, Waiting};
pub(super) use ration::Leave;
pub use ration::{Ration, Rations};
pub(super) use together::{Together, keep_counting};

/// The matching lines of a source, counted in the background while anybody holds this. Methods may be called from any
/// thread; [`View::rank`] and [`View::select`] read a block, and block.
#[derive(Debug)]
pub struct View {
    counts: Arc<Counts>,
}

impl View {
    /// With `block` bytes per block: small ones make tests sharp.
    pub(super) fn new(
        source: Arc<dyn Source>,
        index: Arc<LineIndex>,
        filter: Filter,
        sizes: Sizes,
        block: u64,
    ) -> Self {
        Self { counts: Arc::new(Counts::new(source, index, filter, sizes, block)) }
    }

    /// The usual view of a source.
    pub(super) fn usual(source: Arc<dyn Source>, index: Arc<LineIndex>, filter: Filter) -> Self {
        Self::new(source, index, filter, Sizes::USUAL, BLOCK_BYTES)
    }

    /// How many lines match, as far as is known. The unfinished last line counts as it stands.
    pub fn matched(&self) -> Matched {
        self.counts.matched()
    }

    /// Changes of [`View::matched`], a few per second and more.
    pub fn changed(&self) -> watch::Receiver<Matched> {
        self.counts.changed()
    }

    /// How many matching lines start before `offset`; `None` while that is not counted. Reads at most one block.
    pub fn rank(&self, offset: ByteOffset) -> Option<LineCount> {
        self.counts.rank(offset.get()).map(LineCount::new)
    }

    /// Where the matching line starts that has `n` matching lines before it; `None` while that is not counted, or when
    /// there are fewer. Reads about one block.
    pub fn select(&self, n: u64) -> Option<ByteOffset> {
        self.counts.select(n).map(ByteOffset::new)
    }

    /// In which of `parts` parts of the first `len` bytes matching lines start, in order, as far as that is counted. Reads
    /// when the file is small, and blocks then.
    ///
    /// # Errors
    /// When reading fails.
    pub fn marks(&self, len: ByteOffset, parts: u32) -> io::Result<Vec<u32>> {
        self.counts.marks(len.get(), parts)
    }

    /// Has the pass go on that stands stopped; any other goes on as it does.
    pub fn go_on(&self, ration: Ration) {
        self.counts.give(ration);
    }

    /// Waits until the pass does not stand stopped, or its view has ended.
    pub fn goes_on(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut changes = self.changed();
        async move {
            // An error: it has ended.
            let _ = changes.wait_for(|matched| !matched.stopped).await;
        }
    }

    /// Waits until everything that is known of the source is counted; `false` when `deadline` comes first, or the pass
    /// stands stopped.
    pub async fn wait(&self, deadline: Instant) -> bool {
        let mut changes = self.changed();
        loop {
            let known = self.matched();
            if known.exact || known.stopped {
                return known.exact;
            }
            match tokio::time::timeout_at(deadline, changes.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return false,
            }
        }
    }

    pub(super) fn counts(&self) -> &Arc<Counts> {
        &self.counts
    }

    pub(super) fn index(&self) -> Option<&LineIndex> {
        Some(self.counts.index())
    }

    pub(super) fn is_of(&self, filter: &Filter) -> bool {
        self.counts.filter().key() == filter.key()
    }

    pub(super) fn block(&self) -> u64 {
        self.counts.block()
    }

    /// The next part of `[at, to)` in which lines may match: where it begins, and where the next part that is known to
    /// be without begins.
    pub(super) fn next_part(&self, at: u64, to: u64) -> (u64, u64) {
        self.counts.next_part(at, to)
    }

    /// Below which place, in `[from, high]`, the last line that may match starts.
    pub(super) fn part_before(&self, high: u64, from: u64) -> u64 {
        self.counts.part_before(high, from)
    }
}

/// A view whose pass goes on to the end as long as this is held, whatever the others let it take: for who waits for the
/// whole answer.
#[derive(Debug)]
pub struct Whole(Arc<View>);

impl Whole {
    pub(super) fn new(view: Arc<View>) -> Self {
        view.counts.unbind();
        Self(view)
    }

    /// The view.
    pub fn view(&self) -> &Arc<View> {
        &self.0
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        self.0.counts.bind();
    }
}

/// Which of `parts` equal parts of `len` bytes a place is in; `None` past the end.
pub(super) fn part_of(at: u64, (len, parts): (u64, u32)) -> Option<u32> {
    let nth = u128::from(at) * u128::from(parts) / u128::from(len.max(1));
    u32::try_from(nth).ok().filter(|nth| *nth < parts)
}

/// Ends the counting.
impl Drop for View {
    fn drop(&mut self) {
        self.counts.end();
    }
}
