//! The server of Taillight: files, authority, streaming.

pub mod auth;
pub mod catalog;
pub mod cli;
pub mod config;
mod standin;

pub use standin::{Server, StartError};
