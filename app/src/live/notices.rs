//! What the stream wants to be told once.

use leptos::prelude::Set as _;
use taillight::follow::Notice;
use taillight::line::ByteLen;
use taillight::row::size_text;
use taillight::view::Command;
use taillight::window::RowKey;

use super::Live;
use crate::{nav, text};

impl Live {
    /// Says of the place that was gone to last, where it is still that of the view, that the file ends before it.
    pub(super) fn tell_past_end(&mut self) {
        let Some(tip) = self.follow.tip() else { return };
        let Some(place) = self.asked.take() else { return };
        let is_past = place.is_past_end(tip);
        if self.view(|view| view.place != place || view.follow) != Some(false) {
            return;
        }
        match is_past {
            Some(true) => nav::toast(self.shell, text::past_end(&place)),
            Some(false) => {}
            None => self.asked = Some(place),
        }
    }

    pub(super) fn tell(&mut self, notice: Notice) {
        let lost = |bytes: ByteLen| size_text(bytes);
        let text = match notice {
            Notice::Reload => {
                self.is_over = true;
                self.shell
                    .status
                    .banner
                    .set("The server has a newer version: reload the page. It keeps your place.".to_owned());
                return;
            }
            Notice::LogIn => {
                self.is_over = true;
                self.shell
                    .status
                    .banner
                    .set("Your session has ended: reload the page to log in. It keeps your place.".to_owned());
                return;
            }
            Notice::Skipped(bytes) => format!("{} skipped on screen, all in the file", lost(bytes)),
            Notice::Lost(Some(bytes)) => format!("{} were lost while the connection was away", lost(bytes)),
            Notice::Lost(None) => "Some lines were lost while the connection was away".to_owned(),
            Notice::TruncatedMeanwhile(Some(ByteLen::ZERO)) => {
                "The file was cut while the connection was away; all that it had is shown".to_owned()
            }
            Notice::TruncatedMeanwhile(Some(bytes)) => {
                format!("The file was cut while the connection was away: {} were lost", lost(bytes))
            }
            Notice::TruncatedMeanwhile(None) => {
                "The file was cut while the connection was away: some lines may be lost".to_owned()
            }
            Notice::Replaced => "This is another file: the one of the link is gone".to_owned(),
            Notice::Wrapped { down: true } => "Past the end: on from the start".to_owned(),
            Notice::Wrapped { down: false } => "Past the start: on from the end".to_owned(),
            Notice::Landed { at: (generation, offset), wanted, found } => {
                // The screen comes there with the page; where the filter hides that line, near it.
                self.screen.put_cursor(found.map(|_| RowKey { generation, offset, nth: 0 }));
                self.command(Command::Landed(wanted));
                let is_new = self.searching.landed.replace((wanted, found)) != Some((wanted, found));
                match text::landed(wanted, found).filter(|_| is_new) {
                    Some(text) => text,
                    None => return,
                }
            }
            Notice::NoMatch => "No match".to_owned(),
            Notice::NoMore { levels, down } => text::no_more(levels, down),
            Notice::Failed { detail, .. } => {
                self.is_jumping = false;
                detail
            }
        };
        nav::toast(self.shell, text);
    }
}
