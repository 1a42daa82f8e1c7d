//! The report: what an agent says, once, signed.
//!
//! The JSON of these types is the wire format; its schema is generated into `shared/schema/report.v1.json`. Unknown fields
//! are ignored, every released version stays readable, a newer one is refused by name. [`Report::decode`] is the one place
//! where verified bytes become a report: whatever passes it is within every limit and holds no unsafe text.

mod decode;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::{ContractNumber, Digest, Incarnation, ReportId, SystemId};
use super::inventory::{PackageList, Packages, Reboot, Updates};
use super::layout::OneItemPerLine;
use super::observation::{CheckResult, Observation};
use super::snapshot::{Change, FileEntry};

/// The wire version this program writes, and the newest it reads.
pub const VERSION: u32 = 1;

/// One signed message from an agent.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(Deserialize))]
pub struct Report {
    /// Wire version.
    pub mailbeat: u32,
    /// This report.
    pub id: ReportId,
    /// The system it is about.
    pub system: SystemId,
    /// The contract it is sent under.
    pub contract: ContractNumber,
    /// Counts the reports of this system, from 1.
    pub sequence: u64,
    /// Which life of the agent's state this is.
    pub incarnation: Incarnation,
    /// Who signs, and the proof that the key belongs to the contract.
    pub identity: Identity,
    /// Digest of the report with the sequence before, whatever became of it.
    pub previous: Option<Digest>,
    /// Ranges of heartbeats never sent because a newer one said more, first and last included.
    #[serde(default)]
    pub superseded: Vec<(u64, u64)>,
    /// Ranges of reports that were lost or refused for good, repeated for 8 days.
    #[serde(default)]
    pub lost: Vec<(u64, u64)>,
    /// When it was made, by the host's clock, RFC 3339 UTC.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "date-time")))]
    pub created_at: Timestamp,
    /// Seconds since the host started.
    pub uptime_s: u64,
    /// Names one run of the host; skew of its clock is judged within one run.
    pub boot_id: String,
    /// What made it.
    pub agent: AgentInfo,
    /// How often to expect the next.
    pub promise: Promise,
    /// What it says.
    #[serde(flatten)]
    pub body: Body,
}

/// The signing key and why it may sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Identity {
    /// The ed25519 public key in OpenSSH format: `ssh-ed25519 AAAA...`.
    pub public_key: String,
    /// HMAC-SHA256 that proves knowledge of the contract's enrollment secret (see `wire::contract::enrollment_proof`).
    pub proof: Digest,
    /// For a new key of a known system: armored SSHSIGs by the old keys (namespace `mailbeat-rotate`).
    #[serde(default)]
    pub succession: Vec<String>,
}

/// The program that made the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AgentInfo {
    /// Its version.
    pub version: String,
    /// The host's name.
    pub host: String,
    /// The language of the readable parts: `en`, `de`.
    pub locale: String,
    /// Plain digest of the agent's configuration file, so that a changed one shows.
    pub config_digest: Digest,
}

/// Durations the agent promises; the receiver clamps them to the contract's range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Promise {
    /// Seconds from one heartbeat to the next.
    pub heartbeat_interval_s: u32,
    /// Seconds from one system report to the next.
    pub system_interval_s: u32,
}

/// What a report says, by kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(test, derive(Deserialize))]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "reports are read one at a time, and what is large in them lies on the heap"
)]
pub enum Body {
    /// Still alive, and how it is.
    Heartbeat {
        /// The content.
        heartbeat: Heartbeat,
    },
    /// The watched configuration files.
    System {
        /// The content.
        system_report: SystemReport,
    },
    /// The first report after activation.
    Enrollment {
        /// The content.
        enrollment: Enrollment,
    },
    /// Something people should know: maintenance, shutdown, end of the contract, deactivation.
    Notice {
        /// The content.
        notice: Notice,
    },
    /// Sent by a person to see whether it arrives.
    Test {
        /// The content.
        test: TestMessage,
    },
}

/// The kinds of report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Hourly.
    Heartbeat,
    /// Daily.
    System,
    /// Once, at activation.
    Enrollment,
    /// When there is something to say.
    Notice,
    /// By hand.
    Test,
}

impl Kind {
    /// The word on the wire, in headers, tables and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Heartbeat => "heartbeat",
            Self::System => "system",
            Self::Enrollment => "enrollment",
            Self::Notice => "notice",
            Self::Test => "test",
        }
    }
}

impl Body {
    /// Which kind this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Heartbeat { .. } => Kind::Heartbeat,
            Self::System { .. } => Kind::System,
            Self::Enrollment { .. } => Kind::Enrollment,
            Self::Notice { .. } => Kind::Notice,
            Self::Test { .. } => Kind::Test,
        }
    }
}

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

/// The watched configuration files, and what the host is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SystemReport {
    /// Digest of the system report the changes start from; `None` means this one is full.
    pub baseline: Option<Digest>,
    /// Every watched file.
    pub files: Vec<FileEntry>,
    /// What differs from the baseline; in a full report every file is `added`.
    pub changes: Vec<Change>,
    /// In a full report: what differs from the last one, for people and programs that look for what changed. Nothing is applied
    /// from here; `changes` alone make the snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
    /// What did not fit, one sentence each.
    #[serde(default)]
    pub truncated: Vec<String>,
    /// What the host is: operating system, kernel, hardware; name and value.
    #[serde(default)]
    pub inventory: std::collections::BTreeMap<String, String>,
    /// What became of the installed packages; `None` where they are not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packages: Option<Packages>,
    /// All installed packages: in a full report, and where none were told before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package_list: Option<PackageList>,
    /// Updates that could be installed; `None` where that is not told or not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updates: Option<Updates>,
    /// Whether the host must be restarted; `None` where that is not told or not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reboot: Option<Reboot>,
}

/// What differs from the last report, in one that is full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Since {
    /// Digest of the last system report.
    pub baseline: Digest,
    /// What differs from it.
    pub changes: Vec<Change>,
}

impl SystemReport {
    /// What differs from the report before, where that is told: a full report repeats everything and says apart what changed.
    #[must_use]
    pub fn news(&self) -> &[Change] {
        match (&self.since, self.baseline) {
            (Some(since), _) => &since.changes,
            (None, Some(_)) => &self.changes,
            (None, None) => &[],
        }
    }

    /// Whether there was a report before that this one tells changes from.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.baseline.is_none() && self.since.is_none()
    }
}

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

/// Why verified bytes are no report this program can take.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Made by a newer program.
    #[error(
        "wire version {0} is newer than {VERSION}, the newest this program reads; upgrade and release it again"
    )]
    NewerVersion(u32),
    /// Not the JSON it should be.
    #[error("not a report: {0}")]
    Malformed(String),
    /// Over a limit.
    #[error("{what} is over its limit of {limit}")]
    OverLimit {
        /// What.
        what: &'static str,
        /// The limit, in the unit the name implies (bytes or items).
        limit: usize,
    },
}

impl Report {
    /// Which kind of report this is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.body.kind()
    }

    /// The report as JSON, one item per line so that a person can read it. These bytes are signed.
    ///
    /// # Panics
    /// If an observation's value is not finite, which composing rules out.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, OneItemPerLine::default());
        self.serialize(&mut serializer).expect("a report has string keys and goes to memory");
        bytes.push(b'\n');
        bytes
    }
}
