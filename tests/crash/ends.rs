//! What both sides wrote down, and what must be true of it whatever happened on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::story::Story;

/// How a story ended, without what differs from run to run: compared with an undisturbed one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// Rule, host, state, and every event in order. Without `system-report-missing`: whether that is missing too depends on
    /// how long a silence lasted.
    tickets: Vec<String>,
    /// Ticket, event and recipient of each notification, and that it was sent.
    notified: Vec<String>,
    /// Every change of a watched file.
    changes: Vec<String>,
    /// The watched files as the receiver knows them.
    files: Vec<String>,
}

impl End {
    pub(crate) fn of(story: &Story) -> anyhow::Result<Self> {
        let receiver = &story.vendor.receiver;
        let mut tickets = Vec::new();
        for ticket in story.vendor.tickets()? {
            let number = ticket["number"].as_str().context("a ticket has a number")?.to_owned();
            let shown = receiver.json(&["tickets", "show", &number])?;
            let events: Vec<&str> =
                list(&shown["events"]).filter_map(|event| event["event"].as_str()).collect();
            ensure!(!events.is_empty(), "a ticket without events: {shown}");
            let words =
                [&ticket["rule"], &ticket["host"], &ticket["state"]].map(|word| word.as_str().unwrap_or("-"));
            tickets.push(format!("{} {}", words.join(" "), events.join(" ")));
        }
        tickets.retain(|ticket| !ticket.starts_with("system-report-missing"));
        tickets.sort();
        let changes = receiver.json(&["systems", "changes", "scada-01", "--reports", "1000"])?;
        let mut changes: Vec<String> = list(&changes)
            .map(|change| {
                format!("{} {}", change["kind"].as_str().unwrap_or("?"), file_name(&change["path"]))
            })
            .collect();
        changes.sort();
        let shown = receiver.json(&["systems", "show", "scada-01"])?;
        let files = list(&shown["files"]).map(|file| file_name(&file["path"])).collect();
        let notified = story.books.column(
            "SELECT t.rule || ' ' || e.event || ' to ' || c.email || ' ' || n.state FROM notifications n
             JOIN ticket_events e ON e.id = n.event JOIN tickets t ON t.number = e.ticket JOIN contacts c ON c.id = n.contact
             WHERE t.rule <> 'system-report-missing' ORDER BY 1",
        )?;
        Ok(Self { tickets, notified, changes, files })
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn file_name(path: &Value) -> String {
    path.as_str().and_then(|path| path.rsplit('/').next()).unwrap_or("?").to_owned()
}

/// What the agent says became of each of its reports.
struct Trail(BTreeMap<u64, (String, String)>);

impl Trail {
    fn of(story: &Story) -> anyhow::Result<Self> {
        let verified = story.host.agent.run(&["trail", "verify"])?;
        ensure!(verified.contains("the chain is whole"), "{verified}");
        let listed = story.host.agent.json(&["trail", "list", "--last", "100000"])?;
        let entry = |line: &Value| {
            let fate = line["outcome"]["fate"].as_str().unwrap_or("queued").to_owned();
            Some((line["sequence"].as_u64()?, (line["id"].as_str()?.to_owned(), fate)))
        };
        let entries: Option<BTreeMap<_, _>> = list(&listed).map(entry).collect();
        Ok(Self(entries.with_context(|| format!("a damaged entry: {listed:#}"))?))
    }

    fn with_fate(&self, fate: &str) -> BTreeSet<String> {
        self.0.values().filter(|(_, has)| has == fate).map(|(id, _)| id.clone()).collect()
    }
}

/// Whether every report that was accepted is recorded once, every mail filed, every event told once: the whole promise of the crash
/// table. Both programs must have settled. Gives how many reports lie in quarantine although nothing is wrong with them, because
/// the receiver was killed over them twice; `import` has to bring them home.
pub(crate) fn check(story: &Story) -> anyhow::Result<usize> {
    let books = &story.books;
    let trail = Trail::of(story)?;
    let sequences: Vec<u64> = trail.0.keys().copied().collect();
    let whole: Vec<u64> = (1..=sequences.len() as u64).collect();
    ensure!(sequences == whole, "numbers were skipped or used twice: {sequences:?}");
    let accepted = trail.with_fate("accepted");
    let lost = trail.0.len() - accepted.len() - trail.with_fate("superseded").len();
    ensure!(lost == 0, "{lost} reports were lost or still wait: {:?}", trail.0);

    let recorded = books.column("SELECT lower(hex(report_id)) FROM reports")?;
    let once: BTreeSet<String> = recorded.iter().cloned().collect();
    ensure!(once.len() == recorded.len(), "a report was counted twice");
    let poison = usize::try_from(
        books.number("SELECT count(*) FROM quarantine WHERE reason = 'poison' AND state = 'waiting'")?,
    )?;
    let missing = accepted.iter().filter(|id| !once.contains(&id.replace('-', ""))).count();
    ensure!(missing <= poison, "{missing} accepted reports are not recorded, {poison} wait as poison");
    for (what, sql) in [
        ("mails quarantined for another reason", "SELECT count(*) FROM quarantine WHERE reason <> 'poison'"),
        ("branches besides the one", "SELECT count(*) - 1 FROM branches"),
        ("systems besides the one", "SELECT count(*) - 1 FROM systems"),
        ("mails not filed", "SELECT count(*) FROM filings WHERE done_at IS NULL"),
        ("reading windows begun and not ended", "SELECT count(*) FROM fetch_windows"),
        (
            "notifications that wait or were refused",
            "SELECT count(*) FROM notifications WHERE state IN ('waiting', 'refused')",
        ),
        (
            "second tickets on the same matter",
            "SELECT count(*) FROM tickets t JOIN tickets u ON t.rule = u.rule AND t.subject = u.subject AND t.number < u.number",
        ),
        (
            "events nobody was told of",
            "SELECT count(*) FROM ticket_events e WHERE event IN ('opened', 'resolved', 'reopened')
             AND NOT EXISTS (SELECT 1 FROM notifications n WHERE n.event = e.id)",
        ),
    ] {
        ensure!(books.number(sql)? == 0, "{what}: {}", books.number(sql)?);
    }
    if poison == 0 {
        ensure!(
            books.number("SELECT count(*) FROM holes")? == 0,
            "numbers are missing in the receiver's books"
        );
    }
    ensure!(story.inbox()?.is_empty(), "mails lie in the INBOX: {:?}", story.inbox()?);
    filed(story, &accepted)?;
    told(story)?;
    for log in [story.vendor.dir.join("receiver.log"), story.host.dir.join("agent.log")] {
        let text = fs::read_to_string(&log)?;
        ensure!(!text.contains("panicked"), "{}:\n{text}", log.display());
    }
    Ok(poison)
}

/// Good mails over which the receiver was killed twice lie in quarantine unread; an operator who sees that nothing is wrong with them
/// imports them.
pub(crate) fn bring_home(story: &Story) -> anyhow::Result<()> {
    let folder = story.path("reports/.Mailbeat.Quarantine");
    story.vendor.receiver.run(&["import", folder.to_str().context("a path in UTF-8")?])?;
    let recorded = story.books.column("SELECT lower(hex(report_id)) FROM reports")?;
    let accepted = Trail::of(story)?.with_fate("accepted");
    let missing: Vec<&String> =
        accepted.iter().filter(|id| !recorded.contains(&id.replace('-', ""))).collect();
    ensure!(missing.is_empty(), "not recorded although imported: {missing:?}");
    Ok(())
}

/// Every mail lies in one of the receiver's own folders.
fn filed(story: &Story, accepted: &BTreeSet<String>) -> anyhow::Result<()> {
    let mut filed = story.files("reports/.Mailbeat.Processed/cur")?;
    filed.extend(story.files("reports/.Mailbeat.Quarantine/cur")?);
    let unfiled: Vec<&String> =
        accepted.iter().filter(|id| !filed.iter().any(|name| name.starts_with(id.as_str()))).collect();
    ensure!(unfiled.is_empty(), "mails that lie nowhere: {unfiled:?}");
    Ok(())
}

/// Each notification was sent under one Message-ID, however often: a Maildir keeps one file for each.
fn told(story: &Story) -> anyhow::Result<()> {
    let sent: BTreeSet<String> =
        story.books.column("SELECT token FROM notifications WHERE state = 'sent'")?.into_iter().collect();
    let mails = story.files(&format!("people/{}/new", mailbeat_tests::world::OPERATOR))?;
    let mut found = BTreeSet::new();
    for mail in &mails {
        let token = mail.split('@').next().unwrap_or_default().to_owned();
        ensure!(found.insert(token), "told twice under different Message-IDs: {mails:?}");
    }
    let missing: Vec<_> = sent.difference(&found).collect();
    ensure!(missing.is_empty(), "marked as sent and not there: {missing:?}");
    ensure!(
        found.is_subset(&story.books.column("SELECT token FROM notifications")?.into_iter().collect()),
        "{mails:?}"
    );
    Ok(())
}

/// Names of the files in a directory; none where there is no such directory.
pub(crate) fn names(dir: &Path) -> anyhow::Result<Vec<String>> {
    if !dir.is_dir() {
        return Ok(vec![]);
    }
    let name = |entry: std::io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    fs::read_dir(dir)?.map(name).collect()
}
