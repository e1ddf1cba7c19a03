//! Stand-in for the branch `page`, which owns this file: the first screen without any of the application.

use leptos::prelude::*;

use crate::boot::{Boot, Screen};

/// Stand-in.
#[component]
pub fn App() -> impl IntoView {
    let boot = expect_context::<Boot>();
    let base = boot.base;
    match boot.screen {
        Screen::Files { listing, .. } => {
            let entries = listing.entries.into_iter().map(|entry| {
                let href = format!("{base}/v/{}", entry.path);
                view! { <li><a href=href>{entry.name}</a></li> }
            });
            view! { <ul>{entries.collect::<Vec<_>>()}</ul> }.into_any()
        }
        Screen::File(file) => {
            let links = [file.links.start, file.links.older, file.links.newer, file.links.end];
            let links = links.into_iter().flatten().map(|link| view! { <a href=format!("{base}{link}")>"go"</a> });
            view! {
                <h1>{file.path.shown()}</h1>
                <nav>{links.collect::<Vec<_>>()}</nav>
                <div inner_html=file.rows_html></div>
            }
            .into_any()
        }
        Screen::Problem { title, detail, .. } => view! { <h1>{title}</h1><p>{detail}</p> }.into_any(),
    }
}
