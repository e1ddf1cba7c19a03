//! Trials of the real server: a process, real files, real sockets, the real logrotate.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "the helpers of tests fail and tell as tests do")]

mod away;
mod burst;
mod ending;
mod heartbeat;
mod hostile;
mod large;
mod logrotate;
mod resume;
mod rotation;
mod support;
mod writers;
