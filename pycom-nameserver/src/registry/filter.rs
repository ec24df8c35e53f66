//! Regular expressions that choose among services.

use std::collections::VecDeque;

use regex::{Regex, RegexBuilder};

use super::Record;

/// Which services a list shows. The default is all.
///
/// The expressions are matched from the start of a name and need not reach its end, as in the
/// original.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    interface: Option<Regex>,
    service: Option<Regex>,
}

/// An expression that cannot be used. The text is that of 0.6.0 up to the reason, and travels with
/// code 4.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid regular expression in argument '{argument}': {source}")]
pub struct FilterError {
    /// Which of the two: `interface` or `service`.
    pub argument: &'static str,
    /// What is wrong with it.
    pub source: PatternError,
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// Its text is too long.
    #[error("{length} bytes, at most {MOST_BYTES} are taken")]
    TooLong {
        /// How long it is.
        length: usize,
    },
    /// It is short, but what it stands for is too large.
    #[error("too large when compiled")]
    TooLarge,
    /// It is no expression, in the words of the compiler.
    #[error("{0}")]
    Syntax(String),
}

const MOST_BYTES: usize = 256;
const MOST_COMPILED: usize = 256 * 1024;
const MOST_NESTED: u32 = 16;
/// A compiled expression may take some hundred kilobytes.
const MOST_KEPT: usize = 16;

impl Filter {
    /// Compiles the expressions. That can take some ten milliseconds: keep it off the task that
    /// serves everyone.
    pub fn new(interface: Option<&str>, service: Option<&str>) -> Result<Self, FilterError> {
        Filters::new().get(interface, service)
    }

    /// Whether a service is among those that this chooses.
    pub fn matches(&self, record: &Record) -> bool {
        let service = self.service.as_ref();
        let interface = self.interface.as_ref();
        service.is_none_or(|service| matches_start(service, record.service.as_str()))
            && interface.is_none_or(|interface| {
                let mut names = record.interfaces.iter();
                names.any(|name| matches_start(interface, name.as_str()))
            })
    }

    /// Whether this chooses all services.
    pub fn is_all(&self) -> bool {
        self.interface.is_none() && self.service.is_none()
    }
}

/// Filters that are asked for again and again, compiled once.
#[derive(Debug, Clone, Default)]
pub struct Filters {
    /// Last used first.
    kept: VecDeque<Regex>,
}

impl Filters {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The filter of these expressions, compiled if they are new.
    pub fn get(&mut self, interface: Option<&str>, service: Option<&str>) -> Result<Filter, FilterError> {
        let mut one = |argument, pattern: Option<&str>| match pattern {
            None => Ok(None),
            Some(pattern) => match self.regex(pattern) {
                Ok(regex) => Ok(Some(regex)),
                Err(source) => Err(FilterError { argument, source }),
            },
        };
        Ok(Filter { interface: one("interface", interface)?, service: one("service", service)? })
    }

    fn regex(&mut self, pattern: &str) -> Result<Regex, PatternError> {
        let known = self.kept.iter().position(|regex| regex.as_str() == pattern);
        let regex = match known.and_then(|position| self.kept.remove(position)) {
            Some(regex) => regex,
            None => compile(pattern)?,
        };
        self.kept.truncate(MOST_KEPT - 1);
        self.kept.push_front(regex.clone());
        Ok(regex)
    }
}

fn compile(pattern: &str) -> Result<Regex, PatternError> {
    if pattern.len() > MOST_BYTES {
        return Err(PatternError::TooLong { length: pattern.len() });
    }
    RegexBuilder::new(pattern)
        .size_limit(MOST_COMPILED)
        .dfa_size_limit(MOST_COMPILED)
        .nest_limit(MOST_NESTED)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => PatternError::TooLarge,
            error => PatternError::Syntax(last_line(&error.to_string())),
        })
}

/// The compiler draws a picture of several lines; what is wrong stands on the last one.
fn last_line(text: &str) -> String {
    let line = text.lines().next_back().unwrap_or_default().trim();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// The leftmost match is looked for, so one at the start is found if there is any. To put `^`
/// before the expression instead would change the meaning of some, and make others valid that are
/// not.
fn matches_start(regex: &Regex, name: &str) -> bool {
    regex.find(name).is_some_and(|found| found.start() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        matches_start(&compile(pattern).unwrap(), name)
    }

    #[test]
    fn a_name_matches_from_its_start_but_not_to_its_end() {
        assert!(matches(r"com\.foo", "com.foo.example"));
        assert!(!matches("foo", "com.foo.example"));
        assert!(matches("", "com.foo.example"));
        assert!(matches("foo|com", "com.foo.example"));
        assert!(!matches(r"com\.foo$", "com.foo.example"));
    }

    #[test]
    fn an_expression_means_what_it_says() {
        // Each of these would say something else with `^(?:` and `)` around it.
        assert!(matches("(?x) com # the start", "com.foo"));
        assert!(compile("a)|(b").is_err());
    }

    #[test]
    fn a_bad_expression_is_named_on_one_line() {
        let error = Filter::new(None, Some("(")).unwrap_err();
        let text = "Invalid regular expression in argument 'service': unclosed group";
        assert_eq!(error.to_string(), text);
        for pattern in ["a\n(", "[", "*", "(?=look)", "\\", "(?P<n>a)(?P<n>b)"] {
            let error = Filter::new(Some(pattern), None).unwrap_err().to_string();
            assert!(error.starts_with("Invalid regular expression in argument 'interface': "), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }

    #[test]
    fn what_costs_too_much_is_refused() {
        let too_long = "a".repeat(MOST_BYTES + 1);
        assert_eq!(compile(&too_long).unwrap_err(), PatternError::TooLong { length: 257 });
        assert!(compile(&too_long[1..]).is_ok());
        assert_eq!(compile(r"\w{1000}").unwrap_err(), PatternError::TooLarge);
        let deep = format!("{}a{}", "(".repeat(17), ")".repeat(17));
        assert!(matches!(compile(&deep), Err(PatternError::Syntax(_))));
    }

    #[test]
    fn few_expressions_are_kept_and_the_last_used_are_among_them() {
        let mut filters = Filters::new();
        filters.get(Some("wanted"), None).unwrap();
        for number in 0..100 {
            filters.get(Some("wanted"), Some(&number.to_string())).unwrap();
        }
        assert_eq!(filters.kept.len(), MOST_KEPT);
        assert!(filters.kept.iter().any(|regex| regex.as_str() == "wanted"));
        assert!(filters.get(Some("("), None).is_err());
        assert_eq!(filters.kept.len(), MOST_KEPT);
    }
}
