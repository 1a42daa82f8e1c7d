//! What time alone makes true: systems that are due, the receiver's own health, retention, rules that were edited.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::crash;
use mailbeat_shared::transport::oauth::OAuthSettings;
use tokio::time::Instant;

use super::set_clock::SetClock;
use super::{Receiver, RunError, reading};
use crate::config::Retention;
use crate::evaluate::fill::KeptDays;
use crate::evaluate::own::Known;
use crate::evaluate::rules::Rules;
use crate::history::Day;
use crate::intake::judge;
use crate::store::{Store, StoreError, Tx};
use crate::ticket::{TicketEvent, What};

/// Systems judged in one go, so that mail is not kept waiting.
const AT_ONCE: usize = 200;
/// Time between two clean-ups of the database.
const HOUSEKEEPING: SignedDuration = SignedDuration::from_hours(1);
/// A ticket that stayed resolved so long is closed.
const CLOSE_AFTER: SignedDuration = SignedDuration::from_hours(24 * 14);
/// No notification waits longer for its next attempt.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);
/// Rows touched by one step of the clean-up.
const STEP: u32 = 500;

/// Looks at the clock once a second until told to stop. `alive` is called each time, for a watchdog.
pub(super) async fn run(receiver: Arc<Receiver>, alive: impl Fn() + Send + 'static) -> Result<(), RunError> {
    // Nothing yet: what was edited since the program read them is found at once.
    let mut edited_at = vec![];
    judge_by_what_is_in_force(&receiver).await?;
    let mut housekept_at: Option<Timestamp> = None;
    let (accounts, retention) = (receiver.config.accounts(), receiver.config.retention);
    let kept =
        KeptDays { processed: retention.processed_mail_days, quarantined: retention.quarantined_mail_days };
    let read: Vec<String> =
        receiver.config.mailboxes.iter().map(|mailbox| mailbox.name().to_owned()).collect();
    receiver.store.write(move |tx| tx.read_only_these(&read)).await?;
    // It may have run by a clock that was ahead.
    let (now, begun, mut clock) = (receiver.now(), Instant::now(), SetClock::default());
    let waits_at_most = now.saturating_add(LONGEST_WAIT).unwrap_or(now);
    receiver.store.write(move |tx| plan_anew(tx, now, waits_at_most)).await?;
    while !receiver.is_stopping() {
        let (now, rules) = (receiver.now(), receiver.rules());
        if clock.look(now, begun.elapsed()) {
            tracing::warn!(%now, "the clock was set back; what was planned by it is looked at now");
            receiver.store.write(move |tx| plan_anew(tx, now, now)).await?;
        }
        let accounts = accounts.iter().map(OAuthSettings::standing).collect();
        let believed = receiver.believed_now();
        let mails_nobody = receiver.observe || believed.is_none();
        let known = Known { accounts, kept, mails_nobody };
        receiver.store.with(move |store| look(store, &rules, &known, now)).await?;
        let is_time = housekept_at.is_none_or(|at| now.duration_since(at).abs() >= HOUSEKEEPING);
        if let Some(now) = believed.filter(|_| is_time) {
            housekept_at = Some(now);
            tidy(&receiver, retention, now).await?;
        }
        let stamps = edited(&receiver);
        if stamps != edited_at {
            edited_at = stamps;
            read_rules_again(&receiver);
            judge_by_what_is_in_force(&receiver).await?;
        }
        alive();
        receiver.sleep(reading::LONGEST_SLEEP).await;
    }
    Ok(())
}

/// What a clock may have planned that was ahead: every system is looked at now, and what people are to be told and waits until after
/// `latest` is tried now.
///
/// # Errors
/// [`StoreError`].
pub fn plan_anew(tx: &Tx<'_>, now: Timestamp, latest: Timestamp) -> Result<(), StoreError> {
    tx.look_at_all(now)?;
    tx.bring_notifications_forward(now, latest)?;
    tx.bring_mailings_forward(now, latest)
}

/// Every system that is due, some in one transaction (R4), and one for the receiver itself with what only its loops know.
///
/// # Errors
/// [`StoreError`] where the database itself refuses.
pub fn look(store: &mut Store, rules: &Rules, known: &Known, now: Timestamp) -> Result<(), StoreError> {
    let limit = u32::try_from(AT_ONCE).unwrap_or(u32::MAX);
    while judge::tick_due(store, rules, now, limit)? == AT_ONCE {}
    let judged = store.write(|tx| {
        judge::own_health(tx, rules, known, now)?;
        crash::point("R4.own.before");
        Ok(())
    });
    crash::point("R4.own.after");
    judged
}

/// Cleans up the database, part by part: one row that cannot be forgotten ends neither the program nor the other parts.
async fn tidy(receiver: &Receiver, retention: Retention, now: Timestamp) -> Result<(), StoreError> {
    receiver
        .store
        .with(move |store| {
            for (what, part) in CLEAN_UP {
                match part(store, retention, now) {
                    Err(error) if error.is_one_rows() => {
                        tracing::error!(what, %error, "these were not cleaned up; tried again in an hour");
                    }
                    cleaned => cleaned?,
                }
            }
            Ok(())
        })
        .await
}

/// When each file of the rules was edited last.
fn edited(receiver: &Receiver) -> Vec<Option<SystemTime>> {
    let edited_at = |file: &PathBuf| std::fs::metadata(file).ok()?.modified().ok();
    receiver.config.rules_files(&receiver.rules()).iter().map(edited_at).collect()
}

async fn judge_by_what_is_in_force(receiver: &Receiver) -> Result<(), RunError> {
    let (digest, now) = (receiver.rules().digest(), receiver.now());
    Ok(receiver.store.with(move |store| store.write(|tx| tx.judge_by(digest, now))).await?)
}

fn read_rules_again(receiver: &Receiver) {
    match receiver.config.load_rules() {
        Ok(rules) if rules.digest() == receiver.rules().digest() => {}
        Ok(rules) => {
            receiver.set_rules(rules);
            tracing::info!("the rules were edited and are in force");
        }
        Err(error) => {
            tracing::error!(%error, "the rules were edited and cannot be read; those before stay in force")
        }
    }
}

/// Forgets what was kept long enough, and closes tickets that stayed resolved.
///
/// # Errors
/// [`StoreError`].
pub fn clean_up(store: &mut Store, retention: Retention, now: Timestamp) -> Result<(), StoreError> {
    CLEAN_UP.iter().try_for_each(|(_, part)| part(store, retention, now))
}

type Part = fn(&mut Store, Retention, Timestamp) -> Result<(), StoreError>;

/// The parts of the clean-up, and what each is about.
const CLEAN_UP: [(&str, Part); 5] = [
    ("old heartbeats", |store, retention, now| {
        let old = days_before(now, retention.heartbeat_days);
        while store.write(|tx| tx.condense_heartbeats(old, STEP))? == STEP as usize {}
        Ok(())
    }),
    ("old system reports", |store, retention, now| {
        let old = days_before(now, retention.system_report_days);
        while store.write(|tx| tx.empty_system_reports(old, STEP))? == STEP as usize {}
        Ok(())
    }),
    ("old days of numbers", |store, retention, now| {
        let old = Day::of(days_before(now, retention.daily_days));
        store.write(|tx| tx.forget_days(old).map(drop))
    }),
    ("old bookkeeping", |store, _, now| {
        store.write(|tx| tx.forget_bookkeeping(days_before(now, 90)).map(drop))
    }),
    ("resolved tickets", |store, _, now| store.write(|tx| close_what_stayed_resolved(tx, now))),
];

fn days_before(now: Timestamp, days: u32) -> Timestamp {
    now.saturating_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN)
}

fn close_what_stayed_resolved(tx: &Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    let over = now.saturating_sub(CLOSE_AFTER).unwrap_or(Timestamp::MIN);
    for number in tx.resolved_before(over, STEP)? {
        let reason = "it stayed resolved for 14 days".to_owned();
        let closed = TicketEvent { at: now, what: What::Closed, reason, by: "mailbeat".into() };
        tx.add_ticket_event(number, &closed, now)?;
    }
    Ok(())
}
