//! What `receiver.toml` says already, as a draft, and what becomes of a draft in it: comments, order and every key nobody asked about
//! stay, and what means the same is not written anew. Pure.

use std::path::{Path, PathBuf};

use mailbeat_shared::locale::Locale;
use mailbeat_shared::transport::smtp::{AuthMode, TlsMode};
use mailbeat_shared::wire::mail;
use mailbeat_shared::wizard::account::{Account, Protocol};
use mailbeat_shared::wizard::edit::{self, Edit, Key, NoToml, list};
use mailbeat_shared::wizard::oauth::SignIn;

use super::{Draft, Mailbox, Outgoing, PasswordFiles, Reading, Sending, default_folders};
use crate::config::{Config, default_state_dir};
use crate::mailbox::{ImapAuth, ImapSettings, ImapTls, MailboxSettings};
use crate::notify::mail::OutgoingTransport;

/// What the sample calls its vendor.
const SAMPLE_VENDOR: &str = "Example GmbH";

impl Draft {
    /// What the configuration says already.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let mailbox = Mailbox::of(config.mailboxes.first());
        let outgoing = Outgoing::of(config, &mailbox);
        let addresses = config.contracts.report_addresses.iter();
        Self {
            locale: config.locale,
            vendor: Some(&config.contracts.vendor)
                .filter(|name| *name != SAMPLE_VENDOR)
                .cloned()
                .unwrap_or_default(),
            state_dir: config.state_dir.clone(),
            state_dir_is_given: false,
            asks_state_dir: true,
            people: vec![],
            report_addresses: addresses.filter(|address| !is_sample(address)).cloned().collect(),
            mailbox,
            outgoing,
            customer: None,
            start_service: true,
        }
    }
}

/// The configuration's text with the draft's decisions; new passwords lie in `files`.
///
/// # Errors
/// [`NoToml`].
pub fn configured(text: &str, draft: &Draft, files: &PasswordFiles) -> Result<String, NoToml> {
    let mut edit = Edit::of(text)?;
    let is_usual = draft.state_dir == default_state_dir();
    if !draft.state_dir_is_given {
        edit.set_keys("", &[Key::unless_usual("state_dir", edit::path(&draft.state_dir), is_usual)]);
    }
    let locale = Key::unless_usual("locale", draft.locale.as_str(), draft.locale == Locale::default());
    edit.set_keys("", &[locale]);
    edit.set_keys(
        "contracts",
        &[
            Key::set("vendor", draft.vendor.as_str()),
            Key::set("report_addresses", list(&draft.report_addresses)),
        ],
    );
    draft.mailbox.edit(&mut edit, &files.mailbox);
    draft.outgoing.edit(&mut edit, draft, files);
    Ok(edit.text().to_owned())
}

impl Mailbox {
    fn of(settings: Option<&MailboxSettings>) -> Self {
        let mut mailbox = Self {
            name: settings.map_or("reports", MailboxSettings::name).to_owned(),
            reading: Reading::Password,
            account: Account::new(Protocol::Imap),
            sign_in: SignIn::default(),
            path: PathBuf::new(),
            folders: settings.map_or(default_folders(), |settings| settings.folders().to_vec()),
        };
        match settings {
            Some(MailboxSettings::Imap(imap)) if imap.auth == ImapAuth::Oauth => {
                (mailbox.reading, mailbox.account.username) = (Reading::Keep, imap.username.clone());
            }
            Some(MailboxSettings::Imap(imap)) if !is_sample(&imap.host) => {
                mailbox.account = imap_account(imap)
            }
            Some(MailboxSettings::Maildir(maildir)) => {
                (mailbox.reading, mailbox.path) = (Reading::Maildir, maildir.path.clone());
            }
            Some(MailboxSettings::Imap(_)) | None => {}
        }
        mailbox
    }

    fn edit(&self, edit: &mut Edit, password_file: &Path) {
        let keys = match self.reading {
            Reading::Keep => return,
            Reading::Password => self.account.keys(password_file),
            Reading::OAuth => self.sign_in.keys(&self.account, &self.account.username, None),
            Reading::Maildir => {
                let mut keys = NOT_A_MAILDIRS.map(Key::none).to_vec();
                keys.push(Key::set("path", edit::path(&self.path)));
                keys
            }
        };
        let kind = if self.reading == Reading::Maildir { "maildir" } else { "imap" };
        edit.set_first("mailbox", &[Key::set("name", self.name.as_str()), Key::set("type", kind)]);
        edit.set_first("mailbox", &keys);
        let folders = Key::unless_usual("folders", list(&self.folders), self.folders == default_folders());
        edit.set_first("mailbox", &[folders]);
    }
}

/// Keys of a mailbox that a Maildir does not have.
const NOT_A_MAILDIRS: [&str; 12] = [
    "host",
    "port",
    "tls",
    "auth",
    "username",
    "password",
    "password_file",
    "oauth",
    "tls_ca",
    "tls_pin",
    "idle",
    "timeout_s",
];

impl Outgoing {
    fn of(config: &Config, mailbox: &Mailbox) -> Self {
        let settings = &config.outgoing;
        let mut outgoing = Self {
            sending: Sending::Same,
            from: Some(&settings.from).filter(|from| !is_sample(from)).cloned().unwrap_or_default(),
            account: Account::new(Protocol::Smtp),
            sign_in: SignIn::default(),
            details: false,
            guess: false,
        };
        match &settings.transport {
            OutgoingTransport::Smtp(smtp) if smtp.auth != AuthMode::Oauth => {
                if !is_sample(&smtp.host) {
                    outgoing.account = smtp.as_ref().into();
                    let (ours, reads) = (&outgoing.account, &mailbox.account);
                    let same = ours.username == reads.username
                        && ours.password_file == reads.password_file
                        && ours.password_file.is_some();
                    outgoing.sending = if same { Sending::Same } else { Sending::Password };
                }
            }
            OutgoingTransport::Smtp(_) | OutgoingTransport::Graph(_) | OutgoingTransport::Maildir(_) => {
                outgoing.sending = Sending::Keep;
            }
        }
        outgoing
    }

    fn edit(&self, edit: &mut Edit, draft: &Draft, files: &PasswordFiles) {
        let account = draft.sending_account();
        let own_address = mail::bare_address(&self.from).unwrap_or_default();
        let keys = match (self.sending, draft.mailbox.reading) {
            (Sending::Keep, _) => return,
            (Sending::Same, Reading::OAuth) => {
                let username = draft.mailbox.account.username.as_str();
                draft.mailbox.sign_in.keys(&account, username, Some(&draft.mailbox.name))
            }
            (Sending::Same, _) => account.keys(&files.mailbox),
            (Sending::Password, _) => account.keys(&files.outgoing),
            (Sending::OAuth, _) => self.sign_in.keys(&account, &own_address, None),
        };
        let kind = [Key::set("type", "smtp"), Key::set("from", self.from.as_str())];
        edit.set_keys("outgoing", &kind);
        edit.set_keys("outgoing", &[Key::none("mailbox"), Key::none("endpoint")]);
        edit.set_keys("outgoing", &keys);
    }
}

/// What only the sample has (RFC 2606).
fn is_sample(host_or_address: &str) -> bool {
    host_or_address.trim_end_matches('>').ends_with(".example")
}

fn imap_account(imap: &ImapSettings) -> Account {
    Account {
        protocol: Protocol::Imap,
        host: imap.host.clone(),
        port: imap.port,
        tls: match imap.tls {
            ImapTls::Implicit => TlsMode::Implicit,
            ImapTls::Starttls => TlsMode::Starttls,
            ImapTls::None => TlsMode::None,
        },
        username: imap.username.clone(),
        password: None,
        password_file: imap.password_file.clone(),
        password_inline: imap.password.is_some(),
        tls_ca: imap.tls_ca.clone(),
        tls_pin: imap.tls_pin.map(|pin| pin.to_string()),
        details: false,
    }
}
