//! `systems changes`: what became of a host's files and packages, report by report, newest first.

use jiff::Timestamp;
use mailbeat_shared::text;
use mailbeat_shared::wire::report::{Body, SystemReport};
use mailbeat_shared::wire::snapshot::{Change, ChangeKind};
use serde::Serialize;

use super::{Desk, named, report};
use crate::cli::Named;
use crate::render;

/// One change with the report that told it.
#[derive(Serialize)]
struct Changed {
    sequence: u64,
    created_at: Timestamp,
    #[serde(flatten)]
    what: What,
    /// What is to be said of a file beside its content.
    #[serde(skip)]
    note: String,
}

#[derive(Serialize)]
#[serde(untagged)]
enum What {
    File(Change),
    Package {
        package: String,
        kind: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        to: Option<String>,
    },
}

pub(super) fn changes(desk: &Desk, which: &Named, reports: u32) -> anyhow::Result<()> {
    let changes = desk.reader()?.read(|tx| {
        let system = named(tx, which)?;
        let mut changes = Vec::new();
        for row in tx.reports_of_kind(system.id, "system", reports)? {
            let Some(report) = report(tx, row.row)? else { continue };
            let Body::System { system_report } = report.body else { continue };
            let (sequence, created_at) = (report.sequence, report.created_at);
            let changed = |(what, note)| Changed { sequence, created_at, what, note };
            changes.extend(files(&system_report).into_iter().chain(packages(&system_report)).map(changed));
        }
        anyhow::Ok(changes)
    })?;
    if desk.json {
        return desk.list(&changes, &[], |_| vec![]);
    }
    let out: String = changes.iter().map(told).collect();
    desk.say(if out.is_empty() { "no changes" } else { &out })
}

/// A full report repeats what is there and tells apart what changed; the first one has nothing to tell.
fn files(report: &SystemReport) -> Vec<(What, String)> {
    let note = |change: &Change| {
        let entry = report.files.iter().find(|file| file.path == change.path);
        let was = |what: &str, before: &Option<String>, now: Option<&String>| {
            let before = before.as_ref().filter(|_| change.kind == ChangeKind::Modified)?;
            Some(format!("{what} {before} -> {}", now.map_or("unknown", String::as_str)))
        };
        let notes = [
            was("mode", &change.mode_before, entry.and_then(|entry| entry.mode.as_ref())),
            was("owner", &change.owner_before, entry.and_then(|entry| entry.owner.as_ref())),
            entry.filter(|entry| entry.muted).map(|_| "muted".to_owned()),
        ];
        notes.into_iter().flatten().collect::<Vec<_>>().join(", ")
    };
    report.news().iter().map(|change| (What::File(change.clone()), note(change))).collect()
}

fn packages(report: &SystemReport) -> Vec<(What, String)> {
    let Some(packages) = &report.packages else { return vec![] };
    let one = |package: &String, kind, from: Option<&String>, to: Option<&String>| {
        let (from, to) = (from.cloned(), to.cloned());
        (What::Package { package: package.clone(), kind, from, to }, String::new())
    };
    let added = packages.added.iter().map(|(name, to)| one(name, "added", None, Some(to)));
    let updated =
        packages.updated.iter().map(|(name, both)| one(name, "updated", Some(&both.from), Some(&both.to)));
    let removed = packages.removed.iter().map(|(name, from)| one(name, "removed", Some(from), None));
    added.chain(updated).chain(removed).collect()
}

fn told(changed: &Changed) -> String {
    let head = format!("{}  #{}", render::time(changed.created_at), changed.sequence);
    match &changed.what {
        What::Package { package, kind, from, to } => {
            let versions: Vec<&str> = [from, to].into_iter().flatten().map(String::as_str).collect();
            format!("{head}  package {kind} {package} {}\n", versions.join(" -> "))
        }
        What::File(change) => {
            let kind = format!("{:?}", change.kind).to_lowercase();
            let note = if changed.note.is_empty() { String::new() } else { format!(" ({})", changed.note) };
            // Watched files are text from outside: their diffs keep every character on the wire and none that steers a terminal here.
            let content = change.diff.as_deref().or(change.text.as_deref()).map(text::harmless);
            let content = content.unwrap_or_else(|| {
                if changed.note.is_empty() { "(content is not sent)".to_owned() } else { String::new() }
            });
            let lines: String = content.lines().map(|line| format!("    {line}\n")).collect();
            format!("{head}  {kind} {}{note}\n{lines}", change.path)
        }
    }
}
