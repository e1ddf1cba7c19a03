//! The pure core of Taillight, compiled for the server and for the page: no I/O, no clock, no runtime.
//!
//! # The map
//!
//! | Room | Owns |
//! |---|---|
//! | [`mod@line`] | positions and lengths as types that do not mix |
//! | [`path`] | a log's path in requests: root and components, decoded once |
//! | [`cursor`] | which file exactly, and where in it: identity, generation, cursor, anchor |
//! | [`ansi`] | escapes to text and style runs, and a line as escaped HTML |
//! | [`level`] | how bad it is what a line tells: levels, sets of them, and where they stand in lines |
//! | [`timestamp`] | when a line was written: the time that stands in it, and times that people type |
//! | [`query`] | the query language: text to tree and back, what is wrong with a text, and whether a line matches |
//! | [`row`] | the rows of the first screen as HTML |
//! | [`wire`] | the viewer's messages, their limits and their bytes |
//! | [`window`] | the lines a client holds: a contiguous run, with dividers where the file was rotated or cut |
//! | [`follow`] | the client's side of the stream without I/O: message, tick or user in, effects out |
//! | [`view`] | what is on the screen as one value: commands, the link, the keys, places that people type |
//! | [`viewport`] | rows and positions to pixels and back, without a browser's height limit |

pub mod ansi;
pub mod cursor;
mod fields;
pub mod follow;
pub mod level;
pub mod line;
pub mod path;
pub mod query;
pub mod row;
pub mod timestamp;
pub mod view;
pub mod viewport;
pub mod window;
pub mod wire;
