//! Makes `style/ansi.css`: the classes of [`class_names`](super::html::class_names) for both themes.
//!
//! Run the test with `TAILLIGHT_WRITE_CSS=1` to write the file after a change here.
//!
//! # How it fits together
//!
//! Text alone takes its colour from the theme (`--ansi-N`, `--xN`), moved in lightness until it can be read on the
//! theme's background. Backgrounds are the palette's own colours in each theme; text on them is the palette's own
//! colour (`--r`), or black or white where none was set or where it could not be read (`a-near`). Inverse swaps these;
//! a background without a text colour is not shown there, because it would be text on an unknown ground. Dim text is paler
//! where that leaves enough contrast, which is without a colour of its own; coloured text loses colour and not lightness.

use std::fmt::Write as _;
use std::path::Path;

use super::palette;

/// The backgrounds of the themes.
const DARK: [u8; 3] = [0x10, 0x12, 0x16];
const LIGHT: [u8; 3] = [0xFF, 0xFF, 0xFF];

/// What text must have against its ground (WCAG 2, AA).
const CONTRAST: f64 = 4.5;

/// Colours 0 to 15 as text in the dark theme, then in the light one.
const THEME_TEXT: [[u32; 16]; 2] = [
    [
        0x7c8594, 0xff7b72, 0x57c785, 0xe3b341, 0x6cb6ff, 0xd2a8ff, 0x56d4dd, 0xd7dbe2, //
        0x98a2b3, 0xffa198, 0x7ee2a8, 0xf5d76e, 0x96ccff, 0xe2c5ff, 0x8be9f0, 0xffffff,
    ],
    [
        0x000000, 0xb3261e, 0x1a7f3c, 0x7a5b00, 0x0a5fb8, 0x8250df, 0x0b7285, 0x5a6372, //
        0x4d5562, 0xc9281d, 0x116329, 0x8a5a00, 0x0550ae, 0x9a3fd0, 0x075985, 0x6b7483,
    ],
];

const HEAD: &str = "\
/* Colours and attributes of log text. Made by src/ansi/css.rs: change it there. */
[class^=\"a-\"]{color:var(--f,inherit);background:var(--b,none);text-decoration:var(--tu,) var(--ts,) var(--to,)}
.tx{unicode-bidi:isolate}
";

const ATTRS: &str = "\
.a-near{--f:var(--t);--u:var(--n)}
.a-bold{font-weight:700}
.a-dim{opacity:.75}
.a-dim:is([class^=\"a-f\"],[class^=\"a-b\"]:not([class^=\"a-bo\"]),.a-inverse){opacity:1;filter:saturate(.4)}
.a-italic{font-style:italic}
.a-underline{--tu:underline}
.a-double{--tu:underline;text-decoration-style:double}
.a-strike{--ts:line-through}
.a-overline{--to:overline}
.a-inverse{background:var(--r,var(--text));color:var(--u,var(--bg))}
.a-hidden{outline:1px dotted;outline-offset:-1px}
";

/// The relative luminance of a colour (WCAG 2).
pub(super) fn luminance(color: [u8; 3]) -> f64 {
    let [r, g, b] = color.map(|component| {
        let c = f64::from(component) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn contrast(a: [u8; 3], b: [u8; 3]) -> f64 {
    let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
    a.max(b) / a.min(b)
}

/// The colour as text in a theme.
fn as_text(index: u8, ground: [u8; 3]) -> [u8; 3] {
    if let Some(&color) = THEME_TEXT[usize::from(ground == LIGHT)].get(usize::from(index)) {
        let [_, rgb @ ..] = color.to_be_bytes();
        return rgb;
    }
    // Towards black or white, away from the ground, by no more than it takes.
    let own = palette::rgb(index);
    let goal = if ground == LIGHT { 0.0 } else { 255.0 };
    let moved = |step: u32| {
        let share = f64::from(step) / 100.0;
        own.map(|c| (f64::from(c) + (goal - f64::from(c)) * share).round() as u8)
    };
    (0..=100).map(moved).find(|&color| contrast(color, ground) >= CONTRAST).unwrap()
}

/// Black or white, whichever can be read on the colour.
fn readable_on(color: [u8; 3]) -> [u8; 3] {
    let (black, white) = ([0; 3], [255; 3]);
    if contrast(color, black) >= contrast(color, white) { black } else { white }
}

fn hex(color: [u8; 3]) -> String {
    let [r, g, b] = color;
    if color.iter().all(|c| c % 0x11 == 0) {
        format!("#{:x}{:x}{:x}", r / 0x11, g / 0x11, b / 0x11)
    } else {
        format!("#{r:02x}{g:02x}{b:02x}")
    }
}

fn token(index: u8) -> String {
    if index < 16 { format!("--ansi-{index}") } else { format!("--x{index}") }
}

fn tokens(ground: [u8; 3]) -> String {
    (0..=u8::MAX).map(|index| format!("{}:{};", token(index), hex(as_text(index, ground)))).collect()
}

fn make() -> String {
    let (light, dark) = (tokens(LIGHT), tokens(DARK));
    let mut css = HEAD.to_owned();
    writeln!(css, ":root{{{light}}}").unwrap();
    writeln!(css, "@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}").unwrap();
    writeln!(css, "[data-theme=dark]{{{dark}}}").unwrap();
    for index in 0..=u8::MAX {
        let own = palette::rgb(index);
        let (token, own, on_it) = (token(index), hex(own), hex(readable_on(own)));
        writeln!(css, ".a-f{index}{{--f:var({token});--r:{own};--n:{on_it};--u:var(--b,var(--n))}}").unwrap();
    }
    for index in 0..=u8::MAX {
        let own = palette::rgb(index);
        let (own, on_it) = (hex(own), hex(readable_on(own)));
        writeln!(css, ".a-b{index}{{--b:{own};--t:{on_it};--f:var(--r,var(--t))}}").unwrap();
    }
    css.push_str(ATTRS);
    css
}

#[test]
fn the_style_sheet_is_what_the_generator_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("style/ansi.css");
    let made = make();
    if std::env::var_os("TAILLIGHT_WRITE_CSS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == made, "style/ansi.css is old: run this test with TAILLIGHT_WRITE_CSS=1");
}

#[test]
fn every_colour_can_be_read_as_text_in_both_themes() {
    for index in 0..=u8::MAX {
        for ground in [LIGHT, DARK] {
            let ratio = contrast(as_text(index, ground), ground);
            assert!(ratio >= CONTRAST, "colour {index} on {ground:?}: {ratio:.2}");
        }
    }
}

#[test]
fn text_on_a_background_of_the_palette_can_be_read() {
    for index in 0..=u8::MAX {
        let own = palette::rgb(index);
        assert!(contrast(own, readable_on(own)) >= CONTRAST, "{index}");
        for other in 0..=u8::MAX {
            let ratio = contrast(own, palette::rgb(other));
            assert!(!palette::is_readable(index, other) || ratio >= CONTRAST - 0.02, "{index} on {other}: {ratio:.2}");
        }
    }
}

#[test]
fn every_class_has_a_rule() {
    let css = make();
    for bits in 0..9 {
        let style =
            super::Style::from_bytes([1, 0, 2, 0, ((1_u16 << bits) & 0xFF) as u8, ((1_u16 << bits) >> 8) as u8]);
        let mut names = String::new();
        super::html::class_names(style, &mut names);
        for name in names.split(' ') {
            assert!(css.contains(&format!(".{name}{{")), "{name} has no rule");
        }
    }
}
