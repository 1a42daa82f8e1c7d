//! The outbox (R5): the attempt is counted, the notification sent, then marked. A crash in between sends the same mail again, under
//! the same Message-ID.
//!
//! Before sending it is looked at once more: what the mailbox still held when the event was decided may have settled the matter.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::crash;
use mailbeat_shared::transport::outcome::{FailureKind, Outcome};

use super::{Receiver, RunError, mailing, reading};
use crate::evaluate::Severity;
use crate::notify::bounce::NotificationSecret;
use crate::notify::mail::Sender;
use crate::notify::ping::Pinger;
use crate::notify::retry::{Next, next};
use crate::notify::{self, NotificationView};
use crate::store::{HELD_BACK, Notification, Refusal, StoreError, Tx};
use crate::ticket::{TicketState, What};

/// Notifications looked at in one go.
const AT_ONCE: u32 = 20;
/// How long a notification waits at most for the mailbox to be read up to its event.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(10);
/// When it is looked again whether the mailbox was.
const READING_WAIT: SignedDuration = SignedDuration::from_secs(1);
/// When a notification that nobody sends, because we only observe, is looked at again.
const OBSERVING_WAIT: SignedDuration = SignedDuration::from_mins(1);
/// Notifications one person gets in an hour before the others wait; what is critical never does.
pub const BUDGET: u32 = 30;
/// What the budget is counted over.
const BUDGET_SPAN: SignedDuration = SignedDuration::from_hours(1);
/// When an attempt is tried again of which nothing more was heard, because we died.
const AFTER_A_CRASH: SignedDuration = SignedDuration::from_mins(1);

/// Works off the outbox until told to stop, and tells the outside watchdog of completed rounds.
pub(super) async fn run(receiver: Arc<Receiver>) -> Result<(), RunError> {
    let mut sender = Sender::new(&receiver.config.outgoing);
    let pinger = receiver.config.ping.as_ref().map(Pinger::new).transpose()?;
    let mut pinger = pinger.map(|pinger| pinger.in_language(receiver.config.locale));
    let mut pinged_for: Option<Timestamp> = None;
    let now = receiver.now();
    let secret = receiver
        .store
        .write(move |tx| {
            tx.resume_notifications(now)?;
            tx.resume_mailings(now)?;
            tx.notification_secret()
        })
        .await?;
    let mut signed_in_at = receiver.signed_in_at();
    while !receiver.is_stopping() {
        let now = receiver.now();
        if receiver.signed_in_at() != signed_in_at {
            // What could not be sent for want of it need not wait.
            signed_in_at = receiver.signed_in_at();
            receiver.store.write(move |tx| tx.hurry_notifications(now)).await?;
        }
        let due = receiver.store.write(move |tx| tx.due_notifications(now, AT_ONCE)).await?;
        // Where the server cannot be reached, the others would wait for it one by one, and so would whoever stops us.
        let mut reached = true;
        for notification in due {
            if receiver.is_stopping() || !reached {
                break;
            }
            reached = deliver(&receiver, &mut sender, &secret, notification).await?;
        }
        if reached {
            mailing::send_due(&receiver, &mut sender).await?;
        }
        sender.close().await;
        let completed = receiver.all_completed();
        if let (Some(pinger), true) = (&mut pinger, completed > pinged_for) {
            pinger.round_completed(receiver.now(), &mut sender).await;
            pinged_for = completed;
        }
        receiver.sleep(reading::LONGEST_SLEEP).await;
    }
    Ok(())
}

/// What to do with a due notification.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Send what this view makes; the attempt is counted.
    Send(Box<NotificationView>),
    /// The mailbox is not read up to its event yet, or we only observe: looked at again after so long.
    Wait(SignedDuration),
    /// The person was sent so many of late that this one waits until then: a storm must not bury what matters.
    Hold(Timestamp),
    /// There is nothing to tell, and why.
    Drop(&'static str),
}

/// Decides and sends. False where the mail server cannot be reached.
async fn deliver(
    receiver: &Receiver,
    sender: &mut Sender,
    secret: &NotificationSecret,
    due: Notification,
) -> Result<bool, StoreError> {
    let (now, observe, from, looked_at) =
        (receiver.now(), receiver.observe, sender.from().to_owned(), due.clone());
    let verdict = receiver.store.write(move |tx| consider(tx, &looked_at, from, observe, now)).await?;
    let Verdict::Send(mut view) = verdict else { return Ok(true) };
    view.contact.locale.get_or_insert(receiver.config.locale);
    let outcome = match notify::compose(&view, secret) {
        Ok(letter) => {
            crash::point("R5.before");
            let outcome = sender.send(&letter).await;
            crash::point("R5.after");
            outcome
        }
        Err(error) => Outcome::Refused(error.failure(&view.contact)),
    };
    let is_reached = was_reached(&outcome);
    mark(receiver, due, outcome).await?;
    Ok(is_reached)
}

/// Whether the mail server could be reached at all.
pub(super) fn was_reached(outcome: &Outcome) -> bool {
    !outcome.failure().is_some_and(|failure| matches!(failure.kind, FailureKind::Connection(_)))
}

/// Decides about a due notification and writes it down before anything is sent. `from` is the sender's address.
///
/// # Errors
/// [`StoreError`].
pub fn consider(
    tx: &Tx<'_>,
    due: &Notification,
    from: String,
    observe: bool,
    now: Timestamp,
) -> Result<Verdict, StoreError> {
    let verdict = if observe { put_by(tx, due)? } else { look_again(tx, due, from, now)? };
    match &verdict {
        Verdict::Send(_) => tx.count_notification(due.id, &due.email, after(now, AFTER_A_CRASH), now)?,
        Verdict::Wait(span) => tx.defer_notification(due.id, after(now, *span), "")?,
        Verdict::Hold(until) => tx.defer_notification(due.id, *until, HELD_BACK)?,
        Verdict::Drop(why) => tx.drop_notification(due.id, why, now)?,
    }
    Ok(verdict)
}

pub(super) fn after(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// Who only observes tells nobody: whoever runs next does, but for what came and went meanwhile.
fn put_by(tx: &Tx<'_>, due: &Notification) -> Result<Verdict, StoreError> {
    let is_over = !due.ticket_state.is_unresolved() && tx.told_of_before(due)?.is_empty();
    Ok(if is_over {
        Verdict::Drop("it was over while we only observed")
    } else {
        Verdict::Wait(OBSERVING_WAIT)
    })
}

/// Whether there still is something to tell.
fn look_again(tx: &Tx<'_>, due: &Notification, from: String, now: Timestamp) -> Result<Verdict, StoreError> {
    let is_news = !matches!(due.event.what, What::Resolved);
    let waited = now.duration_since(due.event.at);
    // What seems to lie ahead was dated by a clock that was set back since.
    if is_news && !waited.is_negative() && waited < LONGEST_WAIT && !heard_up_to(tx, due, due.event.at)? {
        return Ok(Verdict::Wait(READING_WAIT));
    }
    let Some(view) = tx.notification_view(due, from)? else { return Ok(Verdict::Drop("its ticket is gone")) };
    if !is_news && is_overtaken(tx, due)? {
        return Ok(Verdict::Drop("it came back before its end was told; what came of it is told by itself"));
    }
    if is_news && due.ticket_state == TicketState::Closed {
        return Ok(Verdict::Drop("its ticket is closed: nobody judges it any more"));
    }
    if is_news && !due.ticket_state.is_unresolved() {
        return Ok(Verdict::Drop("resolved before it was told; the mail about its end tells both"));
    }
    if view.ticket.severity < Severity::Critical {
        let since = now.saturating_sub(BUDGET_SPAN).unwrap_or(Timestamp::MIN);
        if let Some(spent_at) = tx.budget_spent_at(due.contact, since, BUDGET)? {
            return Ok(Verdict::Hold(after(spent_at, BUDGET_SPAN)));
        }
    }
    Ok(Verdict::Send(Box::new(view)))
}

/// Whether something later of the same ticket is told.
fn is_overtaken(tx: &Tx<'_>, due: &Notification) -> Result<bool, StoreError> {
    let events = tx.ticket_events(due.ticket)?;
    Ok(events.iter().any(|(row, event)| *row > due.event_id && event.what.notifies()))
}

/// Whether every mailbox the ticket's system reports through was read up to a time. The receiver's own tickets wait for nothing.
fn heard_up_to(tx: &Tx<'_>, due: &Notification, at: Timestamp) -> Result<bool, StoreError> {
    let Some(system) = tx.ticket(due.ticket)?.and_then(|row| row.system) else { return Ok(true) };
    for mailbox in tx.mailboxes_of(system)? {
        let hearing = tx.mailbox(mailbox)?.and_then(|mailbox| mailbox.hearing);
        if hearing.is_none_or(|hearing| hearing.drained_at < at) {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn mark(receiver: &Receiver, due: Notification, outcome: Outcome) -> Result<(), StoreError> {
    let (now, ticket, to, words) = (receiver.now(), due.ticket, due.email.clone(), outcome.to_string());
    let is_refused = matches!(outcome, Outcome::Refused(_));
    match receiver.store.write(move |tx| conclude(tx, &due, &outcome, now)).await? {
        Next::Done => tracing::info!(%ticket, to, "notified"),
        Next::RetryAt(at) if is_refused => {
            tracing::error!(%ticket, words, %at, "outgoing mail is refused, whoever it is for; nobody can be told meanwhile");
        }
        Next::RetryAt(at) => tracing::warn!(%ticket, to, words, %at, "not notified yet"),
        Next::GiveUp { reason } => tracing::error!(%ticket, to, reason, "cannot be notified"),
    }
    Ok(())
}

/// Writes down what came of an attempt, and decides what follows.
///
/// # Errors
/// [`StoreError`].
pub fn conclude(
    tx: &Tx<'_>,
    due: &Notification,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<Next, StoreError> {
    let first_tried_at = if due.attempts == 0 { now } else { due.made_at };
    let next = next(outcome, due.attempts + 1, first_tried_at, now);
    match &next {
        Next::Done => tx.notification_sent(due.id, &outcome.to_string(), now)?,
        Next::RetryAt(at) => tx.defer_notification(due.id, *at, &outcome.to_string())?,
        Next::GiveUp { reason } => {
            tx.notification_refused(&due.token, Refusal::OfAddress, reason, now)?;
        }
    }
    Ok(next)
}
