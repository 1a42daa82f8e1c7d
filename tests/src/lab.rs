//! A lab: real Dovecot and real Postfix as private instances, one pair a test.
//!
//! Everything lives in one directory below that for temporary files and on 127.0.0.0/8. Dropping the [`Lab`] stops the servers and removes
//! the directory; it is kept, and printed, when the test panics or `MAILBEAT_KEEP_LAB` is set. The servers need root to
//! start, as they do everywhere. What cannot be started is an error that names the Debian package, never a skip.

mod breaker;
mod ca;
pub mod chrony;
mod cutter;
pub mod database;
mod dns;
mod dovecot;
mod farewell;
mod mailboxes;
pub mod nginx;
mod oauth;
mod options;
mod policy;
mod ports;
mod postfix;
mod process;
mod proxy;
mod vendor_relay;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

pub use crate::programs::wait_for;
pub use breaker::LineBreaker;
pub use ca::Certificate;
pub use cutter::LineCutter;
pub use dns::{DnsServer, refusing_dns};
pub use dovecot::{Fsync, Storage};
pub use farewell::FarewellLine;
pub use mailboxes::Answer;
pub use oauth::Browser;
pub use options::{Builder, Overquota};
pub use policy::Moment;
pub use ports::Ports;
pub use proxy::HttpProxy;
pub use vendor_relay::VendorRelay;

use dovecot::Role;
use policy::Policy;
use ports::Block;
use process::{Guardian, Server};

const INSTALL: &str = "tests/install-deps.sh installs what the tests need";

/// A mailbox and the login for IMAP and SMTP.
#[derive(Clone, Debug)]
pub struct User {
    /// `name@example.test`, also the login.
    pub address: String,
    /// The password.
    pub password: String,
}

/// Running servers; see the module.
#[derive(Debug)]
pub struct Lab {
    root: PathBuf,
    ports: Ports,
    storage: Storage,
    imap: Server,
    delivery: Server,
    postfix: Server,
    /// Where the lab has one.
    oauth: Option<Server>,
    guardian: Guardian,
    policy: Policy,
    _block: Block,
}

impl Lab {
    /// Users of every lab: the vendor's mailbox, two agents, three people, and `full`, whose mailbox takes nothing, so
    /// that Postfix accepts the mail and bounces it later.
    pub const USERS: [&str; 7] = ["reports", "agent1", "agent2", "oncall", "manager", "customer", "full"];

    /// A lab as most tests want it.
    ///
    /// # Errors
    /// See [`Builder::start`].
    pub fn start() -> anyhow::Result<Self> {
        Self::builder().start()
    }

    /// A lab with options.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    fn start_with(options: &Builder) -> anyhow::Result<Self> {
        ensure!(
            rustix::process::geteuid().is_root(),
            "private mail servers have to be started as root: run the tests as root (a container will do)"
        );
        let block = Block::reserve()?;
        let ports = Ports::of(&block);
        // Unix sockets have paths of at most 107 bytes: a directory for temporary files deep down will not do.
        let root = tempfile::Builder::new().prefix("mailbeat-lab-").tempdir()?.keep();
        let guardian = Guardian::over(&root)?;
        fs::set_permissions(&root, fs::Permissions::from_mode(0o755))?;
        for dir in ["etc", "run", "log", "mail", "pids", "spool", "data"] {
            fs::create_dir(root.join(dir))?;
        }
        chown(root.join("mail"), Some(postfix::id_of("/etc/passwd", "mail")?), None)?;
        ca::make(&root.join("tls"))?;
        let imap = dovecot::configure(&root, &ports, options, Role::Imap)?;
        let delivery = dovecot::configure(&root, &ports, options, Role::Delivery)?;
        let postfix = postfix::configure(&root, &ports, options)?;
        let oauth = options.oauth.map(|seconds| oauth::configure(&root, &ports, seconds)).transpose()?;
        let policy = Policy::serve(&root)?;
        let lab = Self {
            root,
            ports,
            storage: options.storage,
            imap,
            delivery,
            postfix,
            oauth,
            guardian,
            policy,
            _block: block,
        };
        for name in Self::USERS.into_iter().chain(options.users.iter().map(String::as_str)) {
            let user = lab.user(name);
            let quota = options.quotas.iter().find(|(limited, _)| limited == name);
            let extra = match quota {
                Some((_, bytes)) => dovecot::quota_rule(*bytes),
                None if name == "full" => "userdb_mail_plugins=quota userdb_quota_rule=*:bytes=1".to_owned(),
                None => String::new(),
            };
            dovecot::add_user(&lab.root, &user.address, &user.password, &extra)?;
        }
        postfix::back_date(&lab.root)?;
        for server in lab.servers() {
            server.start()?;
        }
        lab.wait_for_imap()?;
        lab.wait_until_answering(&lab.postfix, ports.mx, "220 ")?;
        lab.wait_for_oauth()?;
        Ok(lab)
    }

    /// Where the servers listen.
    #[must_use]
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// The CA that signed the servers' certificates, as PEM.
    #[must_use]
    pub fn ca(&self) -> PathBuf {
        self.root.join("tls/ca.pem")
    }

    /// The pin (`sha256:...` of the certificate's DER bytes) of one of the servers' certificates.
    ///
    /// # Errors
    /// `openssl` failed.
    pub fn pin(&self, certificate: Certificate) -> anyhow::Result<String> {
        ca::pin(&self.root.join("tls").join(format!("{}.pem", certificate.name())))
    }

    /// A user's address and password. Asking for a user who does not exist is fine: that is how to be refused.
    #[must_use]
    pub fn user(&self, name: &str) -> User {
        User { address: format!("{name}@example.test"), password: format!("{name}-pw") }
    }

    /// From now on this user's mailbox takes so many bytes, in a lab with [`Builder::quota`] for it.
    ///
    /// # Errors
    /// It has no quota, or what the file system said.
    pub fn set_quota(&self, name: &str, bytes: u64) -> anyhow::Result<()> {
        dovecot::set_quota(&self.root, &self.user(name).address, bytes)
    }

    /// The lab's directory, readable for everybody: logs are in `log/`.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.root
    }

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
        self.wait_until_answering(&self.postfix, self.ports.mx, "220 ")
    }

    /// From now on the servers show a certificate that is valid for so many days.
    ///
    /// # Errors
    /// `openssl` failed, or a server does not start again.
    pub fn certify(&self, days: u32) -> anyhow::Result<()> {
        ca::issue(&self.root.join("tls"), Certificate::Good, &days.to_string())?;
        self.stop_imap()?;
        self.start_imap()?;
        self.restart_postfix()
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

    fn servers(&self) -> impl Iterator<Item = &Server> {
        [&self.imap, &self.delivery, &self.postfix].into_iter().chain(&self.oauth)
    }

    fn wait_for_imap(&self) -> anyhow::Result<()> {
        self.wait_until_answering(&self.imap, self.ports.imap, "* OK")
    }

    fn wait_until_answering(&self, server: &Server, port: u16, greeting: &str) -> anyhow::Result<()> {
        let answers = || {
            let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
            stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line).ok()?;
            line.starts_with(greeting).then_some(())
        };
        for _ in 0..1_000 {
            if answers().is_some() {
                return Ok(());
            }
            ensure!(server.is_running(), "a server did not start:\n{}", self.logs());
            std::thread::sleep(Duration::from_millis(10));
        }
        bail!("nothing answers {greeting:?} on port {port}:\n{}", self.logs())
    }

    /// The last lines of every log.
    #[must_use]
    pub fn logs(&self) -> String {
        let mut text = String::new();
        for entry in fs::read_dir(self.root.join("log")).into_iter().flatten().flatten() {
            let log = fs::read(entry.path()).unwrap_or_default();
            let log = String::from_utf8_lossy(&log);
            let lines: Vec<&str> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(20)..];
            text.push_str(&format!("--- {}\n{}\n", entry.path().display(), last.join("\n")));
        }
        text
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let keep = std::thread::panicking() || std::env::var_os("MAILBEAT_KEEP_LAB").is_some();
        if keep {
            eprintln!("the lab's directory is kept: {}\n{}", self.root.display(), self.logs());
        }
        self.guardian.finish(keep);
        self.servers().for_each(Server::bury);
    }
}

/// Fills `@NAME@`s. A name the values do not know is a mistake in the template.
fn render(template: &str, values: &[(&str, &str)]) -> anyhow::Result<String> {
    let mut text = template.to_owned();
    for (name, value) in values {
        text = text.replace(&format!("@{name}@"), value);
    }
    let left =
        text.lines().filter(|line| !line.starts_with('#')).find(|line| line.split('@').nth(2).is_some());
    match left {
        Some(line) if !line.contains("/^") => bail!("nothing fills this line of a template: {line}"),
        _ => Ok(text),
    }
}

/// Where `tests/install-deps.sh` puts what it does not install.
fn cache() -> anyhow::Result<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    Ok(cache.context("HOME is not set")?.join("mailbeat-tests"))
}

fn missing(program: &str, packages: &str, error: &std::io::Error) -> anyhow::Error {
    anyhow::anyhow!("cannot run {program} (Debian packages: {packages}): {error}; {INSTALL}")
}
