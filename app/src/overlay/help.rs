//! The help sheet: the key table, printed, with a box to narrow it down.

use leptos::prelude::*;
use taillight::view::keys::{self, Binding, GROUPS, Group};

use super::Dialog;
use crate::erased::{any, handler, shown};
use crate::shell::{Act, Overlay, Shell};

const INPUT: &str = "help-find";

/// The help sheet.
#[component]
pub fn HelpSheet() -> impl IntoView {
    let shell = Shell::get();
    let wanted = RwSignal::new(String::new());
    let fits = move |binding: &Binding| {
        wanted.with(|wanted| {
            let wanted = wanted.trim();
            wanted.is_empty() || contains(binding.help, wanted) || binding.keys.iter().any(|key| contains(key, wanted))
        })
    };
    let section = move |group: Group| {
        let rows: Vec<_> = group.bindings().filter(|binding| fits(binding)).map(binding_view).collect();
        (!rows.is_empty()).then(|| {
            any(view! {
                <tbody>
                    <tr><th colspan="2" scope="rowgroup">{group.title()}</th></tr>
                    {rows}
                </tbody>
            })
        })
    };
    any(view! {
        <Dialog label="Help" class="dialog" focus=INPUT>
            <header>
                <h2>"Keys"</h2>
                <button class="push" on:click=handler(move |_| shell.act(Act::Open(Overlay::None)))>
                    "Close " <kbd aria-hidden="true">"Esc"</kbd>
                </button>
            </header>
            <div class="field">
                <input
                    type="text" id=INPUT aria-label="Find a key" placeholder="Find a key" autocomplete="off"
                    on:input=handler(move |event| wanted.set(event_target_value(&event)))
                />
            </div>
            <div class="body" tabindex="0" role="region" aria-label="Key list">
                <table class="keys">{shown(move || GROUPS.into_iter().filter_map(section).collect::<Vec<_>>())}</table>
            </div>
        </Dialog>
    })
}

fn binding_view(binding: &'static Binding) -> AnyView {
    let keys = binding.keys.iter().map(|key| any(view! { <kbd>{keys::shown(key)}</kbd> })).collect::<Vec<_>>();
    any(view! { <tr><td>{binding.help}</td><td>{keys}</td></tr> })
}

fn contains(text: &str, wanted: &str) -> bool {
    text.to_ascii_lowercase().contains(&wanted.to_ascii_lowercase())
}
