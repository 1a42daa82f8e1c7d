//! `activate`: shows what will be sent to whom, asks, writes it down (A0), and sends the enrollment.

use std::fmt::Write as _;
use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use mailbeat_shared::wire::contract::{Contract, SealedContract};
use mailbeat_shared::wire::id::SystemId;

use super::{Setup, Usage, ask_person, consent, runtime, tell, words};
use crate::activation::{self, Consent, Pin, Refusal, permission};
use crate::cli;
use crate::identity::{Identity, system_entropy};
use crate::item::{self, Item};
use crate::route::MailServers;
use crate::run::{Agent, BUILD_TIME};
use crate::sense::{Senses as _, ThisHost};
use crate::state::State;

/// What the file means here.
enum Meaning {
    /// The agent is not activated.
    First,
    /// A newer revision of the contract in force.
    Renewal,
    /// The contract in force, and kinds of items nobody agreed to yet.
    MoreConsent,
}

pub(super) fn activate(setup: &Setup, asked: &cli::Activate) -> anyhow::Result<ExitCode> {
    let file = asked.file.as_ref().map(|file| (file, fs::read(file)));
    setup.go_on_as_the_service()?;
    setup.home.prepare()?;
    let Some((file, bytes)) = file else { return consent::to_what_is_new(setup, asked.accept) };
    let bytes = bytes.with_context(|| file.display().to_string())?;
    let sealed = SealedContract::open(&bytes).with_context(|| file.display().to_string())?;
    let in_force = activation::contract_in_force(&setup.home)?;
    let meaning = judge(setup, asked, &sealed, in_force.as_ref())?;
    if matches!(meaning, Meaning::MoreConsent) {
        return consent::to_what_is_new(setup, asked.accept);
    }
    let identity = identity(setup, asked, &meaning)?;
    let locale = setup.config.locale_under(&sealed.contract);
    tell(summary(setup, &sealed.contract, identity.system), locale);
    consent::ask("Do you agree that this is sent?", asked.accept, locale)?;
    store(setup, &sealed, &identity, &meaning)?;
    enroll(setup)
}

/// Judges the file; where the vendor's key is not known, a person may compare it.
fn judge(
    setup: &Setup,
    asked: &cli::Activate,
    sealed: &SealedContract,
    in_force: Option<&(Contract, Consent)>,
) -> anyhow::Result<Meaning> {
    let contract = &sealed.contract;
    let permission = permission::permission(
        contract,
        setup.now(),
        BUILD_TIME.parse().context("build time")?,
        State::peek(&setup.home).last_seen,
    );
    let kept = activation::secret_is_kept(&setup.home, &contract.number);
    let judged = |pin: Option<&Pin>| {
        activation::judge(sealed, pin, in_force.map(|(contract, _)| contract), kept, &permission)
    };
    let mut pin = pin(setup, asked, in_force.is_some())?;
    if pin.is_none() && matches!(judged(None), Err(Refusal::NotPinned { .. })) {
        let fingerprint = contract.vendor_key.fingerprint();
        let addresses = contract.report_addresses.join(", ");
        let question = format!(
            "The vendor's key is not known here yet.\n  Fingerprint: {fingerprint}\n  Reports go to: {addresses}\n\
             Compare the fingerprint with what {} told you by another way. Is it the same? [yes/no] ",
            contract.vendor
        );
        let question = words::said(&question, setup.config.locale_under(contract));
        if matches!(ask_person(&question).as_deref(), Some("yes" | "ja")) {
            pin = Some(Pin::Fingerprint(fingerprint));
        }
    }
    match (judged(pin.as_ref()), in_force) {
        (Ok(()), None) => Ok(Meaning::First),
        (Ok(()), Some(_)) => Ok(Meaning::Renewal),
        (Err(Refusal::AlreadyActive { .. }), Some((_, consent)))
            if !item::withheld(&setup.config, &consent.consented).is_empty() =>
        {
            Ok(Meaning::MoreConsent)
        }
        (Err(refusal), _) => Err(refusal.into()),
    }
}

/// How the vendor's key is known: while a contract is in force by the pinned key alone, else by what the person gave.
fn pin(setup: &Setup, asked: &cli::Activate, in_force: bool) -> anyhow::Result<Option<Pin>> {
    if in_force {
        return Ok(activation::pinned_key(&setup.home.vendor_key())?);
    }
    if let Some(fingerprint) = &asked.vendor_key {
        if !fingerprint.starts_with("SHA256:") {
            return Err(Usage(format!(
                "--vendor-key {fingerprint}: this is no fingerprint; give SHA256:..., as `ssh-keygen -lf vendor.pub` prints it, or put vendor.pub beside agent.toml"
            ))
            .into());
        }
        return Ok(Some(Pin::Fingerprint(fingerprint.trim_end_matches('=').to_owned())));
    }
    Ok(activation::pinned_key(&setup.config_path.with_file_name("vendor.pub"))?)
}

fn identity(setup: &Setup, asked: &cli::Activate, meaning: &Meaning) -> anyhow::Result<Identity> {
    let machine = ThisHost::new(&setup.config).host().machine_id;
    let mut entropy = system_entropy();
    match (Identity::load(&setup.home)?, asked.system_id) {
        (Some(identity), Some(wanted)) if identity.system != wanted => {
            bail!(
                "this system already is {}; remove --system-id, or begin with an empty state directory",
                identity.system
            )
        }
        (Some(mut identity), _) => {
            if !identity.lives_on(machine.as_deref()) {
                bail!(
                    "this state was made on another machine; run `mailbeat-agent identity keep` or `identity new` first"
                );
            }
            if matches!(meaning, Meaning::First) {
                identity.begin_life(machine.as_deref(), &mut entropy);
            }
            Ok(identity)
        }
        (None, wanted) => Ok(Identity::create(wanted, machine.as_deref(), &mut entropy)),
    }
}

fn store(
    setup: &Setup,
    sealed: &SealedContract,
    identity: &Identity,
    meaning: &Meaning,
) -> anyhow::Result<()> {
    let consent = Consent {
        contract: sealed.contract.number.clone(),
        activated_at: setup.now(),
        activated_by: setup.person.clone(),
        // What is switched off was not shown as something that is sent.
        consented: item::switched_on(&setup.config).iter().map(|item| item.name().to_owned()).collect(),
        added: vec![],
        withdrawn_at: None,
    };
    let first = matches!(meaning, Meaning::First);
    if first {
        identity.save(&setup.home)?;
    }
    activation::store(&setup.home, sealed, first.then_some(&consent))?;
    let done = match first {
        true => format!("Activated. This system is {}.\n", identity.system),
        false => {
            format!(
                "Renewed: revision {} is in force. The consent stands as it was.\n",
                sealed.contract.revision
            )
        }
    };
    tell(done, setup.locale());
    Ok(())
}

/// Sends what is due now, unless a running agent does.
fn enroll(setup: &Setup) -> anyhow::Result<ExitCode> {
    let locale = setup.locale();
    if setup.home.holder().is_some_and(|holder| holder.runs) {
        tell("The running agent takes it over within two seconds; see `mailbeat-agent status`.\n", locale);
        return Ok(ExitCode::SUCCESS);
    }
    let _lock = setup.lock()?;
    let mut agent = Agent::open(setup.parts(MailServers::new(runtime()?)))?.for_a_moment();
    setup.work_off(&mut agent);
    let mut told = match (&agent.state().last_failure, &agent.state().last_accepted) {
        (Some(failure), _) => format!(
            "Reports wait in the queue: route {}: {}\n{}\n`mailbeat-agent run` tries again.\n",
            failure.route, failure.what, failure.advice
        ),
        (None, Some(accepted)) => format!(
            "Reports were accepted by your mail server (route {}): {}\n",
            accepted.route, accepted.reply
        ),
        (None, None) => String::new(),
    };
    for trouble in agent.trouble() {
        let _ = writeln!(told, "{trouble}");
    }
    tell(told + "Now start the service: systemctl enable --now mailbeat-agent\n", locale);
    Ok(ExitCode::SUCCESS)
}

/// What will be sent to whom.
fn summary(setup: &Setup, contract: &Contract, system: SystemId) -> String {
    let promise = setup.config.wish().promise(contract);
    let until =
        contract.valid_until.map_or_else(|| "until revoked".to_owned(), |until| format!("until {until}"));
    let (routes, problems) = setup.config.routes(Some(contract));
    let (told, measured): (Vec<Item>, Vec<Item>) = item::switched_on(&setup.config)
        .into_iter()
        .filter(|item| *item != Item::WatchedFiles)
        .partition(|item| item.report() == "system");
    let said = |items: Vec<Item>| items.into_iter().map(Item::name).collect::<Vec<_>>().join(", ");
    let told = if told.is_empty() { String::new() } else { format!("{} and ", said(told)) };
    let names: Vec<String> =
        routes.iter().map(|route| format!("{} (from {})", route.name, route.from)).collect();
    let mut text = format!(
        "Contract {} (revision {}) of {} with {}, valid {until}\n\
         Vendor's key: {}\n\
         Reports go to: {}\n\
         By: {}\n\
         A heartbeat every {} s with: {}\n\
         A system report every {} s with {told}the watched files after redaction; secrets are replaced by fingerprints\n",
        contract.number,
        contract.revision,
        contract.customer,
        contract.vendor,
        contract.vendor_key.fingerprint(),
        contract.report_address(system),
        if names.is_empty() { "no route yet".to_owned() } else { names.join(", then ") },
        promise.heartbeat_interval_s,
        said(measured),
        promise.system_interval_s,
    );
    let watched = if setup.config.watch.include.is_empty() {
        "nothing".into()
    } else {
        setup.config.watch.include.join(", ")
    };
    let _ = writeln!(text, "Watched files: {watched}");
    for note in problems.iter().chain(&setup.config.wish().clamped(contract)) {
        let _ = writeln!(text, "Note: {note}");
    }
    text + "`mailbeat-agent disclose` says of each item what it is for. Everything can be switched off singly in agent.toml.\n"
}
