//! `quarantine`: mails that could not be taken, with the reason, to be looked at and released or discarded.
//!
//! Anybody can send mail, so nothing shown here was believed: it is what a mail claims, without what would steer a terminal.

use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::text;
use mailbeat_shared::wire::id::SystemId;
use mailbeat_shared::wire::signature::PublicKey;
use serde::Serialize;

use super::Desk;
use crate::cli::Quarantine;
use crate::intake::{self, Context, Recorded, Source, Verdict};
use crate::keyring::Keyring;
use crate::render;
use crate::store::{Kept, Quarantined, StoreError, Tx, unpack};

/// `quarantine`. What was to be released and stays ends with 1.
pub(super) fn run(desk: &Desk, command: &Quarantine) -> anyhow::Result<ExitCode> {
    match command {
        Quarantine::List { last } => list(desk, *last),
        Quarantine::Show { id } => show(desk, *id),
        Quarantine::Release { id } => return release(desk, *id),
        Quarantine::Discard { id } => discard(desk, *id),
    }
    .map(|()| ExitCode::SUCCESS)
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
    system: Option<SystemId>,
    sequence: Option<u64>,
    contract: Option<String>,
    signer: Option<String>,
    /// Of a key that is not admitted: whether its sender knows the contract's secret.
    proof: Option<&'static str>,
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
            system: mail.claimed.system,
            sequence: Some(mail.claimed.sequence).filter(|sequence| *sequence > 0),
            contract: Some(mail.claimed.contract.clone()).filter(|contract| !contract.is_empty()),
            signer: mail.claimed.signer.as_ref().map(PublicKey::from_bytes).map(|key| key.fingerprint()),
            proof: mail.proof_fits().map(|fits| if fits { "fits" } else { "does not fit" }),
            state: mail.state.as_str(),
        }
    }

    /// What it claims to be, one line each.
    fn claims(&self) -> String {
        let sequence = self.sequence.map(|sequence| format!("#{sequence}"));
        let claims = [
            ("host", self.host.clone()),
            ("system", self.system.map(|system| system.to_string())),
            ("report", sequence),
            ("contract", self.contract.clone()),
            ("signed by", self.signer.clone()),
            ("proof", self.proof.map(str::to_owned)),
        ];
        let said = claims.into_iter().filter_map(|(what, claim)| Some(format!("{what}: {}\n", claim?)));
        said.collect()
    }
}

/// The newest of what waits.
#[derive(Serialize)]
struct Listing {
    /// How many wait.
    total: u64,
    /// The newest, the newest first.
    mails: Vec<Row>,
}

impl Listing {
    fn of(tx: &Tx<'_>, last: u32) -> Result<Self, StoreError> {
        let mails = tx.quarantine_newest(last)?.iter().map(Row::of).collect();
        Ok(Self { total: tx.quarantine_count()?, mails })
    }

    fn text(&self, now: Timestamp) -> String {
        if self.total == 0 {
            return "none".into();
        }
        let cells = |row: &Row| {
            vec![
                row.id.to_string(),
                row.reason.into(),
                render::ago(row.received_at, now),
                row.seen.to_string(),
                row.host.clone().unwrap_or_default(),
                row.contract.clone().unwrap_or_default(),
                row.proof.unwrap_or_default().into(),
                row.signer.clone().unwrap_or_default(),
            ]
        };
        let rows: Vec<Vec<String>> = self.mails.iter().map(cells).collect();
        let headers = ["id", "reason", "received", "seen", "says it is", "contract", "proof", "signed by"];
        let table = render::table(&headers, &rows);
        match self.total.saturating_sub(self.mails.len() as u64) {
            0 => table,
            more => format!("{table}and {more} more; `quarantine list --last {}` shows all\n", self.total),
        }
    }
}

fn list(desk: &Desk, last: u32) -> anyhow::Result<()> {
    let listing = desk.reader()?.read(|tx| Listing::of(tx, last))?;
    desk.show(&listing, &listing.text(desk.now))
}

/// One mail.
#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    row: Row,
    /// The report or the mail as text, without what would steer a terminal; `None`: it is not kept.
    content: Option<String>,
}

impl Whole {
    fn of(mail: &Quarantined) -> Result<Self, StoreError> {
        let content = match &mail.kept {
            Kept::Report(packed) => Some(packed.unpack()?.0),
            Kept::Mail(packed) => Some(unpack(&packed.content, packed.report_bytes as usize)?),
            Kept::Nothing => None,
        };
        let content = content.map(|content| text::harmless(&String::from_utf8_lossy(&content)));
        Ok(Self { row: Row::of(mail), content })
    }

    fn text(&self) -> String {
        let Row { id, explanation, detail, seen, state, .. } = &self.row;
        let received = render::time(self.row.received_at);
        let content = self.content.as_deref().unwrap_or("(its content is not kept)");
        let claims = self.row.claims();
        format!(
            "{id}: {explanation}\n{detail}\nreceived {received}, seen {seen} times, {state}\n{claims}\n{content}"
        )
    }
}

fn show(desk: &Desk, id: i64) -> anyhow::Result<()> {
    let found = desk.reader()?.read(|tx| tx.quarantined(id))?;
    let mail =
        found.with_context(|| format!("there is nothing under {id}; `quarantine list` shows what waits"))?;
    let whole = Whole::of(&mail)?;
    desk.show(&whole, &whole.text())
}

fn release(desk: &Desk, id: i64) -> anyhow::Result<ExitCode> {
    let rules = desk.config.load_rules()?;
    let keyring = Keyring::load(&desk.config.encryption_keys())?;
    let context = Context { rules: &rules, keyring: &keyring, usual_round: SignedDuration::from_mins(1) };
    let recorded = desk.write(|tx| intake::reprocess(tx, context, Source::Quarantine(id), desk.now))?;
    let recorded = recorded.with_context(|| {
        format!("nothing waits under {id}, or its content is not kept; `quarantine list` shows what waits")
    })?;
    let stays = matches!(recorded.verdict, Verdict::Quarantined(_));
    let Recorded { verdict, detail, .. } = &recorded;
    desk.show(
        &serde_json::json!({ "id": id, "verdict": verdict.as_str(), "detail": detail, "released": !stays }),
        &released(id, &recorded),
    )?;
    Ok(if stays { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What became of it, and why.
fn released(id: i64, recorded: &Recorded) -> String {
    let Recorded { verdict, detail, .. } = recorded;
    format!("{id}: {verdict}\n{detail}")
}

fn discard(desk: &Desk, id: i64) -> anyhow::Result<()> {
    let discarded = desk.write(|tx| tx.discard_quarantined(id, "discarded by an operator"))?;
    ensure!(discarded, "nothing waits under {id}; `quarantine list` shows what does");
    desk.show(&serde_json::json!({ "id": id, "state": "discarded" }), &format!("{id} is discarded"))
}

#[cfg(test)]
mod tests {
    use mailbeat_shared::wire::id::Digest;

    use super::*;
    use crate::intake::QuarantineReason;
    use crate::store::{Claimed, NewQuarantined, PackedReport, Place, Store};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    /// A database in which mails of these hosts wait, whose proof fits or not.
    fn waiting(hosts: &[(&str, bool)]) -> Store {
        let mut store = Store::in_memory().unwrap();
        for (host, proven) in hosts {
            let claimed = Claimed {
                signer: Some([1; 32]),
                system: Some(SystemId::from_random([1; 16])),
                contract: "ACME-1".into(),
                host: (*host).to_owned(),
                sequence: 7,
            };
            let new = NewQuarantined {
                reason: QuarantineReason::NotEnrolled,
                detail: "waits for approval",
                proven: *proven,
                received_at: NOW,
                place: Place::default(),
                digest: Digest::of(host.as_bytes()),
                claimed: &claimed,
                kept: &Kept::Report(PackedReport::pack(b"{ \"host\": \"\x1b[2J\" }\n", "signature")),
            };
            store.write(|tx| tx.put_quarantined(&new, NOW)).unwrap();
        }
        store
    }

    #[test]
    fn a_list_begins_with_the_newest_and_says_how_many_there_are() {
        let mut store = waiting(&[("junk-1", false), ("junk-2", false), ("scada-01", true)]);
        let listing = store.read(|tx| Listing::of(tx, 2)).unwrap();
        let json = serde_json::to_value(&listing).unwrap();
        assert_eq!(json["total"], 3);
        for (at, host, proof) in [(0_usize, "scada-01", "fits"), (1, "junk-2", "does not fit")] {
            assert_eq!(json["mails"][at]["host"], host);
            assert_eq!(json["mails"][at]["proof"], proof);
        }
        let said = listing.text(NOW);
        assert!(said.ends_with("and 1 more; `quarantine list --last 3` shows all\n"), "{said}");
        let all = store.read(|tx| Listing::of(tx, 3)).unwrap().text(NOW);
        assert!(all.contains("junk-1") && !all.contains("more"), "{all}");
        assert_eq!(waiting(&[]).read(|tx| Listing::of(tx, 9)).unwrap().text(NOW), "none");
    }

    #[test]
    fn machines_are_shown_of_a_mail_what_people_are() {
        let mut store = waiting(&[("scada-01", true)]);
        let mail = store.read(|tx| tx.quarantined(1)).unwrap().unwrap();
        let whole = Whole::of(&mail).unwrap();
        let (said, json) = (whole.text(), serde_json::to_value(&whole).unwrap());
        for name in ["explanation", "detail", "host", "system", "contract", "signer", "proof", "content"] {
            let shown = json[name].as_str().unwrap();
            assert!(!shown.is_empty() && said.contains(shown), "{name}: {shown:?} is not in {said}");
        }
        assert_eq!(json["sequence"], 7);
        assert!(text::is_clean(&said), "{said:?}");
        let forgotten = Whole { content: None, ..whole };
        assert!(forgotten.text().ends_with("(its content is not kept)"));
    }

    #[test]
    fn what_stays_in_quarantine_says_why() {
        let verdict = Verdict::Quarantined(QuarantineReason::NotEnrolled);
        let stays =
            Recorded { uid: 0, verdict, detail: "contract ACME-1 covers 1 systems, all taken".into() };
        let said = "7: Quarantined: the key is not admitted\ncontract ACME-1 covers 1 systems, all taken";
        assert_eq!(released(7, &stays), said);
    }
}
