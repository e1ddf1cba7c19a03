//! What happens to the file while a connection is held: told at once, for the state line. Live, it comes in stream order.

use std::ops::ControlFlow;

use taillight::cursor::Generation;
use taillight::wire::ServerMsg;

use super::codec::Message;
use super::connection::{End, Viewer};
use super::outbox;
use super::socket::Socket;
use crate::tail::TailTip;

/// How far a connection has heard what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    generation: Generation,
    notice: u64,
}

impl Heard {
    /// All that has happened up to `tip`.
    pub(super) fn of(tip: &TailTip) -> Self {
        let notice = tip.notices.last().map_or(0, |notice| notice.seq);
        Self { generation: tip.current().generation, notice }
    }
}

impl Viewer {
    /// Tells a held connection the last of what has happened since it heard something.
    pub(super) fn tell_what_happened(&mut self, socket: &mut Socket) -> ControlFlow<End> {
        let tip = self.puller.tip();
        let now = Heard::of(&tip);
        // What is still on its way in the stream is told here when the stream is held before it comes.
        if now == self.heard || (self.live && !self.drained) {
            return ControlFlow::Continue(());
        }
        let before = std::mem::replace(&mut self.heard, now);
        if self.live {
            return ControlFlow::Continue(());
        }
        let begun = tip.epochs.iter().filter(|epoch| epoch.generation > before.generation);
        let begun = begun.filter_map(|epoch| epoch.began);
        let noticed = tip.notices.iter().filter(|notice| notice.seq > before.notice);
        let noticed = noticed.map(|notice| (notice.event, notice.unix_secs));
        let Some((event, unix_secs)) = begun.chain(noticed).max_by_key(|(_, unix_secs)| *unix_secs) else {
            return ControlFlow::Continue(());
        };
        match outbox::text(&ServerMsg::Happened { unix_secs, event }) {
            Ok(text) => {
                socket.push(Message::Text(text));
                ControlFlow::Continue(())
            }
            Err(gone) => ControlFlow::Break(gone.into()),
        }
    }
}
