//! What the kinds that speak over a network have in common: one look's runtime, its time limit, patterns, days left.

use std::time::Duration;

use jiff::Timestamp;
use mailbeat_shared::transport::outcome::{ConnectionProblem, Failure, FailureKind};
use regex_automata::meta::Regex;
use serde::{Deserialize, Deserializer};

use super::probe::{Look, Sight};
use crate::pattern;

/// What is kept of a look's time for saying why it took too long.
const FOR_WORDS: Duration = Duration::from_millis(250);

/// How long a look may wait for others.
pub(super) fn patience(look: &Look<'_>) -> Duration {
    let left = look.left();
    left.saturating_sub(FOR_WORDS.min(left / 4))
}

/// Runs one look's conversation, at most so long.
pub(super) fn converse<T>(
    patience: Duration,
    conversation: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::from_io(&error, "a connection"))?;
    let ended = runtime.block_on(async { tokio::time::timeout(patience, conversation).await });
    // A name that DNS does not answer is waited for on a thread of its own, far longer than we do.
    runtime.shutdown_background();
    ended.unwrap_or_else(|_| {
        let text = format!("no answer within {} s", seconds(patience));
        Err(Failure::new(FailureKind::Connection(ConnectionProblem::TimedOut), text))
    })
}

/// A conversation that failed: the other side is broken, or it is our own settings that cannot be used.
pub(super) fn failed(failure: &Failure) -> Sight {
    match failure.kind {
        FailureKind::Settings => Sight::unknown(&failure.text),
        _ => Sight::critical(&failure.text),
    }
}

/// `1.234`.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

/// Days from now on, to a tenth, rounded down: what ends in 19 days and 23 hours has not 20 days left. Negative when over.
pub(super) fn days_left(until: Timestamp, now: Timestamp) -> f64 {
    let days = until.duration_since(now).as_secs_f64() / 86_400.0;
    (days * 10.0).floor() / 10.0
}

/// The date alone, as people read it.
pub(super) fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// A regular expression an answer must match; `^` and `$` are the ends of a line.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    /// As it was written.
    pub(super) written: String,
    regex: Regex,
}

impl Pattern {
    pub(super) fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = String::deserialize(deserializer)?;
        let regex = pattern::compile_for_lines("check", &written).map_err(serde::de::Error::custom)?;
        Ok(Self { written, regex })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_ends_when_its_time_is_over() {
        let ended: Result<(), Failure> = converse(Duration::from_millis(20), std::future::pending());
        assert_eq!(ended.unwrap_err().text, "no answer within 0.020 s");
    }

    #[test]
    fn days_left_are_never_rounded_up_and_go_on_below_zero() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        let left = |until: &str| days_left(until.parse().unwrap(), now);
        assert_eq!(left("2026-12-18T12:00:00Z"), 20.0);
        assert_eq!(left("2026-12-18T11:59:59Z"), 19.9);
        assert_eq!(left("2026-11-27T12:00:00Z"), -1.0);
    }

    #[test]
    fn a_pattern_that_is_none_is_refused_by_name() {
        #[derive(Debug, Deserialize)]
        struct Settings {
            #[allow(dead_code, reason = "only read in")]
            body: Pattern,
        }
        let refused = toml::from_str::<Settings>("body = '('").unwrap_err().to_string();
        assert!(refused.contains("the check pattern \"(\" is not a regular expression"), "{refused}");
    }
}
