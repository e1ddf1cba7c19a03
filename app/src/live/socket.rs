//! The socket's side: opening it, what comes in, what goes out.

use bytes::Bytes;
use taillight::follow::{Input, Notice};
use taillight::wire::{CLOSE_PROTOCOL, ClientMsg, ENDPOINT, Frame, ServerMsg};

use super::{Live, with};
use crate::browser::socket::{Socket, SocketEvent};
use crate::browser::{fetch, history};

/// How many generations' identities are remembered.
const MAX_IDENTITIES: usize = 32;

/// The close code for all that the browser does not tell, a refused handshake among it.
const CLOSE_UNKNOWN: u16 = 1006;

impl Live {
    pub(super) fn connect(&mut self) {
        // Dropped first: nothing is heard of the old one from here on.
        self.socket = None;
        self.was_open = false;
        let opened = history::origin().and_then(|origin| {
            let address = format!("{}{}", origin.replacen("http", "ws", 1), self.shell.href(ENDPOINT));
            Socket::open(&address, |event| {
                with(|live| live.heard(event));
            })
        });
        match opened {
            Ok(socket) => self.socket = Some(socket),
            Err(_) => later(Input::SocketClosed { code: CLOSE_UNKNOWN }),
        }
    }

    pub(super) fn send(&self, msg: &ClientMsg) {
        if let (Some(socket), Ok(text)) = (&self.socket, serde_json::to_string(msg)) {
            socket.send(text);
        }
    }

    fn heard(&mut self, event: SocketEvent) {
        match event {
            SocketEvent::Opened => {
                self.was_open = true;
                self.step(Input::SocketOpen);
            }
            SocketEvent::Text(text) => match crate::json::read::<ServerMsg>(&text) {
                Some(msg) => {
                    self.learn_identity(&msg);
                    self.step(Input::Text(msg));
                }
                None => self.broken(),
            },
            SocketEvent::Bytes(bytes) => match Frame::decode(&Bytes::from(bytes)) {
                Ok(frame) => self.step(Input::Frame(frame)),
                Err(_) => self.broken(),
            },
            SocketEvent::Closed { code } => {
                self.socket = None;
                if code == CLOSE_UNKNOWN && !self.was_open {
                    self.ask_why();
                }
                self.step(Input::SocketClosed { code });
            }
        }
    }

    /// What came makes no sense: begin again.
    fn broken(&mut self) {
        self.socket = None;
        self.step(Input::SocketClosed { code: CLOSE_PROTOCOL });
    }

    /// A refused handshake has no status: a plain request tells whether it was for want of a session.
    fn ask_why(&self) {
        let address = self.shell.href("/api/v1/files");
        leptos::task::spawn_local(async move {
            if fetch::get(&address).await.is_ok_and(|answer| answer.status == 401) {
                with(|live| live.tell(Notice::LogIn));
            }
        });
    }

    fn learn_identity(&mut self, msg: &ServerMsg) {
        let learned = match msg {
            ServerMsg::Opened { generation, identity, .. } => {
                // Another connection counts generations anew.
                self.identities.clear();
                self.screen.selected_in = None;
                Some((*generation, *identity))
            }
            ServerMsg::Event { next, .. } => *next,
            _ => None,
        };
        if let Some(learned) = learned {
            if self.identities.len() >= MAX_IDENTITIES {
                self.identities.remove(0);
            }
            self.identities.push(learned);
        }
    }
}

fn later(input: Input) {
    leptos::task::spawn_local(async move {
        with(|live| live.step(input));
    });
}
