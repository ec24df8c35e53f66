//! Colours and widths: only where a person looks on.

use std::io::IsTerminal;

/// How to mark text for where it goes.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    colour: bool,
}

/// For what goes to stdout.
pub fn stdout() -> Style {
    Style { colour: wanted(std::io::stdout().is_terminal()) }
}

/// For what goes to stderr.
pub fn stderr() -> Style {
    Style { colour: wanted(std::io::stderr().is_terminal()) }
}

fn wanted(is_terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    is_terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

impl Style {
    #[cfg(test)]
    pub const PLAIN: Style = Style { colour: false };

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// What a table or a page is headed by.
    pub fn heading(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// A name that can be given to another command.
    pub fn name(self, text: &str) -> String {
        self.paint("36", text)
    }

    /// A type.
    pub fn kind(self, text: &str) -> String {
        self.paint("33", text)
    }

    /// What matters less.
    pub fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// What is as it should be.
    pub fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// What is not.
    pub fn error(self, text: &str) -> String {
        self.paint("1;31", text)
    }
}

/// Columns of the terminal that stdout goes to; nothing where it goes elsewhere.
pub fn width() -> Option<usize> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the call writes the struct it is given, and nothing else.
    let asked = unsafe { libc::ioctl(libc::STDOUT_FILENO, libc::TIOCGWINSZ, &raw mut size) };
    (asked == 0 && size.ws_col > 0).then(|| usize::from(size.ws_col))
}

/// Foreign text made safe for a terminal: control characters are escaped, line ends too.
pub fn safe(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.to_owned();
    }
    text.chars().flat_map(|c| if c.is_control() { c.escape_debug().collect() } else { vec![c] }).collect()
}

/// Breaks a text into lines of at most `width` columns, keeping its own line ends.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut current = String::new();
        let indented = line.starts_with(' ');
        for word in line.split(' ') {
            if !indented && !current.is_empty() && current.chars().count() + 1 + word.chars().count() > width {
                lines.push(std::mem::take(&mut current));
            } else if !current.is_empty() || indented && word.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
        lines.push(current);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_drive_the_terminal() {
        assert_eq!(safe("a\x1b[31mb\n"), "a\\u{1b}[31mb\\n");
        assert_eq!(safe("grün"), "grün");
    }

    #[test]
    fn long_lines_are_broken_between_words() {
        assert_eq!(wrap("one two three\nfour", 7), ["one two", "three", "four"]);
    }
}
