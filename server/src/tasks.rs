//! Everything that runs beside a request: the only place that spawns. Tasks are tracked, so that the end of the server
//! can wait for them, and hear one token when it comes.
//!
//! Blocking work (reading pages, opening files) goes through a bounded number of slots: a slow disk makes readers wait
//! for each other and not the runtime.

mod scanners;

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use scanners::Scanners;
pub use scanners::count as scan_threads;

/// How many blocking reads run at once.
pub const BLOCKING_SLOTS: usize = 32;

/// Spawns and tracks tasks. Cheap to clone; all clones share one tracker and one token.
#[derive(Clone, Debug)]
pub struct Tasks {
    tracker: TaskTracker,
    stopping: CancellationToken,
    slots: Arc<Semaphore>,
    scanners: Arc<Scanners>,
    compilers: Arc<Scanners>,
    waiting: Arc<AtomicUsize>,
}

impl Tasks {
    /// A tracker whose tasks hear `stopping`.
    pub fn new(stopping: CancellationToken) -> Self {
        Self {
            tracker: TaskTracker::new(),
            stopping,
            slots: Arc::new(Semaphore::new(BLOCKING_SLOTS)),
            scanners: Arc::new(Scanners::new("scan", scan_threads())),
            compilers: Arc::new(Scanners::new("compile", 1)),
            waiting: Arc::new(AtomicUsize::new(0)),
        }
    }

    /// Runs `future` beside everything else. It should end soon after [`Tasks::stopping`] is cancelled.
    pub fn spawn<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tracker.spawn(future);
    }

    /// Runs `work` on a blocking thread and waits for it. At most [`BLOCKING_SLOTS`] run at once; the rest wait in order.
    ///
    /// Work that has begun runs to its end even when the waiting future is dropped, and keeps its slot until then.
    ///
    /// # Panics
    /// When `work` does, with its panic.
    pub async fn blocking<T, F>(&self, work: F) -> T
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let waiting = Counted::new(&self.waiting);
        // The semaphore is never closed, so there always is a permit in the end.
        let permit = Arc::clone(&self.slots).acquire_owned().await.ok();
        drop(waiting);
        self.join(permit, work).await
    }

    /// Runs a short step of a long scan on a thread that does nothing else and waits for it. There is such a thread for
    /// each core, of lower priority than all others, so that pages go first; steps wait in order, which shares the threads
    /// fairly among scans that take one at a time.
    ///
    /// # Panics
    /// When `work` does, with its panic.
    pub async fn scanning<T, F>(&self, work: F) -> T
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.scanners.run(work).await
    }

    /// Compiles a query with or without a regular expression, and waits for it. Those with one have one thread, of lower
    /// priority than those that answer: most take it much less than a millisecond, but some are made to take long before
    /// they are refused, and many of those at once must not keep everybody from reading. Those without are done soon, and
    /// wait for no such thing.
    ///
    /// # Panics
    /// When `work` does, with its panic.
    pub async fn compiling<T, F>(&self, has_regex: bool, work: F) -> T
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        if has_regex { self.compilers.run(work).await } else { self.blocking(work).await }
    }

    async fn join<T, F>(&self, permit: Option<OwnedSemaphorePermit>, work: F) -> T
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let joined = self.tracker.spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        match joined.await {
            Ok(value) => value,
            Err(failure) => match failure.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // Only a runtime that is being dropped cancels blocking work; nobody polls this future then.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// Runs long blocking `work`, such as an index, on a thread of its own outside the slots. It must test
    /// [`Tasks::stopping`] often and end by itself.
    pub fn background<F>(&self, work: F)
    where
        F: FnOnce() + Send + 'static,
    {
        self.tracker.spawn_blocking(work);
    }

    /// Cancelled when the server begins to end.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// How many wait for a blocking slot.
    pub fn n_waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How many tasks are running.
    pub fn n_running(&self) -> usize {
        self.tracker.len()
    }

    /// Waits until all tasks have ended, at most `deadline`. Says whether they have.
    pub async fn drain(&self, deadline: Duration) -> bool {
        self.tracker.close();
        tokio::time::timeout(deadline, self.tracker.wait()).await.is_ok()
    }
}

impl Default for Tasks {
    fn default() -> Self {
        Self::new(CancellationToken::new())
    }
}

/// Counts itself as long as it lives.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(counter: &'a AtomicUsize) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn queries_are_compiled_one_after_the_other_and_keep_no_reader_waiting() {
        let tasks = Tasks::new(CancellationToken::new());
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let first = tasks.compiling(true, move || gate.recv().is_ok());
        let mut jobs = tokio::task::JoinSet::new();
        for _ in 0..BLOCKING_SLOTS * 2 {
            let (tasks, running, most) = (tasks.clone(), Arc::clone(&running), Arc::clone(&most));
            jobs.spawn(async move {
                let compile = move || {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    running.fetch_sub(1, Ordering::SeqCst);
                };
                tasks.compiling(true, compile).await;
            });
        }
        let read = async {
            // All of them wait for the first; who reads does not.
            tokio::task::yield_now().await;
            let read = tasks.compiling(false, || 7).await;
            open.send(()).unwrap();
            read
        };
        assert_eq!(tokio::join!(first, read), (true, 7));
        jobs.join_all().await;
        assert_eq!(most.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn draining_waits_for_tasks_that_heard_the_token() {
        let tasks = Tasks::new(CancellationToken::new());
        let stopping = tasks.stopping();
        let (done, ended) = tokio::sync::oneshot::channel();
        tasks.spawn(async move {
            stopping.cancelled().await;
            let _ = done.send(());
        });
        assert!(!tasks.drain(Duration::from_millis(1)).await);
        tasks.stopping().cancel();
        assert!(tasks.drain(Duration::from_secs(5)).await);
        assert!(ended.await.is_ok());
    }

    #[tokio::test]
    async fn blocking_work_is_bounded_and_gives_its_value_back() {
        let tasks = Tasks::new(CancellationToken::new());
        let running = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let mut jobs = tokio::task::JoinSet::new();
        for number in 0..BLOCKING_SLOTS * 4 {
            let (tasks, running, most) = (tasks.clone(), Arc::clone(&running), Arc::clone(&most));
            jobs.spawn(async move {
                let work = move || {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    running.fetch_sub(1, Ordering::SeqCst);
                    number
                };
                tasks.blocking(work).await
            });
        }
        let mut values = jobs.join_all().await;
        values.sort_unstable();
        assert_eq!(values, (0..BLOCKING_SLOTS * 4).collect::<Vec<_>>());
        assert!(most.load(Ordering::SeqCst) <= BLOCKING_SLOTS);
    }
}
