//! Branches, the reports in them, and the holes between.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::id::{Digest, Incarnation, ReportId};
use mailbeat_shared::wire::report::Kind;
use rusqlite::{Row, params};

use super::content::PackedReport;
use super::sqlite::{StoreError, Tx, digest, int, maybe_digest, number, time, us};
use crate::intake::branch::Held;
use crate::intake::hole::Range;
use crate::intake::life::ClockRun;

/// One history of an agent's state: reports that build on each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// Row.
    pub id: i64,
    /// The incarnation it began with.
    pub incarnation: Incarnation,
    /// 1 for the first of its incarnation.
    pub number: u32,
    /// When the report came that opened it.
    pub opened_at: Timestamp,
    /// The newest report's sequence.
    pub newest_sequence: u64,
    /// The newest report's digest.
    pub newest_digest: Digest,
    /// Its latest proof of life.
    pub life_at: Timestamp,
    /// When its last report came.
    pub last_received_at: Timestamp,
    /// How far the host's clock is behind ours.
    pub skew: SignedDuration,
    /// What is remembered of the host's clock.
    pub clock: ClockRun,
    /// Row of the newest heartbeat.
    pub heartbeat: Option<i64>,
    /// The system report the held snapshot is as of.
    pub snapshot_digest: Option<Digest>,
    /// Its sequence.
    pub snapshot_sequence: u64,
    /// Since which sequence the watched files are unknown.
    pub unknown_since: Option<u64>,
}

/// A report to record.
#[derive(Clone, Copy, Debug)]
pub struct NewReport<'a> {
    /// Row of its system.
    pub system: i64,
    /// Its id.
    pub id: ReportId,
    /// Row of its branch.
    pub branch: i64,
    /// Its sequence.
    pub sequence: u64,
    /// Its digest.
    pub digest: Digest,
    /// The digest before it.
    pub previous: Option<Digest>,
    /// Its kind.
    pub kind: Kind,
    /// When it was made, by the host's clock.
    pub created_at: Timestamp,
    /// When it came.
    pub received_at: Timestamp,
    /// Life proven.
    pub life_at: Timestamp,
    /// Where it came.
    pub mailbox: Option<i64>,
    /// The signed bytes and the signature.
    pub packed: &'a PackedReport,
}

/// A recorded report, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRow {
    /// Row.
    pub row: i64,
    /// Its id.
    pub id: ReportId,
    /// Row of its branch.
    pub branch: i64,
    /// Its sequence.
    pub sequence: u64,
    /// Its digest.
    pub digest: Digest,
    /// Its kind.
    pub kind: String,
    /// When it was made, by the host's clock.
    pub created_at: Timestamp,
    /// When it came.
    pub received_at: Timestamp,
    /// Life proven.
    pub life_at: Timestamp,
    /// Whether the content is still kept.
    pub has_content: bool,
}

/// Sequences missing in a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    /// Row of the branch.
    pub branch: i64,
    /// First and last missing.
    pub range: Range,
    /// When it was first seen.
    pub seen_at: Timestamp,
}

macro_rules! branch_columns {
    () => {
        "id, incarnation, number, opened_at, newest_sequence, newest_digest, life_at, last_received_at, skew, clock_run,
            heartbeat, snapshot_digest, snapshot_sequence, unknown_since"
    };
}

fn branch(row: &Row<'_>) -> rusqlite::Result<Branch> {
    // What is remembered of a clock is worth nothing where it cannot be read.
    let clock = serde_json::from_str(row.get_ref(9)?.as_str()?).unwrap_or_default();
    Ok(Branch {
        id: row.get(0)?,
        incarnation: Incarnation(row.get::<_, i64>(1)?.cast_unsigned()),
        number: row.get(2)?,
        opened_at: time(row, 3)?,
        newest_sequence: number(row, 4)?,
        newest_digest: digest(row, 5)?,
        life_at: time(row, 6)?,
        last_received_at: time(row, 7)?,
        skew: SignedDuration::from_micros(row.get(8)?),
        clock,
        heartbeat: row.get(10)?,
        snapshot_digest: maybe_digest(row, 11)?,
        snapshot_sequence: number(row, 12)?,
        unknown_since: row.get::<_, Option<i64>>(13)?.map(i64::cast_unsigned),
    })
}

pub(super) fn report_row(row: &Row<'_>) -> rusqlite::Result<ReportRow> {
    Ok(ReportRow {
        row: row.get(0)?,
        id: ReportId::from_bytes(row.get(1)?),
        branch: row.get(2)?,
        sequence: number(row, 3)?,
        digest: digest(row, 4)?,
        kind: row.get(5)?,
        created_at: time(row, 6)?,
        received_at: time(row, 7)?,
        life_at: time(row, 8)?,
        has_content: row.get(9)?,
    })
}

impl Tx<'_> {
    /// A system's branches of one incarnation, the one last heard of first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn branches_of(&self, system: i64, incarnation: Incarnation) -> Result<Vec<Branch>, StoreError> {
        const SQL: &str = concat!(
            "-- branches_of
            SELECT ",
            branch_columns!(),
            " FROM branches WHERE system = ?1 AND incarnation = ?2 ORDER BY last_received_at DESC, id DESC LIMIT 50"
        );
        self.all(SQL, params![system, incarnation.0.cast_signed()], branch)
    }

    /// A system's branches, the one last heard of first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn branches(&self, system: i64) -> Result<Vec<Branch>, StoreError> {
        const SQL: &str = concat!(
            "-- branches
            SELECT ",
            branch_columns!(),
            " FROM branches WHERE system = ?1 ORDER BY last_received_at DESC, id DESC LIMIT 50"
        );
        self.all(SQL, params![system], branch)
    }

    /// Opens a branch at this report.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_branch(
        &self,
        system: i64,
        incarnation: Incarnation,
        at: Timestamp,
        sequence: u64,
        digest: Digest,
    ) -> Result<Branch, StoreError> {
        const SQL: &str = concat!(
            "-- open_branch
            INSERT INTO branches (system, incarnation, number, opened_at, opened_sequence, newest_sequence, newest_digest,
                life_at, last_received_at, skew, clock_run)
            VALUES (?1, ?2, (SELECT 1 + count(*) FROM branches WHERE system = ?1 AND incarnation = ?2), ?3, ?4, ?4, ?5,
                ?3, ?3, 0, '')
            RETURNING ",
            branch_columns!()
        );
        let params = params![system, incarnation.0.cast_signed(), us(at), int(sequence), digest.as_bytes()];
        self.one(SQL, params, branch)?.ok_or_else(|| StoreError::Corrupt {
            what: "a branch",
            detail: "not there after it was made".into(),
        })
    }

    /// Writes a branch's state.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn update_branch(&self, is: &Branch) -> Result<(), StoreError> {
        const SQL: &str = "-- update_branch
            UPDATE branches SET newest_sequence = ?2, newest_digest = ?3, life_at = ?4, last_received_at = ?5, skew = ?6,
                clock_run = ?7, heartbeat = ?8, snapshot_digest = ?9, snapshot_sequence = ?10, unknown_since = ?11
            WHERE id = ?1";
        let clock = serde_json::to_string(&is.clock).unwrap_or_default();
        self.run(
            SQL,
            params![
                is.id,
                int(is.newest_sequence),
                is.newest_digest.as_bytes(),
                us(is.life_at),
                us(is.last_received_at),
                i64::try_from(is.skew.as_micros()).unwrap_or(0),
                clock,
                is.heartbeat,
                is.snapshot_digest.as_ref().map(Digest::as_bytes),
                int(is.snapshot_sequence),
                is.unknown_since.map(int)
            ],
        )
        .map(drop)
    }

    /// Reports held at `sequence` and its two neighbours in all branches of an incarnation.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn neighbours(
        &self,
        system: i64,
        incarnation: Incarnation,
        sequence: u64,
    ) -> Result<Vec<Held>, StoreError> {
        const SQL: &str = "-- neighbours
            SELECT r.branch, r.sequence, r.digest, r.previous
            FROM branches b JOIN reports r ON r.branch = b.id AND r.sequence BETWEEN ?3 - 1 AND ?3 + 1
            WHERE b.system = ?1 AND b.incarnation = ?2 LIMIT 200";
        self.all(SQL, params![system, incarnation.0.cast_signed(), int(sequence)], |row| {
            Ok(Held {
                branch: row.get(0)?,
                sequence: number(row, 1)?,
                digest: digest(row, 2)?,
                previous: maybe_digest(row, 3)?,
            })
        })
    }

    /// The digest of the system's report with this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn report_digest(&self, system: i64, id: ReportId) -> Result<Option<Digest>, StoreError> {
        const SQL: &str = "-- report_digest
            SELECT digest FROM reports WHERE system = ?1 AND report_id = ?2";
        self.one(SQL, params![system, id.as_bytes()], |row| digest(row, 0))
    }

    /// How many reports of a system came after `since` and up to `until`; counts to `limit` and no further.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn received_between(
        &self,
        system: i64,
        since: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<u32, StoreError> {
        const SQL: &str = "-- received_between
            SELECT count(*) FROM (SELECT 1 FROM reports WHERE system = ?1 AND received_at > ?2 AND received_at <= ?3 LIMIT ?4)";
        Ok(self.one(SQL, params![system, us(since), us(until), limit], |row| row.get(0))?.unwrap_or(0))
    }

    /// Records a report; its row, or `None` where the system has one with this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn insert_report(&self, new: &NewReport<'_>) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "-- insert_report
            INSERT INTO reports (system, report_id, branch, sequence, digest, previous, kind, created_at, received_at, life_at,
                mailbox, report_bytes, content)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
            ON CONFLICT (system, report_id) DO NOTHING";
        self.insert(
            SQL,
            params![
                new.system,
                new.id.as_bytes(),
                new.branch,
                int(new.sequence),
                new.digest.as_bytes(),
                new.previous.as_ref().map(Digest::as_bytes),
                new.kind.as_str(),
                us(new.created_at),
                us(new.received_at),
                us(new.life_at),
                new.mailbox,
                new.packed.report_bytes,
                new.packed.content
            ],
        )
    }

    /// The signed bytes and signature of a report, while they are kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn report_content(&self, row: i64) -> Result<Option<PackedReport>, StoreError> {
        const SQL: &str = "-- report_content
            SELECT report_bytes, content FROM reports WHERE id = ?1 AND content IS NOT NULL";
        self.one(SQL, params![row], |row| {
            Ok(PackedReport { report_bytes: row.get(0)?, content: row.get(1)? })
        })
    }

    /// A system's reports, newest first, below the row `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn reports(&self, system: i64, before: i64, limit: u32) -> Result<Vec<ReportRow>, StoreError> {
        const SQL: &str = "-- reports
            SELECT id, report_id, branch, sequence, digest, kind, created_at, received_at, life_at, content IS NOT NULL
            FROM reports WHERE system = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
        self.all(SQL, params![system, before, limit], report_row)
    }

    /// Rows of the mailboxes a system's last reports came through.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn mailboxes_of(&self, system: i64) -> Result<Vec<i64>, StoreError> {
        const SQL: &str = "-- mailboxes_of
            SELECT DISTINCT mailbox FROM
                (SELECT mailbox FROM reports WHERE system = ?1 ORDER BY received_at DESC LIMIT 5)
            WHERE mailbox IS NOT NULL";
        self.all(SQL, params![system], |row| row.get(0))
    }

    /// The holes of a system's branches, at most `limit`, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn holes(&self, system: i64, limit: u32) -> Result<Vec<Hole>, StoreError> {
        const SQL: &str = "-- holes
            SELECT h.branch, h.first, h.last, h.seen_at FROM branches b JOIN holes h ON h.branch = b.id
            WHERE b.system = ?1 ORDER BY h.seen_at LIMIT ?2";
        self.all(SQL, params![system, limit], hole)
    }

    /// The holes of one branch that touch `range`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn holes_in(&self, branch: i64, range: Range) -> Result<Vec<Hole>, StoreError> {
        const SQL: &str = "-- holes_in
            SELECT branch, first, last, seen_at FROM holes WHERE branch = ?1 AND first <= ?3 AND last >= ?2";
        self.all(SQL, params![branch, int(range.0), int(range.1)], hole)
    }

    /// Writes down a hole.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_hole(&self, hole: &Hole) -> Result<(), StoreError> {
        const SQL: &str = "-- put_hole
            INSERT INTO holes (branch, first, last, seen_at) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (branch, first) DO UPDATE SET last = ?3";
        self.run(SQL, params![hole.branch, int(hole.range.0), int(hole.range.1), us(hole.seen_at)]).map(drop)
    }

    /// Takes a hole away.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_hole(&self, hole: &Hole) -> Result<(), StoreError> {
        const SQL: &str = "-- remove_hole
            DELETE FROM holes WHERE branch = ?1 AND first = ?2";
        self.run(SQL, params![hole.branch, int(hole.range.0)]).map(drop)
    }

    /// Writes down that a range will never come, and why.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn explain(&self, branch: i64, range: Range, why: Why, at: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "-- explain
            INSERT INTO explained (branch, first, last, why, stated_at) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (branch, first, last, why) DO NOTHING";
        self.run(SQL, params![branch, int(range.0), int(range.1), why.as_str(), us(at)]).map(drop)
    }
}

/// Why a sequence will never come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A newer heartbeat said more.
    Superseded,
    /// It was lost or refused for good.
    Lost,
}

impl Why {
    /// The word in the table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Superseded => "superseded",
            Self::Lost => "lost",
        }
    }
}

fn hole(row: &Row<'_>) -> rusqlite::Result<Hole> {
    Ok(Hole { branch: row.get(0)?, range: (number(row, 1)?, number(row, 2)?), seen_at: time(row, 3)? })
}
