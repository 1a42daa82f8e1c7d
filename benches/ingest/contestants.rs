//! Who is compared. Each is timed from its start, with its connection still to be made, to the end of its work.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use mailbeat_receiver::evaluate::rules::DEFAULT;
use mailbeat_shared::transport::dial;
use mailbeat_shared::transport::tls::ClientTls;
use mailbeat_shared::wire::extract::{Extracted, extract};
use mailbeat_tests::programs::{Running, wait_for};
use mailbeat_tests::world::Vendor;
use rusqlite::{Connection, OpenFlags};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::processor;
use crate::server::{FILED, READ, Server};

/// Longer than anything here takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// What one of these mails takes that is taken apart and whose signature is checked.
pub(crate) fn verifying(mails: &[Vec<u8>]) -> anyhow::Result<Duration> {
    let started = Instant::now();
    for mail in mails {
        let Extracted::Signed(signed) = extract(mail) else { bail!("a mail of the bench is no report") };
        signed.verify_self()?;
    }
    Ok(started.elapsed() / u32::try_from(mails.len().max(1))?)
}

/// The same mails streamed by one UID FETCH to nowhere: no client can be faster.
pub(crate) struct Ceiling<'a> {
    pub(crate) server: &'a Server,
}

impl Ceiling<'_> {
    pub(crate) fn run(&self, mails: usize) -> anyhow::Result<Duration> {
        self.drain(READ, mails)
    }

    /// Reads a user's INBOX; also the warm-up of a mailbox.
    fn drain(&self, user: &str, mails: usize) -> anyhow::Result<Duration> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let started = Instant::now();
        let answer = runtime.block_on(self.fetch(user))?;
        let took = started.elapsed();
        ensure!(answer > mails * 2_000, "{answer} bytes came for {mails} mails");
        Ok(took)
    }

    async fn fetch(&self, user: &str) -> anyhow::Result<usize> {
        let (lab, user) = (&self.server.lab, self.server.user(user));
        let addresses = dial::resolve("localhost", lab.ports().imaps, PATIENCE).await?;
        let (tcp, _) = dial::connect(&addresses, PATIENCE).await?;
        let tls = ClientTls { ca: Some(lab.ca()), ..ClientTls::default() };
        let mut stream = tls.connect(tcp, "localhost", PATIENCE).await?;
        let login = format!("LOGIN {} {}", user.address, user.password);
        let mut bytes = 0;
        for (number, command) in
            [login.as_str(), "SELECT INBOX", "UID FETCH 1:* (UID BODY.PEEK[])"].iter().enumerate()
        {
            stream.write_all(format!("t{number} {command}\r\n").as_bytes()).await?;
            stream.flush().await?;
            bytes = answered(&mut stream, &format!("\r\nt{number} ")).await?;
        }
        Ok(bytes)
    }
}

/// Reads up to the tagged answer, which is the last line; gives the bytes before it.
async fn answered(stream: &mut (impl tokio::io::AsyncRead + Unpin), tag: &str) -> anyhow::Result<usize> {
    // Tagged answers name capabilities and are long.
    const LINE: usize = 4 * 1024;
    let (mut buffer, mut bytes) = (vec![0; 64 * 1024], 0);
    let mut tail = b"\r\n".to_vec();
    loop {
        let read = stream.read(&mut buffer).await?;
        ensure!(read > 0, "the server closed the connection");
        bytes += read;
        tail.extend_from_slice(&buffer[read.saturating_sub(LINE)..read]);
        tail.drain(..tail.len().saturating_sub(LINE));
        let tagged = tail.windows(tag.len()).rposition(|part| part == tag.as_bytes());
        if let Some(at) = tagged.filter(|_| tail.ends_with(b"\r\n")) {
            ensure!(tail[at + tag.len()..].starts_with(b"OK"), "{}", String::from_utf8_lossy(&tail[at..]));
            return Ok(bytes);
        }
    }
}

/// isync's mbsync with FSync off: downloads the mails into a Maildir and does nothing else with them.
pub(crate) struct Mbsync<'a> {
    pub(crate) server: &'a Server,
}

impl Mbsync<'_> {
    pub(crate) fn run(&self, mails: usize) -> anyhow::Result<Duration> {
        let dir = self.server.fresh_dir("mbsync")?;
        let (lab, user) = (&self.server.lab, self.server.user(READ));
        let config = format!(
            "FSync no\nIMAPAccount lab\nHost localhost\nPort {}\nUser {}\nPass {}\nSSLType IMAPS\nCertificateFile {}\n\n\
             IMAPStore far\nAccount lab\n\nMaildirStore near\nInbox {dir}/inbox\nPath {dir}/folders/\n\n\
             Channel all\nFar :far:INBOX\nNear :near:INBOX\nSync Pull\nCreate Near\nSyncState {dir}/state\n",
            lab.ports().imaps,
            user.address,
            user.password,
            lab.ca().display(),
            dir = dir.display(),
        );
        fs::create_dir(dir.join("folders"))?;
        fs::write(dir.join("mbsyncrc"), config)?;
        let started = Instant::now();
        let out = Command::new("mbsync").arg("-q").arg("-c").arg(dir.join("mbsyncrc")).arg("all").output();
        let took = started.elapsed();
        let out = out.context("mbsync (Debian package isync)")?;
        ensure!(out.status.success(), "mbsync: {}", String::from_utf8_lossy(&out.stderr));
        let files = ["new", "cur"].iter().map(|sub| Ok(fs::read_dir(dir.join("inbox").join(sub))?.count()));
        let downloaded: usize = files.sum::<anyhow::Result<usize>>()?;
        ensure!(downloaded == mails, "mbsync downloaded {downloaded} of {mails} mails");
        Ok(took)
    }
}

/// The receiver as it is shipped.
pub(crate) struct Ingest<'a> {
    pub(crate) server: &'a Server,
    /// The vendor who issued the contract; every run begins with a copy of this state.
    pub(crate) seed: &'a Vendor,
    pub(crate) filing: bool,
}

/// What a run took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ingested {
    /// Until the last report was committed.
    pub(crate) recorded: Duration,
    /// Until the last commit of all: with filing, that the last mail was moved.
    pub(crate) last_commit: Duration,
    /// The most memory it had resident (VmHWM).
    pub(crate) peak_kib: u64,
    /// Processor time it used.
    pub(crate) cpu: Duration,
    /// Processor time the mail server used meanwhile.
    pub(crate) server_cpu: Duration,
}

/// A vendor with an initialised receiver and the default rules, who reads `READ`.
pub(crate) fn vendor(server: &Server, name: &str) -> anyhow::Result<Vendor> {
    Vendor::new(&server.fresh_dir(name)?, &transport(server, READ)?, DEFAULT)
}

/// A contract that covers so many systems.
pub(crate) fn contract(vendor: &Vendor, systems: usize) -> anyhow::Result<PathBuf> {
    let file = vendor.dir.join("bench.contract");
    let (out, systems) = (file.display().to_string(), systems.to_string());
    let args = ["contracts", "issue", "--customer", "ACME Wasserwerke", "--systems", &systems, "--out", &out];
    vendor.receiver.run(&args)?;
    Ok(file)
}

fn transport(server: &Server, user: &str) -> anyhow::Result<String> {
    let user = server.user(user);
    Ok(format!(
        "[[mailbox]]\ntype = \"imap\"\nname = \"reports\"\nhost = \"localhost\"\nport = {}\nusername = \"{}\"\npassword = \"{}\"\n\
         tls_ca = {:?}\nfolders = [\"INBOX\"]\n\n\
         [outgoing]\ntype = \"maildir\"\nfrom = \"Mailbeat <mailbeat@example.test>\"\npath = {:?}\n",
        server.lab.ports().imaps,
        user.address,
        user.password,
        server.lab.ca(),
        server.fresh_dir("people")?
    ))
}

impl Ingest<'_> {
    pub(crate) fn run(&self, mails: usize) -> anyhow::Result<Ingested> {
        let user = if self.filing { FILED } else { READ };
        if self.filing {
            self.server.refill()?;
            Ceiling { server: self.server }.drain(user, mails)?;
        }
        let dir = self.server.fresh_dir("receiver")?;
        let vendor = Vendor::new(&dir, &transport(self.server, user)?, DEFAULT)?;
        let database = dir.join("state/receiver.db");
        fs::copy(self.seed.dir.join("state/receiver.db"), &database)?;
        let args: &[&str] = if self.filing { &["run"] } else { &["run", "--observe"] };
        let look = Connection::open_with_flags(&database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let served = self.server.cpu()?;
        let started = Instant::now();
        let running = vendor.receiver.start(args, &dir.join("receiver.log"))?;
        // The newest row's number and the end of an index: looking costs the writer nothing.
        let recorded = until(&running, started, "all mails to be recorded", || {
            const SQL: &str = "SELECT seq >= ?1 FROM sqlite_sequence WHERE name = 'reports'";
            Ok(look.prepare_cached(SQL)?.query_row([mails as i64], |row| row.get(0)).unwrap_or(false))
        })?;
        let last_commit = if self.filing {
            until(&running, started, "all mails to be filed", || {
                const SQL: &str = "SELECT NOT EXISTS (SELECT 1 FROM filings WHERE done_at IS NULL)";
                Ok(look.prepare_cached(SQL)?.query_row([], |row| row.get(0))?)
            })?
        } else {
            recorded
        };
        let (peak_kib, cpu) = (peak_kib(running.pid())?, processor::of(running.pid())?);
        let server_cpu = self.server.cpu()? - served;
        let status = running.terminate()?;
        ensure!(status.success(), "the receiver ended with {status}");
        self.check(&look, mails)?;
        Ok(Ingested { recorded, last_commit, peak_kib, cpu, server_cpu })
    }

    /// Everything was accepted, nothing set aside, nobody accused, and the mails lie where they belong.
    fn check(&self, look: &Connection, mails: usize) -> anyhow::Result<()> {
        let count = |table: &str| -> anyhow::Result<usize> {
            let count: i64 =
                look.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
            Ok(usize::try_from(count)?)
        };
        let (reports, quarantined, tickets) = (count("reports")?, count("quarantine")?, count("tickets")?);
        ensure!(
            (reports, quarantined, tickets) == (mails, 0, 0),
            "of {mails} mails {reports} were recorded and {quarantined} set aside; {tickets} tickets were opened"
        );
        if self.filing {
            let answers = self.server.lab.imap(FILED, &["STATUS INBOX (MESSAGES)"])?;
            let left = answers.iter().any(|answer| answer.text.contains("(MESSAGES 0)"));
            ensure!(left, "mails were left in the folder they came in: {answers:?}");
        }
        Ok(())
    }
}

fn until(
    running: &Running,
    started: Instant,
    what: &str,
    mut done: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<Duration> {
    while !done()? {
        if started.elapsed() > PATIENCE {
            return wait_for(what, Duration::ZERO, || Ok(None)).with_context(|| running.log());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(started.elapsed())
}

fn peak_kib(pid: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .context("the kernel does not say VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
