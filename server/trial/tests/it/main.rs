//! Trials of the real server: a process, real files, real sockets, the real logrotate.

#![allow(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

mod away;
mod burst;
mod ending;
mod heartbeat;
mod hostile;
mod logrotate;
mod resume;
mod rotation;
mod support;
mod writers;
