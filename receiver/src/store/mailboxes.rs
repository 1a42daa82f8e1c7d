//! The mailboxes with their folders, and where reading stands in each.
//!
//! A cursor says: every mail at or below `last_uid` is recorded. It moves inside the transaction that records (R2), forward only.
//! A server's numbers hold under its UIDVALIDITY: under another one all is read again, which is harmless.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Row, params};

use super::sqlite::{StoreError, Tx, maybe_time, us};
use crate::evaluate::liveness::Hearing;

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
    /// It is configured; of one that is read no more nothing is expected.
    pub active: bool,
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
    Ok(MailboxRow { id: row.get(0)?, name: row.get(1)?, hearing, unreachable, ahead, active: row.get(7)? })
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
        let id: i64 = self.only(MAILBOX, params![name], |row| row.get(0))?;
        self.run(RETIRE, params![id])?;
        folders.iter().map(|name| self.only(FOLDER, params![id, name], folder)).collect()
    }

    /// All mailboxes ever read, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn mailboxes(&self) -> Result<Vec<MailboxRow>, StoreError> {
        const SQL: &str = "-- mailboxes
            SELECT id, name, drained_at, judge_from, unreachable_since, unreachable_why, ahead, active
            FROM mailboxes ORDER BY name";
        self.all(SQL, [], mailbox)
    }

    /// From now on these are the mailboxes that are read. Of others nothing more is expected: neither that they are heard, nor that
    /// they have room; their trouble is over.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn read_only_these(&self, names: &[String]) -> Result<(), StoreError> {
        const SQL: &str = "-- read_only_these
            UPDATE mailboxes SET active = ?2 WHERE id = ?1";
        for mailbox in self.mailboxes()? {
            let active = names.contains(&mailbox.name);
            self.run(SQL, params![mailbox.id, active])?;
            if !active {
                self.put_fills(mailbox.id, &[])?;
                self.set_reachable(mailbox.id, None)?;
            }
        }
        Ok(())
    }

    /// One mailbox.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn mailbox(&self, id: i64) -> Result<Option<MailboxRow>, StoreError> {
        const SQL: &str = "-- mailbox
            SELECT id, name, drained_at, judge_from, unreachable_since, unreachable_why, ahead, active
            FROM mailboxes WHERE id = ?1";
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
}
