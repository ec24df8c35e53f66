//! JSON laid out for people, as text: numbers stay digit for digit, and keys in their order.

use pycom::Json;

const INDENT: &str = "  ";

/// Longest array or object of plain values that stays on one line.
const LINE: usize = 80;

/// What lies deeper is not laid out.
const DEEPEST: usize = 64;

/// The text of `json` with line ends and indents.
pub fn pretty(json: &Json) -> String {
    let mut writer = Writer { text: json.as_str(), out: String::new() };
    writer.value(0, 0);
    writer.out
}

/// The text of `json` without any space between its parts.
pub fn compact(json: &Json) -> String {
    let mut out = String::new();
    let mut rest = json.as_str();
    while let Some(token) = next(&mut rest) {
        out.push_str(token);
    }
    out
}

/// Takes the next token: a bracket, a comma, a colon, a string, or a word.
fn next<'t>(rest: &mut &'t str) -> Option<&'t str> {
    *rest = rest.trim_start();
    let bytes = rest.as_bytes();
    let length = match bytes.first()? {
        b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
        b'"' => {
            let mut at = 1;
            while at < bytes.len() && bytes[at] != b'"' {
                at += if bytes[at] == b'\\' { 2 } else { 1 };
            }
            (at + 1).min(bytes.len())
        }
        _ => bytes
            .iter()
            .position(|byte| {
                matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':' | b'"') || byte.is_ascii_whitespace()
            })
            .unwrap_or(bytes.len()),
    };
    let (token, after) = rest.split_at(length);
    *rest = after;
    Some(token)
}

struct Writer<'t> {
    text: &'t str,
    out: String,
}

impl Writer<'_> {
    /// Writes one value; `column` is where it begins on its line.
    fn value(&mut self, depth: usize, column: usize) {
        let Some(token) = next(&mut self.text) else { return };
        if token != "{" && token != "[" {
            self.out.push_str(token);
            return;
        }
        if depth > DEEPEST {
            return self.as_it_is(token);
        }
        if let Some((line, rest)) = flat(token, self.text, LINE.saturating_sub(column)) {
            self.out.push_str(&line);
            self.text = rest;
            return;
        }
        self.out.push_str(token);
        loop {
            let mut ahead = self.text;
            match next(&mut ahead) {
                Some("}" | "]") => {
                    self.text = ahead;
                    self.end_line(depth);
                    self.out.push_str(if token == "{" { "}" } else { "]" });
                    return;
                }
                Some(",") => {
                    self.text = ahead;
                    self.out.push(',');
                    continue;
                }
                None => return,
                Some(_) => {}
            }
            self.end_line(depth + 1);
            let mut column = INDENT.len() * (depth + 1);
            if token == "{" {
                let name = next(&mut self.text).unwrap_or_default();
                next(&mut self.text); // the colon
                self.out.push_str(name);
                self.out.push_str(": ");
                column += name.chars().count() + 2;
            }
            self.value(depth + 1, column);
        }
    }

    /// Writes what is left of an array or object on one line.
    fn as_it_is(&mut self, open: &str) {
        self.out.push_str(open);
        let mut level = 1;
        while let Some(token) = next(&mut self.text)
            && level > 0
        {
            level += i32::from(matches!(token, "{" | "[")) - i32::from(matches!(token, "}" | "]"));
            self.out.push_str(token);
            if level == 0 {
                return;
            }
        }
    }

    fn end_line(&mut self, depth: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(INDENT, depth));
    }
}

/// An array or object without others inside, on one line, if it is short enough; and what follows.
fn flat<'t>(open: &str, text: &'t str, width: usize) -> Option<(String, &'t str)> {
    let (mut line, mut rest) = (open.to_owned(), text);
    loop {
        match next(&mut rest)? {
            "{" | "[" => {
                // Empty ones are plain enough.
                let inner = &text[text.len() - rest.len() - 1..];
                let (open, mut after) = inner.split_at(1);
                let close = next(&mut after)?;
                if !matches!(close, "}" | "]") {
                    return None;
                }
                line.push_str(open);
                line.push_str(close);
                rest = after;
            }
            "}" => {
                let spaced = line.len() > 1;
                line.push_str(if spaced { " }" } else { "}" });
                return (line.len() <= width).then_some((line, rest));
            }
            "]" => {
                line.push(']');
                return (line.len() <= width).then_some((line, rest));
            }
            "," => line.push_str(", "),
            ":" => line.push_str(": "),
            word => {
                if line == "{" {
                    line.push(' ');
                }
                line.push_str(word);
            }
        }
        if line.len() > width {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        pretty(&Json::from_text(text).unwrap())
    }

    #[test]
    fn numbers_and_the_order_of_keys_stay() {
        assert_eq!(
            of(r#"{"b":123456789012345678901234567890,"a":1.50}"#),
            r#"{ "b": 123456789012345678901234567890, "a": 1.50 }"#
        );
        assert_eq!(of("NaN"), "NaN");
    }

    #[test]
    fn what_is_nested_gets_lines_of_its_own() {
        assert_eq!(
            of(r#"{"a":[{"x":1},{}],"b":[],"c":{}}"#),
            "{\n  \"a\": [\n    { \"x\": 1 },\n    {}\n  ],\n  \"b\": [],\n  \"c\": {}\n}"
        );
        assert_eq!(of("[]"), "[]");
        assert_eq!(of("{}"), "{}");
        assert_eq!(of(r#""a\"]b""#), r#""a\"]b""#);
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(compact(&Json::from_text(of(&deep)).unwrap()), deep);
    }

    #[test]
    fn it_is_still_the_same_json() {
        for text in [r#"{"a":[[1,2],[3,[4,{"b":"x, y: {"}]]],"c":null}"#, r#"[[[]],{"a":{"b":{"c":[true,false]}}}]"#] {
            let laid_out: serde_json::Value = serde_json::from_str(&of(text)).unwrap();
            assert_eq!(laid_out, serde_json::from_str::<serde_json::Value>(text).unwrap());
            assert_eq!(compact(&Json::from_text(of(text)).unwrap()), text);
        }
    }
}
