//! Which key speaks for a system when there was more than one.

use mailbeat_shared::wire::contract::rotation_statement;
use mailbeat_shared::wire::id::SystemId;
use mailbeat_shared::wire::signature::{Namespace, SigningKey};

use super::world::{Agent, HOUR, World, at};
use crate::evaluate::Severity;
use crate::intake::{QuarantineReason as Reason, Verdict, approve};
use crate::ticket::TicketState;

#[test]
fn the_secret_alone_does_not_take_over_a_known_system_but_the_old_keys_word_does() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    let mut moved = agent.clone();
    moved.key = SigningKey::from_seed(&[50; 32], "new hardware");
    (moved.incarnation, moved.salt) = (2, 1);
    let waiting = moved.heartbeat(at(20));
    assert_eq!(world.verdict(&waiting.mail, at(20)), Verdict::Quarantined(Reason::NotEnrolled));

    let statement = rotation_statement(moved.system, &moved.key.public());
    moved.succession = vec![agent.key.sign(Namespace::Rotate, &statement)];
    assert_eq!(world.verdict(&moved.heartbeat(at(30)).mail, at(30)), Verdict::Accepted);
    assert_eq!(world.system(&moved).id, world.system(&agent).id);
    assert_eq!(world.sequences(&moved), [1, 2, 3], "what waited for the key came in first");
    assert_eq!(world.verdict(&agent.heartbeat(at(40)).mail, at(40)), Verdict::Accepted, "still on its way");
    let eight_days_on = 30 + 8 * 24 * HOUR;
    let (last, over) = (at(eight_days_on - 1), at(eight_days_on));
    assert_eq!(world.verdict(&agent.heartbeat(last).mail, last), Verdict::Accepted);
    assert_eq!(world.verdict(&agent.heartbeat(over).mail, over), Verdict::Quarantined(Reason::RevokedKey));
}

#[test]
fn of_a_key_that_was_followed_twice_none_before_the_newest_is_left_valid_whichever_mail_comes_first() {
    let (mut world, mut first) = (World::new(), Agent::new(1));
    world.verdict(&first.heartbeat(at(10)).mail, at(10));
    let follow = |before: &Agent, seed: u8, words: &[&SigningKey]| {
        let mut next = before.clone();
        next.key = SigningKey::from_seed(&[seed; 32], "rotated");
        next.incarnation += 1;
        let statement = rotation_statement(next.system, &next.key.public());
        next.succession = words.iter().map(|old| old.sign(Namespace::Rotate, &statement)).collect();
        next
    };
    let mut second = follow(&first, 50, &[]);
    let mut third = follow(&second, 51, &[&first.key, &second.key]);
    let unproven = second.heartbeat(at(20));
    assert_eq!(world.verdict(&unproven.mail, at(20)), Verdict::Quarantined(Reason::NotEnrolled));
    assert_eq!(world.verdict(&third.heartbeat(at(30)).mail, at(30)), Verdict::Accepted);
    assert_eq!(
        world.read(|tx| tx.quarantine_waiting(0, 10)),
        [],
        "the newest key's word admits the one before"
    );
    assert_eq!(world.verdict(&second.heartbeat(at(25)).mail, at(40)), Verdict::Accepted, "still on its way");
    let over = at(30 + 8 * 24 * HOUR);
    for old in [&mut first, &mut second] {
        assert_eq!(world.verdict(&old.heartbeat(over).mail, over), Verdict::Quarantined(Reason::RevokedKey));
    }
    assert_eq!(world.verdict(&third.heartbeat(over).mail, over), Verdict::Accepted);
}

#[test]
fn a_key_that_speaks_for_itself_or_is_another_systems_is_followed_by_nobody() {
    let (mut world, mut agent, mut other) = (World::new(), Agent::new(1), Agent::new(2));
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    world.verdict(&other.heartbeat(at(10)).mail, at(10));
    let mut moved = agent.clone();
    moved.key = SigningKey::from_seed(&[50; 32], "new hardware");
    moved.incarnation += 1;
    let statement = rotation_statement(moved.system, &moved.key.public());
    let words = [&agent.key, &moved.key, &other.key].map(|key| key.sign(Namespace::Rotate, &statement));
    moved.succession = words.to_vec();
    assert_eq!(world.verdict(&moved.heartbeat(at(20)).mail, at(20)), Verdict::Accepted);
    let later = at(20 + 9 * 24 * HOUR);
    for holds in [&mut moved, &mut other] {
        assert_eq!(world.verdict(&holds.heartbeat(later).mail, later), Verdict::Accepted);
    }
    assert_eq!(world.verdict(&agent.heartbeat(later).mail, later), Verdict::Quarantined(Reason::RevokedKey));
}

#[test]
fn a_key_admitted_by_hand_follows_the_ones_before_it_unless_they_are_kept() {
    for keep in [false, true] {
        let (mut world, mut old) = (World::new(), Agent::new(1));
        world.verdict(&old.heartbeat(at(10)).mail, at(10));
        let mut new = old.clone();
        new.key = SigningKey::from_seed(&[50; 32], "installed anew");
        (new.incarnation, new.salt) = (2, 1);
        assert_eq!(
            world.verdict(&new.heartbeat(at(20)).mail, at(20)),
            Verdict::Quarantined(Reason::NotEnrolled)
        );
        let key = new.key.public().bytes();
        let approved = world.write(|tx, context| approve(tx, context, &key, keep, at(30)));
        assert_eq!(approved.recorded.len(), 1);
        assert_eq!(approved.follows.len(), usize::from(!keep));
        assert_eq!(world.verdict(&old.heartbeat(at(40)).mail, at(40)), Verdict::Accepted, "still on its way");
        let over = approved.refused_from;
        let expected = if keep { Verdict::Accepted } else { Verdict::Quarantined(Reason::RevokedKey) };
        assert_eq!(world.verdict(&old.heartbeat(over).mail, over), expected);
        assert_eq!(world.verdict(&new.heartbeat(over).mail, over), Verdict::Accepted);
    }
}

#[test]
fn another_key_is_a_ticket_until_it_has_been_the_systems_for_eight_days() {
    const DAY: i64 = 24 * HOUR;
    let (mut world, old) = (World::new(), &mut Agent::new(1));
    let ticket = |world: &mut World| {
        let tickets = world.read(|tx| tx.tickets(false, i64::MAX, 9));
        tickets.into_iter().map(|row| row.ticket).find(|ticket| ticket.rule.as_str() == "key-changed")
    };
    world.verdict(&old.heartbeat(at(10)).mail, at(10));
    assert_eq!(ticket(&mut world), None, "the first key is no other");
    let mut anew = old.clone();
    anew.key = SigningKey::from_seed(&[50; 32], "installed anew");
    (anew.incarnation, anew.salt) = (2, 1);
    world.verdict(&anew.heartbeat(at(HOUR)).mail, at(HOUR));
    let key = anew.key.public();
    world.write(|tx, context| approve(tx, context, &key.bytes(), false, at(2 * HOUR)));
    let opened = ticket(&mut world).unwrap();
    assert_eq!((opened.subject, opened.severity), (key.fingerprint(), Severity::Medium));
    for (second, state) in
        [(2 * HOUR + 8 * DAY - 1, TicketState::Open), (2 * HOUR + 8 * DAY, TicketState::Resolved)]
    {
        world.verdict(&anew.heartbeat(at(second)).mail, at(second));
        assert_eq!(ticket(&mut world).unwrap().state, state);
    }
}

#[test]
fn a_word_of_the_old_key_about_another_system_or_key_counts_for_nothing() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    let mut thief = agent.clone();
    thief.key = SigningKey::from_seed(&[51; 32], "thief");
    let elsewhere = rotation_statement(SystemId::from_random([9; 16]), &thief.key.public());
    let somebody = rotation_statement(agent.system, &agent.key.public());
    let by_itself = rotation_statement(agent.system, &thief.key.public());
    thief.succession = vec![
        agent.key.sign(Namespace::Rotate, &elsewhere),
        agent.key.sign(Namespace::Rotate, &somebody),
        agent.key.sign(Namespace::Report, &by_itself),
        thief.key.sign(Namespace::Rotate, &by_itself),
    ];
    let made = thief.heartbeat(at(20));
    assert_eq!(world.verdict(&made.mail, at(20)), Verdict::Quarantined(Reason::NotEnrolled));
}

#[test]
fn a_key_that_was_revoked_vouches_for_none_after_it() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    let mut moved = agent.clone();
    moved.key = SigningKey::from_seed(&[50; 32], "new hardware");
    (moved.incarnation, moved.salt) = (2, 1);
    let statement = rotation_statement(moved.system, &moved.key.public());
    moved.succession = vec![agent.key.sign(Namespace::Rotate, &statement)];
    world.write(|tx, _| tx.revoke_key(&agent.key.public().bytes(), at(30)));
    let (too_late, in_time) = (moved.heartbeat(at(20)), moved.heartbeat(at(21)));
    let mails = vec![world.mail(&too_late.mail, at(30)), world.mail(&in_time.mail, at(29))];
    let verdicts: Vec<Verdict> = world.record(mails, at(50)).iter().map(|mail| mail.verdict).collect();
    assert_eq!(verdicts, [Verdict::Quarantined(Reason::NotEnrolled), Verdict::Accepted]);
}

#[test]
fn a_revoked_keys_mail_is_judged_by_when_it_was_received() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(10)).mail, at(10));
    let (before, after) = (agent.heartbeat(at(20)), agent.heartbeat(at(40)));
    world.write(|tx, _| tx.revoke_key(&agent.key.public().bytes(), at(30)));
    let mails = vec![world.mail(&before.mail, at(29)), world.mail(&after.mail, at(30))];
    let verdicts: Vec<Verdict> = world.record(mails, at(50)).iter().map(|mail| mail.verdict).collect();
    assert_eq!(verdicts, [Verdict::Accepted, Verdict::Quarantined(Reason::RevokedKey)]);
}
