//! When a notification is tried again. Pure.
//!
//! Somebody waits for these mails: the first retries come soon, later ones at least every hour. Only what is said of the recipient is
//! given up, so that the next contact hears of it in time: a refusal at once, a server that puts them off after three days. What
//! would befall whoever is written to (a sender that is refused, a password that is wrong) is tried until it is mended.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::transport::outcome::{FailureKind, Outcome};

const FIRST_WAIT: SignedDuration = SignedDuration::from_mins(1);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(3 * 24);

/// What follows from an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// It was sent.
    Done,
    /// Try again, not before this.
    RetryAt(Timestamp),
    /// It will not be sent to this recipient: tell the next contact and open a ticket about the receiver.
    GiveUp {
        /// Why, with the server's words.
        reason: String,
    },
}

/// What to do after an attempt that ended at `now` with `outcome`. `attempts` counts this one too.
#[must_use]
pub fn next(outcome: &Outcome, attempts: u32, first_tried_at: Timestamp, now: Timestamp) -> Next {
    let failure = match outcome {
        Outcome::Sent { .. } => return Next::Done,
        Outcome::Refused(failure) if failure.recipient => {
            return Next::GiveUp { reason: failure.to_string() };
        }
        // Whoever has not emptied their mailbox will not read this one in time.
        Outcome::Deferred(failure) if failure.recipient && failure.kind == FailureKind::MailboxFull => {
            return Next::GiveUp { reason: failure.to_string() };
        }
        Outcome::Refused(failure) | Outcome::Deferred(failure) | Outcome::Unknown(failure) => failure,
    };
    if failure.recipient && now.duration_since(first_tried_at) >= GIVE_UP_AFTER {
        let reason = format!("tried {attempts} times in 3 days, last: {failure}");
        return Next::GiveUp { reason };
    }
    // A server that asked for more time gets it.
    let asked = failure.pause().and_then(|pause| SignedDuration::try_from(pause).ok()).unwrap_or_default();
    Next::RetryAt(now.saturating_add(wait(attempts).max(asked)).unwrap_or(now))
}

/// 1, 2, 4, ... minutes, at most an hour.
fn wait(attempts: u32) -> SignedDuration {
    let doublings = attempts.saturating_sub(1).min(6);
    (FIRST_WAIT * 2_i32.pow(doublings)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailbeat_shared::transport::outcome::{Failure, FailureKind};

    fn busy() -> Outcome {
        Outcome::Deferred(Failure::new(FailureKind::Temporary, "450 4.2.1 try later").of_recipient())
    }

    fn start() -> Timestamp {
        "2026-11-22T08:00:00Z".parse().unwrap()
    }

    #[test]
    fn what_was_sent_is_done_and_what_was_refused_is_given_up_at_once_with_the_servers_words() {
        assert_eq!(next(&Outcome::Sent { reply: "250".into() }, 1, start(), start()), Next::Done);
        let unknown = Failure::new(FailureKind::Permanent, "550 5.1.1 unknown user");
        let refused = Outcome::Refused(unknown.of_recipient());
        let Next::GiveUp { reason } = next(&refused, 1, start(), start()) else { panic!("not given up") };
        assert!(reason.contains("550 5.1.1 unknown user"), "{reason}");
    }

    #[test]
    fn a_person_whose_mailbox_is_full_is_not_waited_for() {
        let full = Failure::new(FailureKind::MailboxFull, "552 5.2.2 over quota");
        let ours = next(&Outcome::Deferred(full.clone()), 1, start(), start());
        assert!(matches!(ours, Next::RetryAt(_)), "our own is full: {ours:?}");
        let full = Outcome::Deferred(full.of_recipient());
        let Next::GiveUp { reason } = next(&full, 1, start(), start()) else { panic!("not given up") };
        assert!(reason.contains("552 5.2.2 over quota"), "{reason}");
    }

    #[test]
    fn a_server_that_never_takes_it_is_asked_sooner_first_then_hourly_and_for_three_days() {
        let (mut now, mut attempts, mut waits) = (start(), 0, Vec::new());
        let reason = loop {
            attempts += 1;
            match next(&busy(), attempts, start(), now) {
                Next::RetryAt(at) => {
                    waits.push(at.duration_since(now).as_mins());
                    now = at;
                }
                Next::GiveUp { reason } => break reason,
                Next::Done => panic!("it was not sent"),
            }
        };
        assert_eq!(waits[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(now.duration_since(start()).as_hours(), 72);
        assert!(reason.starts_with("tried 78 times in 3 days, last: temporary failure: 450"), "{reason}");
    }

    #[test]
    fn what_would_befall_whoever_is_written_to_is_tried_hourly_until_it_is_mended() {
        let long_after = start() + SignedDuration::from_hours(24 * 30);
        for ours in [
            Outcome::Refused(Failure::new(FailureKind::Permanent, "550 5.7.1 sender refused")),
            Outcome::Refused(Failure::new(FailureKind::TooLarge, "552 5.3.4 too big")),
            Outcome::Deferred(Failure::new(FailureKind::Authentication, "535 5.7.8 bad password")),
        ] {
            assert_eq!(next(&ours, 1, start(), start()), Next::RetryAt(start() + FIRST_WAIT), "{ours}");
            let later = next(&ours, 900, start(), long_after);
            assert_eq!(later, Next::RetryAt(long_after + LONGEST_WAIT), "{ours}");
        }
    }

    #[test]
    fn an_unknown_outcome_is_tried_again_because_twice_is_better_than_lost() {
        let unknown = Outcome::Unknown(Failure::new(FailureKind::Temporary, "no verdict"));
        assert_eq!(
            next(&unknown, 1, start(), start()),
            Next::RetryAt("2026-11-22T08:01:00Z".parse().unwrap())
        );
    }

    #[test]
    fn a_server_that_asks_for_time_gets_it() {
        let throttled = Failure::new(FailureKind::Throttled { seconds: 600 }, "432 4.3.2 slow down");
        assert_eq!(
            next(&Outcome::Deferred(throttled), 1, start(), start()),
            Next::RetryAt(start() + SignedDuration::from_mins(10))
        );
    }

    #[test]
    fn absurd_counters_and_a_clock_set_back_only_mean_waiting() {
        let yesterday = start() - SignedDuration::from_hours(24);
        assert_eq!(next(&busy(), u32::MAX, start(), yesterday), Next::RetryAt(yesterday + LONGEST_WAIT));
        assert_eq!(next(&busy(), 0, start(), start()), Next::RetryAt(start() + FIRST_WAIT));
    }
}
