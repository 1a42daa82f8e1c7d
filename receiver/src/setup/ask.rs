//! The questions, page by page: Vendor, Mailbox, Outgoing mail, People. What is proposed is taken as a whole where a person says that
//! it is right. All sentences are English; their German is in [`super::words`].

mod mailbox;
mod outgoing;

use std::path::Path;
use std::rc::Rc;

use mailbeat_shared::dns::services::Offer;
use mailbeat_shared::wire::mail;
use mailbeat_shared::wizard::account::Protocol;
use mailbeat_shared::wizard::providers::{self, BASIC_ENDED};
use mailbeat_shared::wizard::{Asker, Check, Move, Question, needed};

use super::fault::At;
use super::{Draft, Reading, people};

pub(super) use mailbox::check_folders;

/// The first page.
const VENDOR: &[Question<Draft>] = &[vendor, state_dir, people::first];

/// The page on people.
const PEOPLE: &[Question<Draft>] = &[people::others];

/// All pages before anything is written.
#[must_use]
pub fn questions() -> Vec<Question<Draft>> {
    [VENDOR, &mailbox(), &outgoing(), PEOPLE].concat()
}

fn mailbox() -> Vec<Question<Draft>> {
    [mailbox::WAY, mailbox::SERVER, mailbox::LOGON].concat()
}

fn outgoing() -> Vec<Question<Draft>> {
    [outgoing::WAY, outgoing::SERVER, outgoing::LOGON].concat()
}

/// The page on which what is at fault is mended, and the question on it to begin with.
#[must_use]
pub fn page_of(at: At) -> (Vec<Question<Draft>>, usize) {
    match at {
        At::Mailbox => (mailbox(), 0),
        At::MailboxServer => (mailbox(), mailbox::WAY.len()),
        At::MailboxLogon => (mailbox(), mailbox::WAY.len() + mailbox::SERVER.len()),
        At::Outgoing => (outgoing(), 0),
        At::OutgoingServer => (outgoing(), outgoing::WAY.len()),
        At::OutgoingLogon => (outgoing(), outgoing::WAY.len() + outgoing::SERVER.len()),
        At::Vendor | At::Elsewhere => ([VENDOR, PEOPLE].concat(), 0),
    }
}

/// Lets each part be asked for of what is at fault: what was taken as a whole was not right.
pub fn doubt(draft: &mut Draft, at: At) {
    match at {
        At::MailboxServer | At::MailboxLogon => draft.mailbox.account.details = true,
        At::OutgoingServer | At::OutgoingLogon => {
            (draft.outgoing.details, draft.outgoing.account.details) = (true, true);
        }
        At::Mailbox | At::Outgoing | At::Vendor | At::Elsewhere => {}
    }
}

fn vendor(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    asker.say("\n1. Vendor");
    let help = "It stands on contracts, and customers read it before they agree.";
    let asked = asker.text("The name of your company:", help, &draft.vendor, needed());
    asked.then(|name| draft.vendor = name)
}

fn state_dir(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if draft.state_dir_is_given || !draft.asks_state_dir {
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
            self.outgoing.guess = proposal.guess;
        }
        self.outgoing.from = from;
    }

    /// Proposes for sending what is known of the account that reads: its logon, and where nobody named a server, that one or its
    /// twin, believed by the same word.
    pub(super) fn send_as_it_reads(&mut self) {
        let (own, reads) = (&mut self.outgoing.account, &self.mailbox.account);
        own.username.clone_from(&reads.username);
        if self.outgoing.guess && !reads.host.is_empty() {
            own.host = providers::twin(&reads.host);
            own.tls_ca.clone_from(&reads.tls_ca);
            own.tls_pin = reads.tls_pin.clone().filter(|_| own.host == reads.host);
        }
    }
}
