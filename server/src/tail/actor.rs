//! The loop that follows one file: waits for a hint, a wish or its time, looks, and publishes.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::chain::Chain;
use super::followed::Followed;
use super::registry::{Shared, Tails};
use super::watch::Watch;
use super::{Epoch, Pace, TailTip};

/// The longest time between two tries while reading fails.
const MAX_BACK_OFF: Duration = Duration::from_secs(30);

/// What it takes to wake a viewer and send it a small frame, on one core.
const WAKE_COST: Duration = Duration::from_micros(8);

/// What followers can ask for.
#[derive(Debug)]
pub(super) enum Command {
    /// A look at once.
    Look,
    /// To hold archives. Answered when the tip has them, with the life that the first of them is.
    Hold(Chain, oneshot::Sender<Option<Arc<Epoch>>>),
}

/// What makes the loop turn.
#[derive(Debug)]
enum Event {
    /// Something may have changed.
    Look,
    /// Somebody came back through archives.
    Hold(Chain, oneshot::Sender<Option<Arc<Epoch>>>),
    /// It is time.
    Tick,
    /// The last follower has gone.
    Left,
    /// A file that is to be decoded finds no room.
    NoRoom,
    /// The server ends, or nobody can ask any more.
    Stop,
}

/// The one who follows a file. Owns what is known of it.
#[derive(Debug)]
pub(super) struct Actor {
    pub(super) tails: Tails,
    pub(super) shared: Arc<Shared>,
    pub(super) commands: mpsc::Receiver<Command>,
    pub(super) followed: Followed,
    pub(super) watch: Watch,
    pub(super) hint: Arc<Notify>,
    pub(super) pace: Pace,
}

impl Actor {
    /// Runs until the server ends, or nobody has followed for [`Pace::linger`]: not that long when it holds decoded bytes and
    /// their room is needed.
    pub(super) async fn run(mut self) {
        let stopping = self.tails.tasks().stopping();
        let mut due = Instant::now();
        let mut earliest = due;
        let mut alone_since = None;
        loop {
            match self.next_event(&stopping, due, alone_since.is_some()).await {
                Event::Stop => break,
                Event::Left => {
                    alone_since = Some(Instant::now());
                    continue;
                }
                // What it has decoded is of no use to anybody now.
                Event::NoRoom if self.tails.retire(&self.shared) => break,
                Event::NoRoom => continue,
                Event::Hold(chain, answer) => {
                    let first = self.followed.hold(&chain, std::time::Instant::now());
                    self.publish();
                    // Who asked may be gone again.
                    let _ = answer.send(first);
                    continue;
                }
                // Too soon after the last publication: it waits for its time, and more hints change nothing.
                Event::Look if Instant::now() < earliest => {
                    due = due.min(earliest);
                    continue;
                }
                Event::Look | Event::Tick => {}
            }
            let began = Instant::now();
            if self.shared.tip.receiver_count() > 0 {
                alone_since = None;
            } else if began.duration_since(*alone_since.get_or_insert(began)) >= self.pace.linger
                && self.tails.retire(&self.shared)
            {
                break;
            }
            self = self.look().await;
            self.let_archives_go();
            if self.publish() {
                earliest = began + self.tick();
            }
            due = Instant::now() + self.interval();
        }
        self.tails.forget(&self.shared);
        let tasks = self.tails.tasks().clone();
        tasks.blocking(move || self.followed.tip().epochs.iter().for_each(|epoch| epoch.index.keep())).await;
    }

    async fn next_event(&mut self, stopping: &CancellationToken, due: Instant, is_alone: bool) -> Event {
        let is_packed = self.followed.is_packed();
        tokio::select! {
            biased;
            () = stopping.cancelled() => Event::Stop,
            command = self.commands.recv() => match command {
                Some(Command::Look) => Event::Look,
                Some(Command::Hold(chain, answer)) => Event::Hold(chain, answer),
                None => Event::Stop,
            },
            () = self.shared.tip.closed(), if !is_alone => Event::Left,
            () = self.tails.archives().wants_room(), if is_alone && is_packed => Event::NoRoom,
            () = self.hint.notified() => Event::Look,
            () = tokio::time::sleep_until(due) => Event::Tick,
        }
    }

    /// Lets archives go that nobody needs any more.
    fn let_archives_go(&mut self) {
        if !self.shared.tip.borrow().epochs.iter().any(|epoch| epoch.is_archive()) {
            return;
        }
        let shared = Arc::clone(&self.shared);
        shared.leases.if_none(|| {
            self.followed.let_archives_go();
            self.publish();
        });
    }

    async fn look(mut self) -> Self {
        let tasks = self.tails.tasks().clone();
        tasks
            .blocking(move || {
                if self.followed.look(std::time::Instant::now()) {
                    self.watch = self.followed.watch(self.tails.watches(), self.pace, &self.hint);
                }
                self
            })
            .await
    }

    /// Tells what changed; whether anything did.
    fn publish(&self) -> bool {
        let tip = self.followed.tip();
        if let Some(epoch) = tip.epochs.last() {
            self.tails.count_lines(epoch);
        }
        if let Some(epoch) = tip.epochs.last() {
            epoch.frames.expire();
        }
        self.shared.tip.send_if_modified(|known| {
            let changed = !known.says_the_same(&tip);
            if changed {
                *known = Arc::new(tip);
            }
            changed
        })
    }

    /// The least time to the next publication: all who follow are woken by one, and half of the cores may do that.
    fn tick(&self) -> Duration {
        let n_followers = u32::try_from(self.shared.tip.receiver_count()).unwrap_or(u32::MAX);
        let cores = std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
        self.pace.publish_every.max(WAKE_COST.saturating_mul(n_followers) * 2 / cores)
    }

    fn interval(&self) -> Duration {
        let pace = &self.pace;
        if self.followed.failures() > 0 {
            let doubled = 1_u32 << self.followed.failures().min(10);
            return pace.poll_every.saturating_mul(doubled).min(MAX_BACK_OFF);
        }
        let regular = if self.watch.is_complete() { pace.reconcile } else { pace.poll_every.min(pace.reconcile) };
        if self.followed.is_busy() { pace.busy_every.min(regular) } else { regular }
    }
}

impl TailTip {
    fn says_the_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.epochs, &other.epochs)
            && Arc::ptr_eq(&self.notices, &other.notices)
            && (self.len, self.complete, self.state) == (other.len, other.complete, other.state)
    }
}
