//! The Debian packages in a clean root: installed, run from there as their users, removed and purged.
//!
//! The root is made by debootstrap once a target directory and copied for each story. Mail travels through a Maildir; what is proven
//! is that nothing outside the packages is needed. Needs root for chroot, and the Debian packages tests/install-deps.sh names.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod clean_root;
mod units;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use anyhow::Context as _;
use clean_root::CleanRoot;
use mailbeat_tests::programs::PATIENCE;
use mailbeat_tests::programs::wait_for;
use serde_json::Value;

const AGENT: &str = "host_name = 'scada-01'\n[watch]\ninclude = ['/etc/hostname']\n[[route]]\nname = 'maildir'\ntype = 'maildir'\n\
                     from = 'agent@acme.example'\npath = '/srv/mail/reports'\n";
const RECEIVER: &str = "[contracts]\nvendor = 'Example GmbH'\nreport_addresses = ['reports@vendor.example']\n\
                        [[mailbox]]\ntype = 'maildir'\nname = 'reports'\npath = '/srv/mail/reports'\npoll_interval_s = 1\n\
                        [outgoing]\ntype = 'maildir'\nfrom = 'mailbeat@vendor.example'\npath = '/var/lib/mailbeat-receiver/people'\n";

#[test]
fn both_packages_bring_all_they_need_start_nothing_and_go_without_a_trace_when_purged() -> anyhow::Result<()>
{
    let root = CleanRoot::new()?;
    let said = root.install()?;
    assert!(said.contains("Nothing is sent before that"), "{said}");
    assert_eq!(root.processes("mailbeat")?, Vec::<String>::new(), "installing starts nothing");
    what_is_there(&root)?;
    the_first_report(&root)?;

    root.run("root", &["dpkg", "--remove", "mailbeat-agent", "mailbeat-receiver"])?;
    assert!(!root.path("/usr/bin/mailbeat-agent").exists());
    for kept in [
        "/var/lib/mailbeat-agent/identity.toml",
        "/var/lib/mailbeat-receiver/receiver.db",
        "/etc/mailbeat/agent.toml",
    ] {
        assert!(root.path(kept).exists(), "{kept} is kept when a package is removed");
    }
    // What a person put there is theirs to take away.
    fs::remove_file(root.path("/etc/mailbeat/vendor.pub"))?;
    root.run("root", &["dpkg", "--purge", "mailbeat-agent", "mailbeat-receiver"])?;
    let left = root.run(
        "root",
        &["find", "/etc", "/usr", "/var", "-iname", "*mailbeat*", "-not", "-path", "/var/lib/dpkg/*"],
    )?;
    assert_eq!(left, "", "purged");
    Ok(())
}

fn what_is_there(root: &CleanRoot) -> anyhow::Result<()> {
    for (path, mode, owner) in [
        ("/var/lib/mailbeat-agent", 0o700, "mailbeat"),
        ("/var/lib/mailbeat-receiver", 0o700, "mailbeat-receiver"),
    ] {
        let found = fs::metadata(root.path(path))?;
        assert_eq!(found.permissions().mode() & 0o7777, mode, "{path}");
        assert_eq!(found.uid().to_string(), root.run("root", &["id", "-u", owner])?.trim(), "{path}");
    }
    for (program, user) in [("agent", "mailbeat"), ("receiver", "mailbeat-receiver")] {
        let config = root.path(&format!("/etc/mailbeat/{program}.toml"));
        assert_eq!(fs::metadata(config)?.permissions().mode() & 0o7777, 0o640);
        let login = root.run("root", &["getent", "passwd", user])?;
        assert!(login.trim().ends_with("nologin"), "{login}");
        let wants = format!("/etc/systemd/system/multi-user.target.wants/mailbeat-{program}.service");
        assert!(fs::symlink_metadata(root.path(&wants)).is_ok(), "enabled for the next start of the host");
        for document in [
            format!("/usr/share/man/man1/mailbeat-{program}.1.gz"),
            format!("/usr/share/bash-completion/completions/mailbeat-{program}"),
            format!("/usr/lib/systemd/system/mailbeat-{program}.service"),
            format!("/usr/share/doc/mailbeat-{program}/copyright"),
        ] {
            assert!(root.path(&document).exists(), "{document}");
        }
    }
    let status = root.run("mailbeat", &["mailbeat-agent", "status"])?;
    assert!(status.starts_with("mailbeat-agent: not activated; nothing is sent"), "{status}");
    Ok(())
}

/// A contract is issued, the agent activated, and its first heartbeat accepted, each program as its own user.
fn the_first_report(root: &CleanRoot) -> anyhow::Result<()> {
    fs::write(root.path("/etc/mailbeat/agent.toml"), AGENT)?;
    fs::write(root.path("/etc/mailbeat/receiver.toml"), RECEIVER)?;
    root.run("root", &["install", "-d", "-m", "777", "/srv/mail"])?;
    let receiver = |args: &[&str]| root.run("mailbeat-receiver", &[&["mailbeat-receiver"], args].concat());
    receiver(&["init", "--contact", "Olivia Operator <operator@vendor.example>"])?;
    let issue = [
        "contracts",
        "issue",
        "--customer",
        "ACME",
        "--heartbeat-interval",
        "1:1:60",
        "--out",
        "/tmp/acme.contract",
    ];
    receiver(&issue)?;
    root.run("root", &["cp", "/var/lib/mailbeat-receiver/vendor.pub", "/etc/mailbeat/"])?;
    root.run("root", &["chmod", "644", "/tmp/acme.contract", "/etc/mailbeat/vendor.pub"])?;
    root.run("mailbeat", &["mailbeat-agent", "activate", "/tmp/acme.contract", "--accept"])?;

    // The postman: what one user wrote becomes the other's.
    let hand_over = |to: &str| root.run("root", &["chown", "-R", &format!("{to}:{to}"), "/srv/mail"]);
    hand_over("mailbeat")?;
    let agent = root.start("mailbeat", &["mailbeat-agent", "run"])?;
    wait_for("three reports", PATIENCE, || {
        let arrived = fs::read_dir(root.path("/srv/mail/reports/new"))?.count();
        Ok((arrived >= 3).then_some(()))
    })
    .with_context(|| root.log())?;
    drop(agent);
    hand_over("mailbeat-receiver")?;
    let _receiver = root.start("mailbeat-receiver", &["mailbeat-receiver", "run"])?;
    wait_for("the system to be alive", PATIENCE, || {
        let systems: Value = serde_json::from_str(&receiver(&["systems", "list", "--json"])?)?;
        Ok((systems[0]["host"] == "scada-01" && systems[0]["liveness"] == "alive").then_some(()))
    })
    .with_context(|| root.log())?;
    root.run("mailbeat", &["mailbeat-agent", "trail", "verify"])?;
    Ok(())
}
