//! The steps on this host: contract, consent, clock, state directory, each collector once, watched files, redaction.

use std::time::Instant;

use mailbeat_shared::advice::Advice;
use mailbeat_shared::steps::{Seen, Steps};
use mailbeat_shared::wire::contract::Contract;

use super::super::Setup;
use super::{canary, words};
use crate::activation::{self, Consent, permission};
use crate::config::{self, RedactConfig};
use crate::identity::{Identity, draw, system_entropy};
use crate::item::{self, Item};
use crate::os;
use crate::redact::Redactor;
use crate::redact::pseudonym::Names;
use crate::run::BUILD_TIME;
use crate::sense::{Senses as _, ThisHost};
use crate::state::State;
use crate::watch;

/// Free space below which the state directory is worth a warning, in bytes: what the queue may take by default.
const SPACE: u64 = 256 << 20;

/// Walks; gives the contract if it is in force.
pub(super) fn walk(setup: &Setup, steps: &mut Steps) -> Option<Contract> {
    steps.enter("this host");
    configuration(setup, steps);
    let in_force = contract(setup, steps);
    clock(setup, in_force.as_ref().map(|(contract, _)| contract), steps);
    state_directory(setup, steps);
    identity(setup, steps);
    collectors(setup, in_force.as_ref().map(|(_, consent)| consent), steps);
    watched_files(setup, steps);
    redaction(setup, steps);
    in_force.map(|(contract, _)| contract)
}

fn configuration(setup: &Setup, steps: &mut Steps) {
    let faults = config::faults(&setup.config);
    match faults.first() {
        None => steps.note("configuration", setup.config_path.display().to_string()),
        Some(_) => steps.fail("configuration", faults.join("; "), words::correct_configuration()),
    }
}

fn contract(setup: &Setup, steps: &mut Steps) -> Option<(Contract, Consent)> {
    let (contract, consent) = match activation::contract_in_force(&setup.home) {
        Ok(Some(in_force)) => in_force,
        Ok(None) => {
            steps.skip("contract", words::NO_CONTRACT, Some(words::activate()));
            return None;
        }
        Err(error) => {
            steps.fail("contract", error.to_string(), words::unreadable_state());
            return None;
        }
    };
    let now = setup.now();
    let until = contract
        .valid_until
        .map_or_else(|| "until revoked".to_owned(), |until| format!("until {}", until.strftime("%Y-%m-%d")));
    let seen = format!(
        "{} (revision {}) of {} with {}, {until}",
        contract.number, contract.revision, contract.customer, contract.vendor
    );
    let state = permission::permission(
        &contract,
        now,
        BUILD_TIME.parse().unwrap_or(now),
        State::peek(&setup.home).last_seen,
    );
    let over = match &state {
        permission::Permission::ClockNotSet { .. } => None, // the next step says so
        other => other.reason(),
    };
    let ends = permission::countdown_days(&contract, now).is_some();
    match over {
        Some(reason) => steps.fail("contract", format!("{seen}: {reason}"), words::renew()),
        None => steps.note("contract", Seen::from(seen).warned(ends.then(words::renew))),
    }
    if !activation::secret_is_kept(&setup.home, &contract.number) {
        steps.fail(
            "enrollment secret",
            "enrollment.toml does not belong to this contract",
            words::activate_again(),
        );
    }
    let withheld = item::withheld(&setup.config, &consent.consented);
    if let Some(sentence) = item::withheld_sentence(&withheld) {
        steps.note("consent", Seen::from(sentence).warned(Some(words::agree())));
    }
    Some((contract, consent))
}

/// Whether the clock can be right; how far it is off only the vendor's answer tells.
fn clock(setup: &Setup, contract: Option<&Contract>, steps: &mut Steps) {
    let now = setup.now();
    let build = BUILD_TIME.parse().unwrap_or(now);
    let shown = now.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let judged = contract
        .map(|contract| permission::permission(contract, now, build, State::peek(&setup.home).last_seen));
    match judged {
        Some(permission::Permission::ClockNotSet { why }) => steps.fail("clock", why, words::set_clock()),
        _ if now < build => steps.fail("clock", shown, words::set_clock()),
        _ => steps.note("clock", shown),
    }
}

fn state_directory(setup: &Setup, steps: &mut Steps) {
    if let Some(finding) = config::state_dir(&setup.config) {
        return steps.fail("state directory", finding.what, words::state_directory());
    }
    let dir = setup.home.dir();
    let (shown, free) = (dir.display(), os::free_bytes(dir));
    let seen = free.map_or_else(|| shown.to_string(), |free| format!("{shown}, {} MiB free", free >> 20));
    let little = free.is_some_and(|free| free < SPACE);
    steps.note("state directory", Seen::from(seen).warned(little.then(words::little_space)));
}

fn identity(setup: &Setup, steps: &mut Steps) {
    match Identity::load(&setup.home) {
        Ok(Some(identity)) => {
            let machine = ThisHost::new(&setup.config).host().machine_id;
            if identity.lives_on(machine.as_deref()) {
                steps.note("identity", identity.system.to_string());
            } else {
                steps.fail("identity", words::OTHER_MACHINE, words::keep_or_new());
            }
        }
        Ok(None) => steps.skip("identity", "is made with the activation", None),
        Err(error) => steps.fail("identity", error.to_string(), words::unreadable_state()),
    }
}

/// Each kind of item once, as a report would have it. Before the activation all that are switched on.
fn collectors(setup: &Setup, consent: Option<&Consent>, steps: &mut Steps) {
    let mut host = ThisHost::new(&setup.config);
    for item in item::switched_on(&setup.config)
        .into_iter()
        .filter(|item| !matches!(item, Item::WatchedFiles | Item::Checks))
    {
        let named = [item.name().to_owned()];
        if consent.is_some_and(|consent| !consent.consented.contains(&named[0])) {
            steps.skip(item.name(), words::NOT_AGREED, None);
            continue;
        }
        let (count, problems) = if item.report() == "heartbeat" {
            let found = host.observe(&named);
            (found.value.len(), found.problems)
        } else {
            let found = host.inventory(&named);
            let told = &found.value;
            let lists = [told.packages.is_some(), told.updates.is_some(), told.reboot.is_some()];
            (told.facts.len() + lists.iter().filter(|told| **told).count(), found.problems)
        };
        let seen = Seen::from(if count == 1 { "1 value".to_owned() } else { format!("{count} values") });
        match problems.first() {
            None => steps.note(item.name(), seen),
            Some(_) => {
                let warning = Advice::new(problems.join("; "), words::SWITCH_OFF);
                steps.note(item.name(), seen.warned(Some(warning)));
            }
        }
    }
}

/// Read as `run` reads them, with a key that means nothing, and thrown away.
fn watched_files(setup: &Setup, steps: &mut Steps) {
    let config = &setup.config.watch;
    if config.include.is_empty() {
        return steps.skip("watched files", words::NOTHING_WATCHED, None);
    }
    let Ok(redactor) = Redactor::new([0; 32], &RedactConfig::default(), Names::default()) else { return };
    let deadline = Instant::now() + watch::TIME_BUDGET;
    let watched = watch::watch(config, &setup.config.own(), &redactor, &[0; 32], deadline);
    let (all, unreadable) = (watched.snapshot.len(), &watched.unreadable);
    let seen = format!("{} read, {} not readable", all.saturating_sub(unreadable.len()), unreadable.len());
    let warning = match (unreadable.first(), config::missing(config).first()) {
        (Some(file), _) => Some(Advice::new(format!("{}: {}", file.path, file.why), file.fix.clone())),
        (None, Some(path)) => Some(Advice::new(format!("{path} is not there"), words::CORRECT_WATCH)),
        (None, None) => None,
    };
    steps.note("watched files", Seen::from(seen).warned(warning));
}

fn redaction(setup: &Setup, steps: &mut Steps) {
    let redactor = match Redactor::new([0; 32], &setup.config.redact, os::known_names()) {
        Ok(redactor) => redactor,
        Err(error) => return steps.fail("redaction", error.to_string(), words::correct_configuration()),
    };
    let trial = canary::trial(&redactor, draw(&mut system_entropy()));
    if !trial.through.is_empty() {
        return steps.fail(
            "redaction",
            format!("came through: {}", trial.through.join(", ")),
            words::redaction_broken(),
        );
    }
    let seen = Seen::from(format!("{} planted secrets hidden", trial.planted));
    let warning = (!trial.ordinary_stays).then(words::redaction_greedy);
    steps.note("redaction", seen.warned(warning));
}
