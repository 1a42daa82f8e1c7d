//! Reports that are due for long and were not made, though the agent runs: something keeps it from composing them. Pure.
//!
//! What that is, only the agent's log says. That it is so can be told from its files, so that nobody reads "well" while nothing
//! is made any more. The plan is of what the configuration says now, and the agent goes by what it read when it started: where somebody
//! edited it since, that is the likely reason.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::report::{Kind, Promise};

use crate::activation::permission::Permission;
use crate::schedule::Due;

/// How late a report may be at least: a host that was suspended wakes late, and a slow mail server holds the next report up.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// A sentence for each. `began` is since when this agent could make what is due at once: as long as it runs as what it is, under
/// the contract that it has.
pub(super) fn overdue(
    plan: &[(Timestamp, Due)],
    began: Timestamp,
    permission: &Permission,
    promise: Promise,
    now: Timestamp,
) -> Vec<String> {
    let sentence = |(at, due): &(Timestamp, Due)| {
        let (what, kind, interval_s) = match due {
            Due::Enrollment => ("enrollment", Kind::Enrollment, promise.heartbeat_interval_s),
            Due::Heartbeat => ("heartbeat", Kind::Heartbeat, promise.heartbeat_interval_s),
            Due::System => ("system report", Kind::System, promise.system_interval_s),
            // No promise: they are said once.
            Due::MaintenanceEnd | Due::ContractEnd => return None,
        };
        // What the plan has for now has no time of its own: it is due because it was not said yet.
        let since = if *at < now { began.max(*at) } else { began };
        let patience = PATIENCE.max(SignedDuration::from_secs(i64::from(interval_s / 4)));
        let is_overdue = *at <= now && now.duration_since(since) > patience && permission.allows(kind);
        is_overdue.then(|| format!("{what} due since {since:.0}, not made; see journalctl -u mailbeat-agent"))
    };
    plan.iter().filter_map(sentence).collect()
}

/// So far is a file's time from that of a process, which is told in whole seconds.
const GRAIN: SignedDuration = SignedDuration::from_secs(2);

/// What is overdue; where somebody edited one of these files since the agent started, that instead. Each file comes with the time at
/// which it was edited.
pub(super) fn unless_edited(
    overdue: Vec<String>,
    files: &[(String, Timestamp)],
    started: Option<Timestamp>,
) -> Vec<String> {
    let is_newer = |at: &Timestamp| started.is_some_and(|started| at.duration_since(started) > GRAIN);
    let edited = files.iter().find(|(_, at)| is_newer(at)).filter(|_| !overdue.is_empty());
    edited.map_or(overdue, |(file, _)| vec![format!("{file} was edited after the agent started: restart it")])
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOURLY: Promise = Promise { heartbeat_interval_s: 3_600, system_interval_s: 86_400 };

    /// This time of a day.
    fn at(time: &str) -> Timestamp {
        format!("2026-06-01T{time}Z").parse().unwrap()
    }

    fn said(plan: &[(Timestamp, Due)], began: &str, now: &str) -> Vec<String> {
        overdue(plan, at(began), &Permission::Granted, HOURLY, at(now))
    }

    #[test]
    fn what_was_not_made_for_a_quarter_of_its_interval_is_named_with_the_time_since_which_it_is_due() {
        let plan = [(at("09:00:00"), Due::System), (at("10:18:00"), Due::Heartbeat)];
        assert_eq!(said(&plan, "00:00:00", "10:33:00"), [""; 0]);
        let told = |what: &str, since: &str| {
            format!("{what} due since 2026-06-01T{since}Z, not made; see journalctl -u mailbeat-agent")
        };
        let heartbeat = told("heartbeat", "10:18:00");
        assert_eq!(said(&plan, "00:00:00", "10:33:01"), [heartbeat.as_str()]);
        assert_eq!(said(&plan, "00:00:00", "15:00:01"), [told("system report", "09:00:00"), heartbeat]);
        assert_eq!(said(&[(at("10:18:00"), Due::Heartbeat)], "00:00:00", "10:00:00"), [""; 0], "in its time");
    }

    #[test]
    fn however_short_the_interval_an_agent_has_five_minutes() {
        let plan = [(at("10:00:00"), Due::Heartbeat)];
        let often = Promise { heartbeat_interval_s: 10, ..HOURLY };
        let said = |now| overdue(&plan, at("00:00:00"), &Permission::Granted, often, at(now)).len();
        assert_eq!((said("10:05:00"), said("10:05:01")), (0, 1));
    }

    #[test]
    fn an_agent_that_began_a_moment_ago_has_its_time_whatever_it_missed_before() {
        let plan = [(at("02:18:00"), Due::Heartbeat)];
        assert_eq!(said(&plan, "10:00:00", "10:15:00"), [""; 0]);
        let told = said(&plan, "10:00:00", "10:15:01");
        assert!(told[0].starts_with("heartbeat due since 2026-06-01T10:00:00Z"), "{told:?}");
    }

    #[test]
    fn what_was_never_said_is_due_since_the_agent_began() {
        let first = [(at("10:00:00"), Due::Enrollment)];
        assert_eq!(said(&first, "09:59:58", "10:00:00"), [""; 0]);
        let told = said(&first, "09:00:00", "10:00:00");
        assert!(told[0].starts_with("enrollment due since 2026-06-01T09:00:00Z"), "{told:?}");
    }

    #[test]
    fn who_edited_the_configuration_and_did_not_restart_is_told_that_and_not_what_was_not_made() {
        let late = || vec!["heartbeat due since 2026-06-01T09:00:00Z, not made; see x".to_owned()];
        let files = |edited: &str| {
            vec![("agent.toml".to_owned(), at("07:00:00")), ("profiles/web.toml".to_owned(), at(edited))]
        };
        let said = |overdue, edited| unless_edited(overdue, &files(edited), Some(at("08:00:00")));
        let told = ["profiles/web.toml was edited after the agent started: restart it"];
        assert_eq!(said(late(), "08:00:03"), told);
        assert_eq!(said(late(), "08:00:02"), late(), "written just before it started");
        assert_eq!(said(vec![], "08:00:03"), [""; 0], "nothing is missed yet");
        assert_eq!(unless_edited(late(), &files("09:00:00"), None), late());
    }

    #[test]
    fn nobody_misses_what_the_contract_does_not_permit() {
        let plan = [(at("00:00:00"), Due::System), (at("00:00:00"), Due::Heartbeat)];
        let grace = Permission::HeartbeatsOnly { until: at("23:00:00") };
        let said = overdue(&plan, at("00:00:00"), &grace, HOURLY, at("22:00:00"));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("heartbeat due"), "{said:?}");
    }
}
