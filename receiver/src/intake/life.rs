//! When a system was alive, by a clock that may be wrong and mail that may be late.
//!
//! Life is dated at its origin: a heartbeat that waited four hours in a queue proves life four hours ago. The host's clock
//! is corrected by its skew: the least delay seen in the last reports of one *clock run*, the time in which the host
//! neither started anew nor had its clock set. Delays below two minutes are the mail's, not the clock's.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How many delays of a clock run are remembered.
const REMEMBERED: usize = 24;
/// Smaller differences are travel time.
const TRAVEL: SignedDuration = SignedDuration::from_secs(120);
/// A clock that differs from the time since boot by more than this was set.
const STEP_US: i64 = 60_000_000;

/// What is remembered of the host's clock between reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockRun {
    boot_id: String,
    /// When the host started, by its own clock; moves when the clock is set. Microseconds.
    started_us: i64,
    /// received_at - created_at of the newest reports, oldest first. Microseconds; negative where the clock is ahead.
    delays_us: Vec<i64>,
}

/// What a report says about time.
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// When it was made, by the host's clock.
    pub created_at: Timestamp,
    /// Seconds since the host started.
    pub uptime_s: u64,
    /// Names the run of the host.
    pub boot_id: &'a str,
    /// When the mailbox got it.
    pub receipt: Receipt,
}

/// When the system was alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// The time proven.
    pub life_at: Timestamp,
    /// How far the host's clock is behind ours; negative where it is ahead; zero within two minutes.
    pub skew: SignedDuration,
}

/// When a mail came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What the mailbox says: kept with what is set aside, for our own clock may be the wrong one.
    pub says: Timestamp,
    /// The same, and never later than now.
    pub at: Timestamp,
    /// The mailbox's clock is not ahead of ours. Where it is, one of them is wrong, and nothing can be learnt about a third.
    pub is_certain: bool,
}

impl Receipt {
    /// The receipt of a mail with this INTERNALDATE, read now.
    #[must_use]
    pub fn of(internal_date: Option<Timestamp>, now: Timestamp) -> Self {
        let says = internal_date.unwrap_or(now);
        Self { says, at: says.min(now), is_certain: says.duration_since(now) <= TRAVEL }
    }

    /// Of a mail set aside at `aside_at`: what was uncertain then stays so.
    #[must_use]
    pub fn set_aside(says: Timestamp, aside_at: Timestamp, now: Timestamp) -> Self {
        let then = Self::of(Some(says), aside_at);
        Self { is_certain: then.is_certain && says <= now, ..Self::earlier(says, now) }
    }

    /// Of a mail recorded or imported before: its time was looked at then.
    #[must_use]
    pub fn earlier(at: Timestamp, now: Timestamp) -> Self {
        Self { says: at, at: at.min(now), is_certain: at <= now }
    }
}

impl ClockRun {
    /// Dates the newest report of a branch and remembers its delay.
    pub fn date(&mut self, stamp: &Stamp<'_>) -> Life {
        if !stamp.receipt.is_certain {
            return self.date_past(stamp);
        }
        let started_us = started_us(stamp);
        if !self.holds(stamp) {
            *self = Self { boot_id: stamp.boot_id.to_owned(), ..Self::default() };
        }
        // Follows the last report, so that a drifting clock is not taken for one that was set.
        self.started_us = started_us;
        if self.delays_us.len() >= REMEMBERED {
            self.delays_us.remove(0);
        }
        self.delays_us.push(delay_us(stamp));
        self.life(stamp)
    }

    /// Dates a report older than its branch's newest: nothing is remembered of it. Where its clock run is over, its
    /// own time is all there is.
    #[must_use]
    pub fn date_past(&self, stamp: &Stamp<'_>) -> Life {
        if self.holds(stamp) { self.life(stamp) } else { Self::default().life(stamp) }
    }

    /// The run of the host that the newest report came from.
    #[must_use]
    pub fn boot_id(&self) -> &str {
        &self.boot_id
    }

    fn holds(&self, stamp: &Stamp<'_>) -> bool {
        self.boot_id == stamp.boot_id && self.started_us.saturating_sub(started_us(stamp)).abs() <= STEP_US
    }

    fn life(&self, stamp: &Stamp<'_>) -> Life {
        let least = self.delays_us.iter().copied().min().unwrap_or(0);
        let skew_us = if least.unsigned_abs() < TRAVEL.as_micros().unsigned_abs() as u64 { 0 } else { least };
        let life_us =
            stamp.created_at.as_microsecond().saturating_add(skew_us).min(stamp.receipt.at.as_microsecond());
        Life {
            life_at: Timestamp::from_microsecond(life_us).unwrap_or(stamp.receipt.at),
            skew: SignedDuration::from_micros(skew_us),
        }
    }
}

fn delay_us(stamp: &Stamp<'_>) -> i64 {
    stamp.receipt.at.as_microsecond().saturating_sub(stamp.created_at.as_microsecond())
}

fn started_us(stamp: &Stamp<'_>) -> i64 {
    let uptime_us = i64::try_from(stamp.uptime_s).unwrap_or(i64::MAX).saturating_mul(1_000_000);
    stamp.created_at.as_microsecond().saturating_sub(uptime_us)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    /// A report made at `made` true time by a host whose clock is `wrong` seconds off and that started at 0 true time.
    fn stamp(boot_id: &str, made: i64, wrong: i64, received: i64) -> Stamp<'_> {
        Stamp {
            created_at: at(made + wrong),
            uptime_s: u64::try_from(made).unwrap(),
            boot_id,
            receipt: Receipt { says: at(received), at: at(received), is_certain: true },
        }
    }

    /// A run of hourly reports that travel 5 s.
    fn hourly(wrong: i64, reports: i64) -> ClockRun {
        let mut run = ClockRun::default();
        for n in 1..=reports {
            run.date(&stamp("boot", n * HOUR, wrong, n * HOUR + 5));
        }
        run
    }

    #[test]
    fn a_heartbeat_four_hours_late_proves_life_four_hours_ago() {
        let life = hourly(0, 3).date(&stamp("boot", 4 * HOUR, 0, 8 * HOUR));
        assert_eq!(life, Life { life_at: at(4 * HOUR), skew: SignedDuration::ZERO });
    }

    #[test]
    fn a_clock_an_hour_behind_or_ahead_accuses_nobody_and_is_known() {
        for wrong in [-HOUR, HOUR] {
            let life = hourly(wrong, 3).date(&stamp("boot", 4 * HOUR, wrong, 4 * HOUR + 30));
            assert_eq!(life.skew, SignedDuration::from_secs(5 - wrong));
            assert_eq!(life.life_at, at(4 * HOUR + 5), "wrong by {wrong}");
            let late = hourly(wrong, 3).date(&stamp("boot", 4 * HOUR, wrong, 8 * HOUR));
            assert_eq!(late.life_at, at(4 * HOUR + 5), "a late report of a clock wrong by {wrong}");
        }
    }

    #[test]
    fn travel_below_two_minutes_is_not_taken_for_a_wrong_clock() {
        let life = ClockRun::default().date(&stamp("boot", HOUR, 0, HOUR + 119));
        assert_eq!(life, Life { life_at: at(HOUR), skew: SignedDuration::ZERO });
    }

    #[test]
    fn a_clock_set_back_right_in_mid_run_begins_a_run_of_its_own() {
        let life = hourly(HOUR, 20).date(&stamp("boot", 21 * HOUR, 0, 21 * HOUR + 5));
        assert_eq!(life, Life { life_at: at(21 * HOUR), skew: SignedDuration::ZERO });
    }

    #[test]
    fn a_restarted_host_is_judged_by_its_new_run_alone() {
        let mut run = hourly(-HOUR, 20);
        let life = run.date(&Stamp { uptime_s: 60, ..stamp("second boot", 21 * HOUR, 0, 21 * HOUR + 5) });
        assert_eq!(life.skew, SignedDuration::ZERO);
        assert_eq!(life.life_at, at(21 * HOUR));
    }

    #[test]
    fn nobody_lives_later_than_the_mail_came_and_nothing_overflows() {
        let life = ClockRun::default().date(&stamp("boot", HOUR, 60, HOUR));
        assert_eq!(life.life_at, at(HOUR));
        for created_at in [Timestamp::MIN, Timestamp::MAX] {
            let wild =
                Stamp { created_at, uptime_s: u64::MAX, boot_id: "x", receipt: Receipt::of(None, at(0)) };
            assert_eq!(ClockRun::default().date(&wild).life_at, at(0));
        }
    }

    #[test]
    fn a_report_of_an_earlier_run_is_dated_by_itself_and_teaches_nothing() {
        let run = hourly(0, 30);
        let before = run.clone();
        let life = run.date_past(&stamp("earlier boot", 2 * HOUR, 0, 30 * HOUR));
        assert_eq!(life.life_at, at(2 * HOUR));
        assert_eq!(run, before);
    }

    #[test]
    fn only_the_last_reports_are_remembered() {
        assert_eq!(hourly(0, 100).delays_us.len(), REMEMBERED);
    }

    #[test]
    fn a_mailbox_with_a_clock_ahead_is_believed_up_to_now_and_teaches_nothing_about_hosts() {
        assert_eq!(Receipt::of(Some(at(10)), at(5)), Receipt { says: at(10), at: at(5), is_certain: true });
        assert_eq!(Receipt::of(Some(at(3)), at(5)), Receipt { says: at(3), at: at(3), is_certain: true });
        assert_eq!(Receipt::of(None, at(5)), Receipt { says: at(5), at: at(5), is_certain: true });
        let (mut run, before) = (hourly(0, 3), hourly(0, 3));
        let receipt = Receipt::of(Some(at(4 * HOUR)), at(-6 * HOUR));
        let life = run.date(&Stamp { receipt, ..stamp("boot", 4 * HOUR, 0, 0) });
        assert_eq!(life, Life { life_at: at(-6 * HOUR), skew: SignedDuration::ZERO });
        assert_eq!(run, before);
    }

    #[test]
    fn a_delay_of_two_minutes_is_the_clocks_if_no_report_was_faster() {
        let life = ClockRun::default().date(&stamp("boot", HOUR, 0, HOUR + 120));
        assert_eq!(life, Life { life_at: at(HOUR + 120), skew: SignedDuration::from_secs(120) });
    }

    #[test]
    fn a_mail_that_was_looked_at_before_is_certain_unless_it_comes_from_the_future() {
        assert_eq!(Receipt::earlier(at(3), at(5)), Receipt { says: at(3), at: at(3), is_certain: true });
        assert_eq!(Receipt::earlier(at(5), at(5)), Receipt { says: at(5), at: at(5), is_certain: true });
        let uncertain = Receipt { says: at(HOUR), at: at(HOUR), is_certain: false };
        assert_eq!(Receipt::set_aside(at(HOUR), at(0), at(2 * HOUR)), uncertain);
        assert_eq!(
            Receipt::set_aside(at(1), at(0), at(5)),
            Receipt { says: at(1), at: at(1), is_certain: true }
        );
        assert_eq!(Receipt::earlier(at(6), at(5)), Receipt { says: at(6), at: at(5), is_certain: false });
    }

    #[test]
    fn a_run_is_known_by_the_hosts_name_for_it() {
        assert_eq!(hourly(0, 1).boot_id(), "boot");
    }
}
