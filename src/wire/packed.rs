//! How a compressed file stands.

use serde::{Deserialize, Serialize};

/// How far a compressed file is decoded. What is decoded can be read in every state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unpacking {
    /// Others are decoded first.
    Queued,
    /// It is being decoded.
    Decoding {
        /// How much of the compressed file was used, 0 to 99.
        percent: u8,
    },
    /// All of it is decoded. It may grow.
    Whole,
    /// The compressed file ends too early: all there is of it is decoded. It may grow.
    Incomplete,
    /// The compressed file is damaged: what comes before the damage is decoded.
    Damaged,
    /// It stands for more than is decoded for viewers.
    TooLarge,
    /// It needs a larger window than is allowed.
    Window,
    /// There is no room to keep what it stands for.
    NoRoom,
}

impl Unpacking {
    /// Whether more comes by itself.
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::Queued | Self::Decoding { .. })
    }

    /// Whether what is decoded is not all that it stands for, and no more comes by itself.
    pub const fn is_cut_short(self) -> bool {
        matches!(self, Self::Incomplete | Self::Damaged | Self::TooLarge | Self::Window | Self::NoRoom)
    }

    /// Whether another try may come further.
    pub const fn may_be_tried_again(self) -> bool {
        matches!(self, Self::NoRoom)
    }

    /// What the state line says after its first word.
    pub fn words(self) -> String {
        match self {
            Self::Queued => "compressed, waits to be decoded".to_owned(),
            Self::Decoding { percent } => format!("compressed, {percent} % decoded"),
            Self::Whole => "compressed".to_owned(),
            Self::Incomplete => "compressed, incomplete".to_owned(),
            Self::Damaged => "compressed, damaged".to_owned(),
            Self::TooLarge | Self::NoRoom => "compressed, cut short".to_owned(),
            Self::Window => "compressed, cannot be decoded".to_owned(),
        }
    }

    /// What a banner says to people; `None` where nothing is wrong.
    pub const fn banner(self) -> Option<&'static str> {
        match self {
            Self::Queued | Self::Decoding { .. } | Self::Whole => None,
            Self::Incomplete => Some(
                "This compressed file ends too early. All there is of it is shown; it goes on when the file grows.",
            ),
            Self::Damaged => Some("This compressed file is damaged. What comes before the damage is shown."),
            Self::TooLarge => Some(
                "This compressed file stands for more than the server keeps (limits.spool_bytes). Its beginning is shown; \
                 'taillight query' reads all of it.",
            ),
            Self::NoRoom => Some(
                "The server has no room left to keep what this compressed file stands for (--cache-dir, \
                 limits.spool_bytes). Its beginning is shown; 'taillight query' reads all of it.",
            ),
            Self::Window => Some(
                "This file was compressed with a larger window than 32 MB, which the server does not decode. 'taillight \
                 query' reads it.",
            ),
        }
    }
}
