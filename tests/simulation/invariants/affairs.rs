//! What must hold of contracts and keys.

use mailbeat_agent::activation;
use mailbeat_receiver::store::System;
use mailbeat_shared::wire::report::Kind;

use super::belief::{changed_lately, ending_contracts, heard_hosts, hosts_of, is_admitted, is_in_grace};
use super::{Checked, all_tickets, has_a_ticket, read, require};
use crate::vendor::Expected;
use crate::world::World;

pub(super) fn every_mail_becomes_what_contract_and_key_let_it_become(world: &mut World) -> Checked {
    for look in &world.vendor.judged[world.memory.judged..] {
        let right = look.expected.is_none_or(|expected| expected.is(look.verdict));
        require(right, "every genuine mail becomes what contract and key let it become", || {
            let mail = world.mail.borrow();
            let sent = look.genuine.map(|index| &mail.ledger[index]);
            let which = sent.map(|sent| (sent.host, sent.report.sequence, sent.delivered_at));
            format!("{which:?}: {:?} and not {:?}: {}", look.verdict, look.expected, look.detail)
        })?;
    }
    Ok(())
}

pub(super) fn nothing_is_said_after_the_contracts_end(world: &mut World) -> Checked {
    let mail = world.mail.borrow();
    for sent in &mail.ledger[world.memory.sent..] {
        let (made_at, origin) = (sent.report.created_at, sent.origin);
        let said = || format!("host-{} #{} {made_at}: {origin:?}", sent.host, sent.report.sequence);
        let composed = origin.made_under.end.is_none_or(|end| made_at < end);
        require(composed, "nothing is composed after the contract's end and its grace", said)?;
        let in_grace = origin.made_under.until.is_some_and(|until| until <= made_at);
        let goes_on = matches!(sent.kind(), Kind::Heartbeat | Kind::Notice | Kind::Enrollment);
        require(!in_grace || goes_on, "in the grace days only heartbeats go on", said)?;
        let drained = origin.sent_under.drained().is_none_or(|drained| origin.sent_at < drained);
        require(drained, "a day after the end nothing leaves the queue any more", said)?;
    }
    let count = mail.ledger.len();
    drop(mail);
    world.memory.sent = count;
    Ok(())
}

pub(super) fn no_system_report_is_missed_after_the_contracts_end(world: &mut World) -> Checked {
    for row in all_tickets(world, true)? {
        if row.ticket.rule.as_str() != "system-report-missing" {
            continue;
        }
        if !world.memory.accused.insert((row.ticket.number, row.ticket.holds_since)) {
            continue;
        }
        let Some(id) = row.system else { continue };
        let system: Option<System> = read(world, |tx| tx.system(id))?;
        let over = system.is_some_and(|system| is_in_grace(world, &system));
        require(!over, "no system report is missed after the contract's end", || format!("{row:?}"))?;
    }
    Ok(())
}

pub(super) fn only_what_a_key_was_admitted_for_is_recorded(world: &mut World) -> Checked {
    let recorded = read(world, |tx| {
        let mut all = Vec::new();
        for system in tx.systems(0, 1000)? {
            all.extend(tx.reports(system.id, i64::MAX, 1_000_000)?.into_iter().map(|row| row.digest));
        }
        Ok(all)
    })?;
    for digest in recorded {
        let index = world.mail.borrow().ledger.iter().position(|sent| sent.digest == digest);
        let index = index.expect("only what an agent sent is recorded");
        let expected = |is| {
            let mut looks = world.vendor.judged.iter().filter(|look| look.genuine == Some(index));
            looks.any(|look| look.expected == Some(is))
        };
        // What waited in vain is recorded all the same if the contract was renewed before its key was admitted.
        let waited = expected(Expected::Waits) || expected(Expected::WaitsInVain);
        let taken = expected(Expected::Taken);
        let admitted = waited && is_admitted(world, index)?;
        require(taken || admitted, "only what a key was admitted for is recorded", || {
            let mail = world.mail.borrow();
            format!("host-{} #{}", mail.ledger[index].host, mail.ledger[index].report.sequence)
        })?;
    }
    Ok(())
}

pub(super) fn a_contract_that_ends_has_a_ticket(world: &mut World) -> Checked {
    // The receiver looked last a while ago: one that is near since then may be told of at its next look.
    for number in ending_contracts(world, 59)? {
        let told = has_a_ticket(world, "contract-ending", &number)?;
        require(told, "a contract that ends has a ticket", || number)?;
    }
    Ok(())
}

pub(super) fn the_receiver_knows_which_revision_is_in_force_on_a_host(world: &mut World) -> Checked {
    for system in read(world, |tx| tx.systems(0, 1000))? {
        let (heard, changed) = (heard_hosts(world, &system)?, changed_lately(world, &system)?);
        let [host] = hosts_of(world, &system)[..] else { continue };
        if changed || !heard.contains(&host.number) {
            continue;
        }
        let in_force = activation::contract_in_force(&host.home).map_err(|error| error.to_string())?;
        let revision = in_force.map(|(contract, _)| contract.revision);
        require(
            revision == Some(system.contract_revision),
            "the receiver knows which revision is in force on a host",
            || format!("{revision:?} on {}: {system:?}", system.host),
        )?;
    }
    Ok(())
}
