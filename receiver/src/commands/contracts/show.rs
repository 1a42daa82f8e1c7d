//! `contracts show`: one contract with everything its newest revision says, but for what is secret.

use anyhow::Context as _;
use jiff::Timestamp;
use mailbeat_shared::locale::Locale;
use mailbeat_shared::wire::contract::{Contract, Interval, Relay, RelayTls, SealedContract};
use mailbeat_shared::wire::id::ContractNumber;
use mailbeat_shared::wire::sealed::EncryptionKey;
use serde::Serialize;

use super::super::Desk;
use super::Row;
use crate::store::{ContractRow, EnrollmentMode};

/// `contracts show`.
pub(super) fn run(desk: &Desk, number: &ContractNumber) -> anyhow::Result<()> {
    let found = desk.reader()?.read(|tx| tx.contract(number))?;
    let contract =
        found.with_context(|| format!("there is no contract {number}; `contracts list` shows them"))?;
    desk.show(&Whole::of(&contract, desk.now)?, &without_secret(&contract.file))
}

#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    row: Row,
    #[serde(flatten)]
    terms: Terms,
    /// Who admits its systems: `auto` by proof, `approve` a person.
    enrollment: EnrollmentMode,
    revoked_at: Option<Timestamp>,
}

/// What the file says beside number, customer, revision, term and number of systems.
#[derive(Serialize)]
struct Terms {
    vendor: String,
    issued_at: Timestamp,
    report_addresses: Vec<String>,
    heartbeat_interval_s: Interval,
    system_interval_s: Interval,
    grace_days: u32,
    maintenance_max_h: u32,
    locale: Option<Locale>,
    /// Whom reports can be encrypted for: public.
    encryption_key: Option<EncryptionKey>,
    relay: Option<Login>,
}

/// The login on the relay, without its password.
#[derive(Serialize)]
struct Login {
    host: String,
    port: u16,
    tls: RelayTls,
    username: String,
    tls_pin: Option<String>,
}

impl Whole {
    fn of(contract: &ContractRow, now: Timestamp) -> anyhow::Result<Self> {
        let sealed = SealedContract::open(contract.file.as_bytes());
        let sealed = sealed.with_context(|| format!("the file of {}", contract.terms.number))?;
        Ok(Self {
            row: Row::of(contract, now),
            terms: Terms::of(sealed.contract),
            enrollment: contract.terms.enrollment,
            revoked_at: contract.terms.revoked_at,
        })
    }
}

impl Terms {
    fn of(contract: Contract) -> Self {
        Self {
            vendor: contract.vendor,
            issued_at: contract.issued_at,
            report_addresses: contract.report_addresses,
            heartbeat_interval_s: contract.heartbeat_interval_s,
            system_interval_s: contract.system_interval_s,
            grace_days: contract.grace_days,
            maintenance_max_h: contract.maintenance_max_h,
            locale: contract.locale,
            encryption_key: contract.encryption_key,
            relay: contract.relay.map(Login::of),
        }
    }
}

impl Login {
    fn of(Relay { host, port, tls, username, password: _, tls_pin }: Relay) -> Self {
        Self { host, port, tls, username, tls_pin }
    }
}

/// The file for a screen: its secrets are not for shoulders to look over.
fn without_secret(file: &str) -> String {
    let hide = |line: &str| {
        let key = line.split('=').next().unwrap_or_default().trim();
        if key == "enrollment_secret" || key == "password" {
            format!("{key} = (hidden)\n")
        } else {
            format!("{line}\n")
        }
    };
    file.lines().map(hide).collect()
}

#[cfg(test)]
mod tests {
    use mailbeat_shared::wire::contract::EnrollmentSecret;
    use mailbeat_shared::wire::signature::SigningKey;

    use super::*;
    use crate::issuing::{self, IssueRequest, issue};
    use crate::store::Store;

    #[test]
    fn machines_are_told_the_terms_and_nobody_the_secrets() {
        let (mut store, vendor) = (Store::in_memory().unwrap(), SigningKey::from_seed(&[7; 32], "vendor"));
        let (now, password) = (Timestamp::UNIX_EPOCH, "correct-horse-battery-staple-0123");
        let relay = Relay {
            host: "relay.vendor.example".into(),
            port: 465,
            tls: RelayTls::default(),
            username: "acme-1@relay.vendor.example".into(),
            password: password.into(),
            tls_pin: None,
        };
        let request = IssueRequest { customer: "ACME".into(), relay: Some(relay), ..IssueRequest::default() };
        let usual = issuing::Terms::new("Example GmbH", "reports@vendor.example");
        let secret = EnrollmentSecret::from_random([9; 32]);
        let contract = issue(request, &usual, &[], &vendor.public(), secret, now).unwrap();
        let secret = serde_json::to_value(&contract.enrollment_secret).unwrap();
        let sealed = SealedContract { file: contract.seal(&vendor), contract };
        let number = &sealed.contract.number;
        store.write(|tx| tx.put_contract(&sealed, EnrollmentMode::Approve, now).map(drop)).unwrap();
        let row = store.read(|tx| tx.contract(number)).unwrap().unwrap();
        let json = serde_json::to_value(Whole::of(&row, now).unwrap()).unwrap();

        assert_eq!(json["report_addresses"], serde_json::json!(["reports@vendor.example"]));
        assert_eq!(json["heartbeat_interval_s"]["min"], usual.heartbeat_interval_s.min);
        assert_eq!(json["system_interval_s"]["default"], usual.system_interval_s.default);
        assert_eq!(json["grace_days"], 14);
        assert_eq!(json["enrollment"], "approve");
        assert_eq!(json["state"], "valid");
        assert_eq!(json["relay"]["port"], 465);
        let shown = without_secret(&row.file);
        for hidden in [password, secret.as_str().unwrap()] {
            assert!(row.file.contains(hidden), "the file itself holds it");
            assert!(!json.to_string().contains(hidden) && !shown.contains(hidden), "{hidden} is shown");
        }
    }
}
