//! Sending one report: whose turn it is, by which route, and what the servers said.

use std::time::Duration;

use jiff::Timestamp;
use mailbeat_shared::crash;
use mailbeat_shared::transport::outcome::{Failure, FailureKind, Outcome};
use mailbeat_shared::wire::mail::{self, Frame, ReportParts};

use super::settling::Decided;
use super::{Agent, Standing, StepError};
use crate::route::{Route, Via};
use crate::spool::{Ending, Entry, Fate, Parcel};
use crate::state::Failed;

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
        let next = self.pace(standing).next(self.state.pace, now);
        if next > now && !self.queue.is_empty() {
            return Ok(next);
        }
        let sequence = match self.tries.pick(&self.waiting(), now) {
            None => return Ok(Timestamp::MAX),
            Some(Err(later)) => return Ok(later),
            Some(Ok(sequence)) => sequence,
        };
        let Some(entry) = self.queue.iter().find(|entry| entry.sequence == sequence).cloned() else {
            return Ok(now);
        };
        match entry.open() {
            Ok(parcel) => self.try_routes(&entry, &parcel, now)?,
            Err(error) => self.lose(entry, format!("damaged on disk: {error}"), None, now)?,
        }
        Ok(self
            .tries
            .pick(&self.waiting(), now)
            .map_or(Timestamp::MAX, |pick| pick.map_or_else(|at| at, |_| now)))
    }

    fn try_routes(&mut self, entry: &Entry, parcel: &Parcel, now: Timestamp) -> Result<(), StepError> {
        // Taken out so that routes and the rest can be used beside it.
        let Some(standing) = self.standing.take() else { return Ok(()) };
        let round = self.round(&standing, parcel, now);
        let done = match round {
            Round::Accepted { route, reply, mail, instead } => {
                self.state.pace = self.pace(&standing).after(self.state.pace, now);
                let accepted = self.accept(entry, &route, reply, instead, mail.clone(), now);
                self.copies(&standing, &route, parcel, &mail, now);
                accepted
            }
            Round::Refused(route, failure) => {
                self.note_failure(entry.sequence, &route, &failure, now);
                self.lose(entry.clone(), failure.text, Some(route), now)
            }
            Round::Later(route, failure) => {
                let wait = self.all_must_wait(&standing, now);
                self.standing = Some(standing);
                return self.defer(entry.sequence, &route, &failure, wait, now);
            }
        };
        self.standing = Some(standing);
        done
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
                    self.let_rest(&failed, &route.name, now);
                    let instead = self.instead_of(standing, &route.name, &failed, sequence);
                    return Round::Accepted { route: route.clone(), reply, mail, instead };
                }
                Outcome::Refused(failure) => {
                    self.tries.refused(sequence, &route.name);
                    last = last.or(Some(Round::Refused(route.name.clone(), failure)));
                }
                Outcome::Deferred(failure) => {
                    if let Some(pause) = failure.pause() {
                        self.rests.asked(&route.name, now, pause, &failure.to_string());
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
        if matches!(last, None | Some(Round::Refused(..)))
            && let Some(route) = standing.routes.iter().find(|route| {
                self.rests.must_wait(&route.name, now).is_some()
                    && !self.tries.was_refused(sequence, &route.name)
            })
        {
            let why = self.rests.why(&route.name).unwrap_or_default();
            return Round::Later(route.name.clone(), Failure::new(FailureKind::Temporary, why));
        }
        last.unwrap_or_else(|| {
            let failure = Failure::new(FailureKind::Permanent, "every route refused it before");
            Round::Refused(String::new(), failure)
        })
    }

    /// Another route took the mail: those that failed are not asked again with the very next one.
    fn let_rest(&mut self, failed: &[(&str, Failure)], carrier: &str, now: Timestamp) {
        for (route, failure) in failed {
            let pause = self.delay(self.rests.failures(route) + 1);
            self.rests.failed(route, now, pause, &failure.to_string());
        }
        self.rests.worked(carrier);
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
        let before = || self.rests.why(first).map(str::to_owned);
        Some(format!("{first}: {}", now.or_else(refused).or_else(before)?))
    }

    /// Until when every route's server wants to be left alone.
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
    ) -> Result<(), StepError> {
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
        self.decide(Decided { entry: entry.clone(), ending, mail: Some(mail) })
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
