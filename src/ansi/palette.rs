//! The 256-colour palette: what its colours are, and which go together.

/// Colours 0 to 15 where they are a background: the same in each theme. As text they are the theme's.
const BASE: [[u8; 3]; 16] = [
    [0, 0, 0],
    [205, 49, 49],
    [13, 188, 121],
    [229, 229, 16],
    [36, 114, 200],
    [188, 63, 188],
    [17, 168, 205],
    [229, 229, 229],
    [102, 102, 102],
    [241, 76, 76],
    [35, 209, 139],
    [245, 245, 67],
    [59, 142, 234],
    [214, 112, 214],
    [41, 184, 219],
    [255, 255, 255],
];

/// The steps of the colour cube, 16 to 231.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The relative luminance of each colour (WCAG 2), in ten-thousandths.
#[rustfmt::skip]
const LUMINANCE: [u16; 256] = [
    0, 1540, 3743, 7273, 1658, 1788, 3253, 7835, 1329, 2439, 4782, 8512, 2622, 3074, 3987, 10000,
    0, 83, 175, 310, 491, 722, 818, 901, 993, 1128, 1309, 1540, 1733, 1815, 1908, 2042,
    2223, 2455, 3066, 3149, 3241, 3376, 3557, 3788, 4860, 4943, 5035, 5170, 5351, 5582, 7152, 7235,
    7327, 7462, 7643, 7874, 243, 326, 418, 553, 734, 965, 1062, 1144, 1237, 1371, 1552, 1784,
    1976, 2059, 2151, 2286, 2467, 2698, 3309, 3392, 3484, 3619, 3800, 4031, 5103, 5186, 5278, 5413,
    5594, 5825, 7395, 7478, 7570, 7705, 7886, 8117, 515, 598, 690, 825, 1006, 1237, 1334, 1416,
    1508, 1643, 1824, 2056, 2248, 2331, 2423, 2557, 2739, 2970, 3581, 3664, 3756, 3891, 4072, 4303,
    5375, 5458, 5550, 5685, 5866, 6097, 7667, 7750, 7842, 7977, 8158, 8389, 911, 994, 1086, 1221,
    1402, 1633, 1730, 1812, 1905, 2039, 2220, 2452, 2644, 2727, 2819, 2954, 3135, 3366, 3977, 4060,
    4152, 4287, 4468, 4699, 5771, 5854, 5946, 6081, 6262, 6493, 8063, 8146, 8238, 8373, 8554, 8785,
    1445, 1527, 1620, 1754, 1935, 2167, 2263, 2346, 2438, 2573, 2754, 2985, 3178, 3260, 3352, 3487,
    3668, 3900, 4511, 4593, 4686, 4820, 5001, 5233, 6305, 6387, 6480, 6614, 6795, 7027, 8597, 8679,
    8772, 8906, 9087, 9319, 2126, 2209, 2301, 2436, 2617, 2848, 2944, 3027, 3119, 3254, 3435, 3666,
    3859, 3941, 4034, 4168, 4349, 4581, 5192, 5275, 5367, 5502, 5683, 5914, 6986, 7069, 7161, 7296,
    7477, 7708, 9278, 9361, 9453, 9588, 9769, 10000, 24, 60, 116, 194, 296, 423, 578, 762,
    976, 1221, 1500, 1812, 2159, 2542, 2961, 3419, 3916, 4452, 5029, 5647, 6308, 7011, 7758, 8550,
];

/// The colour as red, green, blue.
pub(super) fn rgb(index: u8) -> [u8; 3] {
    match index {
        0..=15 => BASE[usize::from(index)],
        16..=231 => {
            let n = usize::from(index - 16);
            [STEPS[n / 36], STEPS[n / 6 % 6], STEPS[n % 6]]
        }
        232.. => [8 + 10 * (index - 232); 3],
    }
}

/// The nearest colour of the cube and the greys. Never one of the first 16: they are the theme's.
pub(super) fn nearest(color: [u8; 3]) -> u8 {
    let [r, g, b] = color.map(nearest_step);
    let in_cube = 16 + 36 * r + 6 * g + b;
    let mean = color.iter().map(|&c| u16::from(c)).sum::<u16>() / 3;
    let grey = 232 + u8::try_from((mean.saturating_sub(3) / 10).min(23)).unwrap_or(23);
    if distance(rgb(grey), color) < distance(rgb(in_cube), color) { grey } else { in_cube }
}

/// Whether one colour on the other can be read: a contrast of 4.5 to 1 (WCAG 2, AA).
pub(super) fn is_readable(a: u8, b: u8) -> bool {
    let [a, b] = [a, b].map(|index| u32::from(LUMINANCE[usize::from(index)]) + 500);
    a.max(b) * 10 >= a.min(b) * 45
}

fn nearest_step(component: u8) -> u8 {
    match component {
        0..48 => 0,
        48..115 => 1,
        _ => (component - 35) / 40,
    }
}

fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    a.iter().zip(b).map(|(&a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::super::css::luminance;
    use super::*;

    #[test]
    fn the_table_of_luminances_is_what_the_formula_gives() {
        for index in 0..=u8::MAX {
            let exact = luminance(rgb(index)) * 10_000.0;
            assert!((f64::from(LUMINANCE[usize::from(index)]) - exact).abs() <= 0.51, "{index}: {exact}");
        }
    }

    #[test]
    fn a_true_colour_becomes_the_nearest_of_the_palette() {
        for color in (0..=0xFF_FFFF_u32).step_by(9_973) {
            let [_, r, g, b] = color.to_be_bytes();
            let got = distance(rgb(nearest([r, g, b])), [r, g, b]);
            let best = (16..=255).map(|index| distance(rgb(index), [r, g, b])).min().unwrap();
            assert_eq!(got, best, "{color:06x}");
        }
    }

    #[test]
    fn a_colour_of_the_palette_stays_itself() {
        for index in 16..=255 {
            assert_eq!(rgb(nearest(rgb(index))), rgb(index), "{index}");
        }
    }
}
