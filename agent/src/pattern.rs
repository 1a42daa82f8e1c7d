//! Regular expressions that the customer's administrator writes. Pure.
//!
//! Linear in the length of the text whatever the pattern, so none can hang the agent.

use regex_automata::meta::Regex;
use regex_automata::util::syntax;

/// A pattern that is no regular expression.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the {whose} pattern {pattern:?} is not a regular expression: {reason}")]
pub struct BadPattern {
    /// What it is for: `redaction`, `volatile`.
    pub whose: &'static str,
    /// As it was written.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A pattern over a text as a whole.
///
/// # Errors
/// [`BadPattern`].
pub fn compile(whose: &'static str, pattern: &str) -> Result<Regex, BadPattern> {
    build(whose, pattern, syntax::Config::new())
}

/// A pattern in which `^` and `$` are the ends of a line, however lines end.
///
/// # Errors
/// [`BadPattern`].
pub fn compile_for_lines(whose: &'static str, pattern: &str) -> Result<Regex, BadPattern> {
    build(whose, pattern, syntax::Config::new().multi_line(true).crlf(true))
}

fn build(whose: &'static str, pattern: &str, config: syntax::Config) -> Result<Regex, BadPattern> {
    Regex::builder().syntax(config).build(pattern).map_err(|error| {
        // The whole message draws the pattern with a caret; its last line says what is wrong.
        let said = error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string);
        let last = said.lines().last().unwrap_or_default();
        let reason = last.strip_prefix("error: ").unwrap_or(last).to_owned();
        BadPattern { whose, pattern: pattern.to_owned(), reason }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_pattern_is_said_in_words() {
        let refused = compile("redaction", "(").unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the redaction pattern \"(\" is not a regular expression: unclosed group"
        );
    }

    #[test]
    fn lines_end_as_on_windows_too() {
        let serial = compile_for_lines("volatile", r"^serial = (\d+)$").unwrap();
        assert!(serial.is_match("a\r\nserial = 7\r\nb"));
        assert!(serial.is_match("serial = 7\nb") && !serial.is_match("no serial = 7\n"));
    }
}
