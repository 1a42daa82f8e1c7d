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
use crate::sense::{Files, HostFacts, guarded, guarded_or};
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
        let watch = || self.senses.watch(consented, key);
        let found = guarded_or("watching files", Files::nothing_seen(), watch);
        let mut problems: Vec<String> = self.withheld(&standing.activation).into_iter().collect();
        problems.extend([found.problems, inventory.problems].concat());
        let baseline = self.last_said(&state, &mut problems);
        let held = baseline.as_ref().map(|(_, said)| &said.files);
        let mut files = found.value;
        let has_holes = files.cut || !files.unseen.is_empty();
        state.streaks = mute::judge(&state.streaks, held, &mut files.snapshot, has_holes, self.patience());
        // What is gone from beside the holes is forgotten all the same.
        state.streaks.retain(|path, _| files.snapshot.contains_key(path) || files.may_miss(path));
        if let Some(held) = held {
            keep_what_may_be_there(&mut files, held);
        }
        // Asking costs a login: where one is refused, or the server wants to be left alone, it is not asked.
        let first = standing.routes.first().filter(|route| self.rests.must_wait(&route.name, now).is_none());
        let limit = first.and_then(|route| self.post.size_limit(route));
        let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let material = Material {
            files: files.snapshot,
            whole: files.whole,
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

/// What was not seen and may be there all the same stands as it was said last, so that nobody calls it removed.
fn keep_what_may_be_there(files: &mut Files, held: &Snapshot) {
    let room = limits::WATCHED_FILES.saturating_sub(files.snapshot.len());
    let kept: Snapshot = held
        .iter()
        .filter(|(path, _)| !files.snapshot.contains_key(*path) && files.may_miss(path))
        .take(room)
        .map(|(path, file)| (path.clone(), file.clone()))
        .collect();
    files.snapshot.extend(kept);
}
