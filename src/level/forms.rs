//! Lines that begin in a way of their own, which says the level.

use super::Level;
use super::words;

/// The level that the beginning of a line says.
pub(super) fn of(head: &[u8]) -> Option<Level> {
    match head.first()? {
        b'<' => priority(head),
        b'=' => report(head),
        b'0'..=b'9' => redis(head),
        b'a' | b'd' | b'k' | b'l' | b'm' | b'n' | b's' | b'u' => decoded_kernel(head),
        letter @ b'A'..=b'Z' => words::letter(*letter).filter(|_| is_letter_form(head)),
        _ => None,
    }
}

/// Syslog's `<34>` and the kernel's `<4>`: the facility times 8 and the severity.
fn priority(line: &[u8]) -> Option<Level> {
    let rest = line.get(1..)?;
    let len = rest.iter().take(4).position(|&byte| byte == b'>')?;
    let digits = rest.get(..len)?;
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0, |n, digit| n * 10 + u32::from(digit - b'0'));
    if number < 192 { words::severity(number % 8) } else { None }
}

/// `I1122 10:00:00` (glog), `E/Tag( 123): ` (Android), `W 10:00:00 x`, `E [22/Nov/2026:10:00:00 +0000] x` (CUPS).
fn is_letter_form(line: &[u8]) -> bool {
    let byte = |at: usize| line.get(at).copied().unwrap_or_default();
    let n_digits = line.iter().skip(1).take(9).take_while(|byte| byte.is_ascii_digit()).count();
    match byte(1) {
        b'0'..=b'9' => matches!(n_digits, 4 | 8) && byte(n_digits + 1) == b' ' && byte(n_digits + 4) == b':',
        b'/' => byte(2).is_ascii_alphabetic() && line.windows(2).any(|two| two == b": "),
        b' ' => {
            let at = if byte(2) == b'[' { 3 } else { 2 };
            byte(at).is_ascii_digit() && byte(at + 1).is_ascii_digit()
        }
        _ => false,
    }
}

/// Erlang's `=ERROR REPORT==== 22-Nov-2026::10:00:00 ===`.
fn report(line: &[u8]) -> Option<Level> {
    let rest = line.get(1..)?;
    let len = memchr::memchr(b' ', rest)?;
    let is_report = rest.get(len..)?.starts_with(b" REPORT====");
    if is_report { words::word(rest.get(..len)?).map(|word| word.level) } else { None }
}

/// The kernel's `kern  :err   : [   12.345678] x`, as `dmesg --decode` prints facility and level.
fn decoded_kernel(line: &[u8]) -> Option<Level> {
    const WIDTH: usize = 6;
    let (facility, rest) = line.split_at_checked(WIDTH)?;
    let (level, rest) = rest.strip_prefix(b":")?.split_at_checked(WIDTH)?;
    let facility = facility.trim_ascii_end();
    let is_known = [&b"kern"[..], b"user", b"mail", b"daemon", b"auth", b"syslog", b"lpr", b"news"].contains(&facility);
    if is_known && rest.starts_with(b": [") { words::word(level.trim_ascii_end()).map(|word| word.level) } else { None }
}

/// Redis's `1:M 22 Nov 2026 10:00:00.123 # x`: the process, its role, the time, and a mark that is the level.
fn redis(line: &[u8]) -> Option<Level> {
    const TIME: &[u8; 24] = b"00 aaa 0000 00:00:00.000";
    let colon = line.iter().take(8).position(|byte| !byte.is_ascii_digit())?;
    let [b':', b'C' | b'M' | b'S' | b'X', b' ', rest @ ..] = line.get(colon..)? else { return None };
    let is_alike = |(byte, model): (&u8, &u8)| match model {
        b'0' => byte.is_ascii_digit(),
        b'a' => byte.is_ascii_alphabetic(),
        model => byte == model,
    };
    let (time, rest) = rest.split_at_checked(TIME.len())?;
    match rest {
        [b' ', mark, b' ', ..] if time.iter().zip(TIME).all(is_alike) => match mark {
            b'.' | b'-' => Some(Level::Debug),
            b'*' => Some(Level::Info),
            b'#' => Some(Level::Warn),
            _ => None,
        },
        _ => None,
    }
}

/// The severity of `%LINK-3-UPDOWN: ` and `%ASA-4-106023: ` (Cisco), where this begins behind the `%`.
pub(super) fn mnemonic(text: &[u8]) -> Option<Level> {
    let is_name = |name: &[u8]| {
        !name.is_empty() && name.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
    };
    let len =
        memchr::memchr2(b':', b' ', text).filter(|&len| text.get(len..).is_some_and(|rest| rest.starts_with(b": ")))?;
    let mut parts = text.get(..len)?.split(|&byte| byte == b'-');
    let (facility, severity, name) = (parts.next()?, parts.next()?, parts.next()?);
    match severity {
        [digit @ b'0'..=b'7'] if parts.next().is_none() && is_name(facility) && is_name(name) => {
            words::severity(u32::from(digit - b'0'))
        }
        _ => None,
    }
}
