//! The outbox's other half: answers to test reports, sent as notifications are (R5): counted, sent, marked.

use jiff::SignedDuration;
use mailbeat_shared::crash;
use mailbeat_shared::transport::outcome::Outcome;
use mailbeat_shared::wire::contract::EnrollmentSecret;

use super::{Receiver, outbox};
use crate::notify::mail::Sender;
use crate::notify::retry::{Next, next};
use crate::notify::{Contact, confirmation};
use crate::store::{Confirmation, Ended, StoreError};

/// Answers looked at in one go.
const AT_ONCE: u32 = 20;
/// When an attempt is tried again of which nothing more was heard, because we died.
const AFTER_A_CRASH: SignedDuration = SignedDuration::from_mins(1);
/// An answer that comes later than this helps nobody at a keyboard.
const TOO_LATE: SignedDuration = SignedDuration::from_hours(24);

/// Sends what is due.
pub(super) async fn send_due(receiver: &Receiver, sender: &mut Sender) -> Result<(), StoreError> {
    let now = receiver.now();
    let due = receiver.store.write(move |tx| tx.due_confirmations(now, AT_ONCE)).await?;
    for confirmation in due {
        deliver(receiver, sender, confirmation).await?;
    }
    Ok(())
}

async fn deliver(receiver: &Receiver, sender: &mut Sender, due: Confirmation) -> Result<(), StoreError> {
    let (now, id, contract, observe) = (receiver.now(), due.id, due.contract, receiver.observe);
    let late = now.duration_since(due.made_at) >= TOO_LATE;
    let secret = receiver
        .store
        .write(move |tx| {
            let secret = tx.enrollment_secret(contract)?;
            let why = match (observe, late, &secret) {
                (true, ..) => Some("only observing"),
                (_, true, _) => Some("a day has passed"),
                (.., None) => Some("the contract's secret is gone"),
                _ => None,
            };
            match why {
                Some(why) => tx.end_confirmation(id, Ended::Dropped, why, now)?,
                None => tx.count_confirmation(id, outbox::after(now, AFTER_A_CRASH))?,
            }
            Ok::<_, StoreError>(secret.filter(|_| why.is_none()))
        })
        .await?;
    let Some(secret) = secret else { return Ok(()) };
    let outcome = hand_over(receiver, sender, &due, &secret).await;
    let now = receiver.now();
    let then = next(&outcome, due.attempts + 1, due.made_at, now);
    let (host, to, words) = (due.facts.host, due.email, outcome.to_string());
    match &then {
        Next::Done => tracing::info!(host, to, "a test report was answered"),
        Next::RetryAt(at) => tracing::warn!(host, to, words, %at, "a test report is not answered yet"),
        Next::GiveUp { reason } => tracing::error!(host, to, reason, "a test report cannot be answered"),
    }
    receiver
        .store
        .write(move |tx| match then {
            Next::Done => tx.end_confirmation(id, Ended::Sent, &words, now),
            Next::RetryAt(at) => tx.defer_confirmation(id, at, &words),
            Next::GiveUp { reason } => tx.end_confirmation(id, Ended::Refused, &reason, now),
        })
        .await
}

async fn hand_over(
    receiver: &Receiver,
    sender: &mut Sender,
    due: &Confirmation,
    secret: &EnrollmentSecret,
) -> Outcome {
    let locale = Some(due.locale.unwrap_or(receiver.config.locale));
    let contact = Contact { name: due.name.clone(), email: due.email.clone(), locale };
    match confirmation::compose(&due.facts, secret, sender.from(), &contact, &due.token) {
        Ok(letter) => {
            crash::point("R5.before");
            let outcome = sender.send(&letter).await;
            crash::point("R5.after");
            outcome
        }
        Err(error) => Outcome::Refused(error.failure(&contact)),
    }
}
