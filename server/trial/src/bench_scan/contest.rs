//! Rows of the report: several ways to the same answer, in turns, forwards and then backwards, and how long each took.
//!
//! All of them must come to the same count; a row whose ways disagree is an error. Turns during which the machine did
//! other things are taken again, up to twice as many; what is not quiet then is marked.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use super::machine::Watch;
use crate::bench::report::{Spread, say};

/// How often, and how long at most.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// How many turns each way has.
    pub turns: usize,
    /// After this long no further turn begins, but there are [`LEAST_TURNS`].
    pub time: Duration,
}

/// With fewer, a median says little.
const LEAST_TURNS: usize = 3;

/// One way to an answer.
pub struct Way<'a> {
    /// Its name in the report.
    pub name: String,
    /// Does it once: how long it took, and the count.
    pub run: Box<dyn FnMut() -> anyhow::Result<(Duration, u64)> + 'a>,
    /// Whether its count must be that of the others.
    pub agrees: bool,
}

/// What came of a row.
#[derive(Clone, Debug, Default)]
pub struct Row {
    what: String,
    takes: Vec<(String, Spread)>,
    is_loud: bool,
}

impl<'a> Way<'a> {
    /// A way that is timed from outside.
    pub fn new(name: &str, mut run: impl FnMut() -> anyhow::Result<u64> + 'a) -> Self {
        Self::timed(name, move || {
            let began = Instant::now();
            let count = run()?;
            Ok((began.elapsed(), count))
        })
    }

    /// A way that says itself how long it took.
    pub fn timed(name: &str, run: impl FnMut() -> anyhow::Result<(Duration, u64)> + 'a) -> Self {
        Self { name: name.to_owned(), run: Box::new(run), agrees: true }
    }

    /// The same, whose count is another thing.
    #[must_use]
    pub fn of_another_count(mut self) -> Self {
        self.agrees = false;
        self
    }

    fn once(&mut self, what: &str, expected: &mut Option<u64>) -> anyhow::Result<Duration> {
        let (time, count) = (self.run)().with_context(|| format!("{what}: {} fails", self.name))?;
        if self.agrees {
            let expected = *expected.get_or_insert(count);
            ensure!(count == expected, "{what}: {} counts {count}, not {expected}", self.name);
        }
        Ok(time)
    }
}

/// Runs a row and prints it. `expected`: the count, where it is known. `bytes`: what each way looks through.
///
/// # Errors
/// When a way fails, or comes to another count.
pub fn run(what: &str, expected: Option<u64>, bytes: u64, effort: Effort, ways: &mut [Way<'_>]) -> anyhow::Result<Row> {
    let mut expected = expected;
    let mut quiet: Vec<Vec<f64>> = vec![Vec::new(); ways.len()];
    let mut loud = quiet.clone();
    let began = Instant::now();
    let enough = effort.turns.max(LEAST_TURNS);
    let done = |takes: &[Vec<f64>]| takes.first().map_or(0, Vec::len);
    while done(&quiet) < enough && done(&quiet) + done(&loud) < 2 * enough {
        let turn = done(&quiet) + done(&loud);
        if turn >= LEAST_TURNS && began.elapsed() > effort.time {
            break;
        }
        let watch = Watch::start();
        let mut times = vec![0.0; ways.len()];
        let order: Vec<usize> = if turn % 2 == 0 { (0..ways.len()).collect() } else { (0..ways.len()).rev().collect() };
        for idx in order {
            times[idx] = ways[idx].once(what, &mut expected)?.as_secs_f64() * 1e3;
        }
        let takes = if watch.noise().is_loud() { &mut loud } else { &mut quiet };
        takes.iter_mut().zip(times).for_each(|(takes, time)| takes.push(time));
    }
    let is_loud = done(&quiet) < LEAST_TURNS;
    if is_loud {
        quiet.iter_mut().zip(&loud).for_each(|(quiet, loud)| quiet.extend(loud));
    }
    let spreads = quiet.iter().map(|times| Spread::of(times).context("no turn was taken"));
    let takes = ways.iter().zip(spreads).map(|(way, spread)| Ok((way.name.clone(), spread?)));
    let row = Row { what: what.to_owned(), takes: takes.collect::<anyhow::Result<_>>()?, is_loud };
    row.print(bytes, expected.unwrap_or(0), (done(&quiet), done(&loud)));
    Ok(row)
}

impl Row {
    /// The median of a way, in milliseconds.
    ///
    /// # Errors
    /// When there is no such way.
    pub fn ms(&self, name: &str) -> anyhow::Result<f64> {
        match self.takes.iter().find(|(way, _)| way == name) {
            Some((_, spread)) => Ok(spread.median),
            None => bail!("{}: {name} was not measured", self.what),
        }
    }

    /// The median of the fastest of those whose name begins so, in milliseconds; `None` when there is none.
    pub fn fastest(&self, begin: &str) -> Option<f64> {
        let named = self.takes.iter().filter(|(way, _)| way.starts_with(begin));
        named.map(|(_, spread)| spread.median).min_by(f64::total_cmp)
    }

    /// Whether the machine did other things in most turns.
    pub fn is_loud(&self) -> bool {
        self.is_loud
    }

    fn print(&self, bytes: u64, count: u64, (turns, loud): (usize, usize)) {
        let mark = match (self.is_loud, loud) {
            (true, _) => ", NOISY: others used the processors meanwhile".to_owned(),
            (_, 0) => String::new(),
            (_, loud) => format!(", {loud} more were not quiet and do not count"),
        };
        say(&format!("\n{}: {count} ({turns} turns{mark})", self.what));
        let ours = self.takes.first().map_or(0.0, |(_, spread)| spread.median);
        for (idx, (name, spread)) in self.takes.iter().enumerate() {
            let rate = bytes as f64 / spread.median.max(1e-6) / 1e6;
            let ratio = if idx == 0 { String::new() } else { format!("  {:.2} times ours", spread.median / ours) };
            let [low, high] = spread.quartiles;
            say(&format!("  {name:<28} {:>9.2} ms [{low:.2} to {high:.2}] {rate:>7.2} GB/s{ratio}", spread.median));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EFFORT: Effort = Effort { turns: 4, time: Duration::from_secs(60) };

    #[test]
    fn turns_go_forwards_and_backwards() {
        let order = std::cell::RefCell::new(String::new());
        let way = |name: &'static str| {
            Way::new(name, || {
                order.borrow_mut().push_str(name);
                Ok(7)
            })
        };
        run("row", Some(7), 1, EFFORT, &mut [way("a"), way("b")]).unwrap();
        assert!(order.borrow().starts_with("abbaabba"), "{order:?}");
    }

    #[test]
    fn ways_that_disagree_are_an_error() {
        let ways = |agrees: bool| {
            let other = Way::new("b", || Ok(8));
            [Way::new("a", || Ok(7)), if agrees { other } else { other.of_another_count() }]
        };
        let error = run("row", None, 1, EFFORT, &mut ways(true)).unwrap_err().to_string();
        assert_eq!(error, "row: b counts 8, not 7");
        run("row", None, 1, EFFORT, &mut ways(false)).unwrap();
        assert!(run("row", Some(6), 1, EFFORT, &mut ways(false)).is_err());
    }
}
