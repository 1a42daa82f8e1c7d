//! Fetch windows: which mails are being read, and how often that was tried (R1).
//!
//! A window is counted before its mails are parsed and disappears with the commit that records them; what is left over after a
//! start was an unclean end, for which its mails may be to blame, as they may for an answer of the server that could not be read.
//! A connection that broke and a refusal are not counted against mails.

use jiff::Timestamp;
use rusqlite::params;

use super::sqlite::{StoreError, Tx, us};
use crate::intake::window::Window;

impl Tx<'_> {
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
}
