//! An IT service manager: a real MariaDB with its tables, units, logs, dumps, its disk and its swap.
//!
//! Its units run programs that do nothing, except MariaDB's; its management interface is an nginx with a certificate.

use std::fs;
use std::time::Duration;

use mailbeat_tests::disk::Disk;
use mailbeat_tests::lab::database::{Database, PASSWORD, USER};
use mailbeat_tests::lab::nginx::Nginx;
use mailbeat_tests::site::{Authority, aged};
use mailbeat_tests::stage::Stage;

use super::morning::Morning;
use super::{DAY, HOUR};

const PLUGINS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/plugins");
const TABLES: &str = "CREATE DATABASE koaly; GRANT SELECT ON koaly.* TO 'watch'@'%';
    CREATE TABLE koaly.gen_engines (engine_name VARCHAR(50), engine_alert_heartbeat DATETIME);
    CREATE TABLE koaly.gen_job_logs (event VARCHAR(20), job_log_date DATETIME);
    INSERT INTO koaly.gen_engines VALUES ('engine-1', NOW()), ('engine-7', NOW());
    INSERT INTO koaly.gen_job_logs SELECT 'ERROR', NOW() - INTERVAL 2 HOUR FROM seq_1_to_50";

#[test]
fn each_fault_of_a_service_manager_becomes_its_ticket_and_resolves() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let (root, stage) = (home.path().join("koaly"), Stage::set(&home.path().join("stage"))?);
    let database = Database::mariadb()?;
    database.run(TABLES)?;
    stage.unit("mariadb.service", &database.pid_file())?;
    let portal = stage.idle_unit("koaly-exp-portal.service")?;
    let engine = stage.idle_unit("koaly-exp-engine.service")?;
    let authority = Authority::new(&home.path().join("certs"))?;
    authority.issue("koaly", 200)?;
    let web = Nginx::new()?;
    let certificate = home.path().join("certs/koaly").display().to_string();
    let page = format!(
        "server {{ listen 127.0.0.1:{} ssl; ssl_certificate {certificate}.crt; ssl_certificate_key {certificate}.key; }}",
        web.port(0)
    );
    web.start(&page)?;
    stage.unit("koaly-management-interface.service", &web.pid_file())?;
    let disk = Disk::image(&root.join("data"), 16)?;
    let logs = [
        "engine/logs/mail",
        "engine/logs/error",
        "engine/logs/warn",
        "engine/logs/sms",
        "engine/logs/engine_sync",
        "portal/logs/koaly_exp_error",
        "portal/logs/tickets_sync",
    ];
    for log in logs {
        aged(&root.join(format!("exp/{log}.log")), "INFO started\n", Duration::ZERO)?;
    }
    let dump = |day: u32| root.join(format!("backup/sql/{day}.sql.gz"));
    let dumped =
        |day: u32, days_more: u32| aged(&dump(day), &"x".repeat(2_000), DAY * (day + days_more) + HOUR);
    (0..10).try_for_each(|day| dumped(day, 0))?;
    aged(&root.join("backup/documents/2026/contract.odt"), "x", HOUR)?;
    let options = home.path().join("koaly-db.cnf");
    let socket = database.dir().join("sock");
    fs::write(
        &options,
        format!(
            "[client]\nuser = {USER}\npassword = {PASSWORD}\ndatabase = koaly\nsocket = {}\n",
            socket.display()
        ),
    )?;
    let places = |_: &_| {
        Ok(vec![
            ("/home/koaly", root.display().to_string()),
            ("/etc/mailbeat/koaly-db.cnf", options.display().to_string()),
            ("/usr/share/mailbeat-agent/plugins", PLUGINS.to_owned()),
            ("port = 8081", format!("port = {}", web.port(0))),
            ("localhost:8081", format!("localhost:{}", web.port(0))),
        ])
    };
    let morning =
        Morning::begin_on(Some(&stage), Some(&root.join("data")), "cockpit-itsm", "cockpit-01", places, &[])?;

    // What the database tells.
    let stale = "UPDATE koaly.gen_engines SET engine_alert_heartbeat = NOW() - INTERVAL 31 MINUTE WHERE engine_name = 'engine-7'";
    morning.fault(
        ("check", "stale engines", "high"),
        || database.run(stale),
        || {
            morning.mail(&["stale engines", "engine-7"]).map(drop)?;
            database.run("UPDATE koaly.gen_engines SET engine_alert_heartbeat = NOW()")
        },
    )?;
    let errors = |count: u32| {
        let rows = format!("INSERT INTO koaly.gen_job_logs SELECT 'ERROR', NOW() FROM seq_1_to_{count}");
        let database = &database;
        move || database.run(&rows)
    };
    let cleaned =
        || database.run("DELETE FROM koaly.gen_job_logs WHERE job_log_date > NOW() - INTERVAL 90 MINUTE");
    morning.fault(("check", "job errors", "high"), errors(10), cleaned)?;
    morning.fault(("check", "job errors", "critical"), errors(100), cleaned)?;
    let down = [
        ("check", "mysql", "critical"),
        ("check", "stale engines", "low"),
        ("check", "job errors", "critical"),
    ];
    morning.faults(&down, || database.stop(), || database.start())?;

    // Units and the management interface.
    for (unit, name) in [(&portal, "koaly portal"), (&engine, "koaly engine")] {
        morning.fault(("check", name, "critical"), || unit.stop(), || unit.start())?;
    }
    let gone = [
        ("check", "koaly management", "medium"),
        ("check", "koaly web", "high"),
        ("check", "koaly certificate", "high"),
    ];
    morning.faults(&gone, || web.stop(), || web.start(&page))?;
    let renew = |days| {
        authority.issue("koaly", days)?;
        web.reload(&page)
    };
    for (days, severity) in [(20, "medium"), (5, "high")] {
        morning.fault(("certificate-ends", "koaly certificate", severity), || renew(days), || renew(200))?;
    }

    // Backups.
    let dumps = |severity| ("check", "database dumps", severity);
    let all = |days_more: u32| {
        let dumped = &dumped;
        move || (0..10).try_for_each(|day| dumped(day, days_more))
    };
    morning.fault(dumps("medium"), all(1), all(0))?;
    morning.fault(dumps("high"), all(2), all(0))?;
    morning.fault(dumps("medium"), || Ok(fs::remove_file(dump(9))?), || dumped(9, 0))?;
    morning.fault(dumps("medium"), || aged(&dump(0), "x", HOUR), || dumped(0, 0))?;
    let document = root.join("backup/documents/2026/contract.odt");
    for (age, severity) in [(HOUR * 26, "medium"), (DAY * 3, "high")] {
        morning.fault(
            ("check", "documents backup", severity),
            || aged(&document, "x", age),
            || aged(&document, "x", HOUR),
        )?;
    }

    // The disk of the data, and swap, which must be nil.
    let at = root.join("data").display().to_string();
    for (percent, severity) in [(84, "medium"), (93, "high")] {
        morning.fault(("cockpit-disk-full", &at, severity), || disk.fill_to(percent), || disk.clear())?;
    }
    morning.fault(("cockpit-disk-full", &at, "critical"), || disk.fill(), || disk.clear())?;
    for (percent, severity) in [(3, "medium"), (60, "high")] {
        morning.fault(
            ("cockpit-swap-used", "", severity),
            || stage.uses(33, percent),
            || stage.uses(33, 0),
        )?;
    }
    morning.fault(("memory-high", "", "medium"), || stage.uses(94, 0), || stage.uses(33, 0))?;

    // Logs: a line is news once.
    let append = |log: &str, line: &str, times: usize| -> anyhow::Result<()> {
        let path = root.join(format!("exp/{log}.log"));
        Ok(fs::write(&path, fs::read_to_string(&path)? + &line.repeat(times))?)
    };
    let refused = "2026-11-28 07:00:01 ERROR mail to customer@acme.test refused by SMTP server\n";
    morning.event(("mail to customers", "medium"), || append("engine/logs/mail", refused, 1))?;
    morning.event(("koaly errors", "medium"), || append("engine/logs/sms", "07:00 ERROR no modem\n", 1))?;
    let storm = "07:00 ERROR no connection\n";
    morning.event(("koaly errors", "high"), || append("portal/logs/koaly_exp_error", storm, 120))?;
    morning.event(("tickets sync", "medium"), || append("portal/logs/tickets_sync", "07:00 ERROR twice\n", 1))
}
