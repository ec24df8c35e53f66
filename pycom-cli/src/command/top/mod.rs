//! `pycom top`: the fleet, live.
//!
//! | file | owns |
//! | --- | --- |
//! | `reading` | what services tell, and what happened between two readings |
//! | `state` | what is on the screen, and what keys do |
//! | `view` | how it looks |

mod reading;
mod state;
mod view;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyEventKind};
use tokio::sync::mpsc;

use super::{print, print_json};
use crate::cli::{Global, Top};
use crate::failure::{Failure, Result};
use crate::network::Network;
use crate::table::Table;
use crate::terminal;
use reading::{Reading, Row};
pub use state::Sort;
use state::{Flow, State};
pub use view::time;

/// How often the keyboard is looked at for whether to stop.
const GLANCE: Duration = Duration::from_millis(100);

pub async fn run(global: &Global, top: Top) -> Result<ExitCode> {
    let network = Network::new(global)?;
    if top.once || global.json {
        return write(&network, &top, global.json).await;
    }
    if !std::io::stdout().is_terminal() {
        let hint = "top draws on a terminal, and stdout is none; give --once for a table, or --json";
        return Err(Failure::usage(hint));
    }
    show(&network, top).await
}

/// Writes tables, or JSON, until Ctrl-C; or one.
async fn write(network: &Network, top: &Top, json: bool) -> Result<ExitCode> {
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    let mut before = reading::read(network).await?;
    loop {
        tokio::select! {
            _ = &mut interrupted => return Ok(ExitCode::SUCCESS),
            () = tokio::time::sleep(top.every) => {}
        }
        let now = reading::read(network).await?;
        let state = state(network, top, reading::rows(&before, &now), &now);
        match (json, top.once) {
            (true, true) => print_json(&state.shown())?,
            (true, false) => print([serde_json::json!(state.shown()).to_string()])?,
            (false, _) => print(table(&state.shown()).lines(terminal::stdout(), terminal::width()))?,
        }
        if top.once {
            return Ok(ExitCode::SUCCESS);
        }
        before = now;
    }
}

fn state(network: &Network, top: &Top, rows: Vec<Row>, now: &[Reading]) -> State {
    let filter = top.filter.clone().unwrap_or_default();
    let nameserver = network.choice.nameserver.clone();
    State { nameserver, rows, services: now.len(), sort: top.sort, filter, ..State::default() }
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new(&view::HEAD);
    rows.iter().for_each(|row| table.row(view::cells(row).to_vec()));
    table
}

/// Draws until `q` is pressed.
async fn show(network: &Network, top: Top) -> Result<ExitCode> {
    let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    // The first look comes before the screen: what is wrong with the network is said in plain text.
    let mut before = Vec::new();
    let mut now = reading::read(network).await?;
    let mut state = state(network, &top, reading::rows(&before, &now), &now);
    let (mut terminal, mut keys) = (ratatui::init(), Keys::read());
    let mut readings = looks(network.clone(), top.every);
    let outcome = loop {
        if let Err(error) = terminal.draw(|frame| view::draw(frame, &state, colour)) {
            break Err(error.into());
        }
        tokio::select! {
            pressed = keys.pressed.recv() => match pressed {
                Some(Event::Key(key)) if key.kind != KeyEventKind::Release => {
                    if state.key(key) == Flow::Quit {
                        break Ok(ExitCode::SUCCESS);
                    }
                }
                // Another size: it is drawn anew.
                Some(_) => {}
                None => break Ok(ExitCode::SUCCESS),
            },
            Some(read) = readings.recv() => match read {
                Ok(read) => {
                    before = std::mem::replace(&mut now, read);
                    (state.rows, state.services, state.trouble) = (reading::rows(&before, &now), now.len(), None);
                }
                Err(failure) => state.trouble = Some(failure.to_string()),
            },
        }
    };
    drop(keys);
    ratatui::restore();
    outcome
}

/// Asks all services now and then, until nobody wants to know.
fn looks(network: Network, every: Duration) -> mpsc::Receiver<Result<Vec<Reading>>> {
    let (told, readings) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(every).await;
            if told.send(reading::read(&network).await).await.is_err() {
                return;
            }
        }
    });
    readings
}

/// The keyboard, read by a thread of its own until this is dropped.
struct Keys {
    pressed: mpsc::Receiver<Event>,
    stop: Arc<AtomicBool>,
}

impl Keys {
    fn read() -> Self {
        let (press, pressed) = mpsc::channel(64);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                match event::poll(GLANCE) {
                    Ok(false) => {}
                    Ok(true) => {
                        let Ok(event) = event::read() else { break };
                        if press.blocking_send(event).is_err() {
                            break;
                        }
                    }
                    Err(_) => break,
                }
            }
        });
        Self { pressed, stop }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
