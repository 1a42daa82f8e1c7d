//! What waits for somebody to look, bounded by count and bytes: the least proven and oldest make room. What makes room is
//! counted, and the mail itself stays in the mailbox's Quarantine folder.

use jiff::Timestamp;
use mailbeat_shared::wire::id::{Digest, SystemId};
use rusqlite::{Row, params};

use super::content::PackedReport;
use super::sqlite::{StoreError, Tx, digest, int, number, time, us, word};
use crate::intake::verdict::QuarantineReason;

/// Most rows that wait.
pub(super) const WAITING: i64 = 20_000;
/// Most bytes they hold.
const BYTES: i64 = 256 * 1024 * 1024;

/// In which form a quarantined mail is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Report and signature.
    Report(PackedReport),
    /// The raw mail, compressed, with its size before.
    Mail(PackedReport),
    /// Nothing: too large, or never parsed.
    Nothing,
}

impl Kept {
    fn columns(&self) -> (&'static str, u32, Option<&[u8]>) {
        match self {
            Self::Report(packed) => ("report", packed.report_bytes, Some(&packed.content)),
            Self::Mail(packed) => ("mail", packed.report_bytes, Some(&packed.content)),
            Self::Nothing => ("none", 0, None),
        }
    }
}

/// What a report says of itself before anybody believes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claimed {
    /// The key inside the signature.
    pub signer: Option<[u8; 32]>,
    /// The system.
    pub system: Option<SystemId>,
    /// The contract's number.
    pub contract: String,
    /// The host's name.
    pub host: String,
    /// The sequence.
    pub sequence: u64,
}

/// Where a mail was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Row of the mailbox.
    pub mailbox: Option<i64>,
    /// Row of the folder.
    pub folder: Option<i64>,
    /// The numbering of UIDs.
    pub uidvalidity: u32,
    /// The mail.
    pub uid: u32,
}

/// A mail to quarantine.
#[derive(Clone, Debug)]
pub struct NewQuarantined<'a> {
    /// Why.
    pub reason: QuarantineReason,
    /// Why, in words.
    pub detail: &'a str,
    /// Signed by a known key or with a contract's secret.
    pub proven: bool,
    /// When it came.
    pub received_at: Timestamp,
    /// Where it was read.
    pub place: Place,
    /// Of the report, else of the raw mail, else of its place: the same is kept once.
    pub digest: Digest,
    /// What it says of itself.
    pub claimed: &'a Claimed,
    /// Its content.
    pub kept: &'a Kept,
}

/// A mail in quarantine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Row.
    pub id: i64,
    /// Why.
    pub reason: QuarantineReason,
    /// Why, in words.
    pub detail: String,
    /// `waiting`, `released` or `discarded`.
    pub state: String,
    /// When it came, as its mailbox says.
    pub received_at: Timestamp,
    /// When it was set aside, by our clock.
    pub added_at: Timestamp,
    /// How often the same came.
    pub seen: u32,
    /// Where it was read.
    pub place: Place,
    /// Its digest.
    pub digest: Digest,
    /// What it says of itself.
    pub claimed: Claimed,
    /// Its content.
    pub kept: Kept,
}

macro_rules! quarantine_columns {
    () => {
        "id, reason, detail, state, received_at, seen, mailbox, uidvalidity, uid, digest, signer, system_id, contract, host,
            sequence, form, report_bytes, content, added_at"
    };
}

fn quarantined(row: &Row<'_>) -> rusqlite::Result<Quarantined> {
    let packed = |content: Vec<u8>| -> rusqlite::Result<PackedReport> {
        Ok(PackedReport { report_bytes: row.get(16)?, content })
    };
    let kept = match (row.get_ref(15)?.as_str()?, row.get::<_, Option<Vec<u8>>>(17)?) {
        ("report", Some(content)) => Kept::Report(packed(content)?),
        ("mail", Some(content)) => Kept::Mail(packed(content)?),
        _ => Kept::Nothing,
    };
    Ok(Quarantined {
        id: row.get(0)?,
        reason: word(row, 1)?,
        detail: row.get(2)?,
        state: row.get(3)?,
        received_at: time(row, 4)?,
        added_at: time(row, 18)?,
        seen: row.get(5)?,
        place: Place { mailbox: row.get(6)?, folder: None, uidvalidity: row.get(7)?, uid: row.get(8)? },
        digest: digest(row, 9)?,
        claimed: Claimed {
            signer: row.get(10)?,
            system: row.get::<_, Option<[u8; 16]>>(11)?.map(SystemId::from_bytes),
            contract: row.get(12)?,
            host: row.get(13)?,
            sequence: number(row, 14)?,
        },
        kept,
    })
}

impl Tx<'_> {
    /// Puts a mail aside; the same mail again is only counted. Says how many others had to make room.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_quarantined(&self, new: &NewQuarantined<'_>, now: Timestamp) -> Result<u32, StoreError> {
        const INSERT: &str = "-- put_quarantined
            INSERT INTO quarantine (reason, detail, state, proven, received_at, added_at, mailbox, uidvalidity, uid, digest,
                signer, system_id, contract, host, sequence, form, report_bytes, content)
            VALUES (?1, ?2, 'waiting', ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
            ON CONFLICT (digest) DO NOTHING";
        const SEEN: &str = "-- put_quarantined
            UPDATE quarantine SET seen = seen + 1, reason = ?2, detail = ?3 WHERE digest = ?1";
        let (form, report_bytes, content) = new.kept.columns();
        let claimed = new.claimed;
        let added = self.insert(
            INSERT,
            params![
                new.reason.as_str(),
                new.detail,
                new.proven,
                us(new.received_at),
                us(now),
                new.place.mailbox,
                new.place.uidvalidity,
                new.place.uid,
                new.digest.as_bytes(),
                claimed.signer,
                claimed.system.as_ref().map(SystemId::as_bytes),
                claimed.contract,
                claimed.host,
                int(claimed.sequence),
                form,
                report_bytes,
                content
            ],
        )?;
        if added.is_none() {
            self.run(SEEN, params![new.digest.as_bytes(), new.reason.as_str(), new.detail])?;
            return Ok(0);
        }
        self.make_room(1, content.map_or(0, <[u8]>::len), (WAITING, BYTES))
    }

    /// Adds to the totals and discards until at most so many rows and bytes wait.
    fn make_room(&self, waiting: i64, bytes: usize, most: (i64, i64)) -> Result<u32, StoreError> {
        const EXPEND: &str = "-- make_room
            DELETE FROM quarantine
            WHERE id = (SELECT id FROM quarantine WHERE state = 'waiting' ORDER BY proven, id LIMIT 1)
            RETURNING coalesce(length(content), 0)";
        let (mut count, mut held) = self.add_to_total(waiting, i64::try_from(bytes).unwrap_or(i64::MAX))?;
        let mut discarded = 0;
        while count > most.0 || held > most.1 {
            let Some(length) = self.one(EXPEND, [], |row| row.get::<_, i64>(0))? else { break };
            (count, held) = self.add_to_total(-1, -length)?;
            discarded += 1;
        }
        Ok(discarded)
    }

    fn add_to_total(&self, waiting: i64, bytes: i64) -> Result<(i64, i64), StoreError> {
        const SQL: &str = "-- add_to_total
            UPDATE quarantine_total SET waiting = waiting + ?1, bytes = bytes + ?2 WHERE id = 1 RETURNING waiting, bytes";
        Ok(self.one(SQL, params![waiting, bytes], |row| Ok((row.get(0)?, row.get(1)?)))?.unwrap_or_default())
    }

    /// One mail in quarantine.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn quarantined(&self, id: i64) -> Result<Option<Quarantined>, StoreError> {
        const SQL: &str = concat!(
            "-- quarantined
            SELECT ",
            quarantine_columns!(),
            " FROM quarantine WHERE id = ?1"
        );
        self.one(SQL, params![id], quarantined)
    }

    /// What waits, after the row `after`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn quarantine_waiting(&self, after: i64, limit: u32) -> Result<Vec<Quarantined>, StoreError> {
        const SQL: &str = concat!(
            "-- quarantine_waiting
            SELECT ",
            quarantine_columns!(),
            " FROM quarantine WHERE state = 'waiting' AND id > ?1 ORDER BY id LIMIT ?2"
        );
        self.all(SQL, params![after, limit], quarantined)
    }

    /// What waits for a key to be admitted, in the order it was made.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn waiting_of_signer(&self, signer: &[u8; 32], limit: u32) -> Result<Vec<Quarantined>, StoreError> {
        const SQL: &str = concat!(
            "-- waiting_of_signer
            SELECT ",
            quarantine_columns!(),
            " FROM quarantine WHERE signer = ?1 AND state = 'waiting'
            AND reason IN ('not_enrolled', 'unknown_contract') ORDER BY sequence, id LIMIT ?2"
        );
        self.all(SQL, params![signer, limit], quarantined)
    }

    /// Ends the waiting; the row stays as a record, the content goes.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn end_quarantine(&self, id: i64, released: bool, detail: &str) -> Result<bool, StoreError> {
        const LENGTH: &str = "-- end_quarantine
            SELECT coalesce(length(content), 0) FROM quarantine WHERE id = ?1 AND state = 'waiting'";
        const SQL: &str = "-- end_quarantine
            UPDATE quarantine SET state = ?2, detail = ?3, content = NULL, form = 'none' WHERE id = ?1";
        let Some(length) = self.one(LENGTH, params![id], |row| row.get::<_, i64>(0))? else {
            return Ok(false);
        };
        self.run(SQL, params![id, if released { "released" } else { "discarded" }, detail])?;
        self.add_to_total(-1, -length)?;
        Ok(true)
    }

    /// Another reason, after it was tried again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn still_quarantined(
        &self,
        id: i64,
        reason: QuarantineReason,
        detail: &str,
    ) -> Result<(), StoreError> {
        const SQL: &str = "-- still_quarantined
            UPDATE quarantine SET reason = ?2, detail = ?3 WHERE id = ?1 AND state = 'waiting'";
        self.run(SQL, params![id, reason.as_str(), detail]).map(drop)
    }

    /// How many wait, by mailbox name and reason: what the receiver's own ticket says.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn quarantine_summary(&self) -> Result<Vec<(String, String, u64)>, StoreError> {
        const SQL: &str = "-- quarantine_summary
            SELECT coalesce(m.name, 'import'), q.reason, count(*) FROM quarantine q LEFT JOIN mailboxes m ON m.id = q.mailbox
            WHERE q.state = 'waiting' GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 200";
        self.all(SQL, [], |row| Ok((row.get(0)?, row.get(1)?, number(row, 2)?)))
    }

    /// Counts verdicts of a mailbox on a day.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn count(&self, mailbox: Option<i64>, reason: &str, at: Timestamp, n: u64) -> Result<(), StoreError> {
        const SQL: &str = "-- count
            INSERT INTO counters (mailbox, reason, day, n) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (mailbox, reason, day) DO UPDATE SET n = n + ?4";
        self.run(SQL, params![mailbox.unwrap_or(0), reason, at.as_second().div_euclid(86_400), int(n)])
            .map(drop)
    }

    /// Verdicts since a time, by word.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn counters(&self, since: Timestamp) -> Result<Vec<(String, u64)>, StoreError> {
        const SQL: &str = "-- counters
            SELECT reason, sum(n) FROM counters WHERE day >= ?1 GROUP BY reason ORDER BY reason";
        self.all(SQL, params![since.as_second().div_euclid(86_400)], |row| Ok((row.get(0)?, number(row, 1)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;

    fn add(tx: &Tx<'_>, name: &str, proven: bool) -> Result<u32, StoreError> {
        let content = name.as_bytes().to_vec();
        let new = NewQuarantined {
            reason: QuarantineReason::NotEnrolled,
            detail: name,
            proven,
            received_at: Timestamp::UNIX_EPOCH,
            place: Place::default(),
            digest: Digest::of(name.as_bytes()),
            claimed: &Claimed::default(),
            kept: &Kept::Mail(PackedReport { report_bytes: 5, content }),
        };
        tx.put_quarantined(&new, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_oldest_that_proved_nothing_makes_room_first_whether_rows_or_bytes_are_too_many() {
        let mut store = Store::in_memory().unwrap();
        let left = store.write(|tx| {
            for (name, proven) in [("aaaaa", true), ("bbbbb", false), ("ccccc", false), ("ddddd", true)] {
                add(tx, name, proven)?;
            }
            assert_eq!(add(tx, "aaaaa", true)?, 0, "the same again is only counted");
            assert_eq!(tx.make_room(0, 0, (3, i64::MAX))?, 1);
            assert_eq!(tx.make_room(0, 0, (99, 12))?, 1);
            assert_eq!(tx.make_room(0, 0, (99, 9))?, 1);
            tx.quarantine_waiting(0, 9)
        });
        let left = left.unwrap();
        assert_eq!(left.iter().map(|row| row.detail.as_str()).collect::<Vec<_>>(), ["ddddd"]);
        let ended = store.write(|tx| tx.end_quarantine(left[0].id, false, "spam")).unwrap();
        assert!(ended);
        assert_eq!(store.write(|tx| tx.add_to_total(0, 0)).unwrap(), (0, 0));
    }
}
