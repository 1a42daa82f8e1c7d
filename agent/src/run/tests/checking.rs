//! Checks in the life of an agent: what heartbeats say of them, whatever they do and whatever becomes of the agent.

use mailbeat_shared::wire::check::{CheckResult, CheckState, Worst};

use super::*;

const CHECKS: &str = "heartbeat_interval_s = 3600\nchecks_at_once = 2\n\
    [[check]]\nname = 'disk'\ntype = 'plugin'\ncommand = ['/x']\ninterval_s = 600\nseverity = 'critical'\n\
    [[check]]\nname = 'backup'\ntype = 'plugin'\ncommand = ['/x']\ninterval_s = 600\nwarning = 0\n\
    [[check]]\nname = 'hangs'\ntype = 'plugin'\ncommand = ['/x']\n\
    [[check]]\nname = 'off'\nenabled = false\n";

fn story() -> Story {
    Story::with(
        &format!("{CHECKS}{}", TWO_ROUTES.replace("cc.system = ['admin@acme.example']\n", "")),
        &testing::contract(),
    )
}

fn sees(story: &Story, check: &str, sight: Sight) {
    story.host.0.borrow_mut().sights.insert(check.into(), sight);
}

fn lines(count: f64) -> Sight {
    Sight::ok(format!("{count} lines")).counting("matches", count, "{line}")
}

/// What the heartbeats said of a check that reached somebody, oldest first.
fn told(story: &Story, check: &str) -> Vec<CheckResult> {
    let said = |report: &Report| match &report.body {
        Body::Heartbeat { heartbeat } => heartbeat.checks.iter().find(|result| result.name == check).cloned(),
        _ => None,
    };
    story.mails().iter().filter_map(said).collect()
}

fn states(story: &Story, check: &str) -> Vec<CheckState> {
    told(story, check).iter().map(|result| result.state).collect()
}

#[test]
fn a_heartbeat_says_the_last_verdicts_and_which_check_has_none_yet() {
    let mut story = story();
    sees(&story, "disk", Sight::critical("95 % full").with("used", 95.0, "%"));
    sees(&story, "backup", lines(0.0));
    story.live(2.hours());
    let disk = told(&story, "disk").pop().unwrap();
    assert_eq!((disk.state, disk.output.as_str()), (CheckState::Critical, "95 % full"));
    assert!(
        disk.since < story.now - jiff::SignedDuration::from_mins(90) && disk.checked_at > Some(disk.since)
    );
    assert_eq!(disk.observations[0].value, 95.0);
    let mut heartbeats = story.mails().into_iter().filter_map(|report| match report.body {
        Body::Heartbeat { heartbeat } => Some(heartbeat),
        _ => None,
    });
    let last = heartbeats.next_back().unwrap();
    assert_eq!(last.checks.iter().map(|check| check.name.as_str()).collect::<Vec<_>>(), ["disk", "backup"]);
    assert!(
        last.problems.contains(&"check hangs: it has not come to its first end yet".to_owned()),
        "{last:?}"
    );
}

#[test]
fn a_check_that_never_ends_takes_its_place_and_no_more_and_heartbeats_go_on() {
    let mut story = story();
    sees(&story, "disk", Sight::ok("fine"));
    sees(&story, "backup", lines(0.0));
    story.live(3.hours());
    assert!(states(&story, "disk").len() >= 2);
    let begun = story.host.0.borrow().begun.iter().map(|run| run.name.clone()).collect::<Vec<_>>();
    assert_eq!(begun, ["hangs"], "begun once, and not again while it runs");
    let memory = story.agent.state().checks.clone().begin("disk", story.now);
    assert!(memory.as_u64() >= Some(17), "every ten minutes, the probe remembers: {memory}");
}

#[test]
fn a_command_that_is_over_soon_begins_no_check_and_a_run_that_a_restart_cut_short_is_due_again() {
    let mut story = story();
    story.agent = open(&story.home, &story.config, &story.host).for_a_moment();
    story.settle();
    assert!(story.host.0.borrow().begun.is_empty(), "nobody would wait for its end");
    story.restart();
    story.live(1.minutes());
    sees(&story, "disk", Sight::ok("fine"));
    story.live(1.hour());
    story.host.0.borrow_mut().begun.clear();
    story.restart();
    story.settle();
    let begun: Vec<String> = story.host.0.borrow().begun.iter().map(|run| run.name.clone()).collect();
    assert!(begun.contains(&"hangs".to_owned()) || begun.contains(&"backup".to_owned()), "{begun:?}");
}

#[test]
fn no_more_than_so_many_run_side_by_side() {
    let mut story = story();
    story.live(30.minutes());
    assert_eq!(story.host.0.borrow().begun.len(), 2, "checks_at_once");
    for check in ["disk", "backup", "hangs"] {
        sees(&story, check, Sight::ok("fine").with("matches", 0.0, "1"));
    }
    story.live(10.minutes());
    assert_eq!(story.host.0.borrow().begun.len(), 0);
    assert!(story.agent.state().checks.result(&story.config.check[2]).is_some(), "the third had its turn");
}

#[test]
fn checks_that_are_always_due_leave_their_turn_to_one_that_never_ran() {
    let busy = CHECKS.replace("interval_s = 600", "interval_s = 1");
    let mut story = Story::with(&format!("{busy}{TWO_ROUTES}"), &testing::contract());
    story.host.0.borrow_mut().takes_time = true;
    for check in ["disk", "backup", "hangs"] {
        sees(&story, check, Sight::ok("fine").with("matches", 0.0, "1"));
    }
    story.live(1.minutes());
    assert!(story.agent.state().checks.result(&story.config.check[2]).is_some(), "the third had its turn");
}

#[test]
fn since_and_memory_survive_a_restart_and_what_was_counted_is_told_once() {
    let mut story = story();
    sees(&story, "disk", Sight::critical("down"));
    sees(&story, "backup", lines(0.0));
    story.live(1.hour());
    sees(&story, "backup", lines(3.0));
    story.live(10.minutes());
    sees(&story, "backup", lines(0.0));
    let backup = |story: &Story| story.agent.state().checks.result(&story.config.check[1]).unwrap();
    let before = backup(&story);
    assert_eq!((before.state, before.observations[0].value), (CheckState::Warning, 3.0));
    story.restart();
    assert_eq!(backup(&story), before, "written down when it was counted");
    story.live(3.hours());
    let disk = told(&story, "disk");
    assert!(disk.windows(2).all(|pair| pair[0].since == pair[1].since), "{disk:?}");
    let counted: Vec<f64> =
        told(&story, "backup").iter().map(|result| result.observations[0].value).collect();
    assert_eq!(counted.iter().sum::<f64>(), 3.0, "{counted:?}");
    let backup = states(&story, "backup");
    assert_eq!(backup.iter().filter(|state| **state == CheckState::Warning).count(), 1, "{backup:?}");
    assert_eq!(backup.last(), Some(&CheckState::Ok));
}

#[test]
fn what_was_bad_while_the_servers_were_down_is_in_the_heartbeat_that_superseded_the_others() {
    let mut story = story();
    sees(&story, "disk", Sight::ok("fine"));
    sees(&story, "backup", lines(0.0));
    story.live(1.hour());
    let before = told(&story, "disk").len();
    story.say(&down(), 10_000);
    story.live(20.minutes());
    sees(&story, "disk", Sight::critical("down"));
    sees(&story, "backup", lines(2.0));
    story.live(1.hour());
    sees(&story, "disk", Sight::ok("fine again"));
    sees(&story, "backup", lines(0.0));
    story.live(4.hours());
    story.host.0.borrow_mut().outcomes.clear();
    story.live(1.hour());
    let first = told(&story, "disk").swap_remove(before);
    assert_eq!(first.state, CheckState::Ok);
    let Some(Worst { state, output, .. }) = &first.worst else { panic!("{first:?}") };
    assert_eq!((*state, output.as_str()), (CheckState::Critical, "down"));
    assert!(first.samples.as_ref().unwrap().not_ok_s >= 3_000, "{first:?}");
    let counted: f64 =
        told(&story, "backup")[before..].iter().map(|result| result.observations[0].value).sum();
    assert!(counted >= 10.0, "two each ten minutes for an hour: {counted}");
    assert_eq!(told(&story, "disk").last().unwrap().worst, None, "told once");
    story.chain_is_whole();
}

#[test]
fn nobody_checks_before_it_was_agreed_to_or_after_the_contract_ended() {
    let mut story = story();
    let items: Vec<String> =
        Item::ALL.iter().filter(|item| **item != Item::Checks).map(|item| item.name().to_owned()).collect();
    consent(&story.home, &testing::contract(), story.now, items);
    story.restart();
    sees(&story, "disk", Sight::ok("fine"));
    story.live(2.hours());
    assert!(told(&story, "disk").is_empty() && story.host.0.borrow().begun.is_empty());
    let Body::Heartbeat { heartbeat } = &story.mails().pop().unwrap().body else { panic!() };
    assert!(
        heartbeat.problems.iter().any(|problem| problem.contains("agreed to it yet: checks;")),
        "{heartbeat:?}"
    );
    activate(&story.home, &testing::contract(), story.now);
    story.live(2.hours());
    assert!(!told(&story, "disk").is_empty());
    story.now = "2027-02-01T00:00:00Z".parse().unwrap();
    story.restart();
    story.host.0.borrow_mut().begun.clear();
    story.live(1.hour());
    assert!(story.host.0.borrow().begun.is_empty(), "the contract ended");
}

#[test]
fn a_check_that_was_renamed_is_forgotten_and_a_preview_looks_at_each_once_and_keeps_nothing() {
    let mut story = story();
    for check in ["disk", "backup", "hangs"] {
        sees(&story, check, Sight::ok("fine").with("matches", 0.0, "1"));
    }
    story.live(1.hour());
    let before = State::peek(&story.home);
    sees(&story, "disk", Sight::critical("down since a moment"));
    let mut peeking = Agent::peek(Parts {
        home: story.home.clone(),
        config: story.config.clone(),
        senses: Box::new(story.host.clone()),
        post: Box::new(story.host.clone()),
        entropy: identity::system_entropy(),
    });
    let Body::Heartbeat { heartbeat } =
        peeking.preview(Kind::Heartbeat, story.now).unwrap().unwrap().report.body
    else {
        panic!()
    };
    assert_eq!((heartbeat.checks.len(), heartbeat.checks[0].state), (3, CheckState::Critical));
    assert_eq!(State::peek(&story.home), before);
    let renamed = CHECKS.replace("'disk'", "'disks'");
    story.config = config_file::parse(Path::new("agent.toml"), &renamed).unwrap();
    let disk: Config = config_file::parse(Path::new("agent.toml"), CHECKS).unwrap();
    story.restart();
    assert_eq!(story.agent.state().checks.result(&disk.check[0]), None);
}

#[test]
fn the_mail_of_a_heartbeat_with_forty_observations_and_twenty_checks_is_small() {
    let check = |n: usize| {
        format!(
            "[[check]]\nname = 'a check with a long name {n}'\ntype = 'plugin'\ncommand = ['/x']\ninterval_s = 600\n"
        )
    };
    let checks: String = (0..20).map(check).collect();
    let mut story = Story::with(&format!("{TWO_ROUTES}{checks}"), &testing::contract());
    for n in 0..20 {
        let disk = Observation::new(&names::FILESYSTEM_UTILIZATION, 0.123_456_789)
            .with(attributes::MOUNTPOINT, format!("/srv/customers/{n}"))
            .with(attributes::FILESYSTEM_TYPE, "ext4")
            .with(attributes::DEVICE, format!("/dev/mapper/volume-{n}"));
        let line = Observation::new(&names::NETWORK_IO, 123_456_789.0)
            .with(attributes::INTERFACE, format!("eth{n}"))
            .with(attributes::DIRECTION, "receive");
        story.host.0.borrow_mut().observations.extend([disk, line]);
    }
    for round in [3.0, 1.0, 2.0] {
        for (n, check) in story.config.check.clone().iter().enumerate() {
            let long = format!("{}\n{}", "x".repeat(150), "long output\n".repeat(330));
            let sight = Sight { state: [CheckState::Ok, CheckState::Critical][n % 2], ..Sight::ok(long) };
            sees(
                &story,
                &check.name,
                sight.with("time", 0.123_456 * round, "s").with("size", 12_345_678.9 * round, "By"),
            );
        }
        story.live(20.minutes());
    }
    story.live(1.hour());
    let world = story.host.0.borrow();
    let (_, _, mail) = world.sent.last().unwrap();
    let text = String::from_utf8_lossy(mail).into_owned();
    let parts: Vec<usize> = text.split("\r\n--").map(str::len).collect();
    assert!(
        mail.len() <= mailbeat_shared::wire::limits::HEARTBEAT_MAIL_BYTES,
        "{} bytes: {parts:?}",
        mail.len()
    );
    drop(world);
    let checks = told(&story, "a check with a long name 1").pop().unwrap();
    assert!(checks.samples.is_some() && checks.output.ends_with('…'), "{checks:?}");
}
