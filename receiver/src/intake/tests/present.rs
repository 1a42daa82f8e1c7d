//! What the newest report says of the present, and what an older one leaves alone.

use jiff::Timestamp;
use mailbeat_shared::wire::report::{Body, Notice, NoticeEvent};

use super::world::{Agent, HOUR, World, at, contract};
use crate::intake::Verdict;
use crate::store::EnrollmentMode;

fn notice(event: NoticeEvent, until: Option<Timestamp>, reason: &str) -> Body {
    Body::Notice { notice: Notice { event, until, reason: reason.to_owned() } }
}

#[test]
fn maintenance_is_held_within_the_contracts_bounds_and_deactivation_is_remembered_until_the_next_report() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let long = notice(NoticeEvent::MaintenanceStarted, Some(at(999 * HOUR)), "new pumps");
    world.verdict(&agent.make(long, at(HOUR)).mail, at(HOUR));
    let system = world.system(&agent);
    assert_eq!(system.maintenance_until, Some(at(73 * HOUR)));
    assert_eq!(system.maintenance_reason, "new pumps");
    let ended = notice(NoticeEvent::MaintenanceEnded, None, "");
    world.verdict(&agent.make(ended, at(2 * HOUR)).mail, at(2 * HOUR));
    assert_eq!(world.system(&agent).maintenance_until, None);
    let off = notice(NoticeEvent::Deactivated, None, "");
    world.verdict(&agent.make(off, at(3 * HOUR)).mail, at(3 * HOUR));
    assert_eq!(world.system(&agent).deactivated_at, Some(at(3 * HOUR)));
    world.verdict(&agent.heartbeat(at(4 * HOUR)).mail, at(4 * HOUR));
    assert_eq!(world.system(&agent).deactivated_at, None);
}

#[test]
fn heartbeats_and_system_reports_are_each_known_by_their_last() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let full = agent.system_report(&[("/etc/a", "one\n")], true, at(HOUR));
    let beat = agent.heartbeat(at(2 * HOUR));
    let changes = agent.system_report(&[("/etc/a", "two\n")], false, at(3 * HOUR));
    for (made, hour) in [(&full, 1), (&beat, 2), (&changes, 3)] {
        world.verdict(&made.mail, at(hour * HOUR));
    }
    let system = world.system(&agent);
    assert_eq!((system.heartbeat_at, system.system_report_at), (Some(at(2 * HOUR)), Some(at(3 * HOUR))));
    assert_eq!(system.life_at, Some(at(3 * HOUR)));
}

#[test]
fn what_a_clone_said_hours_ago_is_not_the_present_though_it_is_the_clones_newest() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(HOUR)).mail, at(HOUR));
    let mut clone = agent.clone();
    (clone.incarnation, clone.salt, clone.host) = (2, 1, "copy");
    world.verdict(&clone.heartbeat(at(2 * HOUR)).mail, at(2 * HOUR));
    let late = clone.heartbeat(at(3 * HOUR));
    world.verdict(&agent.heartbeat(at(5 * HOUR)).mail, at(5 * HOUR));
    assert_eq!(world.verdict(&late.mail, at(5 * HOUR)), Verdict::Accepted);
    assert_eq!(world.system(&agent).host, "scada-01");
    world.verdict(&clone.heartbeat(at(6 * HOUR)).mail, at(6 * HOUR));
    assert_eq!(world.system(&agent).host, "copy");
}

/// What became of the ticket about the full filesystem, and whether it is open.
fn filesystem_full(world: &mut World) -> (Vec<&'static str>, bool) {
    world.read(|tx| {
        let tickets = tx.tickets(false, i64::MAX, 99)?;
        let row = tickets.into_iter().find(|row| row.ticket.rule.as_str() == "filesystem-full");
        let Some(row) = row else { return Ok((vec![], false)) };
        let events = tx.ticket_events(row.ticket.number)?;
        Ok((events.iter().map(|(_, event)| event.what.as_str()).collect(), row.ticket.state.is_unresolved()))
    })
}

#[test]
fn two_agents_that_report_as_one_system_do_not_contradict_each_other_ticket_by_ticket() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat_with(at(HOUR), 0.95).mail, at(HOUR));
    let mut clone = agent.clone();
    (clone.incarnation, clone.salt) = (2, 1);
    let live = |world: &mut World,
                agent: &mut Agent,
                clone: &mut Agent,
                hours: std::ops::Range<i64>,
                full: f64,
                copy: f64| {
        for hour in hours {
            let (on_time, later) = (at(hour * HOUR), at(hour * HOUR + HOUR / 2));
            world.verdict(&agent.heartbeat_with(on_time, full).mail, on_time);
            world.verdict(&clone.heartbeat_with(later, copy).mail, later);
        }
    };
    live(&mut world, &mut agent, &mut clone, 2..4, 0.95, 0.1);
    let (before, is_open) = filesystem_full(&mut world);
    live(&mut world, &mut agent, &mut clone, 4..12, 0.95, 0.1);
    let (after, still_open) = filesystem_full(&mut world);
    assert_eq!((&after, still_open), (&before, is_open), "once it is known that there are two");
    assert!(still_open, "the one that was there first is judged: {after:?}");
    live(&mut world, &mut agent, &mut clone, 12..14, 0.1, 0.95);
    let (ended, is_open) = filesystem_full(&mut world);
    assert_eq!((ended.last(), is_open), (Some(&"resolved"), false), "{ended:?}");
    // Its mail is slow: whenever it comes, the copy said something later already. It is heard all the same.
    for hour in 14..17 {
        let (made, later) = (at(hour * HOUR), at(hour * HOUR + HOUR / 2));
        let slow = agent.heartbeat_with(made, 0.95);
        world.verdict(&clone.heartbeat_with(later, 0.1).mail, later);
        world.verdict(&slow.mail, at(hour * HOUR + HOUR / 2 + 60));
    }
    assert!(filesystem_full(&mut world).1);
}

#[test]
fn what_an_older_history_says_late_is_no_all_clear() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat_with(at(HOUR), 0.1).mail, at(HOUR));
    let mut clone = agent.clone();
    (clone.incarnation, clone.salt) = (2, 1);
    let late = agent.heartbeat_with(at(2 * HOUR), 0.1);
    world.verdict(&clone.heartbeat_with(at(3 * HOUR), 0.95).mail, at(3 * HOUR));
    assert_eq!(world.verdict(&late.mail, at(3 * HOUR + 60)), Verdict::Accepted);
    assert_eq!(filesystem_full(&mut world), (vec!["opened"], true));
}

#[test]
fn an_overtaken_report_is_not_the_present_though_its_clock_says_later() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(HOUR)).mail, at(HOUR));
    agent.host = "old name";
    let overtaken = agent.heartbeat(at(3 * HOUR));
    agent.host = "scada-01";
    let set_back = agent.heartbeat(at(2 * HOUR));
    world.verdict(&set_back.mail, at(4 * HOUR));
    assert_eq!(world.verdict(&overtaken.mail, at(4 * HOUR)), Verdict::Accepted);
    assert_eq!(world.system(&agent).host, "scada-01");
}

#[test]
fn a_report_that_fills_a_hole_calls_for_a_look_and_one_that_was_explained_away_does_not() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    world.verdict(&agent.heartbeat(at(HOUR)).mail, at(HOUR));
    let (missing, superseded) = (agent.heartbeat(at(2 * HOUR)), agent.heartbeat(at(3 * HOUR)));
    agent.superseded = vec![(3, 3)];
    world.verdict(&agent.heartbeat(at(4 * HOUR)).mail, at(4 * HOUR));
    assert_eq!(world.holes(&agent), [(2, 2)]);
    let planned = world.system(&agent).due_at;
    world.verdict(&superseded.mail, at(4 * HOUR + 10));
    assert_eq!(world.system(&agent).due_at, planned);
    world.verdict(&missing.mail, at(4 * HOUR + 20));
    assert_eq!(world.system(&agent).due_at, at(4 * HOUR + 20));
}

#[test]
fn a_promise_counts_within_the_range_that_was_agreed_on() {
    let agreed = contract(|contract| contract.heartbeat_interval_s.min = 600);
    let (mut world, mut agent) = (World::with(EnrollmentMode::Auto, agreed), Agent::new(1));
    for (promised, counts) in [(1800, 1800), (60, 600), (1_000_000, 86400)] {
        agent.interval = promised;
        let now = at(i64::try_from(agent.sequence).unwrap() * HOUR);
        world.verdict(&agent.heartbeat(now).mail, now);
        assert_eq!(world.system(&agent).heartbeat_interval, counts);
    }
}

#[test]
fn a_planned_shutdown_is_no_fault_for_a_day_at_most() {
    let (mut world, mut agent) = (World::new(), Agent::new(1));
    let down = notice(NoticeEvent::Shutdown, Some(at(99 * HOUR)), "power works");
    world.verdict(&agent.make(down, at(HOUR)).mail, at(HOUR));
    assert_eq!(world.system(&agent).maintenance_until, Some(at(25 * HOUR)));
    world.verdict(&agent.heartbeat(at(2 * HOUR)).mail, at(2 * HOUR));
    assert_eq!(world.system(&agent).maintenance_until, None, "it is up again");
}
