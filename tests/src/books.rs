//! The receiver's database, read from outside while it is in use: for what no command lists, and for waiting without starting a
//! program each time.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use rusqlite::{Connection, OpenFlags};

use crate::programs::{PATIENCE, wait_for};

/// The database, read only.
#[derive(Debug)]
pub struct Books(Connection);

impl Books {
    /// The books of the vendor in this directory.
    ///
    /// # Errors
    /// There is no database.
    pub fn open(vendor: &Path) -> anyhow::Result<Self> {
        let path = vendor.join("state/receiver.db");
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        Ok(Self(connection))
    }

    /// The number in the first row; 0 where there is none.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn number(&self, sql: &str) -> anyhow::Result<i64> {
        let mut statement = self.0.prepare(sql)?;
        let mut rows = statement.query([])?;
        Ok(match rows.next()? {
            Some(row) => row.get::<_, Option<i64>>(0)?.unwrap_or_default(),
            None => 0,
        })
    }

    /// One column of text.
    ///
    /// # Errors
    /// What SQLite said.
    pub fn column(&self, sql: &str) -> anyhow::Result<Vec<String>> {
        let mut statement = self.0.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect::<Result<_, _>>().context("one column of text")
    }

    /// Waits until the number is not 0: write a comparison.
    ///
    /// # Errors
    /// It stayed 0.
    pub fn until(&self, what: &str, sql: &str) -> anyhow::Result<()> {
        wait_for(what, PATIENCE, || Ok((self.number(sql)? != 0).then_some(())))
    }
}
