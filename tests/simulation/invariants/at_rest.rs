//! What must hold once everything was delivered, read and judged.

use crate::host::Host;
use crate::mail::Genuine;
use crate::model::Said;
use crate::papers::Says;
use crate::world::World;
use mailbeat_agent::spool::Fate;
use mailbeat_agent::trail;
use mailbeat_receiver::intake::QuarantineReason;
use mailbeat_receiver::store::{Branch, System, SystemState, TicketRow};
use mailbeat_shared::wire::report::Kind;
use mailbeat_shared::wire::snapshot::{Snapshot, WatchedFile};
use std::collections::BTreeSet;

use super::belief::{
    changed_lately, ending_contracts, heard_hosts, hosts_of, is_in_grace, is_over, poisoned, set_aside,
    what_waits_for_its_key,
};
use super::telling::refused_addresses;
use super::{Checked, KEY_SHOWN, SHOWN, all_tickets, read, require, resolved_by_a_person};

pub(super) fn every_report_that_was_delivered_is_recorded_exactly_once(world: &mut World) -> Checked {
    let recorded = read(world, |tx| {
        let mut all = Vec::new();
        for system in tx.systems(0, 1000)? {
            let reports = tx.reports(system.id, i64::MAX, 1_000_000)?;
            all.extend(reports.into_iter().map(|report| (system.system_id, report)));
        }
        Ok(all)
    })?;
    let waiting = what_waits_for_its_key(world)?;
    let mut seen = BTreeSet::new();
    let mail = world.mail.borrow();
    for (system, row) in &recorded {
        require(seen.insert(row.digest.to_string()), "no report is counted twice", || format!("{row:?}"))?;
        let known = mail.ledger.iter().any(|sent| sent.digest == row.digest && sent.system() == *system);
        require(known, "only what an agent sent is recorded", || format!("{row:?}"))?;
    }
    for (index, sent) in mail.ledger.iter().enumerate().filter(|(_, sent)| sent.delivered_at.is_some()) {
        let verdicts: Vec<String> = world
            .vendor
            .judged
            .iter()
            .filter(|look| look.genuine == Some(index))
            .map(|look| format!("{:?} {}", look.verdict, look.detail))
            .collect();
        // Read twice and died twice: it lies in the server's Quarantine folder, to be looked at and imported by a person.
        let poison = format!("{:?}", QuarantineReason::Poison);
        let excused = verdicts.is_empty() && poisoned(world, index)
            || verdicts.iter().any(|verdict| verdict.contains(&poison))
            || set_aside(world, index)
            || waiting.contains(&index);
        require(
            excused || seen.contains(&sent.digest.to_string()),
            "every report that was delivered is recorded",
            || {
                format!(
                    "#{} {:?} of host-{} made {} delivered {:?}: {verdicts:?}",
                    sent.report.sequence,
                    sent.kind(),
                    sent.host,
                    sent.origin.made_at,
                    sent.delivered_at
                )
            },
        )?;
    }
    Ok(())
}

pub(super) fn the_trail_is_a_chain_and_its_statements_are_true(world: &mut World) -> Checked {
    // Of a host that changed its key the trail has reports of both.
    for host in world.hosts.iter().filter(|host| host.keys_before.is_empty()) {
        let key = host.identity().key.public();
        let verified = trail::verify(&host.home, &key).map_err(|error| error.to_string())?;
        require(verified.problems.is_empty(), "an agent's trail is a chain", || {
            format!("host-{}: {:?}", host.number, verified.problems)
        })?;
        let entries = trail::everything(&host.home).map_err(|error| error.to_string())?;
        let mail = world.mail.borrow();
        for entry in &entries {
            let Some(ending) = entry.ending() else { continue };
            let handed = mail
                .ledger
                .iter()
                .any(|sent| entry.meta.as_ref().is_some_and(|meta| sent.report.id == meta.id));
            require(
                ending.fate != Fate::Accepted || handed,
                "what the trail calls accepted was accepted",
                || format!("host-{} #{}", host.number, entry.sequence),
            )?;
        }
    }
    Ok(())
}

/// Whether a mail of this system was lost on the way, or set aside.
fn lost_mail(world: &World, system: &System, kind: Option<Kind>, waiting: &BTreeSet<usize>) -> bool {
    let mail = world.mail.borrow();
    mail.ledger.iter().enumerate().any(|(index, sent)| {
        sent.system() == system.system_id
            && kind.is_none_or(|kind| sent.kind() == kind)
            && (sent.dropped
                || sent.delivered_at.is_some()
                    && (poisoned(world, index) || set_aside(world, index) || waiting.contains(&index)))
    })
}

pub(super) fn only_what_still_holds_has_an_unresolved_ticket(world: &mut World) -> Checked {
    let waiting = what_waits_for_its_key(world)?;
    for row in all_tickets(world, true)? {
        let rule = row.ticket.rule.as_str();
        let Some(system) = row.system else {
            let quarantined = read(world, |tx| tx.quarantine_waiting(0, 1))?;
            let holds = match rule {
                "quarantine-waiting" => !quarantined.is_empty(),
                "notification-refused" => refused_addresses(world)?.contains(&row.ticket.subject),
                // Hosts that are behind the newest revision have a ticket of their own: NUMBER.REVISION.
                "contract-ending" => {
                    let subject = row.ticket.subject.as_str();
                    let number = subject.split_once('.').map_or(subject, |(number, _)| number);
                    ending_contracts(world, 60)?.contains(number)
                }
                _ => false,
            };
            require(holds, "only what still holds has an unresolved ticket", || format!("{row:?}"))?;
            continue;
        };
        let system = read(world, |tx| tx.system(system))?.expect("a ticket's system");
        let branches = read(world, |tx| tx.branches(system.id))?;
        let (heard, changed) = (heard_hosts(world, &system)?, changed_lately(world, &system)?);
        let hosts = hosts_of(world, &system);
        let alive: Vec<&&Host> = hosts.iter().filter(|host| heard.contains(&host.number)).collect();
        let frozen = alive.is_empty();
        let expected = system.state == SystemState::Active && !is_over(world, &system);
        let says_all = alive.iter().any(|host| host.says() == Says::Everything);
        let holds = match rule {
            "heartbeat-missing" => changed || frozen && expected,
            "system-report-missing" => changed || !says_all && expected && !is_in_grace(world, &system),
            "agent-deactivated" => frozen,
            "filesystem-full" => frozen || alive.iter().any(|host| host.body.borrow().disk >= 83),
            // A host whose disk is gone says nothing of it any more.
            "item-missing" => {
                let is_check = row.ticket.subject.starts_with("check ");
                let is_gone = |host: &&&Host| {
                    let body = host.body.borrow();
                    if is_check { body.check == Said::Gone } else { body.disk == 0 }
                };
                frozen || alive.iter().any(is_gone)
            }
            "check" => frozen || alive.iter().any(|host| host.body.borrow().check.severity().is_some()),
            // Of a host that is off, something may still lie in the queue.
            "reports-lost" if frozen => true,
            "reports-lost" => {
                lost_mail(world, &system, None, &waiting) || hosts.iter().any(|host| host.forked)
            }
            // A restored state that counts where the old one left a gap is told apart only when they meet: it is noticed late.
            "state-restored" => {
                let forked = hosts.iter().any(|host| host.forked);
                forked && branches.iter().any(|branch| branch.opened_at + SHOWN > world.now)
            }
            "key-changed" => {
                let keys = read(world, |tx| tx.keys_of(system.id))?;
                frozen || keys.len() > 1 && row.ticket.holds_since + KEY_SHOWN > world.now
            }
            "system-cloned" => alive.len() > 1,
            "clock-wrong" => frozen || alive.iter().any(|host| !host.wrong_by.is_zero()),
            _ => false,
        };
        let lines: Vec<String> = branches.iter().map(|branch| format!("\n    {branch:?}")).collect();
        require(expected || changed, "a system nobody judges has no unresolved ticket", || {
            format!("at {}: {row:?}\n    {system:?}", world.now)
        })?;
        require(holds, "only what still holds has an unresolved ticket", || {
            format!("at {}: {row:?}\n    {system:?}{}", world.now, lines.concat())
        })?;
    }
    Ok(())
}

pub(super) fn who_is_off_for_long_is_silent_with_one_ticket(world: &mut World) -> Checked {
    let systems = read(world, |tx| tx.systems(0, 1000))?;
    let tickets = all_tickets(world, false)?;
    for system in systems.iter().filter(|system| system.deactivated_at.is_none()) {
        if system.state != SystemState::Active {
            continue;
        }
        // Consent that was withdrawn while nothing could be sent is not known to the receiver.
        if !heard_hosts(world, system)?.is_empty() || changed_lately(world, system)? || is_over(world, system)
        {
            continue;
        }
        let about = |row: &&TicketRow| {
            row.system == Some(system.id) && row.ticket.rule.as_str() == "heartbeat-missing"
        };
        let newest = tickets.iter().filter(about).map(|row| row.ticket.number).max();
        let by_hand = newest.map(|number| resolved_by_a_person(world, number)).transpose()?.unwrap_or(false);
        let open = tickets.iter().filter(about).filter(|row| row.ticket.state.is_unresolved()).count();
        let about_it: Vec<&TicketRow> = tickets.iter().filter(about).collect();
        require(open == 1 || by_hand, "who is off for long is silent, with one ticket", || {
            format!("{} has {open} at {}: {system:?}\n    {about_it:?}", system.host, world.now)
        })?;
    }
    Ok(())
}

pub(super) fn every_gap_is_found_or_explained(world: &mut World) -> Checked {
    let waiting = what_waits_for_its_key(world)?;
    for system in read(world, |tx| tx.systems(0, 1000))? {
        if hosts_of(world, &system).iter().any(|host| host.forked) {
            continue;
        }
        let (holes, branches) = read(world, |tx| Ok((tx.holes(system.id)?, tx.branches(system.id)?)))?;
        let mail = world.mail.borrow();
        for hole in &holes {
            let branch = branches.iter().find(|branch| branch.id == hole.branch).expect("a hole's branch");
            let found = mail.ledger.iter().enumerate().find(|(index, sent)| {
                sent.system() == system.system_id
                    && sent.report.incarnation == branch.incarnation
                    && (hole.range.0..=hole.range.1).contains(&sent.report.sequence)
                    && sent.delivered_at.is_some()
                    && !poisoned(world, *index)
                    && !set_aside(world, *index)
                    && !waiting.contains(index)
            });
            require(found.is_none(), "what is called missing did not come", || {
                format!("{}: {hole:?} but {:?}", system.host, found.map(|(_, sent)| sent.report.sequence))
            })?;
        }
        let missing = |sent: &&Genuine| {
            let branch = branches.iter().find(|branch| branch.incarnation == sent.report.incarnation);
            let sequence = sent.report.sequence;
            sent.system() == system.system_id
                && sent.dropped
                && branch.is_some_and(|branch| sequence < branch.newest_sequence)
                && !holes.iter().any(|hole| (hole.range.0..=hole.range.1).contains(&sequence))
        };
        // What was sent with an unknown outcome may be called superseded or lost by its own agent.
        let stated = |sent: &&Genuine| {
            let is_named = |report: &mailbeat_shared::wire::report::Report| {
                let ranges = report.superseded.iter().chain(&report.lost);
                ranges.clone().any(|(first, last)| (*first..=*last).contains(&sent.report.sequence))
            };
            mail.ledger.iter().any(|later| later.system() == system.system_id && is_named(&later.report))
        };
        let first_of = |branch: &Branch| {
            let of = mail.ledger.iter().enumerate().filter(|(index, sent)| {
                let its = sent.report.incarnation == branch.incarnation && sent.delivered_at.is_some();
                its && !set_aside(world, *index) && !waiting.contains(index)
            });
            of.map(|(_, sent)| sent.report.sequence).min()
        };
        let before_the_first = |sent: &&Genuine| {
            branches.iter().any(|branch| {
                branch.incarnation == sent.report.incarnation && first_of(branch) > Some(sent.report.sequence)
            })
        };
        // What a person resolved as lost is done with.
        if world.memory.settled.contains(&system.id) {
            continue;
        }
        let silent = mail.ledger.iter().filter(missing).find(|sent| !stated(sent) && !before_the_first(sent));
        require(silent.is_none(), "every report that was lost is missed or was explained", || {
            format!("{}: #{:?} of {holes:?}", system.host, silent.map(|sent| sent.report.sequence))
        })?;
    }
    Ok(())
}

pub(super) fn the_receiver_knows_the_files_or_that_it_does_not(world: &mut World) -> Checked {
    let waiting = what_waits_for_its_key(world)?;
    for system in read(world, |tx| tx.systems(0, 1000))? {
        let (branch, files) = read(world, |tx| {
            let Some(branch) = tx.branches(system.id)?.into_iter().next() else { return Ok((None, None)) };
            let files = tx.snapshot(branch.id)?;
            Ok((Some(branch), Some(files)))
        })?;
        let (heard, changed) = (heard_hosts(world, &system)?, changed_lately(world, &system)?);
        let hosts = hosts_of(world, &system);
        let ([host], Some(branch), Some(files)) = (hosts.as_slice(), branch, files) else { continue };
        if changed || !heard.contains(&host.number) || host.says() != Says::Everything {
            continue;
        }
        let unknown = branch.unknown_since.is_some();
        let excused = host.forked || lost_mail(world, &system, Some(Kind::System), &waiting);
        require(!unknown || excused, "files are unknown only where a system report is missing", || {
            format!("{}: {branch:?}", system.host)
        })?;
        require(
            unknown || are_known(&files, &host.body.borrow().files),
            "the receiver knows the files of a host",
            || format!("{}: {branch:?}\n    {files:?}\n    {:?}", system.host, host.body.borrow().files),
        )?;
    }
    Ok(())
}

/// A muted file is known by its digest; owner and mode as of any other.
fn are_known(held: &Snapshot, there: &Snapshot) -> bool {
    let told = |file: &WatchedFile| (file.entry.digest, file.entry.owner.clone(), file.entry.mode.clone());
    let is_known = |(path, held): (&String, &WatchedFile)| {
        there.get(path).is_some_and(|is| if held.entry.muted { told(held) == told(is) } else { held == is })
    };
    held.len() == there.len() && held.iter().all(is_known)
}
