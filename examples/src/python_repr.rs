//! JSON as Python's `repr` shows it.

use std::fmt::Write;

use pycom::Json;

/// The text that Python's `repr` gives for the value it would read from `json`: `{'a': [1, None, True]}`.
///
/// ```
/// let json = pycom::Json::from_text(r#"{"a": [1, null, true, "it's", 1e20]}"#)?;
/// assert_eq!(examples::python_repr(&json), r#"{'a': [1, None, True, "it's", 1e+20]}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub fn python_repr(json: &Json) -> String {
    let mut rest = json.as_str();
    let mut shown = String::new();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        match token {
            " " | "\t" | "\n" | "\r" => {}
            "," => shown.push_str(", "),
            ":" => shown.push_str(": "),
            "null" => shown.push_str("None"),
            "true" => shown.push_str("True"),
            "false" => shown.push_str("False"),
            "NaN" => shown.push_str("nan"),
            "Infinity" => shown.push_str("inf"),
            "-Infinity" => shown.push_str("-inf"),
            text if first == '"' => push_string(&mut shown, text),
            number if number.contains(['.', 'e', 'E']) => push_float(&mut shown, number),
            other => shown.push_str(other),
        }
    }
    shown
}

/// What numbers and words are made of.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')
}

/// Length of the string literal at the start of `text`, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|&(_, c)| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

fn push_string(shown: &mut String, literal: &str) {
    // A lone surrogate is all that Python reads and Rust does not.
    let Ok(text) = serde_json::from_str::<String>(literal) else {
        shown.push_str(literal);
        return;
    };
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    shown.push(quote);
    for c in text.chars() {
        let code = u32::from(c);
        // Writing into a String cannot fail.
        let _ = match c {
            '\n' => write!(shown, "\\n"),
            '\r' => write!(shown, "\\r"),
            '\t' => write!(shown, "\\t"),
            '\\' => write!(shown, "\\\\"),
            c if c == quote => write!(shown, "\\{c}"),
            c if c.is_control() => write!(shown, "\\x{code:02x}"),
            '\u{ad}' => write!(shown, "\\xad"),
            c if c.is_whitespace() && c != ' ' => write!(
                shown,
                "{}{code:0w$x}",
                if code < 256 { "\\x" } else { "\\u" },
                w = if code < 256 { 2 } else { 4 }
            ),
            c => write!(shown, "{c}"),
        };
    }
    shown.push(quote);
}

/// As Rust does it, the shortest text that reads as the same number; Python writes exponents with a sign and two digits.
fn push_float(shown: &mut String, number: &str) {
    let value: f64 = number.parse().unwrap_or(f64::NAN);
    let text = if value.is_infinite() { value.to_string() } else { format!("{value:?}") };
    let _ = match text.split_once('e') {
        Some((mantissa, exponent)) => {
            let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
            write!(shown, "{mantissa}e{sign}{digits:0>2}")
        }
        None => write!(shown, "{text}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        python_repr(&Json::from_text(text).unwrap())
    }

    #[test]
    fn values_look_as_python_shows_them() {
        assert_eq!(shown(r#"{"a": 1,"b":[null,true,false],"c":{}}"#), "{'a': 1, 'b': [None, True, False], 'c': {}}");
        assert_eq!(
            shown("[NaN, -Infinity, 123456789012345678901234567890]"),
            "[nan, -inf, 123456789012345678901234567890]"
        );
        assert_eq!(
            shown("[1.50, 1e5, 1e16, 1.5E-7, 0.0001, 0.00001, 1e999]"),
            "[1.5, 100000.0, 1e+16, 1.5e-07, 0.0001, 1e-05, inf]"
        );
    }

    #[test]
    fn strings_are_quoted_as_python_quotes_them() {
        assert_eq!(shown(r#""x""#), "'x'");
        assert_eq!(shown(r#""it's""#), r#""it's""#);
        assert_eq!(shown(r#""it's \"so\"""#), r#"'it\'s "so"'"#);
        assert_eq!(shown(r#""\\ \n\u0007\u00e9\u00a0\u2028: null""#), "'\\\\ \\n\\x07é\\xa0\\u2028: null'");
    }
}
