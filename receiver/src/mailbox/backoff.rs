//! How long to wait before a mailbox that failed is tried again.

use std::time::Duration;

use super::{ErrorKind, MailboxError};

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);
/// A server that refuses a password locks accounts out when it is asked too often.
const LONGEST_AFTER_LOGIN: Duration = Duration::from_secs(900);
const FIRST_AFTER_LOGIN: Duration = Duration::from_secs(30);

/// The wait after the `failures`-th failure in a row (from 1): doubled each time up to 5 minutes (15 after a refused
/// login), of which `jitter`, between 0 and 1, decides the upper half; never less than the server asked for.
#[must_use]
pub fn backoff(error: &MailboxError, failures: u32, jitter: f64) -> Duration {
    let (first, longest) = match error.kind {
        ErrorKind::Authentication => (FIRST_AFTER_LOGIN, LONGEST_AFTER_LOGIN),
        _ => (FIRST, LONGEST),
    };
    let doubled = first.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(longest);
    let jitter = if jitter.is_nan() { 0.0 } else { jitter.clamp(0.0, 1.0) };
    let wait = doubled.mul_f64(0.5 + jitter / 2.0);
    match error.kind {
        ErrorKind::Throttled(asked) => wait.max(asked.min(Duration::from_secs(3_600))),
        _ => wait,
    }
}

/// Failures in a row after one more. A connection that brought us further was none: who waits longer after each such would
/// never come to the end of a large mailbox on a bad line.
#[must_use]
pub fn failures_after(before: u32, came_further: bool) -> u32 {
    if came_further { 1 } else { before.saturating_add(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(kind: ErrorKind, failures: u32, jitter: f64) -> u64 {
        backoff(&MailboxError::new(kind, "x"), failures, jitter).as_secs()
    }

    #[test]
    fn the_wait_doubles_up_to_five_minutes_and_jitter_takes_at_most_half_of_it() {
        let waits: Vec<u64> = [1, 2, 3, 8, 9, 1_000_000].map(|n| after(ErrorKind::Protocol, n, 1.0)).into();
        assert_eq!(waits, [1, 2, 4, 128, 256, 300]);
        assert_eq!(after(ErrorKind::Protocol, 9, 0.0), 128);
        assert_eq!(after(ErrorKind::Protocol, 9, f64::NAN), 128);
    }

    #[test]
    fn connections_that_each_come_further_are_not_waited_for_ever_longer() {
        assert_eq!([0, 1, 7].map(|before| failures_after(before, true)), [1, 1, 1]);
        assert_eq!([0, 1, 7].map(|before| failures_after(before, false)), [1, 2, 8]);
    }

    #[test]
    fn a_server_that_asked_for_time_gets_it_and_a_refused_login_is_not_hammered() {
        assert_eq!(after(ErrorKind::Throttled(Duration::from_secs(500)), 1, 0.5), 500);
        assert_eq!(after(ErrorKind::Throttled(Duration::from_secs(u64::MAX)), 1, 0.5), 3_600);
        assert_eq!(after(ErrorKind::Authentication, 1, 1.0), 30);
        assert_eq!(after(ErrorKind::Authentication, 50, 1.0), 900);
    }
}
