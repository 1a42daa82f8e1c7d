//! How each watched file is told: as a diff, whole or as a digest, and what in it is volatile. Pure.

use std::path::Path;

use globset::{GlobSet, GlobSetBuilder};
use regex_automata::meta::Regex;
use serde::{Deserialize, Serialize};

use super::{WatchConfig, compile, volatile};
use crate::pattern;

/// How a changed text is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// By what differs from before.
    #[default]
    Diff,
    /// Whole, each time it changed.
    Full,
    /// Only that it changed.
    Digest,
}

/// One rule of `agent.toml` for the files that match it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WatchRule {
    /// Globs as in `include`; a directory stands for everything below it.
    pub files: Vec<String>,
    /// How their changes are told; of several rules that say so the last one counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Regular expressions for what changes by itself; of one with a group the first group, else the whole match. `^` and `$`
    /// are the ends of a line. They are used after redaction, together with those of other rules and the built-in ones.
    pub volatile: Vec<String>,
}

/// The rules, ready for use.
pub(super) struct Rules {
    rules: Vec<(GlobSet, Option<Mode>, Vec<Regex>)>,
    built_in: Option<Regex>,
}

/// What the rules say of one file.
pub(super) struct Treatment<'r> {
    /// How its changes are told.
    pub(super) mode: Mode,
    built_in: Option<&'r Regex>,
    own: Vec<&'r Regex>,
}

impl WatchRule {
    /// What is wrong with it, one sentence each.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults: Vec<String> = self.files.iter().filter_map(|glob| compile(glob).err()).collect();
        if self.files.is_empty() {
            faults.push("a [[watch.rule]] without files says nothing of any file".into());
        }
        let patterns = self.volatile.iter();
        faults.extend(
            patterns.filter_map(|text| Some(pattern::compile_for_lines("volatile", text).err()?.to_string())),
        );
        faults
    }
}

impl Rules {
    /// Of the configuration; what is faulty in it is left out, [`WatchConfig::faults`] says so.
    pub(super) fn new(config: &WatchConfig) -> Self {
        let rule = |rule: &WatchRule| {
            let patterns = rule.volatile.iter();
            let patterns =
                patterns.filter_map(|text| pattern::compile_for_lines("volatile", text).ok()).collect();
            (set(&rule.files), rule.mode, patterns)
        };
        Self {
            rules: config.rule.iter().map(rule).collect(),
            built_in: config.builtin_volatile.then(volatile::built_in),
        }
    }

    /// What they say of this file.
    pub(super) fn of(&self, path: &Path) -> Treatment<'_> {
        let mut treatment =
            Treatment { mode: Mode::default(), built_in: self.built_in.as_ref(), own: vec![] };
        for (_, mode, patterns) in self.rules.iter().filter(|(files, ..)| files.is_match(path)) {
            treatment.mode = mode.unwrap_or(treatment.mode);
            treatment.own.extend(patterns);
        }
        treatment
    }
}

impl Treatment<'_> {
    /// The redacted text without what is volatile in it.
    pub(super) fn settle(&self, redacted: String) -> String {
        volatile::settle(redacted, self.built_in, self.own.iter().copied())
    }
}

fn set(globs: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let below = format!("{}/**", glob.trim_end_matches('/'));
        for glob in [compile(glob), compile(&below)].into_iter().flatten() {
            set.add(glob);
        }
    }
    set.build().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(files: &[&str], mode: Option<Mode>, volatile: &[&str]) -> WatchRule {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        WatchRule { files: owned(files), mode, volatile: owned(volatile) }
    }

    #[test]
    fn the_last_rule_that_says_how_counts_and_patterns_add_up() {
        let rules = Rules::new(&WatchConfig {
            rule: vec![
                rule(&["/etc/app"], Some(Mode::Full), &["a+"]),
                rule(&["/etc/app/*.secret"], Some(Mode::Digest), &[]),
                rule(&["/etc/**/*.conf"], None, &["b+"]),
            ],
            ..WatchConfig::default()
        });
        let mode = |path| rules.of(Path::new(path)).mode;
        assert_eq!(mode("/etc/hosts"), Mode::Diff);
        assert_eq!(mode("/etc/app/d/x"), Mode::Full);
        assert_eq!(mode("/etc/app/x.secret"), Mode::Digest);
        let settled = |path| rules.of(Path::new(path)).settle("aa bb\n# 2026-01-01 00:00:00\n".into());
        assert_eq!(settled("/etc/app/x.conf"), "<volatile> <volatile>\n# <volatile>\n");
        assert_eq!(settled("/etc/y.conf"), "aa <volatile>\n# <volatile>\n");
    }

    #[test]
    fn what_is_built_in_can_be_switched_off() {
        let rules = Rules::new(&WatchConfig { builtin_volatile: false, ..WatchConfig::default() });
        let text = "# Generated on 2026-01-01 00:00:00\n";
        assert_eq!(rules.of(Path::new("/etc/x")).settle(text.into()), text);
    }
}
