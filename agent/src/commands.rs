//! The commands: each reads, decides through the rooms, and says what happened. Exit codes: 0 fine, 1 failed, 2 usage or
//! configuration.

mod activate;
mod ask;
mod config;
mod consent;
mod disclose;
mod documents;
mod identity;
mod maintenance;
mod oauth;
mod preview;
mod redact;
mod run;
mod setup;
mod status;
mod test;
mod trail;
mod words;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;

use anyhow::Context as _;
use clap::Parser as _;
use jiff::Timestamp;
use mailbeat_shared::clock::Clock;
use mailbeat_shared::config_file::ConfigError;
use mailbeat_shared::{owner, text};
use tracing_subscriber::filter::LevelFilter;

use crate::activation;
use crate::cli::{self, Cli, Command};
use crate::config::{Config, DEFAULT_PATH, Locale, LogLevel};
use crate::home::{Home, HomeError, Lock};
use crate::identity::system_entropy;
use crate::route::MailServers;
use crate::run::{Agent, Parts};
use crate::sense::ThisHost;
use crate::state::State;
use crate::state::pace::Pace;

/// Columns of what is printed for people.
const WIDTH: usize = 80;

/// What every command works with.
struct Setup {
    config_path: PathBuf,
    config: Config,
    home: Home,
    clock: Clock,
    /// Who sits at the keyboard, as far as the operating system knows.
    person: String,
}

/// Something the person asked for that cannot be: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match perform(cli) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("mailbeat-agent: {error:#}");
            let usage = error.is::<ConfigError>() || error.is::<Usage>();
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}

fn perform(cli: Cli) -> anyhow::Result<ExitCode> {
    match &cli.command {
        Command::Completions { shell } => {
            return documents::completions(*shell).map(|()| ExitCode::SUCCESS);
        }
        Command::Man { dir } => return documents::man(dir.as_deref()).map(|()| ExitCode::SUCCESS),
        _ => {}
    }
    let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let config_path = cli
        .config
        .or_else(|| env("MAILBEAT_CONFIG").map(PathBuf::from))
        .unwrap_or_else(|| DEFAULT_PATH.into());
    if let Command::Setup(asked) = &cli.command {
        return setup::setup(&config_path, asked, env);
    }
    let config = Config::load(&config_path, env)?;
    let runs = matches!(cli.command, Command::Run);
    log_to_stderr(if runs { config.log } else { LogLevel::Error });
    let home = Home::new(&config.state_dir);
    let setup = Setup { home, config_path, config, clock: Clock::system(), person: person() };
    if !names_files_of_the_caller(&cli.command) {
        setup.go_on_as_the_service()?;
    }
    match cli.command {
        Command::Activate(asked) => activate::activate(&setup, &asked),
        Command::Deactivate { reason } => ask::deactivate(&setup, reason),
        Command::Run => run::run(&setup),
        Command::Send { kind } => ask::send(&setup, kind),
        Command::Test(asked) => test::test(&setup, &asked),
        Command::Preview { kind, json, mail } => preview::preview(&setup, kind, json, mail),
        Command::Status(json) => status::status(&setup, json.json),
        Command::Disclose(asked) => disclose::disclose(&setup, &asked),
        Command::Maintenance(asked) => maintenance::maintenance(&setup, &asked),
        Command::Redact { file } => redact::redact(&setup, &file),
        Command::Oauth(asked) => oauth::oauth(&setup, &asked),
        Command::Trail(asked) => trail::trail(&setup, &asked),
        Command::Identity(asked) => identity::identity(&setup, &asked),
        Command::Config(asked) => config::config(&setup, &asked),
        Command::Completions { .. } | Command::Man { .. } | Command::Setup(_) => Ok(ExitCode::SUCCESS), // done above
    }
}

/// Whether the command reads or writes what only its caller may: a contract file, which is read before it goes on as the service; a
/// file to redact; a place to export to.
fn names_files_of_the_caller(command: &Command) -> bool {
    matches!(
        command,
        Command::Activate(_) | Command::Redact { .. } | Command::Trail(cli::Trail::Export { .. })
    )
}

fn log_to_stderr(level: LogLevel) {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .init();
}

impl Setup {
    /// What root asks for is done as the user whom the state belongs to.
    fn go_on_as_the_service(&self) -> anyhow::Result<()> {
        let dir = self.home.dir();
        owner::become_owner_of(dir)
            .map(drop)
            .with_context(|| format!("going on as the user of {}", dir.display()))
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn parts(&self, servers: MailServers) -> Parts {
        Parts {
            home: self.home.clone(),
            config: self.config.clone(),
            senses: Box::new(ThisHost::new(&self.config)),
            post: Box::new(servers),
            entropy: system_entropy(),
        }
    }

    /// The language of what people read: the administrator's choice, else the contract's.
    fn locale(&self) -> Locale {
        let in_force = activation::contract_in_force(&self.home).ok().flatten();
        in_force.map_or_else(
            || self.config.locale.unwrap_or_default(),
            |(contract, _)| self.config.locale_under(&contract),
        )
    }

    /// Until when the limit of mails an hour holds back what waits, if it does.
    fn held_back_until(&self) -> Option<Timestamp> {
        let (contract, _) = activation::contract_in_force(&self.home).ok()??;
        let pace = Pace::new(self.config.mails_per_hour, self.config.wish().promise(&contract));
        let (used, now) = (State::peek(&self.home).pace, self.now());
        Some(pace.next(used, now)).filter(|next| *next > now)
    }

    /// The lock for a short command; waits a little for another short one.
    fn lock(&self) -> Result<Lock, HomeError> {
        for _ in 0..100 {
            match self.home.lock(false) {
                Err(HomeError::InUse { holder, .. }) if !holder.runs => {
                    std::thread::sleep(std::time::Duration::from_millis(100));
                }
                result => return result,
            }
        }
        self.home.lock(false)
    }

    /// Steps until nothing more can be done now.
    fn work_off(&self, agent: &mut Agent) {
        loop {
            let now = self.now();
            if agent.step(now) > now {
                break;
            }
        }
    }
}

fn runtime() -> anyhow::Result<Rc<tokio::runtime::Runtime>> {
    Ok(Rc::new(tokio::runtime::Builder::new_current_thread().enable_all().build()?))
}

/// Prints; a reader that went away (`| head`) is no failure.
fn print(text: impl AsRef<str>) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_ref().as_bytes()).and_then(|()| out.flush());
}

fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    print(serde_json::to_string_pretty(value)? + "\n");
    Ok(())
}

/// [`print()`] in this language.
fn tell(text: impl AsRef<str>, locale: Locale) {
    print(text::fold(&words::said(text.as_ref(), locale), WIDTH, 2));
}

/// Asks a person; without a terminal nobody can answer.
fn ask_person(question: &str) -> Option<String> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    print(text::fold(question, WIDTH, 2));
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).ok()?;
    Some(line.trim().to_owned())
}

/// Who started this program.
fn person() -> String {
    let named = |name| std::env::var(name).ok().filter(|user: &String| !user.is_empty());
    named("SUDO_USER").unwrap_or_else(crate::os::program_user)
}
