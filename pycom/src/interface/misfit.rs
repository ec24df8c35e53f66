//! What is said of arguments that do not fit: in the original's words where it has them
//! (protocol.md, "Codes").

use super::arguments::Mismatch;
use crate::error::Error;
use crate::names::escaped;
use crate::wire;

/// The error of a call whose named arguments do not fit.
pub(crate) fn misfit(interface: &str, method: &str, names: &[&str], text: &str, mismatch: Mismatch) -> Error {
    Error::bad_request(match mismatch {
        Mismatch::Unknown(name) => return unknown_argument(interface, method, &name, names),
        Mismatch::NotAnObject => format!("Expected dictionary as argument for {interface}.{method}"),
        Mismatch::Missing(place) => format!("Argument '{}' is required for {interface}.{method}", names[place]),
        Mismatch::Invalid(error) => invalid(interface, method, text, &error),
    })
}

/// The error of a call with an argument that the method does not have.
pub(crate) fn unknown_argument(interface: &str, method: &str, name: &str, names: &[&str]) -> Error {
    let near = nearest(name, names).map_or(String::from("."), |near| format!("; did you mean '{near}'?"));
    let (name, known) = (escaped(name), names.join(", "));
    Error::bad_request(format!("Unknown argument '{name}' for {interface}.{method}{near} It takes: {known}"))
}

/// What is wrong with a value, where, and what was expected.
fn invalid(interface: &str, method: &str, text: &str, error: &serde_json::Error) -> String {
    let path = wire::path_at(text, error.line(), error.column());
    let what = describe(error);
    let what = wire::dialect_error(text).filter(|_| error.is_syntax()).map_or(what, str::to_owned);
    let argument = path.split(['.', '[']).next().unwrap_or_default();
    if path.is_empty() {
        format!("Invalid arguments for {interface}.{method}: {what}")
    } else if argument == path {
        format!("Invalid argument '{argument}' for {interface}.{method}: {what}")
    } else {
        format!("Invalid argument '{argument}' for {interface}.{method}: at {path}: {what}")
    }
}

/// The words of a serde_json error without its line and column, which mean nothing to whoever
/// wrote the value in another language.
pub(crate) fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let words = match text.rfind(" at line ") {
        Some(end) if error.line() > 0 => text[..end].to_owned(),
        _ => text,
    };
    escaped_long(&words)
}

fn escaped_long(text: &str) -> String {
    const MOST: usize = 400;
    let mut end = text.len().min(MOST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].chars().filter(|c| !c.is_control()).collect()
}

/// The error of a call whose whole `args` are not of the method's type.
pub(crate) fn whole_misfit(interface: &str, method: &str, text: &str, error: &serde_json::Error) -> Error {
    Error::bad_request(format!("Invalid arguments for {interface}.{method}: {}", explain(text, error)))
}

/// What is wrong with a text, where, and what was expected.
pub(crate) fn explain(text: &str, error: &serde_json::Error) -> String {
    let path = wire::path_at(text, error.line(), error.column());
    let what = describe(error);
    let what = wire::dialect_error(text).filter(|_| error.is_syntax()).map_or(what, str::to_owned);
    if path.is_empty() { what } else { format!("at {path}: {what}") }
}

/// The name closest to `name`, if one is close enough to be what was meant.
pub(crate) fn nearest<'n>(name: &str, names: &[&'n str]) -> Option<&'n str> {
    let bound = (name.chars().count() / 3).max(1) + 1;
    names
        .iter()
        .map(|known| (distance(name, known), *known))
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Edits between two names; long ones are not compared.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 64;
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len() > LONGEST || b.len() > LONGEST {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near() {
        assert_eq!(nearest("splt", &["create", "split"]), Some("split"));
        assert_eq!(nearest("zzz", &["create", "split"]), None);
    }
}
