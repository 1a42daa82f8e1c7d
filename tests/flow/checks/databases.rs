//! Plugins that ask a real MariaDB and a real PostgreSQL, and the profiles made of them.

use std::fs;
use std::path::Path;

use mailbeat_shared::wire::check::{CheckResult, CheckState};
use mailbeat_tests::lab::database::{Database, PASSWORD, USER};

use super::look;

#[test]
fn a_query_to_a_real_mariadb_is_judged_and_its_password_is_on_no_command_line() -> anyhow::Result<()> {
    let database = Database::mariadb()?;
    database.run("CREATE TABLE gen_engines (name VARCHAR(50), engine_alert_heartbeat DATETIME)")?;
    database.run("INSERT INTO gen_engines VALUES ('engine-1', NOW())")?;
    let options = database.dir().join("my.cnf");
    fs::write(&options, format!("[client]\nuser = {USER}\npassword = {PASSWORD}\n"))?;
    let query =
        "SELECT COUNT(*) FROM gen_engines WHERE engine_alert_heartbeat < NOW() - INTERVAL 1800 SECOND";
    let config = format!(
        "[[check]]\nname = 'stale engines'\ntype = 'plugin'\ncommand = ['check_mysql_query', '-f', '{}', '-H', '127.0.0.1', \
         '-P', '{}', '-d', 'shop', '-q', '{query}', '-c', '0']\n",
        options.display(),
        database.port()
    );
    let state = || look(&config).remove(0);
    let well = state();
    assert_eq!(well.state, CheckState::Ok, "{well:?}");
    assert_eq!(well.observations[0].value, 0.0, "{well:?}");
    database.run("INSERT INTO gen_engines VALUES ('engine-2', NOW() - INTERVAL 2 HOUR)")?;
    let stale = state();
    assert_eq!((stale.state, stale.observations[0].value), (CheckState::Critical, 1.0), "{stale:?}");
    database.stop()?;
    let down = state();
    assert_ne!(down.state, CheckState::Ok, "{down:?}");
    database.start()?;
    database.run("DELETE FROM gen_engines WHERE name = 'engine-2'")?;
    assert_eq!(state().state, CheckState::Ok);
    Ok(())
}

#[test]
fn a_query_to_a_real_postgresql_is_judged_and_its_password_comes_from_a_file() -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let database = Database::postgresql()?;
    let file = database.dir().join("pgpass");
    fs::write(&file, format!("127.0.0.1:*:*:{USER}:{PASSWORD}\n"))?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    database.run("CREATE TABLE jobs (failed BOOLEAN)")?;
    let config = format!(
        "[[check]]\nname = 'failed jobs'\ntype = 'plugin'\nenvironment = {{ PGPASSFILE = '{}' }}\ncommand = ['check_pgsql', '-H', '127.0.0.1', \
         '-P', '{}', '-d', 'postgres', '-l', '{USER}', '-q', 'SELECT COUNT(*) FROM jobs WHERE failed', '-W', '0', '-C', '2']\n",
        file.display(),
        database.port()
    );
    let state = || look(&config).remove(0);
    let well = state();
    assert_eq!(well.state, CheckState::Ok, "{well:?}");
    database.run("INSERT INTO jobs VALUES (true), (false)")?;
    assert_eq!(state().state, CheckState::Warning, "{:?}", state());
    database.run("INSERT INTO jobs VALUES (true), (true)")?;
    assert_eq!(state().state, CheckState::Critical);
    database.stop()?;
    let down = state();
    assert_eq!(down.state, CheckState::Critical, "{down:?}");
    assert!(!format!("{well:?}{down:?}").contains(PASSWORD));
    Ok(())
}

/// A shipped profile as the agent takes it, with these places in place of its own.
fn profile(name: &str, places: &[(&str, String)]) -> String {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/profiles").join(format!("{name}.toml"));
    let mut text = fs::read_to_string(file).unwrap();
    for (shipped, here) in places {
        assert!(text.contains(shipped), "the profile {name} does not name {shipped}");
        text = text.replace(shipped, here);
    }
    text
}

fn verdict(seen: &[CheckResult], name: &str) -> (CheckState, String) {
    let found = seen.iter().find(|result| result.name == name).unwrap_or_else(|| panic!("no check {name}"));
    (found.state, found.output.clone())
}

#[test]
fn the_profile_mariadb_is_well_with_a_well_server_and_tells_each_fault() -> anyhow::Result<()> {
    let database = Database::mariadb()?;
    let (options, backups, log) =
        (database.dir().join("my.cnf"), database.dir().join("backups"), database.dir().join("error.log"));
    fs::write(&options, format!("[client]\nuser = {USER}\npassword = {PASSWORD}\n"))?;
    fs::create_dir(&backups)?;
    fs::write(backups.join("shop.sql.gz"), vec![7; 5_000])?;
    let config = profile(
        "mariadb",
        &[
            ("/etc/mailbeat/my.cnf", options.display().to_string()),
            ("3306", database.port().to_string()),
            ("/var/backups/mysql", backups.display().to_string()),
            ("/var/log/mysql/error.log", log.display().to_string()),
        ],
    );
    let seen = look(&config);
    for name in ["port", "connections", "refused connections", "errors", "backup"] {
        let (state, said) = verdict(&seen, &format!("mariadb {name}"));
        assert_eq!(state, CheckState::Ok, "{name}: {said}");
    }
    fs::remove_file(backups.join("shop.sql.gz"))?;
    assert_eq!(verdict(&look(&config), "mariadb backup").0, CheckState::Critical);
    database.stop()?;
    let seen = look(&config);
    assert_eq!(verdict(&seen, "mariadb port").0, CheckState::Critical);
    assert_ne!(verdict(&seen, "mariadb connections").0, CheckState::Ok);
    Ok(())
}

#[test]
fn the_profile_postgresql_is_well_with_a_well_server_and_tells_each_fault() -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let database = Database::postgresql()?;
    let (file, backups) = (database.dir().join("pgpass"), database.dir().join("backups"));
    fs::write(&file, format!("127.0.0.1:*:*:{USER}:{PASSWORD}\n"))?;
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
    fs::create_dir(&backups)?;
    let backup = backups.join("all.dump");
    fs::write(&backup, vec![7; 5_000])?;
    let config = profile(
        "postgresql",
        &[
            ("/etc/mailbeat/pgpass", file.display().to_string()),
            ("5432", database.port().to_string()),
            ("\"-l\", \"mailbeat\"", format!("\"-l\", \"{USER}\"")),
            ("/var/backups/postgresql", backups.display().to_string()),
        ],
    );
    let seen = look(&config);
    for name in ["port", "clients", "long transactions", "errors", "backup"] {
        let (state, said) = verdict(&seen, &format!("postgresql {name}"));
        assert_eq!(state, CheckState::Ok, "{name}: {said}");
    }
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    fs::File::options().write(true).open(&backup)?.set_modified(old)?;
    assert_eq!(verdict(&look(&config), "postgresql backup").0, CheckState::Critical);
    database.stop()?;
    let seen = look(&config);
    assert_eq!(verdict(&seen, "postgresql port").0, CheckState::Critical);
    assert_eq!(verdict(&seen, "postgresql clients").0, CheckState::Critical);
    Ok(())
}
