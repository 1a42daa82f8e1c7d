//! The questions, page by page: Vendor, Mailbox, Outgoing mail, People. All sentences are English; their German is in
//! [`super::words`].

mod mailbox;
mod outgoing;

use std::path::Path;
use std::rc::Rc;

use mailbeat_shared::dns::services::Offer;
use mailbeat_shared::wire::mail;
use mailbeat_shared::wizard::account::Protocol;
use mailbeat_shared::wizard::providers::{self, BASIC_ENDED};
use mailbeat_shared::wizard::{Asker, Check, Move, Question, languages, needed};

use super::fault::At;
use super::{Draft, Reading, people};

pub(super) use mailbox::check_folders;

/// The first page.
const VENDOR: &[Question<Draft>] = &[vendor, state_dir, people::first];

/// The page on people.
const PEOPLE: &[Question<Draft>] = &[working_language, people::others];

/// All pages before anything is written.
#[must_use]
pub fn questions() -> Vec<Question<Draft>> {
    [VENDOR, mailbox::SERVER, mailbox::LOGON, outgoing::SERVER, outgoing::LOGON, PEOPLE].concat()
}

/// The page on which what is at fault is mended, and the question on it to begin with.
#[must_use]
pub fn page_of(at: At) -> (Vec<Question<Draft>>, usize) {
    match at {
        At::Mailbox => ([mailbox::SERVER, mailbox::LOGON].concat(), 0),
        At::MailboxLogon => ([mailbox::SERVER, mailbox::LOGON].concat(), mailbox::SERVER.len()),
        At::Outgoing => ([outgoing::SERVER, outgoing::LOGON].concat(), 0),
        At::OutgoingLogon => ([outgoing::SERVER, outgoing::LOGON].concat(), outgoing::SERVER.len()),
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

impl Draft {
    /// Takes another report address, with the servers its provider has.
    pub(super) fn report_to(&mut self, address: String, offer: &Offer) {
        if self.report_address() == address && !self.mailbox.account.host.is_empty() {
            return;
        }
        let proposal = providers::propose(&address, Protocol::Imap, offer);
        if self.mailbox.reading == Reading::Password && proposal.note == BASIC_ENDED {
            self.mailbox.reading = Reading::OAuth;
        }
        self.mailbox.account.propose(&proposal, address.clone());
        if self.mailbox.folders.len() == 2 {
            self.mailbox.folders = vec!["INBOX".to_owned(), proposal.junk.to_owned()];
        }
        if self.outgoing.from.is_empty() {
            self.send_from(format!("Mailbeat <{address}>"), offer);
        }
        match self.report_addresses.first_mut() {
            Some(first) => *first = address,
            None => self.report_addresses.push(address),
        }
    }

    /// Takes another sender, with the server its provider has.
    pub(super) fn send_from(&mut self, from: String, offer: &Offer) {
        if self.outgoing.account.host.is_empty() || self.outgoing.from != from {
            let proposal = providers::propose(&from, Protocol::Smtp, offer);
            self.outgoing.account.propose(&proposal, mail::bare_address(&from).unwrap_or_default());
        }
        self.outgoing.from = from;
    }
}

fn working_language(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    asker.say("\n4. People");
    let (names, locales) = languages();
    let now = locales.iter().position(|locale| *locale == draft.locale).unwrap_or(0);
    let help = "Of mails to people who have no language of their own.";
    let asked = asker.choose("Working language:", help, &names, now);
    asked.then(|chosen| draft.locale = locales.get(chosen).copied().unwrap_or_default())
}
