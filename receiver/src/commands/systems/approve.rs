//! `systems approve`: a person admits a key, or the next contract of a system that is known, and what waited for it is taken up.
//!
//! Some reports a transaction (R6), so that a running receiver waits for none of it long. Stopped in between, the same command
//! goes on: what was admitted is found admitted.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::id::SystemId;
use mailbeat_shared::wire::signature::PublicKey;
use serde::Serialize;

use super::super::{Desk, commit};
use crate::intake::{self, Approved, Context, Recorded, Verdict};
use crate::keyring::Keyring;
use crate::store::Tx;

/// `systems approve`. Ends with 1 where nothing new was admitted and nothing of what waits could be taken.
pub(super) fn run(desk: &Desk, fingerprint: &str, keep: bool) -> anyhow::Result<ExitCode> {
    let rules = desk.config.load_rules()?;
    let keyring = Keyring::load(&desk.config.encryption_keys())?;
    let context = Context { rules: &rules, keyring: &keyring, usual_round: SignedDuration::from_mins(1) };
    let mut store = desk.store()?;
    let (key, mut approved) = commit(&mut store, |tx| {
        let key = key_of(tx, fingerprint)?;
        anyhow::Ok((key, intake::approve(tx, context, &key, keep, desk.now)?))
    })?;
    while let Some(rest) = approved.rest {
        let (recorded, rest) = commit(&mut store, |tx| intake::take_up(tx, context, &key, rest, desk.now))?;
        approved.recorded.extend(recorded);
        approved.rest = rest;
    }
    let told = store.read(|tx| Told::of(tx, fingerprint, &approved))?;
    desk.show(&told, &told.text(desk.now))?;
    Ok(if told.is_done() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The key with this fingerprint, of those that what waits is signed with and those of systems.
fn key_of(tx: &Tx<'_>, fingerprint: &str) -> anyhow::Result<[u8; 32]> {
    let is_it = |key: &[u8; 32]| PublicKey::from_bytes(key).fingerprint() == fingerprint;
    tx.keys_named()?.into_iter().find(is_it).with_context(|| {
        format!("no report signed by {fingerprint} waits; `quarantine list` shows what does, and its keys")
    })
}

/// Whom it admitted, and what became of what waited.
#[derive(Serialize)]
struct Told {
    key: String,
    system: SystemId,
    host: String,
    customer: String,
    contract: String,
    /// The key was admitted before; what waited all the same was looked at.
    before: bool,
    /// Since or from when it is refused all the same.
    revoked_at: Option<Timestamp>,
    /// How many reports were recorded.
    recorded: usize,
    /// What became of the others, and of how many.
    others: BTreeMap<String, usize>,
    /// How many of these wait on.
    waits_on: usize,
    /// The keys that it follows.
    follows: Vec<String>,
    /// When what those sign is refused.
    refused_from: Option<Timestamp>,
}

impl Told {
    fn of(tx: &Tx<'_>, fingerprint: &str, approved: &Approved) -> anyhow::Result<Self> {
        // What was taken up last may have put it under another contract.
        let system = tx.system(approved.system.id)?.unwrap_or_else(|| approved.system.clone());
        let follows = approved.follows.iter().map(|key| PublicKey::from_bytes(key).fingerprint());
        let (recorded, others) = counted(&approved.recorded);
        Ok(Self {
            key: fingerprint.to_owned(),
            system: system.system_id,
            customer: tx.customer(system.customer)?.map(|customer| customer.name).unwrap_or_default(),
            contract: system.contract.number.to_string(),
            host: system.host,
            before: approved.before,
            revoked_at: approved.revoked_at,
            recorded,
            others,
            waits_on: approved.recorded.iter().filter(|mail| waits(mail)).count(),
            follows: follows.collect(),
            refused_from: (!approved.follows.is_empty()).then_some(approved.refused_from),
        })
    }

    /// Whether there was anything to do that was done, or nothing at all: what is a duplicate, or ignored, waits no more.
    fn is_done(&self) -> bool {
        !self.before || self.recorded > 0 || self.waits_on == 0
    }

    fn text(&self, now: Timestamp) -> String {
        let Self { key, system, host, customer, contract, recorded, .. } = self;
        let admitted = if self.before { "was admitted before" } else { "is admitted" };
        let mut text = format!("{key} {admitted} for {host} ({system}) of {customer}, contract {contract}\n");
        let _ = writeln!(text, "{recorded} waiting reports were taken up");
        for (verdict, n) in &self.others {
            let _ = writeln!(text, "{n} were not: {verdict}");
        }
        if let Some(from) = self.refused_from {
            let old = self.follows.join(", ");
            let _ = writeln!(text, "it follows {old}: what that signs is refused from {from:.0} on");
        }
        if let Some(at) = self.revoked_at {
            let refused = if at <= now { "has been" } else { "will be" };
            let _ = writeln!(text, "what it signs {refused} refused from {at:.0} on");
        }
        text
    }
}

fn waits(mail: &Recorded) -> bool {
    matches!(mail.verdict, Verdict::Quarantined(_))
}

/// How many were recorded, and what became of the others.
fn counted(all: &[Recorded]) -> (usize, BTreeMap<String, usize>) {
    let (mut recorded, mut others) = (0, BTreeMap::new());
    for mail in all {
        match mail.verdict {
            Verdict::Accepted => recorded += 1,
            verdict => *others.entry(verdict.to_string()).or_default() += 1,
        }
    }
    (recorded, others)
}

#[cfg(test)]
mod tests {
    use mailbeat_shared::wire::id::Digest;
    use mailbeat_shared::wire::signature::SigningKey;

    use super::*;
    use crate::intake::QuarantineReason;
    use crate::store::{Claimed, Kept, NewQuarantined, Place, Store, StoreError};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn a_key_is_found_behind_however_much_junk_that_waits_longer() {
        let mut store = Store::in_memory().unwrap();
        let key = SigningKey::from_seed(&[1; 32], "agent").public();
        let put = |tx: &Tx<'_>, n: u32, signer: Option<[u8; 32]>| {
            let claimed = Claimed { signer, ..Claimed::default() };
            let new = NewQuarantined {
                reason: QuarantineReason::NotEnrolled,
                detail: "",
                proven: false,
                received_at: NOW,
                place: Place::default(),
                digest: Digest::of(&n.to_be_bytes()),
                claimed: &claimed,
                kept: &Kept::Nothing,
            };
            tx.put_quarantined(&new, NOW).map(drop)
        };
        let found = store.write(|tx| {
            (0..700).try_for_each(|n| put(tx, n, None))?;
            put(tx, 700, Some(key.bytes()))?;
            Ok::<_, StoreError>(key_of(tx, &key.fingerprint()).map_err(|error| error.to_string()))
        });
        assert_eq!(found.unwrap(), Ok(key.bytes()));
        let nobody = store.read(|tx| key_of(tx, "SHA256:nobody")).unwrap_err().to_string();
        assert!(nobody.starts_with("no report signed by SHA256:nobody waits"), "{nobody}");
    }

    #[test]
    fn only_what_was_recorded_counts_as_taken_up() {
        let mail = |verdict| Recorded { uid: 0, verdict, detail: String::new() };
        let refused = Verdict::Quarantined(QuarantineReason::RevokedKey);
        let all = [Verdict::Accepted, refused, Verdict::Duplicate, Verdict::Accepted, refused].map(mail);
        let others = [("Duplicate".to_owned(), 1), ("Quarantined: the key was revoked".to_owned(), 2)];
        assert_eq!(counted(&all), (2, BTreeMap::from(others)));
    }

    fn told() -> Told {
        Told {
            key: "SHA256:new".into(),
            system: SystemId::from_random([1; 16]),
            host: "scada-01".into(),
            customer: "ACME".into(),
            contract: "ACME-2".into(),
            before: false,
            revoked_at: None,
            recorded: 2,
            others: BTreeMap::new(),
            waits_on: 0,
            follows: vec!["SHA256:old".into()],
            refused_from: Some(NOW),
        }
    }

    #[test]
    fn it_is_said_whom_the_key_is_admitted_for_and_what_becomes_of_the_ones_before() {
        let said = told().text(NOW);
        assert!(said.starts_with("SHA256:new is admitted for scada-01 ("), "{said}");
        assert!(said.contains(") of ACME, contract ACME-2\n2 waiting reports were taken up\n"), "{said}");
        assert!(said.contains("it follows SHA256:old: what that signs is refused from 1970-"), "{said}");
        let json = serde_json::to_value(told()).unwrap();
        for (name, value) in
            [("host", "scada-01"), ("customer", "ACME"), ("refused_from", "1970-01-01T00:00:00Z")]
        {
            assert_eq!(json[name], value);
        }
    }

    #[test]
    fn where_nothing_new_was_admitted_and_nothing_taken_it_is_not_done() {
        let refused = BTreeMap::from([("Quarantined: the key was revoked".to_owned(), 1)]);
        let again =
            Told { before: true, recorded: 0, others: refused, waits_on: 1, revoked_at: Some(NOW), ..told() };
        assert!(!again.is_done() && told().is_done());
        assert!(Told { waits_on: 0, ..told() }.is_done(), "duplicates wait no more");
        assert!(Told { others: BTreeMap::new(), ..told() }.is_done());
        let said = again.text(NOW);
        assert!(
            said.contains("was admitted before") && said.contains("has been refused from 1970"),
            "{said}"
        );
    }
}
