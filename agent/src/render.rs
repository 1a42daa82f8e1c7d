//! What people read: subject, text and HTML of a report mail, from the templates in `templates/agent`.
//!
//! Verdict first, then what changed, what is wrong, the details, and how to verify. Everything that comes from the host is
//! data and never a template; it is cleaned of control characters, and escaped in HTML by the engine.

mod diffs;
mod summary;
mod words;

use handlebars::{Handlebars, no_escape};
use mailbeat_shared::text;
use mailbeat_shared::wire::limits;
use mailbeat_shared::wire::report::{
    Body, Enrollment, Heartbeat, Kind, Notice, NoticeEvent, Report, SystemReport, TestMessage,
};
use mailbeat_shared::wire::signature::Namespace;
use serde_json::{Map, Value, json};

use crate::activation::permission;
use crate::compose::{Desk, VERSION};
use words::{interval, measured, plural};

/// Which subject mails have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SubjectStyle {
    /// Only `[Mailbeat] #1234`: says nothing to whoever sees subjects.
    Plain,
    /// Kind, host, customer and verdict.
    #[default]
    Full,
}

/// A template that failed, which is a fault in the program.
#[derive(Debug, thiserror::Error)]
#[error("the readable text cannot be made: {0}")]
pub struct RenderError(#[from] handlebars::RenderError);

/// What people read of one report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The subject.
    pub subject: String,
    /// The verdict in one line.
    pub title: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML; none for heartbeats.
    pub html: Option<String>,
}

/// The templates of one language.
#[derive(Debug)]
pub struct Renderer {
    text: Handlebars<'static>,
    html: Handlebars<'static>,
    style: SubjectStyle,
}

macro_rules! template {
    ($name:literal) => {
        ($name, include_str!(concat!("../../templates/agent/en/", $name, ".hbs")))
    };
}

const TEXTS: [(&str, &str); 6] = [
    template!("footer.txt"),
    template!("heartbeat.txt"),
    template!("system.txt"),
    template!("enrollment.txt"),
    template!("notice.txt"),
    template!("test.txt"),
];
const PAGES: [(&str, &str); 6] = [
    template!("page.html"),
    template!("problems.html"),
    template!("system.html"),
    template!("enrollment.html"),
    template!("notice.html"),
    template!("test.html"),
];

impl Renderer {
    /// Reads the templates.
    ///
    /// # Panics
    /// Never: the templates are part of the program, and a test reads them.
    #[must_use]
    pub fn new(style: SubjectStyle) -> Self {
        let read = |templates: &[(&str, &str)]| {
            let mut registry = Handlebars::new();
            for (name, source) in templates {
                let name = name.split('.').next().unwrap_or(name);
                registry
                    .register_template_string(name, source)
                    .expect("a built-in template is read by a test");
            }
            registry
        };
        let mut text = read(&TEXTS);
        text.register_escape_fn(no_escape);
        Self { text, html: read(&PAGES), style }
    }

    /// The texts of a report.
    ///
    /// # Errors
    /// [`RenderError`].
    pub fn letter(&self, desk: &Desk<'_>, report: &Report) -> Result<Letter, RenderError> {
        let (title, details) = match &report.body {
            Body::Heartbeat { heartbeat } => about_heartbeat(heartbeat),
            Body::System { system_report } => about_system(system_report),
            Body::Enrollment { enrollment } => about_enrollment(enrollment, desk),
            Body::Notice { notice } => about_notice(notice),
            Body::Test { test } => about_test(test),
        };
        let subject = self.subject(desk, report, &title);
        let mut view = common(desk, report);
        if let Value::Object(details) = details {
            view.extend(details);
        }
        view.insert("verdict".into(), json!(title));
        view.insert("subject".into(), json!(subject));
        view.insert("headline".into(), json!(format!("{}: {title}", said(report.kind()))));
        let name = report.kind().as_str();
        let html = (report.kind() != Kind::Heartbeat).then(|| self.html.render(name, &view)).transpose()?;
        Ok(Letter { subject, title, text: self.text.render(name, &view)?, html })
    }

    fn subject(&self, desk: &Desk<'_>, report: &Report, title: &str) -> String {
        match self.style {
            SubjectStyle::Plain => format!("[Mailbeat] #{}", report.sequence),
            SubjectStyle::Full => text::one_line(
                &format!(
                    "[Mailbeat] {} {} ({}) #{}: {title}",
                    said(report.kind()),
                    text::one_line(&desk.host.name, 60),
                    text::one_line(&desk.activation.contract.customer, 60),
                    report.sequence
                ),
                220,
            ),
        }
    }
}

/// The kind in a person's words.
fn said(kind: Kind) -> &'static str {
    match kind {
        Kind::Heartbeat => "Heartbeat",
        Kind::System => "System report",
        Kind::Enrollment => "Enrollment",
        Kind::Notice => "Notice",
        Kind::Test => "Test",
    }
}

/// What every template may say.
fn common(desk: &Desk<'_>, report: &Report) -> Map<String, Value> {
    let contract = &desk.activation.contract;
    let system = desk.identity.system;
    let ends = permission::countdown_days(contract, desk.now).map(|days| {
        let until = contract.valid_until.map_or_else(String::new, |until| until.to_string());
        format!("Contract {} ends on {until}, in {}.", contract.number, plural(days.unsigned_abs(), "day"))
    });
    let key = desk.identity.key.public();
    let values = json!({
        "host": text::one_line(&desk.host.name, 120),
        "customer": text::one_line(&contract.customer, 120),
        "vendor": text::one_line(&contract.vendor, 120),
        "contract": contract.number,
        "ends": ends,
        "report_address": contract.report_address(system),
        "system": system,
        "fingerprint": key.fingerprint(),
        "allowed_signers": key.allowed_signers_line(&system.to_string(), Namespace::Report),
        "sequence": report.sequence,
        "created_at": words::minute(report.created_at),
        "version": VERSION,
    });
    match values {
        Value::Object(values) => values,
        _ => Map::new(),
    }
}

fn about_heartbeat(heartbeat: &Heartbeat) -> (String, Value) {
    use mailbeat_shared::wire::observation::CheckState;
    let count = |state| heartbeat.checks.iter().filter(|check| check.state == state).count() as u64;
    let counted = [
        (count(CheckState::Critical), "critical check"),
        (count(CheckState::Warning), "warning"),
        (count(CheckState::Unknown), "unknown check"),
        (heartbeat.problems.len() as u64, "problem"),
    ];
    let wrong: Vec<String> =
        counted.iter().filter(|(count, _)| *count > 0).map(|(count, word)| plural(*count, word)).collect();
    let title = if wrong.is_empty() { "all well".to_owned() } else { wrong.join(", ") };
    let queue = (heartbeat.spool.queued > 0).then(|| {
        let oldest = heartbeat
            .spool
            .oldest
            .map_or_else(String::new, |at| format!(", the oldest of {}", words::minute(at)));
        format!("Waiting before this one: {}{oldest}.", plural(u64::from(heartbeat.spool.queued), "report"))
    });
    let checks: Vec<String> = heartbeat
        .checks
        .iter()
        .take(60)
        .map(|check| format!("{:?} {}: {}", check.state, check.name, text::one_line(&check.output, 160)))
        .collect();
    let details = json!({
        "problems": heartbeat.problems,
        "checks": checks,
        "measurements": heartbeat.observations.iter().take(60).map(measured).collect::<Vec<_>>(),
        "queue": queue,
    });
    (title, details)
}

fn about_system(report: &SystemReport) -> (String, Value) {
    let (diffs, shortened) = diffs::shown(report, limits::READABLE_DIFF_BYTES);
    let inventory: Vec<String> = report
        .inventory
        .iter()
        .map(|(key, value)| format!("{key}: {}", text::one_line(value, 200)))
        .collect();
    let details = json!({
        "full": report.is_first(),
        "summary": summary::summary(report),
        "changes": diffs::listed(report),
        "packages": summary::packages(report),
        "problems": report.truncated.iter().take(100).collect::<Vec<_>>(),
        "diffs": diffs,
        "shortened": shortened,
        "inventory": inventory,
    });
    (summary::title(report), details)
}

fn about_enrollment(enrollment: &Enrollment, desk: &Desk<'_>) -> (String, Value) {
    let details = json!({
        "activated_by": enrollment.activated_by,
        "consented": enrollment.consented.join(", "),
        "heartbeat_interval": interval(u64::from(desk.promise.heartbeat_interval_s)),
        "system_interval": interval(u64::from(desk.promise.system_interval_s)),
    });
    ("activated".to_owned(), details)
}

fn about_notice(notice: &Notice) -> (String, Value) {
    let (title, meaning) = match notice.event {
        NoticeEvent::MaintenanceStarted => ("maintenance begins", "Silence until then is no fault."),
        NoticeEvent::MaintenanceEnded => ("maintenance is over", "Reports come as before."),
        NoticeEvent::Shutdown => ("the host goes down on purpose", "Silence is expected."),
        NoticeEvent::ContractEnd => (
            "the contract ends",
            "This is the last report under this contract. A renewal starts reporting again.",
        ),
        NoticeEvent::Deactivated => {
            ("the agent was deactivated", "This is the last report until somebody activates the agent again.")
        }
    };
    let details =
        json!({ "reason": notice.reason, "until": notice.until.map(words::minute), "meaning": meaning });
    (title.to_owned(), details)
}

fn about_test(test: &TestMessage) -> (String, Value) {
    ("does this arrive?".to_owned(), json!({ "requested_by": test.requested_by, "route": test.route }))
}
