//! What was entered in a box before, over visits too: gone through with the up and down arrows.

use crate::browser::storage;
use crate::search::SearchBox;

/// How many texts of a box are kept.
const MAX_PAST: usize = 50;

/// Where somebody is in the past of a box.
#[derive(Default)]
pub struct Past {
    /// The texts, the newest first, and which of them is in the box.
    visit: Option<(Vec<String>, usize)>,
    /// What was in the box before.
    draft: String,
}

impl Past {
    /// The text that comes next on the way back (`older`) or forth from `now`, which is in the box.
    pub fn step(&mut self, which: SearchBox, older: bool, now: &str) -> Option<String> {
        let is_there = |(texts, at): &(Vec<String>, usize)| texts.get(*at).is_some_and(|text| text == now);
        let at = self.visit.take().filter(is_there);
        match (at, older) {
            (Some((texts, at)), true) => {
                let at = (at + 1).min(texts.len() - 1);
                self.arrive(texts, at)
            }
            (Some((_, 0)), false) => Some(std::mem::take(&mut self.draft)),
            (Some((texts, at)), false) => self.arrive(texts, at - 1),
            (None, true) => {
                now.clone_into(&mut self.draft);
                let texts: Vec<String> = read(which).into_iter().filter(|text| text != now).collect();
                self.arrive(texts, 0)
            }
            (None, false) => None,
        }
    }

    fn arrive(&mut self, texts: Vec<String>, at: usize) -> Option<String> {
        let text = texts.get(at).cloned()?;
        self.visit = Some((texts, at));
        Some(text)
    }
}

/// Keeps a text that was entered.
pub fn keep(which: SearchBox, text: &str) {
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    let mut texts = read(which);
    texts.retain(|kept| kept != text);
    texts.insert(0, text.to_owned());
    texts.truncate(MAX_PAST);
    if let Ok(json) = serde_json::to_string(&texts) {
        storage::set(key(which), &json);
    }
}

fn read(which: SearchBox) -> Vec<String> {
    storage::get(key(which)).and_then(|json| crate::json::read(&json)).unwrap_or_default()
}

const fn key(which: SearchBox) -> &'static str {
    match which {
        SearchBox::Filter => "filters",
        SearchBox::Find | SearchBox::From | SearchBox::To => "finds",
    }
}
