//! Adding up what the test runners say in their closing lines.

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
}

impl Tally {
    /// Takes in a line of a runner, if it is a closing one: cargo's `test result: …` or Playwright's `12 passed (3s)`.
    pub fn read(&mut self, line: &str) {
        let counts = line.trim().strip_prefix("test result:").unwrap_or(line);
        let is_cargo = counts.len() != line.len() && line.trim() != counts;
        for part in counts.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(Ok(count)), Some(what)) = (words.next().map(str::parse::<u64>), words.next()) else { continue };
            // Playwright gives each count a line of its own, with nothing behind it but the time.
            if !is_cargo && words.any(|word| !word.starts_with('(')) {
                continue;
            }
            match what {
                "passed" => self.passed += count,
                "failed" | "interrupted" => self.failed += count,
                _ => {}
            }
        }
    }

    /// Both, added.
    pub fn and(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_added_up_and_nothing_else() {
        let cargo =
            "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.31s";
        let table: [(&[&str], u64, u64); 6] = [
            (&[cargo], 12, 3),
            (&[cargo, cargo], 24, 6),
            (&["test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.2s"], 7, 0),
            (&["  2 failed", "    [chromium] › follow.spec.ts:3:1 › 9 passed lines › x", "  31 passed (1.4m)"], 31, 2),
            (&["  1 flaky", "  2 did not run", "  5 skipped"], 0, 0),
            (&["7 passed lines were shown", "test something ... ok"], 0, 0),
        ];
        for (lines, passed, failed) in table {
            let mut tally = Tally::default();
            for line in lines {
                tally.read(line);
            }
            assert_eq!(tally, Tally { passed, failed }, "{lines:?}");
        }
    }
}
