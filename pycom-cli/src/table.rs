//! Columns that fit the terminal.

use crate::terminal::Style;

/// Cells, padded to columns.
#[derive(Debug)]
pub struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

const GAP: usize = 2;

/// Narrowest column that a text is cut to.
const NARROWEST: usize = 12;

impl Table {
    pub fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), rows: Vec::new() }
    }

    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// Columns that it takes where nothing is cut.
    pub fn natural_width(&self) -> usize {
        self.widths(None).iter().map(|width| width + GAP).sum::<usize>().saturating_sub(GAP)
    }

    /// The lines. Where `width` is too small the widest columns are cut, with `…`.
    pub fn lines(&self, style: Style, width: Option<usize>) -> Vec<String> {
        let widths = self.widths(width);
        let head: Vec<String> = self.head.iter().map(|text| (*text).to_owned()).collect();
        let heading = style.heading(&line(&head, &widths));
        std::iter::once(heading).chain(self.rows.iter().map(|row| line(row, &widths))).collect()
    }

    fn widths(&self, available: Option<usize>) -> Vec<usize> {
        let widest = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.chain([self.head[column].len()]).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..self.head.len()).map(widest).collect();
        let Some(available) = available else { return widths };
        let gaps = GAP * widths.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > available {
            match widths.iter_mut().filter(|width| **width > NARROWEST).max() {
                Some(width) => *width -= 1,
                None => break,
            }
        }
        widths
    }
}

fn line(cells: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, &width) in cells.iter().zip(widths) {
        let cell = cut(cell, width);
        line.push_str(&cell);
        line.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count()) + GAP));
    }
    line.truncate(line.trim_end().len());
    line
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fit_and_the_widest_are_cut() {
        let mut table = Table::new(&["A", "B"]);
        table.row(vec!["short".into(), "a text that is rather long".into()]);
        assert_eq!(table.lines(Style::PLAIN, None)[1], "short  a text that is rather long");
        assert_eq!(table.lines(Style::PLAIN, Some(22))[1], "short  a text that is…");
        assert_eq!(table.lines(Style::PLAIN, Some(3))[1], "short  a text that…");
    }
}
