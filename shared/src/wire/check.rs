//! What checks said: verdicts, and how it went since the last heartbeat.
//!
//! A check's output is whatever a program printed, redacted on its host; the receiver reads it after [`super::report::Report::decode`]
//! has made it safe and bounded. The verdict is the agent's word, and rules at the vendor say what it means.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::observation::Observation;

/// The verdict of a check, in the words of the monitoring-plugins API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// As it should be.
    Ok,
    /// Not as it should be.
    Warning,
    /// Broken.
    Critical,
    /// The check itself could not tell.
    Unknown,
}

impl CheckState {
    /// How bad it is, from 0: Ok, Unknown, Warning, Critical. Not the order of exit codes.
    #[must_use]
    pub fn gravity(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Unknown => 1,
            Self::Warning => 2,
            Self::Critical => 3,
        }
    }

    /// The worse of two.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        if other.gravity() > self.gravity() { other } else { self }
    }
}

/// How urgent the customer's administrator holds a Critical verdict of the check to be; no other verdict is more urgent. Rules at the
/// vendor have the last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SeverityHint {
    /// At once.
    Critical,
    /// Within the hour.
    High,
    /// Today.
    Medium,
    /// Tomorrow.
    Low,
}

/// What one check said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CheckResult {
    /// The check's name in the agent's configuration.
    pub name: String,
    /// Its verdict.
    pub state: CheckState,
    /// Since when the verdict is this one, RFC 3339 UTC.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub since: Timestamp,
    /// What it printed, redacted.
    #[serde(default)]
    pub output: String,
    /// Its performance data as observations: the name is the value's label, the unit as the check gave it. What counts events
    /// (new log lines) is the sum since [`CheckResult::since_sequence`]; everything else is the last value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observations: Vec<Observation>,
    /// How urgent it is to the customer, if configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<SeverityHint>,
    /// When it last came to an end, RFC 3339 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", extend("format" = "date-time")))]
    pub checked_at: Option<Timestamp>,
    /// The newest heartbeat a mail server had accepted: sums, samples and the worst verdict are of the time since. 0: since the
    /// beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_sequence: Option<u64>,
    /// The worst verdict since then, where it is worse than `state`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst: Option<Worst>,
    /// How it went since then, where it ran more than once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<Samples>,
}

/// A verdict that was worse than the last one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Worst {
    /// The verdict.
    pub state: CheckState,
    /// When it was first this bad, RFC 3339 UTC.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub at: Timestamp,
    /// What the check printed then, redacted.
    #[serde(default)]
    pub output: String,
}

/// How a check went between two heartbeats.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Samples {
    /// How often it ran.
    pub runs: u32,
    /// Seconds in which the verdict was not Ok.
    pub not_ok_s: u64,
    /// Of each value that went up or down, by the name of its observation: the least, the mean over the runs, and the most.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, [f64; 3]>,
}

impl CheckResult {
    /// A verdict and nothing more.
    #[must_use]
    pub fn new(name: impl Into<String>, state: CheckState, since: Timestamp) -> Self {
        Self {
            name: name.into(),
            state,
            since,
            output: String::new(),
            observations: vec![],
            severity: None,
            checked_at: None,
            since_sequence: None,
            worst: None,
            samples: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_that_cannot_tell_is_worse_than_ok_and_better_than_a_warning_whichever_is_asked() {
        let ranked = [CheckState::Ok, CheckState::Unknown, CheckState::Warning, CheckState::Critical];
        for (n, worse) in ranked.into_iter().enumerate() {
            for better in ranked.into_iter().take(n) {
                assert_eq!((better.worse(worse), worse.worse(better)), (worse, worse));
            }
        }
    }
}
