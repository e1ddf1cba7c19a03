//! The state line at the bottom: what is true now.

use leptos::prelude::*;

use crate::shell::Shell;

/// The state line.
#[component]
pub fn StateLine() -> impl IntoView {
    let status = Shell::get().status;
    view! {
        <footer class="state">
            <span class="stream" role="status" aria-label="Stream state" data-tone=move || status.tone.get()>
                {move || status.stream.get()}
            </span>
            <span class="right num">
                <span>{move || status.place.get()}</span>
                <span>{move || format!("{} %", status.percent.get())}</span>
            </span>
        </footer>
    }
}
