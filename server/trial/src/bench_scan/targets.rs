//! What must be reached, each with the figure that was measured. A target that is missed is told, loudly, and is no error:
//! an error is what could not be measured.

use crate::bench::report::say;

/// The targets, as they were met.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    lines: Vec<String>,
    missed: usize,
}

impl Targets {
    /// `value` must be `target` at least; `aim` is what is hoped for beyond it.
    pub fn at_least(&mut self, what: &str, value: f64, target: f64, aim: Option<f64>) {
        let hope = match aim {
            Some(aim) if value >= aim => format!("; the aim of {aim} too"),
            Some(aim) => format!("; not yet the aim of {aim}"),
            None => String::new(),
        };
        let hope = if value >= target { hope.as_str() } else { "" };
        self.judged(what, value, value >= target, &format!("at least {target}"), hope);
    }

    /// `value` must be `target` at most.
    pub fn at_most(&mut self, what: &str, value: f64, target: f64) {
        self.judged(what, value, value <= target, &format!("at most {target}"), "");
    }

    /// Something that was not compared.
    pub fn not_measured(&mut self, what: &str, why: &str) {
        self.lines.push(format!("  NOT MEASURED  {what}: {why}"));
    }

    /// Prints them all.
    pub fn print(&self) {
        say(&format!("\ntargets, {} missed:", self.missed));
        self.lines.iter().for_each(|line| say(line));
    }

    fn judged(&mut self, what: &str, value: f64, is_met: bool, target: &str, hope: &str) {
        self.missed += usize::from(!is_met);
        let word = if is_met { "met          " } else { "MISSED       " };
        self.lines.push(format!("  {word} {what}: {value:.3} (target {target}{hope})"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missed_is_counted_and_told() {
        let mut targets = Targets::default();
        targets.at_least("a", 1.2, 1.0, Some(1.5));
        targets.at_least("b", 0.9, 1.0, Some(1.5));
        targets.at_most("c", 5.1, 5.0);
        targets.at_most("d", 5.0, 5.0);
        let words: Vec<&str> = targets.lines.iter().filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!((words, targets.missed), (vec!["met", "MISSED", "MISSED", "met"], 2));
        assert!(targets.lines[0].contains("not yet the aim of 1.5") && !targets.lines[1].contains("aim"));
    }
}
