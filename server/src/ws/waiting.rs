//! What a connection waits for beside its socket and its file: one alarm for all its times, the server's end, and a search
//! that stands stopped.
//!
//! Thousands of connections wait: each holds one timer, which is moved, and listens for the end once.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, SelectAll, select_all};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// An alarm, the server's end, and a search that may go on.
pub struct Waiting {
    alarm: Pin<Box<Sleep>>,
    stopped: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Another viewer of the same may have it go on.
    going_on: Option<SelectAll<BoxFuture<'static, ()>>>,
}

impl Waiting {
    /// Waits for nothing yet but the end.
    pub fn new(stopping: CancellationToken) -> Self {
        let (alarm, stopped) = (Box::pin(sleep_until(Instant::now())), Box::pin(stopping.cancelled_owned()));
        Self { alarm, stopped, going_on: None }
    }

    /// Sets the alarm.
    pub fn set_alarm(&mut self, at: Instant) {
        if self.alarm.deadline() != at {
            self.alarm.as_mut().reset(at);
        }
    }

    /// Ready when the alarm is due.
    pub fn poll_alarm(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.alarm.as_mut().poll(cx)
    }

    /// Waits for the first of these, and for no other any more.
    pub fn wait_for(&mut self, going_on: Vec<BoxFuture<'static, ()>>) {
        self.going_on = (!going_on.is_empty()).then(|| select_all(going_on));
    }

    /// Ready once when it goes on.
    pub fn poll_going_on(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(going_on) = &mut self.going_on else { return Poll::Pending };
        going_on.poll_unpin(cx).map(|_| self.going_on = None)
    }

    /// Ready when the server ends.
    pub fn poll_stopped(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.stopped.as_mut().poll(cx)
    }
}
