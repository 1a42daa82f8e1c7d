//! A private database: a real MariaDB or PostgreSQL, in a directory and on a port of its own.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::ports::Block;
use super::process::{Guardian, Server};
use super::{missing, postfix, wait_for};
use crate::programs::PATIENCE;

/// Who may look, and with which password.
pub const USER: &str = "watch";
/// See [`USER`].
pub const PASSWORD: &str = "wachsam";

/// A running database; stopped and removed when dropped.
#[derive(Debug)]
pub struct Database {
    root: PathBuf,
    port: u16,
    server: Server,
    /// The client, ready for a statement as its last argument.
    client: Vec<String>,
    guardian: Guardian,
    _block: Block,
}

impl Database {
    /// MariaDB with a database `shop`.
    ///
    /// # Errors
    /// It is not installed or does not start.
    pub fn mariadb() -> anyhow::Result<Self> {
        let (root, block, guardian) = place()?;
        let (data, socket) = (
            format!("--datadir={}", root.join("data").display()),
            format!("--socket={}", root.join("sock").display()),
        );
        let port = block.port(0);
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
        let server = Server::new(&root, "mariadb", "mariadb-server", &command);
        let client = ["mariadb", "--no-defaults", &socket, "--user=root", "--batch", "shop", "-e"]
            .map(str::to_owned)
            .to_vec();
        Self { root, port, server, client, guardian, _block: block }.up()
    }

    /// PostgreSQL with its database `postgres`.
    ///
    /// # Errors
    /// It is not installed or does not start.
    pub fn postgresql() -> anyhow::Result<Self> {
        let (root, block, guardian) = place()?;
        let port = block.port(0);
        // It does not run as root.
        chown(&root, Some(postfix::id_of("/etc/passwd", "postgres")?), None)?;
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
        let server = Server::new(&root, "postgresql", "postgresql", &command);
        let client =
            ["psql", "-X", "-v", "ON_ERROR_STOP=1", "-h", &here, "-p", &listen, "-U", "postgres", "-c"]
                .map(str::to_owned)
                .to_vec();
        let database = Self { root, port, server, client, guardian, _block: block }.up()?;
        database.run(&format!("CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_read_all_data"))?;
        Ok(database)
    }

    fn up(self) -> anyhow::Result<Self> {
        fs::create_dir_all(self.root.join("pids"))?;
        self.start()?;
        Ok(self)
    }

    /// Where it listens, on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its directory, for files of the story.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.root
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
        let logs = fs::read_dir(self.root.join("log")).into_iter().flatten().flatten();
        logs.map(|entry| fs::read_to_string(entry.path()).unwrap_or_default()).collect()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.guardian.finish(false);
        self.server.bury();
    }
}

pub(super) fn place() -> anyhow::Result<(PathBuf, Block, Guardian)> {
    let block = Block::reserve()?;
    let root = tempfile::Builder::new().prefix("mailbeat-db-").tempdir_in("/tmp")?.keep();
    let guardian = Guardian::over(&root)?;
    fs::set_permissions(&root, fs::Permissions::from_mode(0o755))?;
    for dir in ["log", "pids"] {
        fs::create_dir(root.join(dir))?;
    }
    Ok((root, block, guardian))
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

/// What a program printed that must end well.
pub(super) fn perform(command: &mut Command, package: &str) -> anyhow::Result<String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| missing(&program, package, &error))?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    ensure!(output.status.success(), "{program}: {}", said.trim());
    Ok(said)
}
