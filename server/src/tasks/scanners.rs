//! The threads that work long: those that scan, one per core, and one that compiles queries. They are apart from those that
//! answer, and nicer than they are to whatever else runs on the host.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use tokio::sync::{Semaphore, oneshot};

/// How much nicer than the rest of the server: with it, a thread that reads a page gets most of a core that it shares
/// with one that scans.
const NICE: i32 = 10;

type Job = Box<dyn FnOnce() + Send>;

/// Some threads, started when the first work comes; they end when this is dropped.
#[derive(Debug)]
pub(super) struct Scanners {
    name: &'static str,
    n_threads: usize,
    /// One for each thread: what has one finds an idle thread soon.
    slots: Arc<Semaphore>,
    jobs: OnceLock<SyncSender<Job>>,
}

impl Scanners {
    /// So many threads of that name.
    pub(super) fn new(name: &'static str, n_threads: usize) -> Self {
        Self { name, n_threads, slots: Arc::new(Semaphore::new(n_threads)), jobs: OnceLock::new() }
    }

    /// Runs `work` on one of the threads, when it is its turn: in the order of asking.
    pub(super) async fn run<T, F>(&self, work: F) -> T
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // Never closed, so there always is a permit in the end.
        let permit = Arc::clone(&self.slots).acquire_owned().await.ok();
        let (done, result) = oneshot::channel();
        let job: Job = Box::new(move || {
            let result = catch_unwind(AssertUnwindSafe(work));
            drop(permit);
            // Who waited may have gone.
            let _ = done.send(result);
        });
        // There is room for as many as there are permits.
        if let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) = self.jobs().try_send(job) {
            job();
        }
        match result.await {
            Ok(Ok(value)) => value,
            Ok(Err(panic)) => resume_unwind(panic),
            // Only when its thread is gone with the program.
            Err(_) => std::future::pending().await,
        }
    }

    fn jobs(&self) -> &SyncSender<Job> {
        self.jobs.get_or_init(|| {
            let (sender, receiver) = sync_channel(self.n_threads);
            let receiver = Arc::new(Mutex::new(receiver));
            for number in 0..self.n_threads {
                let receiver = Arc::clone(&receiver);
                // Without threads the work is done where it is asked for.
                let _ =
                    thread::Builder::new().name(format!("{}-{number}", self.name)).spawn(move || run_jobs(&receiver));
            }
            sender
        })
    }
}

/// How many threads scan: one per core.
pub fn count() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn run_jobs(jobs: &Mutex<Receiver<Job>>) {
    // Of this thread only: Linux keeps a value for each. Where it is refused, scans are merely less polite.
    let _ = rustix::process::setpriority_process(None, NICE);
    loop {
        // One thread waits for work, the others for their turn to wait.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}
