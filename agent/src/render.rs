//! What people read: subject, text and HTML of a report mail, from the templates in `templates/agent`.
//!
//! Verdict first, then what changed, what is wrong, the details, and how to verify. Everything that comes from the host is
//! data and never a template; it is cleaned of control characters, and escaped in HTML by the engine.

mod diffs;
mod summary;
mod view;
mod words;

use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::locale::Locale;
pub use mailbeat_shared::template::RenderError;
use mailbeat_shared::template::Templates;
use mailbeat_shared::text;
use mailbeat_shared::wire::report::{Kind, Report};
use mailbeat_shared::wire::signature::Namespace;
use serde_json::{Map, Value, json};

use crate::activation::permission;
use crate::compose::{Desk, VERSION};
use words::Words;

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

/// The templates of all languages, each read when it is first needed.
#[derive(Debug)]
pub struct Renderer {
    languages: [OnceLock<Templates>; Locale::ALL.len()],
    style: SubjectStyle,
    encrypted: bool,
}

/// Templates by file name, built in.
type Files = &'static [(&'static str, &'static str)];

macro_rules! templates {
    ($dir:literal, $($name:literal),+ $(,)?) => {
        &[$((concat!($name, ".hbs"), include_str!(concat!("../../templates/agent/", $dir, $name, ".hbs")))),+]
    };
}

macro_rules! language {
    ($dir:literal) => {
        templates!(
            $dir,
            "footer.txt",
            "sealed.txt",
            "footer.html",
            "heartbeat.txt",
            "system.txt",
            "system.html",
            "enrollment.txt",
            "enrollment.html",
            "notice.txt",
            "notice.html",
            "test.txt",
            "test.html",
        )
    };
}

/// How pages look, in every language.
const LAYOUT: Files = templates!(
    "",
    "page.html",
    "heading.html",
    "changes.html",
    "problems.html",
    "diff.html",
    "facts.html",
    "command.html",
);
const ENGLISH: Files = language!("en/");
const GERMAN: Files = language!("de/");

impl Renderer {
    /// Mails with this kind of subject, of reports that travel in clear or encrypted.
    #[must_use]
    pub fn new(style: SubjectStyle, encrypted: bool) -> Self {
        Self { languages: Default::default(), style, encrypted }
    }

    fn templates(&self, locale: Locale) -> &Templates {
        let (slot, files) = match locale {
            Locale::En => (&self.languages[0], ENGLISH),
            Locale::De => (&self.languages[1], GERMAN),
        };
        slot.get_or_init(|| Templates::new(&[LAYOUT, files].concat()))
    }

    /// The texts of a report.
    ///
    /// # Errors
    /// [`RenderError`].
    pub fn letter(&self, desk: &Desk<'_>, report: &Report) -> Result<Letter, RenderError> {
        let words = words::of(desk.locale);
        let view::About { title, tone, preview, details } = view::about(report, desk, words);
        let subject = self.subject(desk, words, report, &title);
        let mut view = common(desk, words, report);
        if let Value::Object(details) = details {
            view.extend(details);
        }
        view.insert("encrypted".into(), json!(self.encrypted));
        view.insert("verdict".into(), json!(title));
        view.insert("headline".into(), json!(text::capitalised(&title)));
        view.insert("tone".into(), json!(tone));
        view.insert("preview".into(), json!(preview));
        view.insert("subject".into(), json!(subject));
        let (name, templates) = (report.kind().as_str(), self.templates(desk.locale));
        let is_short = report.kind() == Kind::Heartbeat;
        let html = (!is_short).then(|| templates.html(name, &view)).transpose()?;
        Ok(Letter { subject, title, text: templates.text(name, &view)?, html })
    }

    /// A subject that says nothing but the number.
    #[must_use]
    pub fn bare_subject(sequence: u64) -> String {
        format!("[Mailbeat] #{sequence}")
    }

    /// What people read in the mail of an encrypted report.
    ///
    /// # Errors
    /// [`RenderError`].
    pub fn sealed(&self, sequence: u64, locale: Locale) -> Result<String, RenderError> {
        let view = Map::from_iter([("sequence".to_owned(), json!(sequence))]);
        self.templates(locale).text("sealed", &view)
    }

    fn subject(&self, desk: &Desk<'_>, words: &dyn Words, report: &Report, title: &str) -> String {
        match self.style {
            SubjectStyle::Plain => Self::bare_subject(report.sequence),
            SubjectStyle::Full => text::one_line(
                &format!(
                    "[Mailbeat] {} {} ({}) #{}: {title}",
                    words.kind(report.kind()),
                    text::one_line(&desk.host.name, 60),
                    text::one_line(&desk.activation.contract.customer, 60),
                    report.sequence
                ),
                220,
            ),
        }
    }
}

/// What every template may say.
fn common(desk: &Desk<'_>, words: &dyn Words, report: &Report) -> Map<String, Value> {
    let (contract, locale) = (&desk.activation.contract, desk.locale);
    let system = desk.identity.system;
    // A contract ends at midnight; people name the day that was its last.
    let last =
        |until: Timestamp| locale.day(until.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(until));
    let ends = permission::countdown_days(contract, desk.now).map(|days| {
        json!({
            "on": contract.valid_until.map_or_else(String::new, last),
            "left": locale.days(days.unsigned_abs()),
        })
    });
    let key = desk.identity.key.public();
    let values = json!({
        "lang": locale,
        "kind": words.kind(report.kind()),
        "host": text::one_line(&desk.host.name, 120),
        "customer": text::one_line(&contract.customer, 120),
        "vendor": text::one_line(&contract.vendor, 120),
        "contract": contract.number,
        "ends": ends,
        "report_address": contract.report_address(system),
        "system": system,
        "fingerprint": key.fingerprint(),
        "allowed_signers": key.allowed_signers_line(&system.to_string(), Namespace::Report),
        "verify": format!(
            "ssh-keygen -Y verify -f allowed_signers -n mailbeat-report -I {system} -s report.json.sig < report.json"
        ),
        "sequence": report.sequence,
        "created_at": locale.minute(report.created_at),
        "version": VERSION,
    });
    match values {
        Value::Object(values) => values,
        _ => Map::new(),
    }
}
