//! `activate` without a file: what an update or a changed configuration added since somebody agreed, and asking about it.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::bail;

use super::{Setup, Usage, ask_person, person, print};
use crate::activation::{self, Agreement};
use crate::item;
use crate::words;

/// Shows what is withheld, asks, and adds it to the consent; a running agent takes it over within two seconds.
pub(super) fn to_what_is_new(setup: &Setup, accept: bool) -> anyhow::Result<ExitCode> {
    let Some((contract, consent)) = activation::contract_in_force(&setup.home)? else {
        return Err(
            Usage("not activated; name the contract file: `mailbeat-agent activate FILE`".into()).into()
        );
    };
    let new = item::withheld(&setup.config, &consent.consented);
    if new.is_empty() {
        print("Everything that is switched on was agreed to; nothing is withheld.\n");
        return Ok(ExitCode::SUCCESS);
    }
    let words = words::items(setup.locale());
    let mut text = format!("New since {} agreed under contract {}:\n", consent.activated_by, contract.number);
    for item in &new {
        if let Some(words) = words.item.get(item.name()) {
            let _ = writeln!(
                text,
                "- {} ({}): {}. {} ({})",
                words.title,
                item.key(),
                words.what,
                words.purpose,
                words.personal
            );
        }
    }
    print(text);
    ask(&format!("Do you agree that this is sent to {}, too?", contract.vendor), accept)?;
    let items = new.iter().map(|item| item.name().to_owned()).collect();
    activation::agree(&setup.home, Agreement { at: setup.now(), by: person(), items })?;
    print("Agreed. It is sent with the next reports.\n");
    Ok(ExitCode::SUCCESS)
}

/// Asks whether the person agrees; a script says so with `--accept`.
pub(super) fn ask(question: &str, accept: bool) -> anyhow::Result<()> {
    if accept {
        return Ok(());
    }
    match ask_person(&format!("{question} [y/N] ")).as_deref() {
        Some("y" | "yes" | "Y") => Ok(()),
        Some(_) => bail!("nothing was changed"),
        None => Err(Usage("nobody can be asked here; if you agree, repeat with --accept".into()).into()),
    }
}
