//! The report: what an agent says, once, signed. Here is what every report has; what each kind says has a file of its own.
//!
//! The JSON of these types is the wire format; its schema is generated into `shared/schema/report.v1.json`. Unknown fields
//! are ignored, every released version stays readable, a newer one is refused by name. [`Report::decode`] is the one place
//! where verified bytes become a report: whatever passes it is within every limit and holds no unsafe text.

mod decode;
mod heartbeat;
mod notice;
mod system;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use decode::DecodeError;
pub use heartbeat::{Heartbeat, Maintenance, SpoolInfo};
pub use notice::{Enrollment, Notice, NoticeEvent, TestMessage};
pub use system::{Since, SystemReport};

use super::id::{ContractNumber, Digest, Incarnation, ReportId, SystemId};
use super::layout::OneItemPerLine;

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
    /// Its revision in force on the host, so that the vendor sees where a renewal was not taken up.
    #[serde(default = "crate::wire::contract::first_revision")]
    pub contract_revision: u32,
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
    /// Keyed digest of the agent's configuration file, so that a changed one shows.
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
