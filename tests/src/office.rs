//! An office: a vendor and its customers' hosts, joined by the real mail servers of one [`Lab`].
//!
//! The vendor reads by IMAPS and notifies by submission; a host sends by one of the [`Way`]s. Dropping it stops the servers
//! and removes everything, unless `MAILBEAT_KEEP_LAB` is set.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context as _;
use serde_json::Value;
use tempfile::TempDir;

use crate::lab::{Certificate, Lab};
use crate::programs::{PATIENCE, Running, wait_for};
use crate::world::{Host, Vendor};

/// Rules for stories told in seconds.
pub const RULES: &str = "[liveness]\ngrace = \"2s\"\nmisses = 2\n\n[integrity]\ngap_after = \"1s\"\n";

/// How a host hands its mail to Postfix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Submission with STARTTLS and a password (port 587).
    Starttls,
    /// TLS from the first byte and a password (port 465).
    Implicit,
    /// Port 25, in clear and without authentication.
    Clear,
}

/// A vendor among real mail servers.
#[derive(Debug)]
pub struct Office {
    /// The vendor. Before the lab, so that nothing speaks to servers that are gone.
    pub vendor: Vendor,
    /// The servers.
    pub lab: Lab,
    dir: TempDir,
}

impl Office {
    /// Servers, and a vendor whose receiver is initialised and does not run yet.
    ///
    /// # Errors
    /// A server or the receiver does not start.
    pub fn open(rules: &str) -> anyhow::Result<Self> {
        Self::polling_every(1, rules)
    }

    /// The same where the mailbox is looked at only so often if the server does not tell of new mail.
    ///
    /// # Errors
    /// A server or the receiver does not start.
    pub fn polling_every(seconds: u32, rules: &str) -> anyhow::Result<Self> {
        let lab = Lab::builder().users(&["operator"]).start()?;
        let mailbox = mailbox(&lab, &format!("tls_ca = {:?}\npoll_interval_s = {seconds}\n", lab.ca()));
        let transport = mailbox + "\n" + &outgoing(&lab);
        Self::among(lab, &transport, rules)
    }

    /// A vendor among these servers, with these `[[mailbox]]` and `[outgoing]` tables.
    ///
    /// # Errors
    /// The receiver does not start.
    pub fn among(lab: Lab, transport: &str, rules: &str) -> anyhow::Result<Self> {
        let mut dir = tempfile::Builder::new().prefix("mailbeat-office-").tempdir()?;
        dir.disable_cleanup(std::env::var_os("MAILBEAT_KEEP_LAB").is_some());
        let vendor = Vendor::new(&dir.path().join("vendor"), transport, rules)?;
        Ok(Self { vendor, lab, dir })
    }

    /// Where hosts and other files of the story may lie.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A `[[route]]` table that believes the lab's CA. The user is of no use where nobody authenticates.
    #[must_use]
    pub fn route(&self, name: &str, way: Way, user: &str) -> String {
        let trust = format!("tls_ca = {:?}\n", self.lab.ca());
        match way {
            Way::Clear => clear_route(name, self.lab.ports().mx),
            _ => route(&self.lab, name, way, Certificate::Good, user) + &trust,
        }
    }

    /// A host with these `[[route]]` tables and a watched file, not activated.
    ///
    /// # Errors
    /// Its directory cannot be written.
    pub fn host(&self, name: &str, routes: &str) -> anyhow::Result<Host> {
        let host = Host::new(&self.dir.path().join(name), name, routes)?;
        host.write("app.conf", "listen = 0.0.0.0:502\npassword = correct horse battery\nworkers = 4\n")?;
        Ok(host)
    }

    /// A host of this contract by agent1's account, activated and running, once the vendor knows it to be alive.
    ///
    /// # Errors
    /// A command of either side failed, or it did not become alive in time.
    pub fn running(&self, name: &str, contract: &Path) -> anyhow::Result<(Running, Host)> {
        let host = self.host(name, &self.route("office", Way::Starttls, "agent1"))?;
        host.activate(&self.vendor, contract)?;
        let agent = host.start()?;
        self.vendor.await_system(name, "alive")?;
        Ok((agent, host))
    }

    /// Waits for a mail to this user whose text contains all of `words`.
    ///
    /// # Errors
    /// There was none in time.
    pub fn await_mail(&self, user: &str, words: &[&str]) -> anyhow::Result<String> {
        await_mail(&self.lab, user, words)
    }
}

/// Waits for a mail to this user of the lab whose text contains all of `words`.
///
/// # Errors
/// There was none in time.
pub fn await_mail(lab: &Lab, user: &str, words: &[&str]) -> anyhow::Result<String> {
    wait_for(&format!("a mail to {user} with {words:?}"), PATIENCE, || {
        let mails = lab.mails(user, "INBOX")?;
        let mut texts = mails.iter().map(|mail| String::from_utf8_lossy(mail).into_owned());
        Ok(texts.find(|text| words.iter().all(|word| text.contains(word))))
    })
}

/// An attachment's bytes as an administrator would save them, by name and with nothing of ours: base64 by `openssl`.
///
/// # Errors
/// The mail has no such attachment in base64.
pub fn attachment(mail: &str, name: &str) -> anyhow::Result<Vec<u8>> {
    let mail = mail.replace("\r\n", "\n");
    let parts = mail.split("\n--").filter_map(|part| part.split_once("\n\n"));
    let lower = name.to_lowercase();
    let named = |head: &str| {
        let head = head.to_lowercase();
        (head.contains(&format!("name={lower}\n")) || head.contains(&format!("name=\"{lower}\"")))
            && head.contains("base64")
    };
    let mut bodies = parts.filter(|(head, _)| named(&format!("{head}\n"))).map(|(_, body)| body);
    let body = bodies.next().with_context(|| format!("no attachment {name} in\n{mail}"))?;
    let mut openssl = Command::new("openssl")
        .args(["base64", "-d"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = openssl.stdin.take().context("stdin is piped")?;
    // Written beside the reading: what does not fit into the pipe would wait for ever.
    std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(format!("{}\n", body.trim()).as_bytes()));
        Ok(openssl.wait_with_output()?.stdout)
    })
}

/// A `[[mailbox]]` table for the vendor's mailbox by IMAPS; `trust` says how its certificate is judged.
#[must_use]
pub fn mailbox(lab: &Lab, trust: &str) -> String {
    let user = lab.user("reports");
    format!(
        "[[mailbox]]\ntype = \"imap\"\nname = \"reports\"\nhost = \"127.0.0.1\"\nport = {}\nusername = {:?}\npassword = {:?}\n{trust}",
        lab.ports().imaps,
        user.address,
        user.password
    )
}

/// The `[outgoing]` table: submission with TLS from the first byte.
#[must_use]
pub fn outgoing(lab: &Lab) -> String {
    let user = lab.user("reports");
    format!(
        "[outgoing]\ntype = \"smtp\"\nfrom = \"Mailbeat <{0}>\"\nhost = \"127.0.0.1\"\nport = {1}\ntls = \"implicit\"\nusername = {0:?}\npassword = {2:?}\ntls_ca = {3:?}\n",
        user.address,
        lab.ports().submissions,
        user.password,
        lab.ca()
    )
}

/// A `[[route]]` table with a password, at the address where the servers show this certificate. How the certificate is judged
/// may follow as `tls_ca` or `tls_pin`.
#[must_use]
pub fn route(lab: &Lab, name: &str, way: Way, certificate: Certificate, user: &str) -> String {
    let (ports, user) = (lab.ports(), lab.user(user));
    let (tls, port) =
        if way == Way::Implicit { ("implicit", ports.submissions) } else { ("starttls", ports.submission) };
    format!(
        "[[route]]\nname = {name:?}\ntype = \"smtp\"\nfrom = {0:?}\nhost = {1:?}\nport = {port}\ntls = \"{tls}\"\nusername = {0:?}\npassword = {2:?}\n",
        user.address,
        certificate.address(),
        user.password
    )
}

/// A `[[route]]` table without TLS and authentication.
#[must_use]
pub fn clear_route(name: &str, port: u16) -> String {
    format!(
        "[[route]]\nname = {name:?}\ntype = \"smtp\"\nfrom = \"agent@acme.test\"\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\n"
    )
}

impl Host {
    /// What became of its reports, oldest first.
    ///
    /// # Errors
    /// `trail list` failed.
    pub fn trail(&self) -> anyhow::Result<Vec<Value>> {
        let listed = self.agent.json(&["trail", "list", "--last", "1000"])?;
        Ok(listed.as_array().cloned().unwrap_or_default())
    }

    /// The newest report: its line in the trail and what it said.
    ///
    /// # Errors
    /// There is none, or `trail show` failed.
    pub fn newest(&self) -> anyhow::Result<Value> {
        let trail = self.trail()?;
        let newest = trail.last().context("no report was made yet")?;
        self.agent.json(&["trail", "show", &newest["sequence"].to_string()])
    }

    /// Asks for one report now; whether a mail server accepted it.
    ///
    /// # Errors
    /// The program cannot be started.
    pub fn send(&self, kind: &str) -> anyhow::Result<bool> {
        Ok(self.agent.output(&["send", kind])?.status.success())
    }

    /// Why the last attempt to send failed; empty if it did not.
    ///
    /// # Errors
    /// `status` failed.
    pub fn last_failure(&self) -> anyhow::Result<String> {
        let status = self.agent.json(&["status"])?;
        Ok(status["last_failure"]["what"].as_str().unwrap_or_default().to_owned())
    }

    /// Waits until a mail server accepted everything up to now and more.
    ///
    /// # Errors
    /// It did not in time.
    pub fn await_sent(&self, up_to: u64) -> anyhow::Result<Value> {
        let status = || self.agent.json(&["status"]);
        let sent = |status: &Value| {
            status["queued"] == 0
                && status["last_accepted"]["sequence"].as_u64().is_some_and(|last| last >= up_to)
        };
        let found = wait_for(&format!("#{up_to} to be sent"), PATIENCE, || Ok(Some(status()?).filter(sent)));
        found.with_context(|| format!("status is {:#}", status().unwrap_or_default()))
    }
}
