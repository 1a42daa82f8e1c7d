//! Days of measurements: made when the content of old heartbeats is let go of, in the same transaction.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mailbeat_shared::wire::report::Body;
use rusqlite::params;

use super::sqlite::{StoreError, Tx, time, us};
use crate::history::{Day, History, Series, Stats};

impl Tx<'_> {
    /// Lets go of the content of heartbeats received before a time and keeps their days; the newest of each branch stays
    /// whole. Returns how many there were, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn condense_heartbeats(&self, received_before: Timestamp, limit: u32) -> Result<usize, StoreError> {
        const FIND: &str = "-- condense_heartbeats
            SELECT r.id, r.system, r.life_at FROM reports r
            WHERE r.kind = 'heartbeat' AND r.received_at < ?1 AND r.content IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM branches b WHERE b.id = r.branch AND b.heartbeat = r.id)
            ORDER BY r.received_at LIMIT ?2";
        const EMPTY: &str = "-- condense_heartbeats
            UPDATE reports SET content = NULL WHERE id = ?1";
        let rows: Vec<(i64, i64, Timestamp)> =
            self.all(FIND, params![us(received_before), limit], |row| {
                Ok((row.get(0)?, row.get(1)?, time(row, 2)?))
            })?;
        let mut systems: BTreeMap<i64, History> = BTreeMap::new();
        for (row, system, life_at) in &rows {
            self.add_heartbeat(systems.entry(*system).or_default(), *row, *life_at)?;
            self.run(EMPTY, params![row])?;
        }
        systems.iter().try_for_each(|(system, history)| self.put_history(*system, history))?;
        Ok(rows.len())
    }

    /// Adds a recorded heartbeat. Content that cannot be read any more has nothing to add, and holds up nothing.
    fn add_heartbeat(&self, history: &mut History, row: i64, life_at: Timestamp) -> Result<(), StoreError> {
        match self.recorded(row) {
            Ok(Some((_, report))) => {
                if let Body::Heartbeat { heartbeat } = report.body {
                    history.add(life_at, heartbeat.observations);
                }
            }
            Ok(None) => {}
            Err(error @ StoreError::Corrupt { .. }) => tracing::warn!(row, %error, "a heartbeat is left out"),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn put_history(&self, system: i64, history: &History) -> Result<(), StoreError> {
        const SQL: &str = "-- put_history
            INSERT INTO daily (system, day, metric, attributes, unit, n, sum, min, max)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (system, day, metric, attributes, unit)
            DO UPDATE SET n = n + ?6, sum = sum + ?7, min = min(min, ?8), max = max(max, ?9)";
        for ((day, series), stats) in &history.0 {
            let attributes = serde_json::to_string(&series.attributes).unwrap_or_default();
            let Stats { count, sum, min, max } = *stats;
            self.run(
                SQL,
                params![system, day.0, series.metric, attributes, series.unit, count, sum, min, max],
            )?;
        }
        Ok(())
    }

    /// What a system measured from a day on: the days kept, and those whose heartbeats are still whole.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn history(&self, system: i64, from: Day) -> Result<History, StoreError> {
        const DAYS: &str = "-- history
            SELECT day, metric, attributes, unit, n, sum, min, max FROM daily WHERE system = ?1 AND day >= ?2";
        const WHOLE: &str = "-- history
            SELECT id, life_at FROM reports
            WHERE system = ?1 AND kind = 'heartbeat' AND life_at >= ?2 AND content IS NOT NULL";
        let mut history = History::default();
        let days = self.all(DAYS, params![system, from.0], |row| {
            let attributes = serde_json::from_str(row.get_ref(2)?.as_str()?).unwrap_or_default();
            let series = Series { metric: row.get(1)?, attributes, unit: row.get(3)? };
            let stats = Stats { count: row.get(4)?, sum: row.get(5)?, min: row.get(6)?, max: row.get(7)? };
            Ok((Day(row.get(0)?), series, stats))
        })?;
        days.into_iter().for_each(|(day, series, stats)| history.put(day, series, stats));
        let whole = self.all(WHOLE, params![system, us(from.begins())], |row| {
            Ok((row.get::<_, i64>(0)?, time(row, 1)?))
        })?;
        whole.into_iter().try_for_each(|(row, life_at)| self.add_heartbeat(&mut history, row, life_at))?;
        Ok(history)
    }

    /// Forgets days before this one. Returns how many rows.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_days(&self, before: Day) -> Result<usize, StoreError> {
        const SQL: &str = "-- forget_days
            DELETE FROM daily WHERE day < ?1";
        self.run(SQL, params![before.0])
    }
}
