//! One protocol for every test: what was tried, how it went, what was seen, and the way out where it did not go.
//!
//! Rooms that walk a way (a mail server, a mailbox, a host) note their steps here; every walk notes them, and only a test
//! reads them. [`page`] shows them to people, [`log`] keeps them for support. What was seen may be a server's words: it is
//! cleaned where it enters, and shown as text.

pub mod log;
pub mod name;
pub mod page;
pub mod words;

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;

use crate::advice::Advice;
use crate::text;

/// Longest text of what was seen, in bytes.
const SEEN_BYTES: usize = 600;
/// Days of validity below which a certificate is worth a warning.
const DAYS: i64 = 14;

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepResult {
    /// As it should.
    Ok,
    /// It works, and somebody should look at it.
    Warning,
    /// It does not work.
    Failed,
    /// It was not tried; what was seen says why.
    NotRun,
}

/// One step of a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What the step belongs to, as in `route office`.
    pub area: String,
    /// What was tried; see [`name`].
    pub name: Cow<'static, str>,
    /// How it went.
    pub result: StepResult,
    /// How long it took.
    #[serde(rename = "duration_ms", serialize_with = "milliseconds")]
    pub duration: Duration,
    /// What was seen, one line.
    pub seen: String,
    /// The likely cause and the way out, for everything that is not ok.
    #[serde(flatten)]
    pub advice: Option<Advice>,
}

fn milliseconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// What a person wants to know of a step that went well, and what they should look at all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    text: String,
    warning: Option<Advice>,
}

impl<T: Into<String>> From<T> for Seen {
    fn from(text: T) -> Self {
        Self { text: text.into(), warning: None }
    }
}

impl Seen {
    /// The same with other words around.
    #[must_use]
    pub fn reworded(self, words: impl FnOnce(String) -> String) -> Self {
        Self { text: words(self.text), ..self }
    }

    /// It went well, and this is worth a look.
    #[must_use]
    pub fn warned(self, warning: Option<Advice>) -> Self {
        Self { warning, ..self }
    }
}

/// An error that can say what was seen and what to do about it.
pub trait Explain {
    /// What was seen, one line, and what it probably means when it happened at the step of this name.
    fn explain(&self, at: &str) -> (String, Advice);
}

/// Told of each step as it ends.
pub type Teller = Box<dyn FnMut(&Step) + Send + Sync>;

/// Notes steps as they are taken.
pub struct Steps {
    area: String,
    now: Option<Timestamp>,
    taken: Vec<Step>,
    begun: Instant,
    teller: Option<Teller>,
}

impl Steps {
    /// For somebody who looks at `now` and reads the steps afterwards.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { area: String::new(), now: Some(now), taken: vec![], begun: Instant::now(), teller: None }
    }

    /// For nobody: what is noted is thrown away.
    #[must_use]
    pub fn unread() -> Self {
        Self { now: None, ..Self::new(Timestamp::UNIX_EPOCH) }
    }

    /// Also tells of each step as it ends.
    #[must_use]
    pub fn telling(self, teller: impl FnMut(&Step) + Send + Sync + 'static) -> Self {
        Self { teller: Some(Box::new(teller)), ..self }
    }

    /// What follows belongs to this, and begins now.
    pub fn enter(&mut self, area: impl Into<String>) {
        self.area = area.into();
        self.begun = Instant::now();
    }

    /// What was noted.
    #[must_use]
    pub fn taken(&self) -> &[Step] {
        &self.taken
    }

    /// What was noted, for good.
    #[must_use]
    pub fn into_taken(self) -> Vec<Step> {
        self.taken
    }

    /// Whether a step of the area that was entered last failed.
    #[must_use]
    pub fn area_failed(&self) -> bool {
        self.taken.iter().any(|step| step.area == self.area && step.result == StepResult::Failed)
    }

    /// Notes a result and hands it on; `seen` says what a person wants to know of a success.
    ///
    /// # Errors
    /// The error of `result`.
    pub fn judge<T, E: Explain, S: Into<Seen>>(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        result: Result<T, E>,
        seen: impl FnOnce(&T) -> S,
    ) -> Result<T, E> {
        if self.now.is_some() {
            match &result {
                Ok(value) => self.note(name, seen(value)),
                Err(error) => {
                    let name = name.into();
                    let (seen, advice) = error.explain(&name);
                    self.fail(name, seen, advice);
                }
            }
        }
        result
    }

    /// A step that went well, or nearly.
    pub fn note(&mut self, name: impl Into<Cow<'static, str>>, seen: impl Into<Seen>) {
        let Seen { text, warning } = seen.into();
        let result = if warning.is_some() { StepResult::Warning } else { StepResult::Ok };
        self.push(name.into(), result, &text, warning);
    }

    /// A step that failed.
    pub fn fail(&mut self, name: impl Into<Cow<'static, str>>, seen: impl AsRef<str>, advice: Advice) {
        self.push(name.into(), StepResult::Failed, seen.as_ref(), Some(advice));
    }

    /// A step that was not tried, and why.
    pub fn skip(&mut self, name: impl Into<Cow<'static, str>>, why: impl AsRef<str>, advice: Option<Advice>) {
        self.begun = Instant::now();
        self.push(name.into(), StepResult::NotRun, why.as_ref(), advice);
    }

    /// The same for each of `planned` of the present area that was not noted, after one that failed.
    pub fn skip_rest(&mut self, planned: &[&'static str]) {
        for name in planned {
            let noted = |step: &Step| step.area == self.area && step.name == *name;
            if !self.taken.iter().any(noted) {
                self.skip(*name, words::EARLIER, None);
            }
        }
    }

    /// `valid until 2026-12-24`, for somebody who looks with the days left, and with a warning where these are few. A
    /// certificate that is past its end and believed all the same is a pinned one.
    #[must_use]
    pub fn validity(&self, not_after: Timestamp) -> Seen {
        let day = not_after.strftime("%Y-%m-%d");
        let Some(now) = self.now else { return format!("valid until {day}").into() };
        if not_after < now {
            return format!("expired on {day}").into();
        }
        let days = not_after.duration_since(now).as_hours() / 24;
        let few = days < DAYS;
        Seen::from(format!("valid until {day} ({days} days left)")).warned(few.then(words::certificate_ends))
    }

    fn push(&mut self, name: Cow<'static, str>, result: StepResult, seen: &str, advice: Option<Advice>) {
        if self.now.is_none() {
            return;
        }
        let step = Step {
            area: self.area.clone(),
            name,
            result,
            duration: self.begun.elapsed(),
            seen: text::one_line(seen, SEEN_BYTES),
            advice,
        };
        if let Some(teller) = &mut self.teller {
            teller(&step);
        }
        self.taken.push(step);
        self.begun = Instant::now();
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Steps").field(&self.taken).finish()
    }
}

/// How a whole test went: the worst of its steps, where `NotRun` is no fault.
#[must_use]
pub fn worst(steps: &[Step]) -> StepResult {
    let any = |result| steps.iter().any(|step| step.result == result);
    [StepResult::Failed, StepResult::Warning]
        .into_iter()
        .find(|result| any(*result))
        .unwrap_or(StepResult::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::outcome::{Failure, FailureKind};

    fn now() -> Timestamp {
        "2026-11-22T08:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_walk_that_ends_early_says_what_was_not_tried() {
        let mut steps = Steps::new(now());
        steps.enter("route office");
        steps.note(name::RESOLVE, "192.0.2.7");
        let failure = Failure::new(FailureKind::Authentication, "535 5.7.8 no");
        let handed_on = steps.judge(name::AUTHENTICATE, Err::<(), _>(failure.clone()), |()| "");
        assert_eq!(handed_on, Err(failure));
        steps.skip_rest(&[name::RESOLVE, name::AUTHENTICATE, name::SENDER]);
        let results: Vec<_> = steps.taken().iter().map(|step| (step.name.as_ref(), step.result)).collect();
        use StepResult::{Failed, NotRun, Ok};
        assert_eq!(results, [(name::RESOLVE, Ok), (name::AUTHENTICATE, Failed), (name::SENDER, NotRun)]);
        assert!(steps.area_failed() && worst(steps.taken()) == Failed);
        steps.enter("route relay");
        assert!(!steps.area_failed());
    }

    #[test]
    fn a_certificate_near_its_end_is_a_warning_with_the_days_left() {
        let mut steps = Steps::new(now());
        let seen = steps.validity("2026-12-22T07:00:00Z".parse().unwrap());
        assert_eq!(seen, "valid until 2026-12-22 (29 days left)".into());
        let seen = steps.validity("2026-12-01T09:00:00Z".parse().unwrap());
        steps.note(name::TLS, seen.reworded(|valid| format!("TLS 1.3, {valid}")));
        let step = &steps.taken()[0];
        assert_eq!(
            (step.result, step.seen.as_str()),
            (StepResult::Warning, "TLS 1.3, valid until 2026-12-01 (9 days left)")
        );
        assert!(step.advice.as_ref().unwrap().fix.contains("Renew"));
    }

    #[test]
    fn machines_read_steps_as_flat_objects_and_nobody_pays_for_unread_ones() {
        let mut steps = Steps::new(now());
        steps.fail("sender", "553 \u{1b}[31mno", Advice::new("cause", "fix"));
        let json = serde_json::to_value(&steps.taken()[0]).unwrap();
        assert_eq!(json["result"], "failed");
        assert_eq!(
            (&json["cause"], &json["fix"], &json["seen"]),
            (&"cause".into(), &"fix".into(), &"553 no".into())
        );
        assert!(json["duration_ms"].is_u64());
        let mut unread = Steps::unread();
        unread.note("x", "y");
        assert!(unread.taken().is_empty());
    }
}
