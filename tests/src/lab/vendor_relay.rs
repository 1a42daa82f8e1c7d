//! The vendor's relay of packaging/mailserver as a private instance: its `install.sh` with the variables it offers, below a directory of
//! its own, and the three servers that runs over.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::database::perform;
use super::process::{Place, Server};
use super::{postfix, wait_for};
use crate::programs::PATIENCE;

const PACKAGES: &str = "postfix dovecot-core dovecot-imapd dovecot-lmtpd policyd-rate-limit openssl";

/// A running relay; stopped and removed when dropped.
#[derive(Debug)]
pub struct VendorRelay {
    place: Place,
    /// TLS from the first byte.
    pub submissions: u16,
    /// STARTTLS.
    pub submission: u16,
    /// The receiver's way to the mailbox.
    pub imaps: u16,
    settings: String,
    servers: [Server; 3],
}

impl VendorRelay {
    /// A relay for `reports@example.test` on `localhost` that takes so many mails of a login, as `[[MAILS, SECONDS]]`.
    ///
    /// # Errors
    /// A package is missing, we are not root, or a server does not start: with its own words.
    pub fn start(limits: &str) -> anyhow::Result<Self> {
        let place = Place::make("relay")?;
        let [submissions, submission, imaps] = [0, 1, 2].map(|number| place.port(number));
        let root = place.root();
        let path = |below: &str| root.join(below).display().to_string();
        let install = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/mailserver/install.sh");
        let mut command = Command::new(install);
        command
            .envs([
                ("HOST", "localhost"),
                ("DOMAIN", "relay.vendor.test"),
                ("REPORTS", "reports@example.test"),
            ])
            .envs(
                [("ROOT", path("")), ("LOG", path("log"))]
                    .map(|(name, path)| (name, path.trim_end_matches('/').to_owned())),
            )
            .envs([("LISTEN", "127.0.0.1"), ("OWNER", "mail"), ("LIMITS", limits)])
            .envs(
                [("SUBMISSIONS_PORT", submissions), ("SUBMISSION_PORT", submission), ("IMAPS_PORT", imaps)]
                    .map(|(name, port)| (name, port.to_string())),
            );
        let said = perform(&mut command, PACKAGES)?;
        let settings =
            said.find("[relay]").map(|at| said[at..].to_owned()).context("no [relay] table was printed")?;
        postfix::back_date(root)?;
        let servers = [
            Server::new(
                root,
                "rate-limit",
                PACKAGES,
                &["policyd-rate-limit", "--file", &path("etc/policyd-rate-limit.yaml")],
            ),
            Server::new(
                root,
                "dovecot",
                PACKAGES,
                &["dovecot", "-F", "-c", &path("etc/dovecot/dovecot.conf")],
            ),
            Server::new(root, "postfix", PACKAGES, &[postfix::PROGRAM, "-c", &path("etc/postfix")])
                .leading_itself(),
        ];
        let relay = Self { place, submissions, submission, imaps, settings, servers };
        relay.servers.iter().try_for_each(Server::start)?;
        wait_for("the relay's servers to listen", PATIENCE, || relay.listening())
            .with_context(|| relay.logs())?;
        Ok(relay)
    }

    fn listening(&self) -> anyhow::Result<Option<()>> {
        ensure!(self.servers.iter().all(Server::is_running), "a server of the relay ended");
        let sockets = ["ratelimit/policy", "private/auth", "private/dovecot-lmtp"];
        let there =
            sockets.iter().all(|name| self.place.root().join("var/spool/postfix").join(name).exists());
        let connects = |port: &u16| TcpStream::connect(("127.0.0.1", *port)).is_ok();
        Ok((there && [self.submissions, self.submission, self.imaps].iter().all(connects)).then_some(()))
    }

    /// The `[relay]` table that the installation printed for `receiver.toml`.
    #[must_use]
    pub fn settings(&self) -> &str {
        &self.settings
    }

    /// The `[[mailbox]]` table of the reports mailbox, with the password the installation made.
    #[must_use]
    pub fn mailbox(&self) -> String {
        let pin = self.settings.lines().find(|line| line.starts_with("tls_pin")).unwrap_or_default();
        format!(
            "[[mailbox]]\ntype = \"imap\"\nname = \"reports\"\nhost = \"localhost\"\nport = {}\n{pin}\nusername = \"reports@example.test\"\npassword_file = {:?}\npoll_interval_s = 1\n",
            self.imaps,
            self.place.root().join("etc/dovecot/mailbeat/reports.password")
        )
    }

    /// How many mails are in the mailbox, whatever their folder.
    ///
    /// # Errors
    /// The mailbox cannot be read.
    pub fn mails(&self) -> anyhow::Result<usize> {
        let maildir = self.place.root().join("var/mail/mailbeat/reports/Maildir");
        let count = |dir: PathBuf| fs::read_dir(dir).map_or(0, |entries| entries.flatten().count());
        let folders =
            ["", ".Junk", ".Mailbeat.Processed", ".Mailbeat.Quarantine"].map(|folder| maildir.join(folder));
        Ok(folders.iter().map(|folder| count(folder.join("new")) + count(folder.join("cur"))).sum())
    }

    /// What the servers logged.
    #[must_use]
    pub fn logs(&self) -> String {
        let logs = fs::read_dir(self.place.root().join("log")).into_iter().flatten().flatten();
        logs.map(|entry| fs::read_to_string(entry.path()).unwrap_or_default()).collect()
    }
}

impl Drop for VendorRelay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.logs());
        }
        self.place.close(&self.servers);
    }
}
