//! Doing what people ask for: `send`, `maintenance`, `deactivate`, and the goodbye of a host that goes down.

use std::io;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::text;
use mailbeat_shared::wire::limits;
use mailbeat_shared::wire::report::{Body, Kind, Notice, NoticeEvent, TestMessage};

use super::{Agent, Answer, Request, Requests, StepError, later};
use crate::activation;

impl Agent {
    /// Does what other processes asked for; whether there was anything.
    ///
    /// # Errors
    /// What the file system said about the folder.
    pub fn answer_requests(&mut self, now: Timestamp) -> io::Result<bool> {
        let requests = Requests::of(&self.home);
        let waiting = requests.waiting()?;
        for (id, request) in &waiting {
            let answer = match request {
                Ok(request) => self.answer(request, now),
                Err(error) => Answer::Refused(error.clone()),
            };
            requests.done(id, &answer)?;
        }
        Ok(!waiting.is_empty())
    }

    /// Does one request.
    pub fn answer(&mut self, request: &Request, now: Timestamp) -> Answer {
        match self.perform(request, now) {
            Ok(answer) => answer,
            Err(error) => Answer::Refused(error.to_string()),
        }
    }

    /// Tells the vendor that this host goes down on purpose, and tries once to send it. What cannot be sent waits in the queue.
    pub fn say_goodbye(&mut self, now: Timestamp) -> Answer {
        let body = notice(NoticeEvent::Shutdown, None, "");
        let composed = self.take_stock(now).and_then(|_| {
            let permission = self.permission(now).filter(|_| self.home.activation().exists());
            match permission.is_some_and(|permission| permission.allows(Kind::Notice)) {
                true => self.compose(Kind::Notice, Some(body), now),
                false => Err(StepError::NotActivated),
            }
        });
        let sequence = match composed {
            Ok(sequence) => sequence,
            Err(error) => return Answer::Refused(error.to_string()),
        };
        // There is no later: who let nobody in is asked now or not at all.
        self.try_at_once(now);
        while self.waiting().contains(&sequence) {
            match self.send_one(now) {
                Ok(due) if due <= now => {}
                _ => break,
            }
        }
        Answer::Queued(sequence)
    }

    fn perform(&mut self, request: &Request, now: Timestamp) -> Result<Answer, StepError> {
        if let Err(error) = self.take_stock(now) {
            return match request {
                // Whatever is the matter: who withdraws the consent is obeyed.
                Request::Deactivate { .. } if self.home.activation().exists() => {
                    self.deactivated(Err(error.to_string()), now)
                }
                _ => Err(error),
            };
        }
        let is_activated = self.home.activation().exists();
        let Some(permission) = self.permission(now).filter(|_| is_activated) else {
            return match request {
                // A consent is there, and nobody who could say anything under it.
                Request::Deactivate { .. } if is_activated => {
                    self.deactivated(Err("there is no identity".into()), now)
                }
                _ => Ok(Answer::Refused("not activated; run `mailbeat-agent activate FILE` first".into())),
            };
        };
        let (kind, body) = match request {
            Request::Heartbeat => (Kind::Heartbeat, None),
            Request::System => (Kind::System, None),
            Request::Test { by, route } => {
                let requested_by = text::one_line(by, limits::NAME_BYTES);
                let route = route.as_ref().map(|route| text::one_line(route, limits::NAME_BYTES));
                (Kind::Test, Some(Body::Test { test: TestMessage { requested_by, route } }))
            }
            Request::StartMaintenance { for_s, reason } => match self.maintenance_until(*for_s, now) {
                Ok(until) => {
                    (Kind::Notice, Some(notice(NoticeEvent::MaintenanceStarted, Some(until), reason)))
                }
                Err(why) => return Ok(Answer::Refused(why)),
            },
            Request::StopMaintenance if self.state.maintenance.is_none() => {
                return Ok(Answer::Refused("no maintenance is announced".into()));
            }
            Request::StopMaintenance => (Kind::Notice, Some(notice(NoticeEvent::MaintenanceEnded, None, ""))),
            Request::Deactivate { reason } => {
                (Kind::Notice, Some(notice(NoticeEvent::Deactivated, None, reason)))
            }
            Request::Resend { sequence } if permission.may_send(now) => return self.resend(*sequence, now),
            Request::Resend { .. } => return Ok(Answer::Refused(permission.reason().unwrap_or_default())),
        };
        let composed = if permission.allows(kind) {
            self.compose(kind, body, now).map_err(|error| error.to_string())
        } else {
            Err(permission.reason().unwrap_or_default())
        };
        if composed.is_ok() {
            self.try_at_once(now);
        }
        if matches!(request, Request::Deactivate { .. }) {
            // Whether or not a notice can be sent.
            return self.deactivated(composed, now);
        }
        Ok(composed.map_or_else(Answer::Refused, Answer::Queued))
    }

    fn deactivated(&self, notice: Result<u64, String>, now: Timestamp) -> Result<Answer, StepError> {
        activation::withdraw(&self.home, now)?;
        tracing::info!("deactivated; after the notice nothing is sent");
        Ok(Answer::Deactivated(notice))
    }

    /// When maintenance of this length ends, or why it cannot be so long.
    fn maintenance_until(&self, for_s: u64, now: Timestamp) -> Result<Timestamp, String> {
        let most_h =
            self.standing.as_ref().map_or(0, |standing| standing.activation.contract.maintenance_max_h);
        let length = SignedDuration::from_secs(i64::try_from(for_s).unwrap_or(i64::MAX));
        if length.is_zero() {
            return Err("maintenance must last at least a second".into());
        }
        if length > SignedDuration::from_hours(i64::from(most_h)) {
            return Err(format!(
                "the contract allows maintenance of at most {most_h} h; nothing was announced"
            ));
        }
        Ok(later(now, length))
    }
}

fn notice(event: NoticeEvent, until: Option<Timestamp>, reason: &str) -> Body {
    Body::Notice { notice: Notice { event, until, reason: text::one_line(reason, limits::OUTPUT_BYTES) } }
}
