//! What zerojson asks of JSON beyond JSON: a nesting limit, Python's dialect, places of errors.

use super::{MAX_DEPTH, Malformed};

/// Bytes outside strings, with their offsets; one linear pass.
struct Structure<'a> {
    text: &'a [u8],
    at: usize,
}

impl Iterator for Structure<'_> {
    type Item = (usize, u8);

    fn next(&mut self) -> Option<(usize, u8)> {
        let start = self.at;
        let byte = *self.text.get(start)?;
        self.at += 1;
        if byte == b'"' {
            while let Some(&inner) = self.text.get(self.at) {
                self.at += if inner == b'\\' { 2 } else { 1 };
                if inner == b'"' {
                    break;
                }
            }
        }
        Some((start, byte))
    }
}

fn structure(text: &[u8]) -> Structure<'_> {
    Structure { text, at: 0 }
}

/// Refuses text whose arrays and objects nest deeper than [`MAX_DEPTH`].
pub(crate) fn check_depth(text: &[u8]) -> Result<(), Malformed> {
    // Each level takes two bytes. What is shorter and not closed is no JSON: whoever reads it says so.
    if text.len() <= 2 * MAX_DEPTH {
        return Ok(());
    }
    // Nothing nests deeper than it has opening brackets. To count those is quick, also in long texts.
    if text.iter().filter(|byte| matches!(byte, b'[' | b'{')).count() <= MAX_DEPTH {
        return Ok(());
    }
    let mut depth = 0_usize;
    for (_, byte) in structure(text) {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(Malformed(format!(
                "Cannot decode response: nested deeper than {MAX_DEPTH} levels; send flatter data"
            )));
        }
    }
    Ok(())
}

/// Numbers that Python's `json` writes and JSON does not have.
const DIALECT: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];

/// A copy of `text` in which `NaN`, `Infinity` and `-Infinity` are numbers of the same length, or
/// `None` where it holds none of them.
///
/// Offsets stay valid, so a parser can find its way in the copy and the raw pieces be cut from the
/// original: that is how such numbers pass through untouched to whoever understands them.
pub(crate) fn mask_dialect(text: &[u8]) -> Option<Vec<u8>> {
    let mut masked: Option<Vec<u8>> = None;
    let mut skip_until = 0;
    for (at, _) in structure(text) {
        if at < skip_until {
            continue;
        }
        if let Some(word) = DIALECT.iter().find(|word| text[at..].starts_with(word)) {
            masked.get_or_insert_with(|| text.to_vec())[at..at + word.len()].fill(b'1');
            skip_until = at + word.len();
        }
    }
    masked
}

/// Says that `text` holds one of Python's own numbers, where that is what is wrong with it.
pub(crate) fn dialect_error(text: &str) -> Option<&'static str> {
    mask_dialect(text.as_bytes())
        .map(|_| "it holds NaN or Infinity, which are not JSON; take it as pycom::Json to pass it on unread")
}

/// The path of the value that ends at, or encloses, the given byte: `points[3].x`; empty for the
/// whole text.
///
/// `serde_json` tells line and column of what it could not read; this tells the user's own words.
pub(crate) fn path_at(text: &str, line: usize, column: usize) -> String {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let target = (start + column.saturating_sub(1)).min(text.len());
    let mut open: Vec<Step> = Vec::new();
    for (at, byte) in structure(text.as_bytes()) {
        if at > target {
            break;
        }
        match byte {
            b'{' => open.push(Step::Key(None)),
            b'[' => open.push(Step::Index(0)),
            // An error at the closing bracket is about the whole array or object.
            b'}' | b']' => drop(open.pop()),
            b',' if at < target => match open.last_mut() {
                Some(Step::Index(index)) => *index += 1,
                Some(Step::Key(key)) => *key = None,
                None => {}
            },
            b'"' => {
                if let Some(Step::Key(key @ None)) = open.last_mut() {
                    let mut rest = serde_json::Deserializer::from_str(&text[at..]).into_iter::<String>();
                    *key = rest.next().and_then(Result::ok);
                }
            }
            _ => {}
        }
    }
    let mut path = String::new();
    for step in open {
        match step {
            Step::Index(index) => path.push_str(&format!("[{index}]")),
            Step::Key(Some(key)) if path.is_empty() => path = crate::names::escaped(&key),
            Step::Key(Some(key)) => path.push_str(&format!(".{}", crate::names::escaped(&key))),
            Step::Key(None) => {}
        }
    }
    path
}

enum Step {
    Key(Option<String>),
    Index(usize),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[test]
    fn nesting_is_counted_outside_strings() {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(check_depth(deep(MAX_DEPTH).as_bytes()).is_ok());
        assert!(check_depth(deep(MAX_DEPTH + 1).as_bytes()).is_err());
        assert!(check_depth(format!("\"{}\\\"[\"", "[".repeat(500)).as_bytes()).is_ok());
    }

    #[test]
    fn pythons_numbers_are_masked_outside_strings_only() {
        let masked = mask_dialect(br#"{"NaN": NaN, "x": [-Infinity, Infinity, "Infinity"]}"#).unwrap();
        assert_eq!(masked, br#"{"NaN": 111, "x": [111111111, 11111111, "Infinity"]}"#);
        assert!(mask_dialect(br#"{"a": "NaN"}"#).is_none());
    }

    #[derive(Deserialize, Debug)]
    #[allow(dead_code)]
    struct Point {
        x: i32,
    }

    #[derive(Deserialize, Debug)]
    #[allow(dead_code)]
    struct Shape {
        points: Vec<Point>,
    }

    fn path_of_error(text: &str) -> String {
        let error = serde_json::from_str::<Shape>(text).unwrap_err();
        path_at(text, error.line(), error.column())
    }

    #[test]
    fn an_error_is_found_by_its_path() {
        assert_eq!(path_of_error(r#"{"points": [{"x": 1}, {"x": "no"}]}"#), "points[1].x");
        assert_eq!(path_of_error("{\"points\": [{\"x\": 1},\n {\"y\": 7}]}"), "points[1]");
        assert_eq!(path_of_error(r#"{"points": 5}"#), "points");
        assert_eq!(path_of_error("{}"), "");
        assert_eq!(path_of_error(r#"{"points": [{"x": [1,2]}]}"#), "points[0].x");
    }

    proptest! {
        #[test]
        fn any_text_is_walked_without_panic(text in ".{0,60}", line in 0_usize..5, column in 0_usize..80) {
            let _ = path_at(&text, line, column);
            let _ = mask_dialect(text.as_bytes());
            let _ = check_depth(text.as_bytes());
        }

        #[test]
        fn json_like_text_is_walked_without_panic(text in r#"[\[\]{}:,"\\0-9aNIn\n é-]{0,40}"#, line in 0_usize..5, column in 0_usize..50) {
            let _ = path_at(&text, line, column);
            let _ = mask_dialect(text.as_bytes());
        }
    }
}
