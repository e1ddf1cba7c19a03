//! Durations in buckets of about 1.5 %: millions of samples in a few kilobytes.

use std::time::Duration;

/// Buckets for each power of two.
const STEPS: u64 = 64;

/// The power of two of [`STEPS`].
const STEP_BITS: u32 = STEPS.trailing_zeros();

/// How many durations fell into which bucket.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    buckets: Vec<u32>,
    count: u64,
    most: u64,
}

impl Histogram {
    /// Counts one duration, in nanoseconds.
    pub fn add(&mut self, nanos: u64) {
        let idx = bucket(nanos);
        if idx >= self.buckets.len() {
            self.buckets.resize(idx + 1, 0);
        }
        self.buckets[idx] = self.buckets[idx].saturating_add(1);
        self.count += 1;
        self.most = self.most.max(nanos);
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The largest.
    pub fn most(&self) -> Duration {
        Duration::from_nanos(self.most)
    }

    /// The value that `share` (0 to 1) of the durations do not pass; zero without any.
    pub fn percentile(&self, share: f64) -> Duration {
        let wanted = (self.count as f64 * share.clamp(0.0, 1.0)).ceil().max(1.0) as u64;
        let mut sum = 0;
        for (idx, n) in self.buckets.iter().enumerate() {
            sum += u64::from(*n);
            if sum >= wanted {
                return Duration::from_nanos(upper(idx).min(self.most));
            }
        }
        Duration::ZERO
    }
}

/// Values below [`STEPS`] have a bucket each; above, each power of two has [`STEPS`].
fn bucket(nanos: u64) -> usize {
    let Some(shift) = nanos.checked_ilog2().and_then(|log| log.checked_sub(STEP_BITS)) else { return nanos as usize };
    ((u64::from(shift) + 1) * STEPS + ((nanos >> shift) - STEPS)) as usize
}

/// The largest value of a bucket.
fn upper(idx: usize) -> u64 {
    let idx = idx as u64;
    match (idx / STEPS).checked_sub(1) {
        None => idx,
        Some(shift) => (((idx % STEPS) + STEPS + 1) << shift) - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_values_within_two_percent() {
        for nanos in [0, 1, 63, 64, 65, 127, 128, 1_000, 123_456, 98_765_432_100, 3_600_000_000_000] {
            let most = upper(bucket(nanos));
            assert!(most >= nanos && most - nanos <= nanos / 50, "{nanos} is told as {most}");
        }
    }

    #[test]
    fn percentiles_are_those_of_the_samples() {
        let mut histogram = Histogram::default();
        (1..=1000).for_each(|micros| histogram.add(micros * 1000));
        let at = |share| histogram.percentile(share).as_micros();
        assert!((490..=510).contains(&at(0.5)) && (980..=1000).contains(&at(0.99)), "{} {}", at(0.5), at(0.99));
        assert_eq!((histogram.count(), histogram.most().as_micros(), at(1.0)), (1000, 1000, 1000));
        assert_eq!(Histogram::default().percentile(0.5), Duration::ZERO);
    }
}
