//! Findings: what holds now for a system, or for the receiver itself. They are the rules' memory from one look to the next.
//!
//! Only the rules write them, through a decision; a word that cannot be read is a damaged store.

use rusqlite::params;

use super::sqlite::{StoreError, Tx, time, us, word};
use crate::evaluate::RuleId;
use crate::evaluate::finding::Finding;

impl Tx<'_> {
    /// What holds for a system, or for the receiver itself, by rule and subject.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn findings(&self, system: Option<i64>) -> Result<Vec<Finding>, StoreError> {
        const SQL: &str = "-- findings
            SELECT rule, subject, severity, phase, since, title, evidence FROM findings
            WHERE coalesce(system, 0) = ?1 ORDER BY rule, subject";
        self.all(SQL, params![system.unwrap_or(0)], |row| {
            Ok(Finding {
                rule: word(row, 0)?,
                subject: row.get(1)?,
                severity: word(row, 2)?,
                phase: word(row, 3)?,
                since: time(row, 4)?,
                title: row.get(5)?,
                evidence: row.get(6)?,
            })
        })
    }

    /// Writes down that something holds, or how it holds now.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_finding(&self, system: Option<i64>, is: &Finding) -> Result<(), StoreError> {
        const SQL: &str = "-- put_finding
            INSERT INTO findings (system, rule, subject, severity, phase, since, title, evidence)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT (coalesce(system, 0), rule, subject)
            DO UPDATE SET severity = ?4, phase = ?5, since = ?6, title = ?7, evidence = ?8";
        let (severity, phase) = (is.severity.as_str(), is.phase.as_str());
        let params = params![
            system,
            is.rule.as_str(),
            is.subject,
            severity,
            phase,
            us(is.since),
            is.title,
            is.evidence
        ];
        self.run(SQL, params).map(drop)
    }

    /// Forgets what no longer holds.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn remove_finding(
        &self,
        system: Option<i64>,
        rule: &RuleId,
        subject: &str,
    ) -> Result<(), StoreError> {
        const SQL: &str = "-- remove_finding
            DELETE FROM findings WHERE coalesce(system, 0) = ?1 AND rule = ?2 AND subject = ?3";
        self.run(SQL, params![system.unwrap_or(0), rule.as_str(), subject]).map(drop)
    }
}
