//! The codec against tungstenite, and against clients that break the protocol.

use proptest::prelude::*;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader, FrameSocket};

use super::*;

/// A frame as a client would send it: first byte, mask bit, payload.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..=125 => bytes.push(0x80 | len as u8),
        len @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    let key = [1, 2, 3, 250];
    bytes.extend_from_slice(&key);
    bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

/// What comes of those bytes when messages may have 300 bytes.
fn decoded(bytes: &[u8]) -> Result<Vec<Received>, Violation> {
    let mut decoder = Decoder::new(300);
    decoder.push(bytes);
    let mut all = Vec::new();
    while let Some(received) = decoder.next()? {
        all.push(received);
    }
    Ok(all)
}

fn text(text: &str) -> Received {
    Received::Text(text.to_owned())
}

#[test]
fn messages_come_whole_or_in_parts_and_pings_between_them() {
    let parts =
        [frame(0x01, b"ab"), frame(0x89, b"?"), frame(0x00, b"c"), frame(0x80, b"d"), frame(0x81, b"")].concat();
    let ping = Received::Ping(Bytes::from_static(b"?"));
    assert_eq!(decoded(&parts).unwrap(), [ping, text("abcd"), text("")]);
    let closing = [frame(0x82, &[0; 300]), frame(0x8a, b""), frame(0x88, b"\x03\xe8bye")].concat();
    assert_eq!(decoded(&closing).unwrap(), [Received::Binary, Received::Pong, Received::Close(Some(1000))]);
}

#[test]
fn who_breaks_the_protocol_is_told_how() {
    let long = [frame(0x01, &[b'a'; 200]), frame(0x80, &[b'a'; 101])].concat();
    let mut unmasked = frame(0x81, b"a");
    unmasked[1] &= 0x7f;
    for (bytes, code) in [
        (frame(0x81, &[b'a'; 301]), TOO_LONG),
        // Refused by its head alone: nothing of it is waited for.
        (vec![0x81, 0xff, 0x7f, 0, 0, 0, 0, 0, 0, 0], TOO_LONG),
        (long, TOO_LONG),
        (unmasked, PROTOCOL),
        (frame(0xc1, b"a"), PROTOCOL),
        (frame(0x83, b"a"), PROTOCOL),
        (frame(0x80, b"a"), PROTOCOL),
        ([frame(0x01, b"a"), frame(0x81, b"b")].concat(), PROTOCOL),
        (frame(0x09, b"a"), PROTOCOL),
        (frame(0x89, &[0; 126]), PROTOCOL),
        (frame(0x88, b"\x03"), PROTOCOL),
        (frame(0x88, b"\x03\xed"), PROTOCOL),
        (frame(0x88, b"\x03\xe8\xff"), NOT_TEXT),
        (frame(0x81, b"\xff"), NOT_TEXT),
    ] {
        assert_eq!(decoded(&bytes).map_err(|Violation(code, _)| code), Err(code), "{bytes:?}");
    }
}

#[test]
fn an_idle_connection_holds_no_buffer() {
    let mut decoder = Decoder::new(300);
    decoder.push(&[frame(0x81, &[b'a'; 250]), frame(0x8a, b"")].concat());
    assert!(matches!(decoder.next(), Ok(Some(Received::Text(_)))));
    assert_eq!((decoder.next(), decoder.next()), (Ok(Some(Received::Pong)), Ok(None)));
    assert_eq!(decoder.bytes.capacity(), 0);
}

/// A message in parts of those lengths, each masked by the usual codec.
fn by_the_usual_codec(message: &[u8], cuts: &[usize]) -> Vec<u8> {
    let mut socket = FrameSocket::new(std::io::Cursor::new(Vec::new()));
    let mut rest = message;
    let mut is_first = true;
    for cut in cuts.iter().map(Some).chain([None]) {
        let (part, after) = rest.split_at(cut.map_or(rest.len(), |cut| *cut % (rest.len() + 1)));
        let opcode = OpCode::Data(if is_first { Data::Text } else { Data::Continue });
        let header =
            FrameHeader { is_final: cut.is_none(), opcode, mask: Some([9, 8, 7, 6]), ..FrameHeader::default() };
        socket.send(Frame::from_payload(header, Bytes::copy_from_slice(part))).unwrap();
        (rest, is_first) = (after, false);
    }
    socket.into_inner().0.into_inner()
}

proptest! {
    #[test]
    fn what_the_usual_codec_writes_is_read_however_it_comes(
        message in "\\PC{0,80}", cuts in prop::collection::vec(0_usize..80, 0..4), step in 1_usize..40,
    ) {
        let bytes = by_the_usual_codec(message.as_bytes(), &cuts);
        let mut decoder = Decoder::new(1000);
        let mut all = Vec::new();
        for chunk in bytes.chunks(step) {
            decoder.push(chunk);
            while let Some(received) = decoder.next().unwrap() {
                all.push(received);
            }
        }
        prop_assert_eq!(all, [text(&message)]);
    }

    #[test]
    fn what_is_written_the_usual_codec_reads(len in prop_oneof![0_usize..200, 65_500_usize..65_600]) {
        let payload = Bytes::from(vec![7; len]);
        let frame = Outgoing::new(Message::Binary(payload.clone()));
        let (head, rest) = frame.rest(0);
        let mut socket = FrameSocket::new(std::io::Cursor::new([head, rest].concat()));
        let read = socket.read(None).unwrap().unwrap();
        prop_assert_eq!(read.into_payload(), payload);
        prop_assert_eq!(frame.len(), head.len() + rest.len());
    }

    #[test]
    fn no_bytes_make_it_panic_or_hold_more_than_a_message(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut decoder = Decoder::new(300);
        for chunk in bytes.chunks(100) {
            decoder.push(chunk);
            while let Ok(Some(_)) = decoder.next() {}
            if decoder.next().is_err() {
                break;
            }
            prop_assert!(decoder.bytes.len() <= 300 + 14 + 100);
        }
    }
}
