//! Composing a system report: what is watched and what the host is, compared with what was said last.

use jiff::Timestamp;
use mailbeat_shared::wire::id::Digest;
use mailbeat_shared::wire::limits;
use mailbeat_shared::wire::snapshot::Snapshot;

use super::composing::Made;
use super::{Agent, Standing, StepError};
use crate::compose::fit::{self, Fitted, Material};
use crate::mute::{self, Patience};
use crate::redact::pseudonym::Pseudonyms;
use crate::sense::{Files, HostFacts, guarded};
use crate::state::{self, Baseline, Said, State};

impl Agent {
    /// Makes the next system report; changes nothing but what the senses remember.
    pub(super) fn make_system(
        &mut self,
        standing: &Standing,
        host: &HostFacts,
        pseudonyms: &Pseudonyms,
        mut state: State,
        random: &[u8; 10],
        now: Timestamp,
    ) -> Result<Made, StepError> {
        let consented = &standing.activation.consent.consented;
        let key = standing.identity.fingerprint_key();
        let inventory = guarded("inventory", || self.senses.inventory(consented));
        let found = guarded("watching files", || self.senses.watch(consented, key));
        let mut problems: Vec<String> = self.withheld(&standing.activation).into_iter().collect();
        problems.extend([found.problems, inventory.problems].concat());
        let baseline = self.last_said(&state, &mut problems);
        let held = baseline.as_ref().map(|(_, said)| &said.files);
        let Files { mut snapshot, whole, cut } = found.value;
        state.streaks = mute::judge(&state.streaks, held, &mut snapshot, cut, self.patience());
        if let (true, Some(held)) = (cut, held) {
            keep_what_was_there(&mut snapshot, held);
        }
        let limit = standing.routes.first().and_then(|route| self.post.size_limit(route));
        let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let material = Material {
            files: snapshot,
            whole,
            problems,
            baseline: baseline.as_ref().map(|(baseline, said)| (baseline, said.clone())),
            full_is_due: state.full_is_due(now),
            inventory: inventory.value,
        };
        let desk = self.desk(standing, host, pseudonyms, &state, now);
        let Fitted { report, parcel, said } =
            fit::system(&desk, &self.renderer, random, material, limit.min(limits::SYSTEM_MAIL_BYTES))?;
        let state = state.after(&report, Digest::of(&parcel.report));
        Ok(Made { report, parcel, said: Some(said), state })
    }

    /// What the last system report said; none where there was none, or it cannot be read any more, which is a problem to tell.
    fn last_said(&self, state: &State, problems: &mut Vec<String>) -> Option<(Baseline, Said)> {
        let baseline = state.baseline.clone()?;
        match state::load_said(&self.home, &baseline) {
            Ok(said) => Some((baseline, said)),
            Err(error) => {
                let problem =
                    format!("what the last system report said cannot be read ({error}); this report is full");
                tracing::warn!("{problem}");
                problems.push(problem);
                None
            }
        }
    }

    fn patience(&self) -> Patience {
        let watch = &self.config.watch;
        Patience { mute_after: watch.mute_after, unmute_after: watch.unmute_after }
    }
}

/// Of a list that was cut nothing may be called removed: what is not in it stands as it was said last.
fn keep_what_was_there(files: &mut Snapshot, held: &Snapshot) {
    for (path, file) in held {
        if files.len() < limits::WATCHED_FILES && !files.contains_key(path) {
            files.insert(path.clone(), file.clone());
        }
    }
}
