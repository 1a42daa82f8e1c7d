//! What may happen to a vendor, its customers and the mail between them, as plain values: a failure is a list of these, short
//! enough to be read, and written as it is copied into `reproductions.rs`.

use mailbeat_receiver::evaluate::Severity;
use mailbeat_shared::wire::check::CheckState;

/// One thing that happens. Hosts are counted modulo how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// Time passes for everybody.
    Advance { minutes: u32 },
    /// A watched file changes; content 0 removes it.
    ChangeFile { host: u8, file: u8, content: u8 },
    /// The disk is this full from now on; 0 is no disk at all.
    Disk { host: u8, percent: u8 },
    /// The host's one check says this from now on.
    Check { host: u8, says: Said },
    /// It says this once, at its next run, and then what it said before.
    Blip { host: u8, says: Said },
    /// What becomes of the next mails of a host once they are accepted.
    Mails { host: u8, fate: Fate, count: u8 },
    /// What the mail server answers to the next attempts.
    Smtp { host: u8, answer: Answer, count: u8 },
    /// Somebody else writes to the mailbox.
    Forge { host: u8, how: Forgery },
    /// The mailbox cannot be read, or can again. Mail is delivered all the same.
    Mailbox { up: bool },
    /// The mailbox is recreated with what is in it.
    Uidvalidity,
    /// The receiver dies the next time it comes to this point and is started again.
    ReceiverCrash { at: Point },
    /// The receiver is stopped or started.
    Receiver { on: bool },
    /// The receiver's database is backed up.
    ReceiverBackup,
    /// It is lost and restored from the backup, and what was filed is imported.
    ReceiverRestore,
    /// The receiver's clock jumps, and is corrected after half an hour.
    ReceiverClock { minutes: i32 },
    /// The agent dies: at once, or after the server took its next mail over.
    AgentCrash { host: u8, after_sending: bool },
    /// The agent's state directory is backed up.
    AgentBackup { host: u8 },
    /// It is restored.
    AgentRestore { host: u8 },
    /// The whole host is copied, and both run.
    AgentClone { host: u8 },
    /// The host's clock is wrong by this from now on.
    HostClock { host: u8, minutes: i32 },
    /// The host sleeps.
    Suspend { host: u8, minutes: u32 },
    /// The host is switched off or on.
    Power { host: u8, on: bool },
    /// The administrator withdraws consent.
    Deactivate { host: u8 },
    /// The administrator gives it again.
    Activate { host: u8 },
    /// An operator pauses a host's system, or watches it again.
    Pause { host: u8, on: bool },
    /// An operator does something about the n-th unresolved ticket.
    Operator { act: Act, ticket: u8 },
    /// The vendor writes the next revision of a contract and takes it up: it ends so many days from now (0: never), and whether
    /// an operator has to admit new systems. The customer gets the file.
    Renew { customer: u8, days: u8, grace: u8, approve: bool },
    /// The administrator activates the newest file of the contract, where the agent takes it.
    TakeUp { host: u8 },
    /// The vendor revokes a contract.
    RevokeContract { customer: u8 },
    /// An operator revokes the key a host signs with.
    RevokeKey { host: u8 },
    /// An operator admits the key a host signs with, if reports of it wait.
    Approve { host: u8 },
    /// The host signs with a new key; the keys before it vouch for it, or do not.
    NewKey { host: u8, vouched: bool },
    /// The agent begins with nothing: as another system, or under the SystemId it had.
    SetUpAnew { host: u8, same_system: bool },
    /// The second mailbox cannot be read, or can again.
    SecondMailbox { up: bool },
    /// The host's mails come to the second mailbox from now on, or to the first again.
    Redirect { host: u8, second: bool },
    /// What the vendor's mail server answers to the next notifications.
    Notifications { answer: Answer, count: u8 },
    /// The n-th last notification that was sent comes back.
    Bounce { told: u8, how: Return },
    /// The people responsible for a customer change; 2 is the vendor itself.
    Contact { customer: u8, change: Change },
    /// Everything calms down, and the world is looked at.
    Settle,
}

/// What a check says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Said {
    #[default]
    Ok,
    Warning,
    Critical,
    Unknown,
    /// Nothing: it is configured no more.
    Gone,
}

impl Said {
    /// As a verdict; `None` of one that is gone.
    pub(crate) fn verdict(self) -> Option<CheckState> {
        match self {
            Self::Ok => Some(CheckState::Ok),
            Self::Warning => Some(CheckState::Warning),
            Self::Critical => Some(CheckState::Critical),
            Self::Unknown => Some(CheckState::Unknown),
            Self::Gone => None,
        }
    }

    /// How urgent its ticket is by the default rules; `None` where there is none to be.
    pub(crate) fn severity(self) -> Option<Severity> {
        match self {
            Self::Critical => Some(Severity::High),
            Self::Warning => Some(Severity::Medium),
            Self::Unknown => Some(Severity::Low),
            Self::Ok | Self::Gone => None,
        }
    }
}

/// What the mail system does with a mail it accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Loses it.
    Drop,
    /// Delivers it twice.
    Twice,
    /// Keeps it for so long; others overtake it.
    Late { minutes: u16 },
    /// Takes it for junk.
    Junk,
    /// Delivers it to the other mailbox.
    Elsewhere,
}

/// What a mail server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Not now.
    Defer,
    /// Never.
    Refuse,
    /// Nothing; it took the mail over.
    UnknownTaken,
    /// Nothing; it did not take the mail over.
    UnknownLost,
}

/// How somebody tries to be a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forgery {
    /// A report of this system signed by a key nobody knows.
    UnknownKey,
    /// A report of this system signed by another system's key.
    OthersKey,
    /// A genuine mail with altered bytes.
    Altered,
    /// A genuine mail once more.
    Replay,
    /// A genuine mail without its signature.
    Stripped,
}

/// Where the receiver dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// The attempt is counted, nothing is recorded.
    BeforeRecord,
    /// Recorded, and nothing is filed.
    AfterRecord,
    /// Moved on the server, and not noted.
    AfterMove,
    /// A notification was sent, and not marked.
    AfterNotifying,
}

/// What an operator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Takes it.
    Acknowledge,
    /// Says it is over.
    Resolve,
    /// Writes something.
    Comment,
}

/// How a notification comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Return {
    /// For good: nobody reads that address.
    Failed,
    /// It is only late.
    Delayed,
    /// It does not: somebody says so who guesses Message-IDs.
    Forged,
}

/// How the people responsible change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// One more, who may be somebody another customer has too.
    Added,
    /// The first responsible leaves.
    Removed,
    /// Addresses that were refused are looked at and tried again.
    Mended,
}
