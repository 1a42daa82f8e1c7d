//! SQLite: the connection, and how a transaction begins and ends. `tx` has what can be done inside one, `column` how Rust's values
//! become columns, `error` what goes wrong.
//!
//! One writer. WAL with synchronous=FULL: what `write` returned `Ok` for survives a power cut; anything else never
//! happened. Commands write from their own process through the same functions and wait for the lock (busy_timeout).
//! rusqlite's types stay inside `store/`.

mod column;
mod error;
mod tx;

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::migrate;
pub(super) use column::{
    digest, int, maybe_digest, maybe_time, maybe_word, number, system_id, time, us, word,
};
pub use error::StoreError;
pub use tx::Tx;

/// How long to wait for another process's write to end.
const BUSY: Duration = Duration::from_secs(5);
/// Room for every literal statement of this program.
const STATEMENTS: usize = 192;

/// The database and the right to write to it.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
}

impl Store {
    /// Opens or makes the database, after a backup brings it to this program's schema.
    ///
    /// # Errors
    /// [`StoreError`]; a database of a newer program is refused untouched.
    pub fn open(path: &Path, now: Timestamp) -> Result<Self, StoreError> {
        let connection = Connection::open(path).map_err(|error| StoreError::sqlite("-- open", error))?;
        Self::prepare(connection, Some(path), migrate::ALL, now)
    }

    /// A database that lives in memory: for simulations and `rules replay`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn in_memory() -> Result<Self, StoreError> {
        let connection =
            Connection::open_in_memory().map_err(|error| StoreError::sqlite("-- open", error))?;
        Self::prepare(connection, None, migrate::ALL, Timestamp::UNIX_EPOCH)
    }

    pub(super) fn prepare(
        mut connection: Connection,
        path: Option<&Path>,
        migrations: &[&str],
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let failed = |error| StoreError::sqlite("-- open", error);
        connection.busy_timeout(BUSY).map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        migrate::refuse_foreign(&connection, path, migrations)?;
        // A savepoint keeps the pages it changes as they were: in memory, for in a file that is twenty writes a mail.
        // page_size counts only before the first table; both stay with the file. A batch of 500 reports changes about 4 MiB of
        // pages; where they do not fit the cache, they are written several times.
        connection
            .execute_batch("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;")
            .map_err(failed)?;
        migrate::run(&mut connection, path, migrations, now)?;
        Ok(Self { connection })
    }

    /// Opens an existing database for reading only: what commands list and show from.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open_read_only(path: &Path) -> Result<Reader, StoreError> {
        let failed = |error| StoreError::sqlite("-- open_read_only", error);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(BUSY).map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        migrate::refuse_foreign(&connection, Some(path), migrate::ALL)?;
        Ok(Reader { connection })
    }

    /// One transaction: committed on `Ok`, as if it had never been on `Err` or panic.
    ///
    /// # Errors
    /// What `work` returned, or [`StoreError`] where the transaction can neither begin nor be committed.
    pub fn write<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| StoreError::sqlite("-- begin", error))?;
        let result = work(&Tx::of(&transaction))?;
        transaction.commit().map_err(|error| StoreError::sqlite("-- commit", error))?;
        Ok(result)
    }

    /// Reads one consistent state.
    ///
    /// # Errors
    /// What `work` returned.
    pub fn read<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        read(&mut self.connection, work)
    }

    /// Writes a whole copy of the database while it is in use.
    ///
    /// # Errors
    /// [`StoreError::Backup`].
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        migrate::back_up(&self.connection, to)
    }
}

/// The database, read only.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
}

impl Reader {
    /// Reads one consistent state.
    ///
    /// # Errors
    /// What `work` returned.
    pub fn read<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        read(&mut self.connection, work)
    }
}

fn read<T, E: From<StoreError>>(
    connection: &mut Connection,
    work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let transaction = connection.transaction().map_err(|error| StoreError::sqlite("-- begin", error))?;
    work(&Tx::of(&transaction))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(store: &mut Store) -> Vec<String> {
        let customers = store.read::<_, StoreError>(|tx| tx.customers()).unwrap();
        customers.into_iter().map(|customer| customer.name).collect()
    }

    #[test]
    fn a_transaction_that_fails_or_panics_never_happened_and_another_process_sees_what_was_committed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("receiver.db");
        let now = Timestamp::UNIX_EPOCH;
        let mut store = Store::open(&path, now).unwrap();
        let failed = store.write(|tx| {
            tx.put_customer("failed", now)?;
            Err::<(), _>(StoreError::Changed(1))
        });
        assert!(failed.is_err());
        let mut other = Store::open(&path, now).unwrap();
        other.write::<_, StoreError>(|tx| tx.put_customer("kept", now)).unwrap();
        let mut reader = Store::open_read_only(&path).unwrap();
        assert_eq!(reader.read::<_, StoreError>(|tx| tx.customers()).unwrap()[0].name, "kept");
        assert_eq!(names(&mut store), ["kept"]);
        assert!(reader.read::<_, StoreError>(|tx| tx.put_customer("no", now)).is_err(), "it only reads");
    }
}
