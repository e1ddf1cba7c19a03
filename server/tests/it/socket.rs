//! A viewer without a browser: speaks the viewer's protocol and remembers what it saw.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use taillight::cursor::{Anchor, Cursor, Generation};
use taillight::line::ByteOffset;
use taillight::path::LogPath;
use taillight::wire::{CREDIT_BYTES, ClientMsg, Filter, Frame, FrameKind, ServerMsg, Tip, VERSION, Wished};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long anything may take before a test fails; nothing waits this long when all is well.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What a server said.
#[derive(Debug)]
pub enum Said {
    Msg(ServerMsg),
    Frame(Frame),
    /// A text that is not of the viewer's protocol, as the seed's stream sends.
    Text(String),
    /// Closed with that code; 1006 when there was none.
    Closed(u16),
}

/// A client of the viewer's protocol, or of the seed's stream.
pub struct ClientSocket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Whether pings are answered.
    pub answers_pings: bool,
    /// The bytes of live frames, in order.
    pub live: Vec<u8>,
    /// How many live frames came.
    pub n_live: usize,
    /// Where the live frames have come to.
    pub place: Option<(Generation, ByteOffset)>,
    /// The newest counters.
    pub tip: Option<Tip>,
    /// Events in order.
    pub events: Vec<ServerMsg>,
}

impl ClientSocket {
    /// Connects, with extra headers.
    pub async fn connect(url: &str, headers: &[(&'static str, &str)]) -> Result<Self, u16> {
        let mut request = url.into_client_request().expect("a url");
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header value"));
        }
        match connect_async(request).await {
            Ok((stream, _)) => Ok(Self {
                stream,
                answers_pings: true,
                live: Vec::new(),
                n_live: 0,
                place: None,
                tip: None,
                events: Vec::new(),
            }),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("no connection to {url}: {error}"),
        }
    }

    /// Opens a file at its end and follows it; the answer and the first page are returned.
    pub async fn open(&mut self, path: &str, follow: bool) -> (ServerMsg, Frame) {
        self.say(&open(path, Anchor::End, follow, None)).await;
        let opened = self.message(|msg| matches!(msg, ServerMsg::Opened { .. })).await;
        let page = self.frame(|frame| frame.kind == FrameKind::Page).await;
        if let ServerMsg::Opened { tip, .. } = &opened {
            self.tip = Some(*tip);
            self.place = Some((page.generation, tip.complete));
        }
        (opened, page)
    }

    /// Opens a file with a filter and a find term; the first page is at its end.
    pub async fn open_filtered(&mut self, path: &str, filter: (&str, u32), find: &str, follow: bool) -> Frame {
        let mut message = open(path, Anchor::End, follow, None);
        if let ClientMsg::Open { filter: wanted, find: term, .. } = &mut message {
            *wanted = filter_of(filter);
            *term = (!find.is_empty()).then(|| find.to_owned());
        }
        self.say(&message).await;
        let page = self.frame(|frame| frame.kind == FrameKind::Page).await;
        self.place = Some(place_after(&page));
        page
    }

    /// Sends a message.
    pub async fn say(&mut self, message: &ClientMsg) {
        self.send_text(&serde_json::to_string(message).expect("json")).await;
    }

    /// Sends a message, unless the connection has ended or takes nothing.
    pub async fn try_say(&mut self, message: &ClientMsg) -> bool {
        let text = serde_json::to_string(message).expect("json");
        matches!(tokio::time::timeout(Duration::from_secs(1), self.stream.send(Message::text(text))).await, Ok(Ok(())))
    }

    /// Sends a text as it is.
    pub async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.expect("the socket is open");
    }

    /// The next thing the server says; pings are answered on the way.
    pub async fn next(&mut self) -> Said {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.stream.next()).await.expect("the server went silent");
            let said = match message {
                Some(Ok(Message::Text(text))) => match serde_json::from_str(&text) {
                    Ok(msg) => Said::Msg(msg),
                    Err(_) => Said::Text(text.to_string()),
                },
                Some(Ok(Message::Binary(bytes))) => {
                    Said::Frame(Frame::decode(&Bytes::from(bytes.to_vec())).expect("a frame"))
                }
                Some(Ok(Message::Close(frame))) => Said::Closed(frame.map_or(1006, |frame| frame.code.into())),
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => Said::Closed(1006),
            };
            match &said {
                Said::Msg(ServerMsg::Ping) if self.answers_pings => self.say(&ClientMsg::Pong).await,
                Said::Text(text) if text == "ping" && self.answers_pings => self.send_text("pong").await,
                _ => {
                    self.remember(&said);
                    return said;
                }
            }
        }
    }

    /// Waits for a message.
    pub async fn message(&mut self, is_it: impl Fn(&ServerMsg) -> bool) -> ServerMsg {
        loop {
            match self.next().await {
                Said::Msg(msg) if is_it(&msg) => return msg,
                Said::Closed(code) => panic!("closed with {code} while waiting for a message"),
                _ => {}
            }
        }
    }

    /// Waits for a frame.
    pub async fn frame(&mut self, is_it: impl Fn(&Frame) -> bool) -> Frame {
        loop {
            match self.next().await {
                Said::Frame(frame) if is_it(&frame) => return frame,
                Said::Closed(code) => panic!("closed with {code} while waiting for a frame"),
                _ => {}
            }
        }
    }

    /// Reads until the live bytes end with `end`, giving credit back.
    pub async fn live_until(&mut self, end: &str) {
        while !self.live.ends_with(end.as_bytes()) {
            match self.next().await {
                Said::Frame(frame) if frame.kind == FrameKind::Live => {
                    let bytes = u32::try_from(frame.payload.len()).expect("a frame is small");
                    self.say(&ClientMsg::Grant { bytes }).await;
                }
                Said::Closed(code) => panic!("closed with {code} before {end:?}"),
                _ => {}
            }
        }
    }

    /// Reads until the server closes; the code.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let Said::Closed(code) = self.next().await {
                return code;
            }
        }
    }

    /// Reads texts until they end with `end`.
    pub async fn texts_until(&mut self, end: &str) -> String {
        let mut all = String::new();
        while !all.ends_with(end) {
            match self.next().await {
                Said::Text(text) => all.push_str(&text),
                Said::Closed(code) => panic!("closed with {code} after {all:?}"),
                other => panic!("not of the seed's stream: {other:?}"),
            }
        }
        all
    }

    /// Leaves without a word.
    pub fn vanish(self) {
        drop(self.stream);
    }

    /// Live frames must be contiguous: nothing lost, nothing twice.
    fn remember(&mut self, said: &Said) {
        match said {
            Said::Frame(frame) if frame.kind == FrameKind::Live => {
                if let Some(place) = self.place {
                    assert_eq!((frame.generation, frame.offset), place, "live frames adjoin");
                }
                self.place = Some(place_after(frame));
                // An unfinished line comes again, whole.
                let finished = memchr::memrchr(b'\n', &frame.payload).map_or(0, |feed| feed + 1);
                self.live.extend_from_slice(&frame.payload[..finished]);
                self.n_live += 1;
            }
            Said::Msg(ServerMsg::Tip(tip) | ServerMsg::Opened { tip, .. }) => self.tip = Some(*tip),
            Said::Msg(event @ ServerMsg::Event { next, .. }) => {
                if let Some((generation, _)) = next {
                    self.place = Some((*generation, ByteOffset::ZERO));
                }
                self.events.push(event.clone());
            }
            _ => {}
        }
    }
}

/// A filter; `None` for blank text.
pub fn filter_of((q, ctx): (&str, u32)) -> Option<Filter> {
    (!q.is_empty()).then(|| Filter { q: q.to_owned(), ctx, ..Filter::default() })
}

/// Where live frames go on after a frame: its end, or the start of an unfinished last line.
pub fn place_after(frame: &Frame) -> (Generation, ByteOffset) {
    let last = frame.rows().last().filter(|row| !row.finished);
    (frame.generation, last.map_or(frame.end, |row| row.offset))
}

/// The first message.
pub fn open(path: &str, at: Anchor, follow: bool, resume: Option<Cursor>) -> ClientMsg {
    ClientMsg::Open {
        version: VERSION,
        path: path.parse::<LogPath>().expect("a log path"),
        at,
        before: 100,
        after: 0,
        resume,
        follow,
        credit: CREDIT_BYTES,
        filter: None,
        find: None,
        wished: Wished::default(),
    }
}
