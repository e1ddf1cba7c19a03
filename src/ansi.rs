//! ANSI escapes to text and style runs.

pub mod style;

pub use style::{Attrs, Color, Style};
