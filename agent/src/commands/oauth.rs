//! `oauth`: signing in to a route's mail account, how the accounts stand, forgetting one.

use std::process::ExitCode;

use anyhow::Context as _;
use mailbeat_shared::transport::oauth::{Dialogue, OAuthSettings, Standing, chosen};

use super::{Setup, Usage, ask_person, print, print_json, runtime};
use crate::cli::Oauth;

/// The person at the terminal.
struct Terminal;

impl Dialogue for Terminal {
    fn say(&mut self, text: &str) {
        print(format!("{text}\n"));
    }

    fn ask(&mut self, question: &str) -> Option<String> {
        ask_person(question)
    }
}

/// Does what was asked.
pub(super) fn oauth(setup: &Setup, asked: &Oauth) -> anyhow::Result<ExitCode> {
    let accounts: Vec<OAuthSettings> =
        setup.config.accounts().into_iter().map(|(_, account)| account).collect();
    let account = |name: &Option<String>| chosen(&accounts, name.as_deref()).map_err(Usage);
    match asked {
        Oauth::Login { account: name, how } => {
            setup.home.prepare()?;
            let account = account(name)?;
            let signed_in = runtime()?.block_on(account.login(how.manner(), &mut Terminal));
            if let Err(failure) = signed_in {
                anyhow::bail!("{failure}\n  -> {}", failure.advice());
            }
        }
        Oauth::Status(json) => {
            let standings: Vec<Standing> = accounts.iter().map(OAuthSettings::standing).collect();
            if json.json {
                print_json(&standings)?;
            } else if standings.is_empty() {
                print("no route signs in by OAuth\n");
            } else {
                let now = setup.now();
                print(standings.iter().map(|standing| standing.told(now)).collect::<String>());
            }
        }
        Oauth::Forget { account: name } => {
            let account = account(name)?;
            runtime()?.block_on(account.forget()).context("the tokens are still there")?;
            print(format!("The tokens of account {} are gone from this host.\n", account.account()));
        }
    }
    Ok(ExitCode::SUCCESS)
}
