//! Checks: beginning what is due, taking up what came to its end, and what a heartbeat says of them.
//!
//! A step never waits for a check: what runs is looked at again a second later, and a heartbeat takes the last verdicts.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::check::CheckResult;
use mailbeat_shared::wire::report::Kind;

use super::{Agent, Standing, StepError, later};
use crate::check::CheckConfig;
use crate::check::runner::Run;
use crate::item::{self, Item};
use crate::sense::{Found, guarded};
use crate::state::State;

/// How soon is looked again whether a check came to its end.
const LOOK: SignedDuration = SignedDuration::from_secs(1);

impl Agent {
    /// Takes up the checks that ended and begins those that are due; when there is something to do again.
    pub(super) fn check_due(&mut self, now: Timestamp) -> Result<Timestamp, StepError> {
        let allowed = self.permission(now).is_some_and(|permission| permission.allows(Kind::Heartbeat));
        let standing = self
            .standing
            .as_ref()
            .filter(|standing| allowed && self.begins_checks && self.may_check(standing));
        let Some(key) = standing.map(|standing| *standing.identity.fingerprint_key()) else {
            return Ok(Timestamp::MAX);
        };
        let mut changed = self.take_up(&key, Duration::ZERO, now);
        let room = self.config.checks_at_once.max(1).saturating_sub(self.running.len());
        for (_, name) in self.waiting_checks(now).into_iter().filter(|(at, _)| *at <= now).take(room) {
            self.begin_check(&name, now);
        }
        changed |= self.take_up(&key, Duration::ZERO, now);
        if changed {
            self.state.save(&self.home).map_err(self.failed())?;
        }
        let next = self.waiting_checks(now).first().map_or(Timestamp::MAX, |(at, _)| *at);
        Ok(if self.running.is_empty() { next } else { later(now, LOOK) })
    }

    /// The checks that do not run now, in the order of their turns: what never ran, then by the time they are due.
    fn waiting_checks(&self, now: Timestamp) -> Vec<(Timestamp, String)> {
        let waiting = self.checks().filter(|check| !self.running.contains(&check.name));
        // Where more is due than may run, what is overdue would always be before what is due since now.
        let mut turns: Vec<_> = waiting
            .map(|check| {
                let tracks = &self.state.checks;
                (tracks.has_begun(&check.name), tracks.due(check, now), check.name.clone())
            })
            .collect();
        turns.sort();
        turns.into_iter().map(|(_, at, name)| (at, name)).collect()
    }

    /// The checks that are switched on.
    fn checks(&self) -> impl Iterator<Item = &CheckConfig> {
        self.config.check.iter().filter(|check| check.enabled)
    }

    /// Whether checks were agreed to, by a host whose life the vendor was told of.
    fn may_check(&self, standing: &Standing) -> bool {
        self.state.enrolled == Some(standing.identity.incarnation)
            && item::permitted(&self.config, &standing.activation.consent.consented).contains(&Item::Checks)
    }

    fn begin_check(&mut self, name: &str, now: Timestamp) {
        let memory = self.state.checks.begin(name, now);
        self.senses.begin_check(Run { name: name.to_owned(), memory, now });
        self.running.insert(name.to_owned());
    }

    /// Takes up what ended; whether something changed that a crash should not undo.
    fn take_up(&mut self, key: &[u8; 32], wait: Duration, now: Timestamp) -> bool {
        let ended =
            guarded("checks", || Found { value: self.senses.ended_checks(key, wait), problems: vec![] });
        let mut changed = false;
        for run in ended.value {
            self.running.remove(&run.name);
            let Some(config) = self.config.check.iter().find(|check| check.name == run.name) else {
                continue;
            };
            tracing::debug!("check {}: {:?} {}", run.name, run.sight.state, run.sight.output);
            changed |= self.state.checks.take(config, run.sight, run.memory, now);
        }
        changed
    }

    /// Runs every check once and waits for each up to its timeout: for looking at, not for a step.
    pub(super) fn check_all(&mut self, now: Timestamp) {
        let standing = self.standing.as_ref().filter(|standing| self.may_check(standing));
        let Some(key) = standing.map(|standing| *standing.identity.fingerprint_key()) else { return };
        let mut waiting: VecDeque<String> = self.checks().map(|check| check.name.clone()).collect();
        while !waiting.is_empty() || !self.running.is_empty() {
            while self.running.len() < self.config.checks_at_once.max(1)
                && let Some(name) = waiting.pop_front()
            {
                self.begin_check(&name, now);
            }
            self.take_up(&key, Duration::from_secs(1), now);
        }
    }

    /// The last verdicts, and a sentence for each check that has none yet.
    pub(super) fn verdicts(&self, standing: &Standing, state: &State) -> (Vec<CheckResult>, Vec<String>) {
        if !self.may_check(standing) {
            return (vec![], vec![]);
        }
        let (mut verdicts, mut unfinished) = (vec![], vec![]);
        for check in self.checks() {
            match state.checks.result(check) {
                Some(result) => verdicts.push(result),
                None => {
                    unfinished.push(format!("check {}: it has not come to its first end yet", check.name))
                }
            }
        }
        (verdicts, unfinished)
    }
}
