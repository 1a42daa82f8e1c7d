//! A transaction from inside: statements, and work that is undone alone.
//!
//! Every statement is a literal whose first line names its function, so that an error says where it happened. What SQLite refuses is
//! an error, never a guess; the transaction as a whole is ended by its owner.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use rusqlite::{Connection, OptionalExtension as _, Params, Row};

use super::StoreError;

/// A transaction. Its methods are the domain's: one file of `store/` for each group.
#[derive(Debug)]
pub struct Tx<'a> {
    connection: &'a Connection,
}

impl<'a> Tx<'a> {
    /// What can be done inside the transaction that is open on this connection.
    pub(super) fn of(connection: &'a Connection) -> Self {
        Self { connection }
    }
}

impl Tx<'_> {
    /// Work inside a savepoint: undone alone where it fails or panics, and the transaction goes on. May be nested.
    ///
    /// # Errors
    /// Outside: the database itself refuses. Inside: what `work` returned.
    pub fn isolated<T, E>(&self, work: impl FnOnce() -> Result<T, E>) -> Result<Result<T, E>, StoreError> {
        self.run("-- isolated\nSAVEPOINT isolated", [])?;
        // A panic has to pass through here, or the savepoint stays open and an outer one of the same name is taken for it.
        let result = catch_unwind(AssertUnwindSafe(work));
        // A full disk may have ended the whole transaction, savepoints and all: then what the work said of it is the reason.
        if self.connection.is_autocommit()
            && let Ok(failed @ Err(_)) = result
        {
            return Ok(failed);
        }
        if !matches!(result, Ok(Ok(_))) {
            self.run("-- isolated\nROLLBACK TO isolated", [])?;
        }
        self.run("-- isolated\nRELEASE isolated", [])?;
        result.map_or_else(|panic| resume_unwind(panic), Ok)
    }

    /// Runs a statement; how many rows it changed.
    pub(in super::super) fn run(&self, sql: &'static str, params: impl Params) -> Result<usize, StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map_err(|error| StoreError::sqlite(sql, error))
    }

    /// Runs an INSERT; the new row's id.
    pub(in super::super) fn insert(&self, sql: &'static str, params: impl Params) -> Result<i64, StoreError> {
        self.run(sql, params).map(|_| self.connection.last_insert_rowid())
    }

    /// Runs an INSERT with ON CONFLICT DO NOTHING; the new row's id, or `None` where there was such a row.
    pub(in super::super) fn insert_new(
        &self,
        sql: &'static str,
        params: impl Params,
    ) -> Result<Option<i64>, StoreError> {
        let changed = self.run(sql, params)?;
        Ok((changed > 0).then(|| self.connection.last_insert_rowid()))
    }

    /// The one row that is there in any case: a count, or what was written just now. Without it the statement has failed.
    pub(in super::super) fn only<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params, map))
            .map_err(|error| StoreError::sqlite(sql, error))
    }

    /// The one row, if it is there.
    pub(in super::super) fn one<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params, map).optional())
            .map_err(|error| StoreError::sqlite(sql, error))
    }

    /// All rows; the statement has a LIMIT, or counts what people made by hand.
    pub(in super::super) fn all<T>(
        &self,
        sql: &'static str,
        params: impl Params,
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map(params, map)?.collect())
            .map_err(|error| StoreError::sqlite(sql, error))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::store::Store;

    #[test]
    fn a_panic_in_an_inner_savepoint_undoes_the_outer_one_that_it_reaches_and_nothing_else() {
        let mut store = Store::in_memory().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        store
            .write::<_, StoreError>(|tx| {
                tx.put_customer("before", now)?;
                let outer = tx.isolated(|| {
                    catch_unwind(AssertUnwindSafe(|| {
                        tx.put_customer("outer", now).unwrap();
                        tx.isolated::<(), StoreError>(|| {
                            tx.put_customer("inner", now).unwrap();
                            panic!("as a defect would")
                        })
                    }))
                    .map_err(|_| ())
                })?;
                assert!(outer.is_err());
                tx.put_customer("after", now).map(drop)
            })
            .unwrap();
        let customers = store.read::<_, StoreError>(|tx| tx.customers()).unwrap();
        let names: Vec<&str> = customers.iter().map(|customer| customer.name.as_str()).collect();
        assert_eq!(names, ["after", "before"]);
    }
}
