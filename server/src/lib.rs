//! The server of Taillight: files, authority, streaming.

pub mod catalog;
pub mod index;
pub mod read;
pub mod source;
pub mod tail;
pub mod tasks;
#[cfg(test)]
pub(crate) mod testing;
