//! A wall clock that somebody sets: noticed by the time the program runs, which nobody can set. Pure.
//!
//! What was planned by a clock that was ahead is planned too late, and what is forgotten by one is gone. Whether a clock that leapt
//! forward is right now or was right before is not known; for an hour nothing is forgotten by it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Leaping forward by more than this is no drift.
const LEAP: SignedDuration = SignedDuration::from_hours(1);
/// A clock that leapt is believed again when it went on steadily for so long.
const PROBATION: Duration = Duration::from_secs(3600);

/// What was seen of both clocks.
#[derive(Debug, Default)]
pub(super) struct SetClock {
    /// The last look: the wall clock, and how long the program had run.
    last: Option<(Timestamp, Duration)>,
    /// When it is believed again, by the time the program runs.
    believed_from: Duration,
}

impl SetClock {
    /// Looks at both clocks. True where the wall clock went back since the last look.
    pub(super) fn look(&mut self, now: Timestamp, running: Duration) -> bool {
        let Some((before, ran)) = self.last.replace((now, running)) else { return false };
        let really = SignedDuration::try_from(running.saturating_sub(ran)).unwrap_or(SignedDuration::MAX);
        if now.duration_since(before).saturating_sub(really) > LEAP {
            self.believed_from = running.saturating_add(PROBATION);
        }
        now < before
    }

    /// Whether the wall clock is believed so far that what seems old is forgotten.
    pub(super) fn is_believed(&self, running: Duration) -> bool {
        running >= self.believed_from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn after(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_clock_that_goes_with_the_time_is_believed_however_seldom_it_is_looked_at() {
        let mut clock = SetClock::default();
        for (wall, ran) in [(0, 0), (1, 1), (90_000, 90_000), (93_600, 90_001), (93_602, 90_003)] {
            assert!(!clock.look(at(wall), after(ran)));
            assert!(clock.is_believed(after(ran)), "an hour may be a drift: {wall}");
        }
    }

    #[test]
    fn a_clock_that_leapt_forward_is_believed_when_it_went_on_for_an_hour() {
        let mut clock = SetClock::default();
        clock.look(at(0), after(10));
        assert!(!clock.look(at(3602), after(11)));
        assert!(!clock.is_believed(after(11)));
        clock.look(at(7200), after(3609));
        assert!(!clock.is_believed(after(3610)));
        assert!(clock.is_believed(after(3611)));
    }

    #[test]
    fn a_clock_that_goes_back_is_noticed_once() {
        let mut clock = SetClock::default();
        clock.look(at(100), after(1));
        assert!(clock.look(at(99), after(2)));
        assert!(!clock.look(at(99), after(3)));
    }
}
