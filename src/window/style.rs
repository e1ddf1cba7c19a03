//! The style that a line leaves to the next one.

use crate::ansi::Style;

/// The style after a line.
pub(super) fn after_line(bytes: &[u8], style_in: Style) -> Style {
    if memchr::memchr(0x1b, bytes).is_none() {
        return style_in;
    }
    style_in
}
