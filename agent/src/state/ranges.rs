//! Ranges of sequences that later reports name: superseded or lost. Pure.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::limits;
use serde::{Deserialize, Serialize};

/// Ranges in ascending order, neighbours joined, each with the last time something joined it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ranges(Vec<Range>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Range {
    first: u64,
    last: u64,
    at: Timestamp,
}

impl Ranges {
    /// Adds one sequence; adding it again changes nothing, so that a step may be repeated after a crash.
    pub fn add(&mut self, sequence: u64, at: Timestamp) {
        if self.contains(sequence) {
            return;
        }
        let place = self.0.partition_point(|range| range.last < sequence);
        self.0.insert(place, Range { first: sequence, last: sequence, at });
        self.0.dedup_by(|next, range| {
            let joins = range.last + 1 == next.first;
            if joins {
                range.last = next.last;
                range.at = range.at.max(next.at);
            }
            joins
        });
        let excess = self.0.len().saturating_sub(limits::RANGES);
        self.0.drain(..excess);
    }

    /// Whether the sequence is in one of them.
    #[must_use]
    pub fn contains(&self, sequence: u64) -> bool {
        self.0.iter().any(|range| (range.first..=range.last).contains(&sequence))
    }

    /// Forgets what was repeated long enough.
    pub fn forget_old(&mut self, now: Timestamp) {
        let repeated = SignedDuration::from_hours(24 * limits::LOST_REPEATED_DAYS);
        self.0.retain(|range| now.duration_since(range.at) < repeated);
    }

    /// As they travel: first and last, both included.
    #[must_use]
    pub fn on_the_wire(&self) -> Vec<(u64, u64)> {
        self.0.iter().map(|range| (range.first, range.last)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).unwrap()
    }

    #[test]
    fn neighbours_join_whatever_their_order_and_twice_is_once() {
        let mut ranges = Ranges::default();
        for sequence in [5, 3, 9, 4, 4, 8] {
            ranges.add(sequence, day(0));
        }
        assert_eq!(ranges.on_the_wire(), [(3, 5), (8, 9)]);
        assert!(ranges.contains(4) && !ranges.contains(6));
    }

    #[test]
    fn a_range_is_repeated_for_eight_days_and_then_forgotten() {
        let mut ranges = Ranges::default();
        ranges.add(1, day(0));
        ranges.add(7, day(3));
        ranges.forget_old(day(7));
        assert_eq!(ranges.on_the_wire(), [(1, 1), (7, 7)]);
        ranges.forget_old(day(8));
        assert_eq!(ranges.on_the_wire(), [(7, 7)]);
    }

    #[test]
    fn more_ranges_than_may_travel_lose_the_oldest() {
        let mut ranges = Ranges::default();
        for n in 0..limits::RANGES as u64 + 3 {
            ranges.add(2 * n, day(0));
        }
        assert_eq!(ranges.on_the_wire().len(), limits::RANGES);
        assert_eq!(ranges.on_the_wire()[0], (6, 6));
    }
}
