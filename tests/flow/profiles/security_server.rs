//! A security server: its response, certificate, backup and logs.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use mailbeat_tests::disk::Disk;
use mailbeat_tests::office::Office;
use mailbeat_tests::site::{Authority, Listener, Web, aged};
use mailbeat_tests::stage::Stage;

use super::morning::Morning;
use super::{DAY, HOUR};

#[test]
fn each_fault_of_a_security_server_becomes_its_ticket_and_resolves() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let stage = Stage::set(&home.path().join("stage"))?;
    let disk = Disk::image(&home.path().join("srv"), 16)?;
    let (web, api) = (Web::start()?, Listener::start()?);
    web.says("/health", 200, "ok");
    let mut made: Option<(Authority, PathBuf)> = None;
    let place = |office: &Office| {
        let root = office.dir().join("site");
        let authority = Authority::new(&root.join("certs"))?;
        fs::remove_file(authority.ca()).and_then(|()| fs::create_dir_all(root.join("log")))?;
        let authority = Authority::new(&root.join("authority"))?;
        authority.issue("server", 90)?;
        fs::copy(root.join("authority/server.crt"), root.join("certs/server.crt"))?;
        for log in ["app", "access", "security", "error"] {
            fs::write(root.join(format!("log/{log}.log")), "INFO started\n")?;
        }
        aged(&root.join("backup/daily.tar"), "x", HOUR * 5)?;
        made = Some((authority, root.clone()));
        Ok(vec![
            ("/etc/wazuh-mcp", root.display().to_string()),
            ("/var/log/wazuh-mcp", root.join("log").display().to_string()),
            ("/var/backups/wazuh-mcp", root.join("backup").display().to_string()),
            ("http://localhost:8000", format!("http://127.0.0.1:{}", web.port())),
            ("port = 55000", format!("port = {}", api.port())),
        ])
    };
    let at = home.path().join("srv");
    let morning = Morning::begin_on(Some(&stage), Some(&at), "wazuh-mcp", "wazuh-01", place, &[])?;
    let (authority, root) = made.context("the places")?;
    let response = |severity| ("check", "mcp response", severity);
    let late = |seconds| move || Duration::from_millis(seconds);
    for (wait, severity) in [(late(2_300), "medium"), (late(5_300), "critical")] {
        morning.fault(
            response(severity),
            || web.waits("/health", wait()),
            || web.waits("/health", Duration::ZERO),
        )?;
    }
    morning.fault(response("critical"), || web.is_down(true), || web.is_down(false))?;
    morning.fault(("check", "wazuh api", "critical"), || api.is_down(true), || api.is_down(false))?;
    let at = at.display().to_string();
    for (percent, severity) in [(88, "medium"), (96, "high")] {
        morning.fault(("mcp-disk-full", &at, severity), || disk.fill_to(percent), || disk.clear())?;
    }
    morning.fault(("mcp-memory-high", "", "medium"), || stage.uses(90, 0), || stage.uses(33, 0))?;
    let renew = |days| {
        authority.issue("server", days)?;
        fs::copy(root.join("authority/server.crt"), root.join("certs/server.crt"))?;
        anyhow::Ok(())
    };
    for (days, severity) in [(20, "medium"), (5, "critical")] {
        morning.fault(("mcp-certificate-ends", "mcp certificate", severity), || renew(days), || renew(90))?;
    }
    let backup = root.join("backup/daily.tar");
    let young = || aged(&backup, "x", HOUR);
    morning.fault(("check", "mcp backup", "medium"), || aged(&backup, "x", HOUR * 30), young)?;
    morning.fault(("check", "mcp backup", "high"), || aged(&backup, "x", DAY * 3), young)?;
    morning.fault(("check", "mcp backup", "high"), || aged(&backup, "", HOUR), young)?;
    morning.fault(("check", "mcp backup", "high"), || Ok(fs::remove_file(&backup)?), young)?;
    let append = |log: &str, line: &str| -> anyhow::Result<()> {
        let path = root.join(format!("log/{log}.log"));
        Ok(fs::write(&path, fs::read_to_string(&path)? + line)?)
    };
    // A line is news once.
    morning
        .event(("mcp errors", "medium"), || append("error", "2026-11-28 ERROR no route to the manager\n"))?;
    morning.event(("mcp warnings", "medium"), || append("app", &"2026-11-28 WARN late\n".repeat(51)))?;
    morning.event(("mcp sign-in failures", "high"), || {
        fs::rename(root.join("log/security.log"), root.join("log/security.log.1"))?;
        Ok(fs::write(root.join("log/security.log"), "Authentication failed for x\n".repeat(60))?)
    })?;
    Ok(())
}
