//! `disclose`: the data sheet of everything that may leave the house, with the real values of now.

use std::process::ExitCode;

use mailbeat_shared::wire::check::CheckResult;

use super::{Setup, print, print_json};
use crate::activation;
use crate::check::once::look_once;
use crate::cli;
use crate::disclose::{Facts, Sheet};
use crate::identity::Identity;
use crate::item::Item;
use crate::os;
use crate::redact::Redactor;
use crate::sense::{Senses as _, ThisHost};
use crate::state::State;

pub(super) fn disclose(setup: &Setup, asked: &cli::Disclose) -> anyhow::Result<ExitCode> {
    let locale = asked.lang.unwrap_or(setup.locale());
    let in_force = activation::contract_in_force(&setup.home)?;
    let identity = Identity::load(&setup.home)?;
    let mut host = ThisHost::new(&setup.config);
    // Looked at here and shown here: what nobody agreed to is shown, too.
    let all = Item::ALL.map(|item| item.name().to_owned());
    let (facts, observations, inventory) =
        (host.host(), host.observe(&all).value, host.inventory(&all).value);
    let checks = checks(setup, identity.as_ref())?;
    let sheet = Sheet::new(
        locale,
        &Facts {
            config: &setup.config,
            activation: in_force.as_ref().map(|(contract, consent)| (contract, consent)),
            config_digest: identity.as_ref().map(|known| setup.config.digest(known.fingerprint_key())),
            system: identity.map(|identity| identity.system),
            host: &facts,
            observations: &observations,
            checks: &checks,
            inventory: &inventory.facts,
            now: setup.now(),
        },
    );
    match (asked.json, asked.annex) {
        (true, _) => print_json(&sheet)?,
        (false, true) => print(sheet.annex(locale)?),
        (false, false) => print(sheet.text(locale)?),
    }
    Ok(ExitCode::SUCCESS)
}

/// What the checks see now, as a heartbeat would say it.
fn checks(setup: &Setup, identity: Option<&Identity>) -> anyhow::Result<Vec<CheckResult>> {
    let key = identity.map_or([0; 32], |identity| *identity.fingerprint_key());
    let redactor = Redactor::new(key, &setup.config.redact, os::known_names())?;
    let remembered = State::peek(&setup.home).checks;
    let (checks, at_once) = (&setup.config.check, setup.config.checks_at_once);
    let seen = look_once(checks, at_once, &remembered, &redactor, setup.now());
    Ok(seen.into_iter().map(|seen| seen.result).collect())
}
