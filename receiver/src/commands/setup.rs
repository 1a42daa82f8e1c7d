//! `setup`: the wizard at its edge. It asks, shows what will change, writes, and then runs the commands a person would run, as the
//! receiver's own user: `init`, `contacts`, `test`, `contracts issue`, `systems list`.
//!
//! Nothing is written before it is confirmed. What is stopped can be gone on with: the answers are kept, without passwords.

mod following;
mod writing;

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use mailbeat_shared::config_file;
use mailbeat_shared::dns::DnsSettings;
use mailbeat_shared::locale::Locale;
use mailbeat_shared::owner::Owner;
use mailbeat_shared::transport::secret::Secret;
use mailbeat_shared::wizard::install::Service;
use mailbeat_shared::wizard::kept::Kept;
use mailbeat_shared::wizard::service::{Hosted, Places};
use mailbeat_shared::wizard::stage::Stage;
use mailbeat_shared::wizard::terminal::Terminal;
use mailbeat_shared::wizard::{Asker as _, Reply, edit, walk, walk_back};

use super::{Usage, print};
use crate::cli;
use crate::config::Config;
use crate::setup::answers::Answers;
use crate::setup::customer::Customer;
use crate::setup::fault::At;
use crate::setup::words::PHRASES;
use crate::setup::{Draft, PasswordFiles, Reading, Sending, ask, configured};

/// What a machine without a configuration begins with.
const SAMPLE: &str = include_str!("../../../packaging/receiver.toml");
/// The receiver's service.
const SERVICE: Service = Service {
    name: "mailbeat-receiver",
    config: "/etc/mailbeat/receiver.toml",
    unit: include_str!("../../../packaging/systemd/mailbeat-receiver.service"),
    sysusers: include_str!("../../../packaging/sysusers/mailbeat-receiver.conf"),
    check: &["test"],
};

pub(super) fn run(config_path: &Path, asked: &cli::Setup) -> anyhow::Result<ExitCode> {
    let text = match fs::read_to_string(config_path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => SAMPLE.to_owned(),
        Err(error) => return Err(error).with_context(|| config_path.display().to_string()),
    };
    let config: Config = config_file::parse(config_path, &text)?;
    let mut draft = Draft::of(&config);
    if let Some(dir) = env("MAILBEAT_STATE_DIR") {
        (draft.state_dir, draft.state_dir_is_given) = (dir.into(), true);
    }
    draft.asks_state_dir = !Owner::is_root();
    let mut site = Site {
        config_path,
        text,
        files: PasswordFiles::beside(config_path),
        stage: Stage::new(SERVICE.name, config_path, &draft.state_dir)?,
        kept: Kept::beside(config_path),
        draft,
        systems: config.contracts.systems,
        dns: config.dns.clone(),
        has_relay: config.relay.is_some(),
        written: false,
    };
    site.draft.people = site.known_people();
    match &asked.answers {
        Some(file) => site.without_asking(file, asked.dry_run),
        None => site.asking(asked.lang),
    }
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// A set-up under way.
struct Site<'a> {
    config_path: &'a Path,
    text: String,
    files: PasswordFiles,
    stage: Stage,
    kept: Kept,
    draft: Draft,
    /// Whom to ask about mail domains.
    dns: DnsSettings,
    /// Most systems of a contract, usually.
    systems: u32,
    /// Whether contracts may offer a relay.
    has_relay: bool,
    /// Whether something was written already.
    written: bool,
}

impl Site<'_> {
    /// With the answers of a file.
    fn without_asking(mut self, file: &Path, dry_run: bool) -> anyhow::Result<ExitCode> {
        let answers: Answers = config_file::load(file)?;
        let starts = answers.start_service == Some(true);
        let may_install = answers.install_service == Some(true);
        let customer = self.new_customer()?;
        let taken = answers.into_draft(&mut self.draft, customer);
        taken.map_err(|why| Usage(format!("{}: {why}", file.display())))?;
        let password = |name: &str| env(name).map(Secret::new);
        if self.draft.mailbox.reading == Reading::Password {
            self.draft.mailbox.account.password = password("MAILBEAT_SETUP_PASSWORD");
        }
        if self.draft.outgoing.sending == Sending::Password {
            self.draft.outgoing.account.password = password("MAILBEAT_SETUP_OUTGOING_PASSWORD");
        }
        let new = configured(&self.text, &self.draft, &self.files)?;
        print(&edit::changes(&self.text, &new));
        Config::of(self.config_path, &new)?;
        let nobody = || Usage("somebody must be told: people = [{ contact = \"Name <address>\" }]".into());
        ensure!(!self.draft.people.is_empty(), nobody());
        if dry_run {
            if may_install {
                print(&self.hosted().shown()?);
            }
            return Ok(ExitCode::SUCCESS);
        }
        self.write(&new)?;
        let ready = self.init()?;
        print(&format!("{ready}\n\n"));
        let well = self.stage.run(&["test"])?;
        if let Some(customer) = self.draft.customer.clone() {
            for line in self.issue_once(&customer)? {
                print(&format!("{line}\n"));
            }
        }
        let started = self.hosted().without_asking(may_install, starts);
        started.map_err(|why| anyhow::anyhow!("the service was not started: {why}"))?;
        Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// With a person.
    fn asking(mut self, lang: Option<Locale>) -> anyhow::Result<ExitCode> {
        let system = env("LANG").filter(|lang| lang.starts_with("de")).map(|_| Locale::De);
        let guess = lang.or(system).unwrap_or(self.draft.locale);
        let mut terminal = Terminal::open(guess, PHRASES, &self.dns)
            .ok_or_else(|| Usage("there is no terminal to ask in; give --answers FILE".into()))?;
        let Some(locale) = terminal.ask_language() else { return Ok(ExitCode::FAILURE) };
        let shown = self.config_path.display();
        terminal.say(&format!(
            "This sets up the Mailbeat receiver in {shown}. Nothing is written before you confirm it."
        ));
        if self.draft.vendor.is_empty() {
            self.draft.locale = locale;
        }
        self.resume(&mut terminal)?;
        let went_on = walk(&mut self.draft, &mut terminal, &ask::questions());
        if !went_on || !self.write_and_test(&mut terminal, locale)? {
            if !went_on {
                self.stop(&mut terminal)?;
            }
            return Ok(ExitCode::FAILURE);
        }
        terminal.say("\n6. Start");
        self.hosted().offer(&mut terminal)?;
        // Whose the state is may have changed: what follows is done as that user.
        self.stage = Stage::new(SERVICE.name, self.config_path, &self.draft.state_dir)?;
        let Some(issued) = self.customer(&mut terminal)? else { return Ok(ExitCode::FAILURE) };
        self.wait(&mut terminal, issued.as_deref())?;
        Ok(ExitCode::SUCCESS)
    }

    /// Shows what will change, writes, and tests until all is well or the person goes on; `false`: stopped.
    fn write_and_test(&mut self, terminal: &mut Terminal, locale: Locale) -> anyhow::Result<bool> {
        let mut mail_to = None;
        loop {
            let new = configured(&self.text, &self.draft, &self.files)?;
            self.show(terminal, &new);
            let fits = Config::of(self.config_path, &new).map_err(|error| terminal.say(&error.to_string()));
            let write = match fits {
                Ok(_) => terminal.confirm("Write this?", "", true),
                Err(()) => Reply::Back,
            };
            match write {
                Reply::Given(true) => self.write(&new)?,
                Reply::Back if walk_back(&mut self.draft, terminal, &ask::questions()) => continue,
                _ => return self.stop(terminal),
            }
            let made = match self.init() {
                Ok(ready) => {
                    terminal.say(&ready);
                    self.sign_in()?;
                    self.test(terminal, locale, &mut mail_to)?
                }
                Err(error) => {
                    terminal.say(&format!("{error:#}"));
                    let made = following::go_on(&mut self.draft, terminal, At::Vendor);
                    made.unwrap_or(following::GoOn::Again)
                }
            };
            match made {
                following::GoOn::On => return Ok(true),
                following::GoOn::Again => {}
                following::GoOn::Stop => return self.stop(terminal),
            }
        }
    }

    /// Lets the person sign in to every account that wants it; the test says where that did not succeed.
    fn sign_in(&self) -> anyhow::Result<()> {
        for account in self.draft.to_sign_in() {
            self.stage.run(&["oauth", "login", &account])?;
        }
        Ok(())
    }

    /// The service, with what was set up for it.
    fn hosted(&self) -> Hosted<'_> {
        let (mailbox, outgoing) = (&self.draft.mailbox.account, &self.draft.outgoing.account);
        let ours = [(mailbox, &self.files.mailbox), (outgoing, &self.files.outgoing)].into_iter();
        let ours = ours.filter(|(account, file)| {
            account.password.is_some() || account.password_file.as_ref() == Some(file)
        });
        let places = Places {
            config: self.config_path,
            state_dir: &self.draft.state_dir,
            state_is_given: self.draft.state_dir_is_given,
            secrets: ours.map(|(_, file)| file.clone()).collect(),
        };
        Hosted { service: &SERVICE, places }
    }

    /// A customer nobody decided anything of.
    fn new_customer(&self) -> anyhow::Result<Customer> {
        let here = std::env::current_dir().context("the current directory")?;
        Ok(Customer::new(self.systems, self.draft.locale, self.has_relay, here))
    }

    /// Offers to go on where a set-up was stopped.
    fn resume(&mut self, terminal: &mut Terminal) -> anyhow::Result<()> {
        let Some(answers) = self.kept.load::<Answers>() else { return Ok(()) };
        if terminal.confirm("Go on where you stopped?", "", true) == Reply::Given(true) {
            let customer = self.new_customer()?;
            // What does not fit any more is asked anew.
            let _ = answers.into_draft(&mut self.draft, customer);
        }
        Ok(())
    }

    fn stop(&self, terminal: &mut Terminal) -> anyhow::Result<bool> {
        self.kept.keep_for(&Answers::of(&self.draft), self.written, terminal)?;
        Ok(false)
    }
}
