//! `identity show|keep|new`.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use mailbeat_shared::wire::signature::Namespace;
use serde_json::json;

use super::{Setup, print, print_json};
use crate::cli;
use crate::identity::{self, Identity, IdentityError, system_entropy};
use crate::sense::{Senses as _, ThisHost};

pub(super) fn identity(setup: &Setup, asked: &cli::Identity) -> anyhow::Result<ExitCode> {
    match asked {
        cli::Identity::Show { allowed_signers, json } => show(setup, *allowed_signers, json.json),
        cli::Identity::Keep => keep(setup),
        cli::Identity::New => new(setup),
    }
}

fn show(setup: &Setup, allowed_signers: bool, json: bool) -> anyhow::Result<ExitCode> {
    let identity = load(setup)?;
    let key = identity.key.public();
    let line = key.allowed_signers_line(&identity.system.to_string(), Namespace::Report);
    if json {
        print_json(&json!({
            "system": identity.system,
            "incarnation": identity.incarnation,
            "public_key": key,
            "fingerprint": key.fingerprint(),
            "allowed_signers": line,
        }))?;
    } else if allowed_signers {
        print(line + "\n");
    } else {
        print(format!(
            "SystemId:    {}\nKey:         {}\nIncarnation: {}\n",
            identity.system,
            key.fingerprint(),
            identity.incarnation
        ));
        if !identity.lives_on(machine(setup).as_deref()) {
            print(
                "This state was made on another machine: run `mailbeat-agent identity keep` or `identity new`.\n",
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn keep(setup: &Setup) -> anyhow::Result<ExitCode> {
    setup.home.prepare()?;
    let mut identity = load(setup)?;
    identity.begin_life(machine(setup).as_deref(), &mut system_entropy());
    identity.save(&setup.home)?;
    print(format!("System {} goes on here, as incarnation {}.\n", identity.system, identity.incarnation));
    Ok(ExitCode::SUCCESS)
}

/// Another system needs another key and begins at sequence 1; what the former one left is set aside.
fn new(setup: &Setup) -> anyhow::Result<ExitCode> {
    if setup.home.holder().is_some_and(|holder| holder.runs) {
        bail!("stop the running agent first: systemctl stop mailbeat-agent");
    }
    setup.home.prepare()?;
    let _lock = setup.lock()?;
    // An interrupted `new` leaves a key without its card; that is no reason to refuse the second try.
    let former = match Identity::load(&setup.home) {
        Ok(former) => former,
        Err(IdentityError::Mismatch) => None,
        Err(error) => return Err(error.into()),
    };
    let fresh = Identity::create(None, machine(setup).as_deref(), &mut system_entropy());
    if let Some(former) = former {
        let aside = identity::retire(&setup.home, former.system)?;
        print(format!("What {} left is in {}.\n", former.system, aside.display()));
    }
    fresh.save(&setup.home)?;
    setup.home.prepare()?;
    print(format!("This is now system {}. It enrolls with its next report.\n", fresh.system));
    Ok(ExitCode::SUCCESS)
}

fn load(setup: &Setup) -> anyhow::Result<Identity> {
    Identity::load(&setup.home)?
        .context("there is no identity yet; it is made by `mailbeat-agent activate FILE`")
}

fn machine(setup: &Setup) -> Option<String> {
    ThisHost::new(&setup.config).host().machine_id
}
