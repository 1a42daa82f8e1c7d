//! What follows once the configuration is written: the activation, the code of the vendor's answer, the service.

use mailbeat_shared::config_file;
use mailbeat_shared::wizard::service::{Hosted, Places};
use mailbeat_shared::wizard::terminal::Terminal;
use mailbeat_shared::wizard::{Asker as _, Reply, anything};

use super::{SERVICE, Site};
use crate::activation;
use crate::config::Config;
use crate::item;

impl Site<'_> {
    /// The service, with what was set up for it.
    pub(super) fn hosted(&self) -> Hosted<'_> {
        let account = &self.draft.account;
        let ours = self.password_file();
        let is_ours = account.password.is_some() || account.password_file.as_ref() == Some(&ours);
        let places = Places {
            config: self.config_path,
            state_dir: self.home.dir(),
            state_is_given: self.state_is_given,
            secrets: is_ours.then_some(ours).into_iter().collect(),
        };
        Hosted { service: &SERVICE, places }
    }

    /// Runs `activate` with the contract, which shows what will be sent and asks.
    pub(super) fn activate(&self, accept: bool) -> anyhow::Result<bool> {
        let Some(file) = &self.draft.contract_file else { return Ok(true) };
        let lent = self.stage.lend(file)?;
        let path = lent.path().display().to_string();
        let mut args = vec!["activate", path.as_str()];
        if let Some(key) = &self.draft.vendor_key {
            args.extend(["--vendor-key", key]);
        }
        args.extend(accept.then_some("--accept"));
        Ok(self.stage.run(&args)?)
    }

    /// Whether the contract of the file is in force already, so that there is nothing to activate.
    pub(super) fn is_in_force(&self) -> bool {
        let in_force = activation::contract_in_force(&self.home).ok().flatten();
        in_force.is_some_and(|(contract, _)| self.draft.contract == Some(contract))
    }

    /// Whether something is switched on that nobody agreed to yet.
    pub(super) fn has_news(&self) -> bool {
        let consented =
            activation::contract_in_force(&self.home).ok().flatten().map(|(_, consent)| consent.consented);
        let config: Option<Config> = config_file::parse(self.config_path, &self.text).ok();
        match (consented, config) {
            (Some(consented), Some(config)) => !item::withheld(&config, &consented).is_empty(),
            _ => false,
        }
    }

    /// Asks for the code of the vendor's answer until it fits or is left for later.
    pub(super) fn confirm(&self, terminal: &mut Terminal) -> anyhow::Result<()> {
        let help = "Empty: later, by `mailbeat-agent test --confirm CODE`.";
        loop {
            match terminal.text("Code from the vendor's mail:", help, "", anything()) {
                Reply::Given(code) if !code.is_empty() => {
                    if self.stage.run(&["test", "--confirm", &code])? {
                        return Ok(());
                    }
                }
                _ => return Ok(()),
            }
        }
    }
}
