//! Sending one report: whose turn it is, and what becomes of it by what the servers said (`routing`).
//!
//! What cannot be read now waits; only what is damaged, refused by every route, or was made under another contract is lost, by name.

use std::time::Duration;

use jiff::Timestamp;
use mailbeat_shared::transport::outcome::Failure;

use super::routing::Round;
use super::settling::Decided;
use super::{Agent, StepError};
use crate::route::Route;
use crate::spool::{Ending, Entry, Fate, Meta, OpenError, Parcel};
use crate::state::Failed;

impl Agent {
    /// Sends the report whose turn it is, if any; when to come again.
    pub(super) fn send_one(&mut self, now: Timestamp) -> Result<Timestamp, StepError> {
        let may_send = self.permission(now).is_some_and(|permission| permission.may_send(now));
        let Some(standing) =
            self.standing.as_ref().filter(|standing| may_send && !standing.routes.is_empty())
        else {
            return Ok(Timestamp::MAX);
        };
        let paced = Some(self.pace(standing).next(self.state.pace, now)).filter(|next| *next > now);
        // Where no server wants to be asked, none is, however many reports wait.
        let held_back = paced.max(self.all_must_wait(standing, now));
        if let Some(until) = held_back.filter(|_| !self.queue.is_empty()) {
            return Ok(until);
        }
        let sequence = match self.tries.pick(&self.waiting(), now) {
            None => return Ok(Timestamp::MAX),
            Some(Err(later)) => return Ok(later),
            Some(Ok(sequence)) => sequence,
        };
        let Some(entry) = self.queue.iter().find(|entry| entry.sequence == sequence).cloned() else {
            return Ok(now);
        };
        self.send_or_lose(entry, now)?;
        Ok(self
            .tries
            .pick(&self.waiting(), now)
            .map_or(Timestamp::MAX, |pick| pick.map_or_else(|at| at, |_| now)))
    }

    /// Tries a report, unless it can or must never be sent.
    fn send_or_lose(&mut self, entry: Entry, now: Timestamp) -> Result<(), StepError> {
        let parcel = match entry.open() {
            Ok(parcel) => parcel,
            Err(damaged @ OpenError::Damaged { .. }) => {
                self.lose(entry, format!("damaged on disk: {damaged}"), None, now);
                return Ok(());
            }
            Err(unread @ OpenError::Unread { .. }) => {
                self.put_off(entry.sequence, unread.to_string(), now);
                return Ok(());
            }
        };
        self.hindered.remove(&entry.sequence);
        let entry = Entry { meta: Some(parcel.meta.clone()), ..entry };
        if let Some(why) = self.not_in_force(&parcel.meta) {
            self.lose(entry, why, None, now);
            return Ok(());
        }
        self.try_routes(&entry, &parcel, now)
    }

    /// What was said to one vendor is no business of the next. A renewal keeps the number.
    fn not_in_force(&self, made: &Meta) -> Option<String> {
        let activation = &self.standing.as_ref()?.activation;
        let Meta { contract, vendor, .. } = made;
        let whose = if *contract == activation.contract.number { " of another vendor" } else { "" };
        let is_covered = activation.covers(contract, vendor.as_deref());
        (!is_covered).then(|| format!("made under contract {contract}{whose}, which is not in force"))
    }

    /// What the disk does not give now it may give later: the report waits, and lets others go first if it lasts.
    fn put_off(&mut self, sequence: u64, why: String, now: Timestamp) {
        let wait = self.delay(self.tries.failures(sequence) + 1);
        self.tries.failed(sequence, now, wait, Duration::ZERO);
        self.hindered.insert(sequence, why);
    }

    fn try_routes(&mut self, entry: &Entry, parcel: &Parcel, now: Timestamp) -> Result<(), StepError> {
        // Taken out so that routes and the rest can be used beside it.
        let Some(standing) = self.standing.take() else { return Ok(()) };
        let round = self.round(&standing, parcel, now);
        match round {
            Round::Accepted { route, reply, mail, instead } => {
                self.state.pace = self.pace(&standing).after(self.state.pace, now);
                self.accept(entry, &route, reply, instead, mail.clone(), now);
                self.copies(&standing, &route, parcel, &mail, now);
            }
            Round::Refused(route, failure) => {
                self.note_failure(entry.sequence, &route, &failure, now);
                self.lose(entry.clone(), failure.text, Some(route), now);
            }
            Round::Later(route, failure) => {
                let wait = self.all_must_wait(&standing, now);
                self.standing = Some(standing);
                return self.defer(entry.sequence, &route, &failure, wait, now);
            }
        }
        self.standing = Some(standing);
        Ok(())
    }

    fn accept(
        &mut self,
        entry: &Entry,
        route: &Route,
        reply: String,
        instead: Option<String>,
        mail: Vec<u8>,
        now: Timestamp,
    ) {
        tracing::info!("#{} accepted by your mail server (route {}): {reply}", entry.sequence, route.name);
        let attempts = self.tries.failures(entry.sequence) + 1;
        let ending = Ending {
            fate: Fate::Accepted,
            at: now,
            route: Some(route.name.clone()),
            reply,
            instead,
            attempts,
        };
        self.decide(Decided::new(entry.clone(), ending, Some(mail)));
    }

    fn defer(
        &mut self,
        sequence: u64,
        route: &str,
        failure: &Failure,
        wait: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), StepError> {
        let failures = self.tries.failures(sequence) + 1;
        let asked =
            wait.and_then(|until| Duration::try_from(until.duration_since(now)).ok()).unwrap_or_default();
        let (own, pause) = (self.delay(failures).max(asked), self.delay(1).max(asked));
        tracing::warn!("#{sequence} by {route}: {failure}. {} Next attempt in {own:?}", failure.advice());
        self.tries.failed(sequence, now, own, pause);
        self.note_failure(sequence, route, failure, now);
        self.state.save(&self.home).map_err(self.failed())
    }

    fn note_failure(&mut self, sequence: u64, route: &str, failure: &Failure, now: Timestamp) {
        let failed = Failed {
            sequence,
            at: now,
            route: route.to_owned(),
            what: failure.to_string(),
            advice: failure.advice().to_owned(),
            kind: Some(failure.kind),
        };
        self.state.failures.add(failed.clone());
        self.state.last_failure = Some(failed);
    }
}
