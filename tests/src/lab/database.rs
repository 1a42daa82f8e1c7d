//! A private database: a real MariaDB or PostgreSQL, in a directory and on a port of its own.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};

use super::process::{Place, Server};
use super::{missing, postfix, wait_for};
use crate::programs::PATIENCE;

/// Who may look, and with which password.
pub const USER: &str = "watch";
/// See [`USER`].
pub const PASSWORD: &str = "wachsam";

/// A running database; stopped and removed when dropped.
#[derive(Debug)]
pub struct Database {
    server: Server,
    /// The client, ready for a statement as its last argument.
    client: Vec<String>,
    place: Place,
}

impl Database {
    /// MariaDB with a database `shop`.
    ///
    /// # Errors
    /// It is not installed or does not start.
    pub fn mariadb() -> anyhow::Result<Self> {
        let place = Place::make("db")?;
        let root = place.root();
        let (data, socket) = (
            format!("--datadir={}", root.join("data").display()),
            format!("--socket={}", root.join("sock").display()),
        );
        let port = place.port(0);
        let plain =
            ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", "--user=root"];
        perform(Command::new("mariadb-install-db").args(plain).arg(&data), "mariadb-server")?;
        let init = root.join("init.sql");
        fs::write(
            &init,
            format!(
                "CREATE DATABASE IF NOT EXISTS shop;\nCREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\nGRANT SELECT ON shop.* TO '{USER}'@'%';\n"
            ),
        )?;
        let (listen, pid) = (format!("--port={port}"), format!("--pid-file={}", root.join("pid").display()));
        let init = format!("--init-file={}", init.display());
        let command = [
            "mariadbd",
            "--no-defaults",
            "--user=root",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            &data,
            &socket,
            &listen,
            &pid,
            &init,
        ];
        let server = Server::new(root, "mariadb", "mariadb-server", &command);
        let client = ["mariadb", "--no-defaults", &socket, "--user=root", "--batch", "shop", "-e"]
            .map(str::to_owned)
            .to_vec();
        Self { server, client, place }.up()
    }

    /// PostgreSQL with its database `postgres`.
    ///
    /// # Errors
    /// It is not installed or does not start.
    pub fn postgresql() -> anyhow::Result<Self> {
        let place = Place::make("db")?;
        let root = place.root();
        let port = place.port(0);
        // It does not run as root.
        chown(root, Some(postfix::id_of("/etc/passwd", "postgres")?), None)?;
        let as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"];
        let (programs, data) = (programs()?, root.join("data").display().to_string());
        let initdb = programs.join("initdb").display().to_string();
        let mut init = Command::new(as_postgres[0]);
        init.args(&as_postgres[1..]).args([&initdb, "-D", &data, "-N", "-U", "postgres"]);
        init.args(["--auth-local=trust", "--auth-host=scram-sha-256"]).current_dir("/");
        perform(&mut init, "postgresql")?;
        let (postgres, here, listen) =
            (programs.join("postgres").display().to_string(), root.display().to_string(), port.to_string());
        let command = [
            &as_postgres[..],
            &[&postgres, "-D", &data, "-k", &here, "-h", "127.0.0.1", "-p", &listen, "-c", "fsync=off"],
        ]
        .concat();
        let server = Server::new(root, "postgresql", "postgresql", &command);
        let client =
            ["psql", "-X", "-v", "ON_ERROR_STOP=1", "-h", &here, "-p", &listen, "-U", "postgres", "-c"]
                .map(str::to_owned)
                .to_vec();
        let database = Self { server, client, place }.up()?;
        database.run(&format!(
            "CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_read_all_data, pg_monitor"
        ))?;
        Ok(database)
    }

    fn up(self) -> anyhow::Result<Self> {
        self.start()?;
        Ok(self)
    }

    /// Where it listens, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.place.port(0)
    }

    /// Its directory, for files of the story.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.place.root()
    }

    /// Where its process number is while it runs.
    #[must_use]
    pub fn pid_file(&self) -> PathBuf {
        self.server.pid_file()
    }

    /// Where it writes its log.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.server.log_file()
    }

    /// So many people who have signed in and ask nothing. They leave when this is dropped.
    ///
    /// # Errors
    /// A client cannot be started.
    pub fn guests(&self, count: usize) -> anyhow::Result<Guests> {
        (0..count).map(|_| self.guest("SELECT 1")).collect::<anyhow::Result<_>>().map(Guests)
    }

    /// Somebody who has said this and stays.
    ///
    /// # Errors
    /// The client cannot be started.
    pub fn guest_who(&self, says: &str) -> anyhow::Result<Guests> {
        Ok(Guests(vec![self.guest(says)?]))
    }

    fn guest(&self, says: &str) -> anyhow::Result<Child> {
        // Without the switch before a statement it reads from its standard input.
        let words = &self.client[1..self.client.len() - 1];
        let mut command = Command::new(&self.client[0]);
        command.args(words).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().with_context(|| self.client[0].clone())?;
        let input = child.stdin.as_mut().context("stdin is piped")?;
        writeln!(input, "{says};")?;
        Ok(child)
    }

    /// Performs a statement as its owner.
    ///
    /// # Errors
    /// What the client said.
    pub fn run(&self, sql: &str) -> anyhow::Result<()> {
        perform(
            Command::new(&self.client[0]).args(&self.client[1..]).arg(sql),
            "mariadb-client, postgresql-client",
        )
        .map(drop)
    }

    /// Stops it; connections are refused.
    ///
    /// # Errors
    /// It had died before.
    pub fn stop(&self) -> anyhow::Result<()> {
        self.server.stop()
    }

    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// It does not come up.
    pub fn start(&self) -> anyhow::Result<()> {
        self.server.start()?;
        let answers = || {
            ensure!(self.server.is_running(), "the database ended:\n{}", self.log());
            Ok(self.run("SELECT 1").ok())
        };
        wait_for("the database to answer", PATIENCE, answers).with_context(|| self.log())
    }

    fn log(&self) -> String {
        let logs = fs::read_dir(self.place.root().join("log")).into_iter().flatten().flatten();
        logs.map(|entry| fs::read_to_string(entry.path()).unwrap_or_default()).collect()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.place.close([&self.server]);
    }
}

/// PostgreSQL's own programs of the newest version there is.
fn programs() -> anyhow::Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .context("PostgreSQL is not installed (Debian package: postgresql)")?;
    let programs = versions
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|bin| bin.join("initdb").is_file());
    programs.max().context("no initdb below /usr/lib/postgresql")
}

/// Connections that are held.
#[derive(Debug)]
pub struct Guests(Vec<Child>);

impl Drop for Guests {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What a program printed that must end well.
pub(super) fn perform(command: &mut Command, package: &str) -> anyhow::Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| missing(&program, package, &error))?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    ensure!(output.status.success(), "{program}: {}", said.trim());
    Ok(said)
}
