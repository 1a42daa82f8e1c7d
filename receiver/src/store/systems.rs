//! Systems: who reports, and what is known of each.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::id::SystemId;
use rusqlite::{Row, params};
use serde::Serialize;

use super::contracts::{Terms, terms};
use super::keys::AdmittedBy;
use super::sqlite::{StoreError, Tx, maybe_time, system_id, time, us, word};
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
    /// Its contract.
    pub contract: Terms,
}

/// What the key inside a signature stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The system it signs for.
    pub system: System,
    /// Mail received at or after it is refused.
    pub key_revoked_at: Option<Timestamp>,
}

/// A system that is about to be registered.
#[derive(Clone, Copy, Debug)]
pub struct NewSystem<'a> {
    /// Its id.
    pub system_id: SystemId,
    /// Its contract.
    pub contract: &'a Terms,
    /// Its host's name.
    pub host: &'a str,
    /// Its key, 32 bytes.
    pub key: [u8; 32],
    /// Who admitted the key.
    pub by: AdmittedBy,
    /// When the report came that registers it.
    pub received_at: Timestamp,
}

macro_rules! system_columns {
    () => {
        "s.id, s.system_id, s.customer, s.host, s.agent_version, s.state, s.version, s.registered_at,
            s.heartbeat_interval, s.system_interval, s.life_at, s.heartbeat_at, s.system_report_at,
            s.last_received_at, s.due_at, s.maintenance_until, s.maintenance_reason, s.deactivated_at,
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
        contract: terms(row, 18)?,
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
            Ok(Registered { system: system(row)?, key_revoked_at: maybe_time(row, 33)? })
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

    /// When the next system is due.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn next_due_at(&self) -> Result<Option<Timestamp>, StoreError> {
        const SQL: &str = "-- next_due_at
            SELECT min(due_at) FROM systems";
        Ok(self.one(SQL, [], |row| maybe_time(row, 0))?.flatten())
    }

    /// How many systems count against a contract.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn enrolled(&self, contract: i64) -> Result<u32, StoreError> {
        const SQL: &str = "-- enrolled
            SELECT count(*) FROM systems WHERE contract = ?1 AND state <> 'retired'";
        Ok(self.one(SQL, params![contract], |row| row.get(0))?.unwrap_or(0))
    }

    /// Registers a system with its first key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn register_system(&self, new: &NewSystem<'_>) -> Result<i64, StoreError> {
        const SQL: &str = "-- register_system
            INSERT INTO systems (system_id, customer, contract, host, agent_version, state, registered_at,
                heartbeat_interval, system_interval, last_received_at, due_at)
            VALUES (?1, ?2, ?3, ?4, '', 'active', ?5, ?6, ?7, ?5, ?5)";
        let contract = new.contract;
        let id = self.insert(
            SQL,
            params![
                new.system_id.as_bytes(),
                contract.customer,
                contract.id,
                new.host,
                us(new.received_at),
                contract.heartbeat.default,
                contract.system.default
            ],
        )?;
        let id = id.unwrap_or_default();
        self.admit_key(id, &new.key, new.by, new.received_at)?;
        Ok(id)
    }

    /// Puts a system under another contract of its customer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn move_to_contract(&self, system: i64, contract: i64) -> Result<(), StoreError> {
        const SQL: &str = "-- move_to_contract
            UPDATE systems SET contract = ?2, version = version + 1 WHERE id = ?1";
        self.run(SQL, params![system, contract]).map(drop)
    }

    /// An operator pauses, resumes or retires a system; it is looked at next. Resumed, it gets its full time to show life, as
    /// after maintenance: what is silent then is silent anew.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if the system is not in `version` any more.
    pub fn set_system_state(
        &self,
        system: &System,
        state: SystemState,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "-- set_system_state
            UPDATE systems SET state = ?3, due_at = ?4, version = version + 1,
                maintenance_until = CASE ?3 WHEN 'active' THEN max(coalesce(maintenance_until, ?4), ?4) ELSE maintenance_until END
            WHERE id = ?1 AND version = ?2";
        let changed = self.run(SQL, params![system.id, system.version, state.as_str(), us(now)])?;
        if changed == 1 { Ok(()) } else { Err(StoreError::Changed(system.id)) }
    }

    /// Looks at a system again in an hour: judging it failed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_off(&self, system: i64, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "-- put_off
            UPDATE systems SET due_at = ?2 + 3600000000, version = version + 1 WHERE id = ?1";
        self.run(SQL, params![system, us(now)]).map(drop)
    }

    /// Writes what a report changed, and raises the version. Identity, contract and state are not a report's to change.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if the system is not in `version` any more.
    pub fn update_system(&self, is: &System) -> Result<(), StoreError> {
        const SQL: &str = "-- update_system
            UPDATE systems SET host = ?3, agent_version = ?4, heartbeat_interval = ?5, system_interval = ?6, life_at = ?7,
                heartbeat_at = ?8, system_report_at = ?9, last_received_at = ?10, due_at = ?11, maintenance_until = ?12,
                maintenance_reason = ?13, deactivated_at = ?14, version = version + 1
            WHERE id = ?1 AND version = ?2";
        let changed = self.run(
            SQL,
            params![
                is.id,
                is.version,
                is.host,
                is.agent_version,
                is.heartbeat_interval,
                is.system_interval,
                is.life_at.map(us),
                is.heartbeat_at.map(us),
                is.system_report_at.map(us),
                us(is.last_received_at),
                us(is.due_at),
                is.maintenance_until.map(us),
                is.maintenance_reason,
                is.deactivated_at.map(us)
            ],
        )?;
        if changed == 1 { Ok(()) } else { Err(StoreError::Changed(is.id)) }
    }
}

impl System {
    /// Whether nothing is to be judged absent: paused, retired, or out of contract.
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

impl Terms {
    /// When nothing more is expected of the contract's systems: after the grace days, or from its revocation on.
    #[must_use]
    pub fn over_at(&self) -> Option<Timestamp> {
        let grace = SignedDuration::from_hours(24 * i64::from(self.grace_days));
        let end = self.valid_until.map(|until| until.saturating_add(grace).unwrap_or(Timestamp::MAX));
        [end, self.revoked_at].into_iter().flatten().min()
    }

    /// Whether nothing is expected any more.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.over_at().is_some_and(|at| at <= now)
    }

    /// Whether reports received at `at` come after the end: past the grace days and one day more, in which a spool
    /// drains; or revoked.
    #[must_use]
    pub fn has_ended(&self, at: Timestamp) -> bool {
        let drained = |until: Timestamp| {
            let days = i64::from(self.grace_days) + 1;
            until.saturating_add(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MAX)
        };
        self.revoked_at.is_some_and(|revoked| revoked <= at)
            || self.valid_until.is_some_and(|until| drained(until) < at)
    }
}
