//! Tables for people: columns as wide as what is in them, numbers to the right.

use std::fmt::{self, Write as _};

/// A table in the making.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With these columns.
    pub fn new(columns: &[&str]) -> Self {
        let header = columns.iter().map(|column| (*column).to_owned()).collect();
        Self { header, rows: Vec::new() }
    }

    /// Adds a row of as many cells.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        debug_assert_eq!(N, self.header.len());
        self.rows.push(cells.into());
    }

    /// Whether it has no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether every cell of the column is a number or a dash.
    fn is_numeric(&self, column: usize) -> bool {
        let number = |cell: &str| cell == "-" || cell.parse::<f64>().is_ok();
        self.rows.iter().all(|row| number(&row[column]))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = 0..self.header.len();
        let all = || std::iter::once(&self.header).chain(&self.rows);
        let width = |column: usize| all().map(|row| row[column].chars().count()).max();
        let widths: Vec<_> = columns.clone().map(|c| width(c).unwrap_or(0)).collect();
        let right: Vec<_> = columns.map(|c| self.is_numeric(c)).collect();
        for row in all() {
            let mut line = String::new();
            for ((cell, width), right) in row.iter().zip(&widths).zip(&right) {
                let gap = " ".repeat(width - cell.chars().count());
                let (before, after) =
                    if *right { (gap, String::new()) } else { (String::new(), gap) };
                write!(line, "{before}{cell}{after}  ")?;
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_to_the_left_and_numbers_to_the_right() {
        let mut table = Table::new(&["section", "left"]);
        table.row(["A/1".to_owned(), "12".to_owned()]);
        table.row(["Bé/long-1".to_owned(), "-".to_owned()]);
        assert_eq!(table.to_string(), "section    left\nA/1          12\nBé/long-1     -\n");
    }
}
