//! A vendor and a host with one of the shipped profiles, and what a fault on that host must lead to.

use std::cell::RefCell;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use mailbeat_tests::office::{Office, Way};
use mailbeat_tests::programs::{Installed, PATIENCE, Running, wait_for};
use mailbeat_tests::stage::Stage;
use mailbeat_tests::world::Host;
use serde_json::Value;

const PROFILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/profiles");
/// How full and how busy the machine is on which the story is told is not part of it.
const NOT_OURS: &str = "checks_at_once = 16\ncollect.cpu = false\ncollect.temperature = false\n";
/// On a stage it is, and so is the one disk of the story.
const NO_STAGE: &str = "collect.memory = false\ncollect.swap = false\n";
const NO_DISK: &str = "collect.filesystems = false\n";
/// How a rule on filesystems begins to say which.
const WHICH: &str = "where = { \"system.filesystem.type\"";

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
    /// How many are looked at.
    checks: usize,
    /// Who is on duty, and how much more he will be told.
    duty: RefCell<Duty>,
    _receiver: Running,
    _agent: Running,
}

/// A person on duty. Nobody is told more than thirty things an hour, so a day of many faults has shifts.
struct Duty {
    /// As contact of the vendor.
    id: Value,
    user: &'static str,
    next: Vec<&'static str>,
}

/// Mails after which the next person comes on duty.
const SHIFT: usize = 18;

impl Morning {
    /// `places`: what stands in the profile, and what it is in this story. `off`: checks of what this machine has not.
    pub(super) fn begin(
        profile: &str,
        name: &'static str,
        places: impl FnOnce(&Office) -> anyhow::Result<Vec<(&'static str, String)>>,
        off: &[&str],
    ) -> anyhow::Result<Self> {
        Self::begin_on(None, None, profile, name, places, off)
    }

    /// The same on a stage, and with a disk that is looked at.
    pub(super) fn begin_on(
        stage: Option<&Stage>,
        disk: Option<&Path>,
        profile: &str,
        name: &'static str,
        places: impl FnOnce(&Office) -> anyhow::Result<Vec<(&'static str, String)>>,
        off: &[&str],
    ) -> anyhow::Result<Self> {
        let default = include_str!("../../../packaging/rules.toml");
        let hasty = default.replace("# grace = \"15m\"", "grace = \"2s\"").replace("\"6h\"", "\"1s\"");
        let hasty = about(disk, &hasty.replace("hold = \"30m\"", "hold = \"1s\""));
        let office = Office::open(&hasty)?;
        let rules = fs::read_to_string(format!("{PROFILES}/rules/{profile}.toml")).unwrap_or_default();
        let rules = ["10m", "15m"].iter().fold(about(disk, &rules), |rules, hold| {
            rules.replace(&format!("hold = \"{hold}\""), "hold = \"1s\"")
        });
        fs::write(office.dir().join("vendor/profile.toml"), rules)?;
        office.vendor.rule(&format!("include = [\"profile.toml\"]\n{hasty}"))?;
        let contract = office.vendor.issue("ACME Wasserwerke", 1, 86_400)?;
        let receiver = office.vendor.start()?;
        let mut text = fs::read_to_string(format!("{PROFILES}/{profile}.toml"))?;
        for (there, here) in places(&office)? {
            anyhow::ensure!(text.contains(there), "{profile} has no {there}");
            text = text.replace(there, &here);
        }
        let checks = text.lines().filter(|line| *line == "[[check]]").count() - off.len();
        let lines = text.lines().filter(|line| !line.starts_with("interval_s"));
        let hasty = |line: &str| {
            let is_type = line.starts_with("type = ");
            format!("{line}\n{}", if is_type { "interval_s = 1\n" } else { "" })
        };
        let text: String = lines.map(hasty).collect();
        let off: String =
            off.iter().map(|name| format!("\n[[check]]\nname = {name:?}\nenabled = false\n")).collect();
        let mut host = office.host(name, &(office.route("office", Way::Starttls, "agent1") + &off))?;
        if let Some(stage) = stage {
            host.agent = host.agent.on(stage)?;
        }
        let (no_stage, no_disk) = (stage.map_or(NO_STAGE, |_| ""), disk.map_or(NO_DISK, |_| ""));
        fs::create_dir_all(host.dir.join("profiles"))?;
        fs::write(host.dir.join("profiles/profile.toml"), text)?;
        let config = host.dir.join("agent.toml");
        fs::write(
            &config,
            format!(
                "include = [\"profiles/profile.toml\"]\n{NOT_OURS}{no_stage}{no_disk}{}",
                fs::read_to_string(&config)?
            ),
        )?;
        host.agent.run(&["config", "check"])?;
        host.activate(&office.vendor, &contract)?;
        let agent = host.start()?;
        let contacts = office.vendor.receiver.json(&["contacts", "list"])?;
        let (id, next) = (contacts[0]["id"].clone(), vec!["agent2", "customer", "manager", "oncall"]);
        let duty = RefCell::new(Duty { id, user: "operator", next });
        let morning = Self { office, host, name, checks, duty, _receiver: receiver, _agent: agent };
        morning.awaits_health()?;
        Ok(morning)
    }

    /// Every check was reported and none is anything but Ok; and there is no ticket.
    fn awaits_health(&self) -> anyhow::Result<()> {
        let health = wait_for("every check to be ok", PATIENCE, || {
            let rows = self.office.vendor.receiver.json(&["rules", "show", self.name]).unwrap_or_default();
            let all: Vec<Value> = rows.as_array().cloned().unwrap_or_default();
            let checks: Vec<&Value> = all.iter().filter(|row| row["rule"] == "check").collect();
            Ok((checks.len() == self.checks && checks.iter().all(|row| row["seen"] == "ok")).then_some(()))
        });
        health.with_context(|| {
            let shown = self.office.vendor.receiver.run(&["rules", "show", self.name]);
            format!("{} checks; {}", self.checks, shown.unwrap_or_else(|error| error.to_string()))
        })?;
        let open = self.open()?;
        anyhow::ensure!(open.is_empty(), "a healthy morning with {open:#?}");
        Ok(())
    }

    fn open(&self) -> anyhow::Result<Vec<Value>> {
        let tickets = self.office.vendor.tickets()?;
        Ok(tickets.into_iter().filter(|ticket| ticket["state"] == "open").collect())
    }

    /// One fault that one ticket tells.
    pub(super) fn fault<A: Done, B: Done>(
        &self,
        ticket: (&str, &str, &str),
        inject: impl FnOnce() -> A,
        mend: impl FnOnce() -> B,
    ) -> anyhow::Result<()> {
        self.faults(&[ticket], inject, mend)
    }

    /// One fault: what is open then are tickets of these rules, subjects and severities and no others, and a mail tells each; mended they
    /// resolve.
    pub(super) fn faults<A: Done, B: Done>(
        &self,
        expected: &[(&str, &str, &str)],
        inject: impl FnOnce() -> A,
        mend: impl FnOnce() -> B,
    ) -> anyhow::Result<()> {
        let before = self.on_duty()?;
        inject().done()?;
        let mut wanted: Vec<[&str; 3]> =
            expected.iter().map(|(rule, subject, severity)| [*rule, *subject, *severity]).collect();
        wanted.sort_unstable();
        let opened = wait_for(&format!("{wanted:?} to be open"), PATIENCE, || {
            let open = self.open()?;
            let mut told: Vec<_> = open
                .iter()
                .map(|ticket| ["rule", "subject", "severity"].map(|key| text(ticket, key)))
                .collect();
            told.sort_unstable();
            Ok((told == wanted)
                .then(|| open.iter().map(|ticket| text(ticket, "number").to_owned()).collect()))
        });
        let numbers: Vec<String> = opened.with_context(|| self.told())?;
        let told = |words: &dyn Fn(&str) -> String| {
            numbers
                .iter()
                .try_for_each(|number| self.mail_since(before, &[&words(number), self.name]).map(drop))
        };
        told(&|number| format!("{number}] "))?;
        mend().done()?;
        wait_for(&format!("{wanted:?} to be resolved"), PATIENCE, || {
            Ok(self.open()?.is_empty().then_some(()))
        })
        .with_context(|| self.told())?;
        told(&|number| format!("{number}] Resolved:"))
    }

    /// How many mails the person on duty has got; who has got many goes home before.
    fn on_duty(&self) -> anyhow::Result<usize> {
        let mut duty = self.duty.borrow_mut();
        let read = self.office.lab.mails(duty.user, "INBOX")?.len();
        if read < SHIFT {
            return Ok(read);
        }
        let next = duty.next.pop().context("more faults than five people can be told of")?;
        let receiver = &self.office.vendor.receiver;
        let id = receiver.json(&["contacts", "add", &format!("Next <{next}@example.test>")])?["id"].clone();
        receiver.run(&["contacts", "remove", &duty.id.to_string()])?;
        (duty.id, duty.user) = (id, next);
        Ok(0)
    }

    fn mail_since(&self, before: usize, words: &[&str]) -> anyhow::Result<String> {
        let user = self.duty.borrow().user;
        let mail = wait_for(&format!("a mail to {user} with {words:?}"), PATIENCE, || {
            let mails = self.office.lab.mails(user, "INBOX")?;
            let mut new = mails.iter().skip(before).map(|mail| String::from_utf8_lossy(mail).into_owned());
            Ok(new.find(|text| words.iter().all(|word| text.contains(word))))
        });
        mail.with_context(|| self.told())
    }

    /// A mail to the person on duty that holds these words.
    pub(super) fn mail(&self, words: &[&str]) -> anyhow::Result<String> {
        self.mail_since(0, words)
    }

    /// The customer's own program.
    pub(super) fn agent(&self) -> &Installed {
        &self.host.agent
    }

    fn told(&self) -> String {
        format!("tickets are {:#?}", self.office.vendor.tickets())
    }

    /// Something that is true of one look, as a line that is written once: its ticket opens as this and resolves by itself. It is over
    /// within a second here, before anybody could be told; in an hourly heartbeat it stays for the hour.
    pub(super) fn event<A: Done>(
        &self,
        (subject, severity): (&str, &str),
        inject: impl FnOnce() -> A,
    ) -> anyhow::Result<()> {
        self.on_duty()?;
        let before = self.openings(subject)?.len();
        inject().done()?;
        let opened = wait_for(&format!("{subject} to have been {severity}"), PATIENCE, || {
            let openings = self.openings(subject)?;
            Ok(openings.get(before..).is_some_and(|new| new.iter().any(|as_| as_ == severity)).then_some(()))
        });
        opened.with_context(|| self.told())?;
        wait_for(&format!("{subject} to be over"), PATIENCE, || Ok(self.open()?.is_empty().then_some(())))
            .with_context(|| self.told())
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

fn text<'a>(of: &'a Value, key: &str) -> &'a str {
    of[key].as_str().unwrap_or_default()
}

/// Rules on how full filesystems are, made to be about this one alone.
fn about(disk: Option<&Path>, rules: &str) -> String {
    let Some(disk) = disk else { return rules.to_owned() };
    rules.replace(
        WHICH,
        &format!("where = {{ \"system.filesystem.mountpoint\" = {disk:?}, \"system.filesystem.type\""),
    )
}
