//! The fields of a line that is a JSON object: only the outermost, and only where they are. Nothing is decoded.

/// The fields of the object that a line is, in their order. Ends where the line stops being JSON.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'a> {
    line: &'a [u8],
    at: usize,
    /// Where the last value began.
    value_at: usize,
}

/// What a field holds, as it stands in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// Between quotes; escapes as they are.
    Text(&'a [u8]),
    /// A number, `true`, `false` or `null`.
    Bare(&'a [u8]),
    /// An object or a list, with its braces.
    Nested(&'a [u8]),
}

impl<'a> Fields<'a> {
    /// `None` when the line does not begin with an object that has something in it.
    pub(crate) fn of(line: &'a [u8]) -> Option<Self> {
        let mut fields = Self { line, at: 0, value_at: 0 };
        fields.skip_blanks();
        fields.eat(b'{')?;
        fields.skip_blanks();
        (fields.peek() == Some(b'"')).then_some(fields)
    }

    /// Where the value began that came last, without its quote.
    pub(crate) const fn value_at(&self) -> usize {
        self.value_at
    }

    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// What is between the quotes.
    fn text(&mut self) -> Option<&'a [u8]> {
        self.eat(b'"')?;
        let start = self.at;
        loop {
            let found = memchr::memchr2(b'"', b'\\', self.line.get(self.at..)?)?;
            self.at += found;
            if self.peek() == Some(b'"') {
                let text = self.line.get(start..self.at)?;
                self.at += 1;
                return Some(text);
            }
            self.at += 2;
        }
    }

    fn nested(&mut self) -> Option<&'a [u8]> {
        let start = self.at;
        let mut depth = 0_u32;
        loop {
            match self.peek()? {
                b'"' => {
                    self.text()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return self.line.get(start..self.at);
            }
        }
    }

    fn value(&mut self) -> Option<Value<'a>> {
        let first = self.peek()?;
        self.value_at = self.at + usize::from(first == b'"');
        match first {
            b'"' => self.text().map(Value::Text),
            b'{' | b'[' => self.nested().map(Value::Nested),
            _ => {
                let rest = self.line.get(self.at..)?;
                let len = rest.iter().position(|byte| matches!(byte, b',' | b'}' | b' ' | b'\t')).unwrap_or(rest.len());
                self.at += len;
                rest.get(..len).map(Value::Bare)
            }
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let name = self.text()?;
        self.skip_blanks();
        self.eat(b':')?;
        self.skip_blanks();
        let value = self.value()?;
        self.skip_blanks();
        // The last one has nothing behind it that would be one.
        let _ = self.eat(b',');
        self.skip_blanks();
        Some((name, value))
    }
}
