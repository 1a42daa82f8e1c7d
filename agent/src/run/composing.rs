//! Composing a report and putting it into the spool.

use std::fs;
use std::io;

use jiff::Timestamp;
use mailbeat_shared::text;
use mailbeat_shared::wire::limits;
use mailbeat_shared::wire::mail;
use mailbeat_shared::wire::observation::{Observation, names};
use mailbeat_shared::wire::report::{Body, Kind, Report};
use mailbeat_shared::wire::sealed::EncryptionKey;

use super::framing::frame;
use super::{Agent, Standing, StepError};
use crate::compose::{self, ComposeError};
use crate::identity::draw;
use crate::item::{self, Item};
use crate::redact::pseudonym::{self, Pseudonyms};
use crate::sense::{Found, HostFacts, guarded};
use crate::spool::{self, Entry, Parcel};
use crate::state::{self, Accepted, Said, State};
use crate::trail;

/// How many sentences about watched files a heartbeat repeats.
const WATCH_PROBLEMS: usize = 5;

/// A report as it would be sent now, without using up its sequence.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The report.
    pub report: Report,
    /// With signature and texts.
    pub parcel: Parcel,
}

/// A report made, and what is to be remembered with it.
pub(super) struct Made {
    pub(super) report: Report,
    pub(super) parcel: Parcel,
    /// What a system report says.
    pub(super) said: Option<Said>,
    pub(super) state: State,
}

impl Agent {
    /// Composes one report and puts it into the spool; its sequence.
    pub(super) fn compose(
        &mut self,
        kind: Kind,
        body: Option<Body>,
        now: Timestamp,
    ) -> Result<u64, StepError> {
        let made = self.make(kind, body, now)?;
        let sequence = made.report.sequence;
        let title = made.parcel.meta.title.clone();
        self.commit(made).map_err(self.failed())?;
        tracing::info!("#{sequence} {}: {title}", kind.as_str());
        // It is ours from here on: what else goes wrong is no reason to say that it was not made, or to make it again.
        self.settle(now);
        if kind == Kind::System || sequence.is_multiple_of(100) {
            self.prune_trail(now);
        }
        Ok(sequence)
    }

    fn prune_trail(&mut self, now: Timestamp) {
        let pruned = trail::prune(&self.home, self.config.trail, now);
        if let Ok(gone) = &pruned {
            tracing::debug!("{gone} reports older than the trail's retention were forgotten");
        }
        // Said with everything else that lasts, until it went.
        self.overgrown =
            pruned.err().map(|error| format!("the trail cannot be kept within its limits: {error}"));
    }

    /// The report as it would be sent now.
    ///
    /// # Errors
    /// [`StepError`], as composing it.
    pub fn preview(&mut self, kind: Kind, now: Timestamp) -> Result<Option<Preview>, StepError> {
        self.reload()?;
        if self.standing.is_none() {
            return Ok(None);
        }
        if kind == Kind::Heartbeat {
            self.check_all(now);
        }
        self.make(kind, None, now).map(|made| Some(Preview { report: made.report, parcel: made.parcel }))
    }

    /// The whole mail of a preview, by the first route; `None` if there is no route.
    #[must_use]
    pub fn preview_mail(&self, preview: &Preview) -> Option<Result<Vec<u8>, mail::ComposeError>> {
        let standing = self.standing.as_ref()?;
        let cc = self.config.cc.of(preview.report.kind());
        standing.routes.first().map(|route| frame(standing, route, &preview.parcel, cc))
    }

    /// Makes a report; changes nothing but what the senses remember.
    fn make(&mut self, kind: Kind, body: Option<Body>, now: Timestamp) -> Result<Made, StepError> {
        // Taken out so that the senses and the rest can be used beside it.
        let Some(standing) = self.standing.take() else { return Err(StepError::NotActivated) };
        let made = self.make_under(&standing, kind, body, now);
        self.standing = Some(standing);
        made
    }

    fn make_under(
        &mut self,
        standing: &Standing,
        kind: Kind,
        body: Option<Body>,
        now: Timestamp,
    ) -> Result<Made, StepError> {
        // First, because looking at the host costs it something.
        let recipients = self.recipients(standing)?;
        let host = guarded("host", || Found { value: self.senses.host(), problems: vec![] }).value;
        let pseudonyms =
            Pseudonyms::new(*standing.identity.fingerprint_key(), &self.config.redact, host.names.clone());
        let host = self.disguised(host, &pseudonyms);
        let made = self.make_for(standing, &host, &pseudonyms, kind, body, now)?;
        self.sealed(made, standing, &recipients)
    }

    /// The host under its pseudonym, unless the administrator chose the name it has.
    fn disguised(&self, mut host: HostFacts, pseudonyms: &Pseudonyms) -> HostFacts {
        if self.config.host_name.is_none() && pseudonyms.cover(pseudonym::Kind::Host) {
            host.name = pseudonyms.of(pseudonym::Kind::Host, &host.name);
        }
        host
    }

    /// For whom reports are encrypted; nobody where they travel in clear.
    fn recipients(&self, standing: &Standing) -> Result<Vec<EncryptionKey>, StepError> {
        if !self.config.encrypt {
            return Ok(vec![]);
        }
        let vendor = standing.activation.contract.encryption_key.clone();
        let vendor = vendor.ok_or(StepError::NobodyToEncryptFor)?;
        Ok([vec![vendor], self.config.encrypt_to.clone()].concat())
    }

    /// The same, to travel encrypted for these, if any.
    fn sealed(
        &self,
        made: Made,
        standing: &Standing,
        recipients: &[EncryptionKey],
    ) -> Result<Made, StepError> {
        if recipients.is_empty() {
            return Ok(made);
        }
        let locale = self.config.locale_under(&standing.activation.contract);
        let parcel = compose::seal(made.parcel, recipients, &self.renderer, locale);
        Ok(Made { parcel: parcel.map_err(ComposeError::from)?, ..made })
    }

    fn make_for(
        &mut self,
        standing: &Standing,
        host: &HostFacts,
        pseudonyms: &Pseudonyms,
        kind: Kind,
        body: Option<Body>,
        now: Timestamp,
    ) -> Result<Made, StepError> {
        if !standing.identity.lives_on(host.machine_id.as_deref()) {
            return Err(StepError::OtherMachine);
        }
        let mut state = self.state.clone();
        state.superseded.forget_old(now);
        state.lost.forget_old(now);
        let random = draw(&mut self.entropy);
        if kind == Kind::System {
            return self.make_system(standing, host, pseudonyms, state, &random, now);
        }
        if kind == Kind::Heartbeat {
            for entry in self.queue.iter().filter(|entry| entry.kind() == Some(Kind::Heartbeat)) {
                state.superseded.add(entry.sequence, now);
            }
        }
        let body = match body {
            Some(body) => body,
            None if kind == Kind::Enrollment => compose::enrollment(&standing.activation),
            None => self.heartbeat(standing, &state),
        };
        let event = if let Body::Notice { notice } = &body { Some(notice.event) } else { None };
        let desk = self.desk(standing, host, pseudonyms, &state, now);
        let mut report = compose::report(&desk, &random, body);
        let parcel = match compose::parcel(&desk, &self.renderer, &report) {
            Err(error @ ComposeError::Inadmissible(_)) if kind == Kind::Heartbeat => {
                tracing::error!("heartbeat: {error}");
                report = compose::report(
                    &desk,
                    &random,
                    compose::bare_heartbeat(&state, &[], self.notes.texts(), &error),
                );
                compose::parcel(&desk, &self.renderer, &report)?
            }
            parcel => parcel?,
        };
        let digest = mailbeat_shared::wire::id::Digest::of(&parcel.report);
        let mut state = state.after(&report, digest);
        if let Some(event) = event {
            state = state.having_said_the_end(event, &standing.activation.contract);
        }
        Ok(Made { report, parcel, said: None, state })
    }

    fn heartbeat(&mut self, standing: &Standing, state: &State) -> Body {
        let consented = &standing.activation.consent.consented;
        let (checks, unfinished) = self.verdicts(standing, state);
        let mut found = guarded("collecting", || self.senses.observe(consented));
        let permitted = item::permitted(&self.config, consented);
        if let Some(watched) = state.watched.as_ref().filter(|_| permitted.contains(&Item::WatchedFiles)) {
            found.value.push(Observation::new(&names::WATCHED_FILES, f64::from(watched.files)));
            found.value.push(Observation::new(&names::WATCHED_UNREADABLE, f64::from(watched.unreadable)));
        }
        let waiting: Vec<_> =
            self.queue.iter().filter(|entry| !state.superseded.contains(entry.sequence)).cloned().collect();
        let mut problems = self.notes.texts();
        problems.extend(self.withheld(&standing.activation));
        problems.extend(unfinished);
        problems.extend(standing.route_problems.iter().cloned());
        problems.extend(state.last_accepted.as_ref().and_then(carried_instead));
        problems.extend(self.config.wish().clamped(&standing.activation.contract));
        // A heartbeat is small: the first few, and how many there are.
        problems.extend(state.watch_problems.iter().take(WATCH_PROBLEMS).cloned());
        if state.watch_problems.len() > WATCH_PROBLEMS {
            let more = state.watch_problems.len() - WATCH_PROBLEMS;
            problems.push(format!("and {more} more about watched files; see the last system report"));
        }
        compose::heartbeat(state, &waiting, found, checks, problems)
    }

    /// Stores a report and goes on from it. What is left of one that cannot be stored must not fill a disk that is full.
    fn commit(&mut self, made: Made) -> io::Result<()> {
        let sequence = made.report.sequence;
        let entry = self.store(&made).inspect_err(|_| {
            if made.said.is_some() {
                let _ = fs::remove_file(self.home.snapshot(sequence));
            }
        })?;
        made.state.tidy(&self.home, &self.state);
        self.state = made.state;
        self.queue.push(entry);
        self.grown = true;
        if made.report.kind() == Kind::Heartbeat {
            self.notes.carried_by(sequence);
        }
        Ok(())
    }

    /// The state first, then the report: a state without its report is passed over at the start (A1).
    fn store(&self, made: &Made) -> io::Result<Entry> {
        if let Some(said) = &made.said {
            state::save_said(&self.home, made.report.sequence, said)?;
        }
        made.state.save(&self.home)?;
        spool::put(&self.home, &made.parcel)
    }
}

/// That mail does not go by the route it should, and why.
fn carried_instead(last: &Accepted) -> Option<String> {
    let why = last.instead.as_ref()?;
    let sentence = format!("route {} carries the reports instead of {why}", last.route);
    Some(text::one_line(&sentence, limits::NAME_BYTES * 2))
}
