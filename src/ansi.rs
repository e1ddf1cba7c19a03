//! ANSI escapes to text and style runs.

pub mod style;

pub use style::{Attrs, Color, Style};

/// The style after a line.
pub fn skip_line(_bytes: &[u8], style_in: Style) -> Style {
    style_in
}
