//! Trying one report by the routes, one after the other, and what their servers' words mean for the next reports.
//!
//! A server's word decides about the one report, and by which routes the next ones may try. Nothing of it ends a report: that is
//! decided in `sending`.

use jiff::Timestamp;
use mailbeat_shared::crash;
use mailbeat_shared::transport::outcome::{Failure, FailureKind, Outcome};

use super::framing::frame;
use super::{Agent, Standing};
use crate::identity::draw;
use crate::route::rests::lets_nobody_in;
use crate::route::{Route, retry};
use crate::spool::Parcel;

/// How often heartbeats come where nobody hurries: for a route whose mail another one carries.
const UNHURRIED_S: u32 = 3_600;

/// What trying the routes one after the other came to.
pub(super) enum Round {
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
    /// A person waits for a server's word, or the host goes down: what let nobody in is asked once more, though its pause is not over.
    pub(super) fn try_at_once(&mut self, now: Timestamp) {
        if self.rests.knock(now) {
            self.tries.retry_now();
        }
    }

    /// Tries the routes in their order, without those that must wait, until one takes the report.
    pub(super) fn round(&mut self, standing: &Standing, parcel: &Parcel, now: Timestamp) -> Round {
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
    pub(super) fn all_must_wait(&self, standing: &Standing, now: Timestamp) -> Option<Timestamp> {
        let waits: Option<Vec<Timestamp>> =
            standing.routes.iter().map(|route| self.rests.must_wait(&route.name, now)).collect();
        waits?.into_iter().min()
    }
}
