//! The server of Taillight: files, authority, streaming.

pub mod catalog;
pub mod index;
pub mod read;
pub mod source;
pub mod tail;
pub mod tasks;
