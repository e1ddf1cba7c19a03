//! The log that is searched: the same bytes for the same seed and length, with needles at exact densities.
//!
//! Services that write one line an entry, most of them INFO, in templates of which few are frequent; now and then a trace
//! of several lines, colours, a carriage return, text beyond ASCII, a line of 10 kB. Every needle stands in a line of its
//! stride at a place that the seed chooses, so that how many there are is known without searching.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// What is in no line.
pub const NONE: &str = "kernel-panic-imminent";
/// What is in the last line only.
pub const LAST: &str = "shutdown-complete";
/// What is in one line of a million.
pub const RARE: &str = "split-brain-detected";
/// What is in one line of a thousand.
pub const THOUSANDTH: &str = "circuit-breaker-open";
/// What is in one line of a thousand, in upper case, lower case and both.
pub const ANY_CASE: &str = "checkout-declined";
/// What is in one line of ten.
pub const TENTH: &str = "tenant=acme-east";

/// What is planted, in how long strides of lines.
const NEEDLES: [(&str, u64); 4] = [(TENTH, 10), (THOUSANDTH, 1_000), (ANY_CASE, 1_000), (RARE, 1_000_000)];

/// How `ANY_CASE` is written, in turn.
const CASES: [&str; 4] = ["checkout-declined", "Checkout-Declined", "CHECKOUT-DECLINED", "Checkout-declined"];

/// How much is written at once, in bytes.
const CHUNK: usize = 1024 * 1024;

/// 2026-03-01T00:00:00Z, in milliseconds since 1970.
const BEGIN_MS: u64 = 1_772_323_200_000;

const SERVICES: [&str; 8] = ["gateway", "orders", "payments", "auth", "search", "mailer", "billing", "catalogue"];
const PATHS: [&str; 8] = [
    "/api/v2/orders",
    "/api/v2/cart/items",
    "/healthz",
    "/login",
    "/static/js/main.4f2a.js",
    "/api/v2/users/me",
    "/search?q=blue+shoes&page=2",
    "/api/v2/payments/intent",
];
const USERS: [&str; 6] = ["alice", "bob", "carol", "dave", "zoë", "jürgen"];
const FRAMES: [&str; 6] = [
    "com.example.checkout.PaymentGateway.authorise(PaymentGateway.java:214)",
    "org.springframework.beans.factory.support.AbstractAutowireCapableBeanFactory.createBean(Factory.java:542)",
    "java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1136)",
    "com.example.orders.OrderService.place(OrderService.java:88)",
    "io.netty.channel.AbstractChannelHandlerContext.invokeChannelRead(Context.java:444)",
    "java.base/java.lang.Thread.run(Thread.java:840)",
];

/// How many lines were written, and how often each needle stands in one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planted {
    /// All lines.
    pub lines: u64,
    /// The bytes of the file.
    pub bytes: u64,
    counts: [u64; NEEDLES.len()],
}

impl Planted {
    /// In how many lines the needle stands.
    pub fn of(&self, needle: &str) -> u64 {
        let planted = NEEDLES.iter().zip(self.counts).find(|((name, _), _)| *name == needle);
        planted.map_or(u64::from(needle == LAST), |(_, count)| count)
    }
}

/// Writes about `bytes` of log to `path` and to the disk, so that it can be dropped from memory again. `colours`: whether one line
/// in twenty has escapes.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, bytes: u64, colours: bool) -> io::Result<Planted> {
    let file = File::create(path)?;
    let planted = write_to(&mut BufWriter::with_capacity(CHUNK, &file), bytes, colours)?;
    file.sync_all()?;
    Ok(planted)
}

/// Writes about `bytes` of log.
///
/// # Errors
/// When it cannot be written.
pub fn write_to(out: &mut impl Write, bytes: u64, colours: bool) -> io::Result<Planted> {
    let mut log = Log::new(colours);
    while log.planted.bytes + (log.text.len() as u64) < bytes {
        log.entry();
        if log.text.len() >= CHUNK {
            log.flush(out)?;
        }
    }
    log.begin("INFO");
    log.text.extend_from_slice(LAST.as_bytes());
    log.end();
    log.flush(out)?;
    out.flush()?;
    Ok(log.planted)
}

/// The lines that are written next.
struct Log {
    random: Random,
    text: Vec<u8>,
    colours: bool,
    now_ms: u64,
    /// The text of a day's second, which most lines share with the one before.
    second: (u64, Vec<u8>),
    /// In which line of its stride each needle stands next.
    next: [u64; NEEDLES.len()],
    planted: Planted,
}

impl Log {
    fn new(colours: bool) -> Self {
        let mut random = Random(0x7461_696c_6c69_6768);
        let next = NEEDLES.map(|(_, stride)| random.below(stride));
        let planted = Planted::default();
        let second = (0, Vec::new());
        Self { random, text: Vec::with_capacity(2 * CHUNK), colours, now_ms: BEGIN_MS, second, next, planted }
    }

    /// One entry, of one line or several.
    fn entry(&mut self) {
        match self.random.below(100) {
            0 => self.failure(),
            1..3 => self.message("WARN"),
            3..10 => self.message("DEBUG"),
            _ => self.message("INFO"),
        }
    }

    fn message(&mut self, level: &str) {
        self.begin(level);
        // Few templates are frequent: the k-th about 1/k as often as the first.
        match self.random.below(2_717) {
            0..1_000 => self.request(),
            1_000..1_500 => self.fields(&[("cache", "hit"), ("ttl", "300s")]),
            1_500..1_833 => self.query(),
            1_833..2_083 => self.fields(&[("queue", "mail"), ("state", "delivered"), ("retry", "0")]),
            2_083..2_283 => self.peer(),
            2_283..2_450 => self.fields(&[("job", "resize-picture"), ("state", "done")]),
            2_450..2_593 => self.login(),
            _ => self.fields(&[("gc", "young"), ("heap", "412M->128M"), ("pause", "8ms")]),
        }
        if self.random.below(10_000) == 0 {
            self.text.extend_from_slice(b" body=");
            for _ in 0..10_000 / 16 {
                self.hex(16);
            }
        }
        self.end();
    }

    fn failure(&mut self) {
        self.begin("ERROR");
        self.text.extend_from_slice(b"java.lang.IllegalStateException: no connection to 10.0.3.");
        let host = self.random.below(250);
        self.number(host);
        self.end();
        for _ in 0..3 + self.random.below(5) {
            self.text.extend_from_slice(b"\tat ");
            let frame = FRAMES[self.random.below(FRAMES.len() as u64) as usize];
            self.text.extend_from_slice(frame.as_bytes());
            self.end();
        }
    }

    /// Time, level and service.
    fn begin(&mut self, level: &str) {
        self.now_ms += self.random.below(20);
        // Writers overtake each other.
        let shown = self.now_ms + self.random.below(40);
        self.time(shown);
        // Drawn either way: with colours or without, everything else is the same.
        let is_coloured = self.random.below(20) == 0;
        if is_coloured && self.colours {
            self.text.extend_from_slice(b" \x1b[1;32m");
            self.text.extend_from_slice(level.as_bytes());
            self.text.extend_from_slice(b"\x1b[0m ");
        } else {
            self.text.push(b' ');
            self.text.extend_from_slice(level.as_bytes());
            self.text.push(b' ');
        }
        let service = SERVICES[self.random.below(SERVICES.len() as u64) as usize];
        self.text.extend_from_slice(service.as_bytes());
        self.text.extend_from_slice(b": ");
    }

    /// The needles that are due, and the line's end.
    fn end(&mut self) {
        for (idx, (needle, stride)) in NEEDLES.into_iter().enumerate() {
            let line = self.planted.lines;
            if line % stride == self.next[idx] {
                let count = self.planted.counts[idx];
                let needle = if needle == ANY_CASE { CASES[count as usize % CASES.len()] } else { needle };
                self.text.push(b' ');
                self.text.extend_from_slice(needle.as_bytes());
                self.planted.counts[idx] += 1;
            }
            if line % stride == stride - 1 {
                self.next[idx] = self.random.below(stride);
            }
        }
        if self.random.below(100) == 0 {
            self.text.push(b'\r');
        }
        self.text.push(b'\n');
        self.planted.lines += 1;
    }

    fn request(&mut self) {
        let (host, took, status) = (self.random.below(250), self.random.below(2_000), self.random.below(200));
        self.text.extend_from_slice(b"GET ");
        let path = PATHS[self.random.below(PATHS.len() as u64) as usize];
        self.text.extend_from_slice(path.as_bytes());
        self.text.extend_from_slice(b" from=10.0.3.");
        self.number(host);
        self.text.extend_from_slice(match status {
            0 => b" status=503 took=",
            1..6 => b" status=404 took=",
            _ => b" status=200 took=",
        });
        self.number(took);
        self.text.extend_from_slice(b"ms id=");
        self.uuid();
    }

    fn query(&mut self) {
        self.text.extend_from_slice(b"SELECT id, state FROM orders WHERE user_id=$1 rows=");
        let (rows, took) = (self.random.below(500), self.random.below(90));
        self.number(rows);
        self.text.extend_from_slice(b" took=");
        self.number(took);
        self.text.extend_from_slice(b"ms");
    }

    fn peer(&mut self) {
        self.text.extend_from_slice(b"connected to 192.168.");
        let (net, host) = (self.random.below(250), self.random.below(250));
        self.number(net);
        self.text.push(b'.');
        self.number(host);
        self.text.extend_from_slice(b":5432 session=");
        self.hex(16);
    }

    fn login(&mut self) {
        self.text.extend_from_slice(b"user=");
        let user = USERS[self.random.below(USERS.len() as u64) as usize];
        self.text.extend_from_slice(user.as_bytes());
        self.text.extend_from_slice("  angemeldet — Sitzung ".as_bytes());
        self.hex(8);
    }

    fn fields(&mut self, fields: &[(&str, &str)]) {
        for (name, value) in fields {
            self.text.extend_from_slice(name.as_bytes());
            self.text.push(b'=');
            self.text.extend_from_slice(value.as_bytes());
            self.text.push(b' ');
        }
        self.text.extend_from_slice(b"trace=");
        self.hex(16);
        let took = self.random.below(1_000);
        self.text.extend_from_slice(b" took=");
        self.number(took);
        self.text.extend_from_slice(b"ms");
    }

    fn uuid(&mut self) {
        for (idx, len) in [8, 4, 4, 4, 12].into_iter().enumerate() {
            if idx > 0 {
                self.text.push(b'-');
            }
            self.hex(len);
        }
    }

    fn hex(&mut self, len: u32) {
        let bits = self.random.next();
        let digits = (0..len).map(|idx| b"0123456789abcdef"[(bits >> (4 * idx)) as usize & 15]);
        self.text.extend(digits);
    }

    fn number(&mut self, number: u64) {
        // Into memory: this cannot fail.
        let _ = write!(self.text, "{number}");
    }

    /// RFC 3339 with milliseconds.
    fn time(&mut self, ms: u64) {
        let secs = ms / 1_000;
        if self.second.0 != secs {
            let (days, of_day) = ((ms - BEGIN_MS) / 86_400_000, secs % 86_400);
            let mut text = Vec::with_capacity(20);
            // Months of 28 days are enough: 2 GB are two days.
            let (month, day) = (days / 28 % 10 + 3, days % 28 + 1);
            let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
            let _ = write!(text, "2026-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.");
            self.second = (secs, text);
        }
        self.text.extend_from_slice(&self.second.1);
        let _ = write!(self.text, "{:03}Z", ms % 1_000);
    }

    fn flush(&mut self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&self.text)?;
        self.planted.bytes += self.text.len() as u64;
        self.text.clear();
        Ok(())
    }
}

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: u64) -> u64 {
        // Multiplied and not divided: the upper bits are the better ones.
        ((u128::from(self.next()) * u128::from(limit.max(1))) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(bytes: u64, colours: bool) -> (Vec<u8>, Planted) {
        let mut text = Vec::new();
        let planted = write_to(&mut text, bytes, colours).unwrap();
        (text, planted)
    }

    fn lines_with(text: &[u8], needle: &str) -> u64 {
        let finder = memchr::memmem::Finder::new(needle);
        text.split(|&byte| byte == b'\n').filter(|line| finder.find(line).is_some()).count() as u64
    }

    #[test]
    fn the_needles_stand_in_as_many_lines_as_it_says() {
        let (text, planted) = made(4_000_000, true);
        assert_eq!(planted.bytes, text.len() as u64);
        assert_eq!(planted.lines, memchr::memchr_iter(b'\n', &text).count() as u64);
        for needle in [NONE, LAST, RARE, THOUSANDTH, TENTH] {
            assert_eq!(lines_with(&text, needle), planted.of(needle), "{needle}");
        }
        let any_case = lines_with(&text.to_ascii_lowercase(), ANY_CASE);
        assert_eq!(any_case, planted.of(ANY_CASE));
        assert!(planted.of(TENTH).abs_diff(planted.lines / 10) <= 1, "one in each stride: {planted:?}");
    }

    #[test]
    fn the_same_seed_makes_the_same_bytes_with_colours_or_without() {
        let (first, _) = made(300_000, true);
        assert_eq!(made(300_000, true).0, first);
        assert!(lines_with(&first, "\x1b[") > 50 && lines_with(&made(300_000, false).0, "\x1b[") == 0);
        assert!(first.len() >= 300_000 && lines_with(&first, "\r") > 10 && lines_with(&first, "zoë") > 1);
    }
}
