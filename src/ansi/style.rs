//! What an escape can do to text: a closed list of colours and attributes, small enough to carry from line to line.

use serde::{Deserialize, Serialize};

/// A colour of the 256-colour palette, or the default. True colour is rounded to the palette, so that a colour is
/// always a class from a closed list and never a style attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Color(u16);

/// A set of text attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attrs(u16);

/// The look of a run of text: colours and attributes. The default is plain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Style {
    /// Text colour.
    pub fg: Color,
    /// Background colour.
    pub bg: Color,
    /// Bold, underline and the like.
    pub attrs: Attrs,
}

impl Color {
    /// The colour of the theme.
    pub const DEFAULT: Self = Self(0);

    /// Colour `index` of the 256-colour palette; the first 16 are the theme's.
    pub const fn indexed(index: u8) -> Self {
        Self(index as u16 + 1)
    }

    /// The index in the palette, or `None` for the default.
    pub const fn index(self) -> Option<u8> {
        match self.0 {
            0 => None,
            n => Some((n - 1) as u8),
        }
    }
}

impl Attrs {
    /// None.
    pub const NONE: Self = Self(0);
    /// SGR 1.
    pub const BOLD: Self = Self(1);
    /// SGR 2.
    pub const DIM: Self = Self(1 << 1);
    /// SGR 3.
    pub const ITALIC: Self = Self(1 << 2);
    /// SGR 4.
    pub const UNDERLINE: Self = Self(1 << 3);
    /// SGR 21 and `4:2`.
    pub const DOUBLE_UNDERLINE: Self = Self(1 << 4);
    /// SGR 7.
    pub const INVERSE: Self = Self(1 << 5);
    /// SGR 9.
    pub const STRIKE: Self = Self(1 << 6);
    /// SGR 53.
    pub const OVERLINE: Self = Self(1 << 7);
    /// SGR 8: the text stays readable and is marked as hidden.
    pub const HIDDEN: Self = Self(1 << 8);

    const ALL: u16 = (1 << 9) - 1;

    /// Whether each of `other` is in the set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The set with `other` added.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The set with `other` taken away.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl Style {
    /// How many bytes a style takes on the wire.
    pub const WIRE_LEN: usize = 6;

    /// Neither colours nor attributes.
    pub const PLAIN: Self = Self { fg: Color::DEFAULT, bg: Color::DEFAULT, attrs: Attrs::NONE };

    /// Whether it changes nothing.
    pub fn is_plain(self) -> bool {
        self == Self::PLAIN
    }

    /// The style as three little-endian 16-bit numbers: text colour, background, attributes.
    pub fn to_bytes(self) -> [u8; Self::WIRE_LEN] {
        let [f0, f1] = self.fg.0.to_le_bytes();
        let [b0, b1] = self.bg.0.to_le_bytes();
        let [a0, a1] = self.attrs.0.to_le_bytes();
        [f0, f1, b0, b1, a0, a1]
    }

    /// The inverse of [`Style::to_bytes`]. What no escape can make becomes something near: colours that do not exist
    /// the default, both underlines the double one, and attributes that do not exist are left out.
    pub fn from_bytes(bytes: [u8; Self::WIRE_LEN]) -> Self {
        let [f0, f1, b0, b1, a0, a1] = bytes;
        let color = |n: u16| if n > 256 { Color::DEFAULT } else { Color(n) };
        let attrs = Attrs(u16::from_le_bytes([a0, a1]) & Attrs::ALL);
        Self {
            fg: color(u16::from_le_bytes([f0, f1])),
            bg: color(u16::from_le_bytes([b0, b1])),
            attrs: if attrs.contains(Attrs::DOUBLE_UNDERLINE) { attrs.without(Attrs::UNDERLINE) } else { attrs },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_a_style_that_cannot_be_become_one_that_can() {
        for (bytes, expected) in [
            ([1, 0, 0, 1, 0, 0], Style { fg: Color::indexed(0), bg: Color::indexed(255), attrs: Attrs::NONE }),
            ([1, 1, 255, 255, 0, 0], Style::PLAIN),
            ([0, 0, 0, 0, 0, 0xFE], Style::PLAIN),
            ([0, 0, 0, 0, 0b1_1000, 0], Style { attrs: Attrs::DOUBLE_UNDERLINE, ..Style::PLAIN }),
        ] {
            assert_eq!(Style::from_bytes(bytes), expected, "{bytes:?}");
            assert_eq!(Style::from_bytes(expected.to_bytes()), expected);
        }
    }
}
