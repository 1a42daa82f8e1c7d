//! What follows once the configuration is written: the test, the first customer, the first report.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use mailbeat_shared::durable::{self, Access};
use mailbeat_shared::locale::Locale;
use mailbeat_shared::wizard::terminal::Terminal;
use mailbeat_shared::wizard::{Asker as _, Move, Reply, page, walk_from};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Site;
use crate::setup::customer::Customer;
use crate::setup::fault::{At, Told};
use crate::setup::{Draft, ask};

/// Between two looks for the first report.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How a test ends.
pub(super) enum GoOn {
    /// With what follows.
    On,
    /// With the configuration, which was changed.
    Again,
    /// Not at all.
    Stop,
}

/// A contract as `contracts list` and `contracts issue` tell it.
#[derive(Deserialize)]
struct Contract {
    number: String,
    customer: String,
    #[serde(default)]
    state: String,
    /// What is to be known or done about its login on the relay.
    relay: Option<String>,
}

/// A system as `systems list` tells it.
#[derive(Deserialize)]
struct System {
    system: String,
    host: String,
    customer: String,
    contract: String,
}

impl Site<'_> {
    /// Walks the steps before the person's eyes, again and again until all is well or something else is decided.
    pub(super) fn test(
        &mut self,
        terminal: &mut Terminal,
        locale: Locale,
        mail_to: &mut Option<String>,
    ) -> anyhow::Result<GoOn> {
        terminal.say("\n5. Test");
        if let (None, Some(first)) = (&mail_to, self.draft.people.first()) {
            match terminal.confirm(&format!("Also send a test mail to {}?", first.email), "", true) {
                Reply::Given(yes) => *mail_to = Some(if yes { first.email.clone() } else { String::new() }),
                Reply::Back => {}
                Reply::Quit => return Ok(GoOn::Stop),
            }
        }
        loop {
            let mut args = vec!["test", "--json", "--progress", "--lang", locale.as_str()];
            args.extend(
                mail_to.as_deref().filter(|to| !to.is_empty()).map(|to| ["--mail-to", to]).iter().flatten(),
            );
            let (well, printed) = self.stage.output(&args)?;
            if well {
                return Ok(GoOn::On);
            }
            let told = Told::read(&printed);
            if let Some(step) = told.failed() {
                terminal.say(&format!("{}: the step \"{}\" failed.", step.area, step.name));
            }
            let at = told.failed().map_or(At::Elsewhere, |step| step.at());
            match go_on(&mut self.draft, terminal, at) {
                Some(go_on) => return Ok(go_on),
                None => terminal.say(""),
            }
        }
    }

    /// Issues the contract for the first customer, or another one; its number. `None`: stopped.
    pub(super) fn customer(&mut self, terminal: &mut Terminal) -> anyhow::Result<Option<Option<String>>> {
        let contracts: Vec<Contract> = self.listed(&["contracts", "list", "--json"]);
        let headline = if contracts.is_empty() { "\n7. First customer" } else { "\n7. Customer" };
        terminal.say(headline);
        if !contracts.is_empty() {
            let all: Vec<String> =
                contracts.iter().map(|one| format!("{} ({})", one.number, one.customer)).collect();
            terminal.say(&format!("Contracts there are: {}", all.join(", ")));
        }
        loop {
            let wanted = contracts.is_empty() || self.draft.customer.is_some();
            let help = "Without one no agent sends. Later: mailbeat-receiver contracts issue";
            match terminal.confirm("Issue a contract for a customer now?", help, wanted) {
                Reply::Given(true) => {}
                Reply::Given(false) => return Ok(Some(None)),
                Reply::Back => continue, // what was before is written
                Reply::Quit => return self.stop(terminal).map(|_| None),
            }
            let mut customer = match self.draft.customer.take() {
                Some(customer) => customer,
                None => self.new_customer()?,
            };
            let moved = page(&mut customer, terminal, Customer::QUESTIONS);
            self.draft.customer = Some(customer.clone());
            match moved {
                Move::Quit => return self.stop(terminal).map(|_| None),
                Move::Back | Move::Skip => {}
                // The command says itself what does not fit.
                Move::Next => {
                    if let Some((number, lines)) = self.issue(&customer)? {
                        lines.iter().for_each(|line| terminal.say(line));
                        self.kept.forget();
                        return Ok(Some(Some(number)));
                    }
                }
            }
        }
    }

    /// The same without asking, once for a customer; what is to be told.
    pub(super) fn issue_once(&self, customer: &Customer) -> anyhow::Result<Vec<String>> {
        let contracts: Vec<Contract> = self.listed(&["contracts", "list", "--json"]);
        let same = contracts.iter().find(|one| one.customer == customer.name && one.state == "valid");
        if let Some(same) = same {
            return Ok(vec![format!(
                "{} has contract {} already; none is issued.",
                same.customer, same.number
            )]);
        }
        let issued = self.issue(customer)?;
        Ok(issued.context("`mailbeat-receiver contracts issue` did not go well")?.1)
    }

    /// Issues a contract and puts its file where the person wants it: its number, and what is to be told. `None`: it was refused,
    /// and the command said why.
    fn issue(&self, customer: &Customer) -> anyhow::Result<Option<(String, Vec<String>)>> {
        let passed = self.stage.passed_on();
        let _ = fs::remove_file(&passed); // left by one that was interrupted
        let command = customer.issue(&passed);
        let command: Vec<&str> = command.iter().map(String::as_str).chain(["--json"]).collect();
        let (well, printed) = self.stage.output(&command)?;
        if !well {
            return Ok(None);
        }
        let contract: Contract =
            serde_json::from_slice(&printed).context("what `contracts issue` printed")?;
        let file = customer.directory.join(format!("{}.contract", contract.number));
        ensure!(
            !file.exists(),
            "{} is there already; the contract is in {}",
            file.display(),
            passed.display()
        );
        fs::read(&passed).and_then(|bytes| durable::replace(&file, &bytes, Access::Private)).with_context(
            || format!("writing {}; the contract is in {}", file.display(), passed.display()),
        )?;
        fs::remove_file(&passed).with_context(|| passed.display().to_string())?;
        if let Some(command) = customer.register() {
            let command: Vec<&str> = command.iter().map(String::as_str).collect();
            ensure!(self.stage.output(&command)?.0, "the customer's contact was not registered");
        }
        let key = self.public_key(customer)?;
        let mut lines = vec![
            format!("\nContract {} for {} is in {}", contract.number, customer.name, file.display()),
            format!("Your public key is in {key}"),
            "Give both to the customer by a way you trust. On the customer's host, as root:".to_owned(),
            // The directory is there only where a package made it.
            "  install -D -m 644 vendor.pub /etc/mailbeat/vendor.pub\n  mailbeat-agent setup".to_owned(),
            "or without questions, from a file of answers (docs/configuration.md):".to_owned(),
            "  mailbeat-agent setup --answers FILE --accept".to_owned(),
        ];
        lines.extend(contract.relay);
        if customer.contact.email.is_empty() {
            lines.push(
                "Nobody is registered for this customer: test reports are answered to nobody.".to_owned(),
            );
        }
        Ok(Some((contract.number, lines)))
    }

    /// Puts the public key beside the contract, unless another vendor's lies there; where it is.
    fn public_key(&self, customer: &Customer) -> anyhow::Result<String> {
        let ours = self.draft.state_dir.join("vendor.pub");
        let beside = customer.directory.join("vendor.pub");
        let bytes = fs::read(&ours).with_context(|| ours.display().to_string())?;
        match fs::read(&beside) {
            Ok(there) if there != bytes => return Ok(ours.display().to_string()),
            Ok(_) => {}
            Err(_) => durable::replace(&beside, &bytes, Access::Shared)
                .with_context(|| format!("writing {}", beside.display()))?,
        }
        Ok(beside.display().to_string())
    }

    /// Waits for a system of the contract that was issued, or for any that is new.
    pub(super) fn wait(&self, terminal: &mut Terminal, contract: Option<&str>) -> anyhow::Result<()> {
        let known: BTreeSet<String> = self.systems().into_iter().map(|system| system.system).collect();
        let help = "Once the customer has activated. The receiver must run; Ctrl-C leaves off waiting.";
        let asked = terminal.confirm("Wait here for the first report?", help, contract.is_some());
        if asked != Reply::Given(true) {
            terminal.say("The first report shows in: mailbeat-receiver systems list");
            return Ok(());
        }
        terminal.say("Waiting ...");
        let is_it = |system: &System| match contract {
            Some(number) => system.contract == number,
            None => !known.contains(&system.system),
        };
        loop {
            if let Some(system) = self.systems().into_iter().find(|system| is_it(system)) {
                let System { host, customer, .. } = system;
                terminal.say(&format!("{host} of {customer} has reported. All systems:"));
                terminal.say("  mailbeat-receiver systems list");
                return Ok(());
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn systems(&self) -> Vec<System> {
        self.listed(&["systems", "list", "--json"])
    }

    fn listed<T: DeserializeOwned>(&self, args: &[&str]) -> Vec<T> {
        self.stage.asked(args).and_then(|printed| serde_json::from_slice(&printed).ok()).unwrap_or_default()
    }
}

/// What is done about a test that failed; `None`: the same test again.
pub(super) fn go_on(draft: &mut Draft, terminal: &mut Terminal, at: At) -> Option<GoOn> {
    let options = [
        "Change the mailbox",
        "Change outgoing mail",
        "Change vendor or people",
        "Test again",
        "Go on all the same",
        "Stop here",
    ];
    let default = match at {
        At::Mailbox | At::MailboxServer | At::MailboxLogon => 0,
        At::Outgoing | At::OutgoingServer | At::OutgoingLogon => 1,
        At::Vendor => 2,
        At::Elsewhere => 3,
    };
    let chosen = match terminal.choose("How to go on?", "", &options.map(str::to_owned), default) {
        Reply::Given(chosen) => chosen,
        Reply::Back => default,
        Reply::Quit => return Some(GoOn::Stop),
    };
    let changed = match chosen {
        _ if chosen == default && chosen < 3 => at,
        0 => At::Mailbox,
        1 => At::Outgoing,
        2 => At::Vendor,
        3 => return None,
        4 => return Some(GoOn::On),
        _ => return Some(GoOn::Stop),
    };
    ask::doubt(draft, changed);
    let (questions, first) = ask::page_of(changed);
    Some(if walk_from(draft, terminal, &questions, first) { GoOn::Again } else { GoOn::Stop })
}
