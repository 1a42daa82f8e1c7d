//! Which routes are left alone for a while. Pure.
//!
//! A server that asked for time gets it. A route that lets nobody in is left alone ever longer, however many reports wait: a
//! password that is wrong for one is wrong for all, and servers lock accounts over it. A route that failed while another one took
//! the mail is not tried again with the very next report: waiting for a dead server before every mail would cost minutes. After its
//! rest it is tried first again, so that mail returns to the preferred way by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use mailbeat_shared::transport::outcome::{ConnectionProblem, Failure, FailureKind};

use super::retry::LONGEST;

/// The routes that failed of late. Lost with the process, and then simply tried again.
#[derive(Clone, Debug, Default)]
pub struct Rests(BTreeMap<String, Rest>);

#[derive(Clone, Debug)]
struct Rest {
    failures: u32,
    until: Timestamp,
    cause: Cause,
    failure: Failure,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// Another route took the mail; where nothing else is left the route is tried all the same.
    Failed,
    /// It let nobody in: no report tries it before, unless a person wants it.
    Shut,
    /// The server asked for it: nobody tries it before.
    Asked,
}

/// Whether a failure befalls whatever report tries the route. A server that closes the connection may mean the one mail.
#[must_use]
pub fn lets_nobody_in(kind: FailureKind) -> bool {
    match kind {
        FailureKind::Authentication | FailureKind::Tls(_) => true,
        FailureKind::Connection(problem) => problem != ConnectionProblem::Closed,
        _ => false,
    }
}

impl Rests {
    /// A server asked to be left alone.
    pub fn asked(&mut self, route: &str, now: Timestamp, pause: Duration, failure: &Failure) {
        self.note(route, now, pause, Cause::Asked, failure);
    }

    /// A route let nobody in ([`lets_nobody_in`]).
    pub fn shut(&mut self, route: &str, now: Timestamp, pause: Duration, failure: &Failure) {
        self.note_unless_it_waits(route, now, pause, Cause::Shut, failure);
    }

    /// A route failed, and another one took the mail.
    pub fn failed(&mut self, route: &str, now: Timestamp, pause: Duration, failure: &Failure) {
        self.note_unless_it_waits(route, now, pause, Cause::Failed, failure);
    }

    /// A person wants an attempt now: routes that let nobody in may be tried at once, and are left alone for longer if they still
    /// do not. Whether there are any.
    pub fn knock(&mut self, now: Timestamp) -> bool {
        let mut any = false;
        for rest in self.0.values_mut().filter(|rest| rest.cause == Cause::Shut && now < rest.until) {
            (rest.until, any) = (now, true);
        }
        any
    }

    /// What was asked for is not shortened.
    fn note_unless_it_waits(
        &mut self,
        route: &str,
        now: Timestamp,
        pause: Duration,
        cause: Cause,
        failure: &Failure,
    ) {
        if self.must_wait(route, now).is_none() {
            self.note(route, now, pause, cause, failure);
        }
    }

    fn note(&mut self, route: &str, now: Timestamp, pause: Duration, cause: Cause, failure: &Failure) {
        let failures = self.failures(route) + 1;
        let until = now.checked_add(pause).unwrap_or(now);
        self.0.insert(route.to_owned(), Rest { failures, until, cause, failure: failure.clone() });
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

    /// Until when a route must not be tried, because its server asked for that or lets nobody in.
    #[must_use]
    pub fn must_wait(&self, route: &str, now: Timestamp) -> Option<Timestamp> {
        let rest = self.0.get(route).filter(|rest| rest.cause != Cause::Failed && now < rest.until);
        rest.map(|rest| rest.until)
    }

    /// Why a route rests or rested last.
    #[must_use]
    pub fn why(&self, route: &str) -> Option<&Failure> {
        self.0.get(route).map(|rest| &rest.failure)
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

    fn said(text: &str) -> Failure {
        Failure::new(FailureKind::Temporary, text)
    }

    #[test]
    fn a_route_that_failed_goes_to_the_end_and_comes_back_first() {
        let mut rests = Rests::default();
        rests.failed("office", second(0), Duration::from_secs(30), &said("connection refused"));
        assert_eq!(rests.order(["office", "backup"], second(29)), ["backup", "office"]);
        assert_eq!(rests.order(["office", "backup"], second(30)), ["office", "backup"]);
        assert_eq!((rests.failures("office"), rests.why("office")), (1, Some(&said("connection refused"))));
        rests.worked("office");
        assert_eq!((rests.failures("office"), rests.why("office")), (0, None));
    }

    #[test]
    fn a_server_that_asked_for_time_is_left_alone_even_when_nothing_else_is_left() {
        let mut rests = Rests::default();
        rests.asked("office", second(0), Duration::from_secs(60), &said("432"));
        rests.failed("office", second(1), Duration::from_secs(1), &said("x"));
        assert_eq!(rests.order(["office"], second(59)), Vec::<&str>::new());
        assert_eq!(rests.must_wait("office", second(59)), Some(second(60)));
        assert_eq!(rests.order(["office"], second(60)), ["office"]);
    }

    #[test]
    fn a_route_that_lets_nobody_in_is_left_alone_until_its_pause_is_over_or_somebody_asks() {
        let mut rests = Rests::default();
        rests.shut("office", second(0), Duration::from_secs(60), &said("535"));
        assert_eq!(rests.order(["office", "backup"], second(59)), ["backup"]);
        assert_eq!(rests.must_wait("office", second(59)), Some(second(60)));
        assert_eq!(rests.order(["office", "backup"], second(60)), ["office", "backup"]);

        rests.shut("office", second(60), Duration::from_secs(120), &said("535"));
        assert!(rests.knock(second(70)));
        assert_eq!(rests.order(["office"], second(70)), ["office"]);
        assert_eq!(rests.failures("office"), 2, "what was asked for once makes the next pause no shorter");
        assert!(!rests.knock(second(70)), "nobody waits any more");
        rests.worked("office");
        assert_eq!(rests.failures("office"), 0);
    }

    #[test]
    fn nobody_who_asks_shortens_the_time_that_a_server_asked_for() {
        let mut rests = Rests::default();
        rests.asked("office", second(0), Duration::from_secs(60), &said("432"));
        rests.shut("office", second(1), Duration::from_secs(1), &said("535"));
        assert!(!rests.knock(second(2)));
        assert_eq!(rests.must_wait("office", second(2)), Some(second(60)));
    }

    #[test]
    fn a_wrong_password_or_a_server_that_is_not_there_befalls_every_report_and_a_greylisting_one() {
        use FailureKind::{Authentication, Connection, Permanent, Temporary, Throttled};
        let shut =
            [Authentication, Connection(ConnectionProblem::Refused), Connection(ConnectionProblem::TimedOut)];
        assert!(shut.into_iter().all(lets_nobody_in));
        let open = [
            Temporary,
            Permanent,
            Throttled { seconds: 60 },
            FailureKind::MailboxFull,
            FailureKind::Settings,
            Connection(ConnectionProblem::Closed),
        ];
        assert!(!open.into_iter().any(lets_nobody_in));
    }

    #[test]
    fn a_clock_that_went_back_ends_what_would_last_for_years() {
        let mut rests = Rests::default();
        rests.asked("office", second(1_000_000), Duration::from_secs(60), &said("432"));
        rests.rebase(second(0));
        assert_eq!(rests.order(["office"], second(0)), ["office"]);
    }
}
