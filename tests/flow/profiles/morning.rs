//! A vendor and a host with one of the shipped profiles, and what a fault on that host must lead to.

use std::fs;

use anyhow::Context as _;
use mailbeat_tests::office::{Office, Way};
use mailbeat_tests::programs::{PATIENCE, Running, wait_for};
use mailbeat_tests::world::Host;
use serde_json::Value;

const PROFILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/profiles");
/// How full and how busy the machine is on which the story is told is not part of it.
const NOT_OURS: &str = "collect.cpu = false\ncollect.memory = false\ncollect.swap = false\ncollect.filesystems = false\n\
                        collect.temperature = false\n";

/// What an action of a story gives: nothing, or whether it could be done.
pub(super) trait Done {
    /// Whether it could be done.
    fn done(self) -> anyhow::Result<()>;
}

impl Done for () {
    fn done(self) -> anyhow::Result<()> {
        Ok(())
    }
}

impl Done for anyhow::Result<()> {
    fn done(self) -> Self {
        self
    }
}

/// A vendor with the shipped rules, those of the profile besides, and a host with the profile.
pub(super) struct Morning {
    office: Office,
    host: Host,
    name: &'static str,
    _receiver: Running,
    _agent: Option<Running>,
}

impl Morning {
    /// `places`: what stands in the profile, and what it is in this story. `off`: checks of what this machine has not.
    pub(super) fn begin(
        profile: &str,
        name: &'static str,
        places: impl FnOnce(&Office) -> anyhow::Result<Vec<(&'static str, String)>>,
        off: &[&str],
    ) -> anyhow::Result<Self> {
        let default = include_str!("../../../packaging/rules.toml");
        let hasty = default.replace("# grace = \"15m\"", "grace = \"2s\"").replace("\"6h\"", "\"1s\"");
        let office = Office::open(&hasty)?;
        let rules = fs::read_to_string(format!("{PROFILES}/rules/{profile}.toml")).unwrap_or_default();
        fs::write(office.dir().join("vendor/profile.toml"), rules)?;
        office.vendor.rule(&format!("include = [\"profile.toml\"]\n{hasty}"))?;
        let contract = office.vendor.issue("ACME Wasserwerke", 1, 86_400)?;
        let receiver = office.vendor.start()?;
        let mut text = fs::read_to_string(format!("{PROFILES}/{profile}.toml"))?;
        for (there, here) in places(&office)? {
            anyhow::ensure!(text.contains(there), "{profile} has no {there}");
            text = text.replace(there, &here);
        }
        let lines = text.lines().filter(|line| !line.starts_with("interval_s"));
        let hasty = |line: &str| {
            let is_type = line.starts_with("type = ");
            format!("{line}\n{}", if is_type { "interval_s = 1\n" } else { "" })
        };
        let text: String = lines.map(hasty).collect();
        let off: String =
            off.iter().map(|name| format!("\n[[check]]\nname = {name:?}\nenabled = false\n")).collect();
        let host = office.host(name, &(office.route("office", Way::Starttls, "agent1") + &off))?;
        fs::create_dir_all(host.dir.join("profiles"))?;
        fs::write(host.dir.join("profiles/profile.toml"), text)?;
        let config = host.dir.join("agent.toml");
        fs::write(
            &config,
            format!("include = [\"profiles/profile.toml\"]\n{NOT_OURS}{}", fs::read_to_string(&config)?),
        )?;
        host.agent.run(&["config", "check"])?;
        host.activate(&office.vendor, &contract)?;
        let agent = host.start()?;
        let morning = Self { office, host, name, _receiver: receiver, _agent: Some(agent) };
        morning.awaits_health()?;
        Ok(morning)
    }

    /// Every check was reported and none is anything but Ok; and there is no ticket.
    fn awaits_health(&self) -> anyhow::Result<()> {
        let configured = self.host.agent.run(&["config", "show"])?.matches("\n[[check]]").count();
        let health = wait_for("every check to be ok", PATIENCE, || {
            let rows = self.office.vendor.receiver.json(&["rules", "show", self.name]).unwrap_or_default();
            let all: Vec<Value> = rows.as_array().cloned().unwrap_or_default();
            let checks: Vec<&Value> = all.iter().filter(|row| row["rule"] == "check").collect();
            Ok((checks.len() > 2 && checks.iter().all(|row| row["seen"] == "ok")).then_some(()))
        });
        health.with_context(|| {
            let shown = self.office.vendor.receiver.run(&["rules", "show", self.name]);
            format!("{configured} checks; {}", shown.unwrap_or_else(|error| error.to_string()))
        })?;
        let open = self.open()?;
        anyhow::ensure!(open.is_empty(), "a healthy morning with {open:#?}");
        Ok(())
    }

    fn open(&self) -> anyhow::Result<Vec<Value>> {
        let tickets = self.office.vendor.tickets()?;
        Ok(tickets.into_iter().filter(|ticket| ticket["state"] == "open").collect())
    }

    /// One fault: its ticket is of this rule, subject and severity and a mail tells it; mended it resolves.
    pub(super) fn fault<A: Done, B: Done>(
        &self,
        (rule, subject, severity): (&str, &str, &str),
        inject: impl FnOnce() -> A,
        mend: impl FnOnce() -> B,
    ) -> anyhow::Result<()> {
        inject().done()?;
        let at = |state: &str| {
            let wanted = |ticket: &Value| {
                ticket["rule"] == rule
                    && ticket["subject"] == subject
                    && ticket["state"] == state
                    && (state != "open" || ticket["severity"] == severity)
            };
            let what = format!("{subject} ({rule}) to be {state} as {severity}");
            let found =
                wait_for(&what, PATIENCE, || Ok(self.office.vendor.tickets()?.into_iter().find(wanted)));
            found.with_context(|| format!("tickets are {:#?}", self.office.vendor.tickets()))
        };
        let ticket = at("open")?;
        let number = ticket["number"].as_str().context("a number")?.to_owned();
        self.office.await_mail("operator", &[&number, self.name])?;
        mend().done()?;
        at("resolved")?;
        self.office.await_mail("operator", &[&format!("{number}] Resolved:")])?;
        Ok(())
    }

    /// Something that is true of one look, as a line that is written once: its ticket opens as this and resolves by itself. It is over
    /// within a second here, before anybody could be told; in an hourly heartbeat it stays for the hour.
    pub(super) fn event<A: Done>(
        &self,
        (subject, severity): (&str, &str),
        inject: impl FnOnce() -> A,
    ) -> anyhow::Result<()> {
        let before = self.openings(subject)?.len();
        inject().done()?;
        let opened = wait_for(&format!("{subject} to have been {severity}"), PATIENCE, || {
            let openings = self.openings(subject)?;
            Ok(openings.get(before..).is_some_and(|new| new.iter().any(|as_| as_ == severity)).then_some(()))
        });
        opened.with_context(|| format!("tickets are {:#?}", self.office.vendor.tickets()))?;
        self.office.vendor.await_ticket("check", self.name, "resolved").map(drop)
    }

    /// As how urgent the ticket about this check was opened, each time.
    fn openings(&self, subject: &str) -> anyhow::Result<Vec<String>> {
        let about = |ticket: &Value| ticket["rule"] == "check" && ticket["subject"] == subject;
        let Some(ticket) = self.office.vendor.tickets()?.into_iter().find(about) else { return Ok(vec![]) };
        let number = ticket["number"].as_str().context("a number")?.to_owned();
        let shown = self.office.vendor.receiver.json(&["tickets", "show", &number])?;
        let events = shown["events"].as_array().cloned().unwrap_or_default();
        let opens = |event: &&Value| event["event"] == "opened" || event["event"] == "reopened";
        let severity = |event: &Value| event["severity"].as_str().unwrap_or_default().to_owned();
        Ok(events.iter().filter(opens).map(severity).collect())
    }
}
