//! How it looks.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Paragraph, Row as Cells, Table};

use super::reading::Row;
use super::state::State;
use crate::terminal::safe;

pub const HEAD: [&str; 9] = ["SERVICE", "METHOD", "CALLS/S", "ERR/S", "P50", "P99", "RUN", "WAIT", "CALLS"];

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, state: &State, colour: bool) {
    let paint = |wanted: Color| if colour { Style::new().fg(wanted) } else { Style::new() };
    let [top, middle, bottom] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(2), Constraint::Length(1)]).areas(frame.area());
    let all = |count: fn(&Row) -> f64| state.rows.iter().map(count).sum::<f64>();
    let summary = format!(
        "pycom top  {}  {} services  {} calls/s  {} errors/s",
        safe(&state.nameserver),
        state.services,
        number(all(|row| row.rate)),
        number(all(|row| row.errors)),
    );
    frame.render_widget(Paragraph::new(Line::styled(summary, Style::new().add_modifier(Modifier::BOLD))), top);

    let rows = state.shown();
    let cells = rows.iter().skip(state.above).map(|row| {
        let style = match row {
            Row { note: Some(_), .. } => Style::new().add_modifier(Modifier::DIM),
            Row { errors, .. } if *errors > 0.0 => paint(Color::Red),
            _ => Style::new(),
        };
        Cells::new(cells(row).map(Cell::from)).style(style)
    });
    let widths = [
        Constraint::Fill(2),
        Constraint::Fill(3),
        Constraint::Length(8),
        Constraint::Length(7),
        Constraint::Length(8),
        Constraint::Length(8),
        Constraint::Length(5),
        Constraint::Length(5),
        Constraint::Length(9),
    ];
    let head = Cells::new(HEAD).style(paint(Color::Cyan).add_modifier(Modifier::BOLD));
    frame.render_widget(Table::new(cells, widths).header(head), middle);

    let keys = match (&state.trouble, state.typing) {
        (Some(trouble), _) => Line::styled(safe(trouble), paint(Color::Red)),
        (None, true) => Line::raw(format!("/{}_", safe(&state.filter))),
        (None, false) => {
            let mut spans = vec![Span::raw(format!("q quit  s sort: {}  / filter", state.sort.name()))];
            if !state.filter.is_empty() {
                spans.push(Span::styled(format!(": {}", safe(&state.filter)), paint(Color::Yellow)));
            }
            spans.push(Span::raw("  ↑↓ scroll"));
            Line::from(spans)
        }
    };
    frame.render_widget(Paragraph::new(keys), bottom);
}

/// The cells of a row, under [`HEAD`].
pub fn cells(row: &Row) -> [String; 9] {
    let (service, what) = (safe(&row.service), safe(&row.what()));
    if row.note.is_some() {
        return [&service, &what, "", "", "", "", "", "", ""].map(str::to_owned);
    }
    [
        service,
        what,
        number(row.rate),
        number(row.errors),
        time(row.p50_us),
        time(row.p99_us),
        row.in_flight.to_string(),
        row.queued.to_string(),
        row.calls.to_string(),
    ]
}

fn number(value: f64) -> String {
    match value {
        0.0 => "0".into(),
        value if value < 9.95 => format!("{value:.1}"),
        value => format!("{value:.0}"),
    }
}

/// Microseconds in three digits.
pub fn time(microseconds: Option<f64>) -> String {
    match microseconds {
        None => "-".into(),
        Some(us) if us < 9.995 => format!("{us:.2}us"),
        Some(us) if us < 99.95 => format!("{us:.1}us"),
        Some(us) if us < 999.5 => format!("{us:.0}us"),
        Some(us) if us < 9_995.0 => format!("{:.2}ms", us / 1e3),
        Some(us) if us < 99_950.0 => format!("{:.1}ms", us / 1e3),
        Some(us) if us < 999_500.0 => format!("{:.0}ms", us / 1e3),
        Some(us) => format!("{:.2}s", us / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;

    fn state() -> State {
        let method = |service: &str, method: &str, rate, errors| Row {
            service: service.into(),
            interface: "com.foo.example".into(),
            method: method.into(),
            rate,
            errors,
            p50_us: Some(84.0),
            p99_us: Some(12_345.0),
            in_flight: 3,
            queued: 1,
            calls: 123_456,
            note: None,
        };
        let silent = Row { service: "/com/foo/old".into(), note: Some("tells no statistics".into()), ..Row::default() };
        let rows = vec![silent, method("/com/foo/a", "create", 1.5, 0.0), method("/com/foo/b", "split", 2048.4, 0.25)];
        State { nameserver: "tcp://127.0.0.1:2012".into(), rows, services: 3, ..State::default() }
    }

    fn drawn(state: &State, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, state, false)).unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn the_fleet_is_drawn() {
        insta::assert_snapshot!("top", drawn(&state(), 110, 8));
    }

    #[test]
    fn a_filter_is_drawn_and_so_is_trouble() {
        let mut state = state();
        (state.filter, state.typing) = ("create".into(), true);
        let typing = drawn(&state, 100, 5);
        assert!(typing.contains("/create_") && !typing.contains("split"), "{typing}");
        state.trouble = Some("nobody answers".into());
        assert!(drawn(&state, 100, 5).contains("nobody answers"));
    }

    #[test]
    fn no_terminal_is_too_small() {
        for (width, height) in [(1, 1), (5, 2), (20, 3), (300, 1)] {
            drawn(&state(), width, height);
        }
    }

    #[test]
    fn foreign_names_cannot_drive_the_terminal() {
        let mut state = state();
        state.rows[1].service = "/com\u{1b}[31m".into();
        assert!(!drawn(&state, 120, 8).contains('\u{1b}'));
    }

    #[test]
    fn times_have_three_digits() {
        let times = [0.5, 42.0, 999.9, 1500.0, 42_000.0, 123_456.0, 2e6].map(|us| time(Some(us)));
        assert_eq!(times, ["0.50us", "42.0us", "1.00ms", "1.50ms", "42.0ms", "123ms", "2.00s"]);
        assert_eq!(time(None), "-");
    }
}
