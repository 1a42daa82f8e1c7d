//! Whether our own clock can be believed, told by mails that came while their mailbox was read all the time.
//!
//! A mail's INTERNALDATE is the mail server's time, the time we take it up is ours. Where a mailbox is read round after round a new
//! mail waits for a round at most; if even the promptest of the last few seems to have waited for hours, our clock is ahead of
//! the server's. Believed as it is, it would make every system look silent. Pure.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// How many waits are remembered.
const REMEMBERED: usize = 3;
/// What a mail server may need to show a mail that it has.
const TRAVEL: SignedDuration = SignedDuration::from_mins(2);

/// How long the last mails of a mailbox seem to have waited for us.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promptness {
    /// Microseconds, oldest first.
    waits_us: Vec<i64>,
}

impl Promptness {
    /// Takes in mails read together: by our clock their folder was read to its end `since_drained` before, and they seem to
    /// have waited so long. `usual` is the time between two rounds when all is well.
    #[must_use]
    pub fn after(
        mut self,
        since_drained: Option<SignedDuration>,
        waits: &[SignedDuration],
        usual: SignedDuration,
    ) -> Self {
        // What came while we were deaf waited for us; and a clock that was set looks like deafness.
        let was_read = |since: SignedDuration| !since.is_negative() && since <= rounds(usual);
        if !since_drained.is_some_and(was_read) {
            return Self::default();
        }
        self.waits_us.extend(waits.iter().map(|wait| i64::try_from(wait.as_micros()).unwrap_or(i64::MAX)));
        self.waits_us.drain(..self.waits_us.len().saturating_sub(REMEMBERED));
        self
    }

    /// How far our clock is ahead of the mailbox's; zero where mails are read as promptly as they should.
    #[must_use]
    pub fn ahead(&self, usual: SignedDuration) -> SignedDuration {
        let least = self.waits_us.iter().copied().min().map(SignedDuration::from_micros);
        least.filter(|wait| is_too_long(*wait, usual)).unwrap_or(SignedDuration::ZERO)
    }
}

/// Whether no mail that is read as it comes seems to have waited so long: nobody read it, or our clock is ahead.
#[must_use]
pub fn is_too_long(wait: SignedDuration, usual: SignedDuration) -> bool {
    wait > rounds(usual).saturating_add(TRAVEL)
}

fn rounds(usual: SignedDuration) -> SignedDuration {
    usual.checked_mul(3).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: SignedDuration = SignedDuration::from_mins(1);
    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    /// Each mail comes alone, in a round a minute after the one before.
    fn after(waits: &[SignedDuration]) -> SignedDuration {
        let one = |known: Promptness, wait: &SignedDuration| known.after(Some(MINUTE), &[*wait], MINUTE);
        waits.iter().fold(Promptness::default(), one).ahead(MINUTE)
    }

    #[test]
    fn where_every_mail_seems_to_have_waited_for_hours_our_clock_is_ahead() {
        assert_eq!(after(&[]), SignedDuration::ZERO);
        assert_eq!(after(&[HOUR * 3]), HOUR * 3);
        assert_eq!(after(&[HOUR * 3 + MINUTE, HOUR * 3, HOUR * 4]), HOUR * 3);
        assert_eq!(after(&[MINUTE * 5]), SignedDuration::ZERO, "three rounds and the server's own time");
        assert_eq!(after(&[HOUR * -3]), SignedDuration::ZERO, "behind is harmless");
    }

    #[test]
    fn an_old_mail_that_somebody_moved_here_says_nothing_of_the_clock() {
        assert_eq!(after(&[MINUTE, HOUR * 90]), SignedDuration::ZERO);
        assert_eq!(after(&[HOUR * 90, MINUTE]), SignedDuration::ZERO);
    }

    #[test]
    fn mails_that_waited_while_nobody_read_say_nothing_and_what_was_known_is_doubted() {
        let known = Promptness::default().after(Some(MINUTE), &[HOUR * 3], MINUTE);
        for deaf in [None, Some(HOUR), Some(-MINUTE)] {
            assert_eq!(known.clone().after(deaf, &[HOUR * 3], MINUTE), Promptness::default());
        }
    }

    #[test]
    fn a_corrected_clock_is_believed_at_the_next_mail() {
        assert_eq!(after(&[HOUR * 3, HOUR * 3, MINUTE]), SignedDuration::ZERO);
        assert_eq!(
            after(&[MINUTE, HOUR * 3, HOUR * 3, HOUR * 3]),
            HOUR * 3,
            "and one that goes wrong after three"
        );
    }
}
