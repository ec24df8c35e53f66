//! What is on the screen, and what keys do to it.

use clap::ValueEnum;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::reading::Row;

/// What the rows are sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    #[default]
    Rate,
    Errors,
    P99,
    Busy,
    Name,
}

impl Sort {
    const ALL: [Sort; 5] = [Sort::Rate, Sort::Errors, Sort::P99, Sort::Busy, Sort::Name];

    pub fn name(self) -> &'static str {
        match self {
            Sort::Rate => "rate",
            Sort::Errors => "errors",
            Sort::P99 => "p99",
            Sort::Busy => "busy",
            Sort::Name => "name",
        }
    }

    fn next(self) -> Self {
        let place = Self::ALL.iter().position(|sort| *sort == self).unwrap_or(0);
        Self::ALL[(place + 1) % Self::ALL.len()]
    }

    /// Sorts rows; equal ones by name, so that they stay where they are.
    pub fn sort(self, rows: &mut [Row]) {
        let weight = |row: &Row| match self {
            Sort::Rate => row.rate,
            Sort::Errors => row.errors,
            Sort::P99 => row.p99_us.unwrap_or(0.0),
            Sort::Busy => (row.in_flight + row.queued) as f64,
            Sort::Name => 0.0,
        };
        rows.sort_by(|a, b| {
            let names = |row: &Row| (row.service.clone(), row.what());
            weight(b).total_cmp(&weight(a)).then_with(|| names(a).cmp(&names(b)))
        });
    }
}

/// What is on the screen.
#[derive(Debug, Default)]
pub struct State {
    pub nameserver: String,
    pub rows: Vec<Row>,
    pub services: usize,
    /// Why the last look gave nothing.
    pub trouble: Option<String>,
    pub sort: Sort,
    pub filter: String,
    /// The filter is being typed.
    pub typing: bool,
    /// Rows above the first that is shown.
    pub above: usize,
}

/// Whether to go on.
#[derive(Debug, PartialEq, Eq)]
pub enum Flow {
    On,
    Quit,
}

impl State {
    /// The rows that the filter lets through, sorted.
    pub fn shown(&self) -> Vec<Row> {
        let fits = |row: &&Row| row.service.contains(&self.filter) || row.what().contains(&self.filter);
        let mut rows: Vec<Row> = self.rows.iter().filter(fits).cloned().collect();
        self.sort.sort(&mut rows);
        rows
    }

    /// A key was pressed.
    pub fn key(&mut self, key: KeyEvent) -> Flow {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return if key.code == KeyCode::Char('c') { Flow::Quit } else { Flow::On };
        }
        if self.typing {
            match key.code {
                KeyCode::Enter => self.typing = false,
                KeyCode::Esc => {
                    self.typing = false;
                    self.filter.clear();
                }
                KeyCode::Backspace => {
                    self.filter.pop();
                }
                KeyCode::Char(c) if self.filter.len() < 64 => self.filter.push(c),
                _ => {}
            }
            self.above = 0;
            return Flow::On;
        }
        let last = self.shown().len().saturating_sub(1);
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Flow::Quit,
            KeyCode::Char('s') => self.sort = self.sort.next(),
            KeyCode::Char('/') => self.typing = true,
            KeyCode::Up | KeyCode::Char('k') => self.above = self.above.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => self.above += 1,
            KeyCode::PageUp => self.above = self.above.saturating_sub(10),
            KeyCode::PageDown => self.above += 10,
            KeyCode::Home => self.above = 0,
            KeyCode::End => self.above = last,
            _ => {}
        }
        self.above = self.above.min(last);
        Flow::On
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(service: &str, rate: f64, p99: f64) -> Row {
        Row {
            service: service.into(),
            interface: "com.foo.example".into(),
            method: "create".into(),
            rate,
            p99_us: Some(p99),
            ..Row::default()
        }
    }

    fn press(state: &mut State, keys: &[KeyCode]) -> Flow {
        keys.iter().fold(Flow::On, |_, code| state.key(KeyEvent::new(*code, KeyModifiers::NONE)))
    }

    fn names(state: &State) -> String {
        state.shown().into_iter().map(|row| row.service).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn keys_sort_filter_scroll_and_quit() {
        let rows = vec![row("/a", 1.0, 9.0), row("/b", 3.0, 8.0), row("/c", 2.0, 7.0)];
        let mut state = State { rows, ..State::default() };
        assert_eq!(names(&state), "/b /c /a");
        press(&mut state, &[KeyCode::Char('s'), KeyCode::Char('s')]);
        assert_eq!((state.sort, names(&state).as_str()), (Sort::P99, "/a /b /c"));
        press(&mut state, &[KeyCode::Down, KeyCode::Down, KeyCode::Down, KeyCode::Up]);
        assert_eq!(state.above, 1);
        press(&mut state, &[KeyCode::Char('/'), KeyCode::Char('q'), KeyCode::Backspace, KeyCode::Char('c')]);
        assert_eq!((state.filter.as_str(), state.above), ("c", 0));
        assert_eq!(press(&mut state, &[KeyCode::Enter]), Flow::On);
        press(&mut state, &[KeyCode::Char('/'), KeyCode::Esc]);
        assert_eq!(state.filter, "");
        assert_eq!(press(&mut state, &[KeyCode::Char('q')]), Flow::Quit);
        assert_eq!(state.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), Flow::Quit);
    }
}
