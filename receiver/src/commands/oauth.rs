//! `oauth`: signing in to a mail account, how the accounts stand, forgetting one.

use std::io::{IsTerminal as _, Write as _};

use anyhow::{Context as _, anyhow};
use mailbeat_shared::transport::oauth::{Dialogue, OAuthSettings, Standing, chosen};

use super::Desk;
use crate::cli::Oauth;

/// The person at the terminal.
struct Terminal<'a>(&'a Desk);

impl Dialogue for Terminal<'_> {
    fn say(&mut self, text: &str) {
        // Who went away hears nothing; the tokens are kept all the same.
        let _ = self.0.say(text);
        let _ = std::io::stdout().flush();
    }

    fn ask(&mut self, question: &str) -> Option<String> {
        if !std::io::stdin().is_terminal() {
            return None;
        }
        let _ = write!(std::io::stdout(), "{question}").and_then(|()| std::io::stdout().flush());
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).ok()?;
        Some(line.trim().to_owned())
    }
}

pub(super) fn run(desk: &Desk, command: &Oauth) -> anyhow::Result<()> {
    let accounts = desk.config.accounts();
    let account = |name: &Option<String>| chosen(&accounts, name.as_deref()).map_err(|what| anyhow!(what));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match command {
        Oauth::Login { account: name, how } => {
            let signed_in = runtime.block_on(account(name)?.login(how.manner(), &mut Terminal(desk)));
            signed_in.map_err(|failure| anyhow!("{failure}\n  -> {}", failure.advice()))
        }
        Oauth::Status => {
            let standings: Vec<Standing> = accounts.iter().map(OAuthSettings::standing).collect();
            let text: String = standings.iter().map(|standing| standing.told(desk.now)).collect();
            desk.show(&standings, if text.is_empty() { "nothing signs in by OAuth" } else { &text })
        }
        Oauth::Forget { account: name } => {
            let account = account(name)?;
            runtime.block_on(account.forget()).context("the tokens are still there")?;
            desk.say(&format!("The tokens of account {} are gone from this host.", account.account()))
        }
    }
}
