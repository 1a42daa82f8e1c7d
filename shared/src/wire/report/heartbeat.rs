//! What a heartbeat says: still alive, what was measured and checked, and how the agent's own queue stands.
//!
//! What is told comes from the customer's host: the numbers are believed as far as they are signed, texts only after
//! [`super::Report::decode`]. What could not be collected is a sentence among the problems, and never a missing heartbeat.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::wire::check::CheckResult;
use crate::wire::observation::Observation;

/// Still alive, and how it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Heartbeat {
    /// The agent's own queue.
    pub spool: SpoolInfo,
    /// Announced maintenance, if any.
    #[serde(default)]
    pub maintenance: Option<Maintenance>,
    /// What was measured.
    #[serde(default)]
    pub observations: Vec<Observation>,
    /// What was checked.
    #[serde(default)]
    pub checks: Vec<CheckResult>,
    /// Collectors that failed or limits that were hit, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// The agent's queue when the report was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SpoolInfo {
    /// Reports waiting before this one.
    pub queued: u32,
    /// When the oldest of them was made.
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", extend("format" = "date-time")))]
    pub oldest: Option<Timestamp>,
    /// The route the last report went by.
    pub route: Option<String>,
}

/// Announced maintenance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Maintenance {
    /// When it ends at the latest.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub until: Timestamp,
    /// Why, in the administrator's words.
    pub reason: String,
}
