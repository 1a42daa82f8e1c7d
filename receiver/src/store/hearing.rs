//! Up to when every mail was heard, and whether our clock can be believed meanwhile.
//!
//! A folder is drained when every mail below the UIDNEXT that a server answered is recorded; a mailbox is heard as far as its least
//! drained folder. Servers are believed in their UIDNEXT and their INTERNALDATEs; how, is decided by the pure types of `evaluate`.
//! Where nothing can be concluded yet, nothing changes, and nobody is judged silent.

use jiff::{SignedDuration, Timestamp};
use rusqlite::params;

use super::sqlite::{StoreError, Tx, maybe_time, time, us};
use crate::evaluate::liveness::Hearing;
use crate::evaluate::promptness::Promptness;

impl Tx<'_> {
    /// Notes that a command sent at `asked_at` was answered with this UIDNEXT. An answer still to be reached stands, so that a
    /// steady flow of mail cannot put off being drained for ever.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn note_uidnext(&self, folder: i64, uidnext: u32, asked_at: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "-- note_uidnext
            UPDATE folders SET asked_at = ?3, asked_uidnext = ?2 WHERE id = ?1 AND asked_at IS NULL";
        self.run(SQL, params![folder, uidnext, us(asked_at)]).map(drop)
    }

    /// Learns from how long new mails of a folder seem to have waited whether our clock is ahead. `usual` is the time between two
    /// rounds when all is well.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn note_waits(
        &self,
        folder: i64,
        waits: &[SignedDuration],
        usual: SignedDuration,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const READ: &str = "-- note_waits
            SELECT m.id, m.promptness, f.drained_at FROM folders f JOIN mailboxes m ON m.id = f.mailbox WHERE f.id = ?1";
        let found = self.one(READ, params![folder], |row| {
            // What is remembered of a clock is worth nothing where it cannot be read.
            let known: Promptness = serde_json::from_str(row.get_ref(1)?.as_str()?).unwrap_or_default();
            Ok((row.get::<_, i64>(0)?, known, maybe_time(row, 2)?))
        })?;
        let Some((mailbox, known, drained_at)) = found else { return Ok(()) };
        let is = known.clone().after(drained_at.map(|at| now.duration_since(at)), waits, usual);
        if is == known { Ok(()) } else { self.put_promptness(mailbox, &is, usual) }
    }

    fn put_promptness(&self, mailbox: i64, is: &Promptness, usual: SignedDuration) -> Result<(), StoreError> {
        const SQL: &str = "-- put_promptness
            UPDATE mailboxes SET promptness = ?2, ahead = ?3 WHERE id = ?1";
        let ahead = i64::try_from(is.ahead(usual).as_micros()).unwrap_or(i64::MAX);
        self.run(SQL, params![mailbox, serde_json::to_string(is).unwrap_or_default(), ahead]).map(drop)
    }

    /// Draws the conclusion where the cursor has reached what was asked for: the folder is drained, and the mailbox as far as its
    /// least drained folder. `usual` is the time between two rounds when all is well. Returns the mailbox's hearing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn conclude_drained(
        &self,
        folder: i64,
        usual: SignedDuration,
    ) -> Result<Option<Hearing>, StoreError> {
        const FOLDER: &str = "-- conclude_drained
            UPDATE folders SET drained_at = asked_at, asked_at = NULL
            WHERE id = ?1 AND asked_at IS NOT NULL AND asked_uidnext <= last_uid + 1 RETURNING mailbox";
        const LEAST: &str = "-- conclude_drained
            SELECT min(drained_at) FROM folders WHERE mailbox = ?1 AND active
            HAVING count(*) = count(drained_at)";
        const WRITE: &str = "-- conclude_drained
            UPDATE mailboxes SET drained_at = ?2, judge_from = ?3 WHERE id = ?1";
        let Some(id) = self.one(FOLDER, params![folder], |row| row.get::<_, i64>(0))? else {
            return Ok(None);
        };
        let Some(least) = self.one(LEAST, params![id], |row| time(row, 0))? else { return Ok(None) };
        let before = self.mailbox(id)?.and_then(|mailbox| mailbox.hearing);
        let hearing = match before {
            Some(before) if before.drained_at == least => before,
            Some(before) => before.drained(least, usual),
            None => Hearing::first(least, self.newest_received(id)?, usual),
        };
        self.run(WRITE, params![id, us(hearing.drained_at), us(hearing.judge_from)])?;
        if before.is_some_and(|before| before.judge_from < hearing.judge_from) {
            // We were deaf, or our clock was set: what was known of it is worth nothing.
            self.put_promptness(id, &Promptness::default(), usual)?;
        }
        Ok(Some(hearing))
    }

    /// When the newest recorded report of a mailbox was received.
    fn newest_received(&self, mailbox: i64) -> Result<Option<Timestamp>, StoreError> {
        const SQL: &str = "-- newest_received
            SELECT max(received_at) FROM reports WHERE mailbox = ?1";
        self.only(SQL, params![mailbox], |row| maybe_time(row, 0))
    }
}
