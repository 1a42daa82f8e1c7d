//! The last step: a `test` report is sent, and the vendor's answer, typed in by a person, proves that it arrived.

use mailbeat_shared::advice::{Advice, server};
use mailbeat_shared::steps::{Seen, Steps, name};
use mailbeat_shared::wire::confirmation::ConfirmationCode;
use mailbeat_shared::wire::report::Kind;

use super::super::Setup;
use super::super::ask::{Word, ask, word};
use super::words;
use crate::activation;
use crate::run::{Answer, Request};
use crate::spool::{Entry, Fate};
use crate::trail;

/// The step that sends.
const REPORT: &str = "test report";
/// Most test reports whose codes are compared, the newest ones.
const REMEMBERED: usize = 100;
/// The verdict a vendor confirms.
const VERDICT: &str = "accepted";

/// Sends a test report; its sequence, if it was queued.
pub(super) fn deliver(setup: &Setup, route: Option<String>, steps: &mut Steps) -> Option<u64> {
    let sequence = match ask(setup, &Request::Test { by: setup.person.clone(), route }) {
        Ok(Answer::Queued(sequence)) => sequence,
        Ok(Answer::Refused(why)) => {
            steps.fail(REPORT, why, words::not_composed());
            return None;
        }
        Ok(_) => {
            steps.fail(REPORT, "the agent answered something else than was asked", words::not_composed());
            return None;
        }
        Err(error) => {
            steps.fail(REPORT, format!("{error:#}"), words::not_composed());
            return None;
        }
    };
    let accepted = match word(setup, sequence) {
        Ok(word) => say(sequence, &word, steps),
        Err(error) => {
            steps.fail(REPORT, format!("{error:#}"), words::unreadable_state());
            false
        }
    };
    let why = if accepted { words::WAITING } else { words::NOT_HANDED_OVER };
    steps.skip(name::CONFIRMATION, why, accepted.then(words::confirm));
    Some(sequence)
}

/// What became of the report; whether a mail server took it.
fn say(sequence: u64, word: &Word, steps: &mut Steps) -> bool {
    match word {
        Word::Ended(_, _, ending) if ending.fate == Fate::Lost => {
            let advice = server::explain(None, &ending.reply, name::MESSAGE);
            steps.fail(REPORT, format!("#{sequence}: {}", ending.reply), advice);
            false
        }
        Word::Ended(_, _, ending) => {
            let route = ending.route.as_deref().unwrap_or("none");
            steps.note(REPORT, format!("#{sequence} accepted (route {route}): {}", ending.reply));
            true
        }
        Word::Waits(_, Some(failed), _) => {
            let text = failed.what.split_once(": ").map_or(failed.what.as_str(), |(_, text)| text);
            let advice = server::explain(failed.kind, text, name::MESSAGE);
            steps.fail(REPORT, format!("#{sequence} waits: {}", failed.what), advice);
            false
        }
        Word::Waits(_, None, held_back) => {
            let until = held_back.map_or(String::new(), |until| format!(" until {until:.0} or longer"));
            let seen = Seen::from(format!("#{sequence} waits in the queue{until}"));
            steps.note(REPORT, seen.warned(Some(words::held_back())));
            false
        }
    }
}

/// Compares a code with those of the last test reports.
pub(super) fn confirm(setup: &Setup, typed: &str, steps: &mut Steps) {
    steps.enter("delivery");
    let code: ConfirmationCode = match typed.parse() {
        Ok(code) => code,
        Err(error) => {
            return steps.fail(
                name::CONFIRMATION,
                format!("{typed:?} is no code"),
                Advice::new(text_of(&error), words::COPY_CODE),
            );
        }
    };
    let secret = match activation::enrollment_secret(&setup.home) {
        Ok(Some(secret)) => secret,
        Ok(None) => return steps.skip(name::CONFIRMATION, words::NO_CONTRACT, Some(words::activate())),
        Err(error) => return steps.fail(name::CONFIRMATION, error.to_string(), words::unreadable_state()),
    };
    let entries = match trail::everything(&setup.home) {
        Ok(entries) => entries,
        Err(error) => return steps.fail(name::CONFIRMATION, error.to_string(), words::unreadable_state()),
    };
    let tests = entries.iter().rev().filter(|entry| entry.kind() == Some(Kind::Test)).take(REMEMBERED);
    let fits = |entry: &&Entry| {
        entry.meta.as_ref().is_some_and(|meta| ConfirmationCode::new(&secret, meta.id, VERDICT) == code)
    };
    match tests.clone().find(fits).and_then(|entry| entry.meta.as_ref()) {
        Some(meta) => steps.note(
            name::CONFIRMATION,
            format!(
                "the vendor received #{} of {} and accepted it",
                meta.sequence,
                meta.created_at.strftime("%Y-%m-%d %H:%M:%S UTC")
            ),
        ),
        None => steps.fail(
            name::CONFIRMATION,
            format!("{code} belongs to none of the last {} test reports", tests.count()),
            words::wrong_code(),
        ),
    }
}

fn text_of(error: &impl std::fmt::Display) -> String {
    mailbeat_shared::text::capitalised(&error.to_string()) + "."
}
