//! What the server wrote beside the HTML.

use super::{BrowserError, by_id};
use crate::boot::{BOOT_ELEMENT_ID, Boot};

/// Reads the boot element.
///
/// # Errors
/// When it is missing, or is not what this version of the page understands.
pub fn read() -> Result<Boot, BrowserError> {
    let text = by_id(BOOT_ELEMENT_ID)?.text_content().unwrap_or_default();
    crate::json::read(&text).ok_or(BrowserError::Missing("readable boot element"))
}
