//! How much may wait in quarantine, by count and bytes: everything that changes the totals. The least proven and oldest make room;
//! what makes room is counted, and the mail itself stays in the mailbox's Quarantine folder.
//!
//! Anybody can send mail, so whoever floods the quarantine pushes out strangers' mail before that of systems that proved a key.

use jiff::Timestamp;
use mailbeat_shared::wire::id::SystemId;
use rusqlite::params;

use super::super::sqlite::{StoreError, Tx, int, us};
use super::{NewQuarantined, QuarantineState};

/// Most rows that wait.
pub(in super::super) const WAITING: i64 = 20_000;
/// Most bytes they hold.
const BYTES: i64 = 256 * 1024 * 1024;

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
            UPDATE quarantine SET seen = seen + 1, reason = ?2, detail = ?3, proven = ?4 WHERE digest = ?1";
        let (form, report_bytes, content) = new.kept.columns();
        let claimed = new.claimed;
        let added = self.insert_new(
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
            let digest = new.digest.as_bytes();
            self.run(SEEN, params![digest, new.reason.as_str(), new.detail, new.proven])?;
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
        self.only(SQL, params![waiting, bytes], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Ends the waiting of what was taken after all; the row stays as a record, the content goes. `false`: nothing waits there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn release_quarantined(&self, id: i64, detail: &str) -> Result<bool, StoreError> {
        self.end_quarantine(id, QuarantineState::Released, detail)
    }

    /// Ends the waiting of what is of no use, likewise.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn discard_quarantined(&self, id: i64, detail: &str) -> Result<bool, StoreError> {
        self.end_quarantine(id, QuarantineState::Discarded, detail)
    }

    fn end_quarantine(&self, id: i64, end: QuarantineState, detail: &str) -> Result<bool, StoreError> {
        const LENGTH: &str = "-- end_quarantine
            SELECT coalesce(length(content), 0) FROM quarantine WHERE id = ?1 AND state = 'waiting'";
        const SQL: &str = "-- end_quarantine
            UPDATE quarantine SET state = ?2, detail = ?3, content = NULL, form = 'none' WHERE id = ?1";
        let Some(length) = self.one(LENGTH, params![id], |row| row.get::<_, i64>(0))? else {
            return Ok(false);
        };
        self.run(SQL, params![id, end.as_str(), detail])?;
        self.add_to_total(-1, -length)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use mailbeat_shared::wire::id::Digest;

    use super::*;
    use crate::intake::verdict::QuarantineReason;
    use crate::store::{Claimed, Kept, PackedReport, Place, Store};

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
            assert_eq!(tx.quarantine_count()?, 1);
            tx.quarantine_waiting(0, 9)
        });
        let left = left.unwrap();
        assert_eq!(left.iter().map(|row| row.detail.as_str()).collect::<Vec<_>>(), ["ddddd"]);
        let discarded = store.write(|tx| tx.discard_quarantined(left[0].id, "spam")).unwrap();
        assert!(discarded);
        assert_eq!(store.write(|tx| tx.add_to_total(0, 0)).unwrap(), (0, 0));
    }

    #[test]
    fn a_list_begins_with_what_came_last_and_holds_no_mail() {
        let mut store = Store::in_memory().unwrap();
        let newest = store.write(|tx| {
            for name in ["aaaaa", "bbbbb", "ccccc"] {
                add(tx, name, true)?;
            }
            Ok::<_, StoreError>((tx.quarantine_count()?, tx.quarantine_newest(2)?))
        });
        let (count, newest) = newest.unwrap();
        let told: Vec<(&str, &Kept)> = newest.iter().map(|row| (row.detail.as_str(), &row.kept)).collect();
        assert_eq!((count, told), (3, vec![("ccccc", &Kept::Nothing), ("bbbbb", &Kept::Nothing)]));
    }

    #[test]
    fn the_same_mail_again_is_judged_by_what_is_known_then() {
        let mut store = Store::in_memory().unwrap();
        let again = store.write(|tx| {
            add(tx, "aaaaa", false)?;
            add(tx, "aaaaa", true)?;
            tx.quarantine_waiting(0, 9)
        });
        let again = again.unwrap();
        assert_eq!((again.len(), again[0].seen, again[0].proof_fits()), (1, 2, Some(true)));
    }
}
