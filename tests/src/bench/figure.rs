//! Figures as every bench prints them: one JSON line each, or a table for a person.

use serde_json::json;

/// What a figure is held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    /// Reported only.
    None,
    /// Holds if the value is at most this.
    AtMost(f64),
    /// Holds if the value is at least this.
    AtLeast(f64),
}

/// The figures of one run, printed as they come (`--json`) or at the end (a table).
pub struct Report {
    json: bool,
    rows: Vec<[String; 5]>,
}

impl Report {
    /// A report on standard output.
    pub fn new(json: bool) -> Report {
        Report {
            json,
            rows: Vec::new(),
        }
    }

    /// Adds a figure; `None` where it could not be measured.
    pub fn figure(
        &mut self,
        bench: &str,
        metric: &str,
        value: Option<f64>,
        unit: &str,
        goal: Goal,
    ) {
        // Four significant digits: more would claim what these machines cannot tell.
        let value = value.map(|value| format!("{value:.3e}").parse().unwrap_or(value));
        let (bound, holds) = match goal {
            Goal::None => (None, None),
            Goal::AtMost(bound) => (Some(bound), value.map(|value| value <= bound)),
            Goal::AtLeast(bound) => (Some(bound), value.map(|value| value >= bound)),
        };
        if self.json {
            println!(
                "{}",
                json!({ "bench": bench, "metric": metric, "value": value, "unit": unit, "goal": bound, "holds": holds })
            );
            return;
        }
        let goal = match goal {
            Goal::None => String::new(),
            Goal::AtMost(bound) => format!("≤ {bound}"),
            Goal::AtLeast(bound) => format!("≥ {bound}"),
        };
        let verdict = match holds {
            None => "",
            Some(true) => "holds",
            Some(false) => "MISSED",
        };
        let value = value.map_or("not measured".to_owned(), |value| value.to_string());
        self.rows.push([
            metric.to_owned(),
            value,
            unit.to_owned(),
            goal,
            verdict.to_owned(),
        ]);
    }

    /// Prints the table.
    pub fn finish(self) {
        let width = |column: usize| {
            self.rows
                .iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..5).map(width).collect();
        for row in &self.rows {
            let line: Vec<String> = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell:<width$}"))
                .collect();
            println!("{}", line.join("  ").trim_end());
        }
    }
}

/// The `q`-quantile (0 to 1) of unsorted values, by nearest rank; `None` of nothing.
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted
        .get(rank.saturating_sub(1).min(sorted.len().checked_sub(1)?))
        .copied()
}

/// One-sided 95 % upper bound of a proportion seen `hits` times in `n` (Clopper and Pearson, 1934).
pub fn upper_bound_95(hits: usize, n: usize) -> Option<f64> {
    if n == 0 {
        return None;
    }
    // P(X ≤ hits | p) falls with p; the bound is where it is 5 %.
    let at_most = |p: f64| -> f64 {
        let mut term = (n as f64 * (1.0 - p).ln()).exp();
        let mut sum = term;
        for k in 0..hits {
            term *= (n - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
            sum += term;
        }
        sum
    };
    let (mut low, mut high) = (0.0, 1.0 - 1e-12);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if at_most(middle) > 0.05 {
            low = middle
        } else {
            high = middle
        }
    }
    Some(high)
}

/// 95 % interval of a proportion seen `hits` times in `n` (Wilson, 1927).
pub fn interval_95(hits: usize, n: usize) -> Option<(f64, f64)> {
    const Z: f64 = 1.96;
    if n == 0 {
        return None;
    }
    let (n, p) = (n as f64, hits as f64 / n as f64);
    let middle = p + Z * Z / (2.0 * n);
    let reach = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    Some(((middle - reach) / whole, (middle + reach) / whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_agree_with_the_rule_of_three_and_tables() {
        let bound = upper_bound_95(0, 2000).unwrap();
        assert!((bound - 3.0 / 2000.0).abs() < 1e-5, "{bound}");
        let bound = upper_bound_95(5, 1000).unwrap();
        assert!((bound - 0.010_49).abs() < 2e-5, "{bound}");
        let (low, high) = interval_95(81, 263).unwrap();
        assert!((low - 0.2553).abs() < 1e-4 && (high - 0.3662).abs() < 1e-4);
        assert_eq!(quantile(&[3.0, 1.0, 2.0, 4.0], 0.5), Some(2.0));
        assert_eq!(quantile(&[], 0.5), None);
    }
}
