//! One box: its text, its two switches, and what is wrong with it.

use leptos::prelude::*;
use taillight::query::Term;
use taillight::view::keys::KeyAction;

use crate::erased::{any, handler, memo, shown};
use crate::search::{BoxError, SearchAct, SearchBox};
use crate::shell::Shell;
use crate::text;

/// A box. The input keeps its own text: what somebody typed before the program came is not lost.
#[component]
pub fn Field(
    /// Which.
    which: SearchBox,
    /// What it is for, while it is empty.
    placeholder: &'static str,
    /// What stands at its end.
    children: Children,
) -> impl IntoView {
    let shell = Shell::get();
    let state = shell.search.of(which);
    let is_wrong = memo(move || state.error.with(Option::is_some));
    let (shortcut, key) = match which {
        SearchBox::Filter => (KeyAction::Filter, "&"),
        _ => (KeyAction::Find, "/"),
    };
    let error_id = format!("{}-error", which.id());
    let described_by = error_id.clone();
    any(view! {
        <div class=format!("box {}", which.id()) class:wrong=is_wrong>
            <label for=which.id()>{which.name()}</label>
            <input
                type="search" id=which.id() name=which.param() value=state.text.get_untracked() placeholder=placeholder
                autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="search"
                aria-keyshortcuts=shortcut.aria_keyshortcuts() aria-invalid=shown(move || is_wrong.get().then_some("true"))
                aria-describedby=shown(move || is_wrong.get().then(|| described_by.clone()))
                on:input=handler(move |event| shell.search(SearchAct::Typed(which, event_target_value(&event))))
            />
            <Clear which key/>
            <Switches which/>
            {children()}
            <div class="box-error" id=error_id aria-live="polite">
                {shown(move || state.error.get().map(|error| error_view(&error, &state.text.get())))}
            </div>
        </div>
    })
}

/// A box for a time: applied as it is typed, and a step of the history when it is left.
#[component]
pub fn TimeField(
    /// Which.
    which: SearchBox,
) -> impl IntoView {
    let shell = Shell::get();
    let state = shell.search.of(which);
    let is_wrong = memo(move || state.error.with(Option::is_some));
    let error_id = format!("{}-error", which.id());
    let described_by = error_id.clone();
    any(view! {
        <div class="box time" class:wrong=is_wrong>
            <label for=which.id()>{which.name()}</label>
            <input
                type="search" id=which.id() name=which.param() value=state.text.get_untracked() placeholder="10:00 · -15m"
                autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="search"
                aria-invalid=shown(move || is_wrong.get().then_some("true"))
                aria-describedby=shown(move || is_wrong.get().then(|| described_by.clone()))
                on:input=handler(move |event| shell.search(SearchAct::Typed(which, event_target_value(&event))))
                on:change=handler(move |_| shell.search(SearchAct::Enter(which, true)))
            />
            <div class="box-error" id=error_id aria-live="polite">
                {shown(move || state.error.get().map(|error| any(view! { <p>{error.message}</p> })))}
            </div>
        </div>
    })
}

/// Empties the box; while it is empty, the key that leads to it.
#[component]
fn Clear(which: SearchBox, key: &'static str) -> impl IntoView {
    let shell = Shell::get();
    let text = shell.search.of(which).text;
    // The filter's also shows again what levels and times hide.
    let narrowed = shell.of_file(move |view| which == SearchBox::Filter && !view.narrow.is_nothing());
    let is_empty = memo(move || text.with(String::is_empty) && !narrowed.get());
    any(view! {
        <kbd aria-hidden="true" hidden=shown(move || !is_empty.get())>{key}</kbd>
        <button
            type="button" class="clear" aria-label=format!("Clear {}", which.id()) hidden=shown(move || is_empty.get())
            on:click=handler(move |_| shell.search(SearchAct::Clear(which)))
        >"×"</button>
    })
}

/// Whether the text is a regular expression, and whether upper case counts.
#[component]
fn Switches(which: SearchBox) -> impl IntoView {
    let shell = Shell::get();
    let text = shell.search.of(which).text;
    let switch = move |sign: &'static str, name: &str, is_on: fn(&Term) -> bool, act: SearchAct| {
        let pressed = shown(move || text.with(|text| pressed(&which.terms(text), is_on)));
        let label = format!("{name} in {}", which.name());
        any(view! {
            <button
                type="button" class="switch" aria-label=label aria-pressed=pressed
                on:click=handler(move |_| shell.search(act.clone()))
            >{sign}</button>
        })
    };
    any(view! {
        {switch(".*", "Regular expression", Term::is_regex, SearchAct::ToggleRegex(which))}
        {switch("Aa", "Match case", |term| !term.ignores_case(), SearchAct::ToggleCase(which))}
    })
}

/// How a switch stands that is on for some terms.
fn pressed(terms: &[Term], is_on: fn(&Term) -> bool) -> &'static str {
    match terms.iter().filter(|term| is_on(term)).count() {
        0 => "false",
        n_on if n_on == terms.len() => "true",
        _ => "mixed",
    }
}

/// What is wrong, and the text with the place marked.
pub fn error_view(error: &BoxError, typed: &str) -> AnyView {
    if typed.is_empty() {
        // It is about the file.
        return any(view! { <p>{error.message.clone()}</p> });
    }
    let (before, at, after) = text::around(typed, error.position);
    let at = if at.trim().is_empty() { "␣" } else { at }.to_owned();
    // In words too: who does not see the mark hears the place.
    let said = format!("At character {}: {}", before.chars().count() + 1, error.message);
    let (before, after) = (before.to_owned(), after.to_owned());
    any(view! {
        <p>{said}</p>
        <code aria-hidden="true">{before}<mark>{at}</mark>{after}</code>
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_is_on_when_it_is_for_all_terms() {
        let both = |which: SearchBox, text: &str| {
            let terms = which.terms(text);
            (pressed(&terms, Term::is_regex), pressed(&terms, |term| !term.ignores_case()))
        };
        let filter = |text| both(SearchBox::Filter, text);
        assert_eq!((filter(""), filter("a b")), (("false", "false"), ("false", "false")));
        assert_eq!((filter("/a/i"), filter("/a/ -/b/")), (("true", "false"), ("true", "true")));
        assert_eq!((filter("a /b/"), filter("A or \"b\"")), (("mixed", "mixed"), ("false", "true")));
        // What is wrong has no switch on, and what is no text has none either.
        assert_eq!((filter("\"a"), filter("level:error")), (("false", "false"), ("false", "false")));
        assert_eq!(both(SearchBox::Find, "a /b/"), ("false", "false"));
        assert_eq!(both(SearchBox::Find, "/b c/"), ("true", "true"));
    }
}
