//! Lines as the seed's messages: HTML by `ansi-to-html`, or text.

use taillight::ansi::{self, Style};
use taillight::wire::MAX_LIVE_BYTES;

/// How lines are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// ANSI converted to HTML, everything else escaped.
    Html,
    /// Escapes removed.
    Text,
}

/// Renders lines in stream order and carries the look from one to the next.
pub(super) struct Renderer {
    format: Format,
    style: Style,
}

impl Renderer {
    pub(super) fn new(format: Format) -> Self {
        Self { format, style: Style::PLAIN }
    }

    /// The messages for `lines`: whole lines, at most 64 KiB each unless one line is longer. A last line without a
    /// newline gets one.
    pub(super) fn messages(&mut self, lines: &[u8]) -> Vec<String> {
        let mut messages = Vec::new();
        let mut message = String::new();
        for line in lines.split_inclusive(|&byte| byte == b'\n') {
            let rendered = self.line(line.strip_suffix(b"\n").unwrap_or(line));
            if !message.is_empty() && message.len() + rendered.len() + 1 > MAX_LIVE_BYTES {
                messages.push(std::mem::take(&mut message));
            }
            message.push_str(&rendered);
            message.push('\n');
        }
        if !message.is_empty() {
            messages.push(message);
        }
        messages
    }

    fn line(&mut self, line: &[u8]) -> String {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match self.format {
            Format::Text => {
                let mut plain = Vec::with_capacity(line.len());
                ansi::plain(line, &mut plain);
                String::from_utf8_lossy(&plain).into_owned()
            }
            Format::Html => {
                let mut clean = String::with_capacity(line.len());
                self.style = ansi::sanitised(line, self.style, &mut clean);
                // Sanitised text always converts; were it ever refused, the line is shown without its colours.
                ansi_to_html::convert(&clean).unwrap_or_else(|_| ansi_to_html::Esc(&clean).to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: Format, lines: &str, expected: &[&str]) {
        assert_eq!(Renderer::new(format).messages(lines.as_bytes()), expected, "{lines:?}");
    }

    #[test]
    fn colours_become_html_and_are_carried_to_the_next_line() {
        check(Format::Html, "a <b>\n", &["a &lt;b&gt;\n"]);
        check(
            Format::Html,
            "\x1b[31mred\nstill\x1b[0m\n",
            &["<span style='color:var(--red,#a00)'>red</span>\n<span style='color:var(--red,#a00)'>still</span>\n"],
        );
    }

    #[test]
    fn text_has_no_escapes_and_no_carriage_return() {
        check(Format::Text, "\x1b[31mred\x1b[0m <b>\r\nend", &["red <b>\nend\n"]);
    }

    #[test]
    fn messages_hold_whole_lines_up_to_their_limit() {
        let line = format!("{}\n", "x".repeat(40_000));
        let long = format!("{}\n", "y".repeat(100_000));
        let all = [line.as_str(), &line, &long, "z\n"].concat();
        check(Format::Text, &all, &[&line, &line, &long, "z\n"]);
    }
}
