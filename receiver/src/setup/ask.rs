//! The questions, page by page: Vendor, Mailbox, Outgoing mail, People. All sentences are English; their German is in
//! [`super::words`].

use std::path::{Path, PathBuf};
use std::rc::Rc;

use mailbeat_shared::wire::mail;
use mailbeat_shared::wizard::account::{Account, Protocol};
use mailbeat_shared::wizard::oauth::SignIn;
use mailbeat_shared::wizard::providers::{self, BASIC_ENDED};
use mailbeat_shared::wizard::{Asker, Check, Move, Question, address, languages, needed};

use super::fault::At;
use super::{Draft, Reading, Sending, people};
use crate::mailbox::{MailboxSettings, MaildirSettings};

/// The first page.
const VENDOR: &[Question<Draft>] = &[vendor, state_dir, people::first];

/// The page on the mailbox, up to its server.
const MAILBOX: &[Question<Draft>] = &[
    report_address,
    reading,
    |draft, asker| reads_by_oauth(draft, |sign_in, _| sign_in.ask_provider(asker)),
    |draft, asker| reads_by_oauth(draft, |sign_in, address| sign_in.ask_tenant(address, asker)),
    |draft, asker| reads_by_oauth(draft, |sign_in, _| sign_in.ask_issuer(asker)),
    |draft, asker| reads_by_oauth(draft, |sign_in, _| sign_in.ask_scopes(asker)),
    |draft, asker| reads_by_oauth(draft, |sign_in, _| sign_in.ask_grant(asker)),
    |draft, asker| reads_by_oauth(draft, |sign_in, _| sign_in.ask_client(asker)),
    |draft, asker| reads_by_oauth(draft, |sign_in, _| sign_in.ask_proof(asker)),
    |draft, asker| reads_by_oauth(draft, |sign_in, _| sign_in.ask_key(asker)),
    |draft, asker| reads_at_server(draft, |account| account.ask_host(asker)),
    |draft, asker| reads_at_server(draft, |account| account.ask_tls(asker)),
    |draft, asker| reads_at_server(draft, |account| account.ask_port(asker)),
];

/// The rest of it.
const MAILBOX_LOGON: &[Question<Draft>] = &[
    |draft, asker| {
        reads_by(draft, &[Reading::Password, Reading::OAuth], |account| account.ask_username(asker))
    },
    |draft, asker| reads_by(draft, &[Reading::Password], |account| account.ask_password(asker)),
    |draft, asker| reads_at_server(draft, |account| account.ask_trust(asker)),
    |draft, asker| reads_at_server(draft, |account| account.ask_authority(asker)),
    |draft, asker| reads_at_server(draft, |account| account.ask_pin(asker)),
    maildir,
    folders,
];

/// The page on outgoing mail, up to its server.
const OUTGOING: &[Question<Draft>] = &[
    sending,
    from,
    |draft, asker| sends_by_oauth(draft, |sign_in, _| sign_in.ask_provider(asker)),
    |draft, asker| sends_by_oauth(draft, |sign_in, address| sign_in.ask_tenant(address, asker)),
    |draft, asker| sends_by_oauth(draft, |sign_in, _| sign_in.ask_issuer(asker)),
    |draft, asker| sends_by_oauth(draft, |sign_in, _| sign_in.ask_scopes(asker)),
    |draft, asker| sends_by_oauth(draft, |sign_in, _| sign_in.ask_grant(asker)),
    |draft, asker| sends_by_oauth(draft, |sign_in, _| sign_in.ask_client(asker)),
    |draft, asker| sends_by_oauth(draft, |sign_in, _| sign_in.ask_proof(asker)),
    |draft, asker| sends_by_oauth(draft, |sign_in, _| sign_in.ask_key(asker)),
    |draft, asker| sends_at_server(draft, |account| account.ask_host(asker)),
    |draft, asker| sends_at_server(draft, |account| account.ask_tls(asker)),
    |draft, asker| sends_at_server(draft, |account| account.ask_port(asker)),
];

/// The rest of it.
const OUTGOING_LOGON: &[Question<Draft>] = &[
    |draft, asker| sends_by_password(draft, |account| account.ask_username(asker)),
    |draft, asker| sends_by_password(draft, |account| account.ask_password(asker)),
    |draft, asker| sends_at_server(draft, |account| account.ask_trust(asker)),
    |draft, asker| sends_at_server(draft, |account| account.ask_authority(asker)),
    |draft, asker| sends_at_server(draft, |account| account.ask_pin(asker)),
];

/// The page on people.
const PEOPLE: &[Question<Draft>] = &[working_language, people::others];

/// All pages before anything is written.
#[must_use]
pub fn questions() -> Vec<Question<Draft>> {
    [VENDOR, MAILBOX, MAILBOX_LOGON, OUTGOING, OUTGOING_LOGON, PEOPLE].concat()
}

/// The page on which what is at fault is mended, and the question on it to begin with.
#[must_use]
pub fn page_of(at: At) -> (Vec<Question<Draft>>, usize) {
    match at {
        At::Mailbox => ([MAILBOX, MAILBOX_LOGON].concat(), 0),
        At::MailboxLogon => ([MAILBOX, MAILBOX_LOGON].concat(), MAILBOX.len()),
        At::Outgoing => ([OUTGOING, OUTGOING_LOGON].concat(), 0),
        At::OutgoingLogon => ([OUTGOING, OUTGOING_LOGON].concat(), OUTGOING.len()),
        At::Vendor | At::Elsewhere => ([VENDOR, PEOPLE].concat(), 0),
    }
}

fn vendor(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    asker.say("\n1. Vendor");
    let help = "It stands on contracts, and customers read it before they agree.";
    let asked = asker.text("The name of your company:", help, &draft.vendor, needed());
    asked.then(|name| draft.vendor = name)
}

fn state_dir(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if draft.state_dir_is_given {
        return Move::Skip;
    }
    let help =
        "Database and keys lie here. The packaged service may write to /var/lib/mailbeat-receiver only.";
    let now = draft.state_dir.display().to_string();
    let asked = asker.text("State directory:", help, &now, absolute());
    asked.then(|text| draft.state_dir = text.into())
}

fn absolute() -> Check {
    Rc::new(|text| match Path::new(text).is_absolute() {
        true => Ok(()),
        false => Err("an absolute path is needed".into()),
    })
}

fn report_address(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    asker.say("\n2. Mailbox");
    let help = "Agents send to it. Best a mailbox of its own, read by the receiver alone.";
    let asked = asker.text("Mail address that reports are sent to:", help, draft.report_address(), address());
    asked.then(|text| draft.report_to(mail::bare_address(&text).unwrap_or(text)))
}

impl Draft {
    /// Takes another report address, with the servers its provider has.
    pub(super) fn report_to(&mut self, address: String) {
        if self.report_address() == address && !self.mailbox.account.host.is_empty() {
            return;
        }
        let proposal = providers::propose(&address, Protocol::Imap);
        if self.mailbox.reading == Reading::Password && proposal.note == BASIC_ENDED {
            self.mailbox.reading = Reading::OAuth;
        }
        self.mailbox.account.propose(&proposal, address.clone());
        if self.mailbox.folders.len() == 2 {
            self.mailbox.folders = vec!["INBOX".to_owned(), proposal.junk.to_owned()];
        }
        if self.outgoing.from.is_empty() {
            self.send_from(format!("Mailbeat <{address}>"));
        }
        match self.report_addresses.first_mut() {
            Some(first) => *first = address,
            None => self.report_addresses.push(address),
        }
    }

    /// Takes another sender, with the server its provider has.
    pub(super) fn send_from(&mut self, from: String) {
        if self.outgoing.account.host.is_empty() || self.outgoing.from != from {
            let proposal = providers::propose(&from, Protocol::Smtp);
            self.outgoing.account.propose(&proposal, mail::bare_address(&from).unwrap_or_default());
        }
        self.outgoing.from = from;
    }
}

fn reading(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    let mut ways = vec![
        (Reading::Password, "By IMAP, with a password".to_owned()),
        (
            Reading::OAuth,
            "By IMAP, with an account that signs in by OAuth (Microsoft 365, Google, other)".to_owned(),
        ),
        (Reading::Maildir, "From a Maildir on this machine".to_owned()),
    ];
    let kept = || format!("As mailbox {} is configured", draft.mailbox.name);
    ways.extend((draft.mailbox.reading == Reading::Keep).then(|| (Reading::Keep, kept())));
    let now = ways.iter().position(|(way, _)| *way == draft.mailbox.reading).unwrap_or(0);
    let options: Vec<String> = ways.iter().map(|(_, words)| words.clone()).collect();
    let moved = asker.choose("How is it read?", "", &options, now).then(|chosen| {
        let reading = ways.get(chosen).map_or(Reading::Password, |(way, _)| *way);
        draft.mailbox.reading = reading;
    });
    let note = providers::propose(draft.report_address(), Protocol::Imap).note;
    if moved == Move::Next && draft.mailbox.reading == Reading::Password && !note.is_empty() {
        asker.say(note);
    }
    moved
}

fn reads_by(draft: &mut Draft, ways: &[Reading], ask: impl FnOnce(&mut Account) -> Move) -> Move {
    if ways.contains(&draft.mailbox.reading) { ask(&mut draft.mailbox.account) } else { Move::Skip }
}

fn reads_by_oauth(draft: &mut Draft, ask: impl FnOnce(&mut SignIn, &str) -> Move) -> Move {
    let mailbox = &mut draft.mailbox;
    if mailbox.reading != Reading::OAuth {
        return Move::Skip;
    }
    let moved = ask(&mut mailbox.sign_in, &mailbox.account.username);
    if let Some(junk) = mailbox.sign_in.junk().filter(|_| mailbox.folders.len() == 2) {
        mailbox.folders = vec!["INBOX".to_owned(), junk.to_owned()];
    }
    moved
}

/// A question about the server, where it is not the provider's own.
fn reads_at_server(draft: &mut Draft, ask: impl FnOnce(&mut Account) -> Move) -> Move {
    let known = draft.mailbox.reading == Reading::OAuth && draft.mailbox.sign_in.knows_servers();
    let ways: &[Reading] = if known { &[] } else { &[Reading::Password, Reading::OAuth] };
    reads_by(draft, ways, ask)
}

fn maildir(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if draft.mailbox.reading != Reading::Maildir {
        return Move::Skip;
    }
    let help = "The directory with new, cur and tmp; the service must be able to write to it.";
    let now = draft.mailbox.path.display().to_string();
    asker.text("Maildir:", help, &now, absolute()).then(|text| draft.mailbox.path = PathBuf::from(text))
}

fn folders(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if draft.mailbox.reading == Reading::Keep {
        return Move::Skip;
    }
    let check: Check = Rc::new(|text| check_folders(&split(text)));
    let help = "With commas between: where reports arrive, and where your provider puts spam.";
    let now = draft.mailbox.folders.join(", ");
    let asked = asker.text("Folders to read:", help, &now, check);
    asked.then(|text| draft.mailbox.folders = split(&text))
}

fn split(text: &str) -> Vec<String> {
    text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

/// Whether a mailbox may have these folders.
///
/// # Errors
/// Why not, a sentence.
pub(super) fn check_folders(folders: &[String]) -> Result<(), String> {
    let mut maildir = MaildirSettings::new("x", "/x", 1);
    // A dot divides folders of a Maildir and is an ordinary letter at a mail server.
    maildir.folders = folders.iter().map(|name| name.replace('.', "-")).collect();
    MailboxSettings::Maildir(maildir).check().map_err(|error| error.to_string())
}

fn sending(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    asker.say("\n3. Outgoing mail");
    let mut ways = vec![];
    ways.extend(draft.may_share_account().then_some((Sending::Same, "By the same account".to_owned())));
    ways.extend([
        (Sending::Password, "By another mail server, or an account with a password".to_owned()),
        (
            Sending::OAuth,
            "By another account that signs in by OAuth (Microsoft 365, Google, other)".to_owned(),
        ),
    ]);
    let is_kept = draft.outgoing.sending == Sending::Keep;
    ways.extend(is_kept.then(|| (Sending::Keep, "As it is configured".to_owned())));
    let now = ways.iter().position(|(way, _)| *way == draft.outgoing.sending).unwrap_or(0);
    let options: Vec<String> = ways.iter().map(|(_, words)| words.clone()).collect();
    let asked = asker.choose("How do notifications leave?", "", &options, now);
    asked.then(|chosen| {
        draft.outgoing.sending = ways.get(chosen).map_or(Sending::Password, |(way, _)| *way);
        let (own, shared) = (&mut draft.outgoing.account, &draft.mailbox.account);
        if draft.outgoing.sending == Sending::Same && own.tls_ca.is_none() && own.tls_pin.is_none() {
            own.tls_ca.clone_from(&shared.tls_ca);
        }
    })
}

fn from(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if draft.outgoing.sending == Sending::Keep {
        return Move::Skip;
    }
    let help =
        "As in Mailbeat <reports@vendor.example>. What cannot be delivered comes back to it, and is read.";
    let asked = asker.text("Sender of the notifications:", help, &draft.outgoing.from, address());
    let moved = asked.then(|from| draft.send_from(from));
    let note = providers::propose(&draft.outgoing.from, Protocol::Smtp).note;
    if moved == Move::Next && draft.outgoing.sending == Sending::Password && !note.is_empty() {
        asker.say(note);
    }
    moved
}

fn sends_by_oauth(draft: &mut Draft, ask: impl FnOnce(&mut SignIn, &str) -> Move) -> Move {
    let outgoing = &mut draft.outgoing;
    let asked = outgoing.sending == Sending::OAuth;
    if asked { ask(&mut outgoing.sign_in, &outgoing.from) } else { Move::Skip }
}

/// A question about the server, where it is not the provider's own.
fn sends_at_server(draft: &mut Draft, ask: impl FnOnce(&mut Account) -> Move) -> Move {
    let (outgoing, mailbox) = (&draft.outgoing, &draft.mailbox);
    let asked = match outgoing.sending {
        Sending::Keep => false,
        Sending::Password => true,
        Sending::OAuth => !outgoing.sign_in.knows_servers(),
        Sending::Same => mailbox.reading == Reading::Password || !mailbox.sign_in.knows_servers(),
    };
    if asked { ask(&mut draft.outgoing.account) } else { Move::Skip }
}

fn sends_by_password(draft: &mut Draft, ask: impl FnOnce(&mut Account) -> Move) -> Move {
    let asked = draft.outgoing.sending == Sending::Password;
    if asked { ask(&mut draft.outgoing.account) } else { Move::Skip }
}

fn working_language(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    asker.say("\n4. People");
    let (names, locales) = languages();
    let now = locales.iter().position(|locale| *locale == draft.locale).unwrap_or(0);
    let help = "Of mails to people who have no language of their own.";
    let asked = asker.choose("Working language:", help, &names, now);
    asked.then(|chosen| draft.locale = locales.get(chosen).copied().unwrap_or_default())
}
