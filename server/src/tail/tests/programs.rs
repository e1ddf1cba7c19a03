//! Random programs of file actions against a model: what the lives hold is exactly what was written.

use std::fs::OpenOptions;
use std::path::Path;

use proptest::prelude::*;
use taillight::wire::FileState;

use super::{Scene, append};

#[derive(Clone, Debug)]
enum Action {
    Append(u8),
    Partial(u8),
    /// Rename, late lines into the old file, create with lines.
    Rotate {
        late: u8,
        new: u8,
    },
    /// Truncate and write that much at once.
    Truncate(u8),
    DeleteAndCreate(u8),
    RenameAndCreateLater(u8),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        3 => (1_u8..5).prop_map(Action::Append),
        2 => (1_u8..9).prop_map(Action::Partial),
        2 => (0_u8..3, 1_u8..4).prop_map(|(late, new)| Action::Rotate { late, new }),
        2 => (0_u8..6).prop_map(Action::Truncate),
        1 => (1_u8..4).prop_map(Action::DeleteAndCreate),
        1 => (1_u8..4).prop_map(Action::RenameAndCreateLater),
    ]
}

/// What was written, life by life, and whether a life was cut.
#[derive(Default)]
struct Model {
    lives: Vec<(String, bool)>,
    written: u32,
}

impl Model {
    fn lines(&mut self, count: u8) -> String {
        (0..count)
            .map(|_| {
                self.written += 1;
                format!("line {}\n", self.written)
            })
            .collect()
    }

    fn current(&mut self) -> &mut String {
        &mut self.lives.last_mut().unwrap().0
    }

    fn write(&mut self, path: &Path, text: &str) {
        append(path, text);
        self.current().push_str(text);
    }

    fn begin(&mut self, path: &Path, text: &str) {
        self.lives.push((String::new(), false));
        self.write(path, text);
    }
}

async fn run(poll: bool, program: Vec<Action>) {
    let mut scene = Scene::new(poll, "");
    let mut model = Model { lives: vec![(String::new(), false)], written: 0 };
    let mut renamed = 0;
    for action in program {
        let path = scene.path.clone();
        let mut rename = || {
            renamed += 1;
            let old = path.with_extension(format!("{renamed}"));
            std::fs::rename(&path, &old).unwrap();
            old
        };
        match action {
            Action::Append(count) => {
                let text = model.lines(count);
                model.write(&path, &text);
            }
            Action::Partial(len) => model.write(&path, &"p".repeat(len.into())),
            Action::Rotate { late, new } => {
                let old = rename();
                let text = model.lines(late);
                model.write(&old, &text);
                let text = model.lines(new);
                model.begin(&path, &text);
            }
            Action::Truncate(count) => {
                let text = model.lines(count);
                // An empty file that stays empty, or fills, was not truncated as far as anyone can see.
                let was_empty = model.current().is_empty();
                OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
                if was_empty {
                    model.write(&path, &text);
                } else {
                    model.lives.last_mut().unwrap().1 = true;
                    model.begin(&path, &text);
                }
            }
            Action::DeleteAndCreate(count) => {
                std::fs::remove_file(&path).unwrap();
                scene.viewer.until("deleted", |_, tip| tip.state == FileState::Deleted).await;
                let text = model.lines(count);
                model.begin(&path, &text);
            }
            Action::RenameAndCreateLater(count) => {
                rename();
                scene.viewer.until("waiting", |_, tip| tip.state == FileState::Waiting).await;
                let text = model.lines(count);
                model.begin(&path, &text);
            }
        }
        let (lives, len) = (model.lives.len(), model.current().len() as u64);
        scene.viewer.until("the action", |viewer, tip| viewer.lives.len() == lives && tip.len.get() == len).await;
    }
    for (n, (written, cut)) in model.lives.iter().enumerate() {
        let whole_lines = written.rfind('\n').map_or("", |feed| &written[..=feed]);
        let last = n + 1 == model.lives.len();
        let expected = if *cut || last { whole_lines } else { written };
        assert_eq!(String::from_utf8_lossy(&scene.viewer.lives[n]), expected, "life {n}");
    }
    let tip = scene.viewer.follower.tip();
    let lines = model.current().lines().count() as u64;
    assert_eq!(tip.current().index.total().count.get(), lines);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_is_what_was_written(poll: bool, program in prop::collection::vec(action(), 1..9)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(run(poll, program));
    }
}
