//! What each command does. A command reads the configuration, does one thing through the store's named transactions, and prints it.

mod contracts;
mod documents;
mod history;
mod import;
mod init;
mod oauth;
mod people;
mod quarantine;
mod rules;
mod run;
mod setup;
mod systems;
mod test;
mod tickets;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use jiff::Timestamp;
use mailbeat_shared::clock::Clock;
use mailbeat_shared::{crash, owner};
use serde::Serialize;

use crate::cli::{Cli, Command};
use crate::config::{BadConfig, Config};
use crate::render;
use crate::store::{Reader, Store, StoreError, Tx};

/// Wrong usage: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// Runs the program: 0 fine, 1 failed, 2 usage or configuration.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(&cli) {
        Ok(code) => code,
        Err(error) => {
            // Nothing can be done where even stderr is gone.
            let _ = writeln!(std::io::stderr(), "mailbeat-receiver: {error:#}");
            let is_configuration = error.is::<Usage>()
                || error.downcast_ref::<BadConfig>().is_some()
                || error.downcast_ref::<mailbeat_shared::config_file::ConfigError>().is_some();
            ExitCode::from(if is_configuration { 2 } else { 1 })
        }
    }
}

fn dispatch(cli: &Cli) -> anyhow::Result<ExitCode> {
    match &cli.command {
        Command::Completions { shell } => {
            return documents::completions(*shell).map(|()| ExitCode::SUCCESS);
        }
        Command::Man { dir } => return documents::man(dir.as_deref()).map(|()| ExitCode::SUCCESS),
        // It makes the configuration that everything else needs.
        Command::Setup(asked) => return setup::run(&cli.config, asked),
        _ => {}
    }
    let config = Config::load(&cli.config)?;
    if !names_files_of_the_caller(&cli.command) {
        let state = &config.state_dir;
        owner::become_owner_of(state)
            .with_context(|| format!("going on as the user of {}", state.display()))?;
    }
    let desk = Desk { config, json: cli.json, now: Clock::system().now() };
    match &cli.command {
        Command::Init(init) => self::init::run(&desk, init),
        Command::Contracts(command) => contracts::run(&desk, command),
        Command::Customers(command) => people::customers(&desk, command),
        Command::Contacts(command) => people::contacts(&desk, command),
        Command::Systems(command) => return systems::run(&desk, command),
        Command::Tickets(command) => tickets::run(&desk, command),
        Command::Quarantine(command) => return quarantine::run(&desk, command),
        Command::Rules(command) => rules::run(&desk, command),
        Command::Oauth(command) => oauth::run(&desk, command),
        Command::Import { path } => import::run(&desk, path),
        Command::Run { observe } => self::run::run(desk, *observe),
        Command::Test(asked) => return test::run(&desk, asked),
        Command::Setup(_) | Command::Completions { .. } | Command::Man { .. } => Ok(()), // done above
    }
    .map(|()| ExitCode::SUCCESS)
}

/// Whether the command reads or writes files that only its caller may: contracts, mails, rules, lists of people. It goes on as who called
/// it; what SQLite makes beside its database belongs to the database's owner all the same.
fn names_files_of_the_caller(command: &Command) -> bool {
    matches!(
        command,
        Command::Contracts(_) | Command::Contacts(_) | Command::Rules(_) | Command::Import { .. }
    )
}

/// What every command works with.
struct Desk {
    config: Config,
    json: bool,
    now: Timestamp,
}

impl Desk {
    /// The database, to write to.
    fn store(&self) -> anyhow::Result<Store> {
        self.must_be_there()?;
        Ok(Store::open(&self.config.database(), self.now)?)
    }

    /// One transaction of a command.
    fn write<T, E: From<StoreError> + Into<anyhow::Error>>(
        &self,
        work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> anyhow::Result<T> {
        commit(&mut self.store()?, work)
    }

    /// The database, to read from.
    fn reader(&self) -> anyhow::Result<Reader> {
        self.must_be_there()?;
        Ok(Store::open_read_only(&self.config.database())?)
    }

    fn must_be_there(&self) -> anyhow::Result<()> {
        let path = self.config.database();
        anyhow::ensure!(
            path.is_file(),
            "{} is not there; run `mailbeat-receiver init` first",
            path.display()
        );
        Ok(())
    }

    /// Prints a list: JSON, or a table made of `row`.
    fn list<T: Serialize>(
        &self,
        items: &[T],
        headers: &[&str],
        row: impl Fn(&T) -> Vec<String>,
    ) -> anyhow::Result<()> {
        if self.json {
            return self.say(&render::json(&items));
        }
        if items.is_empty() {
            return self.say("none");
        }
        let rows: Vec<Vec<String>> = items.iter().map(row).collect();
        self.say(render::table(headers, &rows).trim_end())
    }

    /// Prints one thing: JSON, or `text`.
    fn show<T: Serialize>(&self, item: &T, text: &str) -> anyhow::Result<()> {
        if self.json { self.say(&render::json(item)) } else { self.say(text.trim_end()) }
    }

    fn say(&self, text: &str) -> anyhow::Result<()> {
        documents::put(format!("{}\n", text.trim_end()).as_bytes())
    }
}

/// Commits what a command does (R6): all of it or nothing.
fn commit<T, E: From<StoreError> + Into<anyhow::Error>>(
    store: &mut Store,
    work: impl FnOnce(&Tx<'_>) -> Result<T, E>,
) -> anyhow::Result<T> {
    let done = store.write(|tx| {
        let done = work(tx)?;
        crash::point("R6.before");
        Ok(done)
    });
    crash::point("R6.after");
    done.map_err(E::into)
}

/// A reader that went away (`| head`) is no failure.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Fresh random bytes from the operating system.
fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::getrandom(&mut bytes)
        .map_err(|error| anyhow::anyhow!("the system gives no random bytes: {error}"))?;
    Ok(bytes)
}
