//! Branches: the histories of a system's state, and the holes in them.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::id::{Digest, Incarnation};
use rusqlite::{Row, params};

use super::sqlite::{StoreError, Tx, digest, int, maybe_digest, number, time, us};
use crate::intake::branch::{Held, Made};
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

fn hole(row: &Row<'_>) -> rusqlite::Result<Hole> {
    Ok(Hole { branch: row.get(0)?, range: (number(row, 1)?, number(row, 2)?), seen_at: time(row, 3)? })
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
        self.only(SQL, params, branch)
    }

    /// The lowest sequence that is held of a branch.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn lowest_sequence(&self, branch: i64) -> Result<Option<u64>, StoreError> {
        const SQL: &str = "-- lowest_sequence
            SELECT sequence FROM reports WHERE branch = ?1 ORDER BY sequence LIMIT 1";
        self.one(SQL, params![branch], |row| number(row, 0))
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

    /// The reports nearest to `sequence` in each branch of an incarnation: at or below it, and at or above it. What they say of the
    /// host's run is read only where the digests do not tell.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn nearest(
        &self,
        system: i64,
        incarnation: Incarnation,
        sequence: u64,
    ) -> Result<Vec<Held>, StoreError> {
        const SQL: &str = "-- nearest
            SELECT r.branch, r.sequence, r.digest, r.previous, r.created_at, r.id FROM branches b JOIN reports r ON r.id IN (
                (SELECT id FROM reports WHERE branch = b.id AND sequence <= ?3 ORDER BY sequence DESC LIMIT 1),
                (SELECT id FROM reports WHERE branch = b.id AND sequence >= ?3 ORDER BY sequence LIMIT 1))
            WHERE b.system = ?1 AND b.incarnation = ?2 LIMIT 100";
        let params = params![system, incarnation.0.cast_signed(), int(sequence)];
        let rows = self.all(SQL, params, |row| {
            let held = Held {
                branch: row.get(0)?,
                sequence: number(row, 1)?,
                digest: digest(row, 2)?,
                previous: maybe_digest(row, 3)?,
                made: Made { created_at: time(row, 4)?, run: None },
            };
            Ok((held, row.get::<_, i64>(5)?))
        })?;
        let with_run = |(mut held, row): (Held, i64)| {
            if !held.is_linked_to(sequence) {
                held.made.run = self.recorded(row)?.map(|(_, report)| (report.boot_id, report.uptime_s));
            }
            Ok(held)
        };
        rows.into_iter().map(with_run).collect()
    }

    /// The oldest holes of a system's branches, at most 200.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn holes(&self, system: i64) -> Result<Vec<Hole>, StoreError> {
        // The limit is a literal: SQLite plans anew for each value bound to a LIMIT, and this runs for every report.
        const SQL: &str = "-- holes
            SELECT h.branch, h.first, h.last, h.seen_at FROM branches b JOIN holes h ON h.branch = b.id
            WHERE b.system = ?1 ORDER BY h.seen_at LIMIT 200";
        self.all(SQL, params![system], hole)
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

    /// Takes the hole away that begins at `first`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_hole(&self, branch: i64, first: u64) -> Result<(), StoreError> {
        const SQL: &str = "-- remove_hole
            DELETE FROM holes WHERE branch = ?1 AND first = ?2";
        self.run(SQL, params![branch, int(first)]).map(drop)
    }
}
