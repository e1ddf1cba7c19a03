//! The prompt for a line, a time, a share of the file, or a byte.

use leptos::prelude::*;
use taillight::line::{ByteLen, ByteOffset};
use taillight::view::{Command, goto};

use super::Dialog;
use crate::erased::{any, handler, shown};
use crate::shell::{Act, Overlay, Shell};

const INPUT: &str = "goto-place";

/// The prompt.
#[component]
pub fn GoToPrompt() -> impl IntoView {
    let shell = Shell::get();
    let problem = RwSignal::new(String::new());
    let typed = RwSignal::new(String::new());
    let on_submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let tip = shell.status.tip.get_untracked();
        match typed.with_untracked(|text| goto::parse(text, tip.map(|tip| tip.lines))) {
            Ok(goto) => {
                let len = tip.map_or(ByteLen::ZERO, |tip| tip.len - ByteOffset::ZERO);
                shell.act(Act::Open(Overlay::None));
                shell.command(Command::GoTo(goto.place(len)));
            }
            Err(error) => problem.set(error.to_string()),
        }
    };
    let hint = shown(move || {
        let problem = problem.get();
        if problem.is_empty() {
            "1200 · 10:00 · -15m · yesterday 10:00 · 50% · byte 4096 · start · end".to_owned()
        } else {
            problem
        }
    });
    let hint_class = shown(move || if problem.with(String::is_empty) { "hint" } else { "hint bad" });
    any(view! {
        <Dialog label="Go to" class="dialog narrow" focus=INPUT>
            <form on:submit=handler(on_submit)>
                <div class="field">
                    <input
                        type="text" id=INPUT aria-label="Line, time, share or byte" aria-describedby="goto-hint"
                        placeholder="Go to line, 10:00, 50%, byte N" autocomplete="off" autocapitalize="off" spellcheck="false"
                        on:input=handler(move |event| {
                            typed.set(event_target_value(&event));
                            problem.set(String::new());
                        })
                    />
                </div>
                <p class=hint_class id="goto-hint" role="status">{hint}</p>
            </form>
        </Dialog>
    })
}
