//! Two other readers of escapes must see what we see: `ansi-to-html` in what we clean for it, and `vte` in raw lines.

use std::path::Path;

use super::*;

/// What a character looks like, as far as both sides can say it.
type Look = (char, Style);

fn ours(bytes: &[u8], style_in: Style) -> Vec<Look> {
    let mut line = StyledLine::default();
    parse_line(bytes, style_in, &mut line);
    line.pieces().flat_map(|(text, style)| text.chars().map(move |c| (c, style))).collect()
}

mod vte_reader {
    //! The line as a terminal's parser sees it.

    use vte::ansi::{Attr, Color as VteColor, Handler, NamedColor, Processor, Timeout};

    use super::*;

    #[derive(Default)]
    struct Reader {
        looks: Vec<Look>,
        style: Style,
    }

    /// Synchronized updates are not among the lines that are compared.
    #[derive(Default)]
    struct NoTimeout;

    impl Timeout for NoTimeout {
        fn set_timeout(&mut self, _: std::time::Duration) {}

        fn clear_timeout(&mut self) {}

        fn pending_timeout(&self) -> bool {
            false
        }
    }

    pub fn looks(bytes: &[u8]) -> Vec<Look> {
        let mut reader = Reader::default();
        Processor::<NoTimeout>::new().advance(&mut reader, bytes);
        reader.looks
    }

    impl Handler for Reader {
        fn input(&mut self, c: char) {
            self.looks.push((c, self.style));
        }

        fn terminal_attribute(&mut self, attr: Attr) {
            let Style { fg, bg, attrs } = &mut self.style;
            let underline = Attrs::UNDERLINE.with(Attrs::DOUBLE_UNDERLINE);
            match attr {
                Attr::Reset => self.style = Style::PLAIN,
                Attr::Bold => *attrs = attrs.with(Attrs::BOLD),
                Attr::Dim => *attrs = attrs.with(Attrs::DIM),
                Attr::Italic => *attrs = attrs.with(Attrs::ITALIC),
                Attr::DoubleUnderline => *attrs = attrs.without(underline).with(Attrs::DOUBLE_UNDERLINE),
                Attr::Underline | Attr::Undercurl | Attr::DottedUnderline | Attr::DashedUnderline => {
                    *attrs = attrs.without(underline).with(Attrs::UNDERLINE);
                }
                Attr::Reverse => *attrs = attrs.with(Attrs::INVERSE),
                Attr::Hidden => *attrs = attrs.with(Attrs::HIDDEN),
                Attr::Strike => *attrs = attrs.with(Attrs::STRIKE),
                Attr::CancelBoldDim => *attrs = attrs.without(Attrs::BOLD.with(Attrs::DIM)),
                Attr::CancelItalic => *attrs = attrs.without(Attrs::ITALIC),
                Attr::CancelUnderline => *attrs = attrs.without(underline),
                Attr::CancelReverse => *attrs = attrs.without(Attrs::INVERSE),
                Attr::CancelHidden => *attrs = attrs.without(Attrs::HIDDEN),
                Attr::CancelStrike => *attrs = attrs.without(Attrs::STRIKE),
                Attr::Foreground(color) => *fg = read_color(color),
                Attr::Background(color) => *bg = read_color(color),
                _ => {}
            }
        }
    }

    fn read_color(color: VteColor) -> Color {
        match color {
            VteColor::Named(NamedColor::Foreground | NamedColor::Background) => Color::DEFAULT,
            VteColor::Named(name) => Color::indexed(u8::try_from(name as usize).unwrap()),
            VteColor::Indexed(index) => Color::indexed(index),
            VteColor::Spec(rgb) => Color::indexed(palette::nearest([rgb.r, rgb.g, rgb.b])),
        }
    }
}

mod html_reader {
    //! The HTML of `ansi-to-html`, walked tag by tag.

    use super::*;

    pub fn looks(html: &str) -> Vec<Look> {
        let mut looks = Vec::new();
        let mut open = vec![Style::PLAIN];
        let mut rest = html;
        while let Some(c) = rest.chars().next() {
            let mut style = *open.last().unwrap();
            if let Some(tag) = rest.strip_prefix('<') {
                let (tag, after) = tag.split_once('>').unwrap();
                if tag.starts_with('/') {
                    open.pop();
                } else {
                    apply_tag(tag, &mut style);
                    open.push(style);
                }
                rest = after;
            } else if c == '&' {
                let (entity, after) = rest.split_once(';').unwrap();
                let c = match entity {
                    "&amp" => '&',
                    "&lt" => '<',
                    "&gt" => '>',
                    "&quot" => '"',
                    "&#39" => '\'',
                    _ => panic!("{entity}"),
                };
                looks.push((c, style));
                rest = after;
            } else {
                looks.push((c, style));
                rest = &rest[c.len_utf8()..];
            }
        }
        looks
    }

    fn apply_tag(tag: &str, style: &mut Style) {
        let attr = match tag {
            "b" => Attrs::BOLD,
            "i" => Attrs::ITALIC,
            "u" => Attrs::UNDERLINE,
            "s" => Attrs::STRIKE,
            "span style='opacity:0.67'" => Attrs::DIM,
            "u style='text-decoration-style:double'" => Attrs::DOUBLE_UNDERLINE,
            "u style='text-decoration:overline'" => Attrs::OVERLINE,
            _ => {
                let css = tag.strip_prefix("span style='").and_then(|tag| tag.strip_suffix('\'')).unwrap();
                for (property, value) in css.split(';').map(|rule| rule.split_once(':').unwrap()) {
                    match property {
                        "color" => style.fg = read_color(value),
                        "background" => style.bg = read_color(value),
                        _ => panic!("{css}"),
                    }
                }
                return;
            }
        };
        style.attrs = style.attrs.with(attr);
    }

    fn read_color(value: &str) -> Color {
        const NAMES: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];
        if let Some(var) = value.strip_prefix("var(--") {
            let (name, _) = var.split_once(',').unwrap();
            let base = if name.starts_with("bright-") { 8 } else { 0 };
            let at = NAMES.iter().position(|n| *n == name.trim_start_matches("bright-")).unwrap();
            return Color::indexed(u8::try_from(base + at).unwrap());
        }
        let digits: Vec<u8> = value.trim_start_matches('#').chars().map(|c| c.to_digit(16).unwrap() as u8).collect();
        let rgb = match *digits.as_slice() {
            [r, g, b] => [r * 17, g * 17, b * 17],
            [a, b, c, d, e, f] => [a * 16 + b, c * 16 + d, e * 16 + f],
            _ => panic!("{value}"),
        };
        // Different numbers of the palette may be one colour; the nearest stands for all of them.
        Color::indexed(palette::nearest(rgb))
    }
}

/// Our look in the terms of `ansi-to-html` with its dark theme: inverse is two colours, hidden is nothing.
fn resolved((c, style): Look) -> Look {
    let canonical = |color: Color| match color.index() {
        Some(index @ 16..) => Color::indexed(palette::nearest(palette::rgb(index))),
        _ => color,
    };
    let or = |color: Color, index| if color == Color::DEFAULT { Color::indexed(index) } else { color };
    let (fg, bg) = (canonical(style.fg), canonical(style.bg));
    let attrs = style.attrs.without(Attrs::HIDDEN).without(Attrs::INVERSE);
    let (fg, bg) = if style.attrs.contains(Attrs::INVERSE) { (or(bg, 0), or(fg, 15)) } else { (fg, bg) };
    (c, Style { fg, bg, attrs })
}

#[track_caller]
fn check_against_ansi_to_html(bytes: &[u8], style_in: Style) {
    let mut clean = String::new();
    sanitised(bytes, style_in, &mut clean);
    let html = ansi_to_html::convert(&clean).unwrap();
    assert!(!html.contains('\x1b'), "{bytes:?}");
    let ours: Vec<Look> = ours(bytes, style_in).into_iter().map(resolved).collect();
    assert_eq!(html_reader::looks(&html), ours, "{bytes:?}");
}

/// Text and complete colour sequences that both parsers mean to understand.
fn styled_line() -> impl Strategy<Value = String> {
    let code = "(0|1|2|3|4|7|8|9|22|23|24|27|28|29|3[0-79]|4[0-79]|9[0-7]|10[0-7]|)";
    let color = "[34]8(;5;(1?[0-9]?[0-9])|;2;1[0-9]{2};[0-9]{2};[0-9]|:5:[0-9]{2}|:2:0:1[0-9]{2}:9:[0-9]{2})";
    let shape = "4:[0-5]";
    let sequence = format!("\x1b\\[({code}|{color}|{shape})(;({code}|{color}|{shape})){{0,3}}m");
    let other = "\x1b\\[[0-9]{0,2}[ABCDJK]|\x1b\\]0;[a-z]{0,4}(\x07|\x1b\\\\)";
    proptest::string::string_regex(&format!("([ -~é日]{{0,5}}({sequence}|{other})){{0,6}}[a-z<>&\"']{{0,4}}")).unwrap()
}

proptest! {
    #[test]
    fn ansi_to_html_shows_the_same_looks(line in styled_line(), style in any_style()) {
        check_against_ansi_to_html(line.as_bytes(), style);
    }

    #[test]
    fn ansi_to_html_understands_every_sanitised_line(line in hostile_line(), style in any_style()) {
        check_against_ansi_to_html(&line, style);
    }

    #[test]
    fn vte_reads_the_same_looks(line in styled_line()) {
        prop_assert_eq!(vte_reader::looks(line.as_bytes()), ours(line.as_bytes(), Style::PLAIN));
    }
}

#[test]
fn real_logs_read_the_same_everywhere() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/logs");
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("skipped: {} is not there", folder.display());
        return;
    };
    let mut n_lines = 0;
    for file in files {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for line in bytes.split(|&byte| byte == b'\n') {
            let mut parsed = StyledLine::default();
            parse_line(line, Style::PLAIN, &mut parsed);
            let expected = line.strip_suffix(b"\r").unwrap_or(line);
            assert_eq!(parsed.text, String::from_utf8_lossy(expected));
            let mut html = String::new();
            line_html(&parsed, &mut html);
            assert_eq!(html, ansi_to_html::convert(&parsed.text).unwrap());
            check_against_ansi_to_html(line, Style { fg: Color::indexed(2), ..Style::PLAIN });
            n_lines += 1;
        }
    }
    assert!(n_lines > 10_000, "only {n_lines} lines in {}", folder.display());
}
