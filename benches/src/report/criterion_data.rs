//! Reads what criterion writes: the folder of each bench has `new/benchmark.json` and `new/sample.json`.

use std::fs;
use std::path::{Path, PathBuf};

use sansgram_benches::{Name, Row};
use serde_json::Value;

/// Reads the last run in a folder of criterion's. A time is that of the fastest sample, since other work on the machine
/// only adds time, and is per element if the bench counts elements.
pub(crate) fn read(root: &Path) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut folders: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        folders.extend(entries.map(|entry| entry.path()).filter(|path| path.is_dir()));
        if folder.ends_with("new") {
            let text = |name: &str| fs::read_to_string(folder.join(name)).ok();
            rows.extend(text("benchmark.json").zip(text("sample.json")).and_then(|(bench, sample)| {
                row(&serde_json::from_str(&bench).ok()?, &serde_json::from_str(&sample).ok()?)
            }));
        }
    }
    rows
}

fn row(bench: &Value, samples: &Value) -> Option<Row> {
    let numbers = |key: &str| Some(samples[key].as_array()?.iter().filter_map(Value::as_f64).collect());
    let (times, rounds): (Vec<f64>, Vec<f64>) = (numbers("times")?, numbers("iters")?);
    let time = times.iter().zip(&rounds).map(|(time, rounds)| time / rounds).min_by(f64::total_cmp)?;

    let text = |key: &str| bench[key].as_str().unwrap_or_default();
    let (library, part) = text("function_id").split_once('/').unwrap_or((text("function_id"), ""));
    let name = Name::new(text("group_id"), library, format!("{part}{}", text("value_str")));
    let elements = bench["throughput"]["Elements"].as_f64().unwrap_or(1.0);
    Some(Row { name, value: time / elements, unit: "ns".to_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_time_is_that_of_the_fastest_sample() {
        let bench = json!({"group_id": "seal", "function_id": "sansgram", "value_str": "64",
            "throughput": {"Bytes": 64}});
        let sample = json!({"iters": [1.0, 2.0, 4.0], "times": [500.0, 800.0, 1700.0]});
        assert_eq!(row(&bench, &sample), Some(Row::nanoseconds("seal", "sansgram", 64, 400.0)));
    }

    #[test]
    fn a_time_is_per_element() {
        let bench = json!({"group_id": "replies_read", "function_id": "sansgram/part", "value_str": null,
            "throughput": {"Elements": 100}});
        let sample = json!({"iters": [1.0], "times": [20_000.0]});
        assert_eq!(row(&bench, &sample), Some(Row::nanoseconds("replies_read", "sansgram", "part", 200.0)));
    }
}
