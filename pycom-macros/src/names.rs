//! The rules for names, and the nearest of several for one that is not known.

/// Longest name, in bytes.
const MAX_LENGTH: usize = 255;

/// Remote names that every interface answers to by itself.
pub(crate) const RESERVED_METHODS: [&str; 2] = ["introspect", "__introspect__"];

/// What is wrong with the name of an interface, and how to mend it.
pub(crate) fn interface_problem(name: &str) -> Option<String> {
    if name.len() > MAX_LENGTH {
        return Some(format!("this name has {} bytes; shorten it to at most {MAX_LENGTH}", name.len()));
    }
    if !name.contains('.') {
        return Some(
            "an interface's name has at least two parts with a dot between them, \
                     e.g. \"com.foo.example\""
                .into(),
        );
    }
    for part in name.split('.') {
        if part.is_empty() {
            return Some("there is an empty part in this name; put exactly one dot between two parts".into());
        }
        if !part.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return Some(format!("the part `{part}` of this name must start with a letter"));
        }
        if let Some(bad) = part.chars().find(|&c| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')) {
            return Some(format!(
                "`{}` cannot stand in an interface's name; use letters, digits, `_` and `-`",
                bad.escape_debug()
            ));
        }
    }
    None
}

/// What is wrong with the remote name of a method, an argument or a result.
pub(crate) fn remote_problem(name: &str) -> Option<String> {
    if name.is_empty() {
        Some("this name is empty; give it at least one character, or leave it out".into())
    } else if name.len() > MAX_LENGTH {
        Some(format!("this name has {} bytes; shorten it to at most {MAX_LENGTH}", name.len()))
    } else if name.chars().any(char::is_control) {
        Some("there is a control character in this name; remove it".into())
    } else {
        None
    }
}

/// The name closest to `name`, if one is close enough to be what was meant.
pub(crate) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let bound = (name.chars().count() / 3).max(1) + 1;
    known
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits between two names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_has_a_dotted_name() {
        assert_eq!(interface_problem("com.foo.example"), None);
        assert_eq!(interface_problem("org.my-lab.b_2"), None);
        for bad in ["", "example", "com..foo", ".com", "com.", "com.2foo", "com.foo bar", "com.fö", "com._a"] {
            assert!(interface_problem(bad).is_some(), "{bad}");
        }
        assert!(interface_problem(&format!("a.{}", "b".repeat(254))).is_some());
        assert!(interface_problem(&format!("a.{}", "b".repeat(253))).is_none());
    }

    #[test]
    fn a_remote_name_is_bounded_and_printable() {
        assert_eq!(remote_problem("any thing, ж"), None);
        assert!(remote_problem("").is_some());
        assert!(remote_problem("a\nb").is_some());
        assert!(remote_problem(&"a".repeat(256)).is_some());
    }

    #[test]
    fn the_nearest_name_is_near() {
        assert_eq!(nearest("reults", ["results", "hooks"]), Some("results"));
        assert_eq!(nearest("zzz", ["results", "hooks"]), None);
    }
}
