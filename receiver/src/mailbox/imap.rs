//! An IMAP account (RFC 9051, and RFC 3501 servers). async-imap frames and parses; commands, tagged answers, limits and
//! waits are ours, because it takes a NO, a BYE or the end of the connection for the end of the data
//! (chatmail/async-imap#95).

mod connect;
mod fetch;
mod filing;
mod folders;
mod gate;
mod idle;
mod login;
mod probe;
mod quota;
mod session;
mod wire;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::time::Duration;

use async_imap::imap_proto::{AttributeValue, Capability, Response, ResponseCode, Status};
use jiff::Timestamp;
use mailbeat_shared::steps::{Steps, name};

use super::{ErrorKind, FolderView, ImapSettings, MailboxError};
use crate::filing::Target;
use folders::{Naming, Place, quoted};
pub(super) use probe::probe;
use session::Session;

/// The keyword for mails that were dealt with and cannot be moved.
const DONE: &str = "$MailbeatDone";

/// What the server can do that we use.
#[derive(Clone, Copy, Debug, Default)]
struct Abilities {
    idle: bool,
    r#move: bool,
    uidplus: bool,
    quota: bool,
}

/// A logged-in account.
#[derive(Debug)]
pub struct ImapMailbox {
    settings: ImapSettings,
    observe: bool,
    session: Session,
    abilities: Abilities,
    naming: Naming,
    /// Configured names of the folders to read that are there, and what the server calls them.
    configured: Vec<String>,
    places: HashMap<String, Place>,
    targets: HashMap<Target, Place>,
    selected: Option<Selected>,
    /// What the server refused and was warned of.
    refused: BTreeSet<&'static str>,
    /// What the caller saw at its last look, by configured folder.
    seen: HashMap<String, FolderView>,
}

#[derive(Clone, Debug)]
struct Selected {
    folder: String,
    view: FolderView,
}

impl ImapMailbox {
    pub(super) async fn connect(
        settings: &ImapSettings,
        observe: bool,
        steps: &mut Steps,
    ) -> Result<Self, MailboxError> {
        let mut session = connect::login(settings, steps).await?;
        let asked = abilities(&mut session).await;
        let abilities = steps.judge(name::CAPABILITIES, asked, ToString::to_string)?;
        let naming = Naming::ask(&mut session).await?;
        let mut mailbox = Self {
            settings: settings.clone(),
            observe,
            session,
            abilities,
            configured: Vec::new(),
            naming,
            places: HashMap::new(),
            targets: HashMap::new(),
            selected: None,
            refused: BTreeSet::new(),
            seen: HashMap::new(),
        };
        mailbox.find_folders().await?;
        Ok(mailbox)
    }

    async fn find_folders(&mut self) -> Result<(), MailboxError> {
        self.look_for_folders().await?;
        for folder in self.settings.folders.iter().filter(|folder| !self.places.contains_key(*folder)) {
            if folder.eq_ignore_ascii_case("INBOX") {
                return Err(MailboxError::new(ErrorKind::FolderMissing, "the account has no INBOX"));
            }
            tracing::warn!(
                mailbox = self.settings.name,
                folder,
                "this folder does not exist and is not read until it does; correct `folders` if it has another name"
            );
        }
        for target in [Target::Processed, Target::Quarantine] {
            let name = self.settings.target(target).to_owned();
            let place = match self.naming.find(&mut self.session, &name).await? {
                Some(place) => Some(place),
                None if self.observe => None,
                None => self.make(&name).await?,
            };
            self.targets.extend(place.map(|place| (target, place)));
        }
        Ok(())
    }

    /// A folder of ours. Where the server does not make it, mails stay where they are and are marked.
    async fn make(&mut self, folder: &str) -> Result<Option<Place>, MailboxError> {
        match self.naming.create(&mut self.session, folder).await {
            Ok(place) => Ok(Some(place)),
            Err(error) if error.kind.ends_session() => Err(error),
            Err(error) => {
                tracing::warn!(mailbox = self.settings.name, %error, "mails are not moved there, only marked");
                Ok(None)
            }
        }
    }

    /// See [`super::Mailbox::look_for_folders`].
    pub(super) async fn look_for_folders(&mut self) -> Result<bool, MailboxError> {
        let before = self.places.len();
        for folder in &self.settings.folders {
            if !self.places.contains_key(folder)
                && let Some(place) = self.naming.find(&mut self.session, folder).await?
            {
                self.places.insert(folder.clone(), place);
            }
        }
        let is_there = |folder: &&String| self.places.contains_key(*folder);
        self.configured = self.settings.folders.iter().filter(is_there).cloned().collect();
        Ok(self.places.len() > before)
    }

    pub(super) fn folders(&self) -> &[String] {
        &self.configured
    }

    pub(super) async fn open(&mut self, folder: &str, now: Timestamp) -> Result<FolderView, MailboxError> {
        let Some(place) = self.places.get(folder).cloned() else {
            return Err(MailboxError::new(
                ErrorKind::FolderMissing,
                format!("there is no folder {folder:?}"),
            ));
        };
        let view = self.select(&place, now).await?;
        self.selected = Some(Selected { folder: folder.to_owned(), view });
        self.seen.insert(folder.to_owned(), view);
        Ok(view)
    }

    /// Makes a folder the selected one without counting as a look at it: what came meanwhile is still news.
    async fn reselect(&mut self, folder: &str) -> Result<FolderView, MailboxError> {
        if let Some(selected) = self.selected.as_ref().filter(|selected| selected.folder == folder) {
            return Ok(selected.view);
        }
        let known = self.seen.get(folder).copied();
        let view = self.open(folder, known.map_or(Timestamp::UNIX_EPOCH, |view| view.asked_at)).await?;
        match known {
            Some(known) => self.seen.insert(folder.to_owned(), known),
            None => self.seen.remove(folder),
        };
        Ok(view)
    }

    /// SELECT (RFC 9051 section 6.3.2), or EXAMINE for somebody who only looks.
    async fn select(&mut self, place: &Place, now: Timestamp) -> Result<FolderView, MailboxError> {
        self.selected = None;
        let (mut uidvalidity, mut uidnext) = (None, None);
        let verb = if self.observe { "EXAMINE" } else { "SELECT" };
        let note = |response: &Response<'_>| {
            if let Response::Data { status: Status::Ok, outcome } = response {
                match outcome.code {
                    Some(ResponseCode::UidValidity(number)) => uidvalidity = Some(number),
                    Some(ResponseCode::UidNext(number)) => uidnext = Some(number),
                    _ => {}
                }
            }
        };
        match self.session.run(&format!("{verb} {}", quoted(place)), note).await {
            Ok(()) => self.session.settle(),
            Err(error) if error.kind == ErrorKind::Refused => {
                let gone = !folders::exists(&mut self.session, place).await?;
                let kind = if gone { ErrorKind::FolderMissing } else { error.kind };
                return Err(MailboxError { kind, ..error });
            }
            Err(error) => return Err(error),
        }
        let Some(uidvalidity) = uidvalidity else {
            return Err(self.session.unclear(&format!("no UIDVALIDITY for {place}")));
        };
        let uidnext = match uidnext {
            Some(uidnext) => uidnext,
            // RFC 3501 section 7.1 lets a server leave it out. The last mail says as much, and of just what was selected.
            None if self.session.mails() == 0 => 1,
            None => self.uid_of("*").await?.saturating_add(1),
        };
        Ok(FolderView { uidvalidity, uidnext, asked_at: now })
    }

    /// See [`super::Mailbox::lowest`].
    pub(super) async fn lowest(&mut self) -> Result<Option<u32>, MailboxError> {
        match self.session.mails() {
            0 => Ok(None),
            _ => self.uid_of("1").await.map(Some),
        }
    }

    /// The UID of the first (`1`) or last (`*`) mail of the selected folder.
    async fn uid_of(&mut self, mail: &str) -> Result<u32, MailboxError> {
        let mut uid = None;
        let note = |response: &Response<'_>| {
            if let Response::Fetch(_, attributes) = response {
                uid = uid.or(attributes.iter().find_map(|attribute| match attribute {
                    AttributeValue::Uid(uid) => Some(*uid),
                    _ => None,
                }));
            }
        };
        self.session.run(&format!("FETCH {mail} (UID)"), note).await?;
        uid.ok_or_else(|| self.session.unclear(&format!("no UID of mail {mail}")))
    }

    pub(super) async fn close(mut self) {
        let goodbye = self.session.run("LOGOUT", |_| {});
        let _ = tokio::time::timeout(Duration::from_secs(2), goodbye).await;
    }
}

/// CAPABILITY (RFC 9051 section 6.1.1), asked after the login, when it is complete.
async fn abilities(session: &mut Session) -> Result<Abilities, MailboxError> {
    let mut abilities = Abilities::default();
    let mut note = |word: &str| match word.to_ascii_uppercase().as_str() {
        "IDLE" => abilities.idle = true,
        "MOVE" => abilities.r#move = true,
        "UIDPLUS" => abilities.uidplus = true,
        "QUOTA" => abilities.quota = true,
        // IMAP4rev2 has all three built in (RFC 9051 appendix E).
        "IMAP4REV2" => {
            abilities = Abilities { idle: true, r#move: true, uidplus: true, quota: abilities.quota };
        }
        _ => {}
    };
    let asked = session.run("CAPABILITY", |response| {
        if let Response::Capabilities(offered) = response {
            offered.iter().for_each(|one| {
                if let Capability::Atom(word) = one {
                    note(word);
                }
            });
        }
    });
    asked.await?;
    Ok(abilities)
}

impl fmt::Display for Abilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            (self.idle, "IDLE: tells of new mail", "no IDLE: is polled"),
            (self.r#move, "MOVE", "no MOVE: mails are copied and deleted"),
            (self.uidplus, "UIDPLUS", "no UIDPLUS"),
        ];
        f.write_str(&words.map(|(has, yes, no)| if has { yes } else { no }).join(", "))
    }
}
