//! The addresses that programs use: JSON and plain text.

pub mod files;
pub mod health;
