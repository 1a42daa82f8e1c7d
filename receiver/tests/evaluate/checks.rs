//! Checks and what the operator's rules make of them: verdict to severity, values to thresholds, for whom, and why.

use mailbeat_receiver::evaluate::explain::{Explained, explain};
use mailbeat_receiver::evaluate::replay::Replay;
use mailbeat_shared::wire::check::{Samples, SeverityHint, Worst};
use mailbeat_shared::wire::report::{Heartbeat, SpoolInfo};

use super::*;

const STATES: [CheckState; 3] = [CheckState::Critical, CheckState::Warning, CheckState::Unknown];

/// The severities of a Critical, a Warning and an Unknown one.
fn severities(world: &World, hint: Option<SeverityHint>) -> [Option<Severity>; 3] {
    STATES.map(|state| {
        let check = CheckResult { severity: hint, ..said("backup db", state, "x", world.now) };
        let occasion = Occasion::Report { life_at: world.now, observations: Some(&[]), checks: &[check] };
        let decision = judge(&world.view, occasion, &world.rules, world.now);
        decision.findings.iter().find_map(|change| match change {
            FindingChange::Put(finding) => Some(finding.severity),
            FindingChange::Ended { .. } => None,
        })
    })
}

/// A check with one value.
fn measuring(world: &World, name: &str, label: &str, value: f64, unit: &str) -> CheckResult {
    let observation =
        Observation { name: label.into(), attributes: Attributes::new(), value, unit: unit.into() };
    CheckResult { observations: vec![observation], ..said(name, CheckState::Ok, "fine", world.now) }
}

#[test]
fn without_a_rule_the_checks_own_severity_counts_and_no_warning_is_more_urgent_than_it() {
    use Severity::{Critical, High, Low, Medium};
    let world = World::new();
    let some = |three: [Severity; 3]| three.map(Some);
    assert_eq!(severities(&world, None), some([High, Medium, Low]));
    assert_eq!(severities(&world, Some(SeverityHint::Critical)), some([Critical, Medium, Low]));
    assert_eq!(severities(&world, Some(SeverityHint::Medium)), some([Medium, Medium, Low]));
    assert_eq!(severities(&world, Some(SeverityHint::Low)), some([Low, Low, Low]));
}

#[test]
fn rules_have_the_last_word_and_the_later_one_counts() {
    use Severity::{Critical, High, Low};
    let mut world = World::new();
    world.ruled(
        "[[check_rule]]\nid = \"all\"\nunknown = \"high\"\n[[check_rule]]\nid = \"b\"\ncheck = \"backup *\"\n\
         critical = \"critical\"\nwarning = \"none\"\n[[check_rule]]\nid = \"c\"\ncheck = \"!backup *\"\ncritical = \"low\"\n",
    );
    assert_eq!(severities(&world, Some(SeverityHint::Low)), [Some(Critical), None, Some(High)]);
    world.ruled("[[check_rule]]\nid = \"d\"\nwarning = \"low\"\n");
    assert_eq!(severities(&world, None), [Some(High), Some(Low), Some(Low)]);
}

#[test]
fn a_rule_is_for_the_systems_and_customers_it_names() {
    let mut world = World::new();
    let mut critical = |scope: &str| {
        world.ruled(&format!("[[check_rule]]\nid = \"x\"\n{scope}\ncritical = \"low\"\n"));
        severities(&world, None)[0] == Some(Severity::Low)
    };
    let id = SystemId::from_random([1; 16]);
    for for_us in
        ["system = \"scada-*\"", "customer = \"ACME*\"", &format!("system = \"{id}\""), "system = \"!web-*\""]
    {
        assert!(critical(for_us), "{for_us}");
    }
    for for_others in [
        "system = \"web-*\"",
        "customer = \"Other\"",
        "system = \"!scada-01\"",
        &format!("system = \"!{id}\""),
    ] {
        assert!(!critical(for_others), "{for_others}");
    }
}

#[test]
fn a_verdict_must_hold_as_long_as_the_rule_says_by_the_agents_own_clock() {
    let mut world = World::new();
    world.ruled("[[check_rule]]\nid = \"h\"\nhold = \"30m\"\ntitle = \"{check} {state}: {output}\"\n");
    let since = world.now + HOUR - MINUTE * 10;
    let down = said("web", CheckState::Critical, "refused {check}\nmore", since);
    world.pass(HOUR).check(std::slice::from_ref(&down));
    assert!(world.told().is_empty(), "broken for ten minutes");
    world.pass(MINUTE * 20).check(std::slice::from_ref(&down));
    assert_eq!(world.told(), ["MB-1001 opened"]);
    assert_eq!(
        world.ticket("check").title,
        "scada-01: web critical: refused {check}",
        "what it says fills nothing"
    );
    let ok = said("web", CheckState::Ok, "fine", world.now);
    world.pass(HOUR).check(&[ok]);
    assert_eq!(world.told(), ["MB-1001 resolved"]);
}

#[test]
fn a_verdict_that_is_a_moment_younger_than_its_report_counts_at_once() {
    let mut world = World::new();
    world.pass(HOUR);
    let once = said("log", CheckState::Warning, "1 new error", world.now + SECOND / 2);
    world.check(&[once]);
    assert_eq!(world.told(), ["MB-1001 opened"], "the next report says that it is over");
}

#[test]
fn a_check_that_was_worse_between_two_heartbeats_counts_as_it_was() {
    let mut world = World::new();
    let at = world.now + MINUTE * 30;
    let worst = Worst { state: CheckState::Critical, at, output: "10 new errors".into() };
    let log = CheckResult { worst: Some(worst), ..said("log", CheckState::Ok, "0 new errors", world.now) };
    world.pass(HOUR).check(&[log]);
    let ticket = world.ticket("check");
    assert_eq!(
        (ticket.title.as_str(), ticket.severity),
        ("scada-01: check log was critical: 10 new errors", Severity::High)
    );
    assert_eq!(ticket.holds_since, at);
    let quiet = said("log", CheckState::Ok, "0 new errors", world.now);
    world.pass(HOUR).check(&[quiet]);
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1001 resolved"]);
}

#[test]
fn a_certificate_near_its_end_rises_from_low_to_critical_and_resolves_when_it_is_renewed() {
    let mut world = World::new();
    let mut severity = |days: f64| {
        let check = measuring(&world, "web", "days_left", days, "d");
        world.pass(HOUR * 24).check(&[check]);
        world.view.tickets.iter().find(|ticket| ticket.state.is_unresolved()).map(|ticket| ticket.severity)
    };
    assert_eq!(severity(31.0), None);
    assert_eq!(severity(29.9), Some(Severity::Low));
    assert_eq!(severity(20.0), Some(Severity::Medium));
    assert_eq!(severity(5.0), Some(Severity::High));
    assert_eq!(severity(-1.0), Some(Severity::Critical));
    assert_eq!(severity(89.0), None);
    assert_eq!(world.ticket("certificate-ends").subject, "web");
}

#[test]
fn least_mean_and_most_of_what_was_sampled_can_be_judged_and_the_time_not_ok() {
    let check = |world: &World| {
        let values = [("time".to_owned(), [0.1, 0.5, 4.0])].into();
        let samples = Some(Samples { runs: 12, not_ok_s: 900, values });
        CheckResult { samples, ..measuring(world, "web", "time", 0.2, "s") }
    };
    let title_of = |rule: &str| {
        let mut world = World::new();
        world.ruled(&format!("[[threshold]]\nid = \"t\"\ncheck = \"web\"\ntitle = \"{{value}}\"\n{rule}"));
        let check = check(&world);
        world.pass(HOUR).check(&[check]);
        world.view.tickets.first().map(|ticket| ticket.title.clone())
    };
    let said = |value: &str| Some(format!("scada-01: {value}"));
    assert_eq!(title_of("metric = \"time\"\nabove = { low = 0.1 }"), said("200 ms"));
    assert_eq!(title_of("metric = \"time\"\nof = \"max\"\nabove = { low = 3 }"), said("4 s"));
    assert_eq!(title_of("metric = \"time\"\nof = \"mean\"\nabove = { low = 0.4 }"), said("500 ms"));
    assert_eq!(title_of("metric = \"time\"\nof = \"min\"\nabove = { low = 0.1 }"), None, "not all the time");
    assert_eq!(title_of("metric = \"not_ok_s\"\nabove = { low = 600 }"), said("15m"));
    assert_eq!(title_of("metric = \"size\"\nabove = { low = 0 }"), None);
}

#[test]
fn a_threshold_for_some_systems_replaces_the_general_one_there_and_only_there() {
    let rule = |system: &str| {
        format!(
            "[[threshold]]\nid = \"tighter\"\nmetric = \"system.memory.utilization\"\nsystem = \"{system}\"\n\
             replaces = \"memory-high\"\nabove = {{ high = 0.85 }}\ntitle = \"tight\"\n"
        )
    };
    let mut world = World::new();
    world.ruled(&rule("scada-*")).pass(HOUR).beat(&[memory(0.99)]).pass(HOUR).beat(&[memory(0.99)]);
    assert_eq!(world.told(), ["MB-1001 opened"]);
    assert_eq!(world.ticket("tighter").severity, Severity::High);
    let mut other = World::new();
    other.ruled(&rule("web-*")).pass(HOUR).beat(&[memory(0.99)]).pass(HOUR).beat(&[memory(0.99)]);
    assert_eq!(other.ticket("memory-high").severity, Severity::High);
    assert_eq!(other.told(), ["MB-1001 opened"]);
}

#[test]
fn a_threshold_for_some_checks_replaces_the_general_one_for_them_alone() {
    let mut world = World::new();
    world.ruled(
        "[[threshold]]\nid = \"own\"\ncheck = \"mcp *\"\nmetric = \"days_left\"\nreplaces = \"certificate-ends\"\n\
         below = { medium = 30, critical = 7 }\ntitle = \"{subject}\"\n",
    );
    let checks =
        ["mcp certificate", "other certificate"].map(|name| measuring(&world, name, "days_left", 5.0, "d"));
    let occasion = Occasion::Report { life_at: world.now, observations: Some(&[]), checks: &checks };
    let mut put: Vec<_> = judge(&world.view, occasion, &world.rules, world.now)
        .findings
        .into_iter()
        .filter_map(|change| match change {
            FindingChange::Put(finding) => {
                Some((finding.rule.to_string(), finding.subject, finding.severity))
            }
            FindingChange::Ended { .. } => None,
        })
        .collect();
    put.sort();
    let expected = [
        ("certificate-ends".to_owned(), "other certificate".to_owned(), Severity::High),
        ("own".to_owned(), "mcp certificate".to_owned(), Severity::Critical),
    ];
    assert_eq!(put, expected);
    let all = explain(&world.view, &[], &checks, &world.rules);
    let subjects = |rule: &str| -> Vec<String> {
        all.iter().filter(|one| one.rule == rule).map(|one| one.subject.clone()).collect()
    };
    assert_eq!(subjects("certificate-ends"), ["other certificate"]);
    assert_eq!(subjects("own"), ["mcp certificate"]);
}

#[test]
fn rules_can_be_tried_on_heartbeats_that_came_before() {
    let mut world = World::new();
    world.ruled("[[check_rule]]\nid = \"new\"\ncritical = \"critical\"\n");
    // What is wrong now plays no part.
    let rules = world.rules.clone();
    world.pass(HOUR).beat(&[disk("/", 0.99)]);
    let mut replay = Replay::new(world.view.clone());
    let mut told = vec![];
    for (hour, state) in
        (1..).zip([CheckState::Ok, CheckState::Critical, CheckState::Critical, CheckState::Ok])
    {
        let at = world.now + HOUR * hour;
        let heartbeat = Heartbeat {
            spool: SpoolInfo { queued: 0, oldest: None, route: None },
            maintenance: None,
            observations: vec![],
            checks: vec![said("web", state, "x", at)],
            problems: vec![],
        };
        told.extend(replay.heartbeat(at, &heartbeat, &rules));
    }
    let told: Vec<_> = told.iter().map(|told| (told.event, told.subject.as_str(), told.severity)).collect();
    assert_eq!(told, [("opened", "web", Severity::Critical), ("resolved", "web", Severity::Critical)]);
    assert_eq!(replay.unresolved(), 0);
}

#[test]
fn what_applies_is_explained_for_each_subject() {
    let mut world = World::new();
    world.ruled(
        "[[check_rule]]\nid = \"backups\"\ncheck = \"backup *\"\ncritical = \"critical\"\nhold = \"30m\"\n\
         [[threshold]]\nid = \"tighter\"\nmetric = \"system.memory.utilization\"\nreplaces = \"memory-high\"\n\
         above = { high = 0.85 }\ntitle = \"t\"\n",
    );
    let checks = [said("backup db", CheckState::Critical, "gone", world.now)];
    let all = explain(&world.view, &[disk("/", 0.9), memory(0.5)], &checks, &world.rules);
    let line = |rule: &str| {
        let Explained { subject, seen, severity, why, .. } = all.iter().find(|one| one.rule == rule).unwrap();
        format!("{subject}|{seen}|{severity:?}|{why}")
    };
    assert_eq!(
        line("filesystem-full"),
        "/|system.filesystem.utilization 90 %|Some(Medium)|Medium above 85 %, High above 95 %, Critical above 98 %"
    );
    assert_eq!(line("memory-high"), "|system.memory.utilization|None|replaced by `tighter`");
    assert_eq!(line("tighter"), "|system.memory.utilization 50 %|None|High above 85 %");
    assert_eq!(line("swap-high"), "|system.paging.utilization|None|it does not report it");
    assert_eq!(line("certificate-ends"), "|days_left|None|no check reports it");
    assert_eq!(
        line("check"),
        "backup db|critical|Some(Critical)|critical: Critical by backups, warning: Medium by the default, unknown: Low by the \
         default, for 30m"
    );
}
