//! Systems: who reports, what is known of each, and which are to be looked at. What changes them is in `update`.
//!
//! A row is believed as far as it parses; a key is worth what the row of its admission says.

mod update;

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::id::SystemId;
use rusqlite::{Row, params};
use serde::Serialize;

pub use self::update::NewSystem;
use super::sqlite::{StoreError, Tx, maybe_time, system_id, time, us, word};
use super::terms::{Terms, terms};
use crate::evaluate::UnknownWord;

/// Whether anything is expected of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemState {
    /// It is watched.
    Active,
    /// An operator paused it: recorded, not judged.
    Paused,
    /// It is gone: recorded, not judged, not counted against its contract.
    Retired,
}

impl SystemState {
    /// The word in tables and `--json`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Retired => "retired",
        }
    }
}

impl FromStr for SystemState {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        [Self::Active, Self::Paused, Self::Retired]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| UnknownWord(text.to_owned()))
    }
}

/// A system as it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// Row; what other tables refer to.
    pub id: i64,
    /// What it calls itself.
    pub system_id: SystemId,
    /// Whose it is.
    pub customer: i64,
    /// Its host's name.
    pub host: String,
    /// The agent's version.
    pub agent_version: String,
    /// Whether anything is expected of it.
    pub state: SystemState,
    /// Raised by every decision about it.
    pub version: i64,
    /// When its first key was admitted.
    pub registered_at: Timestamp,
    /// Seconds from heartbeat to heartbeat, as promised, within the contract's range.
    pub heartbeat_interval: u32,
    /// Seconds from system report to system report.
    pub system_interval: u32,
    /// The latest proof of life, dated at its origin; none before a report was recorded.
    pub life_at: Option<Timestamp>,
    /// Life proven by the newest heartbeat.
    pub heartbeat_at: Option<Timestamp>,
    /// Life proven by the newest system report.
    pub system_report_at: Option<Timestamp>,
    /// When the last report came.
    pub last_received_at: Timestamp,
    /// When the clock alone makes a judgement due.
    pub due_at: Timestamp,
    /// Silence is no fault until then.
    pub maintenance_until: Option<Timestamp>,
    /// Why.
    pub maintenance_reason: String,
    /// When the administrator switched the agent off.
    pub deactivated_at: Option<Timestamp>,
    /// The revision of its contract that is in force on the host, as told by its newest report.
    pub contract_revision: u32,
    /// Before that it owed no system report: its contract had ended, and was renewed then.
    pub system_reports_from: Option<Timestamp>,
    /// Its contract, as the vendor has it.
    pub contract: Terms,
}

impl System {
    /// Whether nothing is judged of it: paused, retired, or out of contract.
    #[must_use]
    pub fn is_paused(&self, now: Timestamp) -> bool {
        self.state != SystemState::Active || self.contract.is_over(now)
    }

    /// The promised time from heartbeat to heartbeat.
    #[must_use]
    pub fn heartbeat_every(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.heartbeat_interval))
    }

    /// The promised time from system report to system report.
    #[must_use]
    pub fn system_report_every(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.system_interval))
    }
}

/// What the key inside a signature stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The system it signs for.
    pub system: System,
    /// Mail received at or after it is refused.
    pub key_revoked_at: Option<Timestamp>,
}

macro_rules! system_columns {
    () => {
        "s.id, s.system_id, s.customer, s.host, s.agent_version, s.state, s.version, s.registered_at,
            s.heartbeat_interval, s.system_interval, s.life_at, s.heartbeat_at, s.system_report_at,
            s.last_received_at, s.due_at, s.maintenance_until, s.maintenance_reason, s.deactivated_at,
            s.contract_revision, s.system_reports_from,
            c.id, c.number, c.customer, c.valid_until, c.grace_days, c.systems, c.heartbeat_default, c.heartbeat_min,
            c.heartbeat_max, c.system_default, c.system_min, c.system_max, c.maintenance_max_h, c.enrollment,
            c.revoked_at"
    };
}

fn system(row: &Row<'_>) -> rusqlite::Result<System> {
    Ok(System {
        id: row.get(0)?,
        system_id: system_id(row, 1)?,
        customer: row.get(2)?,
        host: row.get(3)?,
        agent_version: row.get(4)?,
        state: word(row, 5)?,
        version: row.get(6)?,
        registered_at: time(row, 7)?,
        heartbeat_interval: row.get(8)?,
        system_interval: row.get(9)?,
        life_at: maybe_time(row, 10)?,
        heartbeat_at: maybe_time(row, 11)?,
        system_report_at: maybe_time(row, 12)?,
        last_received_at: time(row, 13)?,
        due_at: time(row, 14)?,
        maintenance_until: maybe_time(row, 15)?,
        maintenance_reason: row.get(16)?,
        deactivated_at: maybe_time(row, 17)?,
        contract_revision: row.get(18)?,
        system_reports_from: maybe_time(row, 19)?,
        contract: terms(row, 20)?,
    })
}

impl Tx<'_> {
    /// The system a key was admitted for.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn registered(&self, key: &[u8; 32]) -> Result<Option<Registered>, StoreError> {
        const SQL: &str = concat!(
            "-- registered
            SELECT ",
            system_columns!(),
            ", k.revoked_at
            FROM system_keys k JOIN systems s ON s.id = k.system JOIN contracts c ON c.id = s.contract
            WHERE k.public_key = ?1"
        );
        self.one(SQL, params![key], |row| {
            Ok(Registered { system: system(row)?, key_revoked_at: maybe_time(row, 35)? })
        })
    }

    /// A system by its row.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn system(&self, id: i64) -> Result<Option<System>, StoreError> {
        const SQL: &str = concat!(
            "-- system
            SELECT ",
            system_columns!(),
            " FROM systems s JOIN contracts c ON c.id = s.contract WHERE s.id = ?1"
        );
        self.one(SQL, params![id], system)
    }

    /// A customer's system by its SystemId.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn system_of_customer(&self, customer: i64, id: SystemId) -> Result<Option<System>, StoreError> {
        const SQL: &str = concat!(
            "-- system_of_customer
            SELECT ",
            system_columns!(),
            " FROM systems s JOIN contracts c ON c.id = s.contract WHERE s.customer = ?1 AND s.system_id = ?2"
        );
        self.one(SQL, params![customer, id.as_bytes()], system)
    }

    /// Systems after the row `after`, in order of registration, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn systems(&self, after: i64, limit: u32) -> Result<Vec<System>, StoreError> {
        const SQL: &str = concat!(
            "-- systems
            SELECT ",
            system_columns!(),
            " FROM systems s JOIN contracts c ON c.id = s.contract WHERE s.id > ?1 ORDER BY s.id LIMIT ?2"
        );
        self.all(SQL, params![after, limit], system)
    }

    /// Rows of systems a tick must look at, the longest due first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn due_systems(&self, now: Timestamp, limit: u32) -> Result<Vec<i64>, StoreError> {
        const SQL: &str = "-- due_systems
            SELECT id FROM systems WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2";
        self.all(SQL, params![us(now), limit], |row| row.get(0))
    }
}
