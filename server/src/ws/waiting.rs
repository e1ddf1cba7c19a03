//! What a connection waits for beside its socket and its file: one alarm for all its times, and the server's end.
//!
//! Thousands of connections wait: each holds one timer, which is moved, and listens for the end once.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// An alarm and the server's end.
#[derive(Debug)]
pub struct Waiting {
    alarm: Pin<Box<Sleep>>,
    stopped: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Waiting {
    /// Waits for nothing yet but the end.
    pub fn new(stopping: CancellationToken) -> Self {
        Self { alarm: Box::pin(sleep_until(Instant::now())), stopped: Box::pin(stopping.cancelled_owned()) }
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

    /// Ready when the server ends.
    pub fn poll_stopped(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.stopped.as_mut().poll(cx)
    }
}
