//! `quarantine`: mails that could not be taken, with the reason, to be looked at and released or discarded.

use anyhow::{Context as _, bail, ensure};
use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::text;
use mailbeat_shared::wire::signature::PublicKey;
use serde::Serialize;

use super::Desk;
use crate::cli::Quarantine;
use crate::intake::{self, Context, Source};
use crate::keyring::Keyring;
use crate::render;
use crate::store::{Kept, Quarantined, unpack};

/// Most mails listed at once.
const LISTED: u32 = 500;

/// `quarantine`.
pub(super) fn run(desk: &Desk, command: &Quarantine) -> anyhow::Result<()> {
    match command {
        Quarantine::List => list(desk),
        Quarantine::Show { id } => show(desk, *id),
        Quarantine::Release { id } => release(desk, *id),
        Quarantine::Discard { id } => {
            let discarded = desk.write(|tx| tx.discard_quarantined(*id, "discarded by an operator"))?;
            ensure!(discarded, "nothing waits under {id}; `quarantine list` shows what does");
            desk.show(&serde_json::json!({ "id": id, "state": "discarded" }), &format!("{id} is discarded"))
        }
    }
}

#[derive(Serialize)]
struct Row {
    id: i64,
    reason: &'static str,
    explanation: String,
    detail: String,
    received_at: Timestamp,
    seen: u32,
    host: Option<String>,
    contract: Option<String>,
    signer: Option<String>,
    state: &'static str,
}

impl Row {
    fn of(mail: &Quarantined) -> Self {
        Self {
            id: mail.id,
            reason: mail.reason.as_str(),
            explanation: mail.reason.to_string(),
            detail: mail.detail.clone(),
            received_at: mail.received_at,
            seen: mail.seen,
            host: Some(mail.claimed.host.clone()).filter(|host| !host.is_empty()),
            contract: Some(mail.claimed.contract.clone()).filter(|contract| !contract.is_empty()),
            signer: mail.claimed.signer.as_ref().map(PublicKey::from_bytes).map(|key| key.fingerprint()),
            state: mail.state.as_str(),
        }
    }
}

fn list(desk: &Desk) -> anyhow::Result<()> {
    let rows: Vec<Row> =
        desk.reader()?.read(|tx| tx.quarantine_waiting(0, LISTED))?.iter().map(Row::of).collect();
    desk.list(&rows, &["id", "reason", "received", "seen", "says it is", "contract", "signed by"], |row| {
        vec![
            row.id.to_string(),
            row.reason.into(),
            render::ago(row.received_at, desk.now),
            row.seen.to_string(),
            row.host.clone().unwrap_or_default(),
            row.contract.clone().unwrap_or_default(),
            row.signer.clone().unwrap_or_default(),
        ]
    })
}

fn show(desk: &Desk, id: i64) -> anyhow::Result<()> {
    let found = desk.reader()?.read(|tx| tx.quarantined(id))?;
    let mail =
        found.with_context(|| format!("there is nothing under {id}; `quarantine list` shows what waits"))?;
    let content = match &mail.kept {
        Kept::Report(packed) => packed.unpack()?.0,
        Kept::Mail(packed) => unpack(&packed.content, packed.report_bytes as usize)?,
        Kept::Nothing => b"(its content is not kept)".to_vec(),
    };
    let row = Row::of(&mail);
    let head = format!(
        "{id}: {}\n{}\nreceived {}, seen {} times, {}\n\n",
        row.explanation,
        row.detail,
        render::time(row.received_at),
        row.seen,
        row.state
    );
    desk.show(&row, &(head + &text::harmless(&String::from_utf8_lossy(&content))))
}

fn release(desk: &Desk, id: i64) -> anyhow::Result<()> {
    let rules = desk.config.load_rules()?;
    let keyring = Keyring::load(&desk.config.encryption_keys())?;
    let context = Context { rules: &rules, keyring: &keyring, usual_round: SignedDuration::from_mins(1) };
    let recorded = desk.write(|tx| intake::reprocess(tx, context, Source::Quarantine(id), desk.now))?;
    match recorded {
        Some(recorded) => desk.show(
            &serde_json::json!({ "id": id, "verdict": recorded.verdict.as_str(), "detail": recorded.detail }),
            &format!("{id}: {}", recorded.verdict),
        ),
        None => {
            bail!("nothing waits under {id}, or its content is not kept; `quarantine list` shows what waits")
        }
    }
}
