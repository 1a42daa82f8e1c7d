//! What changes a system: its registration, its contract, an operator's word, what a report said.
//!
//! Who may register and whose report counts was judged before; here it is written. Every change raises the version: an operator's
//! word or a report's that was judged by an older one is refused with [`StoreError::Changed`], to be judged anew.

use jiff::Timestamp;
use mailbeat_shared::wire::id::SystemId;
use rusqlite::params;

use super::super::keys::AdmittedBy;
use super::super::sqlite::{StoreError, Tx, us};
use super::super::terms::Terms;
use super::{System, SystemState};

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

impl Tx<'_> {
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

    /// Every system is looked at next.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn look_at_all(&self, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "-- look_at_all
            UPDATE systems SET due_at = ?1, version = version + 1 WHERE due_at > ?1";
        self.run(SQL, params![us(now)]).map(drop)
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
                maintenance_reason = ?13, deactivated_at = ?14, contract_revision = ?15, version = version + 1
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
                is.deactivated_at.map(us),
                is.contract_revision
            ],
        )?;
        if changed == 1 { Ok(()) } else { Err(StoreError::Changed(is.id)) }
    }
}
