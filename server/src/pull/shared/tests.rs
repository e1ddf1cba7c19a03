//! What is shared, when it counts, and that it does not grow.

use taillight::ansi::Color;
use taillight::line::ByteLen;
use taillight::wire::Cut;

use super::super::style_after;
use super::*;
use crate::read;
use crate::testing::Memory;

fn key(from: u64) -> Key {
    let (from, line_bytes) = (ByteOffset::new(from), 256);
    Key { from, style: Style::PLAIN, line_bytes, filter: None, is_ended: false, unfinished: None }
}

fn lines(text: &[u8], from: u64, to: u64) -> io::Result<Made> {
    let source = Memory(text.to_vec());
    let chunk = read::lines_from(&source, ByteOffset::new(from), ByteOffset::new(to), 64 * 1024)?;
    Ok(Made::Lines(Arc::new(SharedLines::new(chunk, (Style::PLAIN, 256)))))
}

#[tokio::test]
async fn who_comes_while_a_frame_is_read_waits_for_it_and_gets_the_same_bytes() {
    let frames = SharedFrames::default();
    let (began, go) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
    let first = frames.get(key(2), ByteOffset::new(6), async {
        began.notify_one();
        go.notified().await;
        lines(b"a\nb\nc\n", 2, 6)
    });
    let second = async {
        began.notified().await;
        let got = frames.get(key(2), ByteOffset::new(6), async { panic!("read twice") });
        go.notify_one();
        got.await
    };
    let (first, second) = tokio::join!(first, second);
    let ((Made::Lines(one), false), (Made::Lines(other), true)) = (first.unwrap(), second.unwrap()) else {
        panic!("one reads and the other shares");
    };
    let frame = |lines: &SharedLines| lines.frame((Generation::FIRST, ByteOffset::new(2)), Style::PLAIN, false).0;
    assert_eq!(frame(&one).as_ptr(), frame(&other).as_ptr());
    assert_eq!(Frame::decode(&frame(&one)).unwrap().payload, &b"b\nc\n"[..]);
}

#[tokio::test]
async fn who_gives_up_reading_leaves_it_to_the_next() {
    let frames = SharedFrames::default();
    let given_up = frames.get(key(0), ByteOffset::new(2), std::future::pending());
    assert!(tokio::time::timeout(Duration::from_millis(1), given_up).await.is_err());
    let failed = frames.get(key(0), ByteOffset::new(2), async { Err(io::Error::other("no")) }).await;
    assert!(failed.is_err());
    let (_, is_shared) = frames.get(key(0), ByteOffset::new(2), async { lines(b"a\n", 0, 2) }).await.unwrap();
    assert!(!is_shared);
}

#[tokio::test]
async fn nothing_at_a_place_is_looked_at_again_when_the_file_has_grown() {
    let frames = SharedFrames::default();
    let at = |limit| frames.get(key(0), ByteOffset::new(limit), async move { lines(b"abc\n", 0, limit) });
    assert!(!at(3).await.unwrap().1);
    assert!(at(3).await.unwrap().1, "nothing is shared too");
    let (made, is_shared) = at(4).await.unwrap();
    assert_eq!((made.end(), is_shared), (ByteOffset::new(4), false));
    // What was read stays a step for those who come later and could read further.
    assert_eq!(at(9).await.unwrap().0.end(), ByteOffset::new(4));
    assert!(frames.held(&key(0)).is_some() && frames.held(&key(1)).is_none());
}

#[tokio::test]
async fn no_more_than_a_mebibyte_is_held() {
    let frames = SharedFrames::default();
    let text = [&vec![b'x'; 60_000][..], b"\n"].concat();
    for from in 0..40 {
        let made = lines(&text, 0, text.len() as u64);
        frames.get(key(from), ByteOffset::new(100_000), async { made }).await.unwrap();
        assert!(frames.n_bytes() <= MAX_BYTES);
    }
    assert!(frames.n_bytes() > MAX_BYTES / 2 && frames.held(&key(39)).is_some() && frames.held(&key(0)).is_none());
}

#[tokio::test]
async fn what_another_read_after_other_lines_is_not_taken() {
    use crate::pull::{Pulled, Puller};
    use crate::tail::{Pace, Tails};
    use crate::testing::{TempFolder, log_file, tasks};

    let (folder, tasks) = (TempFolder::new(), tasks());
    let path = folder.file("app.log", b"a\n");
    let tails = Tails::new(tasks.clone(), Pace::default());
    let file = log_file(&path);
    let follower = tasks.blocking(move || tails.follow(file)).await.unwrap();
    let tip = follower.tip();
    let epoch = Arc::clone(tip.current());
    let mut puller = Puller::new(follower, epoch.generation, ByteOffset::ZERO, Style::PLAIN);
    let Ok(Pulled::Lines(first)) = puller.pull(&tasks).await else { panic!("the first line") };
    assert_eq!(first.lines.chunk.payload, &b"a\n"[..]);
    folder.file("app.log", b"a\nb\n");
    let grown = ByteOffset::new(4);
    while puller.tip().complete < grown {
        puller.moved().await;
    }
    // Of a file that had something else before: as if it had been cut and had grown again between two looks.
    let other = async { lines(b"z\nq\n", 2, 4) };
    assert!(!epoch.frames.get(key(2), grown, other).await.unwrap().1, "nothing was there before");
    assert!(puller.pull_now().is_none());
    let Ok(Pulled::Lines(second)) = puller.pull(&tasks).await else { panic!("the second line") };
    assert_eq!((&second.lines.chunk.payload[..], second.is_shared), (&b"b\n"[..], false));
}

#[test]
fn a_colour_goes_on_below_a_line_only_where_all_of_it_is_shown() {
    let red = Style { fg: Color::indexed(1), ..Style::PLAIN };
    let cut = |at| Cut { at, missing: ByteLen::new(9) };
    for (payload, cuts, before, line_bytes, expected) in [
        ("\x1b[31mab\n", vec![], Style::PLAIN, 256, red),
        ("\x1b[31mab\ncd\n", vec![], Style::PLAIN, 256, red),
        ("\x1b[31mab\n", vec![cut(7)], Style::PLAIN, 256, Style::PLAIN),
        ("\x1b[31mab\ncd\x1b[31m\n", vec![cut(7)], Style::PLAIN, 256, red),
        ("ab\n", vec![cut(2)], red, 256, Style::PLAIN),
        ("ab\n", vec![], red, 256, red),
        ("ab\ncd", vec![cut(5)], red, 256, Style::PLAIN),
        // What is left out in front of a line are NUL bytes.
        ("ab\ncd\n", vec![cut(3)], red, 256, red),
        ("ab\ncd\n", vec![cut(3), cut(5)], red, 256, Style::PLAIN),
        ("\x1b[31mab\n", vec![], Style::PLAIN, 7, red),
        ("\x1b[31mab\n", vec![], Style::PLAIN, 6, Style::PLAIN),
        ("", vec![], red, 256, red),
    ] {
        let after = style_after((payload.as_bytes(), &cuts), before, line_bytes);
        assert_eq!(after, expected, "{payload:?} {cuts:?} {line_bytes}");
    }
}
