//! The weeks of a seed: quiet days with a rare event, and chaotic hours; calm again now and then.

use std::collections::VecDeque;

use crate::dice::Dice;
use crate::model::{Act, Answer, Change, Fate, Forgery, Op, Point, Return, Said};

/// Weeks of a world.
pub(crate) fn weeks(seed: u64) -> Vec<Op> {
    let mut dice = Dice::new(seed);
    let mut ops = vec![Op::Advance { minutes: 90 }];
    let mut answers = VecDeque::new();
    for _ in 0..dice.below(3) + 1 {
        for _ in 0..dice.below(3) + 1 {
            ops.push(Op::Advance { minutes: dice.minutes(240, 1600) });
            happens(&mut ops, &mut answers, &mut dice);
        }
        for _ in 0..dice.below(25) + 5 {
            let quick = dice.below(3) > 0;
            ops.push(Op::Advance {
                minutes: if quick { dice.minutes(1, 40) } else { dice.minutes(40, 400) },
            });
            for _ in 0..dice.below(3) + 1 {
                happens(&mut ops, &mut answers, &mut dice);
            }
        }
        ops.push(Op::Settle);
    }
    with_checks(ops, seed)
}

/// The same weeks with what checks say in them, by dice of their own: what else happens stays as it was.
fn with_checks(ops: Vec<Op>, seed: u64) -> Vec<Op> {
    let mut dice = Dice::new(seed ^ 0xc4ec);
    let mut all = vec![];
    for op in ops {
        if dice.below(4) == 0 {
            all.push(of_a_check(&mut dice));
        }
        all.push(op);
    }
    all
}

fn of_a_check(dice: &mut Dice) -> Op {
    let host = dice.byte(4);
    let bad = [Said::Warning, Said::Critical, Said::Unknown];
    match dice.below(6) {
        0 => Op::Check { host, says: dice.one_of(&bad) },
        1 => Op::Check { host, says: Said::Gone },
        2 | 3 => Op::Check { host, says: Said::Ok },
        _ => Op::Blip { host, says: dice.one_of(&bad) },
    }
}

/// Something happens, or somebody does what follows from something that happened before.
fn happens(ops: &mut Vec<Op>, answers: &mut VecDeque<Op>, dice: &mut Dice) {
    if dice.below(4) == 0
        && let Some(answer) = answers.pop_front()
    {
        ops.push(answer);
        return;
    }
    let op = event(dice);
    ops.push(op);
    answers.extend(what_follows(op, dice));
}

/// What people do about it sooner or later: chance alone would seldom do it to the same host.
fn what_follows(op: Op, dice: &mut Dice) -> Vec<Op> {
    let again = dice.below(3) > 0;
    match op {
        Op::Renew { customer, days, grace, approve } => {
            let hosts: &[u8] = if customer == 0 { &[0, 1] } else { &[2] };
            let mut ops: Vec<Op> = hosts.iter().map(|host| Op::TakeUp { host: *host }).collect();
            if approve {
                ops.push(Op::SetUpAnew { host: hosts[0], same_system: false });
                ops.push(Op::Approve { host: hosts[0] });
            }
            if days > 0 && again {
                ops.push(Op::Renew { customer, days: 0, grace, approve: false });
                ops.extend(hosts.iter().map(|host| Op::TakeUp { host: *host }));
            }
            ops
        }
        Op::RevokeKey { host } => vec![Op::NewKey { host, vouched: again }, Op::Approve { host }],
        Op::NewKey { host, .. } | Op::SetUpAnew { host, .. } if again => vec![Op::Approve { host }],
        Op::Redirect { host, second: true } => {
            let other = Op::Mails { host, fate: Fate::Elsewhere, count: dice.byte(3) + 1 };
            vec![Op::SecondMailbox { up: false }, other, Op::SecondMailbox { up: true }]
        }
        Op::Notifications { answer: Answer::Refuse, .. } | Op::Bounce { how: Return::Failed, .. }
            if again =>
        {
            vec![Op::Contact { customer: dice.byte(3), change: Change::Mended }]
        }
        _ => vec![],
    }
}

fn event(dice: &mut Dice) -> Op {
    let host = dice.byte(4);
    let up = dice.below(3) > 0;
    match dice.below(64) {
        0..=4 => Op::ChangeFile { host, file: dice.byte(4), content: dice.byte(6) },
        5..=7 => Op::Disk { host, percent: dice.one_of(&[0, 50, 50, 84, 86, 97, 99]) },
        8..=14 => Op::Mails { host, fate: fate(dice), count: dice.byte(3) + 1 },
        15..=18 => Op::Smtp { host, answer: answer(dice), count: dice.one_of(&[1, 1, 2, 5, 12]) },
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
        45..=46 => {
            let act = dice.one_of(&[Act::Acknowledge, Act::Resolve, Act::Comment]);
            Op::Operator { act, ticket: dice.byte(8) }
        }
        _ => affair(dice, host, up),
    }
}

/// What has to do with contracts, keys, mailboxes and people.
fn affair(dice: &mut Dice, host: u8, up: bool) -> Op {
    match dice.below(17) {
        0..=2 => {
            let (days, grace) = (dice.one_of(&[0, 1, 1, 2, 4]), dice.byte(3));
            Op::Renew { customer: dice.byte(2), days, grace, approve: !up }
        }
        3 => Op::TakeUp { host },
        4 if dice.below(3) == 0 => Op::RevokeContract { customer: dice.byte(2) },
        4 | 5 => Op::RevokeKey { host },
        6 => Op::Approve { host },
        7 => Op::NewKey { host, vouched: up },
        8 => Op::SetUpAnew { host, same_system: up },
        9 => Op::SecondMailbox { up },
        10..=11 => Op::Redirect { host, second: up },
        12..=13 => Op::Notifications { answer: answer(dice), count: dice.one_of(&[1, 1, 3, 20]) },
        14 => {
            let how = dice.one_of(&[Return::Failed, Return::Failed, Return::Delayed, Return::Forged]);
            Op::Bounce { told: dice.byte(4), how }
        }
        _ => {
            let change = dice.one_of(&[Change::Added, Change::Added, Change::Removed, Change::Mended]);
            Op::Contact { customer: dice.byte(3), change }
        }
    }
}

fn answer(dice: &mut Dice) -> Answer {
    let all = [Answer::Defer, Answer::Defer, Answer::Refuse, Answer::UnknownTaken, Answer::UnknownLost];
    dice.one_of(&all)
}

fn fate(dice: &mut Dice) -> Fate {
    let minutes = u16::try_from(dice.minutes(2, 600)).expect("ten hours");
    match dice.below(6) {
        0 => Fate::Drop,
        1 => Fate::Twice,
        2 => Fate::Junk,
        3 => Fate::Elsewhere,
        _ => Fate::Late { minutes },
    }
}
