//! Numbered migrations, run at start after a backup of the database beside it.
//!
//! `PRAGMA user_version` is the number of migrations done. Each runs in its own transaction with that number: it happened
//! wholly or not at all. A database with more migrations than this program knows is refused untouched.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

use super::sqlite::StoreError;

/// Every migration ever released, in order; one that was released is never changed.
pub(super) const ALL: &[&str] = &[
    include_str!("migrations/001_recorded.sql"),
    include_str!("migrations/002_tickets.sql"),
    include_str!("migrations/003_history.sql"),
    include_str!("migrations/004_locale.sql"),
    include_str!("migrations/005_confirmations.sql"),
    include_str!("migrations/006_reported.sql"),
    include_str!("migrations/007_mailbox_fills.sql"),
    include_str!("migrations/008_judged_by.sql"),
    include_str!("migrations/009_revisions.sql"),
    include_str!("migrations/010_upkeep.sql"),
    include_str!("migrations/011_mailings.sql"),
    include_str!("migrations/012_lookups.sql"),
];

/// "MBRX": tells our databases from others.
const APPLICATION: i64 = 0x4d42_5258;

fn failed(error: rusqlite::Error) -> StoreError {
    StoreError::sqlite("-- migrate", error)
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, StoreError> {
    connection.pragma_query_value(None, name, |row| row.get(0)).map_err(failed)
}

/// How many migrations the database has seen.
fn version(connection: &Connection) -> Result<u32, StoreError> {
    pragma(connection, "user_version").map(|version| u32::try_from(version).unwrap_or(u32::MAX))
}

/// Refuses what is not ours or newer than we are, before anything is written.
pub(super) fn refuse_foreign(
    connection: &Connection,
    path: Option<&Path>,
    migrations: &[&str],
) -> Result<(), StoreError> {
    let path = || path.unwrap_or(Path::new(":memory:")).to_owned();
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
    if tables > 0 && pragma(connection, "application_id")? != APPLICATION {
        return Err(StoreError::Foreign { path: path() });
    }
    let (found, known) = (version(connection)?, u32::try_from(migrations.len()).unwrap_or(u32::MAX));
    if found > known {
        return Err(StoreError::Newer { path: path(), found, known });
    }
    Ok(())
}

/// Brings the database to the newest schema, after a backup if it holds anything.
pub(super) fn run(
    connection: &mut Connection,
    path: Option<&Path>,
    migrations: &[&str],
    now: Timestamp,
) -> Result<(), StoreError> {
    let found = version(connection)?;
    let missing = migrations.get(found as usize..).unwrap_or_default();
    if let (1.., Some(path), [_, ..]) = (found, path, missing) {
        back_up(connection, &backup_path(path, found, now))?;
    }
    for (done, migration) in (found..).zip(missing) {
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        transaction.execute_batch(migration).map_err(failed)?;
        transaction.pragma_update(None, "user_version", done + 1).map_err(failed)?;
        transaction.pragma_update(None, "application_id", APPLICATION).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        tracing::info!(schema = done + 1, "database brought to a new schema");
    }
    Ok(())
}

/// `receiver.db` -> `receiver.db.schema-1.20260102T030405Z.bak`
fn backup_path(path: &Path, found: u32, now: Timestamp) -> PathBuf {
    let stamp = now.strftime("%Y%m%dT%H%M%SZ");
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".schema-{found}.{stamp}.bak"));
    name.into()
}

/// A whole copy through SQLite's online backup.
pub(super) fn back_up(connection: &Connection, to: &Path) -> Result<(), StoreError> {
    connection
        .backup(rusqlite::MAIN_DB, to, None)
        .map_err(|error| StoreError::Backup { path: to.to_owned(), error })
}

/// Takes a database back to the schema before `011_mailings.sql`, its answers as that held them.
#[cfg(test)]
pub(crate) fn as_before_mailings(path: &Path) {
    const ROWS: &str = "INSERT INTO confirmations
        (id, report, system, contract, contact, token, facts, state, made_at, attempts, next_at, ended_at, words)
        SELECT id, report, system, contract, contact, token, matter ->> '$.test_report', state, made_at, attempts, next_at, ended_at, words
        FROM mailings; DROP TABLE mailings;
        ALTER TABLE contract_revisions RENAME COLUMN valid_until TO heard_until;
        ALTER TABLE contracts DROP COLUMN holds_secret;
        DROP INDEX system_reports_by_digest; DROP INDEX filings_done; PRAGMA user_version = 10;";
    Connection::open(path).unwrap().execute_batch(&[ALL[4], ROWS].concat()).unwrap();
}

#[cfg(test)]
mod tests {
    use super::super::Store;
    use super::*;

    const ONE: &str = "CREATE TABLE a (x INTEGER NOT NULL) STRICT; INSERT INTO a VALUES (1)";
    const TWO: &str = "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 2";

    fn open(path: &Path, migrations: &[&str]) -> Result<Store, StoreError> {
        Store::prepare(Connection::open(path).unwrap(), Some(path), migrations, Timestamp::UNIX_EPOCH)
    }

    fn version_of(path: &Path) -> u32 {
        version(&Connection::open(path).unwrap()).unwrap()
    }

    #[test]
    fn an_upgrade_leaves_a_backup_of_the_old_schema_behind_and_a_first_start_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("receiver.db");
        let backup = dir.path().join("receiver.db.schema-1.19700101T000000Z.bak");
        open(&path, &[ONE]).unwrap();
        assert!(!backup.exists());
        open(&path, &[ONE, TWO]).unwrap();
        assert_eq!((version_of(&path), version_of(&backup)), (2, 1));
        let held: i64 =
            Connection::open(&backup).unwrap().query_row("SELECT x FROM a", [], |row| row.get(0)).unwrap();
        assert_eq!(held, 1);
    }

    #[test]
    fn a_database_newer_than_the_program_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("receiver.db");
        open(&path, &[ONE, TWO]).unwrap();
        let refused = open(&path, &[ONE]).unwrap_err();
        assert!(matches!(refused, StoreError::Newer { found: 2, known: 1, .. }), "{refused}");
        assert_eq!(version_of(&path), 2);
    }

    #[test]
    fn a_migration_that_fails_leaves_the_schema_before_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("receiver.db");
        open(&path, &[ONE]).unwrap();
        open(&path, &[ONE, "CREATE TABLE b (x INTEGER) STRICT; nonsense"]).unwrap_err();
        assert_eq!(version_of(&path), 1);
        open(&path, &[ONE, "CREATE TABLE b (x INTEGER) STRICT"]).unwrap();
    }

    #[test]
    fn a_database_of_another_program_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("other.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert!(matches!(open(&path, &[ONE]), Err(StoreError::Foreign { .. })));
    }
}
