//! `config check`: everything that would not work, before `run` finds out.

use std::io::ErrorKind::NotFound;
use std::path::PathBuf;
use std::time::Instant;

use mailbeat_shared::transport::oauth::OAuthSettings;
use mailbeat_shared::wire::contract::Contract;
use mailbeat_shared::wire::limits;
use mailbeat_shared::wire::mail;
use serde::Serialize;

use super::{Config, RedactConfig, RouteConfig};
use crate::check::CheckConfig;
use crate::home::Home;
use crate::redact::Redactor;
use crate::redact::pseudonym::Names;
use crate::watch::{self, WatchConfig};

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Whether it hinders the agent; otherwise it is good to know.
    pub wrong: bool,
    /// A sentence.
    pub what: String,
}

impl Finding {
    /// Something that hinders.
    #[must_use]
    pub fn wrong(what: impl Into<String>) -> Self {
        Self { wrong: true, what: what.into() }
    }

    /// Something good to know.
    #[must_use]
    pub fn note(what: impl Into<String>) -> Self {
        Self { wrong: false, what: what.into() }
    }
}

/// Looks at everything except what only a connection shows.
#[must_use]
pub fn check(config: &Config, contract: Option<&Contract>) -> Vec<Finding> {
    let (_, problems) = config.routes(contract);
    let mut findings: Vec<Finding> = problems.into_iter().map(Finding::wrong).collect();
    findings.extend(plain(config));
    findings.extend(config.check.iter().flat_map(CheckConfig::doubts).map(Finding::note));
    findings.extend(included(config));
    findings.extend(unreadable(config));
    findings.extend(encryption(config, contract));
    match contract {
        Some(contract) => findings.extend(config.wish().clamped(contract).into_iter().map(Finding::note)),
        None => findings.push(Finding::note("not activated: `mailbeat-agent activate FILE`")),
    }
    findings.extend(state_dir(config));
    findings
}

/// What in the file itself hinders the agent, routes and files apart; sentences.
#[must_use]
pub fn faults(config: &Config) -> Vec<String> {
    plain(config).into_iter().filter(|finding| finding.wrong).map(|finding| finding.what).collect()
}

/// What can be told from the file alone.
fn plain(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let copies = &config.cc;
    for address in [&copies.heartbeat, &copies.system, &copies.enrollment, &copies.notice, &copies.test]
        .into_iter()
        .flatten()
    {
        if !mail::is_address(address) {
            findings.push(Finding::wrong(format!("cc: {address:?} is not a mail address")));
        }
    }
    let clash = OAuthSettings::clash(config.route.iter().filter_map(RouteConfig::oauth));
    findings.extend(clash.map(|clash| Finding::wrong(format!("of the routes {clash}"))));
    findings.extend(limits_at_work(config));
    findings.extend(config.watch.faults().into_iter().map(|fault| Finding::wrong(format!("watch: {fault}"))));
    if let Err(error) = Redactor::new([0; 32], &config.redact, Names::default()) {
        findings.push(Finding::wrong(error.to_string()));
    }
    findings
}

/// What each included file adds.
fn included(config: &Config) -> Vec<Finding> {
    let added =
        |file: &PathBuf| config.check.iter().filter(|check| check.file.as_ref() == Some(file)).count();
    let note = |file: &PathBuf| Finding::note(format!("{}: {} checks included", file.display(), added(file)));
    config.include.iter().map(note).collect()
}

/// Encryption that cannot be, or that nobody asked for.
fn encryption(config: &Config, contract: Option<&Contract>) -> Option<Finding> {
    let nobody = contract.is_some_and(|contract| contract.encryption_key.is_none());
    // The vendor's is one of them.
    let (keys, most) = (config.encrypt_to.len(), limits::RECIPIENTS - 1);
    match (config.encrypt, config.encrypt_to.is_empty()) {
        (true, _) if keys > most => Some(Finding::wrong(format!(
            "encrypt_to names {keys} keys, and the receiver opens no report that is encrypted for more than {most}"
        ))),
        (true, _) if nobody => Some(Finding::wrong(
            "encrypt = true, and the contract names no key to encrypt for: ask the vendor for a newer revision of it",
        )),
        (true, true) => Some(Finding::note(
            "encrypt = true without `encrypt_to`: copies of reports can be read by the vendor only, and by you in the trail",
        )),
        (false, false) => Some(Finding::note("encrypt_to has no effect without encrypt = true")),
        _ => None,
    }
}

/// Limits that cannot be kept, or that the receiver would not keep.
fn limits_at_work(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let limits = [
        ("queue_reports", config.queue_reports as u64),
        ("queue_bytes", config.queue_bytes),
        ("queue_days", config.queue_days.into()),
        ("mails_per_hour", config.mails_per_hour.into()),
        ("trail.reports", config.trail.reports as u64),
        ("trail.bytes", config.trail.bytes),
        ("checks_at_once", config.checks_at_once as u64),
    ];
    let zero = limits.iter().filter(|(_, limit)| *limit == 0);
    findings.extend(zero.map(|(key, _)| Finding::wrong(format!("{key} must be at least 1"))));
    let checks = config.check.iter().filter(|check| check.enabled).count();
    if checks > limits::CHECKS {
        let most = limits::CHECKS;
        findings.push(Finding::wrong(format!(
            "{checks} checks are switched on, and a report holds at most {most}"
        )));
    }
    if config.mails_per_hour > limits::REPORTS_PER_HOUR {
        findings.push(Finding::note(format!(
            "mails_per_hour = {} is more than the receiver takes from one system ({})",
            config.mails_per_hour,
            limits::REPORTS_PER_HOUR
        )));
    }
    findings
}

/// The watched files that may not be read, with the command that would allow it. They are read as `run` reads them, with a
/// key that means nothing, and thrown away.
fn unreadable(config: &Config) -> Vec<Finding> {
    let Ok(redactor) = Redactor::new([0; 32], &RedactConfig::default(), Names::default()) else {
        return vec![];
    };
    let deadline = Instant::now() + watch::TIME_BUDGET;
    let watched = watch::watch(&config.watch, &config.own(), &redactor, &[0; 32], deadline);
    let sentence =
        |file: &watch::Unreadable| format!("{}: {}; to allow it: {}", file.path, file.why, file.fix);
    let unreadable = watched.unreadable.iter().map(|file| Finding::note(sentence(file)));
    let missing = missing(&config.watch);
    unreadable
        .chain(missing.iter().map(|path| Finding::note(format!("watch: {path} is not there"))))
        .collect()
}

/// Watched paths that are not there. A mistyped one would be silent otherwise: a glob may match nothing, a plain path is meant.
#[must_use]
pub fn missing(config: &WatchConfig) -> Vec<&str> {
    let plain = config.include.iter().filter(|path| !path.contains(['*', '?', '[', '{']));
    let is_gone =
        |path: &&String| std::fs::symlink_metadata(path).is_err_and(|error| error.kind() == NotFound);
    plain.filter(is_gone).map(String::as_str).collect()
}

/// Whether the state directory can be written; tried with a file, because permission bits alone do not tell.
#[must_use]
pub fn state_dir(config: &Config) -> Option<Finding> {
    let home = Home::new(&config.state_dir);
    if let Err(error) = home.prepare() {
        return Some(Finding::wrong(error.to_string()));
    }
    let probe = home.tmp().join(format!("check.{}", std::process::id()));
    let written = std::fs::write(&probe, b"x");
    let _ = std::fs::remove_file(&probe);
    written.err().map(|error| {
        Finding::wrong(format!(
            "{}: {error}; the agent must be able to write there",
            config.state_dir.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use mailbeat_shared::config_file;

    use super::*;
    use crate::testing;

    #[test]
    fn what_will_not_work_is_said_in_sentences_before_it_fails() {
        let dir = tempfile::tempdir().unwrap();
        let text = format!(
            "state_dir = '{}'\nheartbeat_interval_s = 1\ncc.system = ['nobody']\n[[route]]\ntype = 'maildir'\nfrom = 'x'\npath = '/m'\n\
             [[route]]\ntype = 'relay'\n",
            dir.path().join("state").display()
        );
        let config: Config = config_file::parse(Path::new("agent.toml"), &text).unwrap();
        let found: Vec<String> =
            check(&config, Some(&testing::contract())).into_iter().map(|finding| finding.what).collect();
        for words in
            ["from = \"x\" is not a mail address", "the contract offers no relay", "\"nobody\"", "60 is used"]
        {
            assert!(found.iter().any(|what| what.contains(words)), "{words} is not in {found:?}");
        }
        assert_eq!(found.len(), 4, "{found:?}");
    }
}
