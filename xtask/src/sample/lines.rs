//! The lines of the sample logs: what a web server, a service in JSON, a coloured program and a system write.

use std::io::{Result, Write};

/// One sample log.
pub struct Kind {
    /// Its file name.
    pub file: &'static str,
    /// Writes one entry of this second; some have several lines.
    pub line: fn(&mut dyn Write, u64, &mut Random) -> Result<()>,
    /// How many entries come at once, at most.
    pub burst: u64,
    /// Whether it is renamed and begun again now and then.
    pub rotates: bool,
}

/// All sample logs.
pub const KINDS: &[Kind] = &[
    Kind { file: "access.log", line: access, burst: 8, rotates: false },
    Kind { file: "service.json.log", line: json, burst: 3, rotates: false },
    Kind { file: "build-colour.log", line: colour, burst: 4, rotates: false },
    Kind { file: "syslog", line: syslog, burst: 2, rotates: false },
    Kind { file: "rotating.log", line: worker, burst: 40, rotates: true },
];

const PATHS: [&str; 6] = ["/", "/api/orders", "/api/orders/4711", "/login", "/static/app.css", "/healthz"];
const AGENTS: [&str; 3] = ["Mozilla/5.0 (X11; Linux x86_64)", "curl/8.11.1", "kube-probe/1.34"];
const LEVELS: [&str; 8] = ["info", "info", "info", "info", "debug", "debug", "warn", "error"];
const TASKS: [&str; 5] = ["send invoice", "resize picture", "sync stock", "rebuild index", "expire sessions"];

fn access(to: &mut dyn Write, at: u64, random: &mut Random) -> Result<()> {
    let (ip, took) = (random.below(250) + 1, random.below(900));
    let status = [200, 200, 200, 200, 304, 404, 502][random.index(7)];
    let (path, agent) = (PATHS[random.index(6)], AGENTS[random.index(3)]);
    let time = Civil::of(at).common_log();
    writeln!(to, r#"10.0.3.{ip} - - [{time}] "GET {path} HTTP/1.1" {status} {} "-" "{agent}" {took}ms"#, took * 37)
}

fn json(to: &mut dyn Write, at: u64, random: &mut Random) -> Result<()> {
    let (level, task, order) = (LEVELS[random.index(8)], TASKS[random.index(5)], random.below(90_000));
    let took = random.below(2_000);
    writeln!(
        to,
        r#"{{"time":"{}","level":"{level}","msg":"{task}","order":{order},"took_ms":{took}}}"#,
        Civil::of(at).rfc3339()
    )
}

fn colour(to: &mut dyn Write, at: u64, random: &mut Random) -> Result<()> {
    let time = Civil::of(at).rfc3339();
    let (task, took) = (TASKS[random.index(5)], random.below(400));
    match random.below(20) {
        0 => writeln!(to, "\x1b[2m{time}\x1b[0m \x1b[1;31mERROR\x1b[0m {task}: \x1b[4mno such host\x1b[0m `db-{took}`"),
        1..4 => writeln!(to, "\x1b[2m{time}\x1b[0m \x1b[33m WARN\x1b[0m {task}: slow, \x1b[38;5;208m{took} ms\x1b[0m"),
        _ => writeln!(to, "\x1b[2m{time}\x1b[0m \x1b[32m INFO\x1b[0m {task} \x1b[38;2;120;160;255m{took} ms\x1b[0m"),
    }
}

fn syslog(to: &mut dyn Write, at: u64, random: &mut Random) -> Result<()> {
    let (pid, user) = (random.below(30_000), ["root", "deploy", "backup"][random.index(3)]);
    let time = Civil::of(at).syslog();
    match random.below(4) {
        0 => writeln!(to, "{time} web-03 CRON[{pid}]: ({user}) CMD (run-parts /etc/cron.hourly)"),
        1 => writeln!(to, "{time} web-03 sshd[{pid}]: Accepted publickey for {user} from 10.0.0.7 port 50122 ssh2"),
        _ => {
            writeln!(to, "{time} web-03 kernel: [{pid}.{:06}] TCP: request_sock_TCP: dropping", random.below(1_000_000))
        }
    }
}

fn worker(to: &mut dyn Write, at: u64, random: &mut Random) -> Result<()> {
    let time = Civil::of(at).rfc3339();
    let (task, job) = (TASKS[random.index(5)], random.below(1_000_000));
    if random.below(200) > 0 {
        return writeln!(to, "{time} INFO worker: {task} job={job}");
    }
    writeln!(to, "{time} ERROR worker: {task} job={job} failed: java.lang.IllegalStateException: no connection")?;
    for frame in ["Pool.take(Pool.java:88)", "Worker.run(Worker.java:41)", "Thread.run(Thread.java:1583)"] {
        writeln!(to, "\tat com.example.{frame}")?;
    }
    Ok(())
}

/// A small repeatable source of chance (xorshift).
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn index(&mut self, end: usize) -> usize {
        self.below(end as u64) as usize
    }
}

/// A moment in UTC, by the calendar.
struct Civil {
    year: u64,
    month: usize,
    day: u64,
    second: u64,
}

impl Civil {
    /// From seconds since 1970; Howard Hinnant's days-to-civil for dates after it.
    fn of(unix: u64) -> Self {
        let days = unix / 86_400 + 719_468;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let shifted = (5 * of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        Self {
            year: year + era * 400 + u64::from(month <= 2),
            month: month as usize,
            day: of_year - (153 * shifted + 2) / 5 + 1,
            second: unix % 86_400,
        }
    }

    fn clock(&self) -> String {
        format!("{:02}:{:02}:{:02}", self.second / 3600, self.second / 60 % 60, self.second % 60)
    }

    fn month_name(&self) -> &'static str {
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][self.month - 1]
    }

    fn rfc3339(&self) -> String {
        format!("{}-{:02}-{:02}T{}Z", self.year, self.month, self.day, self.clock())
    }

    fn common_log(&self) -> String {
        format!("{:02}/{}/{}:{} +0000", self.day, self.month_name(), self.year, self.clock())
    }

    fn syslog(&self) -> String {
        format!("{} {:>2} {}", self.month_name(), self.day, self.clock())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_dates() {
        for (unix, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (1_795_391_999, "2026-11-22T23:59:59Z"),
        ] {
            assert_eq!(Civil::of(unix).rfc3339(), expected);
        }
    }
}
