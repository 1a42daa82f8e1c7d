//! `setup`: the wizard at its edge. It asks, shows what will change, writes, and then runs the commands a person would run, as
//! the agent's own user: `test`, `activate`, `test --confirm`, `status`.
//!
//! Nothing is written before it is confirmed. What is stopped can be gone on with: the answers are kept, without the password.

mod following;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use mailbeat_shared::config_file;
use mailbeat_shared::dns::DnsSettings;
use mailbeat_shared::locale::Locale;
use mailbeat_shared::transport::secret::Secret;
use mailbeat_shared::wizard::edit::{self, review};
use mailbeat_shared::wizard::install::Service;
use mailbeat_shared::wizard::kept::Kept;
use mailbeat_shared::wizard::stage::{Stage, replace_alike};
use mailbeat_shared::wizard::terminal::Terminal;
use mailbeat_shared::wizard::{Asker as _, Reply, walk};

use super::{Usage, print};
use crate::activation;
use crate::cli;
use crate::config::Config;
use crate::home::Home;
use crate::setup::answers::Answers;
use crate::setup::words::PHRASES;
use crate::setup::{Draft, Way, ask, configured, lone_contract};

/// What a host without a configuration begins with.
const SAMPLE: &str = include_str!("../../../packaging/agent.toml");
/// The file of a new password, beside the configuration.
const PASSWORD_FILE: &str = "smtp-password";
/// The agent's service.
const SERVICE: Service = Service {
    name: "mailbeat-agent",
    config: "/etc/mailbeat/agent.toml",
    unit: include_str!("../../../packaging/systemd/mailbeat-agent.service"),
    sysusers: include_str!("../../../packaging/sysusers/mailbeat-agent.conf"),
    check: &["test", "--no-delivery"],
};

pub(super) fn setup(
    config_path: &Path,
    asked: &cli::Setup,
    env: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<ExitCode> {
    let text = match fs::read_to_string(config_path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => SAMPLE.to_owned(),
        Err(error) => return Err(error).with_context(|| config_path.display().to_string()),
    };
    let mut config: Config = config_file::parse(config_path, &text)?;
    let state_dir = env("MAILBEAT_STATE_DIR");
    let state_is_given = state_dir.is_some();
    config.state_dir = state_dir.map_or(config.state_dir, PathBuf::from);
    let home = Home::new(&config.state_dir);
    let in_force = activation::contract_in_force(&home).ok().flatten();
    let draft = Draft::of(&config, in_force.map(|(contract, _)| contract));
    let stage = Stage::new(SERVICE.name, config_path, home.dir())?;
    let kept = Kept::beside(config_path);
    let dns = config.dns.clone();
    let site = Site { config_path, text, home, state_is_given, stage, kept, dns, draft, written: false };
    match &asked.answers {
        Some(file) => site.without_asking(file, asked, env("MAILBEAT_SETUP_PASSWORD")),
        None => site.asking(asked.lang, env("LANG").as_deref()),
    }
}

/// A set-up under way.
struct Site<'a> {
    config_path: &'a Path,
    text: String,
    home: Home,
    /// The environment says where the state is.
    state_is_given: bool,
    stage: Stage,
    kept: Kept,
    dns: DnsSettings,
    draft: Draft,
    /// Whether something was written already.
    written: bool,
}

impl Site<'_> {
    /// With the answers of a file.
    fn without_asking(
        mut self,
        file: &Path,
        asked: &cli::Setup,
        password: Option<String>,
    ) -> anyhow::Result<ExitCode> {
        let answers: Answers = config_file::load(file)?;
        let starts = answers.start_service == Some(true);
        let may_install = answers.install_service == Some(true);
        answers.into_draft(&mut self.draft).map_err(|why| Usage(format!("{}: {why}", file.display())))?;
        self.draft.account.password = password.map(Secret::new);
        let new = configured(&self.text, &self.draft, &self.password_file())?;
        print(edit::changes(&self.text, &new));
        if asked.dry_run {
            if may_install {
                print(self.hosted().shown()?);
            }
            return Ok(ExitCode::SUCCESS);
        }
        if self.draft.contract_file.is_some() && !asked.accept {
            bail!(Usage("--accept is missing: activating means to agree that reports are sent".into()));
        }
        self.write(&new)?;
        let reached = self.stage.run(&["test", "--no-delivery"])?;
        let mut activated = self.home.activation().exists();
        if self.draft.contract_file.is_some() && !self.is_in_force() {
            activated = self.activate(true)?;
        } else if self.has_news() && asked.accept {
            activated = self.stage.run(&["activate", "--accept"])?;
        }
        let sent = activated && self.stage.run(&["test", "--only-delivery"])?;
        if let Err(why) = self.hosted().without_asking(may_install, starts) {
            bail!("the service was not started: {why}");
        }
        Ok(if reached && sent { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// With a person.
    fn asking(mut self, lang: Option<Locale>, system: Option<&str>) -> anyhow::Result<ExitCode> {
        let system = system.filter(|lang| lang.starts_with("de")).map(|_| Locale::De);
        let guess = lang.or(system).unwrap_or(self.draft.locale);
        let mut terminal = Terminal::open(guess, PHRASES, &self.dns)
            .ok_or_else(|| Usage("there is no terminal to ask in; give --answers FILE".into()))?;
        let Some(locale) = terminal.ask_language() else { return Ok(ExitCode::FAILURE) };
        let shown = self.config_path.display();
        terminal.say(&format!(
            "This sets up the Mailbeat agent in {shown}. Nothing is written before you confirm it."
        ));
        self.draft.nearby = std::env::current_dir().ok().and_then(|here| lone_contract(&here));
        self.resume(&mut terminal);
        self.draft.locale = locale;
        if !walk(&mut self.draft, &mut terminal, ask::QUESTIONS) {
            self.stop(&mut terminal)?;
            return Ok(ExitCode::FAILURE);
        }
        if !self.write_and_test(&mut terminal)? {
            return Ok(ExitCode::FAILURE);
        }
        if self.draft.contract_file.is_some() && !self.is_in_force() {
            if !self.activate(false)? {
                return Ok(ExitCode::FAILURE);
            }
        } else if self.has_news() {
            self.stage.run(&["activate"])?;
        }
        if self.stage.run(&["test", "--only-delivery"])? {
            self.confirm(&mut terminal)?;
        }
        self.hosted().offer(&mut terminal)?;
        terminal.say("\n5. Status");
        // Whose the state is may have changed.
        self.stage = Stage::new(SERVICE.name, self.config_path, self.home.dir())?;
        self.stage.run(&["status"])?;
        Ok(ExitCode::SUCCESS)
    }

    /// Shows what will change, writes, and tests the mail account until it is well or the person goes on; `false`: stopped.
    fn write_and_test(&mut self, terminal: &mut Terminal) -> anyhow::Result<bool> {
        loop {
            let new = configured(&self.text, &self.draft, &self.password_file())?;
            self.show(terminal, &new);
            match terminal.confirm("Write this?", "", true) {
                Reply::Given(true) => self.write(&new)?,
                Reply::Back => {
                    if walk(&mut self.draft, terminal, ask::MAIL) {
                        continue;
                    }
                    return self.stop(terminal);
                }
                _ => return self.stop(terminal),
            }
            if self.draft.way == Way::OAuth && self.draft.sign_in.needs_a_person() {
                self.stage.run(&["oauth", "login"])?;
            }
            terminal.say("\n4. Test");
            while !self.stage.run(&["test", "--no-delivery"])? {
                let ways = ["Change the mail account", "Test again", "Go on all the same", "Stop here"]
                    .map(str::to_owned);
                match terminal.choose("How to go on?", "", &ways, 0) {
                    Reply::Given(0) | Reply::Back if walk(&mut self.draft, terminal, ask::MAIL) => {
                        let new = configured(&self.text, &self.draft, &self.password_file())?;
                        self.show(terminal, &new);
                        self.write(&new)?;
                    }
                    Reply::Given(1) => {}
                    Reply::Given(2) => return Ok(true),
                    _ => return self.stop(terminal),
                }
            }
            return Ok(true);
        }
    }

    fn show(&self, terminal: &mut Terminal, new: &str) {
        review::show(self.config_path, &self.text, new, SAMPLE, terminal);
        if self.draft.account.password.is_some() {
            terminal.say(&format!("The password goes into {}.", self.password_file().display()));
        }
    }

    /// The configuration as it was owned and readable before, and the password for the agent's user alone.
    fn write(&mut self, new: &str) -> anyhow::Result<()> {
        if let Some(dir) = self.config_path.parent() {
            fs::create_dir_all(dir).with_context(|| format!("writing {}", self.config_path.display()))?;
        }
        if let Some(password) = self.draft.account.password.take() {
            let file = self.password_file();
            self.stage.write_secret(&file, password.expose())?;
            (self.draft.account.password_file, self.draft.account.password_inline) = (Some(file), false);
        }
        if new != self.text || !self.config_path.exists() {
            replace_alike(self.config_path, new.as_bytes())?;
            new.clone_into(&mut self.text);
        }
        self.kept.forget();
        self.written = true;
        Ok(())
    }

    fn password_file(&self) -> PathBuf {
        self.config_path.with_file_name(PASSWORD_FILE)
    }

    /// Offers to go on where a set-up was stopped.
    fn resume(&mut self, terminal: &mut Terminal) {
        let Some(answers) = self.kept.load::<Answers>() else { return };
        if terminal.confirm("Go on where you stopped?", "", true) == Reply::Given(true) {
            // What does not fit any more is asked anew.
            let _ = answers.into_draft(&mut self.draft);
        }
    }

    fn stop(&self, terminal: &mut Terminal) -> anyhow::Result<bool> {
        self.kept.keep_for(&Answers::of(&self.draft), self.written, terminal)?;
        Ok(false)
    }
}
