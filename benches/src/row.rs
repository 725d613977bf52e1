//! The figures that programs print for `bench-report`: one line for each.

use std::fmt;
use std::str::FromStr;

/// One figure. As text: `group/library/parameter`, a tab, the value, a tab, the unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What is measured.
    pub name: Name,
    /// The figure; smaller is better.
    pub value: f64,
    /// `ns`, `B` or `allocations`.
    pub unit: String,
}

/// What a figure is about; the order is that of the tables.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// The bench, such as `seal`.
    pub group: String,
    /// The size or the part; empty if there is one only.
    pub parameter: String,
    /// The library, such as `sansgram`.
    pub library: String,
}

impl Row {
    /// A time per operation in nanoseconds.
    #[must_use]
    pub fn nanoseconds(group: &str, library: &str, parameter: impl fmt::Display, value: f64) -> Self {
        Self { name: Name::new(group, library, parameter), value, unit: "ns".to_owned() }
    }
}

impl Name {
    /// The name of these three parts.
    #[must_use]
    pub fn new(group: &str, library: &str, parameter: impl fmt::Display) -> Self {
        Self { group: group.to_owned(), parameter: parameter.to_string(), library: library.to_owned() }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.group, self.library)?;
        if self.parameter.is_empty() { Ok(()) } else { write!(formatter, "/{}", self.parameter) }
    }
}

impl FromStr for Name {
    type Err = NotARow;

    fn from_str(text: &str) -> Result<Self, NotARow> {
        let mut parts = text.splitn(3, '/');
        let (Some(group), Some(library)) = (parts.next(), parts.next()) else { return Err(NotARow) };
        Ok(Self::new(group, library, parts.next().unwrap_or_default()))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}\t{}\t{}", self.name, self.value, self.unit)
    }
}

impl FromStr for Row {
    type Err = NotARow;

    fn from_str(line: &str) -> Result<Self, NotARow> {
        let mut fields = line.split('\t');
        let (Some(name), Some(value), Some(unit), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(NotARow);
        };
        Ok(Self { name: name.parse()?, value: value.parse().map_err(|_| NotARow)?, unit: unit.to_owned() })
    }
}

/// The text is no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotARow;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read_as_they_are_written() {
        for line in ["machine/sansgram/100\t509.5\tns", "handshake/sansgram/client side\t7\tns", "pq/x\t1\tB"]
        {
            assert_eq!(line.parse::<Row>().map(|row| row.to_string()), Ok(line.to_owned()));
        }
    }

    #[test]
    fn other_lines_are_no_rows() {
        for line in ["", "| 1 | 2 |", "machine\t1\tns", "a/b\tfast\tns", "a/b\t1", "a/b\t1\tns\tx"] {
            assert_eq!(line.parse::<Row>(), Err(NotARow), "{line}");
        }
    }
}
