//! Reading TOML written by people: an unknown key is an error that names file, line and the nearest known key.
//!
//! Trusts nothing about the text; fails with one message a person can act on.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize as _, Deserializer};

/// A configuration file that cannot be used, and where.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {error}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The text is not what it should be.
    #[error("{path}, line {line}: {what}", path = path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// What is wrong and, where known, what was probably meant.
        what: String,
    },
}

/// Reads `path` as TOML into `T`; give `T` `#[serde(deny_unknown_fields)]`.
///
/// # Errors
/// [`ConfigError`] with file and line.
pub fn load<T: DeserializeOwned>(path: &Path) -> Result<T, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), error })?;
    parse(path, &text)
}

/// The same for text already read; `path` only names it.
///
/// # Errors
/// [`ConfigError::Invalid`].
pub fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let line =
            error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        ConfigError::Invalid { path: path.to_owned(), line, what: in_our_words(error.message()) }
    })
}

/// A span of time, `90s`, `15m` or `36h`, for serde's `deserialize_with`. None is less than nothing.
///
/// # Errors
/// What may be written instead.
pub fn span<'de, D: Deserializer<'de>>(from: D) -> Result<SignedDuration, D::Error> {
    let text = String::deserialize(from)?;
    let span = text.parse().ok().filter(|span: &SignedDuration| !span.is_negative());
    span.ok_or_else(|| {
        let allowed = "write \"90s\", \"15m\" or \"36h\"; \"0s\" is the least";
        D::Error::custom(format!("{text:?} is no span of time: {allowed}"))
    })
}

/// The same where there may be none.
///
/// # Errors
/// As [`span`].
pub fn maybe_span<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SignedDuration>, D::Error> {
    span(from).map(Some)
}

/// What is wrong, for a person and for the journal.
fn in_our_words(message: &str) -> String {
    without_value(message).unwrap_or_else(|| with_suggestion(message))
}

/// serde repeats a value that it could not take, and that may be a password without its quotes. Its line is named, and there it stands.
fn without_value(message: &str) -> Option<String> {
    let (what, rest) = message.split_once(": ")?;
    let (found, expected) = rest.rsplit_once(", expected ")?;
    let kind = found.split(['`', '"']).next().unwrap_or_default().trim_end();
    ["invalid type", "invalid value"].contains(&what).then(|| format!("{what}: {kind}, expected {expected}"))
}

/// serde lists what it expected; a person wants the one key that was meant.
fn with_suggestion(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let (Some((wrong, known)), true) = (quoted.split_first(), message.starts_with("unknown ")) else {
        return message.to_owned();
    };
    let what = message.split('`').next().unwrap_or("unknown key ").trim().replace("field", "key");
    let nearest = known
        .iter()
        .map(|key| (strsim::jaro_winkler(wrong, key), key))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((_, key)) => format!("{what} `{wrong}`; did you mean `{key}`?"),
        None => format!("{what} `{wrong}`; known here: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its keys matter")]
    struct Example {
        heartbeat_interval: Option<u32>,
        route: Option<String>,
    }

    fn refused(text: &str) -> String {
        parse::<Example>(Path::new("agent.toml"), text).unwrap_err().to_string()
    }

    #[test]
    fn a_mistyped_key_names_file_line_and_the_key_that_was_meant() {
        assert_eq!(
            refused("route = 'x'\nheartbeat_intervall = 3\n"),
            "agent.toml, line 2: unknown key `heartbeat_intervall`; did you mean `heartbeat_interval`?"
        );
    }

    #[test]
    fn a_key_like_no_other_lists_what_is_known() {
        assert_eq!(
            refused("zzz = 1"),
            "agent.toml, line 1: unknown key `zzz`; known here: heartbeat_interval, route"
        );
    }

    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Spans {
        #[serde(deserialize_with = "span")]
        hold: SignedDuration,
        #[serde(deserialize_with = "maybe_span")]
        grace: Option<SignedDuration>,
    }

    #[test]
    fn a_span_below_nothing_or_without_unit_names_file_line_and_what_is_allowed() {
        let read = |text: &str| parse::<Spans>(Path::new("rules.toml"), text);
        let good = read("hold = '90s'\ngrace = '1h 30m'\n").unwrap();
        assert_eq!(good.hold, SignedDuration::from_secs(90));
        assert_eq!(good.grace, Some(SignedDuration::from_mins(90)));
        assert_eq!(read("hold = '0s'").unwrap().grace, None);
        for wrong in ["-3h", "3h ago", "-PT3H", "3", "soon"] {
            for key in ["hold", "grace"] {
                let said = read(&format!("\n{key} = '{wrong}'\n")).unwrap_err().to_string();
                let expected = format!("rules.toml, line 2: \"{wrong}\" is no span of time: write \"90s\"");
                assert!(said.starts_with(&expected), "{said}");
            }
        }
    }

    #[test]
    fn a_value_that_cannot_be_taken_is_not_repeated() {
        assert_eq!(
            refused("\nroute = 739201\n"),
            "agent.toml, line 2: invalid type: integer, expected a string"
        );
        for (text, words) in [
            ("heartbeat_interval = 'geheim, expected `u32`'", "invalid type: string, expected u32"),
            ("heartbeat_interval = -739201", "invalid value: integer, expected u32"),
            ("route = 739.201", "invalid type: floating point, expected a string"),
            ("route = ['geheim']", "invalid type: sequence, expected a string"),
            ("route = geheim", "agent.toml, line 1: "),
            ("route = 'geheim", "agent.toml, line 1: "),
        ] {
            let said = refused(text);
            assert!(said.contains(words), "{said}");
            assert!(!said.contains("geheim") && !said.contains("739"), "{said}");
        }
    }

    #[test]
    fn broken_toml_names_the_line() {
        assert!(
            refused("route = 'x'\n\nroute = \n").starts_with("agent.toml, line 3: "),
            "{}",
            refused("route = 'x'\n\nroute = \n")
        );
    }
}
