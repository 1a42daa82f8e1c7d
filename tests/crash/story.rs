//! One story over Maildirs: a host is enrolled, a file changes, a threshold is crossed and cleared, the host falls silent and comes back.
//!
//! Each chapter may be told with a program that dies at a given point and is started again without it; work waits for it, so that
//! it dies in the middle of that work.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::ExitStatus;

use anyhow::{Context as _, ensure};
use mailbeat_tests::books::Books;
use mailbeat_tests::maildirs;
use mailbeat_tests::programs::{Build, Installed, PATIENCE, Running, wait_for};
use mailbeat_tests::world::{Host, Vendor};
use tempfile::TempDir;

use crate::ends::names;

/// Whom a point belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Agent,
    Receiver,
}

/// A part of the story in which a program can be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chapter {
    Activate,
    Enroll,
    Change,
    Cross,
    Acknowledge,
    Clear,
    Silence,
    Return,
}

/// Where to die.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crash<'a> {
    pub(crate) who: Who,
    pub(crate) point: &'a str,
    pub(crate) during: &'a [Chapter],
}

/// Everything of one story, in one temporary directory.
pub(crate) struct Story {
    dir: TempDir,
    pub(crate) vendor: Vendor,
    pub(crate) host: Host,
    pub(crate) books: Books,
    agent: Option<Running>,
    receiver: Option<Running>,
}

/// How late a heartbeat may be while nobody is to be missed, however busy the machine is.
const PATIENT: &str = "1h";
/// And while somebody is.
const IMPATIENT: &str = "6s";

fn rules(grace: &str) -> String {
    format!(
        "[liveness]\ngrace = \"{grace}\"\nmisses = 2\n\n[[threshold]]\nid = \"many-files\"\nmetric = \"mailbeat.watch.files\"\n\
         above = {{ medium = 2 }}\ntitle = \"{{value}} configuration files are watched\"\n"
    )
}

/// Ten hosts of unoptimised programs read their package database each second otherwise, and fall silent over it on a busy machine.
fn leave_out_the_inventory(host: &Host) -> anyhow::Result<()> {
    let path = host.dir.join("agent.toml");
    let (key, more) =
        ("collect.updates = false\n", "collect.packages = false\ncollect.virtualization = false\n");
    let config = fs::read_to_string(&path)?;
    ensure!(config.contains(key), "{} says nothing of the inventory", path.display());
    Ok(fs::write(&path, config.replace(key, &format!("{key}{more}")))?)
}

impl Story {
    /// Everything set up, the agent not yet activated, and a vendor who misses nobody for an hour.
    pub(crate) fn new(build: Build) -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new().prefix("mailbeat-crash-").tempdir()?;
        let (place, transport) = (dir.path().join("vendor"), maildirs::transport(dir.path()));
        let vendor = Vendor::with_build(&place, &transport, &rules(PATIENT), build)?;
        let host =
            Host::with_build(&dir.path().join("scada-01"), "scada-01", &maildirs::route(dir.path()), build)?;
        host.write("app.conf", "workers = 4\n")?;
        leave_out_the_inventory(&host)?;
        let books = Books::open(&vendor.dir)?;
        Ok(Self { dir, vendor, host, books, agent: None, receiver: None })
    }

    /// The whole story, with these deaths.
    pub(crate) fn tell(&mut self, crash: Option<Crash<'_>>) -> anyhow::Result<()> {
        let strikes = |chapter| crash.filter(|crash| crash.during.contains(&chapter));
        self.activate(strikes(Chapter::Activate))?;
        self.start_both()?;

        self.strike(strikes(Chapter::Enroll))?;
        self.until_number("a baseline and a heartbeat", "SELECT count(DISTINCT kind) = 3 FROM reports")?;

        self.host.write("app.conf", "workers = 8\n")?;
        self.strike(strikes(Chapter::Change))?;
        self.until("the change", |story| {
            let changes = story.vendor.receiver.run(&["systems", "changes", "scada-01"])?;
            Ok(changes.contains("+workers = 8"))
        })?;

        self.add_files()?;
        self.strike(strikes(Chapter::Cross))?;
        self.until_ticket("many-files", "open")?;
        self.until_files(3)?;
        self.acknowledge(strikes(Chapter::Acknowledge))?;

        self.remove_files()?;
        self.strike(strikes(Chapter::Clear))?;
        self.until_ticket("many-files", "resolved")?;
        self.until_files(1)?;

        self.vendor.rule(&rules(IMPATIENT))?;
        self.stop(Who::Agent);
        self.strike(strikes(Chapter::Silence))?;
        self.until_ticket("heartbeat-missing", "open")?;
        self.start(Who::Agent, None)?;
        self.strike(strikes(Chapter::Return))?;
        self.until_ticket("heartbeat-missing", "resolved")?;
        self.vendor.rule(&rules(PATIENT))?;
        self.settle()
    }

    fn activate(&self, crash: Option<Crash<'_>>) -> anyhow::Result<()> {
        let contract = self.vendor.issue("ACME", 1, 1)?;
        fs::copy(self.vendor.key_file(), self.host.dir.join("vendor.pub"))?;
        let args = ["activate", contract.to_str().context("a path in UTF-8")?, "--accept"];
        if let Some(crash) = crash {
            let died = crashing(&self.host.agent, crash.point).output(&args)?;
            is_killed(died.status)?;
        }
        if self.host.agent.json(&["status"])?["activated"] != true {
            self.host.agent.run(&args)?;
        }
        Ok(())
    }

    /// An operator takes the ticket, by a command that dies and is given again.
    fn acknowledge(&self, crash: Option<Crash<'_>>) -> anyhow::Result<()> {
        let args = ["tickets", "ack", "MB-1001"];
        if let Some(crash) = crash {
            is_killed(crashing(&self.vendor.receiver, crash.point).output(&args)?.status)?;
        }
        let again = self.vendor.receiver.output(&args)?;
        let already = String::from_utf8_lossy(&again.stderr).contains("MB-1001 is acknowledged already");
        ensure!(again.status.success() || (crash.is_some() && already), "{again:?}");
        Ok(())
    }

    /// Ends a program, starts it so that it dies at the point, and then as it should be.
    fn strike(&mut self, crash: Option<Crash<'_>>) -> anyhow::Result<()> {
        let Some(Crash { who, point, .. }) = crash else { return Ok(()) };
        if who == Who::Receiver {
            // What it died over in an earlier chapter is read by now: it would be poison if it died over that twice.
            self.until_number(
                "every mail that was begun to be read",
                "SELECT count(*) = 0 FROM fetch_windows",
            )?;
        }
        self.die(who, point)?;
        self.start(who, None)
    }

    /// Starts a program that dies at the point.
    pub(crate) fn die(&mut self, who: Who, point: &str) -> anyhow::Result<()> {
        self.start(who, Some(point))?;
        let doomed = self.slot(who).as_mut().context("it was just started")?;
        let ended = wait_for(&format!("death at {point}"), PATIENCE, || Ok(doomed.ended()));
        is_killed(ended.with_context(|| doomed.log())?)
    }

    fn slot(&mut self, who: Who) -> &mut Option<Running> {
        match who {
            Who::Agent => &mut self.agent,
            Who::Receiver => &mut self.receiver,
        }
    }

    pub(crate) fn start_both(&mut self) -> anyhow::Result<()> {
        self.start(Who::Receiver, None)?;
        self.start(Who::Agent, None)
    }

    /// Kills a program, as the random kills do.
    pub(crate) fn kill(&mut self, who: Who) {
        if let Some(running) = self.slot(who).take() {
            running.kill();
        }
    }

    /// Starts a program, stopping it first where it runs.
    pub(crate) fn start(&mut self, who: Who, crash_at: Option<&str>) -> anyhow::Result<()> {
        self.stop(who);
        let (installed, log) = match who {
            Who::Agent => (&self.host.agent, self.host.dir.join("agent.log")),
            Who::Receiver => (&self.vendor.receiver, self.vendor.dir.join("receiver.log")),
        };
        let installed = crash_at.map_or_else(|| installed.clone(), |point| crashing(installed, point));
        *self.slot(who) = Some(installed.start(&["run"], &log)?);
        Ok(())
    }

    /// Stops a program: the agent as a power cut does, the receiver as an init system does.
    pub(crate) fn stop(&mut self, who: Who) {
        if let Some(running) = self.slot(who).take() {
            match who {
                Who::Agent => running.kill(),
                // A second death over the mail it is just reading would be one too many: that mail is poison then.
                Who::Receiver => drop(running.terminate()),
            }
        }
    }

    /// Adds watched files until the threshold is crossed.
    pub(crate) fn add_files(&self) -> anyhow::Result<()> {
        ["two.conf", "three.conf"].iter().try_for_each(|name| self.host.write(name, "added = true\n"))
    }

    /// Removes them again; done already is fine.
    pub(crate) fn remove_files(&self) -> anyhow::Result<()> {
        for name in ["two.conf", "three.conf"] {
            match fs::remove_file(self.host.etc.join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Waits for the ticket, and for everybody to be told of all there is to tell.
    pub(crate) fn until_ticket(&self, rule: &str, state: &str) -> anyhow::Result<()> {
        let ticket = format!("SELECT count(*) FROM tickets WHERE rule = '{rule}' AND state = '{state}'");
        self.until_number(&format!("the ticket of {rule} to be {state}"), &ticket)?;
        self.until_number(
            "people to be told",
            "SELECT count(*) = 0 FROM notifications WHERE state = 'waiting'",
        )
    }

    /// Waits until the receiver knows of so many watched files.
    fn until_files(&self, count: usize) -> anyhow::Result<()> {
        self.until_number(
            &format!("{count} watched files"),
            &format!("SELECT count(*) = {count} FROM snapshot_files"),
        )
    }

    /// Waits until a number in the books is not 0.
    pub(crate) fn until_number(&self, what: &str, sql: &str) -> anyhow::Result<()> {
        self.until(what, |story| Ok(story.books.number(sql)? != 0))
    }

    fn until(&self, what: &str, mut is_so: impl FnMut(&Self) -> anyhow::Result<bool>) -> anyhow::Result<()> {
        let waited = wait_for(what, PATIENCE, || Ok(is_so(self)?.then_some(())));
        waited.with_context(|| {
            let log = |log: PathBuf| fs::read_to_string(log).unwrap_or_default();
            let logs = [self.vendor.dir.join("receiver.log"), self.host.dir.join("agent.log")].map(log);
            format!("receiver:\n{}\nagent:\n{}", logs[0], logs[1])
        })
    }

    /// Ends the agent when its queue is empty, and the receiver when it has read, filed and told everything.
    pub(crate) fn settle(&mut self) -> anyhow::Result<()> {
        let agent = self.agent.take().context("the agent runs")?;
        self.until("the agent's queue to be empty", |story| {
            Ok(names(&story.host.dir.join("state/queue"))?.is_empty())
        })?;
        // What it composes while ending is sent at the next start; that is what the last start is for.
        is_ended(agent.terminate()?)?;
        while !names(&self.host.dir.join("state/queue"))?.is_empty() {
            self.start(Who::Agent, None)?;
            self.until("the agent's queue to be empty", |story| {
                Ok(names(&story.host.dir.join("state/queue"))?.is_empty())
            })?;
            is_ended(self.agent.take().context("it was just started")?.terminate()?)?;
        }
        self.until_quiet()?;
        self.until_number(
            "people to be told",
            "SELECT count(*) = 0 FROM notifications WHERE state = 'waiting'",
        )?;
        let receiver = self.receiver.take().context("the receiver runs")?;
        is_ended(receiver.terminate()?)
    }

    /// Waits until the receiver has read and filed everything.
    pub(crate) fn until_quiet(&self) -> anyhow::Result<()> {
        self.until("the INBOX to be empty", |story| Ok(story.inbox()?.is_empty()))?;
        self.until_number("everything to be filed", "SELECT count(*) = 0 FROM filings WHERE done_at IS NULL")
    }

    /// Mails nobody has filed.
    pub(crate) fn inbox(&self) -> anyhow::Result<Vec<String>> {
        Ok([self.files("reports/new")?, self.files("reports/cur")?].concat())
    }

    /// The number of its contract.
    pub(crate) fn contract(&self) -> anyhow::Result<String> {
        let contracts = self.vendor.receiver.json(&["contracts", "list"])?;
        Ok(contracts[0]["number"].as_str().context("a number")?.to_owned())
    }

    /// Files in a directory of the story.
    pub(crate) fn files(&self, below: &str) -> anyhow::Result<Vec<String>> {
        names(&self.dir.path().join(below))
    }

    /// A directory of the story.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }
}

pub(crate) fn crashing(installed: &Installed, point: &str) -> Installed {
    installed.with_env("MAILBEAT_CRASH_AT", point)
}

pub(crate) fn is_killed(status: ExitStatus) -> anyhow::Result<()> {
    let signal = rustix::process::Signal::KILL.as_raw();
    ensure!(status.signal() == Some(signal), "it was to be killed, and ended with {status}");
    Ok(())
}

/// Cleanly, or by a SIGTERM that came before the program could listen to it.
fn is_ended(status: ExitStatus) -> anyhow::Result<()> {
    let early = status.signal() == Some(rustix::process::Signal::TERM.as_raw());
    ensure!(status.success() || early, "it did not end cleanly: {status}");
    Ok(())
}
