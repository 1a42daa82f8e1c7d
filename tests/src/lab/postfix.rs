//! A private Postfix: a vendor's or customer's mail server, with recipients and listeners that misbehave on demand.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, bail};

use super::process::Server;
use super::{Certificate, Ports, render};

const MAIN: &str = include_str!("../../fixtures/lab/main.cf");
const MASTER: &str = include_str!("../../fixtures/lab/master.cf");
const SUBMISSION: &str = include_str!("../../fixtures/lab/submission.cf");
const MAPS: [(&str, &str); 5] = [
    ("recipients.pcre", include_str!("../../fixtures/lab/recipients.pcre")),
    ("senders.pcre", include_str!("../../fixtures/lab/senders.pcre")),
    ("end-of-data.pcre", include_str!("../../fixtures/lab/end-of-data.pcre")),
    ("headers.pcre", include_str!("../../fixtures/lab/headers.pcre")),
    ("sender-login.pcre", include_str!("../../fixtures/lab/sender-login.pcre")),
];
/// Debian's place for Postfix's programs.
const PROGRAM: &str = "/usr/lib/postfix/sbin/master";

/// Writes the configuration and makes the queue's directories.
pub(super) fn configure(root: &Path, ports: &Ports) -> anyhow::Result<Server> {
    let root_text = root.to_str().context("the lab's paths are UTF-8")?;
    let config = root.join("etc/postfix");
    fs::create_dir_all(&config)?;
    for (name, text) in MAPS {
        fs::write(root.join("etc").join(name), text)?;
    }
    fs::write(config.join("main.cf"), render(MAIN, &[("ROOT", root_text)])?)?;
    fs::write(config.join("master.cf"), master(root_text, ports)?)?;
    for file in ["main.cf", "master.cf"] {
        back_date(&config.join(file))?;
    }
    std::os::unix::fs::chown(root.join("data"), Some(id_of("postfix")?), None)?;
    let config = config.to_str().context("the lab's paths are UTF-8")?;
    check(config)?;
    // Straight to the master: `postfix start` and `postfix stop` take seconds.
    Ok(Server::new(root, "postfix", "postfix postfix-pcre", &[PROGRAM, "-c", config]).leading_itself())
}

fn master(root: &str, ports: &Ports) -> anyhow::Result<String> {
    let numbers = ports.by_name().map(|(name, port)| (name, port.to_string()));
    let mut submission = String::new();
    for certificate in Certificate::ALL {
        let mut values = vec![("ROOT", root), ("ADDRESS", certificate.address()), ("CERTIFICATE", certificate.name())];
        values.extend(numbers.iter().map(|(name, port)| (*name, port.as_str())));
        submission.push_str(&render(SUBMISSION, &values)?);
    }
    let mut values: Vec<(&str, &str)> = numbers.iter().map(|(name, port)| (*name, port.as_str())).collect();
    values.retain(|(name, _)| *name != "SUBMISSION");
    values.extend([("ROOT", root), ("SUBMISSION", &submission)]);
    render(MASTER, &values)
}

/// Postfix takes a `main.cf` younger than a second for one that is being written, and sleeps.
fn back_date(file: &Path) -> anyhow::Result<()> {
    #[allow(clippy::disallowed_methods, reason = "a file's age is real time, not a decision to replay")]
    let then = SystemTime::now() - Duration::from_secs(60);
    Ok(File::options().write(true).open(file)?.set_modified(then)?)
}

fn check(config: &str) -> anyhow::Result<()> {
    let output = Command::new("postfix").args(["-c", config, "check"]).stdin(Stdio::null()).output();
    let output = output.map_err(|error| super::missing("postfix", "postfix postfix-pcre", &error))?;
    if !output.status.success() {
        bail!("postfix check: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// The number of a user that a Debian package made.
pub(super) fn id_of(user: &str) -> anyhow::Result<u32> {
    let text = fs::read_to_string("/etc/passwd").context("/etc/passwd")?;
    let line = text.lines().find(|line| line.split(':').next() == Some(user));
    let id = line.and_then(|line| line.split(':').nth(2)).and_then(|id| id.parse().ok());
    id.with_context(|| format!("there is no user {user:?}; {}", super::INSTALL))
}
