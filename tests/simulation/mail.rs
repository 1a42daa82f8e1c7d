//! Everything between the two programs: mail servers that delay, lose, duplicate and doubt, and the vendor's mailboxes. It also
//! keeps the ledger: what was really sent and what really became of it.

mod mailbox;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::transport::outcome::{ConnectionProblem, Failure, FailureKind, Outcome};
use mailbeat_shared::wire::extract::{Extracted, extract};
use mailbeat_shared::wire::id::{Digest, SystemId};
use mailbeat_shared::wire::report::{Kind, Report};

pub(crate) use self::mailbox::{FOLDERS, INBOX, JUNK, Mail, Mailbox};
use crate::model::{Answer, Fate};
use crate::papers::Term;

/// A report that a mail server took over. All times are true times.
#[derive(Debug)]
pub(crate) struct Genuine {
    pub(crate) host: usize,
    pub(crate) report: Report,
    pub(crate) digest: Digest,
    pub(crate) origin: Origin,
    /// When the first copy came into a mailbox, and into which.
    pub(crate) delivered_at: Option<Timestamp>,
    pub(crate) mailbox: usize,
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

/// What a host knows of a report it hands over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// When it was made.
    pub(crate) made_at: Timestamp,
    /// The contract's term then, and when it was first handed over.
    pub(crate) made_under: Term,
    pub(crate) sent_under: Term,
    /// When it was first handed over, by the host's clock.
    pub(crate) sent_at: Timestamp,
}

/// What is between a customer's agent and the mailbox.
#[derive(Debug, Default)]
struct Line {
    fates: VecDeque<Fate>,
    answers: VecDeque<Answer>,
    crash_after_sending: bool,
}

/// A mail on its way.
#[derive(Debug)]
struct Travelling {
    arrives_at: Timestamp,
    mailbox: usize,
    folder: usize,
    mail: Mail,
}

/// The world's mail.
#[derive(Debug)]
pub(crate) struct MailSystem {
    pub(crate) now: Timestamp,
    pub(crate) ledger: Vec<Genuine>,
    pub(crate) mailboxes: [Mailbox; 2],
    /// Where filing puts mails; all of it is searched by an import.
    pub(crate) filed: Vec<Mail>,
    transit: Vec<Travelling>,
    lines: BTreeMap<usize, Line>,
    /// Hosts whose mails come to the second mailbox.
    redirected: BTreeSet<usize>,
}

/// The payload of the unwinding that plays an agent's sudden death.
pub(crate) struct Died;

impl MailSystem {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            now,
            ledger: vec![],
            mailboxes: [Mailbox::new("reports", true), Mailbox::new("more reports", false)],
            filed: vec![],
            transit: vec![],
            lines: BTreeMap::new(),
            redirected: BTreeSet::new(),
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

    pub(crate) fn redirect(&mut self, host: usize, second: bool) {
        self.redirected.remove(&host);
        self.redirected.extend(second.then_some(host));
    }

    /// All lines are well again.
    pub(crate) fn mend(&mut self) {
        self.lines.clear();
        self.mailboxes.iter_mut().for_each(|mailbox| mailbox.reachable = true);
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.transit.is_empty()
    }

    /// A host hands over a mail.
    pub(crate) fn submit(&mut self, host: usize, raw: &[u8], origin: Origin) -> Outcome {
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
        self.take_over(host, raw, origin, fate);
        if dies {
            std::panic::resume_unwind(Box::new(Died));
        }
        if answer.is_some() { unknown() } else { Outcome::Sent { reply: "250 2.0.0 queued".into() } }
    }

    fn take_over(&mut self, host: usize, raw: &[u8], origin: Origin, fate: Option<Fate>) {
        let index = self.enter(host, raw, origin);
        let seconds = i64::from(self.ledger[index].digest.as_bytes()[0] % 50) + 5;
        let usual = SignedDuration::from_secs(seconds);
        let home = usize::from(self.redirected.contains(&host));
        let copies: &[(SignedDuration, usize, usize)] = match fate {
            Some(Fate::Drop) => &[],
            Some(Fate::Twice) => &[(usual, home, INBOX), (usual * 40, home, INBOX)],
            Some(Fate::Late { minutes }) => &[(SignedDuration::from_mins(i64::from(minutes)), home, INBOX)],
            Some(Fate::Junk) => &[(usual, home, JUNK)],
            Some(Fate::Elsewhere) => &[(usual, 1 - home, INBOX)],
            None => &[(usual, home, INBOX)],
        };
        self.ledger[index].dropped &= copies.is_empty();
        for (delay, mailbox, folder) in copies {
            let arrives_at = self.now + *delay;
            let mail =
                Mail { raw: raw.into(), genuine: Some(index), came_back: false, received_at: arrives_at };
            self.transit.push(Travelling { arrives_at, mailbox: *mailbox, folder: *folder, mail });
        }
    }

    /// The ledger's line about this report.
    fn enter(&mut self, host: usize, raw: &[u8], origin: Origin) -> usize {
        let report = read(raw);
        let digest = Digest::of(&report.encode());
        let known = self.ledger.iter().rposition(|known| known.digest == digest);
        known.unwrap_or_else(|| {
            self.ledger.push(Genuine {
                host,
                report,
                digest,
                origin,
                delivered_at: None,
                mailbox: 0,
                dropped: true,
            });
            self.ledger.len() - 1
        })
    }

    /// Somebody else's mail comes straight into the first mailbox.
    pub(crate) fn slip_in(&mut self, raw: &[u8], genuine: Option<usize>, came_back: bool) {
        let mail = Mail { raw: raw.into(), genuine, came_back, received_at: self.now };
        self.mailboxes[0].put(INBOX, mail);
    }

    /// Delivers what has come to its time, in that order.
    pub(crate) fn deliver(&mut self) {
        let now = self.now;
        let mut due: Vec<_> =
            self.transit.extract_if(.., |travelling| travelling.arrives_at <= now).collect();
        due.sort_by_key(|travelling| travelling.arrives_at);
        for Travelling { arrives_at, mailbox, folder, mail } in due {
            if let Some(genuine) = mail.genuine.and_then(|index| self.ledger.get_mut(index))
                && genuine.delivered_at.is_none()
            {
                (genuine.delivered_at, genuine.mailbox) = (Some(arrives_at), mailbox);
            }
            self.mailboxes[mailbox].put(folder, mail);
        }
    }

    /// UID MOVE out of a folder.
    pub(crate) fn file(&mut self, mailbox: usize, folder: usize, uid: u32) {
        let moved = self.mailboxes[mailbox].folders[folder].mails.remove(&uid);
        self.filed.extend(moved);
    }

    /// The last genuine mail of a host that is kept anywhere.
    pub(crate) fn last_of(&self, host: usize) -> Option<(usize, Rc<[u8]>)> {
        let folders = self.mailboxes.iter().flat_map(|mailbox| &mailbox.folders);
        let everywhere = folders.flat_map(|folder| folder.mails.values()).chain(&self.filed);
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
