//! The outbox's other half: mails to contacts about no ticket, sent as notifications are (R5): counted, sent, marked.
//!
//! Before sending each is looked at once more: an answer that nobody waits for, and a renewal that every host has or that holds a
//! password, stay unsent, and the reason is kept. Whom a renewal reached, and whom not, stands in the ticket about the contract's end.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::crash;
use mailbeat_shared::transport::outcome::Outcome;
use mailbeat_shared::wire::contract::{EnrollmentSecret, SealedContract};

use super::{Receiver, outbox};
use crate::evaluate::rules::built_in;
use crate::notify::mail::Sender;
use crate::notify::retry::{Next, next};
use crate::notify::{Contact, Letter, LetterError, Matter, confirmation, renewal};
use crate::store::{Ended, Mailing, StoreError, Tx};
use crate::ticket::{Ticket, TicketEvent, What};

/// Mails looked at in one go.
const AT_ONCE: u32 = 20;
/// When an attempt is tried again of which nothing more was heard, because we died.
const AFTER_A_CRASH: SignedDuration = SignedDuration::from_mins(1);
/// An answer that comes later than this helps nobody at a keyboard.
const TOO_LATE: SignedDuration = SignedDuration::from_hours(24);
/// Why a renewal is handed over by people.
const HOLDS_A_PASSWORD: &str = "it holds the password of a login on the relay";

/// Sends what is due.
pub(super) async fn send_due(receiver: &Receiver, sender: &mut Sender) -> Result<(), StoreError> {
    let now = receiver.now();
    let due = receiver.store.write(move |tx| tx.due_mailings(now, AT_ONCE)).await?;
    for mailing in due {
        deliver(receiver, sender, mailing).await?;
    }
    Ok(())
}

/// What a mail is made from: what was written down, and what only the store knows.
#[derive(Clone, Debug)]
pub enum Ready {
    /// The secret makes the code.
    Answer(Box<confirmation::Facts>, EnrollmentSecret),
    /// The file is attached.
    Renewal(renewal::Facts, Box<SealedContract>),
}

/// Decides about a due mail and writes it down before anything is sent: it is ready, or there is nothing to send and why.
///
/// # Errors
/// [`StoreError`].
pub fn consider(
    tx: &Tx<'_>,
    due: &Mailing,
    observe: bool,
    now: Timestamp,
) -> Result<Result<Ready, &'static str>, StoreError> {
    let verdict = match &due.matter {
        _ if observe => Err("only observing"),
        Matter::TestReport(facts) => answer(tx, due, facts, now)?,
        Matter::Renewal(facts) => handing_over(tx, facts)?,
    };
    match &verdict {
        Ok(_) => tx.count_mailing(due.id, outbox::after(now, AFTER_A_CRASH))?,
        Err(why) => tx.end_mailing(due.id, Ended::Dropped, why, now)?,
    }
    if verdict.as_ref().err() == Some(&HOLDS_A_PASSWORD) {
        remark(tx, due, now, |which, to| {
            format!(
                "{which}.contract is not mailed to {to}: it holds the password of a login on the relay; hand it over by a way you trust"
            )
        })?;
    }
    Ok(verdict)
}

/// Writes down what came of an attempt, and decides what follows.
///
/// # Errors
/// [`StoreError`].
pub fn conclude(tx: &Tx<'_>, due: &Mailing, outcome: &Outcome, now: Timestamp) -> Result<Next, StoreError> {
    let next = next(outcome, due.attempts + 1, due.made_at, now);
    match &next {
        Next::Done => {
            tx.end_mailing(due.id, Ended::Sent, &outcome.to_string(), now)?;
            remark(tx, due, now, |which, to| format!("{which}.contract was mailed to {to}"))?;
        }
        Next::RetryAt(at) => tx.defer_mailing(due.id, *at, &outcome.to_string())?,
        Next::GiveUp { reason } => {
            tx.end_mailing(due.id, Ended::Refused, reason, now)?;
            remark(tx, due, now, |which, to| format!("{which}.contract cannot be mailed to {to}: {reason}"))?;
        }
    }
    Ok(next)
}

/// Comments on the ticket about the contract's end, if the mail is about that and the ticket is unresolved.
fn remark(
    tx: &Tx<'_>,
    due: &Mailing,
    now: Timestamp,
    words: impl Fn(String, &str) -> String,
) -> Result<(), StoreError> {
    let Matter::Renewal(facts) = &due.matter else { return Ok(()) };
    let is_it = |ticket: &Ticket| {
        ticket.state.is_unresolved()
            && ticket.rule.as_str() == built_in::CONTRACT_ENDING
            && ticket.subject == facts.contract.as_str()
    };
    let Some(ticket) = tx.unclosed_tickets(None)?.into_iter().find(is_it) else { return Ok(()) };
    let reason = words(format!("{}.{}", facts.contract, facts.revision), &due.email);
    let comment = TicketEvent { at: now, what: What::Commented, reason, by: "mailbeat".into() };
    tx.add_ticket_event(ticket.number, &comment, now).map(drop)
}

fn answer(
    tx: &Tx<'_>,
    due: &Mailing,
    facts: &confirmation::Facts,
    now: Timestamp,
) -> Result<Result<Ready, &'static str>, StoreError> {
    if now.duration_since(due.made_at) >= TOO_LATE {
        return Ok(Err("a day has passed"));
    }
    let secret = tx.enrollment_secret(due.contract)?;
    Ok(secret
        .map(|secret| Ready::Answer(Box::new(facts.clone()), secret))
        .ok_or("the contract's secret is gone"))
}

fn handing_over(tx: &Tx<'_>, facts: &renewal::Facts) -> Result<Result<Ready, &'static str>, StoreError> {
    let Some(held) = tx.contract(&facts.contract)? else { return Ok(Err("the contract is gone")) };
    if held.terms.revoked_at.is_some() {
        return Ok(Err("the contract is revoked"));
    }
    if held.revision != facts.revision {
        return Ok(Err("it is renewed again"));
    }
    if held.behind == 0 {
        return Ok(Err("every host has it"));
    }
    Ok(match SealedContract::open(held.file.as_bytes()) {
        Err(_) => Err("the file that is kept cannot be opened"),
        Ok(sealed) if sealed.contract.relay.is_some() => Err(HOLDS_A_PASSWORD),
        Ok(sealed) => Ok(Ready::Renewal(facts.clone(), Box::new(sealed))),
    })
}

async fn deliver(receiver: &Receiver, sender: &mut Sender, due: Mailing) -> Result<(), StoreError> {
    let (now, observe, looked_at, to) = (receiver.now(), receiver.observe, due.clone(), due.email.clone());
    let what = match &due.matter {
        Matter::TestReport(facts) => format!("the answer to a test report of {}", facts.host),
        Matter::Renewal(facts) => facts.file(),
    };
    let ready = match receiver.store.write(move |tx| consider(tx, &looked_at, observe, now)).await? {
        Ok(ready) => ready,
        Err(why) => {
            tracing::info!(to, why, "{what} is not mailed");
            return Ok(());
        }
    };
    let outcome = hand_over(receiver, sender, &due, &ready).await;
    let (now, words) = (receiver.now(), outcome.to_string());
    match receiver.store.write(move |tx| conclude(tx, &due, &outcome, now)).await? {
        Next::Done => tracing::info!(to, "{what} was mailed"),
        Next::RetryAt(at) => tracing::warn!(to, words, %at, "{what} is not mailed yet"),
        Next::GiveUp { reason } => tracing::error!(to, reason, "{what} cannot be mailed"),
    }
    Ok(())
}

async fn hand_over(receiver: &Receiver, sender: &mut Sender, due: &Mailing, ready: &Ready) -> Outcome {
    let locale = Some(due.locale.unwrap_or(receiver.config.locale));
    let contact = Contact { name: due.name.clone(), email: due.email.clone(), locale };
    match compose(ready, sender.from(), &contact, &due.token, due.made_at) {
        Ok(letter) => {
            crash::point("R5.before");
            let outcome = sender.send(&letter).await;
            crash::point("R5.after");
            outcome
        }
        Err(error) => Outcome::Refused(error.failure(&contact)),
    }
}

fn compose(
    ready: &Ready,
    from: &str,
    contact: &Contact,
    token: &str,
    made_at: Timestamp,
) -> Result<Letter, LetterError> {
    match ready {
        Ready::Answer(facts, secret) => confirmation::compose(facts, secret, from, contact, token),
        Ready::Renewal(facts, sealed) => renewal::compose(facts, sealed, from, contact, token, made_at),
    }
}
