//! Servers that are stopped, started again, and given other certificates. A server counts as started when it has answered; one that
//! dies meanwhile is an error with the last lines of the logs.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::process::Server;
use super::{Certificate, Lab, ca, wait_for};
use crate::programs::PATIENCE;

impl Lab {
    /// Stops the IMAP server and ends its sessions. Mail still comes in.
    ///
    /// # Errors
    /// It had died before.
    pub fn stop_imap(&self) -> anyhow::Result<()> {
        self.imap.stop()
    }

    /// Starts the IMAP server again and waits until it answers.
    ///
    /// # Errors
    /// It does not come up.
    pub fn start_imap(&self) -> anyhow::Result<()> {
        self.imap.start()?;
        self.wait_for_imap()
    }

    /// Stops Postfix; what is in its queue stays there.
    ///
    /// # Errors
    /// Postfix had died before.
    pub fn stop_postfix(&self) -> anyhow::Result<()> {
        self.postfix.stop()
    }

    /// Starts Postfix again and waits until it answers.
    ///
    /// # Errors
    /// It does not come up.
    pub fn start_postfix(&self) -> anyhow::Result<()> {
        self.postfix.start()?;
        self.wait_for_postfix()
    }

    /// Soon the servers show a certificate that is valid for so many days; they answer all the while.
    ///
    /// # Errors
    /// `openssl` failed, or a server does not run.
    pub fn certify(&self, days: u32) -> anyhow::Result<()> {
        ca::issue(&self.root.join("tls"), Certificate::Good, &days.to_string())?;
        self.imap.reload()?;
        self.postfix.reload()
    }

    /// Where the process number of Postfix, and that of the IMAP server, is while they run.
    #[must_use]
    pub fn pid_files(&self) -> [PathBuf; 2] {
        [self.postfix.pid_file(), self.imap.pid_file()]
    }

    /// Ends every SMTP session, so that whoever goes on signs in anew.
    ///
    /// # Errors
    /// As [`Lab::stop_postfix`] and [`Lab::start_postfix`].
    pub fn restart_postfix(&self) -> anyhow::Result<()> {
        self.stop_postfix()?;
        self.start_postfix()
    }

    pub(super) fn wait_for_imap(&self) -> anyhow::Result<()> {
        self.wait_until_answering(&self.imap, self.ports.imap, "* OK")
    }

    pub(super) fn wait_for_postfix(&self) -> anyhow::Result<()> {
        self.wait_until_answering(&self.postfix, self.ports.mx, "220 ")
    }

    fn wait_until_answering(&self, server: &Server, port: u16, greeting: &str) -> anyhow::Result<()> {
        let answers = || {
            let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
            stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line).ok()?;
            line.starts_with(greeting).then_some(())
        };
        let waited = wait_for(&format!("{greeting:?} on port {port}"), PATIENCE, || {
            ensure!(server.is_running(), "a server did not start");
            Ok(answers())
        });
        waited.with_context(|| self.logs())
    }
}
