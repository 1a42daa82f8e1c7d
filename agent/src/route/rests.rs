//! Which routes are left alone for a while. Pure.
//!
//! A server that asked for time gets it. A route that failed while another one took the mail is not tried again with the very
//! next report: waiting for a dead server before every mail would cost minutes. After its rest it is tried first again, so that
//! mail returns to the preferred way by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::retry::LONGEST;

/// The routes that failed of late. Lost with the process, and then simply tried again.
#[derive(Clone, Debug, Default)]
pub struct Rests(BTreeMap<String, Rest>);

#[derive(Clone, Debug)]
struct Rest {
    failures: u32,
    until: Timestamp,
    /// The server asked for it; until then the route is not even tried when nothing else is left.
    asked: bool,
    why: String,
}

impl Rests {
    /// A server asked to be left alone.
    pub fn asked(&mut self, route: &str, now: Timestamp, pause: Duration, why: &str) {
        self.note(route, now, pause, true, why);
    }

    /// A route failed, and another one took the mail.
    pub fn failed(&mut self, route: &str, now: Timestamp, pause: Duration, why: &str) {
        // What was asked for is not shortened.
        if self.must_wait(route, now).is_none() {
            self.note(route, now, pause, false, why);
        }
    }

    fn note(&mut self, route: &str, now: Timestamp, pause: Duration, asked: bool, why: &str) {
        let failures = self.failures(route) + 1;
        let until = now.checked_add(pause).unwrap_or(now);
        self.0.insert(route.to_owned(), Rest { failures, until, asked, why: why.to_owned() });
    }

    /// A route took a mail.
    pub fn worked(&mut self, route: &str) {
        self.0.remove(route);
    }

    /// Every rest is over: something changed.
    pub fn end(&mut self) {
        self.0.clear();
    }

    /// How often in a row it failed.
    #[must_use]
    pub fn failures(&self, route: &str) -> u32 {
        self.0.get(route).map_or(0, |rest| rest.failures)
    }

    /// Until when a route must not be tried, if its server asked for that.
    #[must_use]
    pub fn must_wait(&self, route: &str, now: Timestamp) -> Option<Timestamp> {
        self.0.get(route).filter(|rest| rest.asked && now < rest.until).map(|rest| rest.until)
    }

    /// Why a route rests or rested last.
    #[must_use]
    pub fn why(&self, route: &str) -> Option<&str> {
        self.0.get(route).map(|rest| rest.why.as_str())
    }

    /// The routes in the order in which they are tried: the configured order, with those that rest at the end and without
    /// those that must wait.
    #[must_use]
    pub fn order<'a>(&self, routes: impl IntoIterator<Item = &'a str>, now: Timestamp) -> Vec<&'a str> {
        let awake = |route: &&str| self.0.get(*route).is_none_or(|rest| rest.until <= now);
        let (mut first, resting): (Vec<_>, Vec<_>) = routes.into_iter().partition(awake);
        first.extend(resting.into_iter().filter(|route| self.must_wait(route, now).is_none()));
        first
    }

    /// After the clock went back, rests that would last too long end.
    pub fn rebase(&mut self, now: Timestamp) {
        let longest = now.checked_add(LONGEST).unwrap_or(Timestamp::MAX);
        self.0.values_mut().filter(|rest| rest.until > longest).for_each(|rest| rest.until = now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_route_that_failed_goes_to_the_end_and_comes_back_first() {
        let mut rests = Rests::default();
        rests.failed("office", second(0), Duration::from_secs(30), "connection refused");
        assert_eq!(rests.order(["office", "backup"], second(29)), ["backup", "office"]);
        assert_eq!(rests.order(["office", "backup"], second(30)), ["office", "backup"]);
        assert_eq!((rests.failures("office"), rests.why("office")), (1, Some("connection refused")));
        rests.worked("office");
        assert_eq!((rests.failures("office"), rests.why("office")), (0, None));
    }

    #[test]
    fn a_server_that_asked_for_time_is_left_alone_even_when_nothing_else_is_left() {
        let mut rests = Rests::default();
        rests.asked("office", second(0), Duration::from_secs(60), "432");
        rests.failed("office", second(1), Duration::from_secs(1), "x");
        assert_eq!(rests.order(["office"], second(59)), Vec::<&str>::new());
        assert_eq!(rests.must_wait("office", second(59)), Some(second(60)));
        assert_eq!(rests.order(["office"], second(60)), ["office"]);
    }

    #[test]
    fn a_clock_that_went_back_ends_what_would_last_for_years() {
        let mut rests = Rests::default();
        rests.asked("office", second(1_000_000), Duration::from_secs(60), "432");
        rests.rebase(second(0));
        assert_eq!(rests.order(["office"], second(0)), ["office"]);
    }
}
