//! What a run measured: percentiles of durations, and what a process costs.

use std::time::Duration;

/// The value below which `share` (0 to 1) of the values lie; zero without any.
pub fn percentile(sorted: &[Duration], share: f64) -> Duration {
    let last = sorted.len().saturating_sub(1);
    let idx = (last as f64 * share.clamp(0.0, 1.0)).round() as usize;
    sorted.get(idx).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_the_least_and_the_most() {
        let values: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        let at = |share| percentile(&values, share).as_millis();
        assert_eq!((at(0.0), at(0.5), at(0.99), at(1.0), percentile(&[], 0.5).as_millis()), (1, 51, 99, 100, 0));
    }
}
