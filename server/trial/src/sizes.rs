//! How large the trials are: CI's sizes times `TRIAL_SCALE`. The long run (`cargo xtask soak`) is the same trials, larger.

/// `TRIAL_SCALE`, 1 without it. Below 1 for a quick look.
pub fn scale() -> f64 {
    let wanted = std::env::var("TRIAL_SCALE").ok().and_then(|text| text.parse().ok());
    wanted.filter(|scale: &f64| scale.is_finite() && *scale > 0.0).unwrap_or(1.0)
}

/// So many in CI; at least one.
pub fn times(in_ci: usize) -> usize {
    ((in_ci as f64 * scale()).round() as usize).max(1)
}
