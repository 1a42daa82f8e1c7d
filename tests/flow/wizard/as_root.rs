//! The wizard run by root for an agent that runs as another user, and the service it starts at the end.
//!
//! `systemctl` is a stand-in here, a script on PATH that writes down how it was called and fails on demand; whether systemd is at
//! work is a directory in a mount namespace of the wizard's own. What systemd makes of the unit is told in tests/packages.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, ensure};
use mailbeat_tests::office::{Office, RULES};
use mailbeat_tests::programs::{Build, PATIENCE, Program, copy_program, file, wait_for};
use mailbeat_tests::screen::Screen;
use serde_json::Value;
use tempfile::TempDir;

use super::CUSTOMER;

/// The agent's user, `nobody` and `nogroup` on every Debian.
const USER: u32 = 65_534;
const STAND_IN: &str = "#!/bin/sh\ndir=$(dirname \"$0\")\necho \"$@\" >> \"$dir/systemctl.log\"\n\
                        if [ \"$1\" = enable ] && [ -e \"$dir/denied\" ]; then\n\
                        echo 'Failed to enable unit: Access denied' >&2; exit 1\nfi\n";
/// What starts the service, now and with the host.
const STARTED: &str = "enable mailbeat-agent\nrestart mailbeat-agent\n";

/// A host as its package leaves it: the state belongs to the agent's user, everything else to root.
struct Site {
    office: Office,
    dir: TempDir,
}

impl Site {
    fn new() -> anyhow::Result<Self> {
        let office = Office::open(RULES)?;
        let contract = office.vendor.issue(CUSTOMER, 86_400, 604_800)?;
        let dir = tempfile::Builder::new().prefix("mailbeat-root-").tempdir()?;
        let site = Self { office, dir };
        site.mode("", 0o755)?;
        for name in ["bin", "etc", "watched", "state"] {
            fs::create_dir(site.path(name))?;
            site.mode(name, 0o755)?;
        }
        site.mode("state", 0o700)?;
        chown(site.path("state"), Some(USER), Some(USER))?;
        copy_program(&file(Program::Agent, Build::Ordinary)?, &site.path("bin/mailbeat-agent"))?;
        fs::write(site.path("bin/systemctl"), STAND_IN)?;
        fs::copy(site.office.vendor.key_file(), site.path("etc/vendor.pub"))?;
        fs::write(site.path("watched/open.conf"), "workers = 4\n")?;
        fs::write(site.path("watched/roots.conf"), "workers = 4\n")?;
        fs::copy(contract, site.path("acme.contract"))?;
        for (name, mode) in [
            ("bin/mailbeat-agent", 0o755),
            ("bin/systemctl", 0o755),
            ("etc/vendor.pub", 0o644),
            ("watched/open.conf", 0o644),
            ("watched/roots.conf", 0o600),
            ("acme.contract", 0o600),
        ] {
            site.mode(name, mode)?;
        }
        Ok(site)
    }

    fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    fn mode(&self, below: &str, mode: u32) -> anyhow::Result<()> {
        Ok(fs::set_permissions(self.path(below), fs::Permissions::from_mode(mode))?)
    }

    /// The program with this host's places.
    fn agent(&self) -> anyhow::Result<Command> {
        let mut agent = Command::new(self.path("bin/mailbeat-agent"));
        let path = std::env::var("PATH").context("PATH")?;
        agent
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env("MAILBEAT_STATE_DIR", self.path("state"))
            .env_remove("SUDO_USER");
        Ok(agent)
    }

    /// Sets the host up from a file of answers, as root.
    fn set_up(&self, starts: bool) -> anyhow::Result<Output> {
        let (lab, answers) = (&self.office.lab, self.path("answers.toml"));
        fs::write(
            &answers,
            format!(
                "contract = {:?}\nwatch = [{:?}]\nstart_service = {starts}\n\n[mail]\nby = \"server\"\nfrom = \"agent1@example.test\"\nhost = \"127.0.0.1\"\nport = {}\nusername = \"agent1@example.test\"\ntls_ca = {:?}\n",
                self.path("acme.contract"),
                self.path("watched/*.conf"),
                lab.ports().submission,
                lab.ca()
            ),
        )?;
        let mut agent = self.agent()?;
        agent.args(["setup", "--accept", "--config"]).arg(self.path("etc/agent.toml"));
        agent.arg("--answers").arg(answers).env("MAILBEAT_SETUP_PASSWORD", "agent1-pw");
        Ok(agent.output()?)
    }

    /// What a command says to the agent's own user.
    fn as_the_agents_user(&self, args: &[&str]) -> anyhow::Result<Value> {
        let mut agent = self.agent()?;
        agent.args(args).args(["--json", "--config"]).arg(self.path("etc/agent.toml"));
        let output = agent.uid(USER).gid(USER).output()?;
        ensure!(output.status.success(), "{args:?}: {output:?}");
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Every file and directory of the agent's state, with its owner.
    fn state(&self) -> anyhow::Result<Vec<(PathBuf, u32)>> {
        let mut found = vec![];
        owners(&self.path("state"), &mut found)?;
        Ok(found)
    }

    fn not_the_agents(found: &[(PathBuf, u32)]) -> Vec<&Path> {
        found.iter().filter(|(_, owner)| *owner != USER).map(|(path, _)| path.as_path()).collect()
    }

    /// What `systemctl` was asked to do; to show the unit (`cat`) is to look only.
    fn called(&self) -> String {
        let log = fs::read_to_string(self.path("bin/systemctl.log")).unwrap_or_default();
        log.lines().filter(|line| !line.starts_with("cat ")).map(|line| format!("{line}\n")).collect()
    }
}

/// Every file and directory below, with its owner.
fn owners(dir: &Path, into: &mut Vec<(PathBuf, u32)>) -> anyhow::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let metadata = fs::symlink_metadata(&path)?;
        into.push((path.clone(), metadata.uid()));
        if metadata.is_dir() {
            owners(&path, into)?;
        }
    }
    Ok(())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn what_root_sets_up_belongs_to_the_agents_user_and_every_step_ran_as_that_user() -> anyhow::Result<()> {
    let site = Site::new()?;
    let done = site.set_up(true)?;
    let page = text(&done.stdout);
    ensure!(done.status.success(), "{page}{}", text(&done.stderr));
    assert!(page.contains("Activated.") && page.contains("accepted (route"), "{page}");
    // Root reads every file; the agent's user does not, and the test says so.
    assert!(page.contains("1 read, 1 not readable"), "{page}");
    assert_eq!(site.called(), STARTED);

    let found = site.state()?;
    assert!(found.len() > 10, "{found:?}");
    assert_eq!(Site::not_the_agents(&found), [] as [&Path; 0], "the agent could not write these");
    let lent = found.iter().find(|(path, _)| path.ends_with("setup.contract"));
    assert!(lent.is_none(), "the contract, which holds a secret, was left in the state");
    let password = fs::metadata(site.path("etc/smtp-password"))?;
    assert_eq!((password.uid(), password.permissions().mode() & 0o777), (USER, 0o600));
    let config = fs::metadata(site.path("etc/agent.toml"))?;
    assert_eq!((config.uid(), config.permissions().mode() & 0o022), (0, 0), "root's to change");

    assert_eq!(site.as_the_agents_user(&["status"])?["activated"], true);
    let trail = site.as_the_agents_user(&["trail", "list"])?;
    let test = trail.as_array().into_iter().flatten().find(|line| line["kind"] == "test");
    let number = test.context("a test report was sent")?["sequence"].to_string();
    let report = site.as_the_agents_user(&["trail", "show", &number])?;
    assert_eq!(report["report"]["test"]["requested_by"], "nobody", "{report:#}");

    fs::write(site.path("bin/denied"), "")?;
    let denied = site.set_up(true)?;
    let said = text(&denied.stderr);
    assert!(!denied.status.success() && said.contains("was not started: Failed to enable unit"), "{said}");
    Ok(())
}

#[test]
fn what_root_asks_for_is_done_as_the_agents_user_with_the_contract_that_only_root_can_read()
-> anyhow::Result<()> {
    let site = Site::new()?;
    let done = site.set_up(false)?;
    ensure!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
    let contract = site.path("acme.contract").display().to_string();
    for args in [
        &["deactivate", "--reason", "by root"][..],
        &["activate", &contract, "--accept"],
        &["activate"],
        &["maintenance", "start", "--for", "1h"],
        &["send", "heartbeat"],
        &["identity", "keep"],
        &["identity", "new"],
        &["test", "--no-delivery"],
    ] {
        let said = site.agent()?.args(args).arg("--config").arg(site.path("etc/agent.toml")).output()?;
        let said = format!("{args:?}: {}{}", text(&said.stdout), text(&said.stderr));
        let found = site.state()?;
        assert_eq!(Site::not_the_agents(&found), [] as [&Path; 0], "the agent could not write these: {said}");
        assert!(!said.contains("belongs to user") && !said.contains("Permission denied"), "{said}");
    }
    assert_eq!(site.as_the_agents_user(&["status"])?["activated"], true);
    let consent = fs::read_to_string(site.path("state/activation.toml"))?;
    assert!(consent.contains("activated_by = \"root\""), "{consent}");
    Ok(())
}

#[test]
fn where_systemd_is_at_work_the_wizard_starts_the_service_and_elsewhere_says_how_it_is_started()
-> anyhow::Result<()> {
    let site = Site::new()?;
    let done = site.set_up(false)?;
    ensure!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
    assert_eq!(site.called(), "", "nobody asked for it");

    let screen = site.wizard("systemd", true)?;
    site.go_through(&screen, "Start mailbeat-agent now, and whenever this host starts?")?;
    screen.press("Enter")?;
    screen.await_words("mailbeat-agent runs.")?;
    assert_eq!(site.called(), STARTED);
    drop(screen);

    fs::write(site.path("bin/denied"), "")?;
    let screen = site.wizard("denied", true)?;
    site.go_through(&screen, "Start mailbeat-agent now, and whenever this host starts?")?;
    screen.press("Enter")?;
    screen.await_words("The service was not started: Failed to enable unit")?;
    drop(screen);

    let screen = site.wizard("without", false)?;
    site.go_through(&screen, "This starts it by hand")?;
    assert_eq!(site.called(), format!("{STARTED}enable mailbeat-agent\n"), "where systemd was there");
    Ok(())
}

impl Site {
    /// The wizard in a terminal, where systemd is at work or is not.
    fn wizard(&self, name: &str, systemd: bool) -> anyhow::Result<Screen> {
        let made = if systemd { "mkdir /run/systemd/system && " } else { "" };
        let wizard = format!(
            "mkdir -p /run/systemd && mount -t tmpfs none /run/systemd && {made}NO_COLOR=1 LANG=C PATH={}:$PATH MAILBEAT_STATE_DIR={} exec {} setup --config {}",
            self.path("bin").display(),
            self.path("state").display(),
            self.path("bin/mailbeat-agent").display(),
            self.path("etc/agent.toml").display()
        );
        Screen::open(name, &format!("unshare --mount sh -c '{wizard}'"))
    }

    /// Leaves everything as it is until these words are there.
    fn go_through(&self, screen: &Screen, words: &str) -> anyhow::Result<()> {
        screen.await_words("Language / Sprache")?;
        for _ in 0..60 {
            let before = screen.text()?;
            if before.contains(words) {
                return Ok(());
            }
            screen.press("Enter")?;
            // A key that is pressed before the next question stands there would answer the one behind it.
            wait_for("the next question", PATIENCE, || {
                let now = screen.text()?;
                let is_asked = now.trim_end().ends_with("back]") || now.trim_end().ends_with("back)]");
                Ok((now != before && (is_asked || now.contains(words))).then_some(()))
            })
            .with_context(|| screen.text().unwrap_or_default())?;
        }
        anyhow::bail!("{words:?} never came:\n{}", screen.text()?)
    }
}
