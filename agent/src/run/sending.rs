//! Sending one report: whose turn it is, by which route, and what the servers said.
//!
//! A server's word decides about the one report, and by which routes the next ones may try. What cannot be read now waits; only
//! what is damaged, refused by every route, or was made under another contract is lost, by name.

use std::time::Duration;

use jiff::Timestamp;
use mailbeat_shared::crash;
use mailbeat_shared::transport::outcome::{Failure, FailureKind, Outcome};
use mailbeat_shared::wire::id::ContractNumber;
use mailbeat_shared::wire::mail::{self, Frame, ReportParts};

use super::settling::Decided;
use super::{Agent, Standing, StepError};
use crate::identity::draw;
use crate::route::rests::lets_nobody_in;
use crate::route::{Route, Via, retry};
use crate::spool::{Ending, Entry, Fate, OpenError, Parcel};
use crate::state::Failed;

/// How often heartbeats come where nobody hurries: for a route whose mail another one carries.
const UNHURRIED_S: u32 = 3_600;

/// What trying the routes one after the other came to.
enum Round {
    Accepted {
        route: Route,
        reply: String,
        mail: Vec<u8>,
        instead: Option<String>,
    },
    /// Not now: the last failure.
    Later(String, Failure),
    /// Every route refused it for good: the last refusal.
    Refused(String, Failure),
}

impl Agent {
    /// Sends the report whose turn it is, if any; when to come again.
    pub(super) fn send_one(&mut self, now: Timestamp) -> Result<Timestamp, StepError> {
        let may_send = self.permission(now).is_some_and(|permission| permission.may_send(now));
        let Some(standing) =
            self.standing.as_ref().filter(|standing| may_send && !standing.routes.is_empty())
        else {
            return Ok(Timestamp::MAX);
        };
        let in_force = standing.activation.contract.number.clone();
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
        self.send_or_lose(entry, &in_force, now)?;
        Ok(self
            .tries
            .pick(&self.waiting(), now)
            .map_or(Timestamp::MAX, |pick| pick.map_or_else(|at| at, |_| now)))
    }

    /// A person waits for a server's word: what let nobody in is asked once more, though its pause is not over.
    pub(super) fn try_at_once(&mut self, now: Timestamp) {
        if self.rests.knock(now) {
            self.tries.retry_now();
        }
    }

    /// Tries a report, unless it can or must never be sent.
    fn send_or_lose(
        &mut self,
        entry: Entry,
        in_force: &ContractNumber,
        now: Timestamp,
    ) -> Result<(), StepError> {
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
        // What was said to one vendor is no business of the next. A renewal keeps the number.
        let contract = &parcel.meta.contract;
        if contract != in_force {
            self.lose(entry, format!("made under contract {contract}, which is not in force"), None, now);
            return Ok(());
        }
        self.try_routes(&entry, &parcel, now)
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

    fn round(&mut self, standing: &Standing, parcel: &Parcel, now: Timestamp) -> Round {
        let sequence = parcel.meta.sequence;
        let mut last = None;
        let mut failed: Vec<(&str, Failure)> = vec![];
        let order = self.rests.order(standing.routes.iter().map(|route| route.name.as_str()), now);
        for route in order.iter().filter_map(|name| standing.route(name)) {
            if self.tries.was_refused(sequence, &route.name) {
                continue;
            }
            let mail = match frame(standing, route, parcel, self.config.cc.of(parcel.meta.kind)) {
                Ok(mail) => mail,
                Err(error) => {
                    let failure = Failure::new(FailureKind::Settings, error.to_string());
                    last = Some(Round::Later(route.name.clone(), failure));
                    continue;
                }
            };
            let to = standing.activation.contract.report_address(standing.identity.system);
            crash::point("A2.before");
            let outcome = self.post.send(route, to, &mail, &parcel.meta.id.to_string());
            crash::point("A2.after");
            tracing::debug!("#{sequence} by {}: {outcome}", route.name);
            match outcome {
                Outcome::Sent { reply } => {
                    self.let_rest(standing, &failed, true, now);
                    self.rests.worked(&route.name);
                    let instead = self.instead_of(standing, &route.name, &failed, sequence);
                    return Round::Accepted { route: route.clone(), reply, mail, instead };
                }
                Outcome::Refused(failure) => {
                    self.tries.refused(sequence, &route.name);
                    last = last.or(Some(Round::Refused(route.name.clone(), failure)));
                }
                Outcome::Deferred(failure) => {
                    if let Some(pause) = failure.pause() {
                        self.rests.asked(&route.name, now, pause, &failure);
                    }
                    failed.push((&route.name, failure.clone()));
                    last = Some(Round::Later(route.name.clone(), failure));
                }
                Outcome::Unknown(failure) => {
                    self.state.pace = self.pace(standing).after(self.state.pace, now);
                    last = Some(Round::Later(route.name.clone(), failure));
                    // Probably it went. Another route would make it twice for sure; only if it lasts is that better.
                    if self.tries.failures(sequence) < 2 {
                        break;
                    }
                }
            }
        }
        self.let_rest(standing, &failed, false, now);
        if matches!(last, None | Some(Round::Refused(..)))
            && let Some(route) = standing.routes.iter().find(|route| {
                self.rests.must_wait(&route.name, now).is_some()
                    && !self.tries.was_refused(sequence, &route.name)
            })
            && let Some(failure) = self.rests.why(&route.name)
        {
            return Round::Later(route.name.clone(), failure.clone());
        }
        last.unwrap_or_else(|| {
            let failure = Failure::new(FailureKind::Permanent, "every route refused it before");
            Round::Refused(String::new(), failure)
        })
    }

    /// After a round: what let nobody in is left alone by every report, and what else failed while another route carries it.
    fn let_rest(&mut self, standing: &Standing, failed: &[(&str, Failure)], carried: bool, now: Timestamp) {
        let interval = if carried { UNHURRIED_S } else { self.promise(standing).heartbeat_interval_s };
        for (route, failure) in failed {
            let random = u32::from_be_bytes(draw(&mut self.entropy));
            let pause = retry::delay(self.rests.failures(route) + 1, interval, random);
            if lets_nobody_in(failure.kind) {
                self.rests.shut(route, now, pause, failure);
            } else if carried {
                self.rests.failed(route, now, pause, failure);
            }
        }
    }

    /// Why the first route of the configuration did not carry a report.
    fn instead_of(
        &self,
        standing: &Standing,
        carrier: &str,
        failed: &[(&str, Failure)],
        sequence: u64,
    ) -> Option<String> {
        let first =
            standing.routes.first().map(|route| route.name.as_str()).filter(|first| *first != carrier)?;
        let now = failed.iter().find(|(route, _)| *route == first).map(|(_, failure)| failure.to_string());
        let refused = || self.tries.was_refused(sequence, first).then(|| "it refused this report".to_owned());
        let before = || self.rests.why(first).map(Failure::to_string);
        Some(format!("{first}: {}", now.or_else(refused).or_else(before)?))
    }

    /// Until when every route must be left alone.
    fn all_must_wait(&self, standing: &Standing, now: Timestamp) -> Option<Timestamp> {
        let waits: Option<Vec<Timestamp>> =
            standing.routes.iter().map(|route| self.rests.must_wait(&route.name, now)).collect();
        waits?.into_iter().min()
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

    /// Copies for the customer's people, each a transaction of its own; one that fails is logged and not tried again.
    fn copies(&mut self, standing: &Standing, route: &Route, parcel: &Parcel, mail: &[u8], now: Timestamp) {
        if matches!(route.via, Via::Maildir(_)) {
            return;
        }
        let people = self.config.cc.of(parcel.meta.kind).to_vec();
        for (n, to) in people.iter().enumerate() {
            if to == standing.activation.contract.report_address(standing.identity.system) {
                continue;
            }
            // Graph sends to whom the header names, so everybody's copy has a header of its own.
            let own = matches!(route.via, Via::Graph(_)).then(|| frame_to(standing, route, parcel, to, &[]));
            let copy = match &own {
                None => mail,
                Some(Ok(own)) => own.as_slice(),
                Some(Err(error)) => {
                    tracing::warn!("#{}: the copy for {to} cannot be made: {error}", parcel.meta.sequence);
                    continue;
                }
            };
            let outcome = self.post.send(route, to, copy, &format!("{}.cc{n}", parcel.meta.id));
            self.state.pace = self.pace(standing).after(self.state.pace, now);
            if let Some(failure) = outcome.failure() {
                tracing::warn!("#{}: the copy for {to} was not accepted: {failure}", parcel.meta.sequence);
            }
        }
    }
}

/// The mail of a report for one route: the same bytes each time.
pub(super) fn frame(
    standing: &Standing,
    route: &Route,
    parcel: &Parcel,
    cc: &[String],
) -> Result<Vec<u8>, mail::ComposeError> {
    let to = standing.activation.contract.report_address(standing.identity.system);
    // Only by SMTP is a name in the header one thing and a recipient another.
    let cc = if matches!(route.via, Via::Smtp(_)) { cc } else { &[] };
    frame_to(standing, route, parcel, to, cc)
}

fn frame_to(
    standing: &Standing,
    route: &Route,
    parcel: &Parcel,
    to: &str,
    cc: &[String],
) -> Result<Vec<u8>, mail::ComposeError> {
    let (contract, meta) = (&standing.activation.contract, &parcel.meta);
    let frame = Frame {
        from: &route.from,
        to,
        cc,
        subject: &meta.subject,
        message_id: &mail::message_id(meta.id, contract.domain(standing.identity.system)),
        date: meta.created_at,
        text: parcel.sealed.as_ref().map_or(&parcel.text, |sealed| &sealed.text),
        html: parcel.html.as_deref().filter(|_| parcel.sealed.is_none()),
    };
    let parts = ReportParts {
        id: meta.id,
        system: meta.system,
        kind: meta.kind,
        sequence: meta.sequence,
        report: &parcel.report,
        sealed: parcel.sealed.as_ref().map(|sealed| sealed.report.as_slice()),
        signature: &parcel.signature,
    };
    mail::compose_report(&frame, &parts)
}
