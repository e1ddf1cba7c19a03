//! When the program itself breaks: a panic says so on the page, once, and offers to load it again.

use std::panic::PanicHookInfo;
use std::sync::Once;

use super::document;

/// Installs the hook.
pub fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| std::panic::set_hook(Box::new(on_panic)));
}

fn on_panic(info: &PanicHookInfo<'_>) {
    console_error_panic_hook::hook(info);
    // Nothing can be done when even this fails.
    let _ = say_so();
}

fn say_so() -> Option<()> {
    const ID: &str = "broken";
    let document = document().ok()?;
    if document.get_element_by_id(ID).is_some() {
        return None;
    }
    let bar = document.create_element("div").ok()?;
    bar.set_id(ID);
    bar.set_class_name("broken");
    bar.set_attribute("role", "alert").ok()?;
    bar.set_text_content(Some("Something broke – reload keeps your place "));
    // A plain link to the page's own address: works with no program behind it.
    let link = document.create_element("a").ok()?;
    link.set_class_name("button ghost");
    link.set_attribute("href", "").ok()?;
    link.set_text_content(Some("Reload"));
    bar.append_child(&link).ok()?;
    document.body()?.append_child(&bar).ok()?;
    Some(())
}
