//! The root component: which page is shown.

use leptos::prelude::*;
use taillight::query::QUERY_BYTES;
use taillight::view::Page;

use crate::boot::{Boot, Screen};
use crate::chooser::Chooser;
use crate::erased::{any, memo, shown};
use crate::overlay::Overlays;
use crate::problem::ProblemPage;
use crate::shell::Shell;
use crate::viewer::Viewer;

/// Which page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Problem,
    Files,
    File,
}

/// The application. On the server the caller provides a [`Boot`] as context; in the browser it is read from the page.
#[component]
pub fn App() -> impl IntoView {
    let mut boot = read_boot();
    let rows_html = match &mut boot.screen {
        Screen::File(file) => std::mem::take(&mut file.rows_html),
        _ => String::new(),
    };
    let shell = Shell::new(&boot);
    provide_context(shell);
    // The first page to be shown takes what the server sent; pages opened later load their own.
    let first = StoredValue::new(Some(FirstScreen { boot, rows_html }));
    #[cfg(feature = "hydrate")]
    crate::nav::start(shell);
    let kind = memo(move || match shell.view.with(|view| matches!(view.page, Page::File(_))) {
        _ if shell.problem.with(Option::is_some) => Kind::Problem,
        true => Kind::File,
        false => Kind::Files,
    });
    let page = shown(move || {
        let first = first.try_update_value(Option::take).flatten();
        match kind.get() {
            Kind::Problem => shell.problem.get().map(|problem| any(view! { <ProblemPage problem/> })).into_any(),
            Kind::Files => any(view! { <Chooser first/> }),
            Kind::File => any(view! { <Viewer first/> }),
        }
    });
    any(view! {
        {page}
        <Overlays/>
        <div class="toasts" role="status" aria-label="Message">
            <p hidden=shown(move || shell.toast.with(String::is_empty))>{shown(move || shell.toast.get())}</p>
        </div>
    })
}

/// What the server sent for the first page.
#[derive(Clone, Debug)]
pub struct FirstScreen {
    /// The facts.
    pub boot: Boot,
    /// The rows as HTML: empty in the browser, where they are in the document already.
    pub rows_html: String,
}

fn read_boot() -> Boot {
    #[cfg(feature = "hydrate")]
    let boot = crate::browser::boot::read().ok();
    #[cfg(not(feature = "hydrate"))]
    let boot = use_context::<Boot>();
    boot.unwrap_or_else(|| Boot {
        base: String::new(),
        pattern_bytes: QUERY_BYTES,
        address: "/".to_owned(),
        screen: Screen::Problem {
            status: 500,
            title: "The page came without its facts".to_owned(),
            detail: "Load it again; if that does not help, the server and the page are of different versions."
                .to_owned(),
        },
    })
}
