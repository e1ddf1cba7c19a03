//! The same of a stream, which is read once from its start to its end.

use std::io;
use std::sync::Arc;

use taillight::line::ByteLen;

use super::{MAX_LINE_BYTES, Survey};
use crate::dates::Dates;

/// How much is read at once, in bytes.
const READ_BYTES: usize = 256 * 1024;

/// A stream, as far as it was read.
struct Stream {
    survey: Survey,
    dates: Arc<Dates>,
    scratch: Vec<u8>,
    /// The line that is not over: what is looked at of it.
    line: Vec<u8>,
    /// How many more bytes it has.
    more: u64,
    /// Whether the last byte read was a carriage return.
    has_return: bool,
}

/// The lines of a stream that begins with `head`, and whose times are told that way.
///
/// # Errors
/// When reading fails.
pub fn survey_stream(head: &[u8], dates: Arc<Dates>, mut rest: impl io::Read) -> io::Result<Survey> {
    let (survey, scratch, line) = (Survey::default(), Vec::new(), Vec::new());
    let mut stream = Stream { survey, dates, scratch, line, more: 0, has_return: false };
    stream.part(head);
    let mut buf = vec![0; READ_BYTES];
    loop {
        match rest.read(&mut buf) {
            Ok(0) => break,
            Ok(n_read) => stream.part(buf.get(..n_read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if !stream.line.is_empty() {
        stream.end_line(true);
    }
    Ok(stream.survey)
}

impl Stream {
    fn part(&mut self, bytes: &[u8]) {
        self.survey.bytes = self.survey.bytes + ByteLen::new(bytes.len() as u64);
        let mut bytes = bytes;
        if !self.line.is_empty() {
            let feed = memchr::memchr(b'\n', bytes);
            let (end, rest) = bytes.split_at(feed.unwrap_or(bytes.len()));
            self.extend(end);
            let Some(rest) = rest.strip_prefix(b"\n") else { return };
            self.end_line(false);
            bytes = rest;
        }
        let (whole, rest) = bytes.split_at(memchr::memrchr(b'\n', bytes).map_or(0, |feed| feed + 1));
        let dates = &self.dates;
        self.survey.whole(whole, &mut self.scratch, &mut |line| dates.time(line));
        self.extend(rest);
    }

    fn extend(&mut self, bytes: &[u8]) {
        let (kept, more) = bytes.split_at(bytes.len().min(MAX_LINE_BYTES - self.line.len()));
        self.line.extend_from_slice(kept);
        self.more += more.len() as u64;
        self.has_return = bytes.last().map_or(self.has_return, |&last| last == b'\r');
    }

    fn end_line(&mut self, is_unfinished: bool) {
        let dates = &self.dates;
        self.survey.head(&self.line, is_unfinished || self.more > 0, &mut |line| dates.time(line));
        self.survey.measured(self.line.len() as u64 + self.more, self.has_return);
        self.line.clear();
        (self.more, self.has_return) = (0, false);
    }
}
