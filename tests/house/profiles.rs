//! The ready-made profiles are ones the programs take, and the page about them names checks and rules that there are.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use mailbeat_agent::config::Config;
use mailbeat_receiver::config::read_rules;
use mailbeat_receiver::evaluate::rules::{DEFAULT, Rules};

const PAGE: &str = include_str!("../../docs/profiles.md");

fn folder() -> PathBuf {
    super::sources::root().join("packaging/profiles")
}

fn names(folder: &Path) -> Vec<String> {
    let listed = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = listed.filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    let mut names: Vec<String> =
        files.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// What an agent makes of its sample with this profile included.
fn with_profile(name: &str) -> Config {
    let home = tempfile::tempdir().unwrap();
    let profiles = home.path().join("profiles");
    fs::create_dir(&profiles).unwrap();
    fs::copy(folder().join(format!("{name}.toml")), profiles.join(format!("{name}.toml"))).unwrap();
    let sample = include_str!("../../packaging/agent.toml");
    let path = home.path().join("agent.toml");
    fs::write(&path, format!("include = [\"profiles/{name}.toml\"]\n{sample}")).unwrap();
    Config::load(&path, |_| None).unwrap_or_else(|error| panic!("{error}"))
}

fn with_rules(name: &str) -> Rules {
    let rules = folder().join("rules");
    let text = format!("include = [\"{name}.toml\"]\n{DEFAULT}");
    read_rules(&rules.join("rules.toml"), &text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_profile_is_taken_by_the_agent_and_every_rules_file_by_the_receiver() {
    assert!(names(&folder()).len() >= 7);
    for name in names(&folder()) {
        let config = with_profile(&name);
        assert!(config.check.len() >= 4, "{name}");
        assert!(config.check.iter().all(|check| check.probe().is_some()), "{name}");
    }
    for name in names(&folder().join("rules")) {
        assert!(with_rules(&name).thresholds.len() > Rules::built_in().thresholds.len(), "{name}");
        assert!(
            folder().join(format!("{name}.toml")).exists(),
            "rules for a profile that is not there: {name}"
        );
    }
}

/// Texts between backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn the_page_names_each_check_of_each_profile_and_no_other_and_rules_that_there_are() {
    for name in names(&folder()) {
        let section =
            PAGE.split(&format!("\n## {name}\n")).nth(1).unwrap_or_else(|| panic!("no section {name}"));
        let section = section.split("\n## ").next().unwrap();
        let rows: Vec<Vec<&str>> = section
            .lines()
            .filter(|line| line.starts_with('|'))
            .map(|line| line.split('|').collect())
            .collect();
        let told: BTreeSet<&str> = rows.iter().flat_map(|row| quoted(row[2])).collect();
        let config = with_profile(&name);
        let there: BTreeSet<&str> = config.check.iter().map(|check| check.name.as_str()).collect();
        let told_checks: BTreeSet<&str> = told.into_iter().filter(|one| *one != "[watch]").collect();
        assert_eq!(told_checks, there, "{name}");
        let has_rules = names(&folder().join("rules")).contains(&name);
        let rules = if has_rules { with_rules(&name) } else { Rules::built_in() };
        for rule in rows.iter().flat_map(|row| quoted(row[3])) {
            let is_check_rule = rules.checks.iter().any(|known| known.id.as_str() == rule);
            assert!(is_check_rule || rules.knows(&rule.parse().unwrap()), "{name}: there is no rule {rule}");
        }
    }
}

/// Words between quotes in the source of a story.
fn says(story: &str, word: &str) -> bool {
    story.contains(&format!("\"{word}\""))
}

#[test]
fn the_page_names_the_story_of_each_profile_and_it_tells_every_check_and_rule_or_the_page_says_which_not() {
    for name in names(&folder()) {
        let section = PAGE.split(&format!("\n## {name}\n")).nth(1).unwrap().split("\n## ").next().unwrap();
        let line = section.lines().find(|line| line.starts_with("Story: ")).unwrap();
        let file = quoted(line).next().unwrap();
        let story = fs::read_to_string(super::sources::root().join(file)).unwrap();
        assert!(says(&story, &name), "{file} does not take {name}");
        let left_out: Vec<&str> =
            line.split_once("Not in a story").map(|(_, rest)| quoted(rest).collect()).unwrap_or_default();
        for check in with_profile(&name).check {
            assert!(says(&story, &check.name), "{name}: no story tells `{}`", check.name);
        }
        let own = fs::read_to_string(folder().join(format!("rules/{name}.toml"))).unwrap_or_default();
        let thresholds = own.split("[[threshold]]").skip(1).filter_map(|table| table.split('"').nth(1));
        for rule in thresholds {
            assert!(says(&story, rule) || left_out.contains(&rule), "{name}: no story tells `{rule}`");
        }
    }
}
