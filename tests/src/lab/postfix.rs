//! A private Postfix: a vendor's or customer's mail server, with recipients and listeners that misbehave on demand.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::Context as _;

use super::process::Server;
use super::{Builder, Certificate, Overquota, Ports, render};

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
pub(super) const PROGRAM: &str = "/usr/lib/postfix/sbin/master";

/// Writes the configuration and makes the queue's directories.
pub(super) fn configure(root: &Path, ports: &Ports, options: &Builder) -> anyhow::Result<Server> {
    let root_text = root.to_str().context("the lab's paths are UTF-8")?;
    let config = root.join("etc/postfix");
    fs::create_dir_all(&config)?;
    for (name, text) in MAPS {
        fs::write(root.join("etc").join(name), text)?;
    }
    let quota = match options.overquota {
        Overquota::Refused => format!("check_policy_service unix:{root_text}/run/delivery/quota-status"),
        _ => String::new(),
    };
    fs::write(config.join("main.cf"), render(MAIN, &[("ROOT", root_text), ("QUOTA", &quota)])?)?;
    fs::write(config.join("master.cf"), master(root_text, ports)?)?;
    chown(root.join("data"), Some(id_of("/etc/passwd", "postfix")?), None)?;
    make_queue(&root.join("spool"))?;
    let config = config.to_str().context("the lab's paths are UTF-8")?;
    // Straight to the master: `postfix start` and `postfix stop` take seconds.
    Ok(Server::new(root, "postfix", "postfix postfix-pcre", &[PROGRAM, "-c", config]).leading_itself())
}

fn master(root: &str, ports: &Ports) -> anyhow::Result<String> {
    let numbers = ports.by_name().map(|(name, port)| (name, port.to_string()));
    let mut submission = String::new();
    for certificate in Certificate::ALL {
        let mut values =
            vec![("ROOT", root), ("ADDRESS", certificate.address()), ("CERTIFICATE", certificate.name())];
        values.extend(numbers.iter().map(|(name, port)| (*name, port.as_str())));
        submission.push_str(&render(SUBMISSION, &values)?);
    }
    let mut values: Vec<(&str, &str)> = numbers.iter().map(|(name, port)| (*name, port.as_str())).collect();
    values.retain(|(name, _)| *name != "SUBMISSION");
    values.extend([("ROOT", root), ("SUBMISSION", &submission)]);
    render(MASTER, &values)
}

/// Makes every file of the configuration a minute old: one younger than a second counts as being written, and Postfix
/// sleeps before it reads it again.
pub(super) fn back_date(root: &Path) -> anyhow::Result<()> {
    #[allow(clippy::disallowed_methods, reason = "a file's age is real time, not a decision to replay")]
    let then = SystemTime::now() - Duration::from_secs(60);
    let etc = root.join("etc");
    for entry in fs::read_dir(&etc)?.chain(fs::read_dir(etc.join("postfix"))?) {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            File::options().write(true).open(entry.path())?.set_modified(then)?;
        }
    }
    Ok(())
}

/// What `postfix check` would make, which starts two dozen programs for it: directories as in Postfix's own
/// `postfix-files`.
fn make_queue(spool: &Path) -> anyhow::Result<()> {
    let (owner, postdrop) = (id_of("/etc/passwd", "postfix")?, id_of("/etc/group", "postdrop")?);
    let own = [
        "active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved",
        "trace",
    ];
    let own = own.into_iter().map(|name| (name, 0o700, None));
    for (name, mode, group) in
        own.chain([("maildrop", 0o730, Some(postdrop)), ("public", 0o710, Some(postdrop))])
    {
        fs::create_dir(spool.join(name))?;
        chown(spool.join(name), Some(owner), group)?;
        fs::set_permissions(spool.join(name), fs::Permissions::from_mode(mode))?;
    }
    Ok(fs::create_dir(spool.join("pid"))?)
}

/// The number of a user or group that a Debian package made; both files have it in the third column.
pub(super) fn id_of(file: &str, name: &str) -> anyhow::Result<u32> {
    let text = fs::read_to_string(file).with_context(|| file.to_owned())?;
    let line = text.lines().find(|line| line.split(':').next() == Some(name));
    let id = line.and_then(|line| line.split(':').nth(2)).and_then(|id| id.parse().ok());
    id.with_context(|| {
        format!("{file} has no {name:?} (Debian packages: postfix postfix-pcre); {}", super::INSTALL)
    })
}
