//! `status`: the state of things now, from files alone; it disturbs nobody.
//!
//! It says "accepted by your mail server", never "received": only the receiver knows that.

mod overdue;
mod told;

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::text;
use mailbeat_shared::wire::check::CheckResult;
use mailbeat_shared::wire::contract::Contract;
use mailbeat_shared::wire::id::{ContractNumber, SystemId};
use mailbeat_shared::wire::report::Promise;
use mailbeat_shared::wire::snapshot::FileState;
use serde::Serialize;

use super::{Setup, print, print_json, words};
use crate::activation::{self, Consent, permission};
use crate::collect::host::Footprint;
use crate::home::Home;
use crate::identity::Identity;
use crate::item::{self, Item};
use crate::mute;
use crate::run::BUILD_TIME;
use crate::schedule::{self, Due};
use crate::sense::{Senses as _, ThisHost};
use crate::spool::{self, Entry};
use crate::state::{self, Accepted, Failed, State, Window};

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
    maintenance: Option<Window>,
    sequence: u64,
    last_accepted: Option<Accepted>,
    last_failure: Option<Failed>,
    /// The last few ways in which sending failed, newest last, also if it went since.
    failures: Vec<Failed>,
    queued: usize,
    queued_bytes: u64,
    oldest_queued: Option<Timestamp>,
    /// When the next report is due, whichever.
    next: Option<Timestamp>,
    next_heartbeat: Option<Timestamp>,
    next_system_report: Option<Timestamp>,
    /// Until when the limit of mails an hour holds back what waits.
    held_back_until: Option<Timestamp>,
    items: Vec<ItemState>,
    /// The last verdicts of the checks that are switched on.
    checks: Vec<CheckResult>,
    unreadable: Vec<Unreadable>,
    problems: Vec<String>,
    /// Watched files that change in every report; only their digest is sent.
    muted: Vec<String>,
    /// What the running agent uses.
    uses: Option<Footprint>,
    trail_reports: usize,
    trail_bytes: u64,
    state_dir: PathBuf,
}

#[derive(Serialize)]
struct Terms {
    number: ContractNumber,
    revision: u32,
    customer: String,
    vendor: String,
    report_address: String,
    valid_until: Option<Timestamp>,
    /// Whole days until the end.
    days_left: Option<i64>,
    /// Whether the end is near enough to be counted down.
    ends_soon: bool,
    promise: Promise,
}

#[derive(Serialize)]
struct ItemState {
    item: &'static str,
    /// Whether the configuration asks for it.
    on: bool,
    /// Whether somebody agreed to it.
    agreed: bool,
    /// The key that switches it.
    key: &'static str,
}

#[derive(Serialize)]
struct Unreadable {
    path: String,
    why: Option<String>,
}

pub(super) fn status(setup: &Setup, json: bool) -> anyhow::Result<ExitCode> {
    let status = look(setup)?;
    if json {
        print_json(&status)?;
    } else {
        let page = told::told(&status, setup.now());
        let page = words::said_in_columns(&page, told::LABEL, setup.locale());
        // A terminal breaks lines inside of words; whoever reads them with a program wants them whole.
        let folded = std::io::stdout().is_terminal().then(|| text::fold(&page, told::WIDTH, told::LABEL));
        print(folded.unwrap_or(page));
    }
    Ok(ExitCode::SUCCESS)
}

fn look(setup: &Setup) -> anyhow::Result<Status> {
    let now = setup.now();
    let home = &setup.home;
    let unreadable = || format!("{}: read it as root or as the agent's user", home.dir().display());
    let Moment { queue, trail, state } = Moment::of(home).with_context(unreadable)?;
    let bytes = |entries: &[Entry]| entries.iter().map(Entry::bytes).sum();
    let identity = Identity::load(home)?;
    let in_force = activation::contract_in_force(home)?;
    let holder = home.holder();
    let running = holder.as_ref().filter(|holder| holder.runs).and_then(|holder| holder.pid);
    let mut status = Status {
        activated: in_force.is_some(),
        running: holder.as_ref().and_then(|holder| holder.pid),
        runs: holder.is_some_and(|holder| holder.runs),
        system: identity.as_ref().map(|identity| identity.system),
        contract: None,
        hindrances: vec![],
        maintenance: state.maintenance.clone().filter(|window| window.holds(now)),
        sequence: state.sequence,
        queued: queue.len(),
        queued_bytes: bytes(&queue),
        oldest_queued: queue.iter().filter_map(|entry| Some(entry.meta.as_ref()?.created_at)).min(),
        next: None,
        next_heartbeat: None,
        next_system_report: None,
        held_back_until: None,
        items: items(setup, in_force.as_ref().map(|(_, consent)| consent)),
        checks: setup
            .config
            .check
            .iter()
            .filter(|check| check.enabled)
            .filter_map(|check| state.checks.result(check))
            .collect(),
        unreadable: unreadable_files(home, &state),
        problems: [state.problems.clone(), state.watch_problems.clone()].concat(),
        muted: mute::muted(&state.streaks).map(str::to_owned).collect(),
        last_accepted: state.last_accepted.clone(),
        last_failure: state.last_failure.clone(),
        failures: state.failures.all().to_vec(),
        uses: running.and_then(|pid| Footprint::of(pid).ok()),
        trail_reports: trail.len(),
        trail_bytes: bytes(&trail),
        state_dir: home.dir().to_owned(),
    };
    status.problems.dedup();
    if let (Some(identity), Some((contract, consent))) = (identity, in_force) {
        status.hindrances.extend(item::withheld_sentence(&item::withheld(&setup.config, &consent.consented)));
        under_contract(setup, &mut status, &identity, &contract, &state, now)?;
    }
    Ok(status)
}

/// What waits, what became of the rest, and what the agent remembers: of one moment, though it works on them meanwhile.
struct Moment {
    queue: Vec<Entry>,
    trail: Vec<Entry>,
    state: State,
}

impl Moment {
    fn of(home: &Home) -> io::Result<Self> {
        let beside = || Ok((spool::entries(&home.trail())?, State::peek(home)));
        // Where nothing was ever made there is no queue.
        let (queue, (trail, state)) =
            if home.queue().exists() { spool::with_queue(home, beside)? } else { Default::default() };
        Ok(Self { queue, trail, state })
    }
}

fn items(setup: &Setup, consent: Option<&Consent>) -> Vec<ItemState> {
    let agreed =
        |item: Item| consent.is_some_and(|consent| consent.consented.iter().any(|name| name == item.name()));
    let on = item::switched_on(&setup.config);
    let state = |item: Item| ItemState {
        item: item.name(),
        on: on.contains(&item),
        agreed: agreed(item),
        key: item.key(),
    };
    Item::ALL.into_iter().map(state).collect()
}

/// The watched files that the last system report could not read.
fn unreadable_files(home: &Home, state: &State) -> Vec<Unreadable> {
    let baseline = state.baseline.as_ref();
    let snapshot =
        baseline.and_then(|baseline| state::load_said(home, baseline).ok()).unwrap_or_default().files;
    let unreadable = snapshot.into_values().map(|file| file.entry);
    unreadable
        .filter(|entry| entry.state == FileState::Unreadable)
        .map(|entry| Unreadable { path: entry.path, why: entry.detail })
        .collect()
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
        days_left: contract.valid_until.map(|until| (until.duration_since(now).as_hours() / 24).max(0)),
        ends_soon: permission::countdown_days(contract, now).is_some(),
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
    let due = |wanted: Due| plan.iter().find(|(_, due)| *due == wanted).map(|(at, _)| *at);
    status.next = plan.iter().map(|(at, _)| *at).min();
    status.next_heartbeat = due(Due::Heartbeat);
    status.next_system_report = due(Due::System);
    status.held_back_until = setup.held_back_until().filter(|_| status.queued > 0);
    if status.runs {
        let started = started(status.uses.as_ref(), now);
        let late = overdue::overdue(&plan, began(&setup.home, started, now), &permission, promise, now);
        status.hindrances.extend(overdue::unless_edited(late, &configured(setup, now), started));
    }
    Ok(())
}

/// When the agent that runs was started.
fn started(uses: Option<&Footprint>, now: Timestamp) -> Option<Timestamp> {
    let ran = uses.and_then(|uses| i64::try_from(uses.runs_s).ok()).map(SignedDuration::from_secs)?;
    now.checked_sub(ran).ok()
}

/// Since when the agent could have made what is due at once: since it started, or one of the files changed that say who it is and
/// what it may do.
fn began(home: &Home, started: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let files = [home.identity(), home.contract(), home.activation()];
    files.iter().filter_map(|file| changed(file, now)).chain(started).max().unwrap_or(now)
}

/// The configuration file and those that it includes, as far as they can be looked at, each with when it was edited.
fn configured(setup: &Setup, now: Timestamp) -> Vec<(String, Timestamp)> {
    let path = &setup.config_path;
    let beside = path.parent().unwrap_or(Path::new("."));
    let own = path.file_name().map(|name| (Path::new(name), path.clone()));
    let included = setup.config.include.iter().map(|file| (file.as_path(), beside.join(file)));
    let edited = |(name, at): (&Path, PathBuf)| Some((name.display().to_string(), changed(&at, now)?));
    own.into_iter().chain(included).filter_map(edited).collect()
}

/// When a file changed. One that a wrong clock dated in the future tells nothing.
fn changed(file: &Path, now: Timestamp) -> Option<Timestamp> {
    let at = Timestamp::try_from(file.metadata().ok()?.modified().ok()?).ok()?;
    Some(at).filter(|at| *at <= now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_a_wrong_clock_dated_in_the_future_tells_nothing_of_when_it_changed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("agent.toml");
        std::fs::write(&file, "").unwrap();
        let at = changed(&file, Timestamp::MAX).unwrap();
        assert_eq!(changed(&file, at), Some(at));
        assert_eq!(changed(&file, at - SignedDuration::from_secs(1)), None);
        assert_eq!(changed(&dir.path().join("none"), Timestamp::MAX), None);
    }
}
