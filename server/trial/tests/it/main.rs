//! Trials of the real server: a process, real files, real sockets, the real logrotate.

mod rotation;
mod support;
