//! The follower against real files.
