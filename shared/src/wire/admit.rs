//! What a decoded report must fulfil before anything else looks at it: every limit kept, every number finite, no
//! character that steers a terminal or reverses text.
//!
//! The texts of watched files and their diffs keep their characters, because a diff must apply to the letter;
//! whoever shows them cleans them (`text::clean`).

use std::collections::BTreeMap;

use super::check::{CheckResult, Samples};
use super::inventory::{PackageList, Packages, Reboot, Updates};
use super::limits;
use super::observation::{Attributes, Observation};
use super::report::{Body, DecodeError, Heartbeat, Report, SystemReport};
use super::snapshot::Change;
use crate::text;

/// Cleans the report's text in place and checks every limit.
pub(super) fn report(report: &mut Report) -> Result<(), DecodeError> {
    at_most("superseded", report.superseded.len(), limits::RANGES)?;
    at_most("lost", report.lost.len(), limits::RANGES)?;
    if report.superseded.iter().chain(&report.lost).any(|(first, last)| first > last) {
        return Err(DecodeError::Malformed("a range ends before it begins".into()));
    }
    if report.sequence == 0 {
        return Err(DecodeError::Malformed("sequence 0; reports count from 1".into()));
    }
    at_most("succession", report.identity.succession.len(), 8)?;
    for line in
        [&mut report.boot_id, &mut report.agent.version, &mut report.agent.host, &mut report.agent.locale]
    {
        name("a name", line)?;
    }
    match &mut report.body {
        Body::Heartbeat { heartbeat } => self::heartbeat(heartbeat),
        Body::System { system_report } => self::system_report(system_report),
        Body::Enrollment { enrollment } => {
            name("activated_by", &mut enrollment.activated_by)?;
            at_most("consented", enrollment.consented.len(), limits::CHECKS)?;
            enrollment.consented.iter_mut().try_for_each(|item| name("consented", item))
        }
        Body::Notice { notice } => output("reason", &mut notice.reason),
        Body::Test { test } => {
            name("requested_by", &mut test.requested_by)?;
            test.route.iter_mut().try_for_each(|route| name("route", route))
        }
    }
}

fn heartbeat(heartbeat: &mut Heartbeat) -> Result<(), DecodeError> {
    heartbeat.spool.route.iter_mut().try_for_each(|route| name("route", route))?;
    if let Some(maintenance) = &mut heartbeat.maintenance {
        output("reason", &mut maintenance.reason)?;
    }
    at_most("problems", heartbeat.problems.len(), limits::CHECKS)?;
    heartbeat.problems.iter_mut().try_for_each(|problem| output("a problem", problem))?;
    observations(&mut heartbeat.observations)?;
    at_most("checks", heartbeat.checks.len(), limits::CHECKS)?;
    heartbeat.checks.iter_mut().try_for_each(check)
}

fn check(check: &mut CheckResult) -> Result<(), DecodeError> {
    name("a check's name", &mut check.name)?;
    output("a check's output", &mut check.output)?;
    if let Some(worst) = &mut check.worst {
        output("a check's output", &mut worst.output)?;
    }
    check.samples.iter_mut().try_for_each(samples)?;
    observations(&mut check.observations)
}

fn samples(samples: &mut Samples) -> Result<(), DecodeError> {
    at_most("samples", samples.values.len(), limits::OBSERVATIONS)?;
    if samples.values.keys().any(|key| key.len() > limits::NAME_BYTES || !text::is_clean(key)) {
        return Err(DecodeError::Malformed("a sample's name is too long or holds control characters".into()));
    }
    match samples.values.iter().find(|(_, values)| !values.iter().all(|value| value.is_finite())) {
        Some((name, _)) => Err(DecodeError::Malformed(format!("{name}: a sample is not a finite number"))),
        None => Ok(()),
    }
}

fn observations(observations: &mut [Observation]) -> Result<(), DecodeError> {
    at_most("observations", observations.len(), limits::OBSERVATIONS)?;
    for observation in observations {
        name("an observation's name", &mut observation.name)?;
        name("an observation's unit", &mut observation.unit)?;
        if !observation.value.is_finite() {
            return Err(DecodeError::Malformed(format!(
                "{}: the value is not a finite number",
                observation.name
            )));
        }
        attributes(&mut observation.attributes)?;
    }
    Ok(())
}

fn attributes(attributes: &mut Attributes) -> Result<(), DecodeError> {
    at_most("attributes", attributes.len(), limits::ATTRIBUTES)?;
    if attributes.keys().any(|key| key.len() > limits::NAME_BYTES || !text::is_clean(key)) {
        return Err(DecodeError::Malformed(
            "an attribute's key is too long or holds control characters".into(),
        ));
    }
    attributes.iter_mut().try_for_each(|(_, value)| name("an attribute's value", value))
}

fn system_report(report: &mut SystemReport) -> Result<(), DecodeError> {
    at_most("files", report.files.len(), limits::WATCHED_FILES)?;
    at_most("truncated", report.truncated.len(), 2 * limits::WATCHED_FILES)?;
    at_most("inventory", report.inventory.len(), limits::OBSERVATIONS)?;
    for entry in &mut report.files {
        path(&entry.path)?;
        for line in [&mut entry.owner, &mut entry.mode].into_iter().flatten() {
            name("owner or mode", line)?;
        }
        entry.detail.iter_mut().try_for_each(|detail| output("detail", detail))?;
    }
    changes(&mut report.changes)?;
    if let Some(since) = &mut report.since {
        changes(&mut since.changes)?;
    }
    report.packages.iter_mut().try_for_each(packages)?;
    report.package_list.iter_mut().try_for_each(package_list)?;
    report.updates.iter_mut().try_for_each(updates)?;
    report.reboot.iter_mut().try_for_each(reboot)?;
    report.truncated.iter_mut().try_for_each(|line| output("truncated", line))?;
    attributes_free(&mut report.inventory)
}

fn changes(changes: &mut [Change]) -> Result<(), DecodeError> {
    at_most("changes", changes.len(), 2 * limits::WATCHED_FILES)?;
    for change in changes {
        path(&change.path)?;
        for line in [&mut change.owner_before, &mut change.mode_before].into_iter().flatten() {
            name("owner or mode", line)?;
        }
    }
    Ok(())
}

fn packages(packages: &mut Packages) -> Result<(), DecodeError> {
    name("a package database", &mut packages.source)?;
    package_list(&mut packages.added)?;
    package_list(&mut packages.removed)?;
    at_most("packages", packages.updated.len(), limits::PACKAGES)?;
    packages.updated.keys().try_for_each(|name| package(name))?;
    packages.updated.values().try_for_each(|versions| {
        package(&versions.from)?;
        package(&versions.to)
    })
}

/// Names and versions are refused rather than cleaned: the digest of the list is over these very characters.
fn package_list(list: &mut PackageList) -> Result<(), DecodeError> {
    at_most("packages", list.len(), limits::PACKAGES)?;
    list.iter().try_for_each(|(name, version)| {
        package(name)?;
        package(version)
    })
}

fn package(word: &str) -> Result<(), DecodeError> {
    at_most("a package's name or version", word.len(), limits::NAME_BYTES)?;
    if text::is_clean(word) && !word.contains(['\n', '\t']) {
        Ok(())
    } else {
        Err(DecodeError::Malformed("a package's name or version holds control characters".into()))
    }
}

fn updates(updates: &mut Updates) -> Result<(), DecodeError> {
    name("a package database", &mut updates.source)?;
    at_most("pending updates", updates.pending.len(), limits::UPDATES)?;
    for update in &mut updates.pending {
        for word in [&mut update.name, &mut update.installed, &mut update.candidate] {
            name("a package's name or version", word)?;
        }
    }
    Ok(())
}

fn reboot(reboot: &mut Reboot) -> Result<(), DecodeError> {
    at_most("reasons to restart", reboot.reasons.len(), limits::UPDATES)?;
    at_most("packages that ask for a restart", reboot.packages.len(), limits::UPDATES)?;
    reboot.reasons.iter_mut().try_for_each(|reason| output("a reason to restart", reason))?;
    reboot.packages.iter_mut().try_for_each(|package| name("a package's name", package))
}

fn attributes_free(inventory: &mut BTreeMap<String, String>) -> Result<(), DecodeError> {
    if inventory.keys().any(|key| key.len() > limits::NAME_BYTES || !text::is_clean(key)) {
        return Err(DecodeError::Malformed(
            "an inventory key is too long or holds control characters".into(),
        ));
    }
    inventory.values_mut().try_for_each(|value| output("an inventory value", value))
}

/// A path is a key, so it is refused rather than cleaned: two paths must not become one.
fn path(path: &str) -> Result<(), DecodeError> {
    at_most("a path", path.len(), limits::PATH_BYTES)?;
    if text::is_clean(path) && !path.contains(['\n', '\t']) {
        Ok(())
    } else {
        Err(DecodeError::Malformed("a path holds control characters that are not percent-encoded".into()))
    }
}

fn name(what: &'static str, value: &mut String) -> Result<(), DecodeError> {
    at_most(what, value.len(), limits::NAME_BYTES)?;
    if !text::is_clean(value) || value.contains(['\n', '\t']) {
        *value = text::one_line(value, limits::NAME_BYTES);
    }
    Ok(())
}

fn output(what: &'static str, value: &mut String) -> Result<(), DecodeError> {
    at_most(what, value.len(), limits::OUTPUT_BYTES)?;
    if !text::is_clean(value) {
        *value = text::clean(value);
    }
    Ok(())
}

fn at_most(what: &'static str, count: usize, limit: usize) -> Result<(), DecodeError> {
    if count <= limit { Ok(()) } else { Err(DecodeError::OverLimit { what, limit }) }
}

#[cfg(test)]
mod tests;
