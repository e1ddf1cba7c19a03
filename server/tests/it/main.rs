//! The server from outside: a real one on a free port, real files, real sockets.

mod compat;
mod crowd;
mod filtered;
mod socket;
mod stdin;
mod support;
mod viewer;
