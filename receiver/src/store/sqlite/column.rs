//! How Rust's values become columns, and columns values. What cannot be read is an error that names the column.

use std::str::FromStr;

use jiff::Timestamp;
use mailbeat_shared::wire::id::{Digest, SystemId};
use rusqlite::Row;

/// A time as its column: microseconds since 1970-01-01 UTC. The last second of the year 9999, which a hostile report may name, has
/// microseconds that cannot be read back.
pub(in super::super) fn us(at: Timestamp) -> i64 {
    at.as_microsecond().min(Timestamp::MAX.as_second() * 1_000_000)
}

/// An unsigned number as its column. What exceeds it was refused before.
pub(in super::super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The column as an unsigned number.
pub(in super::super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(|number: i64| u64::try_from(number).unwrap_or(0))
}

/// The column as a time.
pub(in super::super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_microsecond(row.get(column)?).map_err(|error| unreadable(column, error))
}

/// The column as a time, or never.
pub(in super::super) fn maybe_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column)?
        .map(|us| Timestamp::from_microsecond(us).map_err(|error| unreadable(column, error)))
        .transpose()
}

/// The column as a SystemId.
pub(in super::super) fn system_id(row: &Row<'_>, column: usize) -> rusqlite::Result<SystemId> {
    row.get(column).map(SystemId::from_bytes)
}

/// The column as a digest.
pub(in super::super) fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Digest> {
    row.get(column).map(Digest::from_bytes)
}

/// The column as a digest, or none.
pub(in super::super) fn maybe_digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Digest>> {
    row.get::<_, Option<[u8; 32]>>(column).map(|bytes| bytes.map(Digest::from_bytes))
}

/// The text column as one of our words.
pub(in super::super) fn word<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    row.get_ref(column)?.as_str()?.parse().map_err(|error| unreadable(column, error))
}

/// The same where there may be none.
pub(in super::super) fn maybe_word<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>>
where
    T: FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text = row.get_ref(column)?.as_str_or_null()?;
    text.map(|text| text.parse().map_err(|error| unreadable(column, error))).transpose()
}

fn unreadable(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Null, Box::new(error))
}
