//! From what was found to a signed report with its readable mail. Pure: time and randomness are arguments.
//!
//! `preview` goes the same way and stops before the spool, so what it shows is what would be sent.

mod checks;
mod disguise;
pub mod fit;

use jiff::Timestamp;
use mailbeat_shared::locale::Locale;
use mailbeat_shared::text;
use mailbeat_shared::wire::check::CheckResult;
use mailbeat_shared::wire::id::{Digest, ReportId};
use mailbeat_shared::wire::limits;
use mailbeat_shared::wire::observation::Observation;
use mailbeat_shared::wire::report::{
    self, AgentInfo, Body, DecodeError, Enrollment, Heartbeat, Promise, Report, SpoolInfo,
};
use mailbeat_shared::wire::sealed::EncryptionKey;
use mailbeat_shared::wire::signature::Namespace;

use crate::activation::Activation;
use crate::identity::Identity;
use crate::redact::pseudonym::Pseudonyms;
use crate::render::{RenderError, Renderer};
use crate::sense::{Found, HostFacts};
use crate::spool::{Entry, Meta, Parcel, Sealed};
use crate::state::{State, Window};

/// This program's version, as reports name it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Most problems one report names; the rest is counted.
const PROBLEMS: usize = 20;
/// Longest sentence about a problem, in bytes.
const PROBLEM_BYTES: usize = 300;

/// Everything on the desk when a report is written, except what it says.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a> {
    /// Who signs.
    pub identity: &'a Identity,
    /// Under which contract.
    pub activation: &'a Activation,
    /// What was said before.
    pub state: &'a State,
    /// The host.
    pub host: &'a HostFacts,
    /// What is told by pseudonyms.
    pub pseudonyms: &'a Pseudonyms,
    /// How often the next ones are promised.
    pub promise: Promise,
    /// The language of the readable parts.
    pub locale: Locale,
    /// Digest of the configuration file.
    pub config_digest: Digest,
    /// Now.
    pub now: Timestamp,
}

/// A report that cannot be composed.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// A template failed.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The receiver would not take it: something found on this host is over a limit.
    #[error("the report would be refused by the receiver: {0}")]
    Inadmissible(#[from] DecodeError),
}

/// The report that says `body`, next in the sequence.
#[must_use]
pub fn report(desk: &Desk<'_>, random: &[u8; 10], body: Body) -> Report {
    let state = desk.state;
    Report {
        mailbeat: report::VERSION,
        id: ReportId::new(desk.now, random),
        system: desk.identity.system,
        contract: desk.activation.contract.number.clone(),
        contract_revision: desk.activation.contract.revision,
        sequence: state.sequence + 1,
        incarnation: desk.identity.incarnation,
        identity: report::Identity {
            public_key: desk.identity.key.public().to_string(),
            proof: desk.activation.proof,
            succession: vec![],
        },
        previous: state.previous,
        superseded: state.superseded.on_the_wire(),
        lost: state.lost.on_the_wire(),
        created_at: desk.now,
        uptime_s: desk.host.uptime_s,
        boot_id: text::one_line(&desk.host.boot_id, limits::NAME_BYTES),
        agent: AgentInfo {
            version: VERSION.to_owned(),
            host: text::one_line(&desk.host.name, limits::NAME_BYTES),
            locale: desk.locale.to_string(),
            config_digest: desk.config_digest,
        },
        promise: desk.promise,
        body: disguise::disguise(body, desk.pseudonyms),
    }
}

/// Signs the report and writes the texts people read.
///
/// # Errors
/// [`ComposeError`].
pub fn parcel(desk: &Desk<'_>, renderer: &Renderer, report: &Report) -> Result<Parcel, ComposeError> {
    let bytes = report.encode();
    Report::decode(&bytes)?;
    let letter = renderer.letter(desk, report)?;
    let meta = Meta {
        id: report.id,
        system: report.system,
        contract: report.contract.clone(),
        vendor: Some(desk.activation.contract.vendor_key.fingerprint()),
        sequence: report.sequence,
        kind: report.kind(),
        created_at: report.created_at,
        subject: letter.subject,
        title: letter.title,
    };
    let signature = desk.identity.key.sign(Namespace::Report, &bytes);
    Ok(Parcel { meta, report: bytes, signature, text: letter.text, html: letter.html, sealed: None })
}

/// The same report, to travel encrypted for these: subject and text of the mail say its number only, while what people read
/// stays beside it on this host. Nothing to do without recipients.
///
/// # Errors
/// [`RenderError`].
pub fn seal(
    mut parcel: Parcel,
    recipients: &[EncryptionKey],
    renderer: &Renderer,
    locale: Locale,
) -> Result<Parcel, RenderError> {
    if !recipients.is_empty() {
        parcel.meta.subject = Renderer::bare_subject(parcel.meta.sequence);
        parcel.sealed = Some(Sealed {
            report: EncryptionKey::seal(recipients, &parcel.report),
            text: renderer.sealed(parcel.meta.sequence, locale)?,
        });
    }
    Ok(parcel)
}

/// What a heartbeat says. `queue` is what waits before it; `problems` come from everywhere.
#[must_use]
pub fn heartbeat(
    state: &State,
    queue: &[Entry],
    found: Found<Vec<Observation>>,
    checks: Vec<CheckResult>,
    problems: Vec<String>,
) -> Body {
    let mut problems = problems;
    problems.extend(found.problems);
    let mut observations = found.value;
    observations.retain(|observation| {
        let finite = observation.value.is_finite();
        if !finite {
            problems.push(format!("{}: the value is not a finite number and was left out", observation.name));
        }
        finite
    });
    if observations.len() > limits::OBSERVATIONS {
        problems.push(format!(
            "{} observations were left out: a report holds at most {}",
            observations.len() - limits::OBSERVATIONS,
            limits::OBSERVATIONS
        ));
        observations.truncate(limits::OBSERVATIONS);
    }
    let checks = checks::fitted(checks, &observations, &mut problems);
    let heartbeat = Heartbeat {
        spool: SpoolInfo {
            queued: u32::try_from(queue.len()).unwrap_or(u32::MAX),
            oldest: queue.iter().filter_map(|entry| entry.meta.as_ref()).map(|meta| meta.created_at).min(),
            route: state
                .last_accepted
                .as_ref()
                .map(|accepted| text::one_line(&accepted.route, limits::NAME_BYTES)),
        },
        maintenance: state.maintenance.as_ref().map(Window::on_the_wire),
        observations,
        checks,
        problems: bounded(problems),
    };
    Body::Heartbeat { heartbeat }
}

/// What the first report says.
#[must_use]
pub fn enrollment(activation: &Activation) -> Body {
    let consented = activation.consent.consented.iter().take(limits::CHECKS);
    Body::Enrollment {
        enrollment: Enrollment {
            activated_by: text::one_line(&activation.consent.activated_by, limits::NAME_BYTES),
            consented: consented.map(|item| text::one_line(item, limits::NAME_BYTES)).collect(),
            revision: activation.contract.revision,
        },
    }
}

/// A heartbeat that says only that the full one could not be made, and why, and what heartbeats must say once: whoever counts on one to
/// have said it does not ask which one it was.
#[must_use]
pub fn bare_heartbeat(state: &State, queue: &[Entry], notes: Vec<String>, why: &ComposeError) -> Body {
    let mut problems = vec![format!("the measurements were left out: {why}")];
    problems.extend(notes);
    heartbeat(state, queue, Found::default(), vec![], problems)
}

/// Sentences short and few enough for a report; what is over is counted, not dropped in silence.
#[must_use]
pub fn bounded(mut problems: Vec<String>) -> Vec<String> {
    problems.dedup();
    let over = problems.len().saturating_sub(PROBLEMS);
    problems.truncate(PROBLEMS);
    let mut problems: Vec<String> =
        problems.iter().map(|problem| text::one_line(problem, PROBLEM_BYTES)).collect();
    if over > 0 {
        problems.push(format!("and {over} more; see the agent's log"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_are_none_and_too_many_are_left_out_and_named() {
        let metric = &mailbeat_shared::wire::observation::names::LOAD_1M;
        let mut value: Vec<Observation> = (0..600).map(|n| Observation::new(metric, f64::from(n))).collect();
        value[0].value = f64::NAN;
        let found = Found { value, problems: vec!["disks: no".into()] };
        let Body::Heartbeat { heartbeat } = heartbeat(&State::default(), &[], found, vec![], vec![]) else {
            panic!()
        };
        assert_eq!(heartbeat.observations.len(), limits::OBSERVATIONS);
        assert_eq!(heartbeat.problems.len(), 3, "{:?}", heartbeat.problems);
    }

    #[test]
    fn a_bare_heartbeat_says_why_it_is_bare_and_what_must_be_said_once() {
        let why = ComposeError::from(Report::decode(b"{").unwrap_err());
        let notes = vec!["#7 was dropped: more than 2000 reports were waiting".to_owned()];
        let Body::Heartbeat { heartbeat } = bare_heartbeat(&State::default(), &[], notes.clone(), &why)
        else {
            panic!()
        };
        assert!(heartbeat.problems[0].starts_with("the measurements were left out: "), "{heartbeat:?}");
        assert_eq!(heartbeat.problems[1..], notes);
    }

    #[test]
    fn problems_are_bounded_and_the_rest_is_counted() {
        let many = bounded((0..30).map(|n| format!("problem {n} {}", "x".repeat(1_000))).collect());
        assert_eq!(many.len(), PROBLEMS + 1);
        assert_eq!(many.last().unwrap(), "and 10 more; see the agent's log");
        assert!(many.iter().all(|problem| problem.len() <= PROBLEM_BYTES));
    }
}
