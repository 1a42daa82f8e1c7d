//! `contracts`: issuing, listing, showing, renewing, revoking, taking up again.

mod import;
mod relay;
mod renew;
mod revoke;
mod show;

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mailbeat_shared::durable::{self, Access};
use mailbeat_shared::wire::contract::{EnrollmentSecret, Interval, SealedContract, file_name};
use serde::Serialize;

use super::{Desk, random};
use crate::cli::{Contracts, Issue};
use crate::issuing::{self, IssueRequest};
use crate::keyring::Keyring;
use crate::render;
use crate::store::{ContractRow, EnrollmentMode};

/// `contracts`.
pub(super) fn run(desk: &Desk, command: &Contracts) -> anyhow::Result<()> {
    match command {
        Contracts::Issue(issue) => self::issue(desk, issue),
        Contracts::List => {
            let contracts = desk.reader()?.read(|tx| tx.contracts())?;
            let rows: Vec<Row> = contracts.iter().map(|contract| Row::of(contract, desk.now)).collect();
            desk.list(&rows, &["number", "customer", "revision", "valid until", "systems", "state"], |row| {
                vec![
                    row.number.clone(),
                    row.customer.clone(),
                    row.revision.to_string(),
                    row.valid_until.map_or_else(|| "revocation".into(), render::time),
                    row.coverage(),
                    row.state.into(),
                ]
            })
        }
        Contracts::Show { number } => show::run(desk, number),
        Contracts::Renew(wish) => renew::run(desk, wish),
        Contracts::Import { paths, approve } => import::run(desk, paths, *approve),
        Contracts::Revoke { number, since } => revoke::run(desk, number, *since),
    }
}

#[derive(Serialize)]
struct Row {
    number: String,
    customer: String,
    revision: u32,
    valid_from: Timestamp,
    valid_until: Option<Timestamp>,
    systems: u32,
    enrolled: u32,
    /// Of the enrolled, those that report under an older revision.
    behind: u32,
    state: &'static str,
}

impl Row {
    fn of(contract: &ContractRow, now: Timestamp) -> Self {
        let terms = &contract.terms;
        let state = match terms.valid_until {
            _ if terms.revoked_at.is_some() => "revoked",
            Some(until) if until <= now => "ended",
            _ if contract.valid_from > now => "not yet valid",
            _ => "valid",
        };
        Self {
            number: terms.number.to_string(),
            customer: contract.customer_name.clone(),
            revision: contract.revision,
            valid_from: contract.valid_from,
            valid_until: terms.valid_until,
            systems: terms.systems,
            enrolled: contract.enrolled,
            behind: contract.behind,
            state,
        }
    }

    /// How many systems are enrolled of how many it covers, and how many of them have yet to take the newest revision up.
    fn coverage(&self) -> String {
        let covered = format!("{} of {}", self.enrolled, self.systems);
        if self.behind == 0 { covered } else { format!("{covered}, {} behind", self.behind) }
    }
}

fn issue(desk: &Desk, wish: &Issue) -> anyhow::Result<()> {
    let key = issuing::load(&desk.config.vendor_key())?;
    let taken: Vec<_> =
        desk.reader()?.read(|tx| tx.contracts())?.into_iter().map(|row| row.terms.number).collect();
    let customer = wish.customer.trim().to_owned();
    let number = wish.number.clone().unwrap_or_else(|| issuing::next_number(&customer, desk.now, &taken));
    let login = wish.relay.then(|| relay::draw(desk, &number)).transpose()?;
    let request = IssueRequest {
        number: Some(number),
        customer,
        valid_from: wish.valid_from.map(midnight).transpose()?,
        valid_until: wish.valid_until.map(|day| midnight(day.tomorrow()?)).transpose()?,
        grace_days: wish.grace_days,
        systems: wish.systems,
        encryption_key: Keyring::load(&desk.config.encryption_keys())?.newest(),
        report_addresses: vec![],
        maintenance_max_h: wish.maintenance_max_h,
        heartbeat_interval_s: wish.heartbeat_interval.as_deref().map(interval).transpose()?,
        system_interval_s: wish.system_interval.as_deref().map(interval).transpose()?,
        locale: wish.locale,
        relay: login.as_ref().map(|login| login.relay.clone()),
    };
    let secret = EnrollmentSecret::from_random(random()?);
    let mode = if wish.approve { EnrollmentMode::Approve } else { EnrollmentMode::Auto };
    let contract = issuing::issue(request, &desk.config.contracts, &taken, &key.public(), secret, desk.now)?;
    let out =
        wish.out.clone().unwrap_or_else(|| PathBuf::from(file_name(&contract.number, contract.revision)));
    ensure!(!out.exists(), "{} is there already; name another file with --out", out.display());
    let sealed = SealedContract { file: contract.seal(&key), contract };
    // The database first: a file nobody knows would be refused as a forgery, a contract without a file is just issued again.
    desk.write(|tx| tx.put_contract(&sealed, mode, desk.now))?;
    let relay = login.map(relay::NewLogin::admit).transpose()?;
    durable::replace(&out, sealed.file.as_bytes(), Access::Private)
        .with_context(|| format!("writing {}", out.display()))?;
    let contract = &sealed.contract;
    desk.show(
        &serde_json::json!({ "number": contract.number, "customer": contract.customer, "file": out, "relay": relay }),
        &format!(
            "Contract {} for {} is in {}\nGive it to the customer by a way you trust, with {}:\n  mailbeat-agent activate {}{}",
            contract.number,
            contract.customer,
            out.display(),
            desk.config.vendor_public_key().display(),
            out.file_name().unwrap_or_default().to_string_lossy(),
            relay.as_ref().map_or_else(String::new, |relay| format!("\n{relay}")),
        ),
    )
}

fn midnight(day: Date) -> anyhow::Result<Timestamp> {
    Ok(day.to_zoned(TimeZone::UTC)?.timestamp())
}

/// `DEFAULT[:MIN:MAX]` in seconds.
fn interval(text: &str) -> anyhow::Result<Interval> {
    let numbers: Result<Vec<u32>, _> = text.split(':').map(str::parse).collect();
    match numbers.as_deref() {
        Ok([default]) => Ok(Interval { default: *default, min: *default, max: *default }),
        Ok([default, min, max]) => Ok(Interval { default: *default, min: *min, max: *max }),
        _ => anyhow::bail!("{text:?} is not an interval; write seconds as DEFAULT or DEFAULT:MIN:MAX"),
    }
}
