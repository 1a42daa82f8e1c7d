//! What is said when there is something to say: that a host enrolls, goes into maintenance or down, ends its contract, or that a
//! person wants to see whether a report arrives.
//!
//! Reasons and names are a person's words, and nothing is decided by them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The first report after activation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Enrollment {
    /// Who agreed, as far as the operating system knows: a user name.
    pub activated_by: String,
    /// The kinds of items agreed to.
    pub consented: Vec<String>,
    /// The contract's revision.
    pub revision: u32,
}

/// Something people should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Notice {
    /// What kind of notice.
    pub event: NoticeEvent,
    /// Until when it holds, if it ends.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>", extend("format" = "date-time")))]
    pub until: Option<Timestamp>,
    /// Why, in the administrator's words.
    #[serde(default)]
    pub reason: String,
}

/// The kinds of notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NoticeEvent {
    /// Maintenance begins; silence until `until` is no fault.
    MaintenanceStarted,
    /// Maintenance is over.
    MaintenanceEnded,
    /// The host goes down on purpose.
    Shutdown,
    /// The contract is about to end, or has ended.
    ContractEnd,
    /// The administrator switched the agent off.
    Deactivated,
}

/// Sent by a person to see whether it arrives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TestMessage {
    /// Who asked for it.
    #[serde(default)]
    pub requested_by: String,
    /// The route it is meant to prove.
    #[serde(default)]
    pub route: Option<String>,
}
