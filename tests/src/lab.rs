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
mod needs;
pub mod nginx;
mod oauth;
mod options;
mod policy;
mod ports;
mod postfix;
mod power;
mod process;
mod proxy;
mod template;
mod vendor_relay;

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use anyhow::ensure;

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
use needs::{INSTALL, cache, missing};
use policy::Policy;
use ports::Block;
use process::{Guardian, Server};
use template::render;

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
        lab.add_users(options)?;
        postfix::back_date(&lab.root)?;
        for server in lab.servers() {
            server.start()?;
        }
        lab.wait_for_imap()?;
        lab.wait_for_postfix()?;
        lab.wait_for_oauth()?;
        Ok(lab)
    }

    fn add_users(&self, options: &Builder) -> anyhow::Result<()> {
        for name in Self::USERS.into_iter().chain(options.users.iter().map(String::as_str)) {
            let user = self.user(name);
            let quota = options.quotas.iter().find(|(limited, _)| limited == name);
            let extra = match quota {
                Some((_, bytes)) => dovecot::quota_rule(*bytes),
                None if name == "full" => "userdb_mail_plugins=quota userdb_quota_rule=*:bytes=1".to_owned(),
                None => String::new(),
            };
            dovecot::add_user(&self.root, &user.address, &user.password, &extra)?;
        }
        Ok(())
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

    fn servers(&self) -> impl Iterator<Item = &Server> {
        [&self.imap, &self.delivery, &self.postfix].into_iter().chain(&self.oauth)
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
