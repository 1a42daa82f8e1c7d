//! The terms of a contract that reading and judging go by, and when nothing is expected under it any more.
//!
//! They were signed by the vendor and are believed as its sealed file said them; only the day of a revocation is an operator's.
//! Dates too far ahead for a clock end at the last moment there is. Pure but for the row they are read from: a word in it that
//! nobody knows is an error that names the column.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::contract::Interval;
use mailbeat_shared::wire::id::ContractNumber;
use rusqlite::Row;
use serde::Serialize;

use super::sqlite::{maybe_time, word};
use crate::evaluate::UnknownWord;

/// Whether a proof admits a system, or an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EnrollmentMode {
    /// The proof admits.
    Auto,
    /// An operator admits.
    Approve,
}

impl EnrollmentMode {
    /// The word in tables and configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Approve => "approve",
        }
    }
}

impl FromStr for EnrollmentMode {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        [Self::Auto, Self::Approve]
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or_else(|| UnknownWord(text.to_owned()))
    }
}

/// What the receiver keeps in mind of a contract while it reads mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Row.
    pub id: i64,
    /// The number people say.
    pub number: ContractNumber,
    /// Whose it is.
    pub customer: i64,
    /// When it ends; `None`: until revoked.
    pub valid_until: Option<Timestamp>,
    /// Days in which heartbeats go on after the end.
    pub grace_days: u32,
    /// How many systems it covers.
    pub systems: u32,
    /// From heartbeat to heartbeat, in seconds.
    pub heartbeat: Interval,
    /// From system report to system report, in seconds.
    pub system: Interval,
    /// Longest announced maintenance, in hours.
    pub maintenance_max_h: u32,
    /// Who admits systems.
    pub enrollment: EnrollmentMode,
    /// Since when it is revoked.
    pub revoked_at: Option<Timestamp>,
}

impl Terms {
    /// When nothing more is expected of the contract's systems: after the grace days, or from its revocation on.
    #[must_use]
    pub fn over_at(&self) -> Option<Timestamp> {
        [self.days_after_end(self.grace_days), self.revoked_at].into_iter().flatten().min()
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
        self.revoked_at.is_some_and(|revoked| revoked <= at)
            || self.days_after_end(self.grace_days.saturating_add(1)).is_some_and(|drained| drained < at)
    }

    /// So many days after the last day, if there is one.
    fn days_after_end(&self, days: u32) -> Option<Timestamp> {
        let days = SignedDuration::from_hours(24 * i64::from(days));
        self.valid_until.map(|until| until.saturating_add(days).unwrap_or(Timestamp::MAX))
    }
}

pub(super) fn terms(row: &Row<'_>, first: usize) -> rusqlite::Result<Terms> {
    let interval = |at: usize| -> rusqlite::Result<Interval> {
        Ok(Interval { default: row.get(at)?, min: row.get(at + 1)?, max: row.get(at + 2)? })
    };
    Ok(Terms {
        id: row.get(first)?,
        number: word(row, first + 1)?,
        customer: row.get(first + 2)?,
        valid_until: maybe_time(row, first + 3)?,
        grace_days: row.get(first + 4)?,
        systems: row.get(first + 5)?,
        heartbeat: interval(first + 6)?,
        system: interval(first + 9)?,
        maintenance_max_h: row.get(first + 12)?,
        enrollment: word(row, first + 13)?,
        revoked_at: maybe_time(row, first + 14)?,
    })
}
