//! Where hits stand in the elements of a row: from byte ranges of its text to text nodes and the browser's UTF-16 units.

/// A stretch of a row's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Where it begins.
    pub start: Point,
    /// Where it ends.
    pub end: Point,
}

/// A place in a row's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Which piece of the text, from 0: each is one text node.
    pub piece: usize,
    /// How many UTF-16 units into it.
    pub units: u32,
}

/// The marks of `spans`: byte ranges in the text that `pieces` make up, in order and apart from each other. What lies
/// past the text is left out.
pub fn marks<'a>(pieces: impl Iterator<Item = &'a str>, spans: &[(u32, u32)]) -> Vec<Mark> {
    let mut marks = Vec::with_capacity(spans.len());
    let mut spans = spans.iter().filter(|(start, end)| start < end).peekable();
    let mut base = 0;
    let mut start = None;
    for (piece, text) in pieces.enumerate() {
        let mut reader = Units { text, bytes: 0, units: 0 };
        let end_of_piece = base + text.len();
        while let Some((from, to)) = spans.peek().map(|(from, to)| (*from as usize, *to as usize)) {
            if start.is_none() && from < end_of_piece {
                start = Some(Point { piece, units: reader.at(from.saturating_sub(base)) });
            }
            let Some(begun) = start.filter(|_| to <= end_of_piece) else { break };
            marks.push(Mark { start: begun, end: Point { piece, units: reader.at(to - base) } });
            start = None;
            spans.next();
        }
        base = end_of_piece;
    }
    marks
}

/// Counts UTF-16 units along a text: each part is looked at once.
struct Units<'a> {
    text: &'a str,
    bytes: usize,
    units: u32,
}

impl Units<'_> {
    /// The units before a byte. A byte inside a character stands for the character's start.
    fn at(&mut self, byte: usize) -> u32 {
        let byte = self.text.floor_char_boundary(byte);
        if let Some(passed) = self.text.get(self.bytes..byte) {
            self.units += passed.chars().map(|c| c.len_utf16() as u32).sum::<u32>();
            self.bytes = byte;
        }
        self.units
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of each mark, cut out of the pieces in UTF-16 as a browser does it.
    fn check(pieces: &[&str], spans: &[(u32, u32)], expected: &[&str]) {
        let cut = |mark: &Mark| {
            let mut text = String::new();
            for (idx, piece) in pieces.iter().enumerate().take(mark.end.piece + 1).skip(mark.start.piece) {
                let units: Vec<u16> = piece.encode_utf16().collect();
                let from = if idx == mark.start.piece { mark.start.units as usize } else { 0 };
                let to = if idx == mark.end.piece { mark.end.units as usize } else { units.len() };
                text.push_str(&String::from_utf16(&units[from..to]).unwrap());
            }
            text
        };
        let found: Vec<String> = marks(pieces.iter().copied(), spans).iter().map(cut).collect();
        assert_eq!(found, expected, "{pieces:?} {spans:?}");
    }

    #[test]
    fn hits_are_found_in_the_pieces_they_stand_in() {
        check(&["one two"], &[(4, 7)], &["two"]);
        check(&["one ", "two", " three"], &[(0, 3), (4, 7), (8, 13)], &["one", "two", "three"]);
        check(&["one ", "two", " three"], &[(2, 9)], &["e two t"]);
        check(&["a", "b", "c", "d"], &[(0, 2), (2, 4)], &["ab", "cd"]);
        check(&[], &[(0, 1)], &[]);
        check(&["short"], &[(2, 50), (60, 70)], &[]);
        check(&["short"], &[(2, 2), (3, 5)], &["rt"]);
    }

    #[test]
    fn characters_count_as_the_browser_counts_them() {
        // é: 2 bytes, 1 unit. 😀: 4 bytes, 2 units.
        check(&["é😀x"], &[(6, 7)], &["x"]);
        check(&["é", "😀é"], &[(0, 6), (6, 8)], &["é😀", "é"]);
        check(&["日本語"], &[(3, 6)], &["本"]);
        // Inside a character: its start.
        check(&["日本語"], &[(4, 7)], &["本"]);
    }
}
