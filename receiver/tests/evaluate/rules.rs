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
fn a_threshold_that_could_never_work_as_meant_is_refused() {
    let rule = |extra: &str| format!("[[threshold]]\nid = \"a\"\nmetric = \"m\"\ntitle = \"t\"\n{extra}\n");
    refused(&rule("above = { low = 1 }\nbelow = { low = 0 }"), "give either `above` or `below`");
    for pair in ["medium = 2, high = 2", "medium = 2, high = inf", "medium = nan"] {
        let wanted = "a more urgent severity must have the more extreme value";
        refused(&rule(&format!("above = {{ {pair} }}")), wanted);
        refused(&rule(&format!("below = {{ {pair} }}")), wanted);
    }
    for extra in ["clear_margin = -0.1", "clear_margin = nan", "clear_margin = inf"] {
        refused(&rule(&format!("above = {{ low = 1 }}\n{extra}")), "`clear_margin` cannot be negative");
    }
    refused(
        &rule("above = { low = 1 }").replace("\"a\"", "\"check\""),
        "the name belongs to a built-in rule",
    );
    refused(&rule("above = { low = 1 }").replace("\"a\"", "\"A b\""), "a rule's id is made of");
}

#[test]
fn no_span_of_time_is_less_than_nothing() {
    let keys = [
        ("[liveness]", "grace"),
        ("[integrity]", "gap_after"),
        ("[integrity]", "clock_tolerance"),
        ("[tickets]", "reopen_within"),
        ("[missing]", "after"),
        ("[missing]", "forget_after"),
        ("[[threshold]]", "hold"),
        ("[[check_rule]]", "hold"),
    ];
    for (table, key) in keys {
        let wanted = "rules.toml, line 2: \"-3h\" is no span of time: write \"90s\", \"15m\" or \"36h\"";
        refused(&format!("{table}\n{key} = \"-3h\"\n"), wanted);
    }
}

#[test]
fn a_rule_for_checks_or_their_values_that_could_never_work_as_meant_is_refused() {
    let rule = |extra: &str| format!("[[check_rule]]\nid = \"a\"\n{extra}\n");
    refused(&rule(""), "rules.toml, line 2: check_rule `a`: it says nothing");
    refused(&rule("critical = \"urgent\""), "unknown variant `urgent`");
    refused(&rule("warnnig = \"low\""), "unknown key `warnnig`; did you mean `warning`?");
    let threshold = "[[threshold]]\nid = \"a\"\nmetric = \"m\"\ntitle = \"t\"\nabove = { low = 1 }\n";
    refused(&(rule("warning = \"low\"") + threshold), "the name is used twice");
    refused(&format!("{threshold}of = \"max\"\n"), "`of` is for values of checks");
    refused(&format!("{threshold}check = \"*\"\nsubject = \"x\"\n"), "the check is the subject");
    refused(&format!("{threshold}replaces = \"b\"\n"), "there is no threshold that it could replace");
    refused(&format!("{threshold}replaces = \"a\"\n"), "it cannot replace itself");
}

#[test]
fn further_files_hold_thresholds_and_rules_for_checks_and_may_replace_those_of_the_first() {
    use mailbeat_receiver::config::read_rules;
    let home = tempfile::tempdir().unwrap();
    let main = home.path().join("rules.toml");
    let write = |name: &str, text: &str| std::fs::write(home.path().join(name), text).unwrap();
    let threshold = |id: &str, more: &str| {
        format!(
            "[[threshold]]\nid = \"{id}\"\nmetric = \"m\"\ntitle = \"t\"\nabove = {{ low = 1 }}\n{more}\n"
        )
    };
    write("one.toml", &threshold("tighter", "replaces = \"usual\""));
    write("two.toml", "[[check_rule]]\nid = \"c\"\nwarning = \"low\"\n");
    let text = format!("include = [\"one.toml\", \"two.toml\"]\n{}", threshold("usual", ""));
    let rules = read_rules(&main, &text).unwrap();
    assert_eq!(
        rules.thresholds.iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>(),
        ["tighter", "usual"]
    );
    assert_eq!(rules.checks.len(), 1);
    write("two.toml", "[liveness]\nmisses = 9\n");
    let error = read_rules(&main, &text).unwrap_err().to_string();
    assert!(error.contains("two.toml, line 1: unknown key `liveness`"), "{error}");
    let gone = read_rules(&main, "include = [\"gone.toml\"]\n").unwrap_err().to_string();
    assert!(gone.contains("gone.toml"), "{gone}");
}

#[test]
fn a_refused_rule_is_named_with_its_own_line() {
    let rules = "[tickets]\nmost_open = 9\n\n[[threshold]]\nid = \"good\"\nmetric = \"m\"\nabove = { low = 1 }\ntitle = \"t\"\n\n\
                 [[threshold]]\nid = \"bad\"\nmetric = \"m\"\ntitle = \"t\"\n";
    refused(rules, "rules.toml, line 11: threshold `bad`");
}

#[test]
fn a_finding_of_a_rule_that_was_removed_ends_at_the_next_look_and_no_others_does() {
    let mut world = World::new();
    world.pass(HOUR * 5).tick().beat(&[disk("/", 0.9)]).tick();
    world.rules.thresholds.retain(|threshold| threshold.id.as_str() != "memory-high");
    world.tick();
    assert_eq!(world.told(), ["MB-1001 opened", "MB-1001 resolved", "MB-1002 opened"]);
    world.rules.thresholds.retain(|threshold| threshold.id.as_str() != "filesystem-full");
    world.tick();
    assert_eq!(world.told(), ["MB-1002 resolved"]);
    assert_eq!(world.reason(), "the rule no longer exists");
}

#[test]
fn below_works_like_above_turned_round() {
    let text = "[[threshold]]\nid = \"days-left\"\nmetric = \"m\"\nbelow = { low = 30, high = 7 }\nclear_margin = 1\ntitle = \"{value}\"\n";
    let mut world = World::new();
    world.rules = Rules::parse(Path::new("rules.toml"), text).unwrap();
    let days =
        |value| Observation { name: "m".into(), attributes: Attributes::new(), value, unit: "d".into() };
    world.pass(HOUR).beat(&[days(31.0)]).pass(HOUR).beat(&[days(30.0)]);
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
