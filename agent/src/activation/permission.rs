//! Whether anything may be said now. Pure: the contract, the time, and what is known about the clock.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::contract::Contract;
use mailbeat_shared::wire::report::Kind;

/// How far vendor's and customer's clocks may differ before a contract counts as not valid yet.
const SKEW: SignedDuration = SignedDuration::from_mins(10);
/// How far a clock may go back (a correction by NTP) without a word.
const CORRECTION: SignedDuration = SignedDuration::from_mins(5);
/// How long after the end the spool may still be emptied.
const DRAIN: SignedDuration = SignedDuration::from_hours(24);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What the contract permits now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Everything.
    Granted,
    /// The contract has ended; until the grace is over only heartbeats go on.
    HeartbeatsOnly {
        /// When the grace is over.
        until: Timestamp,
    },
    /// It is over. What is in the spool may still be sent until `drain_until`.
    Ended {
        /// When the spool must be silent too.
        drain_until: Timestamp,
    },
    /// It has not begun.
    NotYetValid {
        /// When it begins.
        from: Timestamp,
    },
    /// The clock cannot be right, so nothing is concluded from it.
    ClockNotSet {
        /// What contradicts it, a sentence.
        why: String,
    },
}

impl Permission {
    /// Whether a report of this kind may be composed.
    #[must_use]
    pub fn allows(&self, kind: Kind) -> bool {
        match self {
            Self::Granted => true,
            // A new life has to enroll before its heartbeats mean anything.
            Self::HeartbeatsOnly { .. } => matches!(kind, Kind::Heartbeat | Kind::Notice | Kind::Enrollment),
            Self::Ended { .. } | Self::NotYetValid { .. } | Self::ClockNotSet { .. } => false,
        }
    }

    /// Whether what is in the spool may be sent.
    #[must_use]
    pub fn may_send(&self, now: Timestamp) -> bool {
        match self {
            Self::Granted | Self::HeartbeatsOnly { .. } => true,
            Self::Ended { drain_until } => now < *drain_until,
            Self::NotYetValid { .. } | Self::ClockNotSet { .. } => false,
        }
    }

    /// Why not everything is permitted, for people.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Granted => None,
            Self::HeartbeatsOnly { until } => {
                Some(format!("the contract has ended; only heartbeats go on, until {until}"))
            }
            Self::Ended { .. } => Some(
                "the contract has ended and nothing is sent; ask the vendor for a renewal and activate it"
                    .into(),
            ),
            Self::NotYetValid { from } => Some(format!("the contract is not valid before {from}")),
            Self::ClockNotSet { why } => {
                Some(format!("the clock is not set: {why}; nothing is sent until it is right"))
            }
        }
    }
}

/// What the contract permits at `now`. `build_time` is when this program was made, `last_seen` the latest time it
/// wrote down: a clock behind either is wrong.
#[must_use]
pub fn permission(
    contract: &Contract,
    now: Timestamp,
    build_time: Timestamp,
    last_seen: Option<Timestamp>,
) -> Permission {
    let behind = |what: &str, at: Timestamp| Permission::ClockNotSet {
        why: format!("it says {now}, which is before {what} ({at})"),
    };
    if now < build_time {
        return behind("this program was made", build_time);
    }
    if now + SKEW < contract.issued_at {
        return behind("the contract was issued", contract.issued_at);
    }
    if let Some(last_seen) = last_seen.filter(|last_seen| now + CORRECTION < *last_seen) {
        return behind("the time it last said", last_seen);
    }
    if now + SKEW < contract.valid_from {
        return Permission::NotYetValid { from: contract.valid_from };
    }
    let (Some(until), Some(end)) = (contract.valid_until, end(contract)) else { return Permission::Granted };
    if now < until {
        Permission::Granted
    } else if now < end {
        Permission::HeartbeatsOnly { until: end }
    } else {
        Permission::Ended { drain_until: later(end, DRAIN) }
    }
}

/// When nothing is said any more: the contract's end plus its grace.
#[must_use]
pub fn end(contract: &Contract) -> Option<Timestamp> {
    Some(later(contract.valid_until?, DAY * i32::try_from(contract.grace_days).unwrap_or(i32::MAX)))
}

/// `at + by`, at most the end of time.
fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Whole days until the contract's end, once they are worth counting down (60).
#[must_use]
pub fn countdown_days(contract: &Contract, now: Timestamp) -> Option<i64> {
    let left = contract.valid_until?.duration_since(now).as_hours() / 24;
    (left < 60).then_some(left.max(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn allowed(now: &str, last_seen: Option<&str>) -> Permission {
        permission(&testing::contract(), at(now), at("2026-01-01T00:00:00Z"), last_seen.map(at))
    }

    /// The contract is issued and valid from 2026-01-01T12:00Z, ends 2027-01-01T00:00Z, grace 14 days.
    #[test]
    fn the_table_of_permissions() {
        let over = Permission::Ended { drain_until: at("2027-01-16T00:00:00Z") };
        let grace = Permission::HeartbeatsOnly { until: at("2027-01-15T00:00:00Z") };
        assert_eq!(allowed("2026-01-01T12:00:00Z", None), Permission::Granted);
        assert_eq!(allowed("2026-01-01T11:55:00Z", None), Permission::Granted);
        assert_eq!(allowed("2026-12-31T23:59:59Z", None), Permission::Granted);
        assert_eq!(allowed("2027-01-01T00:00:00Z", None), grace);
        assert_eq!(allowed("2027-01-14T23:59:59Z", None), grace);
        assert_eq!(allowed("2027-01-15T00:00:00Z", None), over);
        assert!(over.may_send(at("2027-01-15T23:59:59Z")) && !over.may_send(at("2027-01-16T00:00:00Z")));
        assert!(
            grace.allows(Kind::Heartbeat) && !grace.allows(Kind::System) && !over.allows(Kind::Heartbeat)
        );
    }

    #[test]
    fn a_clock_that_cannot_be_right_is_waited_for_and_expires_nothing() {
        for (now, last_seen, named) in [
            ("1970-01-01T00:00:10Z", None, "this program was made"),
            ("2026-01-01T00:10:00Z", None, "the contract was issued"),
            ("2026-06-01T00:00:00Z", Some("2026-06-01T00:06:00Z"), "the time it last said"),
        ] {
            let Permission::ClockNotSet { why } = allowed(now, last_seen) else {
                panic!("{now} is believed")
            };
            assert!(why.contains(named), "{why}");
        }
        assert_eq!(allowed("2026-06-01T00:00:00Z", Some("2026-06-01T00:04:00Z")), Permission::Granted);
    }

    #[test]
    fn a_contract_that_begins_later_is_not_valid_yet() {
        let mut contract = testing::contract();
        contract.valid_from = at("2026-03-01T00:00:00Z");
        let judged = permission(&contract, at("2026-02-01T00:00:00Z"), at("2026-01-01T00:00:00Z"), None);
        assert_eq!(judged, Permission::NotYetValid { from: contract.valid_from });
        assert!(!judged.may_send(at("2026-02-01T00:00:00Z")));
    }

    #[test]
    fn the_days_are_counted_down_from_sixty() {
        let contract = testing::contract();
        assert_eq!(countdown_days(&contract, at("2026-06-01T00:00:00Z")), None);
        assert_eq!(countdown_days(&contract, at("2026-12-30T12:00:00Z")), Some(1));
        assert_eq!(countdown_days(&contract, at("2027-01-05T00:00:00Z")), Some(0));
    }
}
