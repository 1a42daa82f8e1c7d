//! A person agrees: by a browser here, by one elsewhere whose last address is pasted, or by a code. The words are the program's.

use super::grant::{Desk, Given};
use super::loopback::{Loopback, answer};
use super::problem::{DEVICE_BLOCKED, known};
use super::settings::{Grant, OAuthSettings};
use crate::transport::outcome::{Failure, FailureKind};

/// How a person signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// With the browser of this machine.
    Browser,
    /// With a browser anywhere; the address it ends at is pasted.
    Paste,
    /// With a browser anywhere, by a code.
    Device,
}

impl Manner {
    /// What the switches of a command ask for, of which one at most is on.
    #[must_use]
    pub fn asked_for(browser: bool, paste: bool, device: bool) -> Option<Self> {
        match (browser, paste, device) {
            (true, ..) => Some(Self::Browser),
            (_, true, _) => Some(Self::Paste),
            (.., true) => Some(Self::Device),
            _ => None,
        }
    }
}

/// The account of this name, or the only one; else a sentence that says which there are.
///
/// # Errors
/// There is none of this name, or without a name there is none or several.
pub fn chosen<'a>(accounts: &'a [OAuthSettings], name: Option<&str>) -> Result<&'a OAuthSettings, String> {
    let names = || accounts.iter().map(OAuthSettings::account).collect::<Vec<_>>().join(", ");
    match (name, accounts) {
        (_, []) => {
            Err("nothing is configured to sign in by OAuth (auth = \"oauth\" and an `oauth` table)".into())
        }
        (Some(name), _) => accounts
            .iter()
            .find(|account| account.account() == name)
            .ok_or_else(|| format!("there is no account {name:?}; known: {}", names())),
        (None, [only]) => Ok(only),
        (None, _) => Err(format!("say which account: {}", names())),
    }
}

/// The person at the terminal.
pub trait Dialogue {
    /// Says something.
    fn say(&mut self, text: &str);
    /// Asks for a line; `None` where nobody can answer.
    fn ask(&mut self, question: &str) -> Option<String>;
}

/// Where a pasted answer comes from. Nobody needs to listen there.
const NOWHERE: &str = "http://localhost";

impl OAuthSettings {
    /// Signs in, and keeps the tokens. Where no person is needed, asks the provider for a token, as proof that it gives one.
    ///
    /// # Errors
    /// The provider refused, or what happened on the way.
    pub async fn login(&self, manner: Option<Manner>, dialogue: &mut dyn Dialogue) -> Result<(), Failure> {
        let usual = match self.grant {
            Grant::AuthorizationCode => Manner::Browser,
            Grant::DeviceCode => Manner::Device,
            Grant::ClientCredentials | Grant::ServiceAccount => {
                self.forget().await?;
                let access = self.access(None).await?;
                let until = access.expires_at.map_or(String::new(), |at| format!(" until {at:.0}"));
                dialogue
                    .say(&format!("The provider gave a token that is good{until}. Nobody has to sign in."));
                return Ok(());
            }
        };
        let desk = Desk::open(self, self.kept.clock.now()).await?;
        let given = match manner.unwrap_or(usual) {
            Manner::Browser => by_browser(&desk, dialogue).await?,
            Manner::Paste => by_paste(&desk, dialogue).await?,
            Manner::Device => by_device(&desk, dialogue).await.map_err(explain_device)?,
        };
        self.keep_consent(&given).await?;
        self.tell(&given, dialogue);
        Ok(())
    }

    fn tell(&self, given: &Given, dialogue: &mut dyn Dialogue) {
        dialogue.say(&format!(
            "Signed in. The tokens of account {} are kept in {}.",
            self.account(),
            self.kept.file.display()
        ));
        if given.refresh.is_none() {
            dialogue.say(
                "Warning: the provider gave no refresh token, so this ends with the access token. Ask for one: the scope offline_access, or for Google remove the application's access first.",
            );
        }
        // `offline_access` and the like are seldom named again.
        let granted = given.scopes.as_deref().unwrap_or_default();
        let missing: Vec<String> = self
            .wanted_scopes()
            .into_iter()
            .filter(|scope| scope.contains("://") && !granted.is_empty())
            .filter(|scope| !granted.iter().any(|given| given.eq_ignore_ascii_case(scope)))
            .collect();
        if !missing.is_empty() {
            dialogue.say(&format!("Warning: the provider did not grant {}.", missing.join(" ")));
        }
    }
}

async fn by_browser(desk: &Desk<'_>, dialogue: &mut dyn Dialogue) -> Result<Given, Failure> {
    let loopback = Loopback::open().await?;
    let asked = desk.ask(&loopback.redirect())?;
    dialogue.say(&format!(
        "Open this address in a browser on this machine and sign in with the mail account:\n\n  {}\n\nWaiting for the browser (ten minutes at most). Without a browser here: `oauth login --paste`.",
        asked.url
    ));
    let code = loopback.code(&asked.state).await?;
    desk.exchange_code(asked, &code).await
}

async fn by_paste(desk: &Desk<'_>, dialogue: &mut dyn Dialogue) -> Result<Given, Failure> {
    let asked = desk.ask(NOWHERE)?;
    dialogue.say(&format!(
        "Open this address in a browser on any machine and sign in with the mail account:\n\n  {}\n\nAt the end the browser shows that it cannot open a page at http://localhost: that is right. Copy the whole address from its address line.",
        asked.url
    ));
    for _ in 0..3 {
        let Some(pasted) = dialogue.ask("The address: ") else {
            let text = "nobody can paste an address here; run this in a terminal";
            return Err(Failure::new(FailureKind::Settings, text));
        };
        match answer(&pasted, &asked.state) {
            Some(code) => return desk.exchange_code(asked, &code?).await,
            None => dialogue.say(
                "That is not the address of this sign-in; it begins with http://localhost and holds `code=`.",
            ),
        }
    }
    Err(Failure::new(FailureKind::Settings, "no address of this sign-in was pasted"))
}

async fn by_device(desk: &Desk<'_>, dialogue: &mut dyn Dialogue) -> Result<Given, Failure> {
    let code = desk.device_code().await?;
    dialogue.say(&format!(
        "Open {} in a browser on any machine, enter the code {} and sign in with the mail account.",
        code.verification_uri().as_str(),
        code.user_code().secret()
    ));
    if let Some(complete) = code.verification_uri_complete() {
        dialogue.say(&format!("Or open this address, which holds the code:\n\n  {}\n", complete.secret()));
    }
    dialogue.say(&format!("Waiting (at most {} minutes).", code.expires_in().as_secs().div_ceil(60)));
    desk.await_device(&code).await
}

/// A policy's refusal looks like any other; that it is about the device code is what a person has to know.
fn explain_device(failure: Failure) -> Failure {
    let by_policy = ["AADSTS53003", "unauthorized_client", "admin_policy_enforced"];
    match known(&failure.text) {
        Some(entry) if by_policy.contains(&entry.code) => {
            Failure::new(failure.kind, format!("{DEVICE_BLOCKED}: {}", failure.text))
        }
        _ => failure,
    }
}
