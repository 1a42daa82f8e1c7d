//! The outbox, with a mail server that is played, and notifications that come back.

use jiff::Timestamp;
use mailbeat_receiver::notify;
use mailbeat_receiver::run::outbox::{self, conclude, consider};
use mailbeat_receiver::store::StoreError;
use mailbeat_receiver::ticket::{TicketEvent, TicketNumber, What};
use mailbeat_shared::transport::outcome::{ConnectionProblem, Failure, FailureKind, Outcome};

use super::{Crashed, Vendor};
use crate::model::{Answer, Point, Return};

/// A notification that a mail server took over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) ticket: TicketNumber,
    pub(crate) event: i64,
    pub(crate) contact: i64,
    pub(crate) what: What,
    /// It says when it began: for somebody who was not told before.
    pub(crate) tells_beginning: bool,
    message_id: String,
}

impl Vendor {
    /// Works off the outbox.
    pub(super) fn notify(&mut self, now: Timestamp) -> Result<Result<(), Crashed>, StoreError> {
        let secret = self.store.read(|tx| tx.notification_secret())?;
        for due in self.store.read(|tx| tx.due_notifications(now, 20))? {
            let from = "mailbeat@vendor.example".to_owned();
            let verdict = self.store.write(|tx| consider(tx, &due, from, false, now))?;
            let outbox::Verdict::Send(view) = verdict else { continue };
            let letter = notify::compose(&view, &secret).expect("a notification can be composed");
            let answer = self.answers.pop_front();
            if matches!(answer, None | Some(Answer::UnknownTaken)) {
                let (ticket, what, message_id) =
                    (view.ticket.number, view.event.what.clone(), letter.message_id);
                let (event, contact) = (due.event_id, due.contact);
                let begins =
                    |event: &TicketEvent| matches!(event.what, What::Opened { .. } | What::Reopened { .. });
                let tells_beginning = view.history.iter().any(begins);
                self.told.push(Told { ticket, event, contact, what, tells_beginning, message_id });
                if let Err(crashed) = self.dies_at(Point::AfterNotifying) {
                    return Ok(Err(crashed));
                }
            }
            self.store.write(|tx| conclude(tx, &due, &outcome(answer), now))?;
        }
        Ok(Ok(()))
    }

    /// The mail that says that the n-th last notification came back, if so many were sent.
    pub(crate) fn returned(&self, nth: u8, how: Return) -> Option<Vec<u8>> {
        let told = self.told.iter().rev().nth(usize::from(nth))?;
        let (action, id) = match how {
            Return::Failed => ("failed", told.message_id.clone()),
            Return::Delayed => ("delayed", told.message_id.clone()),
            Return::Forged => ("failed", told.message_id.replace('@', "0@")),
        };
        let mail = format!(
            "From: MAILER-DAEMON@mail.vendor.example\nTo: mailbeat@vendor.example\nSubject: Undelivered Mail\n\
             Auto-Submitted: auto-replied\nMIME-Version: 1.0\n\
             Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n\
             --b\nContent-Type: text/plain\n\nIt did not arrive.\n\
             --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail.vendor.example\n\n\
             Action: {action}\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user\n\
             --b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <{id}>\n--b--\n"
        );
        Some(mail.replace('\n', "\r\n").into_bytes())
    }
}

fn outcome(answer: Option<Answer>) -> Outcome {
    match answer {
        None => Outcome::Sent { reply: "250 2.0.0 queued".into() },
        Some(Answer::Defer) => Outcome::Deferred(Failure::new(FailureKind::Temporary, "451 4.3.0 not now")),
        Some(Answer::Refuse) => {
            Outcome::Refused(Failure::new(FailureKind::Permanent, "550 5.1.1 nobody").of_recipient())
        }
        Some(Answer::UnknownTaken | Answer::UnknownLost) => {
            Outcome::Unknown(Failure::new(FailureKind::Connection(ConnectionProblem::Closed), "closed"))
        }
    }
}
