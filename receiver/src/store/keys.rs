//! The keys that sign, or signed, for systems, and who let them in.

use jiff::Timestamp;
use rusqlite::params;

use super::sqlite::{StoreError, Tx, maybe_time, us};

/// Who let a key in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AdmittedBy {
    /// The enrollment proof.
    Proof,
    /// A key before it.
    Succession,
    /// A person.
    Operator,
}

impl AdmittedBy {
    /// The word in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proof => "proof",
            Self::Succession => "succession",
            Self::Operator => "operator",
        }
    }
}

/// A key that signs, or signed, for a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemKey {
    /// Its 32 bytes.
    pub key: [u8; 32],
    /// Mail received at or after it is refused.
    pub revoked_at: Option<Timestamp>,
}

impl Tx<'_> {
    /// The keys that sign, or signed, for a system.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keys_of(&self, system: i64) -> Result<Vec<SystemKey>, StoreError> {
        const SQL: &str = "-- keys_of
            SELECT public_key, revoked_at FROM system_keys WHERE system = ?1 ORDER BY id LIMIT 100";
        self.all(SQL, params![system], |row| {
            Ok(SystemKey { key: row.get(0)?, revoked_at: maybe_time(row, 1)? })
        })
    }

    /// Lets a key sign for a system.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn admit_key(
        &self,
        system: i64,
        key: &[u8; 32],
        by: AdmittedBy,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "-- admit_key
            INSERT INTO system_keys (system, public_key, admitted_at, admitted_by) VALUES (?1, ?2, ?3, ?4)";
        self.run(SQL, params![system, key, us(at), by.as_str()]).map(drop)
    }

    /// Refuses what a key signed and what is received at or after `at`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn revoke_key(&self, key: &[u8; 32], at: Timestamp) -> Result<bool, StoreError> {
        const SQL: &str = "-- revoke_key
            UPDATE system_keys SET revoked_at = min(coalesce(revoked_at, ?2), ?2) WHERE public_key = ?1";
        Ok(self.run(SQL, params![key, us(at)])? > 0)
    }
}
