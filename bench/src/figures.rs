//! Samples, and their minimum, median, 99th percentile and maximum.

use std::time::Duration;

/// Samples of one measurement, in the order in which they were taken.
#[derive(Debug, Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    /// Adds a sample.
    pub fn push(&mut self, sample: Duration) {
        self.0.push(sample);
    }

    /// Nearest-rank percentile in milliseconds. NaN when there are no samples.
    pub fn percentile_ms(&self, percent: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let rank = ((percent / 100.0) * sorted.len() as f64).ceil().max(1.0) as usize - 1;
        sorted.get(rank).map_or(f64::NAN, |d| d.as_secs_f64() * 1000.0)
    }

    /// Median in milliseconds.
    pub fn median_ms(&self) -> f64 {
        self.percentile_ms(50.0)
    }

    /// A row of the printed table.
    pub fn row(&self, name: &str) -> String {
        format!(
            "{name:<46} {:>5} {:>9.3} {:>9.3} {:>9.3} {:>9.3}",
            self.0.len(),
            self.percentile_ms(0.0),
            self.median_ms(),
            self.percentile_ms(99.0),
            self.percentile_ms(100.0)
        )
    }
}

/// Header of the printed table.
pub fn header() -> String {
    format!("{:<46} {:>5} {:>9} {:>9} {:>9} {:>9}", "milliseconds", "n", "min", "median", "p99", "max")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_rank() {
        let mut samples = Samples::default();
        (1..=100).rev().for_each(|ms| samples.push(Duration::from_millis(ms)));
        assert!((samples.median_ms() - 50.0).abs() < 1e-9);
        assert!((samples.percentile_ms(99.0) - 99.0).abs() < 1e-9);
        assert!((samples.percentile_ms(100.0) - 100.0).abs() < 1e-9);
    }
}
