//! What every kind of check is to the rest of the agent: something that looks once and says what it saw.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use mailbeat_shared::wire::check::CheckState;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A check of one kind, configured. Lives as long as the configuration; runs on a thread of its own, never twice at once.
pub trait Probe: Send {
    /// Looks once. A probe that cannot tell says [`CheckState::Unknown`] and why; it may panic, which costs only itself.
    fn look(&mut self, look: &mut Look<'_>) -> Sight;

    /// What can be told without looking that will not work, as a sentence for `config check`.
    fn doubt(&self) -> Option<String> {
        None
    }
}

/// What a probe is given.
#[derive(Debug)]
pub struct Look<'a> {
    /// The time.
    pub now: Timestamp,
    /// When it must be done.
    pub deadline: Instant,
    /// What it remembers from run to run, across restarts too (a log's offset, a counter's last value); `Null` at first.
    /// Kept only when the run's result was.
    pub memory: &'a mut Json,
}

impl Look<'_> {
    /// The time left.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

/// What a probe saw.
#[derive(Clone, Debug, PartialEq)]
pub struct Sight {
    /// Its own verdict; ranges over the values can only make it worse.
    pub state: CheckState,
    /// For people: the first line says it all, further lines may follow. Not yet redacted, not yet cut.
    pub output: String,
    /// What it measured.
    pub values: Vec<Measure>,
}

/// One measured value of a check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// Its name within the check, for example `time` or `days_left`; ranges in the configuration speak of it.
    pub label: String,
    /// The value.
    pub value: f64,
    /// UCUM unit: `s`, `By`, `1`, `d`, `{line}`.
    pub unit: String,
    /// It counts what happened since the run before, and adds up until a heartbeat that says the sum was sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub counts: bool,
}

impl Sight {
    /// All is well so far.
    #[must_use]
    pub fn ok(output: impl Into<String>) -> Self {
        Self { state: CheckState::Ok, output: output.into(), values: vec![] }
    }

    /// The probe could not tell.
    #[must_use]
    pub fn unknown(why: impl Into<String>) -> Self {
        Self { state: CheckState::Unknown, output: why.into(), values: vec![] }
    }

    /// It is broken.
    #[must_use]
    pub fn critical(what: impl Into<String>) -> Self {
        Self { state: CheckState::Critical, output: what.into(), values: vec![] }
    }

    /// The same with one more value that goes up and down.
    #[must_use]
    pub fn with(mut self, label: &str, value: f64, unit: &str) -> Self {
        self.values.push(Measure { label: label.into(), value, unit: unit.into(), counts: false });
        self
    }

    /// The same with one more value that counts what happened since the run before.
    #[must_use]
    pub fn counting(mut self, label: &str, value: f64, unit: &str) -> Self {
        self.values.push(Measure { label: label.into(), value, unit: unit.into(), counts: true });
        self
    }
}
