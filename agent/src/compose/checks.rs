//! The checks of a heartbeat, made to fit into a small mail: the worst keep their words for longest. Pure.

use std::cmp::Reverse;

use mailbeat_shared::wire::check::CheckResult;
use mailbeat_shared::wire::limits;
use mailbeat_shared::wire::observation::Observation;

/// Bytes of JSON for observations and checks in one heartbeat, which make a mail of 32 KiB with signature and readable text.
const HEARTBEAT: usize = 18 * 1024;
/// What each output keeps whatever the others say, in bytes.
const EACH: usize = 60;
const SIGN: &str = "…";

/// The checks with their outputs cut to what a heartbeat holds beside its observations. Those beyond the limit of a report are
/// counted.
pub(super) fn fitted(
    mut checks: Vec<CheckResult>,
    observations: &[Observation],
    problems: &mut Vec<String>,
) -> Vec<CheckResult> {
    if checks.len() > limits::CHECKS {
        let over = checks.len() - limits::CHECKS;
        problems.push(format!("{over} checks were left out: a report holds at most {}", limits::CHECKS));
        // Of equals the first in the configuration stay.
        checks.sort_by_key(|check| Reverse(check.state.gravity()));
        checks.truncate(limits::CHECKS);
    }
    let bytes = json_bytes(observations) + json_bytes(&checks);
    let mut outputs: Vec<(u8, &mut String)> = Vec::new();
    for check in &mut checks {
        let worst = check.worst.as_mut().map(|worst| (worst.state.gravity(), &mut worst.output));
        outputs.extend(worst.into_iter().chain([(check.state.gravity(), &mut check.output)]));
    }
    outputs.sort_by_key(|(gravity, output)| (Reverse(*gravity), output.len()));
    let words: usize = outputs.iter().map(|(_, output)| output.len()).sum();
    let figures = bytes.saturating_sub(words);
    let mut room = HEARTBEAT.saturating_sub(figures);
    let mut others = outputs.len();
    for (_, output) in outputs {
        others -= 1;
        cut(output, room.saturating_sub(others * EACH).max(EACH));
        room = room.saturating_sub(output.len());
    }
    checks
}

fn json_bytes<T: serde::Serialize>(values: &[T]) -> usize {
    serde_json::to_vec(values).map_or(0, |json| json.len())
}

fn cut(output: &mut String, max: usize) {
    if output.len() > max {
        output.truncate(output.floor_char_boundary(max.saturating_sub(SIGN.len())));
        output.push_str(SIGN);
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use mailbeat_shared::wire::check::{CheckState, Worst};

    use super::*;

    fn check(n: usize, state: CheckState, bytes: usize) -> CheckResult {
        let output = "x".repeat(bytes);
        CheckResult { output, ..CheckResult::new(format!("check {n}"), state, Timestamp::UNIX_EPOCH) }
    }

    #[test]
    fn the_worst_keep_their_words_and_everybody_keeps_the_first_ones() {
        let mut checks: Vec<CheckResult> = (0..19).map(|n| check(n, CheckState::Ok, 4_000)).collect();
        checks.push(check(19, CheckState::Critical, 3_000));
        checks[0].worst =
            Some(Worst { state: CheckState::Warning, at: Timestamp::UNIX_EPOCH, output: "slow".into() });
        let fitted = fitted(checks, &[], &mut vec![]);
        assert_eq!(fitted[19].output.len(), 3_000, "whole");
        assert_eq!(fitted[0].worst.as_ref().unwrap().output, "slow");
        assert!(fitted.iter().all(|check| check.output.len() >= EACH - SIGN.len()));
        assert!(fitted[18].output.ends_with(SIGN), "{}", fitted[18].output);
        let all: usize = fitted.iter().map(|check| check.output.len()).sum();
        assert!(all <= HEARTBEAT && all > HEARTBEAT / 2, "{all}");
    }

    #[test]
    fn few_short_ones_stay_as_they_are_and_too_many_are_counted() {
        let mut problems = vec![];
        let some: Vec<CheckResult> = (0..20).map(|n| check(n, CheckState::Ok, 200)).collect();
        assert_eq!(fitted(some.clone(), &[], &mut problems), some);
        let mut many: Vec<CheckResult> = (0..203).map(|n| check(n, CheckState::Ok, 10)).collect();
        many[202].state = CheckState::Critical;
        let left = fitted(many, &[], &mut problems);
        assert_eq!((left.len(), left[0].name.as_str()), (limits::CHECKS, "check 202"));
        assert_eq!(problems, ["3 checks were left out: a report holds at most 200"]);
    }
}
