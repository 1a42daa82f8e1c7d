//! What must hold of checks once everything has come to rest.

use jiff::SignedDuration;
use mailbeat_receiver::evaluate::Severity;
use mailbeat_receiver::store::{SystemState, TicketRow};
use mailbeat_shared::wire::check::CheckResult;
use mailbeat_shared::wire::report::Body;

use super::belief::{changed_lately, heard_hosts, hosts_of, is_over, was_taken};
use super::{Checked, PROMISE, all_tickets, read, require, resolved_by_a_person};
use crate::host::CHECK;
use crate::mail::Genuine;
use crate::model::Said;
use crate::papers::Says;
use crate::world::World;

/// What is missing for a week counts as removed; a day less, because a world is looked at when it is calm.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(6 * 24);

/// What a heartbeat said of the check.
fn told(sent: &Genuine) -> Option<&CheckResult> {
    let Body::Heartbeat { heartbeat } = &sent.report.body else { return None };
    heartbeat.checks.iter().find(|check| check.name == CHECK)
}

pub(super) fn a_check_that_is_not_well_has_its_ticket_and_one_that_is_gone_is_missed(
    world: &mut World,
) -> Checked {
    let tickets = all_tickets(world, false)?;
    for system in read(world, |tx| tx.systems(0, 1000))? {
        let (heard, changed) = (heard_hosts(world, &system)?, changed_lately(world, &system)?);
        let over = is_over(world, &system) || system.state != SystemState::Active;
        let hosts = hosts_of(world, &system);
        let [host] = hosts.as_slice() else { continue };
        if over || changed || host.forked || !heard.contains(&host.number) {
            continue;
        }
        let (says, gone_since) = (host.body.borrow().check, host.body.borrow().gone_since);
        let was_known = world.mail.borrow().ledger.iter().enumerate().any(|(index, sent)| {
            sent.system() == system.system_id && told(sent).is_some() && was_taken(world, index)
        });
        let (rule, subject, severity) = match (says.severity(), gone_since) {
            (Some(severity), _) => ("check", CHECK.to_owned(), severity),
            (None, Some(since)) if was_known && since + FORGOTTEN > world.now => {
                ("item-missing", format!("check {CHECK}"), Severity::Medium)
            }
            _ => continue,
        };
        let about = |row: &&TicketRow| {
            row.system == Some(system.id) && row.ticket.rule.as_str() == rule && row.ticket.subject == subject
        };
        let newest = tickets.iter().filter(about).max_by_key(|row| row.ticket.number);
        let by_hand = match newest {
            Some(row) => resolved_by_a_person(world, row.ticket.number)?,
            None => false,
        };
        let is_open =
            newest.is_some_and(|row| row.ticket.state.is_unresolved() && row.ticket.severity == severity);
        require(by_hand || is_open, "what a check says has its ticket, as urgent as it is", || {
            format!("{} says {says:?} at {}: {newest:?}", system.host, world.now)
        })?;
    }
    Ok(())
}

/// Also what it said between two heartbeats, and whatever became of those. What was said just now is told by the next one.
pub(super) fn whatever_a_check_said_a_heartbeat_tells(world: &mut World) -> Checked {
    let (mail, until) = (world.mail.borrow(), world.now - PROMISE);
    for host in world.hosts.iter().filter(|host| !host.forked && host.says() > Says::Nothing) {
        let gravity = |says: Said| says.verdict().map_or(0, |state| state.gravity());
        let tells = |sent: &Genuine, least: u8| {
            told(sent).is_some_and(|check| {
                let worst = check.worst.as_ref().map_or(check.state, |worst| worst.state.worse(check.state));
                worst.gravity() >= least
            })
        };
        let mut body = host.body.borrow_mut();
        let untold = body.said.iter().filter(|(at, _)| *at <= until).find(|(at, says)| {
            let mut later = mail.ledger.iter().filter(|sent| sent.host == host.number);
            !later.any(|sent| sent.origin.made_at >= *at && tells(sent, gravity(*says)))
        });
        require(untold.is_none(), "whatever a check said, a heartbeat tells", || {
            format!("host-{} at {}: {untold:?}", host.number, world.now)
        })?;
        body.said.retain(|(at, _)| *at > until);
    }
    Ok(())
}
