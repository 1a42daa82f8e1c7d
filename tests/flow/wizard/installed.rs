//! A program that was copied to a host, with no package: at its end the wizard installs the service, and leaves it where nobody
//! agreed. Told with real users, owners and modes on a [`BareHost`]; `systemctl` is a stand-in there.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Output;

use anyhow::{Context as _, ensure};
use mailbeat_tests::bare_host::BareHost;
use mailbeat_tests::lab::Lab;
use mailbeat_tests::office::{Office, RULES};
use mailbeat_tests::programs::{PATIENCE, Program, wait_for};
use mailbeat_tests::screen::Screen;

use super::CUSTOMER;

const UNIT: &str = "etc/systemd/system/mailbeat-agent.service";
const STARTED: &str = "daemon-reload\nenable --now mailbeat-agent\n";

/// A customer's host with the agent, the contract and the vendor's key on it, and answers for everything but the service.
fn customer(office: &Office) -> anyhow::Result<BareHost> {
    let host = BareHost::with(Program::Agent)?;
    let contract = office.vendor.issue(CUSTOMER, 86_400, 604_800)?;
    fs::copy(contract, host.path("root/acme.contract"))?;
    fs::create_dir(host.path("etc/mailbeat"))?;
    fs::copy(office.vendor.key_file(), host.path("etc/mailbeat/vendor.pub"))?;
    authority(&host, &office.lab)?;
    Ok(host)
}

/// The lab's authority, where every user of the host may read it.
fn authority(host: &BareHost, lab: &Lab) -> anyhow::Result<()> {
    let ca = host.path("etc/ca.pem");
    fs::copy(lab.ca(), &ca)?;
    Ok(fs::set_permissions(ca, fs::Permissions::from_mode(0o644))?)
}

fn answers(office: &Office, host: &BareHost, more: &str) -> anyhow::Result<()> {
    let text = format!(
        "contract = \"/root/acme.contract\"\n{more}\n\n[mail]\nby = \"server\"\nfrom = \"agent1@example.test\"\nhost = \"127.0.0.1\"\nport = {}\nusername = \"agent1@example.test\"\ntls_ca = \"/etc/ca.pem\"\n",
        office.lab.ports().submission
    );
    Ok(fs::write(host.path("root/answers.toml"), text)?)
}

fn set_up(host: &BareHost, more: &[&str]) -> anyhow::Result<Output> {
    let words =
        [&["/root/mailbeat-agent", "setup", "--answers", "/root/answers.toml", "--accept"], more].concat();
    Ok(host.command(&words)?.env("MAILBEAT_SETUP_PASSWORD", "agent1-pw").output()?)
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Owner, and who may do what.
fn whose(path: &Path) -> anyhow::Result<(u32, u32, u32)> {
    let file = fs::metadata(path).with_context(|| path.display().to_string())?;
    Ok((file.uid(), file.gid(), file.mode() & 0o777))
}

/// What systemd says against a unit of the host.
fn complaints(host: &BareHost, unit: &str) -> anyhow::Result<Vec<String>> {
    let output = host.command(&["systemd-analyze", "verify", "--man=no", unit])?.output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    Ok(said.lines().filter(|line| line.contains("mailbeat")).map(str::to_owned).collect())
}

#[test]
fn an_agent_copied_to_a_host_is_installed_with_consent_and_runs_as_a_user_of_its_own() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let host = customer(&office)?;
    answers(&office, &host, "")?;
    let done = set_up(&host, &[])?;
    ensure!(done.status.success(), "{}", text(&done));
    assert!(!host.path(UNIT).exists() && host.called().is_empty(), "nobody agreed to a service");

    // A person is shown all of it, and says no.
    let refused = wizard(&host, "refused", "--lang en", true)?;
    let shown = to_the_offer(&refused, "Install and start mailbeat-agent like this?")?;
    for line in [
        "install -D -m 755 /root/mailbeat-agent /usr/local/bin/mailbeat-agent",
        "chown -R mailbeat:mailbeat /var/lib/mailbeat-agent",
        "ExecStart=/usr/local/bin/mailbeat-agent run",
        "ProtectSystem=strict",
        "systemctl enable --now mailbeat-agent",
    ] {
        assert!(shown.contains(line), "{line} is not in\n{shown}");
    }
    refused.answer("Install and start", "n")?;
    let by_hand = refused.await_words("ended with 0")?;
    assert!(by_hand.contains("/root/mailbeat-agent run --config /etc/mailbeat/agent.toml"), "{by_hand}");
    assert!(!host.path(UNIT).exists() && host.user("mailbeat").is_err(), "nothing is done unasked");
    drop(refused);

    let agreed = wizard(&host, "agreed", "--lang de", true)?;
    to_the_offer(&agreed, "mailbeat-agent so installieren und starten?")?;
    agreed.press("Enter")?;
    let page = agreed.await_words("mailbeat-agent läuft.")?;
    assert!(page.contains("Was der Benutzer mailbeat kann:"), "{page}");
    assert_eq!(host.called(), STARTED);
    installed(&host)?;
    drop(agreed);

    // What is installed is only started anew.
    let again = wizard(&host, "again", "--lang en", true)?;
    to_the_offer(&again, "Start mailbeat-agent now, and whenever this host starts?")?;
    Ok(())
}

/// Everything is where the unit says, belongs to the service's user or can be read by it, and the service runs as that user.
fn installed(host: &BareHost) -> anyhow::Result<()> {
    let user = host.user("mailbeat")?;
    let program = host.path("programs/mailbeat-agent");
    assert_eq!(whose(&program)?, (0, 0, 0o755));
    let (owner, group, mode) = whose(&host.path("etc/mailbeat/agent.toml"))?;
    assert!(owner == 0 && group != 0 && mode == 0o640, "{owner}:{group} {mode:o}");
    assert_eq!(whose(&host.path("etc/mailbeat/smtp-password"))?, (user, group, 0o600));
    let state = host.path("states/mailbeat-agent");
    assert_eq!(whose(&state)?, (user, group, 0o700));
    for entry in fs::read_dir(&state)? {
        assert_eq!(whose(&entry?.path())?.0, user);
    }
    let shell = fs::read_to_string(host.path("etc/passwd"))?;
    assert!(shell.lines().any(|line| line.starts_with("mailbeat:") && line.ends_with("nologin")), "{shell}");
    assert_eq!(complaints(host, "/etc/systemd/system/mailbeat-agent.service")?, Vec::<String>::new());
    wait_for("the agent to run as its user", PATIENCE, || Ok((host.runs(&program)? == [user]).then_some(())))
        .with_context(|| host.log())
}

#[test]
fn answers_install_the_service_where_they_say_so_and_say_why_where_it_cannot_be() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let host = customer(&office)?;
    answers(&office, &host, "start_service = true")?;
    let missing = set_up(&host, &[])?;
    assert!(text(&missing).contains("`install_service = true`"), "{}", text(&missing));
    assert!(!missing.status.success() && !host.path(UNIT).exists(), "to start is not to install");

    answers(&office, &host, "install_service = true")?;
    let shown = text(&set_up(&host, &["--dry-run"])?);
    assert!(shown.contains("systemd-sysusers --inline") && shown.contains("NoNewPrivileges=yes"), "{shown}");
    assert!(!host.path(UNIT).exists(), "only shown");
    // Below /root no other user comes, so it could not be read.
    let hidden = set_up(&host, &["--config", "/root/agent.toml"])?;
    assert!(text(&hidden).contains("/root is closed to others"), "{}", text(&hidden));
    assert!(!host.path(UNIT).exists());

    let done = set_up(&host, &[])?;
    ensure!(done.status.success(), "{}", text(&done));
    assert_eq!(host.called(), STARTED);
    installed(&host)
}

#[test]
fn a_receiver_is_installed_the_same_way_and_a_host_without_systemd_is_told_the_command() -> anyhow::Result<()>
{
    let lab = Lab::builder().users(&["operator"]).start()?;
    let host = BareHost::with(Program::Receiver)?;
    authority(&host, &lab)?;
    let ports = lab.ports();
    fs::write(
        host.path("root/answers.toml"),
        format!(
            "vendor = \"Pumpen GmbH\"\npeople = [{{ contact = \"operator@example.test\" }}]\ninstall_service = true\n\n[mailbox]\nby = \"server\"\naddress = \"reports@example.test\"\nhost = \"127.0.0.1\"\nport = {}\ntls_ca = \"/etc/ca.pem\"\n\n[outgoing]\nby = \"same\"\nhost = \"127.0.0.1\"\nport = {}\ntls_ca = \"/etc/ca.pem\"\n\n[customer]\nname = \"ACME\"\ndirectory = \"/root\"\n",
            ports.imaps, ports.submission
        ),
    )?;
    let mut command =
        host.command(&["/root/mailbeat-receiver", "setup", "--answers", "/root/answers.toml"])?;
    let done = command.env("MAILBEAT_SETUP_PASSWORD", "reports-pw").output()?;
    ensure!(done.status.success(), "{}", text(&done));
    let user = host.user("mailbeat-receiver")?;
    for (path, mode) in
        [("states/mailbeat-receiver/vendor.key", 0o600), ("etc/mailbeat/receiver-imap-password", 0o600)]
    {
        let (owner, _, found) = whose(&host.path(path))?;
        assert_eq!((owner, found), (user, mode), "{path}");
    }
    assert_eq!(complaints(&host, "/etc/systemd/system/mailbeat-receiver.service")?, Vec::<String>::new());
    let program = host.path("programs/mailbeat-receiver");
    wait_for("the receiver to run as its user", PATIENCE, || {
        Ok((host.runs(&program)? == [user]).then_some(()))
    })
    .with_context(|| host.log())?;

    let screen =
        Screen::open("no-systemd", &entered(&host, "/root/mailbeat-receiver setup --lang de", false)?)?;
    to_the_offer(&screen, "Einen Dienst mailbeat-receiver gibt es hier nicht, und kein systemd.")?;
    screen.await_words("/root/mailbeat-receiver run --config /etc/mailbeat/receiver.toml")?;
    Ok(())
}

/// The agent's wizard in a terminal there.
fn wizard(host: &BareHost, name: &str, more: &str, systemd: bool) -> anyhow::Result<Screen> {
    Screen::open(name, &entered(host, &format!("/root/mailbeat-agent setup {more}"), systemd)?)
}

fn entered(host: &BareHost, command: &str, systemd: bool) -> anyhow::Result<String> {
    let words = host.enter(systemd)?;
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    Ok(format!("NO_COLOR=1 {} {command}", quoted.join(" ")))
}

/// Leaves everything as it is until these words are there.
fn to_the_offer(screen: &Screen, words: &str) -> anyhow::Result<String> {
    screen.await_words("Language / Sprache")?;
    for _ in 0..60 {
        let before = screen.text()?;
        if before.contains(words) {
            return Ok(before);
        }
        screen.press("Enter")?;
        wait_for("the next question", PATIENCE, || {
            let now = screen.text()?;
            let is_asked =
                ["back]", "back)]", "zurück]", "zurück)]", "aus]"].iter().any(|end| now.ends_with(end));
            Ok((now != before && (is_asked || now.contains(words))).then_some(()))
        })
        .with_context(|| screen.text().unwrap_or_default())?;
    }
    anyhow::bail!("{words:?} never came:\n{}", screen.text()?)
}
