//! What a report's own templates are filled with, by kind.

use mailbeat_shared::text;
use mailbeat_shared::wire::check::{CheckResult, CheckState};
use mailbeat_shared::wire::limits;
use mailbeat_shared::wire::report::{
    Body, Enrollment, Heartbeat, Notice, NoticeEvent, Report, SystemReport, TestMessage,
};
use serde_json::{Value, json};

use super::words::{Thing, Verdict, Words};
use super::{diffs, summary};
use crate::compose::Desk;

/// Most measurements and checks a mail shows.
const SHOWN: usize = 60;
/// Widest column of names in plain text, in characters.
const NAMES: usize = 44;

/// A report as its reader sees it.
pub(super) struct About {
    /// The verdict in one line.
    pub(super) title: String,
    /// `good`, `news` or `bad`: the colour of the page.
    pub(super) tone: &'static str,
    /// What a list of mails shows beside the subject.
    pub(super) preview: String,
    /// The values of the kind's own templates.
    pub(super) details: Value,
}

pub(super) fn about(report: &Report, desk: &Desk<'_>, words: &dyn Words) -> About {
    match &report.body {
        Body::Heartbeat { heartbeat } => of_heartbeat(heartbeat, words),
        Body::System { system_report } => of_system(system_report, words),
        Body::Enrollment { enrollment } => of_enrollment(enrollment, desk, words),
        Body::Notice { notice } => of_notice(notice, words),
        Body::Test { test } => of_test(test, words),
    }
}

fn of_heartbeat(heartbeat: &Heartbeat, words: &dyn Words) -> About {
    let count = |state| heartbeat.checks.iter().filter(|check| check.state == state).count() as u64;
    let counted = [
        (count(CheckState::Critical), Thing::CriticalCheck),
        (count(CheckState::Warning), Thing::Warning),
        (count(CheckState::Unknown), Thing::UnknownCheck),
        (heartbeat.problems.len() as u64, Thing::Problem),
    ];
    let wrong = counted.iter().filter(|(count, _)| *count > 0);
    let wrong: Vec<String> = wrong.map(|(count, thing)| words.counted(*count, *thing)).collect();
    let is_well = wrong.is_empty();
    let title = if is_well { words.verdict(Verdict::AllWell).to_owned() } else { wrong.join(", ") };
    let queue = (heartbeat.spool.queued > 0).then(|| {
        json!({
            "count": words.counted(heartbeat.spool.queued.into(), Thing::Report),
            "oldest": heartbeat.spool.oldest.map(|at| words.locale().minute(at)),
        })
    });
    let maintenance = heartbeat.maintenance.as_ref().map(|announced| {
        json!({
            "until": words.locale().minute(announced.until),
            "reason": text::one_line(&announced.reason, limits::OUTPUT_BYTES),
        })
    });
    // The worst first.
    let mut checks: Vec<_> = heartbeat.checks.iter().collect();
    checks.sort_by_key(|check| std::cmp::Reverse(check.state.gravity()));
    let details = json!({
        "problems": problems(&heartbeat.problems, words),
        "checks": checks.iter().take(SHOWN).map(|result| check(result, words)).collect::<Vec<_>>(),
        "facts": facts(heartbeat.observations.iter().take(SHOWN).map(|seen| words.measured(seen))),
        "queue": queue,
        "maintenance": maintenance,
    });
    About { title, tone: if is_well { "good" } else { "bad" }, preview: String::new(), details }
}

/// `Critical disk (since 2026-11-22 08:20 UTC): / is full`, and how bad it was in between.
fn check(result: &CheckResult, words: &dyn Words) -> String {
    let CheckResult { name, state, since, output, worst, .. } = result;
    let mut line = format!("{} {name}", words.check(*state));
    if *state != CheckState::Ok {
        line += &format!(" ({} {})", words.since(), words.locale().minute(*since));
    }
    line += &format!(": {}", text::one_line(first_line(output), 160));
    if let Some(worst) = worst {
        let (verdict, at) = (words.check(worst.state), words.locale().minute(worst.at));
        let said = text::one_line(first_line(&worst.output), 160);
        line += &format!("; {} {verdict} ({at}): {said}", words.in_between());
    }
    line
}

fn first_line(output: &str) -> &str {
    output.lines().next().unwrap_or_default()
}

fn of_system(report: &SystemReport, words: &dyn Words) -> About {
    let (diffs, shortened) = diffs::shown(report, words, limits::READABLE_DIFF_BYTES);
    let changed: Vec<String> =
        summary::worth_telling(report).take(3).map(|change| text::one_line(&change.path, 80)).collect();
    let packages = summary::packages(report, words);
    let is_news = !changed.is_empty() || !packages.is_empty() || summary::needs_restart(report);
    let tone = match (report.truncated.is_empty(), is_news) {
        (false, _) => "bad",
        (true, true) => "news",
        (true, false) => "good",
    };
    // The operating system first, then the hardware; each in order of name.
    let (system, hardware): (Vec<_>, Vec<_>) =
        report.inventory.iter().partition(|(key, _)| key.starts_with("os."));
    let inventory = system.into_iter().chain(hardware);
    let details = json!({
        "full": report.is_first(),
        "summary": summary::summary(report, words),
        "packages": packages,
        "changes": diffs::listed(report, words),
        "problems": problems(&report.truncated, words),
        "diffs": diffs,
        "shortened": shortened,
        "facts": facts(inventory.map(|(key, value)| words.fact(key, &text::one_line(value, 200)))),
    });
    let title = summary::title(report, words);
    About { title, tone, preview: changed.join(" \u{b7} "), details }
}

fn of_enrollment(enrollment: &Enrollment, desk: &Desk<'_>, words: &dyn Words) -> About {
    let consented: Vec<String> = enrollment.consented.iter().map(|item| words.said(item)).collect();
    let system =
        [("system", desk.identity.system.to_string()), ("key", desk.identity.key.public().fingerprint())];
    let details = json!({
        "activated_by": enrollment.activated_by,
        "consented": consented.join(", "),
        "heartbeat_every": words.locale().every(desk.promise.heartbeat_interval_s.into()),
        "system_every": words.locale().every(desk.promise.system_interval_s.into()),
        "facts": facts(system.iter().map(|(key, value)| words.fact(key, value))),
    });
    let title = words.verdict(Verdict::Activated).to_owned();
    About { title, tone: "good", preview: consented.join(", "), details }
}

fn of_notice(notice: &Notice, words: &dyn Words) -> About {
    let (title, meaning) = words.notice(notice.event);
    let until = notice.until.map(|at| words.locale().minute(at));
    let details = json!({ "reason": text::one_line(&notice.reason, limits::OUTPUT_BYTES), "until": until, "meaning": meaning });
    let is_end = matches!(notice.event, NoticeEvent::ContractEnd | NoticeEvent::Deactivated);
    let tone = if is_end { "bad" } else { "news" };
    About { title: title.to_owned(), tone, preview: meaning.to_owned(), details }
}

fn of_test(test: &TestMessage, words: &dyn Words) -> About {
    let details = json!({
        "requested_by": text::one_line(&test.requested_by, limits::NAME_BYTES),
        "route": test.route.as_deref().map(|route| text::one_line(route, limits::NAME_BYTES)),
    });
    About {
        title: words.verdict(Verdict::DoesThisArrive).to_owned(),
        tone: "good",
        preview: String::new(),
        details,
    }
}

/// Sentences a report names, in its reader's language.
fn problems(sentences: &[String], words: &dyn Words) -> Vec<String> {
    sentences.iter().take(100).map(|sentence| words.said(sentence)).collect()
}

/// Names and values, and both on one line with the values below each other.
fn facts(pairs: impl Iterator<Item = (String, String)>) -> Vec<Value> {
    let pairs: Vec<(String, String)> = pairs.collect();
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).min(NAMES);
    let fact = |(name, value): &(String, String)| {
        let line = text::fold(&format!("{name:<width$}  {value}"), 76, width + 4);
        json!({ "name": name, "value": value, "line": line })
    };
    pairs.iter().map(fact).collect()
}
