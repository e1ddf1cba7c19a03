//! A place in a line, and what can be read from there: digits, clocks, zones, names.

/// Nanoseconds of a second.
pub(super) const NANOS: i64 = 1_000_000_000;

/// How long a number with an exponent is, at least, that is a time wherever it stands: seven digits.
const FLOAT_TIME_BYTES: usize = b"1.795341e+09".len();

/// Reads a line from left to right. What does not fit leaves it anywhere: callers copy it before they try.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    line: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(line: &'a [u8], at: usize) -> Self {
        Self { line, at }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.line.get(self.at + ahead).copied()
    }

    pub(super) fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    pub(super) fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// One blank or two, as some write before numbers of one digit.
    pub(super) fn blank(&mut self) -> Option<()> {
        self.eat(b' ')?;
        let _ = self.eat(b' ');
        Some(())
    }

    pub(super) fn is_digit(&self, ahead: usize) -> bool {
        self.peek_at(ahead).is_some_and(|byte| byte.is_ascii_digit())
    }

    /// How many digits come next, up to 20.
    pub(super) fn n_digits(&self) -> usize {
        let rest = self.line.get(self.at..).unwrap_or_default();
        rest.iter().take(20).take_while(|byte| byte.is_ascii_digit()).count()
    }

    /// Exactly two digits.
    pub(super) fn two(&mut self) -> Option<u32> {
        let &[tens, ones] = self.line.get(self.at..)?.first_chunk()?;
        let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
        self.at += 2;
        (tens < 10 && ones < 10).then_some(u32::from(tens) * 10 + u32::from(ones))
    }

    /// Exactly four digits.
    pub(super) fn four(&mut self) -> Option<u32> {
        let high = self.two()?;
        Some(high * 100 + self.two()?)
    }

    /// One digit or two.
    pub(super) fn one_or_two(&mut self) -> Option<u32> {
        if self.is_digit(1) {
            return self.two();
        }
        let digit = self.next()?.wrapping_sub(b'0');
        (digit < 10).then_some(u32::from(digit))
    }

    /// `hh:mm:ss` with a fraction, `.` or `,` in front of it: nanoseconds since midnight. The hour 24 is midnight at the
    /// end of the day, the second 60 a leap second.
    pub(super) fn clock(&mut self) -> Option<i64> {
        self.clock_with(b':', Self::two)
    }

    /// As [`Self::clock`], but the seconds may be missing.
    pub(super) fn clock_or_minutes(&mut self) -> Option<i64> {
        let mut minutes = *self;
        if let Some(clock) = self.clock() {
            return Some(clock);
        }
        *self = minutes;
        let hour = minutes.two()?;
        minutes.eat(b':')?;
        let minute = minutes.two()?;
        let is_done = !matches!(minutes.peek(), Some(b':' | b'0'..=b'9'));
        *self = minutes;
        if is_done { nanos_of_day(hour, minute, 0) } else { None }
    }

    /// With another separator, or parts of one digit.
    pub(super) fn clock_with(&mut self, separator: u8, part: impl Fn(&mut Self) -> Option<u32>) -> Option<i64> {
        let hour = part(self)?;
        self.eat(separator)?;
        let minute = part(self)?;
        self.eat(separator)?;
        let second = part(self)?;
        let clock = nanos_of_day(hour, minute, second)?;
        if self.is_digit(0) {
            return None;
        }
        Some(clock + self.fraction(b".,"))
    }

    /// `hhmmss` with a fraction.
    pub(super) fn dense_clock(&mut self) -> Option<i64> {
        let clock = nanos_of_day(self.two()?, self.two()?, self.two()?)?;
        if self.is_digit(0) {
            return None;
        }
        Some(clock + self.fraction(b".,"))
    }

    /// Nanoseconds from a point and the digits behind it, as many as there are; 0 when there is none.
    pub(super) fn fraction(&mut self, points: &[u8]) -> i64 {
        if !self.peek().is_some_and(|byte| points.contains(&byte)) || !self.is_digit(1) {
            return 0;
        }
        self.at += 1;
        let (mut nanos, mut unit) = (0, NANOS);
        while let Some(byte) = self.peek().filter(u8::is_ascii_digit) {
            unit /= 10;
            nanos += unit * i64::from(byte - b'0');
            self.at += 1;
        }
        nanos
    }

    /// Whether a number such as `1.7953416e+09` stands here, as zap prints seconds. What has few digits is any number.
    pub(super) fn is_float_time(mut self) -> bool {
        let start = self.at;
        self.float().is_some() && self.at - start >= FLOAT_TIME_BYTES
    }

    /// The nanoseconds of a number with an exponent, one digit before its point: by that, it is of seconds, milliseconds,
    /// microseconds or nanoseconds.
    pub(super) fn float(&mut self) -> Option<i64> {
        let mut digits = *self;
        self.at += 1;
        if self.eat(b'.').is_some() {
            self.at += self.n_digits();
        }
        self.next().filter(|byte| matches!(byte, b'e' | b'E'))?;
        let _ = self.eat(b'+');
        let mut unit = match self.one_or_two()? {
            8 => NANOS * NANOS / 10,
            9 | 12 | 15 | 18 => NANOS * NANOS,
            _ => return None,
        };
        if self.is_digit(0) {
            return None;
        }
        let mut nanos = 0_i64;
        while let Some(byte) = digits.next().filter(|byte| !matches!(byte, b'e' | b'E')) {
            if byte.is_ascii_digit() {
                nanos = nanos.checked_add(unit.checked_mul(i64::from(byte - b'0'))?)?;
                unit /= 10;
            }
        }
        Some(nanos)
    }

    /// ` AM` or `PM` behind a clock of twelve hours: the same clock of 24.
    pub(super) fn half_day(&mut self, clock: i64) -> i64 {
        const HOUR: i64 = 3_600 * NANOS;
        let mut ahead = *self;
        let _ = ahead.eat(b' ');
        let is_pm = match ahead.next() {
            Some(b'A' | b'a') => false,
            Some(b'P' | b'p') => true,
            _ => return clock,
        };
        let is_half = matches!(ahead.next(), Some(b'M' | b'm')) && !ahead.is_word();
        if !is_half || !(1..=12).contains(&(clock / HOUR)) {
            return clock;
        }
        self.at = ahead.at;
        clock % (12 * HOUR) + if is_pm { 12 * HOUR } else { 0 }
    }

    /// A zone as seconds east of Greenwich: `Z`, `+01:00`, `+0100`, `+01`, and behind a blank `+0100`, `+01:00` or a name
    /// that means one offset only.
    pub(super) fn zone(&mut self) -> Option<i32> {
        match self.peek()? {
            b'Z' | b'z' => {
                self.at += 1;
                Some(0)
            }
            b'+' | b'-' => self.offset(true),
            b' ' => {
                let mut ahead = *self;
                ahead.at += 1;
                let offset = match ahead.peek()? {
                    b'+' | b'-' => ahead.offset(false),
                    b'A'..=b'Z' => ahead.zone_name(),
                    _ => None,
                }?;
                *self = ahead;
                Some(offset)
            }
            _ => None,
        }
    }

    fn offset(&mut self, may_be_hours: bool) -> Option<i32> {
        let mut ahead = *self;
        let sign = if ahead.next()? == b'-' { -1 } else { 1 };
        let hours = ahead.two()?;
        let minutes = match ahead.peek() {
            Some(b':') if ahead.is_digit(1) => {
                ahead.at += 1;
                ahead.two()?
            }
            Some(b'0'..=b'9') => ahead.two()?,
            _ if may_be_hours => 0,
            _ => return None,
        };
        if ahead.is_digit(0) || hours > 18 || minutes > 59 {
            return None;
        }
        *self = ahead;
        i32::try_from(hours * 3_600 + minutes * 60).ok().map(|offset| sign * offset)
    }

    /// Names that stand for two offsets or more (`IST`, `BST`, `CST` of China) are left to the reader's own zone, apart
    /// from those of North America.
    fn zone_name(&mut self) -> Option<i32> {
        let rest = self.line.get(self.at..)?;
        let len = rest.iter().take(5).take_while(|byte| byte.is_ascii_uppercase()).count();
        let hours = match rest.get(..len)? {
            b"UTC" | b"GMT" | b"WET" => 0,
            b"CET" | b"WEST" => 1,
            b"CEST" | b"EET" => 2,
            b"EEST" | b"MSK" => 3,
            b"JST" | b"KST" => 9,
            b"EDT" => -4,
            b"EST" | b"CDT" => -5,
            b"CST" | b"MDT" => -6,
            b"MST" | b"PDT" => -7,
            b"PST" => -8,
            _ => return None,
        };
        self.at += len;
        (!self.is_word() && !self.is_digit(0)).then_some(hours * 3_600)
    }

    /// `Jan` to `Dec`, in the case that it is written in everywhere: 1 to 12.
    pub(super) fn month(&mut self) -> Option<u32> {
        let name: &[u8; 3] = self.line.get(self.at..)?.first_chunk()?;
        let month = match name {
            b"Jan" => 1,
            b"Feb" => 2,
            b"Mar" => 3,
            b"Apr" => 4,
            b"May" => 5,
            b"Jun" => 6,
            b"Jul" => 7,
            b"Aug" => 8,
            b"Sep" => 9,
            b"Oct" => 10,
            b"Nov" => 11,
            b"Dec" => 12,
            _ => return None,
        };
        self.at += 3;
        Some(month)
    }

    /// `Mon` to `Sun`. Which one is not asked: the date knows.
    pub(super) fn weekday(&mut self) -> Option<()> {
        let name: &[u8; 3] = self.line.get(self.at..)?.first_chunk()?;
        self.at += 3;
        matches!(name, b"Mon" | b"Tue" | b"Wed" | b"Thu" | b"Fri" | b"Sat" | b"Sun").then_some(())
    }

    /// Whether a letter comes next.
    pub(super) fn is_word(&self) -> bool {
        self.peek().is_some_and(|byte| byte.is_ascii_alphabetic())
    }
}

/// Nanoseconds since midnight.
fn nanos_of_day(hour: u32, minute: u32, second: u32) -> Option<i64> {
    let is_time = hour < 24 && minute < 60 && second <= 60 || hour == 24 && minute == 0 && second == 0;
    is_time.then(|| i64::from(hour * 3_600 + minute * 60 + second) * NANOS)
}
