//! Which report is tried next and when. Pure: randomness is an argument.
//!
//! The head of the queue goes first, because order is worth something. A report that keeps failing lets the next ones try,
//! so that one mail a server dislikes for now does not hold up all; between two attempts there is always a pause.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use mailbeat_shared::transport::outcome::LONGEST_PAUSE_S;

/// Attempts after which a report no longer holds up the ones behind it.
const PATIENCE: u32 = 3;
/// The longest that anything waits: as long as a server may ask for. What is further away was said before the clock went back.
pub(super) const LONGEST: Duration = Duration::from_secs(LONGEST_PAUSE_S as u64);

/// How long to wait after the given number of failures (1 or more): doubling from 30 s to 30 min, scaled down where
/// heartbeats come more often than hourly, between half and all of it by `random`.
#[must_use]
pub fn delay(failures: u32, heartbeat_interval_s: u32, random: u32) -> Duration {
    let interval = f64::from(heartbeat_interval_s.clamp(1, 3_600));
    let (first, most) = (interval / 120.0, interval / 2.0);
    let full = (first * 2_f64.powi(failures.clamp(1, 32).cast_signed() - 1)).min(most);
    Duration::from_secs_f64(full * (0.5 + f64::from(random) / f64::from(u32::MAX) / 2.0))
}

/// What this process knows of its attempts. Lost with it, and then simply tried again.
#[derive(Clone, Debug, Default)]
pub struct Tries {
    reports: BTreeMap<u64, Tried>,
    paused_until: Option<Timestamp>,
}

/// What became of one report so far.
#[derive(Clone, Debug, Default)]
struct Tried {
    failures: u32,
    next: Option<Timestamp>,
    refused_by: BTreeSet<String>,
}

impl Tries {
    /// How often a report failed.
    #[must_use]
    pub fn failures(&self, sequence: u64) -> u32 {
        self.reports.get(&sequence).map_or(0, |tried| tried.failures)
    }

    /// Notes that a route refused a report for good.
    pub fn refused(&mut self, sequence: u64, route: &str) {
        self.reports.entry(sequence).or_default().refused_by.insert(route.to_owned());
    }

    /// Whether a route refused it.
    #[must_use]
    pub fn was_refused(&self, sequence: u64, route: &str) -> bool {
        self.reports.get(&sequence).is_some_and(|tried| tried.refused_by.contains(route))
    }

    /// Notes a failed round; the next attempt comes after `own` for this report and after `pause` for any.
    pub fn failed(&mut self, sequence: u64, now: Timestamp, own: Duration, pause: Duration) {
        let tried = self.reports.entry(sequence).or_default();
        tried.failures += 1;
        tried.next = now.checked_add(own).ok();
        self.paused_until = now.checked_add(pause).ok();
    }

    /// Notes that a report is done. If it was accepted, the way is free: nobody waits any more.
    pub fn done(&mut self, sequence: u64, accepted: bool) {
        self.reports.remove(&sequence);
        if accepted {
            self.retry_now();
        }
    }

    /// Something changed: nobody waits any more.
    pub fn retry_now(&mut self) {
        self.paused_until = None;
        self.reports.values_mut().for_each(|tried| tried.next = None);
    }

    /// After the clock went back, waiting begins anew.
    pub fn rebase(&mut self, now: Timestamp) {
        let too_far = |at: Timestamp| now.checked_add(LONGEST).is_ok_and(|limit| at > limit);
        if self.paused_until.is_some_and(too_far) {
            self.paused_until = None;
        }
        self.reports
            .values_mut()
            .filter(|tried| tried.next.is_some_and(too_far))
            .for_each(|tried| tried.next = None);
    }

    /// The report to try now, or when to look again. `queue` holds the sequences in order; `None` for an empty one.
    #[must_use]
    pub fn pick(&self, queue: &[u64], now: Timestamp) -> Option<Result<u64, Timestamp>> {
        queue.first()?;
        if let Some(until) = self.paused_until.filter(|until| now < *until) {
            return Some(Err(until));
        }
        let mut soonest = Timestamp::MAX;
        for sequence in queue {
            let tried = self.reports.get(sequence);
            match tried.and_then(|tried| tried.next).filter(|next| now < *next) {
                None => return Some(Ok(*sequence)),
                Some(next) => soonest = soonest.min(next),
            }
            if tried.is_none_or(|tried| tried.failures < PATIENCE) {
                break;
            }
        }
        Some(Err(soonest))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    proptest! {
        #[test]
        fn a_delay_stays_between_its_bounds_and_never_is_nothing(failures in 0_u32..1_000, interval in 0_u32..100_000, random: u32) {
            let delay = delay(failures, interval, random);
            prop_assert!(delay >= Duration::from_millis(4) && delay <= Duration::from_secs(1_800), "{:?}", delay);
        }
    }

    #[test]
    fn with_hourly_heartbeats_it_begins_at_half_a_minute_and_doubles_to_half_an_hour() {
        let full = |failures| delay(failures, 3_600, u32::MAX).as_secs();
        assert_eq!([1, 2, 3, 7, 20].map(full), [30, 60, 120, 1_800, 1_800]);
        assert_eq!(delay(1, 3_600, 0).as_secs(), 15);
        assert!(delay(9, 1, u32::MAX) <= Duration::from_millis(500));
    }

    #[test]
    fn the_head_goes_first_until_it_failed_three_times_then_the_next_may_try_too() {
        let mut tries = Tries::default();
        let queue = [4, 5];
        assert_eq!(tries.pick(&queue, second(0)), Some(Ok(4)));
        for round in 0..3 {
            assert_eq!(tries.pick(&queue, second(100 * round)), Some(Ok(4)));
            tries.failed(4, second(100 * round), Duration::from_secs(90), Duration::from_secs(10));
        }
        assert_eq!(tries.pick(&queue, second(205)), Some(Err(second(210))), "the pause is for all");
        assert_eq!(tries.pick(&queue, second(215)), Some(Ok(5)));
        tries.done(5, true);
        assert_eq!(tries.pick(&[4], second(215)), Some(Ok(4)), "the way is free again");
        assert_eq!(tries.pick(&[], second(0)), None);
    }

    #[test]
    fn a_pause_as_long_as_a_server_may_ask_for_is_kept_and_one_that_a_clock_set_back_made_longer_ends() {
        let mut tries = Tries::default();
        tries.failed(4, second(10_000), LONGEST, LONGEST);
        tries.rebase(second(10_001));
        assert_eq!(tries.pick(&[4], second(10_001)), Some(Err(second(13_600))));
        tries.rebase(second(0));
        assert_eq!(tries.pick(&[4], second(0)), Some(Ok(4)));
    }

    #[test]
    fn a_route_that_refused_is_remembered_for_that_report() {
        let mut tries = Tries::default();
        tries.refused(4, "office");
        assert!(tries.was_refused(4, "office") && !tries.was_refused(5, "office"));
        tries.done(4, false);
        assert!(!tries.was_refused(4, "office"));
    }
}
