//! A step for each check: looked at once, now. A verdict that is not Ok is news and no fault of the agent, so it warns.

use mailbeat_shared::advice::Advice;
use mailbeat_shared::steps::{Seen, Steps};
use mailbeat_shared::text;
use mailbeat_shared::wire::check::{CheckResult, CheckState};

use super::super::Setup;
use super::words;
use crate::activation;
use crate::check::once::look_once;
use crate::identity::Identity;
use crate::item::Item;
use crate::os;
use crate::redact::Redactor;
use crate::state::State;

/// Longest words of a check that a step shows, in bytes.
const WORDS: usize = 300;

/// Walks; without any check there is nothing to say.
pub(super) fn walk(setup: &Setup, steps: &mut Steps) {
    let config = &setup.config;
    if !Item::Checks.is_on(config) {
        return;
    }
    steps.enter("checks");
    let in_force = activation::contract_in_force(&setup.home).ok().flatten();
    if in_force.is_some_and(|(_, consent)| !consent.consented.iter().any(|item| item == Item::Checks.name()))
    {
        return steps.skip("checks", words::NOT_AGREED, None);
    }
    let identity = Identity::load(&setup.home).ok().flatten();
    let key = identity.map_or([0; 32], |identity| *identity.fingerprint_key());
    // A pattern that does not compile was a failed step before.
    let Ok(redactor) = Redactor::new(key, &config.redact, os::known_names()) else { return };
    let remembered = State::peek(&setup.home).checks;
    for seen in look_once(&config.check, config.checks_at_once, &remembered, &redactor, setup.now()) {
        let (CheckResult { name, state, output, .. }, took) = (seen.result, seen.took.as_millis());
        let first = output.lines().next().unwrap_or_default();
        let told = text::one_line(&format!("{state:?} ({took} ms): {first}"), WORDS);
        let warning = (state != CheckState::Ok).then(|| advice(state));
        steps.note(name, Seen::from(told).warned(warning));
    }
}

fn advice(state: CheckState) -> Advice {
    if state == CheckState::Unknown { words::check_cannot_tell() } else { words::check_is_bad() }
}
