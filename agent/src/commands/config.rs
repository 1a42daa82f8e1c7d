//! `config check|show`.

use std::process::ExitCode;

use super::{Setup, print, print_json};
use crate::activation;
use crate::cli;
use crate::config::{Finding, check};
use crate::item;

pub(super) fn config(setup: &Setup, asked: &cli::Config) -> anyhow::Result<ExitCode> {
    match asked {
        cli::Config::Check(json) => checked(setup, json.json),
        cli::Config::Show => show(setup),
    }
}

fn checked(setup: &Setup, json: bool) -> anyhow::Result<ExitCode> {
    let contract = activation::contract_in_force(&setup.home);
    let mut findings =
        check(&setup.config, contract.as_ref().ok().and_then(|found| Some(&found.as_ref()?.0)));
    match &contract {
        Ok(Some((_, consent))) => {
            let withheld = item::withheld(&setup.config, &consent.consented);
            findings.extend(item::withheld_sentence(&withheld).map(Finding::note));
        }
        Ok(None) => {}
        Err(error) => findings.push(Finding::wrong(error.to_string())),
    }
    let wrong = findings.iter().any(|finding| finding.wrong);
    if json {
        print_json(&findings)?;
    } else {
        for finding in &findings {
            print(format!("{}: {}\n", if finding.wrong { "wrong" } else { "note" }, finding.what));
        }
        if !wrong {
            print(format!("{}: nothing wrong found\n", setup.config_path.display()));
        }
    }
    Ok(if wrong { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

fn show(setup: &Setup) -> anyhow::Result<ExitCode> {
    let mut text = format!("# {} with what is not set there, secrets hidden\n", setup.config_path.display());
    text += &setup.config.shown();
    if let Ok(Some((contract, _))) = activation::contract_in_force(&setup.home) {
        let promise = setup.config.wish().promise(&contract);
        text += &format!(
            "\n# In force under contract {}: a heartbeat every {} s, a system report every {} s\n",
            contract.number, promise.heartbeat_interval_s, promise.system_interval_s
        );
    }
    print(text);
    Ok(ExitCode::SUCCESS)
}
