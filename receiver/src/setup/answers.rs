//! The same decisions from a file, for receivers set up by a program, and the file a set-up that was stopped goes on from.
//!
//! The file holds no password: that comes from `password_file`, or from the environment (`MAILBEAT_SETUP_PASSWORD`,
//! `MAILBEAT_SETUP_OUTGOING_PASSWORD`).

use std::path::PathBuf;

use mailbeat_shared::dns::services::Offer;
use mailbeat_shared::locale::Locale;
use mailbeat_shared::wire::mail;
use mailbeat_shared::wizard::kept::AccountAnswers;
use serde::{Deserialize, Serialize};

use super::customer::Customer;
use super::people::Person;
use super::{Draft, Reading, Sending, ask};

/// Answers; what is not answered stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// The working language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// The vendor's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Where database and keys lie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_dir: Option<PathBuf>,
    /// Whether to start the service at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_service: Option<bool>,
    /// Whether to install it first where no unit is there; it is started then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub install_service: Option<bool>,
    /// Who is told, in this order; all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub people: Option<Vec<PersonAnswers>>,
    /// Where reports arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mailbox: Option<MailboxAnswers>,
    /// How notifications leave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outgoing: Option<OutgoingAnswers>,
    /// Whom to issue a contract for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerAnswers>,
}

/// Somebody who is told.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PersonAnswers {
    /// `Name <address>`.
    pub contact: String,
    /// The language of their mails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
}

/// Where reports arrive.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct MailboxAnswers {
    /// How they are read.
    pub by: ReadBy,
    /// The address they are sent to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The folders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folders: Option<Vec<String>>,
    /// The Maildir.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// By which account.
    #[serde(flatten)]
    pub account: AccountAnswers,
}

/// How a mailbox is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReadBy {
    /// By IMAP with a password.
    Server,
    /// By IMAP with an account that signs in by OAuth.
    OAuth,
    /// From a Maildir.
    Maildir,
    /// As it is configured.
    Keep,
}

/// How notifications leave.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct OutgoingAnswers {
    /// By which account.
    pub by: SendBy,
    /// The sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// By which account, of the same one the server only.
    #[serde(flatten)]
    pub account: AccountAnswers,
}

/// Which account notifications leave by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SendBy {
    /// The mailbox's.
    Same,
    /// One with a password, or a server without logon.
    Server,
    /// One that signs in by OAuth.
    OAuth,
    /// As it is configured.
    Keep,
}

/// Whom to issue a contract for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerAnswers {
    /// The name.
    pub name: String,
    /// The language of the customer's mails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// `Name <address>` of the customer's contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// Last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    /// Most systems.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub systems: Option<u32>,
    /// Whether the customer sends by the vendor's relay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relay: Option<bool>,
    /// Where the contract file goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
}

impl Answers {
    /// What a draft holds, without its passwords.
    #[must_use]
    pub fn of(draft: &Draft) -> Self {
        let people = draft.people.iter();
        let people: Vec<PersonAnswers> =
            people.map(|person| PersonAnswers { contact: person.shown(), locale: person.locale }).collect();
        Self {
            locale: Some(draft.locale),
            vendor: Some(draft.vendor.clone()).filter(|name| !name.is_empty()),
            state_dir: (!draft.state_dir_is_given).then(|| draft.state_dir.clone()),
            start_service: Some(draft.start_service),
            install_service: None,
            people: Some(people).filter(|people| !people.is_empty()),
            mailbox: (!draft.report_address().is_empty()).then(|| MailboxAnswers::of(draft)),
            outgoing: (!draft.outgoing.from.is_empty()).then(|| OutgoingAnswers::of(draft)),
            customer: draft.customer.as_ref().map(CustomerAnswers::of),
        }
    }

    /// Takes the answers into a draft, with the checks a person's answers go through. `customer` is one nobody decided anything
    /// of yet.
    ///
    /// # Errors
    /// The first answer that does not fit, a sentence.
    pub fn into_draft(self, draft: &mut Draft, customer: Customer) -> Result<(), String> {
        draft.locale = self.locale.unwrap_or(draft.locale);
        draft.vendor = self.vendor.unwrap_or_else(|| draft.vendor.clone());
        if let Some(dir) = self.state_dir.filter(|_| !draft.state_dir_is_given) {
            draft.state_dir = dir;
        }
        draft.start_service = self.start_service.unwrap_or(draft.start_service);
        if let Some(people) = self.people {
            draft.people =
                people.iter().map(|answer| answer.person(&draft.people)).collect::<Result<_, _>>()?;
        }
        self.mailbox.map_or(Ok(()), |mailbox| mailbox.into_draft(draft))?;
        self.outgoing.map_or(Ok(()), |outgoing| outgoing.into_draft(draft))?;
        draft.customer = self.customer.map(|answers| answers.into_customer(customer)).transpose()?;
        Ok(())
    }
}

impl PersonAnswers {
    /// The person; who is there already, by the address, is changed and not added.
    fn person(&self, known: &[Person]) -> Result<Person, String> {
        let person = Person::read(&self.contact).map_err(|why| format!("people: {why}"))?;
        let same = known.iter().find(|known| known.email == person.email);
        let locale = self.locale.or(same.and_then(|same| same.locale));
        Ok(Person { id: same.and_then(|same| same.id), locale, ..person })
    }
}

impl MailboxAnswers {
    fn of(draft: &Draft) -> Self {
        let mailbox = &draft.mailbox;
        let (by, sign_in) = match mailbox.reading {
            Reading::Password => (ReadBy::Server, None),
            Reading::OAuth => (ReadBy::OAuth, Some(&mailbox.sign_in)),
            Reading::Maildir => (ReadBy::Maildir, None),
            Reading::Keep => (ReadBy::Keep, None),
        };
        Self {
            by,
            address: Some(draft.report_address().to_owned()),
            folders: Some(mailbox.folders.clone()),
            path: Some(mailbox.path.clone()).filter(|path| !path.as_os_str().is_empty()),
            account: AccountAnswers::of(&mailbox.account, sign_in),
        }
    }

    fn into_draft(self, draft: &mut Draft) -> Result<(), String> {
        if let Some(address) = self.address {
            if mail::bare_address(&address).as_ref() != Some(&address) {
                return Err(format!("mailbox.address: {address:?} is not a bare mail address"));
            }
            draft.report_to(address, &Offer::default());
        }
        draft.mailbox.reading = match self.by {
            ReadBy::Server => Reading::Password,
            ReadBy::OAuth => Reading::OAuth,
            ReadBy::Maildir => Reading::Maildir,
            ReadBy::Keep => Reading::Keep,
        };
        let mailbox = &mut draft.mailbox;
        mailbox.path = self.path.unwrap_or_else(|| mailbox.path.clone());
        if let Some(folders) = self.folders {
            ask::check_folders(&folders).map_err(|why| format!("mailbox.folders: {why}"))?;
            mailbox.folders = folders;
        }
        let taken = self.account.into_account(&mut mailbox.account, &mut mailbox.sign_in);
        taken.map_err(|why| format!("mailbox.{why}"))
    }
}

impl OutgoingAnswers {
    fn of(draft: &Draft) -> Self {
        let outgoing = &draft.outgoing;
        let (by, sign_in) = match outgoing.sending {
            Sending::Same => (SendBy::Same, None),
            Sending::Password => (SendBy::Server, None),
            Sending::OAuth => (SendBy::OAuth, Some(&outgoing.sign_in)),
            Sending::Keep => (SendBy::Keep, None),
        };
        let account = AccountAnswers::of(&outgoing.account, sign_in);
        Self { by, from: Some(outgoing.from.clone()), account }
    }

    fn into_draft(self, draft: &mut Draft) -> Result<(), String> {
        if let Some(from) = self.from {
            if !mail::is_address(&from) {
                return Err(format!("outgoing.from: {from:?} is not a mail address"));
            }
            draft.send_from(from, &Offer::default());
        }
        draft.outgoing.sending = match self.by {
            SendBy::Same => Sending::Same,
            SendBy::Server => Sending::Password,
            SendBy::OAuth => Sending::OAuth,
            SendBy::Keep => Sending::Keep,
        };
        if self.by == SendBy::Same && !draft.may_share_account() {
            return Err(
                "outgoing.by: the mailbox has no account that could be shared; \"server\" or \"oauth\""
                    .into(),
            );
        }
        draft.outgoing.guess &= self.account.host.is_none();
        if self.by == SendBy::Same {
            draft.send_as_it_reads();
        }
        let outgoing = &mut draft.outgoing;
        let taken = self.account.into_account(&mut outgoing.account, &mut outgoing.sign_in);
        taken.map_err(|why| format!("outgoing.{why}"))
    }
}

impl CustomerAnswers {
    fn of(customer: &Customer) -> Self {
        let contact = Some(customer.contact.shown()).filter(|_| !customer.contact.email.is_empty());
        Self {
            name: customer.name.clone(),
            locale: Some(customer.locale),
            contact,
            valid_until: Some(customer.valid_until.clone()).filter(|day| !day.is_empty()),
            systems: Some(customer.systems),
            relay: customer.relay,
            directory: Some(customer.directory.clone()),
        }
    }

    fn into_customer(self, unknown: Customer) -> Result<Customer, String> {
        let contact = self.contact.as_deref().map(Person::read).transpose();
        if self.relay == Some(true) && unknown.relay.is_none() {
            return Err("customer.relay: there is no [relay] table in receiver.toml".into());
        }
        let customer = Customer {
            name: self.name,
            valid_until: self.valid_until.unwrap_or_default(),
            systems: self.systems.unwrap_or(unknown.systems),
            contact: contact.map_err(|why| format!("customer.contact: {why}"))?.unwrap_or_default(),
            locale: self.locale.unwrap_or(unknown.locale),
            relay: unknown.relay.map(|usual| self.relay.unwrap_or(usual)),
            directory: self.directory.unwrap_or(unknown.directory),
        };
        customer.check().map_err(|why| format!("customer.{why}"))?;
        Ok(customer)
    }
}
