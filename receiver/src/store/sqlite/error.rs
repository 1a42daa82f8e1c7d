//! What goes wrong in the store: which function, what it means, and what a person can do.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// What went wrong in the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Written by a newer program.
    #[error(
        "the database {} has schema {found}, this program knows up to {known}: run the newer program again, or restore the backup made before the upgrade", path.display()
    )]
    Newer {
        /// The database file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// The newest known here.
        known: u32,
    },
    /// A database of another program.
    #[error("{} is a database, but not of mailbeat-receiver", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Another process holds the lock.
    #[error("{doing}: another process has been writing to the database for 5 s; try again")]
    Busy {
        /// Which function.
        doing: &'static str,
    },
    /// No room for what is to be written.
    #[error(
        "{doing}: the disk that holds the database is full; make room on it and start again. Nothing recorded is lost, and what is not yet recorded stays in the mailbox"
    )]
    Full {
        /// Which function.
        doing: &'static str,
    },
    /// SQLite refused.
    #[error("{doing}: {error}")]
    Sqlite {
        /// Which function.
        doing: &'static str,
        /// What SQLite said.
        error: rusqlite::Error,
    },
    /// A row holds what this program did not write.
    #[error("{what} in the database cannot be read: {detail}")]
    Corrupt {
        /// What.
        what: &'static str,
        /// Why not.
        detail: String,
    },
    /// A decision was made on a state that is no longer there.
    #[error("system {0} was changed by somebody else in between; try again")]
    Changed(i64),
    /// The backup before a migration failed; the database was not touched.
    #[error("the backup {} before the upgrade cannot be written: {error}", path.display())]
    Backup {
        /// Where to.
        path: PathBuf,
        /// What SQLite said.
        error: rusqlite::Error,
    },
    /// The thread that owns the database is gone.
    #[error("the database thread has ended")]
    Ended,
}

impl StoreError {
    pub(in super::super) fn sqlite(sql: &'static str, error: rusqlite::Error) -> Self {
        let doing = function_of(sql);
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy) => Self::Busy { doing },
            Some(ErrorCode::DiskFull) => Self::Full { doing },
            _ => Self::Sqlite { doing, error },
        }
    }

    /// Whether the fault lies in one row's values, so that the rest of its batch can go on; otherwise the database
    /// itself (full disk, lock, damage) refuses and the batch has to come again.
    #[must_use]
    pub fn is_one_rows(&self) -> bool {
        match self {
            Self::Corrupt { .. } | Self::Changed(_) => true,
            Self::Sqlite { error, .. } => match error.sqlite_error_code() {
                Some(code) => matches!(
                    code,
                    ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig
                ),
                None => true,
            },
            _ => false,
        }
    }
}

/// The function's name: every statement's first line is a comment with it.
fn function_of(sql: &'static str) -> &'static str {
    sql.trim_start().strip_prefix("--").and_then(|rest| rest.lines().next()).map_or("the database", str::trim)
}
