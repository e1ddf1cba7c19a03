//! Any bytes as a line: the HTML must be text and spans of known classes, and say the same as the line's text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use taillight::ansi::html::line_html;
use taillight::ansi::{Style, StyledLine, parse_line, sanitised, skip_line};

fuzz_target!(|input: (&[u8], [u8; Style::WIRE_LEN])| {
    let (bytes, style) = input;
    let style = Style::from_bytes(style);
    let mut line = StyledLine::default();
    let style_out = parse_line(bytes, style, &mut line);
    assert_eq!(skip_line(bytes, style), style_out);
    assert_eq!(line.runs.iter().map(|run| run.len as usize).sum::<usize>(), line.text.len());
    assert!(!line.text.contains(|c: char| c.is_control() && c != '\t'));

    let mut html = String::new();
    line_html(&line, &mut html);
    assert_eq!(text_of(&html), line.text);

    let mut clean = String::new();
    sanitised(bytes, style, &mut clean);
    let mut again = StyledLine::default();
    assert_eq!(parse_line(clean.as_bytes(), Style::PLAIN, &mut again), Style::PLAIN);
    assert_eq!(again.text, line.text);
});

/// Takes the only two tags away that may be there, then the entities.
fn text_of(html: &str) -> String {
    let mut text = String::new();
    for (i, part) in html.split("<span class=\"").enumerate() {
        let part =
            if i == 0 {
                part
            } else {
                part.split_once("\">").map_or(part, |(classes, rest)| {
                    assert!(classes.split(' ').all(|class| class.starts_with("a-")
                        && class.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')));
                    rest
                })
            };
        text.push_str(&part.replacen("</span>", "", usize::from(i > 0)));
    }
    assert!(!text.contains(['<', '>', '"', '\'']));
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}
