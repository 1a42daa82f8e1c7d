//! The outbox's other half: mails to contacts about no ticket, sent as notifications are (R5): counted, sent, marked.
//!
//! Before sending each is looked at once more: an answer that nobody waits for, and a renewal that every host has or that holds a secret,
//! stay unsent, and the reason is kept. Whom a renewal reached, and whom not, stands in the ticket about the contract's end.

use std::slice;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::crash;
use mailbeat_shared::transport::outcome::Outcome;
use mailbeat_shared::wire::contract::{EnrollmentSecret, SealedContract};

use super::{Receiver, outbox};
use crate::evaluate::ending::{Ending, HandingOver, behind, handing_over};
use crate::evaluate::rules::{Rules, built_in};
use crate::notify::mail::Sender;
use crate::notify::renewal::RenewalView;
use crate::notify::retry::{Next, next};
use crate::notify::{Contact, Letter, LetterError, Matter, confirmation, renewal};
use crate::store::{Ended, Mailing, Refusal, StoreError, Tx};
use crate::ticket::{Ticket, TicketEvent, What};

/// Mails looked at in one go.
const AT_ONCE: u32 = 20;
/// When an attempt is tried again of which nothing more was heard, because we died.
const AFTER_A_CRASH: SignedDuration = SignedDuration::from_mins(1);
/// An answer that comes later than this helps nobody at a keyboard.
const TOO_LATE: SignedDuration = SignedDuration::from_hours(24);
/// How long a renewal waits at most for the mailboxes to be read: they may hold reports of hosts that have it.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(24);
/// When a renewal that waits is looked at again: soon at first, while a round of reading goes on.
const SOON: SignedDuration = SignedDuration::from_secs(5);
const LATER: SignedDuration = SignedDuration::from_mins(1);

/// Sends what is due.
pub(super) async fn send_due(receiver: &Receiver, sender: &mut Sender) -> Result<(), StoreError> {
    let now = receiver.now();
    let due = receiver.store.write(move |tx| tx.due_mailings(now, AT_ONCE)).await?;
    for mailing in due {
        if receiver.is_stopping() || !deliver(receiver, sender, mailing.id).await? {
            break;
        }
    }
    Ok(())
}

/// What a mail is made from: what was written down, and what only the store knows.
#[derive(Clone, Debug)]
pub enum Ready {
    /// The secret makes the code.
    Answer(Box<confirmation::Facts>, EnrollmentSecret),
    /// The file is attached.
    Renewal(Box<RenewalView>),
}

/// What to do with a due mail.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Send it; the attempt is counted.
    Send(Ready),
    /// It is too early to say.
    Wait,
    /// There is nothing to send, and why.
    Drop(&'static str),
}

/// Decides about a due mail and writes it down before anything is sent.
///
/// # Errors
/// [`StoreError`].
pub fn consider(
    tx: &Tx<'_>,
    due: &Mailing,
    observe: bool,
    rules: &Rules,
    now: Timestamp,
) -> Result<Verdict, StoreError> {
    let verdict = match &due.matter {
        _ if observe => Verdict::Drop("only observing"),
        Matter::TestReport(facts) => answer(tx, due, facts, now)?,
        Matter::Renewal(what) => hand_over(tx, due, what, rules, now)?,
    };
    let again = if now.duration_since(due.made_at) < LATER { SOON } else { LATER };
    match &verdict {
        Verdict::Send(_) => tx.count_mailing(due.id, &due.email, now, outbox::after(now, AFTER_A_CRASH))?,
        Verdict::Wait => tx.defer_mailing(due.id, outbox::after(now, again), "waits for the mailboxes")?,
        Verdict::Drop(why) => tx.end_mailing(due.id, Ended::Dropped, why, now)?,
    }
    Ok(verdict)
}

fn answer(
    tx: &Tx<'_>,
    due: &Mailing,
    facts: &confirmation::Facts,
    now: Timestamp,
) -> Result<Verdict, StoreError> {
    if now.duration_since(due.made_at) >= TOO_LATE {
        return Ok(Verdict::Drop("a day has passed"));
    }
    let Some(secret) = tx.enrollment_secret(due.contract)? else {
        return Ok(Verdict::Drop("the contract's secret is gone"));
    };
    Ok(Verdict::Send(Ready::Answer(Box::new(facts.clone()), secret)))
}

fn hand_over(
    tx: &Tx<'_>,
    due: &Mailing,
    what: &HandingOver,
    rules: &Rules,
    now: Timestamp,
) -> Result<Verdict, StoreError> {
    let waited = now.duration_since(due.made_at);
    if !waited.is_negative() && waited < LONGEST_WAIT && !is_all_read(tx, due.made_at)? {
        return Ok(Verdict::Wait);
    }
    let endings = tx.contracts_ending_by(what.ends_at)?;
    let ending = endings.into_iter().find(|is| is.number == what.contract && is.ends_at == what.ends_at);
    let is_due = |is: &Ending| handing_over(slice::from_ref(is), &rules.contract_ending, now).contains(what);
    let Some(ending) = ending.filter(is_due) else {
        return Ok(Verdict::Drop("every host has it, or it is told otherwise by now"));
    };
    let held = tx.contract(&what.contract)?;
    let file = held.and_then(|held| SealedContract::open(held.file.as_bytes()).ok());
    Ok(match file.filter(|sealed| !sealed.contract.holds_secret()) {
        Some(renewed) => Verdict::Send(Ready::Renewal(Box::new(RenewalView { ending, renewed }))),
        None => Verdict::Drop("its file is damaged, or holds a secret"),
    })
}

/// Whether every mailbox was read up to a time.
fn is_all_read(tx: &Tx<'_>, at: Timestamp) -> Result<bool, StoreError> {
    let mailboxes = tx.mailboxes()?;
    let mut read = mailboxes.iter().filter(|mailbox| mailbox.active);
    Ok(read.all(|mailbox| mailbox.hearing.is_some_and(|hearing| hearing.drained_at >= at)))
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
            tx.mailing_refused(&due.token, Refusal::OfAddress, reason, now)?;
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
    let Matter::Renewal(what) = &due.matter else { return Ok(()) };
    let subjects = [behind(&what.contract, what.revision), what.contract.to_string()];
    let tickets: Vec<Ticket> = tx.unclosed_tickets(None)?;
    let about = |subject: &String| {
        let is_it = |ticket: &&Ticket| {
            ticket.rule.as_str() == built_in::CONTRACT_ENDING && ticket.subject == *subject
        };
        tickets.iter().find(|ticket| ticket.state.is_unresolved() && is_it(ticket))
    };
    let Some(ticket) = subjects.iter().find_map(about) else { return Ok(()) };
    let reason = words(format!("{}.{}", what.contract, what.revision), &due.email);
    let comment = TicketEvent { at: now, what: What::Commented, reason, by: "mailbeat".into() };
    tx.add_ticket_event(ticket.number, &comment, now).map(drop)
}

/// Decides and sends. False where the mail server cannot be reached.
async fn deliver(receiver: &Receiver, sender: &mut Sender, id: i64) -> Result<bool, StoreError> {
    let (now, observe, rules) = (receiver.now(), receiver.observe, receiver.rules());
    let looked_at = receiver.store.write(move |tx| {
        // The one before took its time, and the contact may be another by now.
        let Some(due) = tx.waiting_mailing(id)? else { return Ok(None) };
        let verdict = consider(tx, &due, observe, &rules, now)?;
        let made_at = if due.attempts == 0 { now } else { due.made_at };
        Ok::<_, StoreError>(Some((Mailing { made_at, ..due }, verdict)))
    });
    let Some((due, verdict)) = looked_at.await? else { return Ok(true) };
    let (what, to) = (name(&due.matter), due.email.clone());
    let ready = match verdict {
        Verdict::Send(ready) => ready,
        Verdict::Wait => return Ok(true),
        Verdict::Drop(why) => {
            tracing::info!(to, why, "{what} is not mailed");
            return Ok(true);
        }
    };
    let outcome = send(receiver, sender, &due, &ready).await;
    let (now, words, is_reached) = (receiver.now(), outcome.to_string(), outbox::was_reached(&outcome));
    match receiver.store.write(move |tx| conclude(tx, &due, &outcome, now)).await? {
        Next::Done => tracing::info!(to, "{what} was mailed"),
        Next::RetryAt(at) => tracing::warn!(to, words, %at, "{what} is not mailed yet"),
        Next::GiveUp { reason } => tracing::error!(to, reason, "{what} cannot be mailed"),
    }
    Ok(is_reached)
}

fn name(matter: &Matter) -> String {
    match matter {
        Matter::TestReport(facts) => format!("the answer to a test report of {}", facts.host),
        Matter::Renewal(what) => what.file(),
    }
}

async fn send(receiver: &Receiver, sender: &mut Sender, due: &Mailing, ready: &Ready) -> Outcome {
    let locale = Some(due.locale.unwrap_or(receiver.config.locale));
    let contact = Contact { name: due.name.clone(), email: due.email.clone(), locale };
    match compose(ready, sender.from(), &contact, due) {
        Ok(letter) => {
            crash::point("R5.before");
            let outcome = sender.send(&letter).await;
            crash::point("R5.after");
            outcome
        }
        Err(error) => Outcome::Refused(error.failure(&contact)),
    }
}

fn compose(ready: &Ready, from: &str, contact: &Contact, due: &Mailing) -> Result<Letter, LetterError> {
    match ready {
        Ready::Answer(facts, secret) => confirmation::compose(facts, secret, from, contact, &due.token),
        Ready::Renewal(view) => renewal::compose(view, from, contact, &due.token, due.made_at),
    }
}
