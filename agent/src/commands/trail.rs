//! `trail list|show|verify`.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use mailbeat_shared::text;
use serde::Serialize;

use super::{Setup, print, print_json};
use crate::cli::Trail;
use crate::identity::Identity;
use crate::spool::{Ending, Entry, Meta};
use crate::trail;

/// A report as listed.
#[derive(Serialize)]
struct Line {
    sequence: u64,
    #[serde(flatten)]
    meta: Option<Meta>,
    /// `None`: it waits in the queue.
    outcome: Option<Ending>,
}

impl Line {
    fn of(entry: &Entry) -> Self {
        Self { sequence: entry.sequence, meta: entry.meta.clone(), outcome: entry.ending() }
    }

    fn fate(&self) -> &'static str {
        self.outcome.as_ref().map_or("waits in the queue", |ending| ending.fate.as_str())
    }
}

pub(super) fn trail(setup: &Setup, asked: &Trail) -> anyhow::Result<ExitCode> {
    match asked {
        Trail::List { last, json } => list(setup, *last, json.json),
        Trail::Show { sequence, json } => show(setup, *sequence, json.json),
        Trail::Verify(json) => verify(setup, json.json),
    }
}

fn everything(setup: &Setup) -> anyhow::Result<Vec<Entry>> {
    trail::everything(&setup.home)
        .with_context(|| format!("{}: read it as root or as the agent's user", setup.home.dir().display()))
}

fn list(setup: &Setup, last: usize, json: bool) -> anyhow::Result<ExitCode> {
    let entries = everything(setup)?;
    let lines: Vec<Line> = entries.iter().skip(entries.len().saturating_sub(last)).map(Line::of).collect();
    if json {
        print_json(&lines)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = String::new();
    for line in &lines {
        let (at, kind, title) = line.meta.as_ref().map_or_else(
            || ("-".to_owned(), "damaged", String::new()),
            |meta| {
                (
                    meta.created_at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
                    meta.kind.as_str(),
                    text::one_line(&meta.title, 60),
                )
            },
        );
        let _ = writeln!(out, "#{:<8} {at}  {kind:<10}  {}  {title}", line.sequence, line.fate());
    }
    print(if out.is_empty() { "No report was made yet.\n".to_owned() } else { out });
    Ok(ExitCode::SUCCESS)
}

fn show(setup: &Setup, sequence: u64, json: bool) -> anyhow::Result<ExitCode> {
    let entries = everything(setup)?;
    let entry = entries
        .iter()
        .find(|entry| entry.sequence == sequence)
        .with_context(|| format!("there is no report #{sequence}"))?;
    let line = Line::of(entry);
    if json {
        let report: Option<serde_json::Value> =
            entry.open().ok().and_then(|parcel| serde_json::from_slice(&parcel.report).ok());
        print_json(&serde_json::json!({ "about": line, "directory": entry.dir, "report": report }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut out = format!("#{sequence}: {}\n", line.fate());
    if let Some(ending) = &line.outcome {
        let route = ending.route.as_deref().unwrap_or("-");
        let _ = writeln!(
            out,
            "{} by route {route} after {} attempts: {}",
            ending.at, ending.attempts, ending.reply
        );
    }
    let _ = writeln!(out, "In {}\n", entry.dir.display());
    match entry.open() {
        Ok(parcel) => {
            let _ = writeln!(out, "Subject: {}\n\n{}", parcel.meta.subject, text::clean(&parcel.text));
        }
        Err(error) => {
            let _ = writeln!(out, "It is damaged: {error}");
        }
    }
    print(out);
    Ok(ExitCode::SUCCESS)
}

fn verify(setup: &Setup, json: bool) -> anyhow::Result<ExitCode> {
    let identity =
        Identity::load(&setup.home)?.context("not activated: there is no identity and no trail")?;
    let verified = trail::verify(&setup.home, &identity.key.public())?;
    if json {
        print_json(&verified)?;
    } else {
        let mut out = String::new();
        for problem in &verified.problems {
            let _ = writeln!(out, "#{}: {}", problem.sequence, problem.what);
        }
        let range =
            verified.range.map_or_else(String::new, |(first, last)| format!(" (#{first} to #{last})"));
        let verdict = if verified.problems.is_empty() { "whole" } else { "broken" };
        let _ = writeln!(out, "{} reports{range}: the chain is {verdict}", verified.reports);
        print(out);
    }
    Ok(if verified.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
