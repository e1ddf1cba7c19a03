//! The title of the tab.

use super::document;

/// Sets the title where it differs.
pub fn set(title: &str) {
    if let Ok(document) = document()
        && document.title() != title
    {
        document.set_title(title);
    }
}
