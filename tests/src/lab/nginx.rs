//! A real nginx: a customer's web server, in a directory and on ports of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;

use super::process::{Place, Server};
use super::{missing, wait_for};
use crate::programs::PATIENCE;

/// A web server; stopped and removed when dropped.
#[derive(Debug)]
pub struct Nginx {
    server: Server,
    place: Place,
}

impl Nginx {
    /// One that is not started yet.
    ///
    /// # Errors
    /// No directory can be made, or no port is free.
    pub fn new() -> anyhow::Result<Self> {
        let place = Place::make("nginx")?;
        let (root, config) =
            (place.root().display().to_string(), place.root().join("nginx.conf").display().to_string());
        let command = ["nginx", "-p", &root, "-c", &config, "-e", &format!("{root}/log/error.log")];
        Ok(Self { server: Server::new(place.root(), "nginx", "nginx", &command), place })
    }

    /// Starts it with these `server` blocks and waits until it listens on its first port.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(&self, servers: &str) -> anyhow::Result<()> {
        self.configure(servers)?;
        self.server.start()?;
        wait_for("nginx to listen", PATIENCE, || {
            ensure!(self.server.is_running(), "nginx ended: {}", fs::read_to_string(self.error_log())?);
            Ok(std::net::TcpStream::connect(("127.0.0.1", self.port(0))).ok().map(drop))
        })
    }

    /// Goes on with other blocks, or with the same and new certificates.
    ///
    /// # Errors
    /// nginx does not take them.
    pub fn reload(&self, servers: &str) -> anyhow::Result<()> {
        self.configure(servers)?;
        let (root, config) = (self.place.root(), self.place.root().join("nginx.conf"));
        let mut command = Command::new("nginx");
        command.arg("-p").arg(root).arg("-c").arg(config).arg("-e").arg(self.error_log());
        let done = command.args(["-s", "reload"]).output();
        let done = done.map_err(|error| missing("nginx", "nginx", &error))?;
        ensure!(done.status.success(), "nginx: {}", String::from_utf8_lossy(&done.stderr));
        Ok(())
    }

    /// Stops it.
    ///
    /// # Errors
    /// It had died before.
    pub fn stop(&self) -> anyhow::Result<()> {
        self.server.stop()
    }

    /// One of the ports that are reserved for it.
    #[must_use]
    pub fn port(&self, number: u16) -> u16 {
        self.place.port(number)
    }

    /// Where it writes its errors.
    #[must_use]
    pub fn error_log(&self) -> PathBuf {
        self.place.root().join("log/error.log")
    }

    /// Where its process number is while it runs.
    #[must_use]
    pub fn pid_file(&self) -> PathBuf {
        self.place.root().join("nginx.pid")
    }

    /// Its directory, for files of the story.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.place.root()
    }

    fn configure(&self, servers: &str) -> anyhow::Result<()> {
        let root = self.place.root().display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("    {kind}_temp_path {root}/{kind};\n"))
            .concat();
        let text = format!(
            "daemon off;\nuser root;\nworker_processes 1;\npid {root}/nginx.pid;\nevents {{ worker_connections 64; }}\n\
             http {{\n    access_log off;\n{temporary}{servers}\n}}\n"
        );
        Ok(fs::write(self.place.root().join("nginx.conf"), text)?)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.place.close([&self.server]);
    }
}
