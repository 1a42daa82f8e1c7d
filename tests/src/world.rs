//! A vendor and its customers, as configuration files and programs in one temporary directory.
//!
//! How mail travels between them is the caller's: a Maildir for demo and crash stories, real servers for flow stories.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use crate::lab::refusing_dns;
use crate::programs::{Build, Installed, PATIENCE, Program, Running, wait_for};

/// The vendor's report address in every story.
pub const REPORTS: &str = "reports@example.test";
/// The vendor's person on duty in every story.
pub const OPERATOR: &str = "operator@example.test";

/// The vendor: a receiver with its state.
#[derive(Debug)]
pub struct Vendor {
    /// Its directory.
    pub dir: PathBuf,
    /// The program.
    pub receiver: Installed,
}

impl Vendor {
    /// Writes the configuration and initialises the receiver. `transport` holds the `[[mailbox]]` and `[outgoing]` tables.
    ///
    /// # Errors
    /// `init` failed.
    pub fn new(dir: &Path, transport: &str, rules: &str) -> anyhow::Result<Self> {
        Self::with_build(dir, transport, rules, Build::Ordinary)
    }

    /// The same with a certain build of the program.
    ///
    /// # Errors
    /// `init` failed.
    pub fn with_build(dir: &Path, transport: &str, rules: &str, build: Build) -> anyhow::Result<Self> {
        fs::create_dir_all(dir)?;
        let config = configure(dir, transport)?;
        fs::write(dir.join("rules.toml"), rules)?;
        let receiver = Installed::new(Program::Receiver, build, &config)?;
        receiver.run(&["init", "--contact", &format!("Olivia Operator <{OPERATOR}>")])?;
        Ok(Self { dir: dir.to_owned(), receiver })
    }

    /// Writes the configuration anew, with other `[[mailbox]]` and `[outgoing]` tables.
    ///
    /// # Errors
    /// What the file system said.
    pub fn reconfigure(&self, transport: &str) -> anyhow::Result<()> {
        configure(&self.dir, transport).map(drop)
    }

    /// Writes the rules anew; a running receiver takes them up.
    ///
    /// # Errors
    /// What the file system said.
    pub fn rule(&self, rules: &str) -> anyhow::Result<()> {
        Ok(fs::write(self.dir.join("rules.toml"), rules)?)
    }

    /// Issues a contract for a customer with short intervals and gives its file.
    ///
    /// # Errors
    /// `contracts issue` failed.
    pub fn issue(&self, customer: &str, heartbeat_s: u32, system_s: u32) -> anyhow::Result<PathBuf> {
        let out = self.dir.join(format!("{}.contract", customer.replace(' ', "-")));
        let (heartbeat, system) = (format!("{heartbeat_s}:1:86400"), format!("{system_s}:1:604800"));
        let args = ["contracts", "issue", "--customer", customer, "--heartbeat-interval", &heartbeat];
        let file = out.to_str().context("a path in UTF-8")?;
        self.receiver.run(&[&args[..], &["--system-interval", &system, "--out", file]].concat())?;
        Ok(out)
    }

    /// The fingerprint of the vendor's key, as an administrator is told it.
    ///
    /// # Errors
    /// `contracts show-key` failed.
    pub fn key_file(&self) -> PathBuf {
        self.dir.join("state/vendor.pub")
    }

    /// Starts `run`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(&self) -> anyhow::Result<Running> {
        self.receiver.start(&["run"], &self.dir.join("receiver.log"))
    }

    /// All tickets, resolved ones too.
    ///
    /// # Errors
    /// `tickets list` failed.
    pub fn tickets(&self) -> anyhow::Result<Vec<Value>> {
        list(self.receiver.json(&["tickets", "list", "--all"])?)
    }

    /// Waits for a ticket of this rule about this host in this state.
    ///
    /// # Errors
    /// There was none in time: with the tickets there are.
    pub fn await_ticket(&self, rule: &str, host: &str, state: &str) -> anyhow::Result<Value> {
        let wanted =
            |ticket: &Value| ticket["rule"] == rule && ticket["host"] == host && ticket["state"] == state;
        let what = format!("a ticket of {rule} about {host} that is {state}");
        let found = wait_for(&what, PATIENCE, || Ok(self.tickets()?.into_iter().find(wanted)));
        found.with_context(|| format!("tickets are {:#?}", self.tickets()))
    }

    /// Waits until a system of this host name has this liveness.
    ///
    /// # Errors
    /// It did not in time: with the systems there are.
    pub fn await_system(&self, host: &str, liveness: &str) -> anyhow::Result<Value> {
        let wanted = |system: &Value| system["host"] == host && system["liveness"] == liveness;
        let what = format!("{host} to be {liveness}");
        let found = wait_for(&what, PATIENCE, || Ok(self.systems()?.into_iter().find(wanted)));
        found.with_context(|| format!("systems are {:#?}", self.systems()))
    }

    /// All systems.
    ///
    /// # Errors
    /// `systems list` failed.
    pub fn systems(&self) -> anyhow::Result<Vec<Value>> {
        list(self.receiver.json(&["systems", "list"])?)
    }
}

/// Writes `receiver.toml` and gives its path.
fn configure(dir: &Path, transport: &str) -> anyhow::Result<PathBuf> {
    let (state, rules, config) = (dir.join("state"), dir.join("rules.toml"), dir.join("receiver.toml"));
    let dns = refusing_dns()?;
    let head = format!(
        "state_dir = {state:?}\nrules = {rules:?}\n\n[contracts]\nvendor = \"Example GmbH\"\nreport_addresses = [\"{REPORTS}\"]\n\n[dns]\nservers = [\"{dns}\"]\n\n"
    );
    fs::write(&config, head + transport)?;
    Ok(config)
}

fn list(value: Value) -> anyhow::Result<Vec<Value>> {
    match value {
        Value::Array(items) => Ok(items),
        other => anyhow::bail!("not a list: {other}"),
    }
}

/// A customer's host: an agent with its state and one watched directory.
#[derive(Debug)]
pub struct Host {
    /// Its directory.
    pub dir: PathBuf,
    /// The directory whose `*.conf` files are watched.
    pub etc: PathBuf,
    /// The program.
    pub agent: Installed,
}

impl Host {
    /// Writes the configuration. `routes` holds the `[[route]]` tables.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn new(dir: &Path, name: &str, routes: &str) -> anyhow::Result<Self> {
        Self::with_build(dir, name, routes, Build::Ordinary)
    }

    /// The same with a certain build of the program.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub fn with_build(dir: &Path, name: &str, routes: &str, build: Build) -> anyhow::Result<Self> {
        let etc = dir.join("etc");
        fs::create_dir_all(&etc)?;
        let config = dir.join("agent.toml");
        let dns = refusing_dns()?;
        // Asking apt takes a second for each system report, and these hosts send many.
        let head = format!(
            "host_name = \"{name}\"\nstate_dir = {:?}\ncollect.updates = false\ndns.servers = [\"{dns}\"]\n\n[watch]\ninclude = [{:?}]\n\n",
            dir.join("state"),
            etc.join("*.conf")
        );
        fs::write(&config, head + routes)?;
        Ok(Self { dir: dir.to_owned(), etc, agent: Installed::new(Program::Agent, build, &config)? })
    }

    /// Puts the vendor's key in place and activates with the contract.
    ///
    /// # Errors
    /// `activate` failed.
    pub fn activate(&self, vendor: &Vendor, contract: &Path) -> anyhow::Result<()> {
        fs::copy(vendor.key_file(), self.dir.join("vendor.pub"))?;
        self.agent.run(&["activate", contract.to_str().context("a path in UTF-8")?, "--accept"])?;
        Ok(())
    }

    /// Starts `run`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(&self) -> anyhow::Result<Running> {
        self.agent.start(&["run"], &self.dir.join("agent.log"))
    }

    /// Writes a watched file.
    ///
    /// # Errors
    /// What the file system said.
    pub fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        Ok(fs::write(self.etc.join(name), text)?)
    }
}
