//! Standard input as a follower sees it.

use taillight::line::LineCount;

use super::*;
use crate::auth::Principal;
use crate::catalog::Catalog;
use crate::tail::{Pace, Tails};
use crate::testing::{PipedInput, TempFolder, tasks};

fn told(tip: &TailTip) -> (u64, u64, FileState) {
    (tip.len.get(), tip.complete.get(), tip.state)
}

#[test]
fn what_comes_grows_and_the_end_ends_the_last_line() {
    let folder = TempFolder::new();
    let mut input = PipedInput::new(&folder, 1 << 20);
    let mut piped = Piped::new(&input.stdin, Part::Now).unwrap();
    assert_eq!(told(&piped.tip()), (0, 0, FileState::Live));
    input.write(b"one\ntwo");
    piped.look();
    assert_eq!(told(&piped.tip()), (7, 4, FileState::Live));
    assert_eq!(piped.tip().current().index.total().count, LineCount::new(2));
    assert!(piped.tip().current().ended.get().is_none());
    input.write(b" three\nfour");
    piped.look();
    assert_eq!(told(&piped.tip()), (18, 14, FileState::Live));
    input.end();
    piped.look();
    assert_eq!(told(&piped.tip()), (18, 14, FileState::Ended));
    assert_eq!(piped.tip().current().ended.get(), Some(&ByteOffset::new(18)));
    assert_eq!(piped.tip().epochs.len(), 1);
}

#[test]
fn a_new_part_is_a_rotation_and_parts_that_were_missed_are_a_gap() {
    let folder = TempFolder::new();
    let mut input = PipedInput::new(&folder, 2000);
    let mut now = Piped::new(&input.stdin, Part::Now).unwrap();
    assert!(Piped::new(&input.stdin, Part::Before).is_err());
    input.write(&[b'1'; 1200]);
    now.look();
    let mut before = Piped::new(&input.stdin, Part::Before).unwrap();
    let tip = now.tip();
    assert_eq!(tip.epochs[0].ended.get(), Some(&ByteOffset::new(1000)));
    assert!(matches!(tip.current().began, Some((FileEvent::Rotated, _))));
    assert_eq!(told(&tip), (200, 0, FileState::Live));
    assert_eq!(told(&before.tip()), (1000, 0, FileState::Ended));
    input.write(&[b'2'; 4000]);
    now.look();
    before.look();
    let tip = now.tip();
    let generations: Vec<_> = tip.epochs.iter().map(|epoch| epoch.generation.get()).collect();
    assert_eq!(generations, [1, 2, 5, 6]);
    assert!(tip.epochs[..2].iter().all(|epoch| !epoch.is_readable()));
    assert_eq!(tip.epochs[1].ended.get(), Some(&ByteOffset::new(1000)));
    let gap = FileEvent::Gap { bytes: ByteLen::new(2000) };
    assert!(matches!(tip.epochs[2].began, Some((event, _)) if event == gap), "{:?}", tip.epochs[2].began);
    assert!(matches!(tip.epochs[3].began, Some((FileEvent::Rotated, _))));
    assert_eq!(told(&tip), (200, 0, FileState::Live));
    assert_eq!(before.tip().current().generation.get(), 5);
    assert_eq!(told(&before.tip()), (1000, 0, FileState::Ended));
    // Who comes now begins with what is kept.
    assert_eq!(Piped::new(&input.stdin, Part::Now).unwrap().tip().epochs.len(), 2);
    input.stop();
}

#[tokio::test]
async fn followers_hear_what_comes_without_looking() {
    let folder = TempFolder::new();
    let mut input = PipedInput::new(&folder, 1 << 20);
    let name = taillight::path::LogPath::root(b"stdin").unwrap();
    let catalog = Catalog::new(&[]).unwrap().with_stdin(name.clone(), Arc::clone(&input.stdin));
    let file = catalog.open(&Principal::local(), &name.join(b"stdin").unwrap()).unwrap();
    // A look that nobody asked for would come too late for this test.
    let never = std::time::Duration::from_secs(3600);
    let tails = Tails::new(tasks(), Pace { reconcile: never, poll_every: never, ..Pace::default() });
    let mut follower = tails.follow(file).unwrap();
    let mut until = async |len: u64, state: FileState| {
        let wait = async {
            while (follower.tip().len.get(), follower.tip().state) != (len, state) {
                assert!(follower.changed().await);
            }
        };
        let waited = tokio::time::timeout(std::time::Duration::from_secs(30), wait).await;
        assert!(waited.is_ok(), "{:?}", follower.tip());
    };
    for n in 1..=20 {
        input.write(b"line\n");
        until(n * 5, FileState::Live).await;
    }
    input.end();
    until(100, FileState::Ended).await;
    assert_eq!(follower.tip().current().source.len().unwrap().get(), 100);
}
