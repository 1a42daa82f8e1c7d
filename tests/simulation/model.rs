//! What may happen to a vendor, its customers and the mail between them, as plain values: a failure is a list of these, short
//! enough to be read, and written as it is copied into `reproductions.rs`.

/// One thing that happens. Hosts are counted modulo how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// Time passes for everybody.
    Advance { minutes: u32 },
    /// A watched file changes; content 0 removes it.
    ChangeFile { host: u8, file: u8, content: u8 },
    /// The disk is this full from now on; 0 is no disk at all.
    Disk { host: u8, percent: u8 },
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
    /// Everything calms down, and the world is looked at.
    Settle,
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

/// The generator of a seed: splitmix64, so that a seed means the same everywhere and for ever.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `0..limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    fn byte(&mut self, limit: u8) -> u8 {
        u8::try_from(self.below(u64::from(limit))).expect("below a byte")
    }

    fn minutes(&mut self, from: u32, to: u32) -> u32 {
        from + u32::try_from(self.below(u64::from(to - from))).expect("below its limit")
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).expect("below its length")]
    }
}

/// Weeks of a world: quiet days with a rare event, and chaotic hours; calm again now and then.
pub(crate) fn weeks(seed: u64) -> Vec<Op> {
    let mut dice = Dice::new(seed);
    let mut ops = vec![Op::Advance { minutes: 90 }];
    for _ in 0..dice.below(3) + 1 {
        for _ in 0..dice.below(3) + 1 {
            ops.push(Op::Advance { minutes: dice.minutes(240, 1600) });
            ops.push(event(&mut dice));
        }
        for _ in 0..dice.below(25) + 5 {
            let quick = dice.below(3) > 0;
            ops.push(Op::Advance {
                minutes: if quick { dice.minutes(1, 40) } else { dice.minutes(40, 400) },
            });
            for _ in 0..dice.below(3) + 1 {
                ops.push(event(&mut dice));
            }
        }
        ops.push(Op::Settle);
    }
    ops
}

fn event(dice: &mut Dice) -> Op {
    let host = dice.byte(4);
    let up = dice.below(3) > 0;
    match dice.below(47) {
        0..=4 => Op::ChangeFile { host, file: dice.byte(4), content: dice.byte(6) },
        5..=7 => Op::Disk { host, percent: dice.one_of(&[0, 50, 50, 84, 86, 97, 99]) },
        8..=14 => Op::Mails { host, fate: fate(dice), count: dice.byte(3) + 1 },
        15..=18 => {
            let answer = dice.one_of(&[
                Answer::Defer,
                Answer::Defer,
                Answer::Refuse,
                Answer::UnknownTaken,
                Answer::UnknownLost,
            ]);
            Op::Smtp { host, answer, count: dice.one_of(&[1, 1, 2, 5, 12]) }
        }
        19..=20 => {
            let all = [
                Forgery::UnknownKey,
                Forgery::OthersKey,
                Forgery::Altered,
                Forgery::Replay,
                Forgery::Stripped,
            ];
            Op::Forge { host, how: dice.one_of(&all) }
        }
        21..=23 => Op::Mailbox { up },
        24 => Op::Uidvalidity,
        25..=26 => {
            let all = [Point::BeforeRecord, Point::AfterRecord, Point::AfterMove, Point::AfterNotifying];
            Op::ReceiverCrash { at: dice.one_of(&all) }
        }
        27..=28 => Op::Receiver { on: up },
        29 => Op::ReceiverBackup,
        30 => Op::ReceiverRestore,
        31 => Op::ReceiverClock { minutes: dice.one_of(&[-600, -45, -5, 5, 45, 600]) },
        32..=33 => Op::AgentCrash { host, after_sending: dice.below(2) == 0 },
        34 => Op::AgentBackup { host },
        35 => Op::AgentRestore { host },
        36 => Op::AgentClone { host },
        37..=38 => Op::HostClock { host, minutes: dice.one_of(&[0, 0, 0, -180, -15, 15, 180, 3000]) },
        39 => Op::Suspend { host, minutes: dice.minutes(5, 900) },
        40..=41 => Op::Power { host, on: up },
        42 => Op::Deactivate { host },
        43 => Op::Activate { host },
        44 => Op::Pause { host, on: !up },
        _ => {
            let act = dice.one_of(&[Act::Acknowledge, Act::Resolve, Act::Comment]);
            Op::Operator { act, ticket: dice.byte(8) }
        }
    }
}

fn fate(dice: &mut Dice) -> Fate {
    let minutes = u16::try_from(dice.minutes(2, 600)).expect("ten hours");
    match dice.below(5) {
        0 => Fate::Drop,
        1 => Fate::Twice,
        2 => Fate::Junk,
        _ => Fate::Late { minutes },
    }
}

/// The list with what is not needed for the failure taken out, in as many tries as `patience` allows.
pub(crate) fn shrink(ops: &[Op], patience: usize, mut fails: impl FnMut(&[Op]) -> bool) -> Vec<Op> {
    let mut least = ops.to_vec();
    let mut tries = 0;
    let mut piece = least.len().div_ceil(2);
    while piece > 0 {
        let mut at = 0;
        let mut removed = false;
        while at < least.len() && tries < patience {
            let mut fewer = least.clone();
            fewer.drain(at..(at + piece).min(least.len()));
            tries += 1;
            if fails(&fewer) {
                least = fewer;
                removed = true;
            } else {
                at += piece;
            }
        }
        if tries >= patience {
            break;
        }
        piece = if piece == 1 && !removed { 0 } else { piece.div_ceil(2).min(piece.max(2) - 1).max(1) };
    }
    least
}
