//! The page that says what went wrong, why, and what to do next.

use leptos::prelude::*;

use crate::erased::any;
use crate::shell::{Problem, Shell};

/// What went wrong.
#[component]
pub fn ProblemPage(
    /// What.
    problem: Problem,
) -> impl IntoView {
    let shell = Shell::get();
    let home = shell.href("/");
    any(view! {
        <div class="plain">
            <header><Brand/></header>
            <main>
                <h1>{problem.title}</h1>
                <p class="lead">{problem.detail}</p>
                <div class="actions">
                    <a class="button ghost" href=home>"Choose a file"</a>
                    <a class="button ghost" href="">"Try again"</a>
                    <span class="push status-no">{problem.status.to_string()}</span>
                </div>
            </main>
        </div>
    })
}

/// The name of the program, and the way back to choosing a file.
#[component]
pub fn Brand() -> impl IntoView {
    let home = Shell::get().href("/");
    any(view! {
        <a class="brand" href=home aria-label="Taillight: choose a file">
            <span class="lamp" aria-hidden="true"></span>
            <span class="word">"Taillight"</span>
        </a>
    })
}
