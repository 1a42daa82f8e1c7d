//! What heartbeats say over a long time: of each number how often it was measured on a day, its mean, least and most.
//!
//! Pure. The content of old heartbeats is let go of; these days are what stays of it, added up from the same reports that were
//! verified when they came. A day is one of UTC, by the time the host proved alive.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::observation::{Attributes, Observation};
use serde::Serialize;

/// One number: a metric of one thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Series {
    /// `system.filesystem.utilization`.
    pub metric: String,
    /// Which one of several: `system.filesystem.mountpoint` = `/var`.
    pub attributes: Attributes,
    /// Its unit as a UCUM code.
    pub unit: String,
}

/// A day of UTC, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i64);

impl Day {
    /// The day a time lies in.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        Self(at.as_second().div_euclid(86_400))
    }

    /// When it begins.
    #[must_use]
    pub fn begins(self) -> Timestamp {
        let since = SignedDuration::from_hours(self.0.saturating_mul(24));
        Timestamp::UNIX_EPOCH.saturating_add(since).unwrap_or(Timestamp::MAX)
    }
}

/// What was measured of one number on one day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Stats {
    /// How often.
    pub count: u32,
    /// All values added up.
    #[serde(skip)]
    pub sum: f64,
    /// The least.
    pub min: f64,
    /// The most.
    pub max: f64,
}

impl Stats {
    /// The arithmetic mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.sum / f64::from(self.count.max(1))
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            count: self.count.saturating_add(other.count),
            sum: self.sum + other.sum,
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }
}

/// Days of one system.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History(pub BTreeMap<(Day, Series), Stats>);

impl History {
    /// Adds what a heartbeat measured that proved life at `at`.
    pub fn add(&mut self, at: Timestamp, observations: Vec<Observation>) {
        // So far from the ends of what a number holds that sums stay numbers.
        const FARTHEST: f64 = 1e300;
        for Observation { name, attributes, value, unit } in observations {
            let value = value.clamp(-FARTHEST, FARTHEST);
            let stats = Stats { count: 1, sum: value, min: value, max: value };
            self.put(Day::of(at), Series { metric: name, attributes, unit }, stats);
        }
    }

    /// Adds what is known of a day.
    pub fn put(&mut self, day: Day, series: Series, stats: Stats) {
        self.0.entry((day, series)).and_modify(|known| *known = known.and(stats)).or_insert(stats);
    }
}

#[cfg(test)]
mod tests {
    use mailbeat_shared::wire::observation::names;

    use super::*;

    #[test]
    fn a_day_is_one_of_utc_and_holds_count_mean_least_and_most() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let load = |value| vec![Observation::new(&names::LOAD_1M, value)];
        let mut history = History::default();
        for (time, value) in [("23:59:59", 3.0), ("00:00:00", 1.0), ("12:00:00", -4.0)] {
            history.add(at(&format!("2026-03-01T{time}Z")), load(value));
        }
        history.add(at("2026-03-02T00:00:00Z"), load(9.0));
        let days: Vec<_> =
            history.0.iter().map(|((day, _), stats)| (day.begins().to_string(), *stats)).collect();
        let first = Stats { count: 3, sum: 0.0, min: -4.0, max: 3.0 };
        let second = Stats { count: 1, sum: 9.0, min: 9.0, max: 9.0 };
        assert_eq!(
            days,
            [("2026-03-01T00:00:00Z".to_owned(), first), ("2026-03-02T00:00:00Z".to_owned(), second)]
        );
        assert_eq!((first.mean(), second.mean()), (0.0, 9.0));
    }

    #[test]
    fn sums_of_numbers_beyond_reason_stay_numbers() {
        let at = Timestamp::UNIX_EPOCH;
        let mut history = History::default();
        for value in [f64::MAX, f64::MAX, f64::MIN, f64::MIN] {
            history.add(at, vec![Observation::new(&names::LOAD_1M, value)]);
        }
        assert_eq!(history.0.values().next().unwrap().sum, 0.0);
    }

    #[test]
    fn the_ends_of_time_are_days_too() {
        for at in [Timestamp::MIN, Timestamp::MAX] {
            assert!(Day::of(at).begins() <= at);
        }
    }
}
