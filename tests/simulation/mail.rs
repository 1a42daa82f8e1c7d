//! Everything between the two programs: mail servers that delay, lose, duplicate and doubt, and the vendor's mailbox with its
//! folders, UIDs and INTERNALDATEs. It also keeps the ledger: what was really sent and what really became of it.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::transport::outcome::{ConnectionProblem, Failure, FailureKind, Outcome};
use mailbeat_shared::wire::extract::{Extracted, extract};
use mailbeat_shared::wire::id::{Digest, SystemId};
use mailbeat_shared::wire::report::{Kind, Report};

use crate::model::{Answer, Fate};

/// Index into the folders.
pub(crate) const INBOX: usize = 0;
/// The other one that is read.
pub(crate) const JUNK: usize = 1;
/// Their names.
pub(crate) const FOLDERS: [&str; 2] = ["INBOX", "Junk"];

/// A report that a mail server took over. All times are true times.
#[derive(Debug)]
pub(crate) struct Genuine {
    pub(crate) host: usize,
    pub(crate) report: Report,
    pub(crate) digest: Digest,
    /// When it was made.
    pub(crate) made_at: Timestamp,
    /// When the first copy came into the mailbox.
    pub(crate) delivered_at: Option<Timestamp>,
    /// Every copy of it was lost on the way.
    pub(crate) dropped: bool,
}

impl Genuine {
    pub(crate) fn system(&self) -> SystemId {
        self.report.system
    }

    pub(crate) fn kind(&self) -> Kind {
        self.report.kind()
    }
}

/// A mail on its way or in a folder.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) raw: Rc<[u8]>,
    /// Where the ledger knows it; `None` for what somebody forged.
    pub(crate) genuine: Option<usize>,
    /// INTERNALDATE, once it is in the mailbox.
    pub(crate) received_at: Timestamp,
}

/// A folder.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    pub(crate) uidvalidity: u32,
    pub(crate) uidnext: u32,
    pub(crate) mails: BTreeMap<u32, Mail>,
}

impl Folder {
    fn put(&mut self, mail: Mail) {
        self.mails.insert(self.uidnext, mail);
        self.uidnext += 1;
    }
}

/// What is between a customer's agent and the mailbox.
#[derive(Debug, Default)]
struct Line {
    fates: VecDeque<Fate>,
    answers: VecDeque<Answer>,
    crash_after_sending: bool,
}

/// The world's mail.
#[derive(Debug)]
pub(crate) struct MailSystem {
    pub(crate) now: Timestamp,
    pub(crate) ledger: Vec<Genuine>,
    pub(crate) folders: [Folder; 2],
    /// Where filing puts mails; both are searched by an import.
    pub(crate) filed: Vec<Mail>,
    pub(crate) reachable: bool,
    transit: Vec<(Timestamp, usize, Mail)>,
    lines: BTreeMap<usize, Line>,
}

/// The payload of the unwinding that plays an agent's sudden death.
pub(crate) struct Died;

impl MailSystem {
    pub(crate) fn new(now: Timestamp) -> Self {
        let folder = || Folder { uidvalidity: 1, uidnext: 1, mails: BTreeMap::new() };
        Self {
            now,
            ledger: vec![],
            folders: [folder(), folder()],
            filed: vec![],
            reachable: true,
            transit: vec![],
            lines: BTreeMap::new(),
        }
    }

    pub(crate) fn line(&mut self, host: usize, fate: Option<Fate>, answer: Option<Answer>, count: u8) {
        let line = self.lines.entry(host).or_default();
        for _ in 0..count {
            line.fates.extend(fate);
            line.answers.extend(answer);
        }
    }

    pub(crate) fn crash_after_sending(&mut self, host: usize) {
        self.lines.entry(host).or_default().crash_after_sending = true;
    }

    /// All lines are well again.
    pub(crate) fn mend(&mut self) {
        self.lines.clear();
        self.reachable = true;
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.transit.is_empty()
    }

    /// A host hands over a mail it made at `made_at`.
    pub(crate) fn submit(&mut self, host: usize, raw: &[u8], made_at: Timestamp) -> Outcome {
        let line = self.lines.entry(host).or_default();
        let answer = line.answers.pop_front();
        let unknown =
            || Outcome::Unknown(Failure::new(FailureKind::Connection(ConnectionProblem::Closed), "closed"));
        match answer {
            Some(Answer::Defer) => {
                return Outcome::Deferred(Failure::new(FailureKind::Temporary, "451 4.3.0 not now"));
            }
            Some(Answer::Refuse) => {
                return Outcome::Refused(Failure::new(FailureKind::Permanent, "550 5.7.1 never"));
            }
            Some(Answer::UnknownLost) => return unknown(),
            Some(Answer::UnknownTaken) | None => {}
        }
        let fate = line.fates.pop_front();
        let dies = std::mem::take(&mut line.crash_after_sending);
        self.take_over(host, raw, made_at, fate);
        if dies {
            std::panic::resume_unwind(Box::new(Died));
        }
        if answer.is_some() { unknown() } else { Outcome::Sent { reply: "250 2.0.0 queued".into() } }
    }

    fn take_over(&mut self, host: usize, raw: &[u8], made_at: Timestamp, fate: Option<Fate>) {
        let index = self.enter(host, raw, made_at);
        let seconds = i64::from(self.ledger[index].digest.as_bytes()[0] % 50) + 5;
        let usual = SignedDuration::from_secs(seconds);
        let mail = Mail { raw: raw.into(), genuine: Some(index), received_at: self.now };
        let copies: &[(SignedDuration, usize)] = match fate {
            Some(Fate::Drop) => &[],
            Some(Fate::Twice) => &[(usual, INBOX), (usual * 40, INBOX)],
            Some(Fate::Late { minutes }) => &[(SignedDuration::from_mins(i64::from(minutes)), INBOX)],
            Some(Fate::Junk) => &[(usual, JUNK)],
            None => &[(usual, INBOX)],
        };
        self.ledger[index].dropped &= copies.is_empty();
        for (delay, folder) in copies {
            self.transit.push((self.now + *delay, *folder, mail.clone()));
        }
    }

    /// The ledger's line about this report.
    fn enter(&mut self, host: usize, raw: &[u8], made_at: Timestamp) -> usize {
        let report = read(raw);
        let digest = Digest::of(&report.encode());
        let known = self.ledger.iter().rposition(|known| known.digest == digest);
        known.unwrap_or_else(|| {
            self.ledger.push(Genuine { host, report, digest, made_at, delivered_at: None, dropped: true });
            self.ledger.len() - 1
        })
    }

    /// Somebody else's mail comes straight into the mailbox.
    pub(crate) fn slip_in(&mut self, raw: &[u8], genuine: Option<usize>) {
        let mail = Mail { raw: raw.into(), genuine, received_at: self.now };
        self.folders[INBOX].put(mail);
    }

    /// Delivers what has come to its time, in that order.
    pub(crate) fn deliver(&mut self) {
        let now = self.now;
        let mut due: Vec<_> = self.transit.extract_if(.., |(at, ..)| *at <= now).collect();
        due.sort_by_key(|(at, ..)| *at);
        for (at, folder, mut mail) in due {
            mail.received_at = at;
            if let Some(genuine) = mail.genuine.and_then(|index| self.ledger.get_mut(index)) {
                genuine.delivered_at.get_or_insert(at);
            }
            self.folders[folder].put(mail);
        }
    }

    /// The folders are recreated: other numbers for what is still there.
    pub(crate) fn renumber(&mut self) {
        for folder in &mut self.folders {
            let mails = std::mem::take(&mut folder.mails);
            *folder = Folder { uidvalidity: folder.uidvalidity + 1, uidnext: 1, mails: BTreeMap::new() };
            mails.into_values().for_each(|mail| folder.put(mail));
        }
    }

    /// UID MOVE out of a folder.
    pub(crate) fn file(&mut self, folder: usize, uid: u32) {
        let moved = self.folders[folder].mails.remove(&uid);
        self.filed.extend(moved);
    }

    /// The last genuine mail of a host that is kept anywhere.
    pub(crate) fn last_of(&self, host: usize) -> Option<(usize, Rc<[u8]>)> {
        let everywhere = self.folders.iter().flat_map(|folder| folder.mails.values()).chain(&self.filed);
        let of = |mail: &&Mail| mail.genuine.is_some_and(|index| self.ledger[index].host == host);
        everywhere
            .filter(of)
            .max_by_key(|mail| mail.genuine)
            .map(|mail| (mail.genuine.unwrap_or(0), Rc::clone(&mail.raw)))
    }
}

/// The report in a mail an agent made.
pub(crate) fn read(raw: &[u8]) -> Report {
    let Extracted::Signed(signed) = extract(raw) else { panic!("an agent made a mail without a report") };
    let whole = signed.verify_self().expect("an agent's own signature fits");
    whole.admitted().decode().expect("an agent's own report can be read")
}
