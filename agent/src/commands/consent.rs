//! `activate` without a file: what an update or a changed configuration added since somebody agreed, and asking about it.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::bail;
use mailbeat_shared::locale::Locale;

use super::words::said;
use super::{Setup, Usage, ask_person, tell};
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
    let locale = setup.locale();
    let new = item::withheld(&setup.config, &consent.consented);
    if new.is_empty() {
        tell("Everything that is switched on was agreed to; nothing is withheld.\n", locale);
        return Ok(ExitCode::SUCCESS);
    }
    let words = words::items(locale);
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
    tell(text, locale);
    ask(&format!("Do you agree that this is sent to {}, too?", contract.vendor), accept, locale)?;
    let items = new.iter().map(|item| item.name().to_owned()).collect();
    activation::agree(&setup.home, Agreement { at: setup.now(), by: setup.person.clone(), items })?;
    tell("Agreed. It is sent with the next reports.\n", locale);
    Ok(ExitCode::SUCCESS)
}

/// Asks whether the person agrees; a script says so with `--accept`.
pub(super) fn ask(question: &str, accept: bool, locale: Locale) -> anyhow::Result<()> {
    if accept {
        return Ok(());
    }
    let keys = if locale == Locale::De { "j/N" } else { "y/N" };
    let answer = ask_person(&format!("{} [{keys}] ", said(question, locale)));
    match answer.map(|answer| answer.to_lowercase()).as_deref() {
        Some("y" | "yes" | "j" | "ja") => Ok(()),
        Some(_) => bail!(said("nothing was changed", locale)),
        None => Err(Usage("nobody can be asked here; if you agree, repeat with --accept".into()).into()),
    }
}
