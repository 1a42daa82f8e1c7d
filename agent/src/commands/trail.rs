//! `trail list|show|verify|export|resend`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use mailbeat_shared::text;
use mailbeat_shared::wire::report::Kind;
use serde::Serialize;

use super::ask::ask;
use super::{Setup, print, print_json};
use crate::cli::{FateWanted, KindWanted, Trail, Wanted};
use crate::compose::VERSION;
use crate::identity::Identity;
use crate::run::{Answer, Request};
use crate::spool::{Ending, Entry, Fate, Meta, Resent};
use crate::trail::{self, filter::Filter, filter::Stage};
use crate::words::Page;

/// A report as listed.
#[derive(Serialize)]
struct Line {
    sequence: u64,
    #[serde(flatten)]
    meta: Option<Meta>,
    /// `None`: it waits in the queue.
    outcome: Option<Ending>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resent: Vec<Resent>,
}

impl Line {
    fn of(entry: &Entry) -> Self {
        Self {
            sequence: entry.sequence,
            meta: entry.meta.clone(),
            outcome: entry.ending(),
            resent: entry.resent(),
        }
    }

    fn fate(&self) -> &'static str {
        self.outcome.as_ref().map_or("waits in the queue", |ending| ending.fate.as_str())
    }
}

pub(super) fn trail(setup: &Setup, asked: &Trail) -> anyhow::Result<ExitCode> {
    match asked {
        Trail::List { last, wanted, json } => list(setup, *last, *wanted, json.json),
        Trail::Show { sequence, json } => show(setup, *sequence, json.json),
        Trail::Verify(json) => verify(setup, json.json),
        Trail::Export { dir, wanted, json } => export(setup, dir, *wanted, json.json),
        Trail::Resend { sequence, json } => resend(setup, *sequence, json.json),
    }
}

fn everything(setup: &Setup) -> anyhow::Result<Vec<Entry>> {
    trail::everything(&setup.home)
        .with_context(|| format!("{}: read it as root or as the agent's user", setup.home.dir().display()))
}

fn wanted(setup: &Setup, wanted: Wanted) -> anyhow::Result<Vec<Entry>> {
    let filter = Filter {
        kind: wanted.kind.map(|kind| match kind {
            KindWanted::Heartbeat => Kind::Heartbeat,
            KindWanted::System => Kind::System,
            KindWanted::Enrollment => Kind::Enrollment,
            KindWanted::Notice => Kind::Notice,
            KindWanted::Test => Kind::Test,
        }),
        since: wanted.since.map(|since| since.at(setup.now())),
        until: wanted.until.map(|until| until.at(setup.now())),
        stage: wanted.fate.map(|fate| match fate {
            FateWanted::Waiting => Stage::Waiting,
            FateWanted::Accepted => Stage::Ended(Fate::Accepted),
            FateWanted::Superseded => Stage::Ended(Fate::Superseded),
            FateWanted::Lost => Stage::Ended(Fate::Lost),
        }),
    };
    let mut entries = everything(setup)?;
    entries.retain(|entry| filter.admits(entry));
    Ok(entries)
}

fn list(setup: &Setup, last: usize, which: Wanted, json: bool) -> anyhow::Result<ExitCode> {
    let entries = wanted(setup, which)?;
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
    print(if out.is_empty() { "There is no such report.\n".to_owned() } else { out });
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
    for again in &line.resent {
        let _ = writeln!(out, "sent again {} by route {}: {}", again.at, again.route, again.reply);
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
        let verdict = match &verified.first_broken {
            None => "the chain is whole".to_owned(),
            Some(first) => format!("the chain is broken, first at #{}: {}", first.sequence, first.what),
        };
        let _ = writeln!(out, "{} reports{range}: {verdict}", verified.reports);
        print(out);
    }
    Ok(if verified.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn export(setup: &Setup, dir: &Path, which: Wanted, json: bool) -> anyhow::Result<ExitCode> {
    let identity =
        Identity::load(&setup.home)?.context("not activated: there is no identity and no trail")?;
    let values = serde_json::json!({
        "system": identity.system,
        "version": VERSION,
        "today": setup.now().strftime("%Y-%m-%d").to_string(),
    });
    let readme = Page::Export.render(setup.locale(), &values)?;
    let entries = wanted(setup, which)?;
    let index = trail::export::export(dir, &entries, identity.system, &identity.key.public(), &readme)?;
    if json {
        print_json(&index)?;
    } else {
        let mails = index.iter().filter(|line| line.mail.is_some()).count();
        let (reports, dir) = (index.len(), dir.display());
        print(format!(
            "{reports} reports and {mails} mails are in {dir}; README.md says how to verify them\n"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn resend(setup: &Setup, sequence: u64, json: bool) -> anyhow::Result<ExitCode> {
    match ask(setup, &Request::Resend { sequence })? {
        Answer::Resent { route, reply } if json => {
            print_json(&serde_json::json!({ "sequence": sequence, "route": route, "reply": reply }))?;
        }
        Answer::Resent { route, reply } => {
            print(format!(
                "#{sequence}: sent again, accepted by your mail server (route {route}): {reply}\n"
            ));
        }
        Answer::Refused(why) => bail!(why),
        Answer::Queued(_) | Answer::Deactivated(_) => {
            bail!("the agent answered something else than was asked")
        }
    }
    Ok(ExitCode::SUCCESS)
}
