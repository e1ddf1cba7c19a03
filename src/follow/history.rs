//! What happened to the file, and which file each of its lives was.

use std::collections::VecDeque;

use crate::cursor::{Generation, Identity};
use crate::line::ByteOffset;
use crate::window::{Divider, Position};

/// How many events and lives are remembered: older ones cannot be scrolled back to.
const MAX_REMEMBERED: usize = 64;

/// Events and identities of a connection.
#[derive(Debug, Default)]
pub(super) struct History {
    events: VecDeque<Divider>,
    identities: VecDeque<(Generation, Identity)>,
    /// Generations before this one are of another connection: their numbers mean nothing to the server.
    oldest: Option<Generation>,
}

impl History {
    /// Remembers an event; `false` when it is known already.
    pub(super) fn note(&mut self, event: Divider) -> bool {
        if self.events.contains(&event) {
            return false;
        }
        if self.events.len() == MAX_REMEMBERED {
            self.events.pop_front();
        }
        self.events.push_back(event);
        true
    }

    /// Remembers which file a generation is.
    pub(super) fn identify(&mut self, generation: Generation, identity: Identity) {
        self.identities.retain(|(other, _)| *other != generation);
        if self.identities.len() == MAX_REMEMBERED {
            self.identities.pop_front();
        }
        self.identities.push_back((generation, identity));
    }

    /// Which file a generation is.
    pub(super) fn identity(&self, generation: Generation) -> Option<Identity> {
        self.identities.iter().find(|(other, _)| *other == generation).map(|(_, identity)| *identity)
    }

    /// What ended the generation that `next` came after, if that can still be asked for.
    pub(super) fn before(&self, next: Generation) -> Option<Divider> {
        let is_readable = |event: &&Divider| self.oldest.is_none_or(|oldest| event.generation >= oldest);
        self.events.iter().rev().filter(is_readable).find(|event| event.next == Some(next)).copied()
    }

    /// What ended a generation.
    pub(super) fn end_of(&self, generation: Generation) -> Option<Divider> {
        self.events.iter().find(|event| event.generation == generation && event.next.is_some()).copied()
    }

    /// What happened exactly where the lines of a window end.
    pub(super) fn at(&self, (generation, offset): Position) -> Option<Divider> {
        let is_there = |event: &&Divider| (event.generation, event.at) == (generation, offset) && event.next.is_some();
        self.events.iter().find(is_there).copied()
    }

    /// A new connection counts from `generation` on: what was before cannot be asked for any more.
    pub(super) fn begin(&mut self, generation: Generation) {
        self.events.clear();
        self.identities.clear();
        self.oldest = Some(generation);
    }

    /// That place, or the start of the oldest generation that the server knows when it does not know that one.
    pub(super) fn known(&self, place: Position) -> Position {
        self.oldest.filter(|oldest| place.0 < *oldest).map_or(place, |oldest| (oldest, ByteOffset::ZERO))
    }

    /// Whether rows of a generation above `offset` can be asked for.
    pub(super) fn can_read_above(&self, (generation, offset): Position) -> bool {
        offset > ByteOffset::ZERO && self.oldest.is_none_or(|oldest| generation >= oldest)
    }
}
