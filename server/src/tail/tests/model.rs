//! Random programs of file actions run against the real follower, on real files, and against a model of what must be
//! seen: every line that was readable at a look or that a copy or a rotated file still has is shown once and in order;
//! of what else was seen, the exact number of bytes is told. Time is made up, so nothing waits.
//!
//! `TAILLIGHT_MODEL_CASES` sets how many programs run.

mod world;

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use proptest::test_runner::{Config as RunnerConfig, TestRunner};

use world::{Places, World};

/// One thing that happens. Those that need a file do nothing when none has the name.
#[derive(Clone, Debug)]
enum Action {
    /// Appends whole lines; makes the file when none has the name.
    Write(u8),
    /// Appends a part of a line.
    Partial,
    /// Renames the file as rotation does, writes late lines into it, makes a new one with lines.
    Rotate { late: u8, new: u8 },
    /// Renames the file as rotation does; the next write makes a new one.
    RenameAway,
    /// Lines into the file that was renamed last.
    Late(u8),
    /// Copies it as rotation does.
    Copy,
    /// Copies it, appends lines, truncates it, appends lines.
    CopyTruncate { between: u8, new: u8 },
    /// Truncates it and appends lines at once, perhaps more than there were.
    Truncate(u8),
    /// Truncates it; its writer goes on where it was.
    TruncateWithHole,
    /// Writes other bytes over it, as many as there are.
    Rewrite,
    /// Removes it.
    Delete,
    /// Writes a new file and renames it over the old one.
    EditorSave(u8),
    /// Makes the name a link to another file with lines.
    SwitchLink(u8),
    /// That many milliseconds pass, with regular looks.
    Wait(u16),
    /// The reader does not read from now on.
    Pause,
    /// The reader reads again.
    Resume,
}

/// When the follower looks, apart from the regular looks while time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// After every action.
    Events,
    /// Never.
    Polling,
    /// After those actions whose event is not lost.
    EventsDropped,
}

/// How rotated files are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Naming {
    /// `app.log.1`, and the older ones move on.
    Numbers,
    /// `app.log-202611220001`.
    Dates,
}

#[derive(Clone, Debug)]
struct Program {
    mode: Mode,
    naming: Naming,
    /// What happens, and whether its event comes, where events may be lost.
    actions: Vec<(Action, bool)>,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (1_u8..4).prop_map(Action::Write),
        2 => Just(Action::Partial),
        3 => (0_u8..3, 0_u8..3).prop_map(|(late, new)| Action::Rotate { late, new }),
        1 => Just(Action::RenameAway),
        1 => (1_u8..3).prop_map(Action::Late),
        1 => Just(Action::Copy),
        3 => (0_u8..3, 0_u8..4).prop_map(|(between, new)| Action::CopyTruncate { between, new }),
        2 => (0_u8..6).prop_map(Action::Truncate),
        1 => Just(Action::TruncateWithHole),
        1 => Just(Action::Rewrite),
        1 => Just(Action::Delete),
        1 => (1_u8..4).prop_map(Action::EditorSave),
        1 => (1_u8..3).prop_map(Action::SwitchLink),
        3 => (0_u16..7000).prop_map(Action::Wait),
        1 => Just(Action::Pause),
        1 => Just(Action::Resume),
    ]
}

fn program() -> impl Strategy<Value = Program> {
    let mode = prop_oneof![Just(Mode::Events), Just(Mode::Polling), Just(Mode::EventsDropped)];
    let naming = prop_oneof![Just(Naming::Numbers), Just(Naming::Dates)];
    (mode, naming, prop::collection::vec((action(), any::<bool>()), 1..13))
        .prop_map(|(mode, naming, actions)| Program { mode, naming, actions })
}

fn run(places: &Places, program: &Program) -> Result<(), TestCaseError> {
    let mut world = World::new(places, program.naming);
    for (action, has_event) in &program.actions {
        world.act(action);
        if program.mode == Mode::Events || (program.mode == Mode::EventsDropped && *has_event) {
            world.look();
        }
    }
    let (shown, expected) = world.end();
    prop_assert_eq!(shown, expected);
    Ok(())
}

/// Runs half of the cases in that folder.
fn run_in(folder: &Path) {
    let wanted = std::env::var("TAILLIGHT_MODEL_CASES").ok().and_then(|text| text.parse().ok());
    let cases = wanted.unwrap_or(10_000_u32).div_ceil(2);
    let config = RunnerConfig { cases, failure_persistence: None, max_shrink_iters: 20_000, ..RunnerConfig::default() };
    let places = Places::new(folder);
    let began = std::time::Instant::now();
    if let Err(failure) = TestRunner::new(config).run(&program(), |program| run(&places, &program)) {
        panic!("in {}: {failure}", folder.display());
    }
    println!("{cases} programs in {} in {:?}; {}", folder.display(), began.elapsed(), places.told());
}

#[test]
fn what_is_shown_is_what_must_be_seen_on_the_working_disk() {
    run_in(&std::env::temp_dir());
}

#[test]
fn what_is_shown_is_what_must_be_seen_in_memory() {
    let memory = PathBuf::from("/dev/shm");
    run_in(if memory.is_dir() { &memory } else { Path::new(env!("CARGO_MANIFEST_DIR")) });
}
