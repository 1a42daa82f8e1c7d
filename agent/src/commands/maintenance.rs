//! `maintenance start|stop|show`: done by the running agent if there is one, else here.
//!
//! It is in force here at once, and told to the vendor by a notice, at once or as soon as mail leaves; so a mail server that is away is
//! no failure.

use std::process::ExitCode;

use anyhow::bail;
use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::text;
use serde::Serialize;

use super::ask::{ask, word};
use super::{Setup, Usage, print, print_json};
use crate::activation;
use crate::cli;
use crate::run::{Answer, Request};
use crate::state::{State, Window};

/// How it stands, for `--json`.
#[derive(Serialize)]
struct Told {
    active: bool,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    reason: Option<String>,
    /// The notice that says so; none for `show`.
    notice: Option<u64>,
    /// Whether a mail server accepted that notice.
    told: Option<bool>,
}

pub(super) fn maintenance(setup: &Setup, asked: &cli::Maintenance) -> anyhow::Result<ExitCode> {
    match asked {
        cli::Maintenance::Start { length, reason, json } => start(setup, *length, reason, json.json),
        cli::Maintenance::Stop(json) => stop(setup, json.json),
        cli::Maintenance::Show(json) => say(setup, None, json.json),
    }
}

fn start(setup: &Setup, length: SignedDuration, reason: &str, json: bool) -> anyhow::Result<ExitCode> {
    if let Some((contract, _)) = activation::contract_in_force(&setup.home)?
        && length > SignedDuration::from_hours(i64::from(contract.maintenance_max_h))
    {
        let most = contract.maintenance_max_h;
        return Err(Usage(format!(
            "the contract allows maintenance of at most {most} h; nothing was announced"
        ))
        .into());
    }
    let for_s = length.as_secs().unsigned_abs();
    let sequence = queued(setup, &Request::StartMaintenance { for_s, reason: reason.to_owned() })?;
    say(setup, Some(sequence), json)
}

fn stop(setup: &Setup, json: bool) -> anyhow::Result<ExitCode> {
    // A script may end what has ended by itself.
    if State::peek(&setup.home).maintenance.is_none() {
        return say(setup, None, json);
    }
    let sequence = queued(setup, &Request::StopMaintenance)?;
    say(setup, Some(sequence), json)
}

fn queued(setup: &Setup, request: &Request) -> anyhow::Result<u64> {
    match ask(setup, request)? {
        Answer::Queued(sequence) => Ok(sequence),
        Answer::Refused(why) => bail!(why),
        other => bail!("the agent answered something else than was asked: {other:?}"),
    }
}

fn say(setup: &Setup, notice: Option<u64>, json: bool) -> anyhow::Result<ExitCode> {
    let word = notice.map(|sequence| word(setup, sequence)).transpose()?;
    let window = State::peek(&setup.home).maintenance.filter(|window| window.holds(setup.now()));
    if json {
        let (since, until) =
            (window.as_ref().map(|window| window.since), window.as_ref().map(|window| window.until));
        let told = word.as_ref().map(|word| word.is_accepted());
        let reason = window.map(|window| window.reason);
        print_json(&Told { active: until.is_some(), since, until, reason, notice, told })?;
    } else {
        print(sentence(window.as_ref()));
        print(word.map_or_else(String::new, |word| word.to_string()));
    }
    Ok(ExitCode::SUCCESS)
}

/// One line on the maintenance that holds now.
pub(super) fn sentence(window: Option<&Window>) -> String {
    let Some(window) = window else { return "No maintenance.\n".to_owned() };
    let why = if window.reason.is_empty() {
        String::new()
    } else {
        format!(": {}", text::one_line(&window.reason, 300))
    };
    format!("Maintenance until {:.0}, since {:.0}{why}\n", window.until, window.since)
}
