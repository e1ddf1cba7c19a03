//! Going from hit to hit: every one is visited, in order, wherever the search begins and whatever else happens.

use super::*;
use crate::follow::{Follow, Notice};
use crate::window::Position;

impl Server {
    pub(super) fn refuse(&mut self, req: u32, find: bool) {
        let detail = "not a term".to_owned();
        self.down.push_back(Down::Msg(ServerMsg::Refused { req, find, position: 0, detail }));
    }

    /// Where the lines start that the find term is in, among those that the filter shows.
    pub(super) fn hits(&self, file: usize) -> Vec<usize> {
        let Some(term) = &self.find else { return Vec::new() };
        let bytes = &self.files[file];
        let is_hit = |line: &&Line| {
            let text = &bytes[line.start..line.end - usize::from(line.finished)];
            line.matches && files::matches(term, text)
        };
        self.lines(file).iter().filter(is_hit).map(|line| line.start).collect()
    }

    /// Where the lines start that a seek is about: every other shown row is of the levels that are asked for.
    pub(super) fn wanted(&self, file: usize, levels: Option<LevelChoice>) -> Vec<usize> {
        match levels {
            None => self.hits(file),
            Some(_) => {
                let lines = self.lines(file);
                lines.iter().filter(|line| line.matches).map(|line| line.start).step_by(2).collect()
            }
        }
    }

    /// Looks at some lines for the next hit.
    pub(super) fn sought(
        &mut self,
        (req, generation): (u32, Generation),
        hits: Option<Vec<usize>>,
        from: ByteOffset,
        down: bool,
    ) {
        let (Some(file), Some(hits)) = (self.file_of(generation), hits) else {
            return self.down.push_back(Down::Msg(ServerMsg::Failed {
                req,
                error: Failure::Gone,
                detail: String::new(),
            }));
        };
        let (lines, work) = (self.lines(file), self.work());
        let from = from.get() as usize;
        let seen: Vec<Line> = match down {
            true => lines.iter().filter(|line| line.start >= from).take(work).copied().collect(),
            false => lines.iter().rev().filter(|line| line.start < from).take(work).copied().collect(),
        };
        let hit = seen.iter().find(|line| hits.contains(&line.start));
        let end = if down { self.files[file].len() } else { 0 };
        let is_more = if down { lines.last().is_some_and(|line| line.start >= from) } else { from > 0 };
        let reached = match (hit.or(seen.last()), down) {
            (None, _) if is_more => from,
            (None, _) => end,
            (Some(line), true) => line.end,
            (Some(line), false) => line.start,
        };
        self.down.push_back(Down::Msg(ServerMsg::Sought {
            req,
            generation,
            found: hit.map(|line| ByteOffset::new(line.start as u64)),
            reached: ByteOffset::new(reached as u64),
            at_end: hit.is_none() && reached == end,
        }));
    }
}

impl World {
    /// Seeks until it has come somewhere, over a lost connection if that is wanted. Says what was told.
    fn seek(&mut self, down: bool, from: Position, loses: bool) -> Vec<Notice> {
        self.notices.clear();
        self.step(Input::Seek { down, from: Some(from) });
        if loses {
            self.server.serve();
            self.play(&Act::Deliver(1));
            self.play(&Act::Disconnect { restart: loses, loses: Loss::Nothing });
        }
        self.come_to_rest();
        assert!(!self.follow.is_seeking());
        self.notices.clone()
    }
}

/// The hit after `place`, and whether it is on the other side.
fn next_hit(hits: &[usize], place: usize, down: bool) -> Option<(usize, bool)> {
    if down {
        let next = hits.iter().find(|hit| **hit > place);
        next.map(|hit| (*hit, false)).or(hits.first().map(|hit| (*hit, true)))
    } else {
        let next = hits.iter().rev().find(|hit| **hit < place);
        next.map(|hit| (*hit, false)).or(hits.last().map(|hit| (*hit, true)))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn each_hit_is_visited_in_order_and_the_ends_are_told(
        number in 0..6_u8,
        q in prop::option::of(any::<u8>()),
        parts in prop::collection::vec((1..60_usize, 0..60_usize), 1..8),
        steps in prop::collection::vec((any::<bool>(), 0..30_usize, prop::bool::weighted(0.2), any::<u8>()), 1..20),
        begin: u8,
    ) {
        let mut world = World::new(false, true);
        for (n_lines, len) in parts {
            world.play(&Act::Append { n_lines, len, rest: false });
        }
        world.come_to_rest();
        if let Some(q) = q {
            world.play(&Act::Filter(q));
        }
        world.play(&Act::Find(number));
        world.come_to_rest();
        let len = world.server.files[0].len();
        let mut place = len * usize::from(begin) / 256;
        let mut is_hit = false;
        for (down, n_lines, loses, at) in steps {
            world.play(&Act::Append { n_lines, len: n_lines, rest: false });
            world.play(&Act::Jump(at));
            world.come_to_rest();
            let hits = world.server.hits(0);
            // Down from a row that is no hit, that row itself counts.
            let after = if down && !is_hit { place.wrapping_sub(1) } else { place };
            let expected = match place {
                0 if down && !is_hit => hits.first().map(|hit| (*hit, false)),
                _ => next_hit(&hits, after, down),
            };
            let from = (world.server.number(0), ByteOffset::new(place as u64));
            let told = world.seek(down, from, loses);
            let hit = world.follow.current_hit().map(|(_, offset)| offset.get() as usize);
            prop_assert_eq!(hit, expected.map(|(hit, _)| hit), "from {} in {:?}", place, hits);
            let notice = match expected {
                Some((_, true)) => Some(Notice::Wrapped { down }),
                Some((_, false)) => None,
                None => Some(Notice::NoMatch),
            };
            prop_assert_eq!(told, notice.into_iter().collect::<Vec<_>>());
            is_hit = hit.is_some();
            if let Some(hit) = hit {
                place = hit;
                let key = world.went_to.expect("it says where it went");
                prop_assert_eq!(key.offset.get() as usize, hit);
                let (generation, offset) = world.follow.current_hit().expect("a hit");
                prop_assert!(world.follow.window().find(generation, offset).is_some());
            }
        }
    }
}

#[test]
fn steps_on_their_way_are_not_lost_and_can_be_taken_back() {
    let mut world = World::new(false, true);
    world.play(&Act::Append { n_lines: 26 * 5, len: 3, rest: false });
    world.play(&Act::Find(3));
    world.come_to_rest();
    let hits = world.server.hits(0);
    let start = |world: &World| Some((world.server.number(0), ByteOffset::ZERO));
    world.server.random = u32::MAX / 2;
    for _ in 0..2 {
        let from = start(&world);
        world.step(Input::Seek { down: true, from });
    }
    world.come_to_rest();
    let at = |follow: &Follow| follow.current_hit().map(|(_, offset)| offset.get() as usize);
    assert!(at(&world.follow) == Some(hits[0]) || at(&world.follow) == Some(hits[1]));
    let before = at(&world.follow);
    for cancel in [Input::CancelSeek, Input::Find(Some("nothing".to_owned()))] {
        world.step(Input::Seek { down: true, from: None });
        assert!(world.follow.is_seeking());
        let is_other_term = matches!(cancel, Input::Find(_));
        world.step(cancel);
        assert!(!world.follow.is_seeking());
        world.come_to_rest();
        assert_eq!(at(&world.follow), before.filter(|_| !is_other_term));
    }
}

#[test]
fn rows_of_levels_are_visited_in_both_directions_through_a_rotation() {
    let mut world = World::new(true, true);
    for act in
        [Act::Append { n_lines: 9, len: 7, rest: false }, Act::Rotate, Act::Append { n_lines: 8, len: 5, rest: false }]
    {
        world.play(&act);
        world.come_to_rest();
    }
    let levels = LevelChoice::WARNINGS;
    let place = |world: &World, file: usize, at: usize| (world.server.number(file), ByteOffset::new(at as u64));
    let mut all = Vec::new();
    for file in [0, 1] {
        all.extend(world.server.wanted(file, Some(levels)).into_iter().map(|at| place(&world, file, at)));
    }
    assert_eq!(all.len(), 6 + 4);
    for down in [true, false] {
        let (first, last) = (place(&world, 0, 0), place(&world, 1, world.server.files[1].len()));
        let mut from = Stand::At(if down { first } else { last });
        let mut visited = Vec::new();
        loop {
            world.notices.clear();
            world.step(Input::SeekLevels { levels, down, from });
            world.come_to_rest();
            assert!(!world.follow.is_seeking());
            if !world.notices.is_empty() {
                break;
            }
            let hit = world.follow.current_hit().expect("a row");
            visited.push(hit);
            from = Stand::On(hit);
        }
        assert_eq!(world.notices, [Notice::NoMore { levels, down }]);
        assert_eq!(world.follow.current_hit(), visited.last().copied(), "the last one stays");
        if !down {
            visited.reverse();
        }
        assert_eq!(visited, all);
    }
}
