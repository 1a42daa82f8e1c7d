//! The steps of each route, from its name in the DNS to the recipient.

use std::path::Path;

use anyhow::bail;
use mailbeat_shared::dns::hints::{self, Question};
use mailbeat_shared::dns::{BEHIND_PROXY, Resolver};
use mailbeat_shared::steps::{Seen, Steps, name};
use mailbeat_shared::transport::smtp::{Envelope, probe};
use mailbeat_shared::wire::contract::Contract;
use mailbeat_shared::wire::mail;

use super::super::{Setup, Usage, runtime};
use super::words;
use crate::identity::Identity;
use crate::route::{Route, Via};

/// Walks every route, or the one named. Gives the first that went well, and how many there are.
pub(super) fn walk(
    setup: &Setup,
    only: Option<&str>,
    contract: Option<&Contract>,
    steps: &mut Steps,
) -> anyhow::Result<(Option<String>, usize)> {
    let (mut routes, problems) = setup.config.routes(contract);
    if let Some(only) = only {
        routes.retain(|route| route.name == only);
        if routes.is_empty() {
            bail!(Usage(format!(
                "there is no route named {only:?} that can be used; see `mailbeat-agent config check`"
            )));
        }
    } else {
        for problem in &problems {
            steps.enter("routes");
            steps.fail(name::SETTINGS, problem, words::correct_route());
        }
    }
    let to = recipient(setup, contract);
    let runtime = runtime()?;
    let mut good = None;
    for route in &routes {
        steps.enter(format!("route {}", route.name));
        let went = match &route.via {
            Via::Maildir(path) => maildir(path, steps),
            Via::Graph(settings) => {
                let went = runtime.block_on(settings.probe(steps));
                runtime.block_on(look_up(setup, route, to.as_deref(), steps));
                went
            }
            Via::Smtp(settings) => match envelope(route, to.as_deref()) {
                Ok(envelope) => {
                    let went = runtime.block_on(probe(settings, &envelope, steps));
                    runtime.block_on(look_up(setup, route, to.as_deref(), steps));
                    went
                }
                Err(problem) => {
                    steps.fail(name::SETTINGS, problem, words::correct_route());
                    false
                }
            },
        };
        if went && good.is_none() {
            good = Some(route.name.clone());
        }
    }
    Ok((good, routes.len()))
}

/// The contract's report address; before the activation nobody is known but the sender itself.
fn recipient(setup: &Setup, contract: Option<&Contract>) -> Option<String> {
    let contract = contract?;
    let system = Identity::load(&setup.home).ok()??.system;
    let address = contract.report_address(system);
    Some(mail::bare_address(address).unwrap_or_else(|| address.to_owned()))
}

fn envelope(route: &Route, to: Option<&str>) -> Result<Envelope, String> {
    let from =
        mail::bare_address(&route.from).ok_or_else(|| format!("{:?} is not a mail address", route.from))?;
    Envelope::new(Some(&from), to.unwrap_or(&from)).map_err(|error| error.to_string())
}

/// What the DNS says of the domains of a route. A proxy is there because nothing else is let out, so then it is not asked, unless
/// somebody said whom to ask.
async fn look_up(setup: &Setup, route: &Route, to: Option<&str>, steps: &mut Steps) {
    let (server, proxy) = match &route.via {
        Via::Smtp(settings) => (Some(settings.host.as_str()), settings.proxy.is_some()),
        Via::Graph(settings) => (None, settings.proxy.is_some()),
        Via::Maildir(_) => return,
    };
    if proxy && setup.config.dns.servers.is_empty() {
        return steps.skip(name::SENDER_MX, BEHIND_PROXY, None);
    }
    let from = mail::bare_address(&route.from).unwrap_or_default();
    hints::walk(&Resolver::new(&setup.config.dns), Question { from: &from, to, server }, steps).await;
}

/// Whether a mail could be put there. Nothing is left behind.
fn maildir(path: &Path, steps: &mut Steps) -> bool {
    let probe = path.join("tmp").join(format!("mailbeat-test.{}", std::process::id()));
    let made = std::fs::create_dir_all(path.join("tmp")).and_then(|()| std::fs::write(&probe, b"x"));
    let _ = std::fs::remove_file(&probe);
    match made {
        Ok(()) => steps.note(name::MAILDIR, Seen::from(path.display().to_string())),
        Err(ref error) => steps.fail(name::MAILDIR, format!("{}: {error}", path.display()), words::maildir()),
    }
    made.is_ok()
}
