//! The rules an operator writes: what is refused, and what they do.

use super::*;

#[track_caller]
fn refused(text: &str, wanted: &str) {
    let error = Rules::parse(Path::new("rules.toml"), text).expect_err(wanted).to_string();
    assert!(error.contains(wanted), "{error:?} does not say {wanted:?}");
}

#[test]
fn the_default_rules_are_sensible() {
    assert!(Rules::built_in().thresholds.len() >= 5);
}

#[test]
fn a_senseless_rule_is_refused_with_file_line_and_what_to_do() {
    let rule = |extra: &str| format!("[[threshold]]\nid = \"a\"\nmetric = \"m\"\ntitle = \"t\"\n{extra}\n");
    refused(&rule(""), "rules.toml, line 2: threshold `a`: give either `above` or `below`");
    refused(
        &rule("above = { medium = 3, high = 2 }"),
        "a more urgent severity must have the more extreme value",
    );
    refused(
        &rule("below = { medium = 2, high = 3 }"),
        "a more urgent severity must have the more extreme value",
    );
    refused(&(rule("above = { low = 1 }") + &rule("above = { low = 1 }")), "the name is used twice");
    refused(&rule("above = { urgent = 1 }"), "unknown variant `urgent`");
    refused(&rule("abvoe = { low = 1 }"), "unknown key `abvoe`; did you mean `above`?");
    refused("[liveness]\ngrace = \"soon\"\n", "rules.toml, line 2");
}

#[test]
fn below_works_like_above_turned_round() {
    let text = "[[threshold]]\nid = \"days-left\"\nmetric = \"m\"\nbelow = { low = 30, high = 7 }\nclear_margin = 1\ntitle = \"{value}\"\n";
    let mut world = World::new();
    world.rules = Rules::parse(Path::new("rules.toml"), text).unwrap();
    let days = |value| Observation { name: "m".into(), attributes: [].into(), value, unit: "d".into() };
    world.pass(HOUR).beat(&[days(31.0)]);
    assert!(world.told().is_empty());
    world.pass(HOUR).beat(&[days(29.0)]).pass(HOUR).beat(&[days(30.5)]).pass(HOUR).beat(&[days(6.0)]);
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1001 severity_changed"]);
    assert_eq!(world.ticket("days-left").title, "scada-01: 6 d");
    world.pass(HOUR).beat(&[days(40.0)]);
    assert_eq!(world.told(), ["MB-1001 resolved"]);
}

#[test]
fn images_that_are_always_full_are_left_out_by_the_default_rules() {
    let mut world = World::new();
    world.pass(HOUR).beat(&[disk("/snap/core", 1.0).with(attributes::FILESYSTEM_TYPE, "squashfs")]);
    assert!(world.told().is_empty());
}
