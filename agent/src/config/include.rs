//! `include = ["profiles/NAME.toml"]`: ready-made checks and watched files, added to what the administrator wrote.
//!
//! An included file adds and never overrides: a check of `agent.toml` stands in place of an included one of its name, and
//! `enabled = false` beside the name is enough to switch that off.

use std::path::{Path, PathBuf};

use mailbeat_shared::config_file::{self, ConfigError};
use serde::Deserialize;

use super::Config;
use crate::check::CheckConfig;
use crate::watch::WatchRule;

/// What an included file may hold.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Included {
    check: Vec<CheckConfig>,
    watch: IncludedWatch,
    redact: IncludedRedact,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct IncludedWatch {
    include: Vec<String>,
    exclude: Vec<String>,
    rule: Vec<WatchRule>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct IncludedRedact {
    patterns: Vec<String>,
}

/// Adds what the included files hold, found beside the configuration file; the text of all of them.
pub(super) fn add(config: &mut Config, path: &Path, text: String) -> Result<String, ConfigError> {
    let beside = path.parent().unwrap_or(Path::new("."));
    let mut all = text;
    for file in config.include.clone() {
        let at = beside.join(&file);
        let text = std::fs::read_to_string(&at)
            .map_err(|error| ConfigError::Unreadable { path: at.clone(), error })?;
        let included: Included = config_file::parse(&at, &text)?;
        unique(&at, &text, &included.check)?;
        for check in included.check {
            add_check(config, check, &file, &at, &text)?;
        }
        config.watch.include.extend(included.watch.include);
        config.watch.exclude.extend(included.watch.exclude);
        config.watch.rule.extend(included.watch.rule);
        config.redact.patterns.extend(included.redact.patterns);
        all += &text;
    }
    Ok(all)
}

fn add_check(
    config: &mut Config,
    mut check: CheckConfig,
    file: &Path,
    at: &Path,
    text: &str,
) -> Result<(), ConfigError> {
    match config.check.iter().find(|other| other.name == check.name) {
        Some(CheckConfig { file: Some(other), name, .. }) => {
            let what = format!(
                "check {name:?} stands in {} too; include one of them, or write it in agent.toml",
                other.display()
            );
            Err(ConfigError::Invalid { path: at.to_owned(), line: line_of(text, name), what })
        }
        Some(_) => Ok(()),
        None => {
            check.file = Some(file.to_owned());
            config.check.push(check);
            Ok(())
        }
    }
}

/// Names within one file.
pub(super) fn unique(path: &Path, text: &str, checks: &[CheckConfig]) -> Result<(), ConfigError> {
    let twice = checks
        .iter()
        .enumerate()
        .find(|(n, check)| checks[..*n].iter().any(|other| other.name == check.name));
    let Some((_, check)) = twice else { return Ok(()) };
    let what = format!("two checks are named {:?}; give each its own `name`", check.name);
    Err(ConfigError::Invalid { path: PathBuf::from(path), line: line_of(text, &check.name), what })
}

/// The last line that names it.
fn line_of(text: &str, name: &str) -> usize {
    let names = |line: &str| line.trim_start().starts_with("name") && line.contains(name);
    text.lines().enumerate().filter(|(_, line)| names(line)).last().map_or(1, |(n, _)| n + 1)
}

#[cfg(test)]
mod tests;
