//! Where reading stands: cursors, fetch windows, and up to when every mail was heard.
//!
//! A cursor says: every mail at or below `last_uid` is recorded. It moves inside the transaction that records (R2). A fetch window
//! is counted before its mails are parsed (R1) and disappears with the commit that records them; what is left over after
//! a start was an unclean end.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Row, params};

use super::sqlite::{StoreError, Tx, maybe_time, time, us};
use crate::evaluate::liveness::Hearing;
use crate::evaluate::promptness::Promptness;
use crate::intake::window::Window;

/// A folder that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// Row.
    pub id: i64,
    /// Row of its mailbox.
    pub mailbox: i64,
    /// Its name on the server.
    pub name: String,
    /// Which numbering of UIDs the cursor is in; 0 before the first.
    pub uidvalidity: u32,
    /// Every mail at or below is recorded.
    pub last_uid: u32,
    /// Every mail that had come by then is recorded.
    pub drained_at: Option<Timestamp>,
}

/// A mailbox and how far it was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxRow {
    /// Row.
    pub id: i64,
    /// Its name in the configuration.
    pub name: String,
    /// How far it was heard, if ever.
    pub hearing: Option<Hearing>,
    /// Since when it cannot be read, and what was said.
    pub unreachable: Option<(Timestamp, String)>,
    /// How far our clock is ahead of the mail server's, as far as mails tell.
    pub ahead: SignedDuration,
}

fn folder(row: &Row<'_>) -> rusqlite::Result<Folder> {
    Ok(Folder {
        id: row.get(0)?,
        mailbox: row.get(1)?,
        name: row.get(2)?,
        uidvalidity: row.get(3)?,
        last_uid: row.get(4)?,
        drained_at: maybe_time(row, 5)?,
    })
}

fn mailbox(row: &Row<'_>) -> rusqlite::Result<MailboxRow> {
    let hearing = match (maybe_time(row, 2)?, maybe_time(row, 3)?) {
        (Some(drained_at), Some(judge_from)) => Some(Hearing { drained_at, judge_from }),
        _ => None,
    };
    let unreachable =
        maybe_time(row, 4)?.map(|since| Ok::<_, rusqlite::Error>((since, row.get(5)?))).transpose()?;
    let ahead = SignedDuration::from_micros(row.get(6)?);
    Ok(MailboxRow { id: row.get(0)?, name: row.get(1)?, hearing, unreachable, ahead })
}

impl Tx<'_> {
    /// The mailbox with this name and exactly these folders; others it had are no longer waited for.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_mailbox(&self, name: &str, folders: &[&str]) -> Result<Vec<Folder>, StoreError> {
        const MAILBOX: &str = "-- put_mailbox
            INSERT INTO mailboxes (name) VALUES (?1) ON CONFLICT (name) DO UPDATE SET name = ?1 RETURNING id";
        const RETIRE: &str = "-- put_mailbox
            UPDATE folders SET active = 0 WHERE mailbox = ?1";
        const FOLDER: &str = "-- put_mailbox
            INSERT INTO folders (mailbox, name) VALUES (?1, ?2) ON CONFLICT (mailbox, name) DO UPDATE SET active = 1
            RETURNING id, mailbox, name, uidvalidity, last_uid, drained_at";
        let id: Option<i64> = self.one(MAILBOX, params![name], |row| row.get(0))?;
        let id = id.unwrap_or_default();
        self.run(RETIRE, params![id])?;
        let rows = folders.iter().map(|name| self.one(FOLDER, params![id, name], folder));
        rows.filter_map(Result::transpose).collect()
    }

    /// All mailboxes ever read, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn mailboxes(&self) -> Result<Vec<MailboxRow>, StoreError> {
        const SQL: &str = "-- mailboxes
            SELECT id, name, drained_at, judge_from, unreachable_since, unreachable_why, ahead FROM mailboxes ORDER BY name";
        self.all(SQL, [], mailbox)
    }

    /// One mailbox.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn mailbox(&self, id: i64) -> Result<Option<MailboxRow>, StoreError> {
        const SQL: &str = "-- mailbox
            SELECT id, name, drained_at, judge_from, unreachable_since, unreachable_why, ahead FROM mailboxes WHERE id = ?1";
        self.one(SQL, params![id], mailbox)
    }

    /// Notes that a mailbox cannot be read (the first time stands), or can again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_reachable(&self, mailbox: i64, trouble: Option<(Timestamp, &str)>) -> Result<(), StoreError> {
        const SQL: &str = "-- set_reachable
            UPDATE mailboxes SET unreachable_why = ?3,
                unreachable_since = CASE WHEN ?2 IS NULL THEN NULL ELSE coalesce(unreachable_since, ?2) END
            WHERE id = ?1";
        let (since, why) = trouble.map_or((None, ""), |(at, why)| (Some(us(at)), why));
        self.run(SQL, params![mailbox, since, why]).map(drop)
    }

    /// One folder.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn folder(&self, id: i64) -> Result<Option<Folder>, StoreError> {
        const SQL: &str = "-- folder
            SELECT id, mailbox, name, uidvalidity, last_uid, drained_at FROM folders WHERE id = ?1";
        self.one(SQL, params![id], folder)
    }

    /// Selects a numbering of UIDs. A new one starts from 1: everything is read again, and duplicates are harmless.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn select_uidvalidity(&self, folder: i64, uidvalidity: u32) -> Result<(), StoreError> {
        const SQL: &str = "-- select_uidvalidity
            UPDATE folders SET uidvalidity = ?2, last_uid = 0, asked_at = NULL, asked_uidnext = 0
            WHERE id = ?1 AND uidvalidity <> ?2";
        const FORGET: &str = "-- select_uidvalidity
            DELETE FROM fetch_windows WHERE folder = ?1";
        if self.run(SQL, params![folder, uidvalidity])? > 0 {
            self.run(FORGET, params![folder])?;
        }
        Ok(())
    }

    /// Moves the cursor forward and forgets the windows below it; never backwards.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn advance_cursor(&self, folder: i64, uidvalidity: u32, covers: u32) -> Result<(), StoreError> {
        const SQL: &str = "-- advance_cursor
            UPDATE folders SET last_uid = max(last_uid, ?3) WHERE id = ?1 AND uidvalidity = ?2";
        const FORGET: &str = "-- advance_cursor
            DELETE FROM fetch_windows WHERE folder = ?1 AND last_uid <= ?2";
        if self.run(SQL, params![folder, uidvalidity, covers])? > 0 {
            self.run(FORGET, params![folder, covers])?;
        }
        Ok(())
    }

    /// Counts the attempt to read UIDs `first..=last`, before anything of them is parsed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn begin_window(&self, folder: i64, window: &Window, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "-- begin_window
            INSERT INTO fetch_windows (folder, first_uid, last_uid, attempts, begun_at) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (folder, first_uid, last_uid) DO UPDATE SET attempts = ?4, begun_at = ?5";
        self.run(SQL, params![folder, window.first, window.last, window.attempts, us(now)]).map(drop)
    }

    /// Takes an attempt back: the connection broke, the mails are not to blame.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn abandon_window(&self, folder: i64, window: &Window) -> Result<(), StoreError> {
        const FORGET: &str = "-- abandon_window
            DELETE FROM fetch_windows WHERE folder = ?1 AND first_uid = ?2 AND last_uid = ?3 AND attempts <= 1";
        const TAKE_BACK: &str = "-- abandon_window
            UPDATE fetch_windows SET attempts = attempts - 1 WHERE folder = ?1 AND first_uid = ?2 AND last_uid = ?3";
        if self.run(FORGET, params![folder, window.first, window.last])? == 0 {
            self.run(TAKE_BACK, params![folder, window.first, window.last])?;
        }
        Ok(())
    }

    /// Windows begun and not recorded: after a start, what an unclean end left.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_windows(&self, folder: i64) -> Result<Vec<Window>, StoreError> {
        const SQL: &str = "-- open_windows
            SELECT first_uid, last_uid, attempts FROM fetch_windows WHERE folder = ?1 ORDER BY first_uid";
        self.all(SQL, params![folder], |row| {
            Ok(Window { first: row.get(0)?, last: row.get(1)?, attempts: row.get(2)? })
        })
    }

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
        const WRITE: &str = "-- note_waits
            UPDATE mailboxes SET promptness = ?2, ahead = ?3 WHERE id = ?1";
        let found = self.one(READ, params![folder], |row| {
            // What is remembered of a clock is worth nothing where it cannot be read.
            let known: Promptness = serde_json::from_str(row.get_ref(1)?.as_str()?).unwrap_or_default();
            Ok((row.get::<_, i64>(0)?, known, maybe_time(row, 2)?))
        })?;
        let Some((mailbox, known, drained_at)) = found else { return Ok(()) };
        let is = known.clone().after(drained_at.map(|at| now.duration_since(at)), waits, usual);
        if is == known {
            return Ok(());
        }
        let ahead = i64::try_from(is.ahead(usual).as_micros()).unwrap_or(i64::MAX);
        self.run(WRITE, params![mailbox, serde_json::to_string(&is).unwrap_or_default(), ahead]).map(drop)
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
        const NEWEST: &str = "-- conclude_drained
            SELECT max(received_at) FROM reports WHERE mailbox = ?1";
        // We were deaf, or our clock was set: what was known of it is worth nothing.
        const DOUBT: &str = "-- conclude_drained
            UPDATE mailboxes SET promptness = '{\"waits_us\":[]}', ahead = 0 WHERE id = ?1";
        let Some(id) = self.one(FOLDER, params![folder], |row| row.get::<_, i64>(0))? else {
            return Ok(None);
        };
        let Some(least) = self.one(LEAST, params![id], |row| time(row, 0))? else { return Ok(None) };
        let before = self.mailbox(id)?.and_then(|mailbox| mailbox.hearing);
        let hearing = match before {
            Some(before) if before.drained_at == least => before,
            Some(before) => before.drained(least, usual),
            None => Hearing::first(
                least,
                self.one(NEWEST, params![id], |row| maybe_time(row, 0))?.flatten(),
                usual,
            ),
        };
        self.run(WRITE, params![id, us(hearing.drained_at), us(hearing.judge_from)])?;
        if before.is_some_and(|before| before.judge_from < hearing.judge_from) {
            self.run(DOUBT, params![id])?;
        }
        Ok(Some(hearing))
    }

    /// The UIDs of a Maildir's files, given to those that are new in the order they are named.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn number_files(&self, folder: i64, names: &[&str]) -> Result<Vec<u32>, StoreError> {
        const INSERT: &str = "-- number_files
            INSERT INTO maildir_files (folder, name, uid)
            VALUES (?1, ?2, (SELECT 1 + coalesce(max(uid), 0) FROM maildir_files WHERE folder = ?1))
            ON CONFLICT (folder, name) DO NOTHING";
        const SELECT: &str = "-- number_files
            SELECT uid FROM maildir_files WHERE folder = ?1 AND name = ?2";
        names
            .iter()
            .map(|name| {
                self.run(INSERT, params![folder, name])?;
                Ok(self.one(SELECT, params![folder, name], |row| row.get(0))?.unwrap_or_default())
            })
            .collect()
    }
}
