//! A mail server: a real Postfix and a real Dovecot of the customer's, beside those that the reports go by.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use mailbeat_tests::lab::Lab;
use mailbeat_tests::programs::{PATIENCE, wait_for};
use mailbeat_tests::stage::Stage;

use super::morning::Morning;

#[test]
fn each_fault_of_a_mail_server_becomes_its_ticket_and_resolves() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let stage = Stage::set(&home.path().join("stage"))?;
    let lab = Lab::start()?;
    lab.certify(200)?;
    let [postfix, dovecot] = lab.pid_files();
    stage.unit("postfix.service", &postfix)?;
    stage.unit("dovecot.service", &dovecot)?;
    let (ports, queue) = (lab.ports(), Queue { lab: &lab });
    let log = home.path().join("mail.log");
    fs::write(&log, "")?;
    let places = |_: &_| {
        let served = format!(
            "[\"localhost:{}\", \"localhost:{}\"]\ntls = {{ ca = {:?} }}",
            ports.imaps,
            ports.submissions,
            lab.ca()
        );
        Ok(vec![
            (
                "type = \"mail_queue\"",
                format!("type = \"mail_queue\"\npostfix_config = {:?}", queue.config()),
            ),
            ("port = 25\n", format!("port = {}\n", ports.mx)),
            ("port = 587", format!("port = {}", ports.submission)),
            ("port = 143", format!("port = {}", ports.imap)),
            ("[\"localhost:993\", \"localhost:465\"]", served),
            ("/var/log/mail.log", log.display().to_string()),
        ])
    };
    let morning = Morning::begin_on(Some(&stage), None, "mail-server", "mail-01", places, &[])?;

    let waiting = |severity| ("check", "mail queue", severity);
    morning.fault(waiting("medium"), || queue.send("customer+hold", 101), || queue.empty())?;
    for (hours, severity) in [(2, "medium"), (5, "high")] {
        let old = || queue.send("customer+hold", 1).and_then(|()| queue.ages(hours * 3600));
        morning.fault(waiting(severity), old, || queue.empty())?;
    }
    let no_postfix = [
        ("check", "smtp", "high"),
        ("check", "submission port", "high"),
        ("check", "postfix", "high"),
        ("check", "mail certificate", "high"),
    ];
    morning.faults(&no_postfix, || lab.stop_postfix(), || lab.start_postfix())?;
    let no_dovecot =
        [("check", "imap", "high"), ("check", "dovecot", "high"), ("check", "mail certificate", "high")];
    morning.faults(&no_dovecot, || lab.stop_imap(), || lab.start_imap())?;
    for (days, severity) in [(20, "medium"), (5, "high")] {
        morning.fault(
            ("certificate-ends", "mail certificate", severity),
            || lab.certify(days),
            || lab.certify(200),
        )?;
    }
    // Nobody's mailbox takes it, so each comes back, which Postfix notes; the story writes down at once what it noted.
    queue.send("full", 130)?;
    let noted = || {
        let lines = fs::read_to_string(lab.dir().join("log/postfix.log"))?;
        Ok((lines.matches("status=bounced").count() > 100).then_some(lines))
    };
    let lines = wait_for("a hundred mails to come back", PATIENCE, noted)?;
    morning.event(("mail log", "medium"), || Ok(fs::write(&log, lines)?))
}

/// The queue of the customer's Postfix.
struct Queue<'a> {
    lab: &'a Lab,
}

impl Queue<'_> {
    fn config(&self) -> String {
        self.lab.dir().join("etc/postfix").display().to_string()
    }

    /// Sends so many messages to this user, by a program of Postfix's own.
    fn send(&self, user: &str, count: u32) -> anyhow::Result<()> {
        let (to, count) = (self.lab.user(user).address, count.to_string());
        let server = format!("inet:127.0.0.1:{}", self.lab.ports().mx);
        run("smtp-source", &["-s", "4", "-m", &count, "-f", "oncall@example.test", "-t", &to, &server])
    }

    fn empty(&self) -> anyhow::Result<()> {
        run("postsuper", &["-c", &self.config(), "-d", "ALL"])
    }

    /// Sets the time at which what is held arrived back by so many seconds: nobody waits for hours.
    fn ages(&self, seconds: u64) -> anyhow::Result<()> {
        let held = self.lab.dir().join("spool/hold");
        let message = || Ok(files(&held)?.pop());
        let file = wait_for("a message that is held", PATIENCE, message)?;
        // A record is its type, its length and its text; that of the time holds seconds, a space and microseconds.
        let mut bytes = fs::read(&file)?;
        let is_time = |record: &[u8]| {
            record[0] == b'T' && record[2..12].iter().all(u8::is_ascii_digit) && record[12] == b' '
        };
        let at = bytes.windows(13).position(is_time).context("a record with the time")? + 2;
        let arrived: u64 = std::str::from_utf8(&bytes[at..at + 10])?.parse()?;
        bytes[at..at + 10].copy_from_slice((arrived - seconds).to_string().as_bytes());
        Ok(fs::write(&file, bytes)?)
    }
}

fn files(dir: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let mut found = vec![];
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

fn run(program: &str, args: &[&str]) -> anyhow::Result<()> {
    let done = Command::new(program)
        .args(args)
        .output()
        .with_context(|| format!("{program} (Debian package: postfix)"))?;
    ensure!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}
