//! The WebSocket, over `gloo-net`, kept whole in one task: its halves cannot close, and lose errors
//! (ranile/gloo#380, wasm-bindgen#4442).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures_util::future::{Either, select};
use futures_util::{SinkExt as _, StreamExt as _};
use gloo_net::websocket::{Message, State, WebSocketError, futures::WebSocket};
use wasm_bindgen_futures::spawn_local;

use super::BrowserError;

/// How many messages may wait to be sent; the page says little, so more than that is a fault.
const MAX_WAITING: usize = 256;

/// What happens on a socket, in order. `Closed` comes once, and last.
#[derive(Clone, Debug)]
pub enum SocketEvent {
    /// It is open.
    Opened,
    /// A text message.
    Text(String),
    /// A binary message.
    Bytes(Vec<u8>),
    /// It has closed, or could not be opened: 1006 for all that the browser does not tell.
    Closed {
        /// The close code.
        code: u16,
    },
}

/// A socket. Dropping it closes it, and nothing is heard of it from then on.
pub struct Socket {
    outbox: Rc<Outbox>,
}

#[derive(Default)]
struct Outbox {
    waiting: RefCell<VecDeque<String>>,
    waker: RefCell<Option<Waker>>,
    close: Cell<Option<u16>>,
    silent: Cell<bool>,
}

enum Job {
    Send(String),
    Close(u16),
}

impl Socket {
    /// Opens a socket to `url`.
    ///
    /// # Errors
    /// When the browser refuses to try.
    pub fn open(url: &str, on_event: impl FnMut(SocketEvent) + 'static) -> Result<Self, BrowserError> {
        let socket = WebSocket::open(url).map_err(|error| BrowserError::Refused(error.message))?;
        let outbox = Rc::new(Outbox::default());
        spawn_local(run(socket, Rc::clone(&outbox), on_event));
        Ok(Self { outbox })
    }

    /// Sends a text message, after those before it; one too many is dropped and closes the socket.
    pub fn send(&self, text: String) {
        let mut waiting = self.outbox.waiting.borrow_mut();
        if waiting.len() < MAX_WAITING {
            waiting.push_back(text);
        } else {
            self.outbox.close.set(Some(3000));
        }
        drop(waiting);
        self.outbox.wake();
    }

    /// Closes with a code: 1000, or 3000 and above.
    pub fn close(self, code: u16) {
        self.outbox.close.set(Some(code));
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.outbox.silent.set(true);
        if self.outbox.close.get().is_none() {
            self.outbox.close.set(Some(1000));
        }
        self.outbox.wake();
    }
}

impl Outbox {
    fn wake(&self) {
        if let Some(waker) = self.waker.borrow_mut().take() {
            waker.wake();
        }
    }

    fn poll_job(&self, context: &mut Context<'_>) -> Poll<Job> {
        if let Some(text) = self.waiting.borrow_mut().pop_front() {
            return Poll::Ready(Job::Send(text));
        }
        if let Some(code) = self.close.get() {
            return Poll::Ready(Job::Close(code));
        }
        *self.waker.borrow_mut() = Some(context.waker().clone());
        Poll::Pending
    }
}

async fn run(mut socket: WebSocket, outbox: Rc<Outbox>, mut on_event: impl FnMut(SocketEvent)) {
    let mut tell = |event| {
        if !outbox.silent.get() {
            on_event(event);
        }
    };
    // Readiness waits for the connection only: exactly the moment of being open.
    let opening = poll_fn(|context| socket.poll_ready_unpin(context)).await;
    if opening.is_ok() && matches!(socket.state(), State::Open) {
        tell(SocketEvent::Opened);
    }
    loop {
        let job = poll_fn(|context| outbox.poll_job(context));
        let step = match select(socket.next(), job).await {
            Either::Left((incoming, _)) => Either::Left(incoming),
            Either::Right((job, _)) => Either::Right(job),
        };
        match step {
            Either::Left(Some(Ok(Message::Text(text)))) => tell(SocketEvent::Text(text)),
            Either::Left(Some(Ok(Message::Bytes(bytes)))) => tell(SocketEvent::Bytes(bytes)),
            Either::Left(Some(Err(WebSocketError::ConnectionClose(event)))) => {
                tell(SocketEvent::Closed { code: event.code });
                return;
            }
            // An error is always followed by a close.
            Either::Left(Some(Err(_))) => {}
            Either::Left(None) => {
                tell(SocketEvent::Closed { code: 1006 });
                return;
            }
            Either::Right(Job::Send(text)) => {
                // A socket that is closing takes no more; its close is on the way.
                let _ = socket.send(Message::Text(text)).await;
            }
            Either::Right(Job::Close(code)) => {
                let _ = socket.close(Some(code), None);
                return;
            }
        }
    }
}
