//! Trials of the real server: a process, real files, real sockets, the real logrotate.

mod away;
mod ending;
mod heartbeat;
mod hostile;
mod logrotate;
mod resume;
mod rotation;
mod support;
mod writers;
