//! A private Dovecot: IMAP for the receiver, LMTP and passwords for Postfix.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;

use super::process::Server;
use super::{Builder, Overquota, Ports, render, wait_for};
use crate::programs::PATIENCE;

const TEMPLATE: &str = include_str!("../../fixtures/lab/dovecot.conf");
const TOKENS: &str = include_str!("../../fixtures/lab/dovecot-oauth2.conf.ext");

/// How Dovecot stores mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// One file a mail.
    Maildir,
    /// Many mails a file; for large mailboxes.
    Mdbox,
}

/// When Dovecot syncs mail to disk (`mail_fsync`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// Where mail could be lost otherwise.
    Optimized,
    /// Never.
    Never,
    /// Always.
    Always,
}

/// What a Dovecot instance does. There are two, so that the IMAP server can be away while mail still comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Serves clients.
    Imap,
    /// Takes mail from Postfix by LMTP and checks passwords for SMTP.
    Delivery,
}

/// Writes the configuration, `etc/ROLE.conf`.
pub(super) fn configure(root: &Path, ports: &Ports, options: &Builder, role: Role) -> anyhow::Result<Server> {
    let (name, protocols) = match role {
        Role::Imap => ("imap", "imap"),
        Role::Delivery => ("delivery", "lmtp"),
    };
    let storage = match options.storage {
        Storage::Maildir => "maildir:~/Maildir",
        Storage::Mdbox => "mdbox:~/mdbox",
    };
    let fsync = match options.fsync {
        Fsync::Optimized => "optimized",
        Fsync::Never => "never",
        Fsync::Always => "always",
    };
    let tokens = options.oauth.map_or(Ok(String::new()), |_| take_tokens(root, ports))?;
    let (imap, imaps) = (ports.imap.to_string(), ports.imaps.to_string());
    let values = [
        ("ROOT", root.to_str().context("the lab's paths are UTF-8")?),
        ("INSTANCE", root.file_name().and_then(|name| name.to_str()).unwrap_or("lab")),
        ("ROLE", name),
        ("PROTOCOLS", protocols),
        ("IMAP", &imap),
        ("IMAPS", &imaps),
        ("JUNK", if options.junk { "create" } else { "no" }),
        ("CAPABILITY", &options.imap_capability),
        ("MECHANISMS", if tokens.is_empty() { "" } else { " xoauth2 oauthbearer" }),
        ("TOKENS", &tokens),
        ("IMAP_PLUGINS", if options.quotas.is_empty() { "" } else { "quota imap_quota" }),
        ("PLUGINS", if options.overquota == Overquota::Accepted { "" } else { "quota" }),
        ("TEMPFAIL", if options.overquota == Overquota::Waits { "yes" } else { "no" }),
        ("STORAGE", storage),
        ("FSYNC", fsync),
    ];
    let config = root.join(format!("etc/{name}.conf"));
    fs::write(&config, render(TEMPLATE, &values)?)?;
    let config = config.to_str().context("the lab's paths are UTF-8")?;
    Ok(Server::new(root, name, "dovecot-core dovecot-imapd dovecot-lmtpd", &["dovecot", "-F", "-c", config]))
}

/// Writes how tokens are asked about, and gives what of the configuration says so.
fn take_tokens(root: &Path, ports: &Ports) -> anyhow::Result<String> {
    let file = root.join("etc/dovecot-oauth2.conf.ext");
    fs::write(&file, render(TOKENS, &[("OAUTH_HTTP", &ports.oauth_http.to_string())])?)?;
    Ok(format!(
        "passdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {}\n}}",
        file.display()
    ))
}

/// What of a user's line says how many bytes the mailbox takes.
pub(super) fn quota_rule(bytes: u64) -> String {
    format!("userdb_quota_rule=*:bytes={bytes}")
}

/// Replaces it.
pub(super) fn set_quota(root: &Path, address: &str, bytes: u64) -> anyhow::Result<()> {
    let file = root.join("etc/users");
    let text = fs::read_to_string(&file)?;
    let line = text.lines().find(|line| line.starts_with(&format!("{address}:")));
    let (head, _) = line.and_then(|line| line.split_once("userdb_quota_rule=")).context("no quota")?;
    // Another file in place of the old one: Dovecot must not read half of it.
    let anew = root.join("etc/users.new");
    fs::write(&anew, text.replace(line.unwrap_or_default(), &format!("{head}{}", quota_rule(bytes))))?;
    fs::rename(anew, file)?;
    // Dovecot looks whether the file is another one once in a second.
    #[allow(clippy::disallowed_methods, reason = "Dovecot's seconds are the real clock's")]
    let second = || Timestamp::now().as_second();
    let replaced = second();
    wait_for("the next second", PATIENCE, || Ok((second() > replaced + 1).then_some(())))
}

/// Lets a user in. Dovecot and Postfix read the files anew, so this works while they run.
pub(super) fn add_user(root: &Path, address: &str, password: &str, extra: &str) -> anyhow::Result<()> {
    let append = |file: &str, line: &str| -> anyhow::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(root.join("etc").join(file))?;
        Ok(writeln!(file, "{line}")?)
    };
    append("users", &format!("{address}:{{PLAIN}}{password}::::::{extra}"))?;
    append("mailboxes", &format!("{address} x"))
}
