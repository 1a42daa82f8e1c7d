//! How fast mails may leave: a quarter of the hour's at once, the rest evenly, never more than the limit in any hour. Pure.
//!
//! The generic cell rate algorithm: one time is all that must be remembered, and a restart forgets nothing.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::report::Promise;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A limit of mails an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From one mail to the next, when there are many.
    each: SignedDuration,
    /// How far the mails may be ahead of that.
    ahead: SignedDuration,
}

impl Pace {
    /// At most `per_hour` mails an hour, but never less than twice what is promised.
    #[must_use]
    pub fn new(per_hour: u32, promise: Promise) -> Self {
        let promised =
            2 * 3_600 / promise.heartbeat_interval_s.max(1) + 2 * 3_600 / promise.system_interval_s.max(1);
        let per_hour = per_hour.max(promised).max(1);
        let at_once = (per_hour / 4).max(1);
        let each = HOUR / i32::try_from((per_hour - at_once).max(1)).unwrap_or(i32::MAX);
        Self { each, ahead: each * i32::try_from(at_once - 1).unwrap_or(i32::MAX) }
    }

    /// When the next mail may leave: `now`, or later. `used` is what the last [`Pace::after`] said.
    #[must_use]
    pub fn next(&self, used: Option<Timestamp>, now: Timestamp) -> Timestamp {
        let earliest = used.and_then(|used| used.checked_sub(self.ahead).ok());
        earliest.map_or(now, |earliest| earliest.max(now))
    }

    /// What to remember after a mail left.
    #[must_use]
    pub fn after(&self, used: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        used.unwrap_or(now).max(now).checked_add(self.each).ok()
    }

    /// After the clock went back: no more than it could be with a clock that never did. `at_a_time` is how many mails one report
    /// makes at most.
    #[must_use]
    pub fn rebased(&self, used: Option<Timestamp>, at_a_time: usize, now: Timestamp) -> Option<Timestamp> {
        let most = self.ahead + self.each * i32::try_from(at_a_time.max(1)).unwrap_or(i32::MAX);
        used.map(|used| now.checked_add(most).map_or(used, |latest| used.min(latest)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOURLY: Promise = Promise { heartbeat_interval_s: 3_600, system_interval_s: 86_400 };

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    proptest! {
        #[test]
        fn whatever_waits_no_hour_sees_more_mails_than_the_limit(
            per_hour in 3_u32..200, waits in prop::collection::vec(0_i64..600, 1..600),
        ) {
            let pace = Pace::new(per_hour, HOURLY);
            let (mut used, mut now, mut left) = (None, second(0), Vec::new());
            for wait in waits {
                now = pace.next(used, now + SignedDuration::from_secs(wait / 50));
                used = pace.after(used, now);
                left.push(now);
            }
            for (n, first) in left.iter().enumerate() {
                let within = left[n..].iter().take_while(|at| at.duration_since(*first) < HOUR).count();
                prop_assert!(within <= per_hour as usize, "{within} in an hour, and {per_hour} are allowed");
            }
        }
    }

    #[test]
    fn a_quarter_leaves_at_once_and_the_rest_evenly() {
        let pace = Pace::new(60, HOURLY);
        let (mut used, now) = (None, second(0));
        let mut at_once = 0;
        while pace.next(used, now) == now {
            used = pace.after(used, now);
            at_once += 1;
        }
        assert_eq!(at_once, 15);
        assert_eq!(pace.next(used, now), second(80));
    }

    #[test]
    fn a_clock_set_back_makes_nobody_wait_longer_than_for_the_mails_of_one_report() {
        let pace = Pace::new(60, HOURLY);
        let used = pace.after(None, second(100_000));
        let wait = |mails, now| pace.next(pace.rebased(used, mails, second(now)), second(now));
        assert_eq!(wait(1, 0), second(80));
        assert_eq!(wait(3, 0), second(240), "copies count");
    }

    proptest! {
        #[test]
        fn a_clock_that_goes_on_is_never_taken_for_one_that_was_set_back(
            per_hour in 3_u32..200, mails in prop::collection::vec(1_usize..6, 1..200),
        ) {
            let pace = Pace::new(per_hour, HOURLY);
            let (mut used, mut now) = (None, second(0));
            for mails in mails {
                now = pace.next(used, now);
                used = (0..mails).fold(used, |used, _| pace.after(used, now));
                prop_assert_eq!(pace.rebased(used, 5, now), used);
            }
        }
    }

    #[test]
    fn a_limit_below_what_is_promised_is_raised_to_it() {
        let promise = Promise { heartbeat_interval_s: 60, system_interval_s: 3_600 };
        assert_eq!(Pace::new(1, promise), Pace::new(122, HOURLY));
        assert_eq!(Pace::new(1, HOURLY), Pace::new(2, HOURLY));
    }
}
