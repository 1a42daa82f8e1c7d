//! `status`: how it stands, from files alone; it disturbs nobody.
//!
//! It says "accepted by your mail server", never "received": only the receiver knows that.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use jiff::Timestamp;
use mailbeat_shared::wire::contract::Contract;
use mailbeat_shared::wire::id::{ContractNumber, SystemId};
use mailbeat_shared::wire::report::Promise;
use serde::Serialize;

use super::{Setup, print, print_json};
use crate::activation::{self, permission};
use crate::identity::Identity;
use crate::mute;
use crate::run::BUILD_TIME;
use crate::schedule;
use crate::sense::{Senses as _, ThisHost};
use crate::spool;
use crate::state::{Accepted, Failed, State};

#[derive(Serialize)]
struct Status {
    activated: bool,
    /// A process id, or nobody runs.
    running: Option<u32>,
    runs: bool,
    system: Option<SystemId>,
    contract: Option<Terms>,
    /// Why not everything is sent.
    hindrances: Vec<String>,
    sequence: u64,
    last_accepted: Option<Accepted>,
    last_failure: Option<Failed>,
    queued: usize,
    oldest_queued: Option<Timestamp>,
    next: Option<Timestamp>,
    problems: Vec<String>,
    /// Watched files that change in every report; only their digest is sent.
    muted: Vec<String>,
    state_dir: std::path::PathBuf,
}

#[derive(Serialize)]
struct Terms {
    number: ContractNumber,
    revision: u32,
    customer: String,
    vendor: String,
    report_address: String,
    valid_until: Option<Timestamp>,
    days_left: Option<i64>,
    promise: Promise,
}

pub(super) fn status(setup: &Setup, json: bool) -> anyhow::Result<ExitCode> {
    let status = look(setup)?;
    if json {
        print_json(&status)?;
    } else {
        print(told(&status));
    }
    Ok(ExitCode::SUCCESS)
}

fn look(setup: &Setup) -> anyhow::Result<Status> {
    let now = setup.now();
    let home = &setup.home;
    let unreadable = || format!("{}: read it as root or as the agent's user", home.dir().display());
    let queue = if home.queue().exists() { spool::queued(home).with_context(unreadable)? } else { vec![] };
    let identity = Identity::load(home)?;
    let in_force = activation::contract_in_force(home)?;
    let state = State::peek(home);
    let holder = home.holder();
    let mut status = Status {
        activated: in_force.is_some(),
        running: holder.as_ref().and_then(|holder| holder.pid),
        runs: holder.is_some_and(|holder| holder.runs),
        system: identity.as_ref().map(|identity| identity.system),
        contract: None,
        hindrances: vec![],
        sequence: state.sequence,
        queued: queue.len(),
        oldest_queued: queue.iter().filter_map(|entry| Some(entry.meta.as_ref()?.created_at)).min(),
        next: None,
        problems: [state.problems.clone(), state.watch_problems.clone()].concat(),
        muted: mute::muted(&state.streaks).map(str::to_owned).collect(),
        last_accepted: state.last_accepted.clone(),
        last_failure: state.last_failure.clone(),
        state_dir: home.dir().to_owned(),
    };
    status.problems.dedup();
    if let (Some(identity), Some((contract, _))) = (identity, in_force) {
        under_contract(setup, &mut status, &identity, &contract, &state, now)?;
    }
    Ok(status)
}

fn under_contract(
    setup: &Setup,
    status: &mut Status,
    identity: &Identity,
    contract: &Contract,
    state: &State,
    now: Timestamp,
) -> anyhow::Result<()> {
    let promise = setup.config.wish().promise(contract);
    status.contract = Some(Terms {
        number: contract.number.clone(),
        revision: contract.revision,
        customer: contract.customer.clone(),
        vendor: contract.vendor.clone(),
        report_address: contract.report_address(identity.system).to_owned(),
        valid_until: contract.valid_until,
        days_left: permission::countdown_days(contract, now),
        promise,
    });
    let permission = permission::permission(contract, now, BUILD_TIME.parse()?, state.last_seen);
    status.hindrances.extend(permission.reason());
    if !identity.lives_on(ThisHost::new(&setup.config).host().machine_id.as_deref()) {
        status.hindrances.push(crate::run::StepError::OtherMachine.to_string());
    }
    if !status.runs {
        status.hindrances.push("the agent does not run: systemctl start mailbeat-agent".into());
    }
    status.hindrances.extend(setup.config.routes(Some(contract)).1);
    let enrolled = state.enrolled == Some(identity.incarnation);
    let plan = schedule::plan(state, enrolled, identity.system, contract, promise, now);
    status.next = plan.into_iter().map(|(at, _)| at).min();
    Ok(())
}

fn told(status: &Status) -> String {
    let mut out = String::new();
    let verdict = match (status.activated, status.hindrances.is_empty(), &status.last_failure) {
        (false, ..) => "not activated; nothing is sent. `mailbeat-agent activate FILE`",
        (true, false, _) => "hindered",
        (true, true, Some(_)) => "the last attempt to send failed; it is tried again",
        (true, true, None) => "well",
    };
    let _ = writeln!(out, "mailbeat-agent: {verdict}");
    for hindrance in &status.hindrances {
        let _ = writeln!(out, "  {hindrance}");
    }
    if let Some(failure) = &status.last_failure {
        let _ = writeln!(
            out,
            "  #{} by route {} at {}: {}\n  {}",
            failure.sequence,
            failure.route,
            format_args!("{:.0}", failure.at),
            failure.what,
            failure.advice
        );
    }
    if let Some(terms) = &status.contract {
        let until =
            terms.valid_until.map_or_else(|| "until revoked".to_owned(), |until| format!("until {until}"));
        let _ = writeln!(
            out,
            "Contract:  {} (revision {}) of {} with {}, {until}",
            terms.number, terms.revision, terms.customer, terms.vendor
        );
        if let Some(days) = terms.days_left {
            let _ = writeln!(out, "           it ends in {days} days; ask {} for a renewal", terms.vendor);
        }
        let _ = writeln!(
            out,
            "Reports:   to {}, heartbeat every {} s, system report every {} s",
            terms.report_address, terms.promise.heartbeat_interval_s, terms.promise.system_interval_s
        );
    }
    if let Some(system) = status.system {
        let _ = writeln!(out, "System:    {system}");
    }
    match &status.last_accepted {
        Some(last) => {
            let _ = writeln!(
                out,
                "Last:      #{} accepted by your mail server at {} (route {}): {}",
                last.sequence,
                format_args!("{:.0}", last.at),
                last.route,
                last.reply
            );
        }
        None => out += "Last:      nothing was accepted by a mail server yet\n",
    }
    let oldest = status.oldest_queued.map_or_else(String::new, |at| format!(", the oldest of {at}"));
    let _ = writeln!(out, "Queue:     {} waiting{oldest}", status.queued);
    if let Some(next) = status.next {
        let _ = writeln!(out, "Next:      {next:.0}");
    }
    for problem in &status.problems {
        let _ = writeln!(out, "Problem:   {problem}");
    }
    for path in &status.muted {
        let _ = writeln!(out, "Muted:     {path} changes in every report, so only its digest is sent");
    }
    let _ = writeln!(out, "State:     {}", status.state_dir.display());
    mailbeat_shared::text::clean(&out)
}
