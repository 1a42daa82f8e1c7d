//! `test`: the whole way step by step, from this host to the vendor's answer, with cause and fix where a step fails.
//!
//! Nothing but the last step sends anything, and that is a `test` report as any other, through the queue and into the trail.

mod canary;
mod checks;
mod delivery;
mod host;
mod routes;
pub(super) mod words;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use mailbeat_shared::durable::{self, Access};
use mailbeat_shared::steps::page::Page;
use mailbeat_shared::steps::{Step, StepResult, Steps, log, worst};
use mailbeat_shared::transport::smtp::SmtpSettings;
use serde::Serialize;

use super::{Setup, print, print_json};
use crate::activation;
use crate::cli;
use crate::config::RedactConfig;
use crate::identity::Identity;
use crate::os;
use crate::redact::Redactor;
use crate::redact::pseudonym::Names;
use crate::route::{Route, Via};

/// What a test says to machines.
#[derive(Serialize)]
struct Told<'a> {
    result: StepResult,
    /// The `test` report that was sent, if one was.
    sequence: Option<u64>,
    steps: &'a [Step],
}

pub(super) fn test(setup: &Setup, asked: &cli::Test) -> anyhow::Result<ExitCode> {
    let mut page = Page::new(setup.locale(), words::PHRASES);
    let mut steps = Steps::new(setup.now());
    if !asked.json.json {
        let mut page = page.clone();
        steps = steps.telling(move |step| print(page.step(step)));
    }
    let sequence = match &asked.confirm {
        Some(code) => {
            delivery::confirm(setup, code, &mut steps);
            None
        }
        None => walk(setup, asked, &mut steps)?,
    };
    let steps = steps.into_taken();
    let result = worst(&steps);
    if asked.json.json {
        print_json(&Told { result, sequence, steps: &steps })?;
    } else {
        print(format!("\n{}", page.sum(&steps)));
    }
    if let Some(file) = &asked.save {
        save(setup, &mut page, &steps, file)?;
    }
    Ok(if result == StepResult::Failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Everything in its order; the sequence of the report that was sent, if one was.
fn walk(setup: &Setup, asked: &cli::Test, steps: &mut Steps) -> anyhow::Result<Option<u64>> {
    if asked.only_delivery {
        steps.enter("delivery");
        return Ok(delivery::deliver(setup, None, steps));
    }
    let contract = host::walk(setup, steps);
    checks::walk(setup, steps);
    let (good, all) = routes::walk(setup, asked.route.as_deref(), contract.as_ref(), steps)?;
    steps.enter("delivery");
    if asked.no_delivery {
        steps.skip("test report", "not asked for (--no-delivery)", None);
        return Ok(None);
    }
    if contract.is_none() {
        steps.skip("test report", words::NO_CONTRACT, Some(words::activate()));
        return Ok(None);
    }
    match good {
        Some(route) => Ok(delivery::deliver(setup, Some(route), steps)),
        None => {
            let why = if all == 0 { words::NO_ROUTE } else { words::NO_GOOD_ROUTE };
            steps.skip("test report", why, None);
            Ok(None)
        }
    }
}

/// Writes the log. Secrets are in no step; what a server might have repeated is taken out by value and by the redactor.
fn save(setup: &Setup, page: &mut Page, steps: &[Step], file: &Path) -> anyhow::Result<()> {
    let identity = Identity::load(&setup.home).ok().flatten();
    let key = identity.as_ref().map_or([0; 32], |identity| *identity.fingerprint_key());
    let contract = activation::contract_in_force(&setup.home).ok().flatten().map(|(contract, _)| contract);
    let (routes, _) = setup.config.routes(contract.as_ref());
    let secrets: Vec<String> = routes.iter().filter_map(password).collect();
    let facts = [
        format!(
            "system {}",
            identity.map_or_else(|| "none yet".to_owned(), |identity| identity.system.to_string())
        ),
        format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    ];
    let program = concat!("mailbeat-agent ", env!("CARGO_PKG_VERSION"));
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let text = log::text(program, setup.now(), &facts, page, steps, &secrets);
    // A pattern that does not compile was a failed step; the built-in detectors do without.
    let redactor = Redactor::new(key, &setup.config.redact, os::known_names())
        .or_else(|_| Redactor::new(key, &RedactConfig::default(), Names::default()))?;
    durable::replace(file, redactor.redact(&text).as_bytes(), Access::Private)
        .with_context(|| format!("writing {}", file.display()))?;
    eprintln!("{}", page.said("the log is in {}").replace("{}", &file.display().to_string()));
    Ok(())
}

fn password(route: &Route) -> Option<String> {
    let Via::Smtp(settings) = &route.via else { return None };
    let SmtpSettings { password, password_file, .. } = settings.as_ref();
    let read = |file| std::fs::read_to_string(file).ok()?.lines().next().map(str::to_owned);
    password.as_ref().map(|secret| secret.expose().to_owned()).or_else(|| read(password_file.as_ref()?))
}
