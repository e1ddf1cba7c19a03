//! The server from outside: a real one on a free port, real files, real sockets.

mod budget;
mod chains;
mod compat;
mod crowd;
mod filtered;
mod levels;
mod limits;
mod packed;
mod socket;
mod stdin;
mod support;
mod viewer;
