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
