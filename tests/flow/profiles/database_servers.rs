//! Database servers: a real MariaDB and a real PostgreSQL with guests who stay, errors they note themselves, and backups.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use mailbeat_tests::lab::database::{Database, Guests, PASSWORD, USER};
use mailbeat_tests::site::aged;
use mailbeat_tests::stage::Stage;

use super::morning::Morning;
use super::{DAY, HOUR};

/// The backup is a day late, lost, or empty.
fn backups(morning: &Morning, check: &str, file: &Path) -> anyhow::Result<()> {
    let whole = "x".repeat(5_000);
    let well = || aged(file, &whole, HOUR);
    morning.fault(("check", check, "medium"), || aged(file, &whole, HOUR * 30), well)?;
    morning.fault(("check", check, "high"), || aged(file, &whole, DAY * 3), well)?;
    morning.fault(("check", check, "medium"), || aged(file, "x", HOUR), well)?;
    morning.fault(("check", check, "high"), || Ok(fs::remove_file(file)?), well)
}

/// So many guests come, and leave when it is mended.
fn crowd<'a>(
    database: &'a Database,
    room: &'a RefCell<Option<Guests>>,
    count: usize,
) -> (impl FnOnce() -> anyhow::Result<()> + 'a, impl FnOnce() + 'a) {
    let come = move || {
        *room.borrow_mut() = Some(database.guests(count)?);
        Ok(())
    };
    (come, move || drop(room.borrow_mut().take()))
}

#[test]
fn each_fault_of_a_mariadb_becomes_its_ticket_and_resolves() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let stage = Stage::set(&home.path().join("stage"))?;
    let database = Database::mariadb()?;
    // Those that no guest takes are enough for checks that ask at the same time.
    database.run("SET GLOBAL max_connections = 40")?;
    stage.unit("mariadb.service", &database.pid_file())?;
    let options = home.path().join("my.cnf");
    fs::write(&options, format!("[client]\nuser = {USER}\npassword = {PASSWORD}\n"))?;
    let backup = home.path().join("backups/shop.sql.gz");
    aged(&backup, &"x".repeat(5_000), HOUR)?;
    let places = |_: &_| {
        Ok(vec![
            ("/etc/mailbeat/my.cnf", options.display().to_string()),
            ("3306", database.port().to_string()),
            ("/var/backups/mysql", home.path().join("backups").display().to_string()),
            ("/var/log/mysql/error.log", database.log_file().display().to_string()),
        ])
    };
    let morning = Morning::begin_on(Some(&stage), None, "mariadb", "db-01", places, &[])?;

    let room = RefCell::default();
    for (guests, severity) in [(24, "medium"), (34, "high")] {
        let (come, leave) = crowd(&database, &room, guests);
        morning.fault(("check", "mariadb connections", severity), come, leave)?;
    }
    let refused = ("check", "mariadb refused connections", "medium");
    morning.fault(
        refused,
        || {
            let guests = database.guests(41)?;
            let more = || Ok(database.run("SELECT 1").is_err().then_some(()));
            mailbeat_tests::programs::wait_for(
                "somebody to be refused",
                mailbeat_tests::programs::PATIENCE,
                more,
            )?;
            drop(guests);
            anyhow::Ok(())
        },
        || {
            // Counted since the server started.
            database.stop()?;
            database.start()
        },
    )?;
    let down = [
        ("check", "mariadb service", "critical"),
        ("check", "mariadb port", "high"),
        ("check", "mariadb connections", "high"),
        ("check", "mariadb refused connections", "high"),
    ];
    morning.faults(&down, || database.stop(), || database.start())?;
    morning.event(("mariadb errors", "medium"), || {
        // A table whose index is destroyed below the server.
        let table = "CREATE TABLE torn (a INT PRIMARY KEY) ENGINE = MyISAM; INSERT INTO torn SELECT seq FROM seq_1_to_1000";
        database.run(&format!("{table}; FLUSH TABLES"))?;
        fs::File::options().write(true).open(database.dir().join("data/shop/torn.MYI"))?.set_len(1024)?;
        let read = database.run("SELECT * FROM torn WHERE a = 7");
        anyhow::ensure!(read.is_err(), "half an index is an error");
        anyhow::Ok(())
    })?;
    backups(&morning, "mariadb backup", &backup)
}

#[test]
fn each_fault_of_a_postgresql_becomes_its_ticket_and_resolves() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let database = Database::postgresql()?;
    // Three of them are a superuser's.
    database.run("ALTER SYSTEM SET max_connections = 40")?;
    database.stop()?;
    database.start()?;
    let passwords = home.path().join("pgpass");
    fs::write(&passwords, format!("127.0.0.1:*:*:{USER}:{PASSWORD}\n"))?;
    fs::set_permissions(&passwords, fs::Permissions::from_mode(0o600))?;
    let backup = home.path().join("backups/all.dump");
    aged(&backup, &"x".repeat(5_000), HOUR)?;
    let logs = database.log_file().with_file_name("*.log");
    let places = |_: &_| {
        Ok(vec![
            ("/etc/mailbeat/pgpass", passwords.display().to_string()),
            ("5432", database.port().to_string()),
            ("\"-l\", \"mailbeat\"", format!("\"-l\", \"{USER}\"")),
            ("/var/backups/postgresql", home.path().join("backups").display().to_string()),
            ("/var/log/postgresql/*.log", logs.display().to_string()),
            // Nobody waits for a quarter of an hour.
            ("\"0:900\"", "\"0:3\"".into()),
        ])
    };
    let morning = Morning::begin("postgresql", "db-02", places, &[])?;

    let room = RefCell::default();
    for (guests, severity) in [(22, "medium"), (33, "high")] {
        let (come, leave) = crowd(&database, &room, guests);
        morning.fault(("check", "postgresql clients", severity), come, leave)?;
    }
    morning.fault(
        ("check", "postgresql long transactions", "medium"),
        || {
            *room.borrow_mut() = Some(database.guest_who("BEGIN; SELECT 1")?);
            anyhow::Ok(())
        },
        || drop(room.borrow_mut().take()),
    )?;
    let down = [
        ("check", "postgresql port", "critical"),
        ("check", "postgresql clients", "high"),
        ("check", "postgresql long transactions", "high"),
    ];
    morning.faults(&down, || database.stop(), || database.start())?;
    morning.event(("postgresql errors", "medium"), || {
        // Somebody who is not known.
        let (port, mut stranger) = (database.port().to_string(), Command::new("psql"));
        stranger.args([
            "-X",
            "-w",
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            "stranger",
            "postgres",
            "-c",
            "SELECT 1",
        ]);
        stranger.env("PGPASSWORD", "guessed").output().map(drop).map_err(anyhow::Error::from)
    })?;
    backups(&morning, "postgresql backup", &backup)
}
