//! Sending a report of the trail once more: the same bytes, so that the receiver knows it for what it is.

use jiff::Timestamp;
use mailbeat_shared::transport::outcome::Outcome;

use super::framing::frame;
use super::{Agent, Answer, Standing, StepError};
use crate::route::Route;
use crate::spool::{self, Entry, MAIL, Resent};

impl Agent {
    /// Sends a report of the trail once more by the first route that takes it. It keeps its number and its fate; that it went
    /// once more is noted beside it.
    pub(super) fn resend(&mut self, sequence: u64, now: Timestamp) -> Result<Answer, StepError> {
        let Some(standing) = self.standing.take() else { return Err(StepError::NotActivated) };
        let answer = self.resend_under(&standing, sequence, now);
        self.standing = Some(standing);
        answer
    }

    fn resend_under(
        &mut self,
        standing: &Standing,
        sequence: u64,
        now: Timestamp,
    ) -> Result<Answer, StepError> {
        let refused = |why: String| Ok(Answer::Refused(why));
        if self.waiting().contains(&sequence) {
            return refused(format!("#{sequence} waits in the queue and is sent when its turn comes"));
        }
        let entry = match spool::in_trail(&self.home, sequence).map_err(self.failed())? {
            Some(entry) => entry,
            None => return refused(format!("there is no report #{sequence} in the trail")),
        };
        if let Some(why) = not_under(standing, &entry) {
            return refused(why);
        }
        let next = self.pace(standing).next(self.state.pace, now);
        if next > now {
            return refused(format!("mails_per_hour is used up until {next:.0}; try again then"));
        }
        let to = standing.activation.contract.report_address(standing.identity.system).to_owned();
        let mut last = "there is no route to send by".to_owned();
        for route in &standing.routes {
            let mail = match self.mail_again(standing, route, &entry) {
                Ok(mail) => mail,
                Err(why) => return refused(format!("#{sequence}: {why}")),
            };
            match self.post.send(route, &to, &mail, &format!("{sequence}.again.{}", now.as_millisecond())) {
                Outcome::Sent { reply } => {
                    self.state.pace = self.pace(standing).after(self.state.pace, now);
                    let resent = Resent { at: now, route: route.name.clone(), reply: reply.clone() };
                    self.sent_again(&entry, resent);
                    return Ok(Answer::Resent { route: route.name.clone(), reply });
                }
                Outcome::Refused(failure) | Outcome::Deferred(failure) | Outcome::Unknown(failure) => {
                    last = format!("route {}: {failure}. {}", route.name, failure.advice());
                }
            }
        }
        refused(last)
    }

    /// Writes down that the mail left. It did, whether or not that can be written: whoever is told otherwise sends it once more.
    fn sent_again(&mut self, entry: &Entry, resent: Resent) {
        let Entry { sequence, dir, .. } = entry;
        tracing::info!("#{sequence} sent again (route {}): {}", resent.route, resent.reply);
        // The way is free, for what waits too.
        self.rests.worked(&resent.route);
        self.tries.retry_now();
        if let Err(error) = entry.note_resent(resent) {
            tracing::error!("#{sequence} was sent again; that cannot be noted in {}: {error}", dir.display());
        }
        if let Err(error) = self.state.save(&self.home) {
            tracing::error!("{}", self.failed()(error));
        }
    }

    /// The mail as this route took it before, else the same report framed for it.
    fn mail_again(&self, standing: &Standing, route: &Route, entry: &Entry) -> Result<Vec<u8>, String> {
        let went_by = entry.ending().and_then(|ending| ending.route);
        if went_by.as_deref() == Some(&route.name)
            && let Ok(mail) = std::fs::read(entry.dir.join(MAIL))
        {
            return Ok(mail);
        }
        let parcel = entry.open().map_err(|error| format!("it cannot be opened: {error}"))?;
        frame(standing, route, &parcel, self.config.cc.of(parcel.meta.kind))
            .map_err(|error| error.to_string())
    }
}

/// Why the report is no business of the vendor whose contract is in force.
fn not_under(standing: &Standing, entry: &Entry) -> Option<String> {
    let (activation, sequence) = (&standing.activation, entry.sequence);
    let number = &activation.contract.number;
    let meta = entry.meta.as_ref();
    if meta.is_some_and(|meta| activation.covers(&meta.contract, meta.vendor.as_deref())) {
        return None;
    }
    let whose = if meta.is_some_and(|meta| meta.contract == *number) { " of this vendor" } else { "" };
    Some(format!("#{sequence} was not made under contract {number}{whose}, which is in force"))
}
