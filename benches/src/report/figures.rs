//! All figures of a run: by build, round and name. As text, one line for each, so that the report can be written again
//! without measuring.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::str::FromStr;

use sansgram_benches::{Name, NotARow, Row};

/// The figures of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    /// The facts that the report begins with: what, and its value.
    pub(crate) facts: Vec<(String, String)>,
    /// What could not be measured, one sentence each.
    pub(crate) failures: BTreeSet<String>,
    builds: Vec<String>,
    rounds: BTreeMap<(String, Name), BTreeMap<u32, f64>>,
    units: BTreeMap<Name, String>,
}

impl Figures {
    pub(crate) fn add_build(&mut self, build: &str) {
        if !self.builds.iter().any(|known| known == build) {
            self.builds.push(build.to_owned());
        }
    }

    pub(crate) fn add(&mut self, build: &str, round: u32, row: Row) {
        self.add_build(build);
        self.units.insert(row.name.clone(), row.unit);
        self.rounds.entry((build.to_owned(), row.name)).or_default().insert(round, row.value);
    }

    /// Adds the sum of two groups as a row of a third one, for a library that has no bench of its own there.
    pub(crate) fn add_sum(&mut self, library: &str, [first, second]: [&str; 2], sum: &str) {
        let mut rows = Vec::new();
        for ((build, name), rounds) in &self.rounds {
            if name.group != first || name.library != library {
                continue;
            }
            let other = (build.clone(), Name::new(second, library, &name.parameter));
            let others = self.rounds.get(&other);
            for (round, value) in rounds {
                if let Some(other) = others.and_then(|others| others.get(round)) {
                    let row = Row::nanoseconds(sum, library, &name.parameter, value + other);
                    rows.push((build.clone(), *round, row));
                }
            }
        }
        rows.into_iter().for_each(|(build, round, row)| self.add(&build, round, row));
    }

    /// The builds in the order in which they were added.
    pub(crate) fn builds(&self) -> impl Iterator<Item = &str> {
        self.builds.iter().map(String::as_str)
    }

    /// All names of one group.
    pub(crate) fn names<'f>(&'f self, group: &'f str) -> impl Iterator<Item = &'f Name> {
        self.units.keys().filter(move |name| name.group == group)
    }

    /// The parameters of a group, by number if they have any.
    pub(crate) fn parameters<'f>(&'f self, group: &'f str) -> Vec<&'f str> {
        let parameters: BTreeSet<&str> = self.names(group).map(|name| name.parameter.as_str()).collect();
        let mut parameters: Vec<&str> = parameters.into_iter().collect();
        parameters.sort_by_key(|parameter| {
            let numbers = parameter.split(|c: char| !c.is_ascii_digit());
            numbers.filter_map(|number| number.parse::<u64>().ok()).collect::<Vec<_>>()
        });
        parameters
    }

    /// All groups, some of them more than once.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &str> {
        self.units.keys().map(|name| name.group.as_str())
    }

    pub(crate) fn unit(&self, name: &Name) -> &str {
        self.units.get(name).map_or("ns", String::as_str)
    }

    /// The median of the rounds.
    pub(crate) fn value(&self, build: &str, name: &Name) -> Option<f64> {
        let rounds = self.rounds.get(&(build.to_owned(), name.clone()))?;
        median(rounds.values().copied().collect())
    }

    /// The median of the ratios of each round.
    pub(crate) fn ratio(&self, build: &str, name: &Name, to: &Name) -> Option<f64> {
        let [rounds, others] = [name, to].map(|name| self.rounds.get(&(build.to_owned(), name.clone())));
        let others = others?;
        let ratios = rounds?.iter().filter_map(|(round, value)| Some(value / others.get(round)?));
        median(ratios.collect())
    }

    /// The number of rounds of the row that has most.
    pub(crate) fn round_count(&self) -> usize {
        self.rounds.values().map(BTreeMap::len).max().unwrap_or_default()
    }

    /// The text from which the same figures can be read.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        let mut line = |line: std::fmt::Arguments<'_>| writeln!(text, "{line}").expect("a string takes all");
        for (what, value) in &self.facts {
            line(format_args!("fact\t{what}\t{value}"));
        }
        for failure in &self.failures {
            line(format_args!("failure\t{failure}"));
        }
        for build in &self.builds {
            line(format_args!("build\t{build}"));
        }
        for ((build, name), rounds) in &self.rounds {
            let unit = self.unit(name);
            for (round, value) in rounds {
                line(format_args!("{build}\t{round}\t{name}\t{value}\t{unit}"));
            }
        }
        text
    }
}

impl FromStr for Figures {
    type Err = NotARow;

    fn from_str(text: &str) -> Result<Self, NotARow> {
        let mut figures = Self::default();
        for line in text.lines() {
            let (first, rest) = line.split_once('\t').ok_or(NotARow)?;
            match first {
                "fact" => {
                    let (what, value) = rest.split_once('\t').ok_or(NotARow)?;
                    figures.facts.push((what.to_owned(), value.to_owned()));
                }
                "failure" => {
                    figures.failures.insert(rest.to_owned());
                }
                "build" => figures.add_build(rest),
                build => {
                    let (round, row) = rest.split_once('\t').ok_or(NotARow)?;
                    figures.add(build, round.parse().map_err(|_| NotARow)?, row.parse()?);
                }
            }
        }
        Ok(figures)
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some((lower + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_read_as_it_is_written() {
        let mut figures = Figures::default();
        figures.facts.push(("processor".to_owned(), "a test".to_owned()));
        figures.failures.insert("`socket` failed.".to_owned());
        figures.add_build("native");
        figures.add("default", 0, Row::nanoseconds("seal", "sansgram", 64, 100.5));
        figures.add("default", 1, Row::nanoseconds("seal", "sansgram", 64, 200.0));
        assert_eq!(figures.to_text().parse(), Ok(figures));
    }

    #[test]
    fn a_ratio_is_taken_in_each_round() {
        let mut figures = Figures::default();
        let [ours, theirs] = ["sansgram", "peer"].map(|library| Name::new("seal", library, 64));
        for (round, ours, theirs) in [(0, 100.0, 200.0), (1, 300.0, 600.0), (2, 100.0, 900.0)] {
            figures.add("default", round, Row::nanoseconds("seal", "sansgram", 64, ours));
            figures.add("default", round, Row::nanoseconds("seal", "peer", 64, theirs));
        }
        assert_eq!(figures.value("default", &ours), Some(100.0));
        assert_eq!(figures.ratio("default", &theirs, &ours), Some(2.0));
        assert_eq!(figures.ratio("native", &theirs, &ours), None);
    }

    #[test]
    fn a_sum_is_of_the_same_round() {
        let mut figures = Figures::default();
        for (round, value) in [(0, 1.0), (1, 10.0)] {
            figures.add("default", round, Row::nanoseconds("pack", "peer", 100, value));
            figures.add("default", round, Row::nanoseconds("pack", "sansgram", 100, value));
        }
        figures.add("default", 1, Row::nanoseconds("read", "peer", 100, 5.0));
        figures.add_sum("peer", ["pack", "read"], "both");
        assert_eq!(figures.value("default", &Name::new("both", "peer", 100)), Some(15.0));
        assert_eq!(figures.names("both").count(), 1);
    }

    #[test]
    fn the_median_of_two_is_their_mean() {
        assert_eq!(median(vec![3.0, 1.0]), Some(2.0));
        assert_eq!(median(Vec::new()), None);
    }

    #[test]
    fn numbers_sort_by_value() {
        let mut figures = Figures::default();
        for parameter in ["1000", "16x64", "100", "2x1024"] {
            figures.add("default", 0, Row::nanoseconds("seal", "sansgram", parameter, 1.0));
        }
        assert_eq!(figures.parameters("seal"), ["2x1024", "16x64", "100", "1000"]);
    }
}
