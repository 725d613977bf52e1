//! How a figure is written.

/// A figure with its unit, in three digits or more.
pub(crate) fn amount(value: f64, unit: &str) -> String {
    match unit {
        "ns" if value < 1e3 => format!("{value:.0} ns"),
        "ns" if value < 1e6 => format!("{:.2} µs", value / 1e3),
        "ns" => format!("{:.2} ms", value / 1e6),
        _ if value >= 100.0 => format!("{value:.0} {unit}"),
        _ => format!("{value:.2} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_follow_the_size() {
        assert_eq!(
            [7.4, 999.0, 1000.0, 2_345_678.0].map(|value| amount(value, "ns")),
            ["7 ns", "999 ns", "1.00 µs", "2.35 ms"]
        );
        assert_eq!([0.25, 4052.4].map(|value| amount(value, "B")), ["0.25 B", "4052 B"]);
    }
}
