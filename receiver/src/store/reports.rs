//! The reports themselves: the event log from which all else can be derived again.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::id::{Digest, ReportId};
use mailbeat_shared::wire::report::{Kind, Report};
use rusqlite::{Row, params};

use super::content::PackedReport;
use super::sqlite::{StoreError, Tx, digest, int, number, time, us};

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

macro_rules! report_columns {
    () => {
        "id, report_id, branch, sequence, digest, kind, created_at, received_at, life_at, content IS NOT NULL"
    };
}

fn report_row(row: &Row<'_>) -> rusqlite::Result<ReportRow> {
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
    /// The digest of the system's report with this id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn report_digest(&self, system: i64, id: ReportId) -> Result<Option<Digest>, StoreError> {
        const SQL: &str = "-- report_digest
            SELECT digest FROM reports WHERE system = ?1 AND report_id = ?2";
        self.one(SQL, params![system, id.as_bytes()], |row| digest(row, 0))
    }

    /// How many reports of a system came after `since` and up to `until`, and how many of these were made in the hour up to `made_at`, by
    /// the host's clock.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn received_between(
        &self,
        system: i64,
        since: Timestamp,
        until: Timestamp,
        made_at: Timestamp,
    ) -> Result<(u32, u32), StoreError> {
        const SQL: &str = "-- received_between
            SELECT count(*), count(*) FILTER (WHERE created_at > ?4 AND created_at <= ?5)
            FROM reports WHERE system = ?1 AND received_at > ?2 AND received_at <= ?3";
        let hour_before = made_at.saturating_sub(SignedDuration::from_hours(1)).unwrap_or(Timestamp::MIN);
        let params = params![system, us(since), us(until), us(hour_before), us(made_at)];
        self.only(SQL, params, |row| Ok((row.get(0)?, row.get(1)?)))
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
        self.insert_new(
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

    /// A report recorded before, with its digest, while its content is kept; its bytes were verified then.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn recorded(&self, row: i64) -> Result<Option<(Digest, Report)>, StoreError> {
        let Some(packed) = self.report_content(row)? else { return Ok(None) };
        let (bytes, _) = packed.unpack()?;
        let report = Report::decode(&bytes)
            .map_err(|error| StoreError::Corrupt { what: "a recorded report", detail: error.to_string() })?;
        Ok(Some((Digest::of(&bytes), report)))
    }

    /// The row of a system's system report with this digest, while its content is kept.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn system_report_row(&self, system: i64, digest: Digest) -> Result<Option<i64>, StoreError> {
        const SQL: &str = "-- system_report_row
            SELECT id FROM reports WHERE system = ?1 AND kind = 'system' AND digest = ?2 AND content IS NOT NULL LIMIT 1";
        self.one(SQL, params![system, digest.as_bytes()], |row| row.get(0))
    }

    /// A system's reports, newest first, below the row `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn reports(&self, system: i64, before: i64, limit: u32) -> Result<Vec<ReportRow>, StoreError> {
        const SQL: &str = concat!(
            "-- reports
            SELECT ",
            report_columns!(),
            " FROM reports WHERE system = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
        );
        self.all(SQL, params![system, before, limit], report_row)
    }

    /// A system's newest reports of one kind, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn reports_of_kind(&self, system: i64, kind: &str, limit: u32) -> Result<Vec<ReportRow>, StoreError> {
        const SQL: &str = concat!(
            "-- reports_of_kind
            SELECT ",
            report_columns!(),
            " FROM reports WHERE system = ?1 AND kind = ?2 ORDER BY id DESC LIMIT ?3"
        );
        self.all(SQL, params![system, kind, limit], report_row)
    }

    /// Rows of the mailboxes a system's last reports came through, as far as they are still read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn mailboxes_of(&self, system: i64) -> Result<Vec<i64>, StoreError> {
        const SQL: &str = "-- mailboxes_of
            SELECT DISTINCT mailbox FROM
                (SELECT mailbox FROM reports WHERE system = ?1 ORDER BY received_at DESC LIMIT 5)
            JOIN mailboxes m ON m.id = mailbox WHERE m.active";
        self.all(SQL, params![system], |row| row.get(0))
    }
}
