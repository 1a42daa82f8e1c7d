//! The page on the mailbox: where reports arrive.

use std::path::PathBuf;
use std::rc::Rc;

use mailbeat_shared::wire::mail;
use mailbeat_shared::wizard::account::{Account, Protocol};
use mailbeat_shared::wizard::oauth::SignIn;
use mailbeat_shared::wizard::{Asker, Check, Move, Question, address, providers};

use super::absolute;
use crate::mailbox::{MailboxSettings, MaildirSettings};
use crate::setup::{Draft, Reading};

/// The page on the mailbox: how it is read.
pub(super) const WAY: &[Question<Draft>] = &[
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
];

/// At which server.
pub(super) const SERVER: &[Question<Draft>] = &[
    |draft, asker| reads_at_server(draft, |account| account.ask_host(asker)),
    |draft, asker| reads_at_server(draft, |account| account.ask_usual(asker)),
    |draft, asker| reads_at_server(draft, |account| account.ask_tls(asker)),
    |draft, asker| reads_at_server(draft, |account| account.ask_port(asker)),
];

/// The rest of it.
pub(super) const LOGON: &[Question<Draft>] = &[
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

fn report_address(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    asker.say("\n2. Mailbox");
    let help = "Agents send to it. Best a mailbox of its own, read by the receiver alone.";
    let asked = asker.text("Mail address that reports are sent to:", help, draft.report_address(), address());
    asked.then(|text| {
        let address = mail::bare_address(&text).unwrap_or(text);
        let offer = providers::offer(asker, &address);
        draft.report_to(address, &offer);
    })
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
    let offer = providers::offer(asker, draft.report_address());
    let note = providers::propose(draft.report_address(), Protocol::Imap, &offer).note;
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
    let asked = match draft.mailbox.reading {
        Reading::Keep => false,
        Reading::Maildir => true,
        // What the provider's are called is known, and the test says whether they are there.
        Reading::Password | Reading::OAuth => draft.mailbox.account.details,
    };
    if !asked {
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
pub(in crate::setup) fn check_folders(folders: &[String]) -> Result<(), String> {
    let mut maildir = MaildirSettings::new("x", "/x", 1);
    // A dot divides folders of a Maildir and is an ordinary letter at a mail server.
    maildir.folders = folders.iter().map(|name| name.replace('.', "-")).collect();
    MailboxSettings::Maildir(maildir).check().map_err(|error| error.to_string())
}
