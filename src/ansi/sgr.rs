//! The parameters of a colour sequence, applied to a style.

use super::palette;
use super::style::{Attrs, Color, Style};

/// A parameter and its sub-parameters (`38:2::255:0:0`). More than fit are left out: nothing has that many.
struct Param {
    values: [u16; Param::MAX],
    len: usize,
}

/// Applies what stands between `ESC [` and `m`. Unknown parameters change nothing; a missing number is 0.
pub(super) fn apply(mut style: Style, params: &[u8]) -> Style {
    let mut params = params.split(|&byte| byte == b';').map(Param::parse);
    while let Some(param) = params.next() {
        match *param.values() {
            [38] => style.fg = following_color(&mut params).unwrap_or(style.fg),
            [48] => style.bg = following_color(&mut params).unwrap_or(style.bg),
            // The colour of underlines is not shown, but its parameters must not be taken for others.
            [58] => drop(following_color(&mut params)),
            [38, ref of @ ..] => style.fg = colon_color(of).unwrap_or(style.fg),
            [48, ref of @ ..] => style.bg = colon_color(of).unwrap_or(style.bg),
            [4, shape] => style.attrs = underlined(style.attrs, shape),
            [code] => style = apply_code(style, code),
            _ => {}
        }
    }
    style
}

fn apply_code(style: Style, code: u16) -> Style {
    let Style { fg, bg, attrs } = style;
    let attrs = match code {
        0 => return Style::PLAIN,
        1 => attrs.with(Attrs::BOLD),
        2 => attrs.with(Attrs::DIM),
        3 => attrs.with(Attrs::ITALIC),
        4 => underlined(attrs, 1),
        7 => attrs.with(Attrs::INVERSE),
        8 => attrs.with(Attrs::HIDDEN),
        9 => attrs.with(Attrs::STRIKE),
        21 => underlined(attrs, 2),
        22 => attrs.without(Attrs::BOLD.with(Attrs::DIM)),
        23 => attrs.without(Attrs::ITALIC),
        24 => underlined(attrs, 0),
        27 => attrs.without(Attrs::INVERSE),
        28 => attrs.without(Attrs::HIDDEN),
        29 => attrs.without(Attrs::STRIKE),
        53 => attrs.with(Attrs::OVERLINE),
        55 => attrs.without(Attrs::OVERLINE),
        39 => return Style { fg: Color::DEFAULT, ..style },
        49 => return Style { bg: Color::DEFAULT, ..style },
        30..=37 => return Style { fg: theme_color(code - 30), ..style },
        40..=47 => return Style { bg: theme_color(code - 40), ..style },
        90..=97 => return Style { fg: theme_color(code - 90 + 8), ..style },
        100..=107 => return Style { bg: theme_color(code - 100 + 8), ..style },
        _ => attrs,
    };
    Style { fg, bg, attrs }
}

/// One kind of underline at a time: 0 none, 2 double, all others (curly, dotted, dashed) single.
fn underlined(attrs: Attrs, shape: u16) -> Attrs {
    let none = attrs.without(Attrs::UNDERLINE.with(Attrs::DOUBLE_UNDERLINE));
    match shape {
        0 => none,
        2 => none.with(Attrs::DOUBLE_UNDERLINE),
        _ => none.with(Attrs::UNDERLINE),
    }
}

fn theme_color(index: u16) -> Color {
    u8::try_from(index).map_or(Color::DEFAULT, Color::indexed)
}

/// `5;N` or `2;R;G;B`. The parameters are used up even where they are out of range.
fn following_color(params: &mut impl Iterator<Item = Param>) -> Option<Color> {
    let mut next = || params.next().map(|param| param.values[0]);
    match next()? {
        2 => {
            let (r, g, b) = (next()?, next()?, next()?);
            rgb(r, g, b)
        }
        5 => indexed(next()?),
        _ => None,
    }
}

/// `5:N`, `2:R:G:B`, or `2:SPACE:R:G:B` with or without more after it.
fn colon_color(of: &[u16]) -> Option<Color> {
    match *of {
        [5, index, ..] => indexed(index),
        [2, r, g, b] | [2, _, r, g, b, ..] => rgb(r, g, b),
        _ => None,
    }
}

fn indexed(index: u16) -> Option<Color> {
    u8::try_from(index).ok().map(Color::indexed)
}

fn rgb(r: u16, g: u16, b: u16) -> Option<Color> {
    let component = |value| u8::try_from(value).ok();
    Some(Color::indexed(palette::nearest([component(r)?, component(g)?, component(b)?])))
}

impl Param {
    const MAX: usize = 8;

    fn parse(text: &[u8]) -> Self {
        let mut param = Self { values: [0; Self::MAX], len: 0 };
        for (value, digits) in param.values.iter_mut().zip(text.split(|&byte| byte == b':')) {
            *value = digits
                .iter()
                .fold(0, |n: u16, &digit| n.saturating_mul(10).saturating_add(u16::from(digit.saturating_sub(b'0'))));
            param.len += 1;
        }
        param
    }

    fn values(&self) -> &[u16] {
        self.values.get(..self.len).unwrap_or_default()
    }
}
