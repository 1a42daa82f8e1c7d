//! An adapter between controllers and an office: its pages, exporter, ports, unit, backups of three kinds, certificate and log, and a real
//! PostgreSQL with guests.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use mailbeat_tests::lab::database::{Database, PASSWORD, USER};
use mailbeat_tests::office::Office;
use mailbeat_tests::site::{Authority, Listener, Web, aged};
use mailbeat_tests::stage::Stage;

use super::morning::Morning;
use super::{DAY, HOUR};

#[test]
fn each_fault_of_a_control_adapter_becomes_its_ticket_and_resolves() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let stage = Stage::set(&home.path().join("stage"))?;
    let unit = stage.idle_unit("calejo-control-adapter.service")?;
    let database = Database::postgresql()?;
    database.run("ALTER SYSTEM SET max_connections = 20")?;
    database.stop()?;
    database.start()?;
    let passwords = home.path().join("pgpass");
    fs::write(&passwords, format!("localhost:*:*:{USER}:{PASSWORD}\n"))?;
    fs::set_permissions(&passwords, fs::Permissions::from_mode(0o600))?;
    let (web, opc, modbus) = (Web::start()?, Listener::start()?, Listener::start()?);
    for path in ["/api/v1/health", "/api/v1/health/detailed", "/api/v1/status"] {
        web.says(path, 200, r#"{"status": "healthy"}"#);
    }
    web.says("/api/v1/metrics", 200, "# HELP up x\n# TYPE up gauge\nup 1\n");
    let mut made: Option<(Authority, PathBuf)> = None;
    let place = |office: &Office| {
        let root = office.dir().join("site");
        let authority = Authority::new(&root.join("certs"))?;
        authority.issue("server", 200)?;
        fs::rename(root.join("certs/server.crt"), root.join("certs/server.pem"))?;
        fs::create_dir_all(root.join("log"))?;
        fs::write(root.join("log/adapter.log"), "INFO started\n")?;
        for day in 0..7 {
            aged(&root.join(format!("backup/full-{day}.tar")), "x", DAY * day + HOUR * 3)?;
        }
        for hour in 0..24 {
            aged(&root.join(format!("backup/database/{hour}.sql")), "x", HOUR * hour)?;
        }
        for week in 0..4 {
            aged(&root.join(format!("backup/config/{week}.tar")), "x", DAY * 7 * week + HOUR)?;
        }
        made = Some((authority, root.clone()));
        let port = |port: u16| format!("port = {port}");
        Ok(vec![
            ("/var/log/calejo", root.join("log").display().to_string()),
            ("/var/backup/calejo", root.join("backup").display().to_string()),
            ("/app/certs", root.join("certs").display().to_string()),
            ("http://localhost:8080", format!("http://127.0.0.1:{}", web.port())),
            ("port = 4840", port(opc.port())),
            ("port = 502", port(modbus.port())),
            ("port = 5432", port(database.port())),
            ("\"-H\", \"localhost\"", format!("\"-H\", \"localhost\", \"-P\", \"{}\"", database.port())),
            ("\"-l\", \"mailbeat\"", format!("\"-l\", \"{USER}\"")),
            ("/etc/mailbeat/calejo.pgpass", passwords.display().to_string()),
            // A busy test machine is no network.
            ("warning = { time = 0.01 }\ncritical = { time = 0.05 }", String::new()),
            (
                "warning = { time = 0.1 }\ncritical = { time = 0.5 }",
                "warning = { time = 2 }\ncritical = { time = 5 }".into(),
            ),
        ])
    };
    let morning = Morning::begin_on(Some(&stage), None, "calejo", "calejo-01", place, &[])?;
    let (authority, root) = made.context("the places")?;
    let health = |severity| ("check", "calejo health", severity);
    let quick = || web.waits("/api/v1/health", Duration::ZERO);
    morning.fault(health("high"), || web.waits("/api/v1/health", Duration::from_millis(2_300)), quick)?;
    morning.fault(health("critical"), || web.waits("/api/v1/health", Duration::from_millis(5_300)), quick)?;
    let says = |path: &'static str, status, body: &'static str| {
        let web = web.clone();
        move || web.says(path, status, body)
    };
    let detailed = "/api/v1/health/detailed";
    morning.fault(
        ("check", "calejo health detailed", "high"),
        says(detailed, 200, r#"{"database": {"status": "down"}}"#),
        says(detailed, 200, r#"{"status": "healthy"}"#),
    )?;
    let metrics = "/api/v1/metrics";
    morning.fault(
        ("check", "calejo metrics", "high"),
        says(metrics, 200, "<html></html>"),
        says(metrics, 200, "# HELP up x\n"),
    )?;
    let status = "/api/v1/status";
    morning.fault(
        ("check", "calejo status", "high"),
        says(status, 500, "failed"),
        says(status, 200, r#"{"status": "healthy"}"#),
    )?;
    for (name, port) in [("opc ua", &opc), ("modbus", &modbus)] {
        morning.fault(("check", name, "critical"), || port.is_down(true), || port.is_down(false))?;
    }
    morning.fault(("check", "calejo service", "critical"), || unit.stop(), || unit.start())?;
    let room = RefCell::default();
    for (guests, severity) in [(8, "medium"), (13, "high")] {
        morning.fault(
            ("check", "postgresql connections", severity),
            || database.guests(guests).map(|guests| drop(room.replace(Some(guests)))),
            || drop(room.take()),
        )?;
    }
    let down = [("check", "postgresql", "high"), ("check", "postgresql connections", "high")];
    morning.faults(&down, || database.stop(), || database.start())?;
    for (percent, severity) in [(85, "low"), (97, "high")] {
        morning.fault(
            ("calejo-memory-high", "", severity),
            || stage.uses(percent, 0),
            || stage.uses(33, 0),
        )?;
    }
    let weekly = |days: u32| {
        let root = root.clone();
        move || -> anyhow::Result<()> {
            (0..4).try_for_each(|week| {
                aged(&root.join(format!("backup/config/{week}.tar")), "x", DAY * (7 * week + days) + HOUR)
            })
        }
    };
    for (days, severity) in [(9, "medium"), (15, "medium")] {
        morning.fault(("check", "backup config", severity), weekly(days), weekly(0))?;
    }
    let hourly = |hours: u32| {
        let root = root.clone();
        move || -> anyhow::Result<()> {
            (0..24).try_for_each(|hour| {
                aged(&root.join(format!("backup/database/{hour}.sql")), "x", HOUR * (hour + hours))
            })
        }
    };
    morning.fault(("check", "backup database", "medium"), hourly(2), hourly(0))?;
    morning.fault(("check", "backup database", "high"), hourly(4), hourly(0))?;
    let oldest = root.join("backup/full-6.tar");
    morning.fault(
        ("check", "backup full", "medium"),
        || Ok(fs::remove_file(&oldest)?),
        || aged(&oldest, "x", DAY * 6),
    )?;
    let renew = |days| {
        authority.issue("server", days)?;
        fs::rename(root.join("certs/server.crt"), root.join("certs/server.pem"))?;
        anyhow::Ok(())
    };
    for (days, severity) in [(20, "medium"), (5, "high")] {
        morning.fault(("certificate-ends", "calejo certificate", severity), || renew(days), || renew(200))?;
    }
    let rejected = "INFO started\n2026-11-28 CRITICAL setpoint rejected\n";
    morning.event(("calejo errors", "medium"), || Ok(fs::write(root.join("log/adapter.log"), rejected)?))?;
    let late = "2026-11-28 WARNING answer of pump 7 is late\n".repeat(101);
    morning.event(("calejo warnings", "low"), || Ok(fs::write(root.join("log/second.log"), late)?))
}
