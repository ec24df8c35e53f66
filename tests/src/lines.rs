//! What a program has printed so far, line by line.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use crate::patience::PATIENCE;

#[derive(Debug, Default)]
struct State {
    lines: Vec<String>,
    ended: bool,
}

/// The lines of one pipe, read as they come so that it never fills up.
#[derive(Debug, Clone, Default)]
pub struct Lines(Arc<(Mutex<State>, Condvar)>);

impl Lines {
    /// Begins to read.
    pub fn of(pipe: impl Read + Send + 'static) -> Self {
        let lines = Self::default();
        let writer = lines.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n') {
                let Ok(line) = line else { break };
                writer.change(|state| state.lines.push(String::from_utf8_lossy(&line).into_owned()));
            }
            writer.change(|state| state.ended = true);
        });
        lines
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let (state, changed) = &*self.0;
        change(&mut state.lock().unwrap_or_else(PoisonError::into_inner));
        changed.notify_all();
    }

    /// Waits for a line, at or after the place `from`, in which `find` sees what it looks for; gives that, and the place
    /// after it. `None` if the pipe ends first.
    ///
    /// # Panics
    ///
    /// Where neither happens in time.
    pub fn find<T>(&self, from: usize, find: impl Fn(&str) -> Option<T>) -> Option<(T, usize)> {
        let deadline = Instant::now() + PATIENCE;
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut place = from;
        loop {
            while let Some(line) = state.lines.get(place) {
                place += 1;
                if let Some(found) = find(line) {
                    return Some((found, place));
                }
            }
            if state.ended {
                return None;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited {PATIENCE:?} in vain for a line among these:\n{}", state.lines.join("\n"));
            state = changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Everything up to now.
    pub fn text(&self) -> String {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).lines.join("\n")
    }

    /// Everything, once the pipe has ended.
    pub fn whole(&self) -> String {
        let nothing: Option<((), usize)> = self.find(usize::MAX, |_| None);
        debug_assert!(nothing.is_none());
        self.text()
    }
}
