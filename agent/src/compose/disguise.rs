//! Pseudonyms in everything of a report that is not a watched file: those have theirs before they are stored and compared.
//!
//! One place for all reports, where they are put together, so that no collector can forget it. Pure.

use mailbeat_shared::wire::observation::Observation;
use mailbeat_shared::wire::report::Body;

use crate::redact::pseudonym::{Kind, Pseudonyms};

/// Puts pseudonyms into every text that a collector, a check or a person wrote.
pub(super) fn disguise(mut body: Body, pseudonyms: &Pseudonyms) -> Body {
    for text in texts(&mut body) {
        let disguised = pseudonyms.disguise(text).into_owned();
        *text = disguised;
    }
    let by = match &mut body {
        Body::Enrollment { enrollment } => Some(&mut enrollment.activated_by),
        Body::Test { test } => Some(&mut test.requested_by),
        _ => None,
    };
    // Whoever it is, also one whose account is in a directory and not on this host.
    if let Some(by) = by.filter(|by| pseudonyms.cover(Kind::User) && !by.is_empty()) {
        *by = pseudonyms.of(Kind::User, by);
    }
    body
}

/// Which of several each observation is of.
fn places(observations: &mut [Observation]) -> impl Iterator<Item = &mut String> {
    observations.iter_mut().flat_map(|observation| observation.attributes.iter_mut().map(|(_, value)| value))
}

fn texts(body: &mut Body) -> Vec<&mut String> {
    match body {
        Body::Heartbeat { heartbeat } => {
            let mut texts: Vec<&mut String> = heartbeat.problems.iter_mut().collect();
            texts.extend(heartbeat.maintenance.iter_mut().map(|maintenance| &mut maintenance.reason));
            texts.extend(places(&mut heartbeat.observations));
            for check in &mut heartbeat.checks {
                texts.push(&mut check.output);
                texts.extend(check.worst.iter_mut().map(|worst| &mut worst.output));
                texts.extend(places(&mut check.observations));
            }
            texts
        }
        Body::System { system_report } => {
            system_report.truncated.iter_mut().chain(system_report.inventory.values_mut()).collect()
        }
        Body::Notice { notice } => vec![&mut notice.reason],
        Body::Enrollment { .. } | Body::Test { .. } => vec![],
    }
}
