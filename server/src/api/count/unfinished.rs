//! Counts that are not complete yet: they go on for a while after their answer, because whoever got it asks again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::scan::Whole;
use crate::tasks::Tasks;

/// How long a count goes on after an answer that was not complete: as long as a file that nobody follows is held.
const LINGER: Duration = Duration::from_secs(10);

/// How many go on at once, at most, so that nobody can have the server count for hours by asking once for each of many.
const MOST: usize = 4;

/// The counts that go on. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Unfinished(Arc<Mutex<Vec<Held>>>);

#[derive(Debug)]
struct Held {
    whole: Whole,
    until: Instant,
}

impl Unfinished {
    /// Lets it go on; the oldest one ends where there are too many.
    pub(super) fn keep(&self, whole: Whole, tasks: &Tasks) {
        let until = Instant::now() + LINGER;
        self.change(|held| {
            held.retain(|held| !Arc::ptr_eq(held.whole.view(), whole.view()));
            if held.len() >= MOST {
                held.remove(0);
            }
            held.push(Held { whole, until });
        });
        let (held, stopping) = (self.clone(), tasks.stopping());
        tasks.spawn(async move {
            tokio::select! {
                () = stopping.cancelled() => held.change(Vec::clear),
                () = sleep_until(until) => held.change(|held| held.retain(|held| held.until > until)),
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Held>)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::LineIndex;
    use crate::scan::{Filter, Views};
    use crate::source::Source;
    use crate::testing::{Memory, tasks};

    #[tokio::test(start_paused = true)]
    async fn a_few_go_on_for_a_while_after_they_were_asked_for_last() {
        let source: Arc<dyn Source> = Arc::new(Memory(b"a\n".to_vec()));
        let views = Views::new(Arc::clone(&source), Arc::new(LineIndex::new(source)));
        let (unfinished, tasks) = (Unfinished::default(), tasks());
        let ask = |q: &str| unfinished.keep(views.whole(&Filter::compile(q).unwrap(), &tasks), &tasks);
        (0..9).for_each(|nth| ask(&format!("a{nth}")));
        assert_eq!(views.count(), MOST);
        let after = async |time| {
            tokio::time::advance(time).await;
            // Those who were woken have their turn.
            for _ in 0..2 * MOST {
                tokio::task::yield_now().await;
            }
        };
        after(LINGER / 2).await;
        ask("a8");
        assert_eq!(views.count(), MOST, "the same one again");
        after(LINGER * 3 / 4).await;
        assert_eq!(views.count(), 1, "the one that was asked for again");
        after(LINGER).await;
        assert_eq!(views.count(), 0);
    }
}
