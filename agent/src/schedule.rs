//! When the next report is due. Pure: what was said last, what was promised, and the time.
//!
//! Each system has its slot: intervals of UTC begin at an offset that follows from its SystemId, so that many systems spread
//! over the interval by themselves. A missed slot is not made up: one heartbeat says as much as ten.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::contract::Contract;
use mailbeat_shared::wire::id::SystemId;
use mailbeat_shared::wire::report::Promise;

use crate::activation::permission;
use crate::state::State;

/// The longest sleep: a suspended host wakes late, and only comparing clocks shows it.
pub const LONGEST_SLEEP: SignedDuration = SignedDuration::from_mins(5);

/// What the configuration wishes, in seconds; the contract decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// From one heartbeat to the next.
    pub heartbeat_interval_s: Option<u32>,
    /// From one system report to the next.
    pub system_interval_s: Option<u32>,
}

impl Wish {
    /// The wish within the contract's bounds.
    #[must_use]
    pub fn promise(&self, contract: &Contract) -> Promise {
        Promise {
            heartbeat_interval_s: contract.heartbeat_interval_s.clamp(self.heartbeat_interval_s),
            system_interval_s: contract.system_interval_s.clamp(self.system_interval_s),
        }
    }

    /// What the contract did not allow, one sentence each.
    #[must_use]
    pub fn clamped(&self, contract: &Contract) -> Vec<String> {
        let promise = self.promise(contract);
        let pairs = [
            ("heartbeat_interval_s", self.heartbeat_interval_s, promise.heartbeat_interval_s),
            ("system_interval_s", self.system_interval_s, promise.system_interval_s),
        ];
        let told = |(key, wish, got): (&str, Option<u32>, u32)| {
            let wish = wish.filter(|wish| *wish != got)?;
            Some(format!("{key} = {wish} is outside what contract {} allows; {got} is used", contract.number))
        };
        pairs.into_iter().filter_map(told).collect()
    }
}

/// A report that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// Announced maintenance is over.
    MaintenanceEnd,
    /// The first of a new life.
    Enrollment,
    /// The watched files.
    System,
    /// The last word before the contract ends.
    ContractEnd,
    /// Still alive.
    Heartbeat,
}

/// What is due next and when, in the order of composing where several are due at once.
#[must_use]
pub fn plan(
    state: &State,
    enrolled: bool,
    system: SystemId,
    contract: &Contract,
    promise: Promise,
    now: Timestamp,
) -> Vec<(Timestamp, Due)> {
    if !enrolled {
        return vec![(now, Due::Enrollment)];
    }
    let every = |interval_s: u32| Slots { system, interval_s };
    let heartbeats = every(promise.heartbeat_interval_s);
    let system_due = state.last_system.map_or(now, |last| every(promise.system_interval_s).after(last));
    // The vendor waits to see a renewal in force.
    let is_renewed = state.under_revision.is_some_and(|revision| revision != contract.revision);
    let last_heartbeat = state.last_heartbeat.filter(|_| !is_renewed);
    let heartbeat = last_heartbeat.map_or(now, |last| heartbeats.after(last));
    // The heartbeat after which no slot is left says the end instead.
    let last_of_all =
        permission::end(contract).is_some_and(|end| heartbeats.after(heartbeat.max(now)) >= end);
    // The end was the last word. Where a slot is left, a clock that was wrong said it.
    if last_of_all && state.has_said_the_end_of(contract) {
        return vec![];
    }
    let maintenance = state.maintenance.as_ref().map(|window| (window.until, Due::MaintenanceEnd));
    let heartbeat = (heartbeat, if last_of_all { Due::ContractEnd } else { Due::Heartbeat });
    maintenance.into_iter().chain([(system_due, Due::System), heartbeat]).collect()
}

/// One system's slots for reports of one interval.
#[derive(Clone, Copy, Debug)]
pub struct Slots {
    /// Whose.
    pub system: SystemId,
    /// Seconds from one to the next; at least 1.
    pub interval_s: u32,
}

impl Slots {
    /// The first slot after `at`, never `at` itself.
    #[must_use]
    pub fn after(&self, at: Timestamp) -> Timestamp {
        let interval = i128::from(self.interval_s.max(1)) * 1_000_000_000;
        let offset = i128::from(self.system.spread()) % interval;
        let into = (at.as_nanosecond() - offset).rem_euclid(interval);
        Timestamp::from_nanosecond(at.as_nanosecond() + interval - into).unwrap_or(Timestamp::MAX)
    }
}

/// How long to sleep until `due`: not past it, and never longer than [`LONGEST_SLEEP`].
#[must_use]
pub fn sleep_until(due: Timestamp, now: Timestamp) -> std::time::Duration {
    let wait = due.duration_since(now).clamp(SignedDuration::ZERO, LONGEST_SLEEP);
    wait.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::state::Window;
    use crate::testing;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    proptest! {
        #[test]
        fn slots_follow_each_other_at_exactly_one_interval(
            random in any::<[u8; 16]>(), interval_s in 1_u32..200_000, at in 0_i64..4_000_000_000,
        ) {
            let slots = Slots { system: SystemId::from_random(random), interval_s };
            let first = slots.after(second(at));
            prop_assert!(first > second(at));
            let interval = SignedDuration::from_secs(i64::from(interval_s));
            prop_assert!(first.duration_since(second(at)) <= interval);
            prop_assert_eq!(slots.after(first).duration_since(first), interval);
        }
    }

    #[test]
    fn systems_spread_over_the_interval() {
        let slot = |n: u8| {
            let slots = Slots { system: SystemId::from_random([n; 16]), interval_s: 3600 };
            slots.after(second(0)).as_second() / 360
        };
        let tenths: std::collections::BTreeSet<i64> = (0..100).map(slot).collect();
        assert!(tenths.len() >= 9, "{tenths:?}");
    }

    fn due(state: &State, enrolled: bool, now: Timestamp) -> Vec<(Timestamp, Due)> {
        let contract = testing::contract();
        let promise = Wish::default().promise(&contract);
        plan(state, enrolled, SystemId::from_random([1; 16]), &contract, promise, now)
    }

    #[test]
    fn the_enrollment_comes_first_then_a_system_report_at_once_then_heartbeats_in_their_slots() {
        let now = second(1_780_000_000);
        assert_eq!(due(&State::default(), false, now), [(now, Due::Enrollment)]);
        let enrolled = State { last_heartbeat: Some(now), ..State::default() };
        let planned = due(&enrolled, true, now);
        assert_eq!(planned[0], (now, Due::System));
        assert!(planned[1].0 > now && planned[1].1 == Due::Heartbeat);
    }

    #[test]
    fn ten_missed_slots_make_one_heartbeat_due_and_a_clock_set_back_makes_none_wait_for_long() {
        let slots = Slots { system: SystemId::from_random([1; 16]), interval_s: 3600 };
        let last = slots.after(second(1_780_000_000));
        let said = |at| State { last_heartbeat: Some(at), last_system: Some(at), ..State::default() };
        let later = last + SignedDuration::from_hours(10);
        assert_eq!(due(&said(last), true, later)[1], (slots.after(last), Due::Heartbeat));
        assert_eq!(due(&said(later), true, later)[1].0, slots.after(later));
        let back = last - SignedDuration::from_hours(10);
        let mut state = said(last);
        state.rebase(back);
        assert_eq!(due(&state, true, back)[1].0, slots.after(back));
        assert_eq!(due(&state, true, slots.after(back))[1].0, slots.after(back), "it comes due");
    }

    #[test]
    fn a_renewal_is_seen_by_a_heartbeat_at_once_and_then_by_all_in_their_slots() {
        let now = second(1_780_000_000);
        let said = |revision| State {
            last_heartbeat: Some(now),
            last_system: Some(now),
            under_revision: revision,
            ..State::default()
        };
        let in_force = testing::contract().revision;
        assert_eq!(due(&said(Some(in_force + 1)), true, now)[1], (now, Due::Heartbeat));
        assert!(due(&said(Some(in_force)), true, now)[1].0 > now);
        assert!(due(&said(None), true, now)[1].0 > now, "an older agent did not write it down");
    }

    #[test]
    fn the_last_heartbeat_before_the_end_says_the_end_and_nothing_follows() {
        let end = permission::end(&testing::contract()).unwrap();
        let now = end - SignedDuration::from_mins(30);
        let said = State {
            last_heartbeat: Some(end - SignedDuration::from_hours(2)),
            last_system: Some(now),
            ..State::default()
        };
        assert_eq!(due(&said, true, now)[1].1, Due::ContractEnd);
        let said = State { end_said: Some(1), end_said_of: Some(testing::contract().number), ..said };
        assert_eq!(due(&said, true, now), []);
        let before = State { end_said_of: None, ..said.clone() };
        assert_eq!(due(&before, true, now), [], "an older agent did not write down which contract it was");
        let other = State { end_said_of: Some("ACME-2025-007".parse().unwrap()), ..said };
        assert_eq!(due(&other, true, now)[1].1, Due::ContractEnd, "it was the end of another contract");
    }

    #[test]
    fn maintenance_ends_when_it_was_said_to_before_anything_else_that_is_due_then() {
        let now = second(1_780_000_000);
        let maintenance = Some(Window { since: now, until: now, reason: String::new() });
        let said = State { last_heartbeat: Some(now), maintenance, ..State::default() };
        assert_eq!(due(&said, true, now)[..2], [(now, Due::MaintenanceEnd), (now, Due::System)]);
    }

    #[test]
    fn a_wish_below_the_contracts_minimum_is_raised_and_said() {
        let wish = Wish { heartbeat_interval_s: Some(1), system_interval_s: None };
        let contract = testing::contract();
        assert_eq!(wish.promise(&contract).heartbeat_interval_s, 60);
        assert_eq!(
            wish.clamped(&contract),
            ["heartbeat_interval_s = 1 is outside what contract ACME-2026-001 allows; 60 is used"]
        );
    }

    #[test]
    fn nobody_sleeps_longer_than_five_minutes_or_past_the_due_time() {
        assert_eq!(sleep_until(second(7_200), second(0)).as_secs(), 300);
        assert_eq!(sleep_until(second(7), second(0)).as_secs(), 7);
        assert_eq!(sleep_until(second(0), second(9)).as_secs(), 0);
    }
}
