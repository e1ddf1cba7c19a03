//! One type for all closures and views of a kind. Leptos makes its code anew for each type that it renders, and each closure
//! has a type of its own: without this the page would be some tens of kilobytes larger.

use std::sync::{Arc, Mutex};

use leptos::prelude::*;

/// What is rendered again whenever the signals in it change: as a child, or as the value of an attribute.
pub type Shown<T> = Arc<Mutex<dyn FnMut() -> T + Send>>;

/// What is done at an event of the browser.
pub type Handler<E> = Box<dyn FnMut(E)>;

/// Shows what `get` says.
pub fn shown<T>(get: impl FnMut() -> T + Send + 'static) -> Shown<T> {
    Arc::new(Mutex::new(get))
}

/// Does `act` at an event.
pub fn handler<E>(act: impl FnMut(E) + 'static) -> Handler<E> {
    Box::new(act)
}

/// A value that is computed again when the signals in `get` change, and tells when it is another.
pub fn memo<T: PartialEq + Send + Sync + 'static>(get: impl Fn() -> T + Send + Sync + 'static) -> Memo<T> {
    let get: Box<dyn Fn() -> T + Send + Sync> = Box::new(get);
    Memo::new(move |_| get())
}

/// Does `act` in the browser once the page is there, and again whenever the signals in it change.
pub fn effect(act: impl FnMut() + 'static) {
    let mut act: Box<dyn FnMut()> = Box::new(act);
    Effect::new(move |_: Option<()>| act());
}

/// A view as one of the same type as all others.
pub fn any<T: RenderHtml + Send>(view: View<T>) -> AnyView {
    view.into_inner().into_any()
}

/// `true` or `false`, as attributes of ARIA want it.
pub fn yes_no(is_so: bool) -> &'static str {
    if is_so { "true" } else { "false" }
}
