//! What the receiver can be expected to know, from what really happened.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use mailbeat_receiver::store::{System, SystemState};
use mailbeat_shared::wire::signature::PublicKey;

use super::read;
use crate::host::Host;
use crate::papers::Says;
use crate::vendor::Expected;
use crate::world::{CALM, World};

/// The hosts that report as this system.
pub(super) fn hosts_of<'a>(world: &'a World, system: &System) -> Vec<&'a Host> {
    world.hosts.iter().filter(|host| host.identity().system == system.system_id).collect()
}

/// A genuine mail that was never parsed because reading it died twice.
pub(super) fn poisoned(world: &World, index: usize) -> bool {
    world.mail.borrow().filed.iter().any(|mail| mail.genuine == Some(index))
        && !world.vendor.judged.iter().any(|look| look.genuine == Some(index))
}

/// A genuine mail that rightly was not recorded when it was read: its contract was over or its key not admitted.
pub(super) fn set_aside(world: &World, index: usize) -> bool {
    let mut looks = world.vendor.judged.iter().filter(|look| look.genuine == Some(index)).peekable();
    let over = [Expected::Ended, Expected::RevokedKey, Expected::WaitsInVain];
    looks.peek().is_some() && looks.any(|look| look.expected.is_some_and(|is| over.contains(&is)))
}

/// A genuine mail that was recorded when it was last read (after a restore, when it was imported), as far as contract and key go.
pub(super) fn was_taken(world: &World, index: usize) -> bool {
    let last = world.vendor.judged.iter().rev().find(|look| look.genuine == Some(index));
    last.is_some_and(|look| look.expected == Some(Expected::Taken))
}

/// The genuine mails that were read and whose key nobody has admitted.
pub(super) fn what_waits_for_its_key(world: &mut World) -> Result<BTreeSet<usize>, String> {
    let mut waiting = BTreeSet::new();
    for n in 0..world.vendor.judged.len() {
        let look = &world.vendor.judged[n];
        if let (Some(index), Some(Expected::Waits)) = (look.genuine, look.expected)
            && !is_admitted(world, index)?
        {
            waiting.insert(index);
        }
    }
    Ok(waiting)
}

/// Whether the key that signed this mail may sign for a system.
pub(super) fn is_admitted(world: &mut World, index: usize) -> Result<bool, String> {
    let key: PublicKey =
        world.mail.borrow().ledger[index].report.identity.public_key.parse().expect("an agent names its key");
    read(world, |tx| Ok(tx.registered(&key.bytes())?.is_some()))
}

/// The customer a system belongs to.
pub(super) fn customer(system: &System) -> usize {
    usize::from(system.contract.number.as_str().starts_with("BETA"))
}

/// Whether nothing is expected of the system any more.
pub(super) fn is_over(world: &World, system: &System) -> bool {
    world.vendor.decisions.is_over(customer(system), world.vendor.clock.now())
}

/// Whether no system reports are expected of it any more.
pub(super) fn is_in_grace(world: &World, system: &System) -> bool {
    let until = world.vendor.decisions.terms[customer(system)].until;
    until.is_some_and(|until| until <= world.vendor.clock.now())
}

/// The numbers of contracts in force of which a revision that a watched system reports under ends within so many days, or has ended.
pub(super) fn ending_contracts(world: &mut World, days: i64) -> Result<BTreeSet<String>, String> {
    let horizon = world.vendor.clock.now() + SignedDuration::from_hours(24 * days);
    let mut ending = BTreeSet::new();
    for system in read(world, |tx| tx.systems(0, 1000))? {
        let watched = system.state != SystemState::Retired && system.deactivated_at.is_none();
        let revoked = world.vendor.decisions.revoked[customer(&system)].is_some();
        if watched && !revoked && heard_until(world, &system)?.is_some_and(|until| until <= horizon) {
            ending.insert(system.contract.number.to_string());
        }
    }
    Ok(ending)
}

/// Until when reports under the revision in force on the host are heard: its end, or an earlier one of the newest. An end between them
/// that was taken back before the host knew of it is none.
fn heard_until(world: &mut World, system: &System) -> Result<Option<Timestamp>, String> {
    let held = read(world, |tx| tx.contract(&system.contract.number))?.expect("a system's contract");
    let revisions = [system.contract_revision, held.revision];
    let files = world.files[customer(system)].iter().map(|file| &file.contract);
    Ok(files.filter(|file| revisions.contains(&file.revision)).filter_map(|file| file.valid_until).min())
}

/// The numbers of the system's hosts that say something the receiver takes.
pub(super) fn heard_hosts(world: &mut World, system: &System) -> Result<Vec<usize>, String> {
    let now = world.vendor.clock.now();
    let speaking: Vec<(usize, [u8; 32])> = hosts_of(world, system)
        .iter()
        .filter(|host| host.says() > Says::Nothing)
        .map(|host| (host.number, host.identity().key.public().bytes()))
        .collect();
    let ended = world.vendor.decisions.has_ended(customer(system), now);
    read(world, |tx| {
        let mut heard = Vec::new();
        for (number, key) in speaking {
            let holds = |at: Option<Timestamp>| at.is_none_or(|at| at > now);
            if !ended && tx.registered(&key)?.is_some_and(|registered| holds(registered.key_revoked_at)) {
                heard.push(number);
            }
        }
        Ok(heard)
    })
}

/// Whether time alone changed in the last hours what is expected of the system: everything may not be settled yet.
pub(super) fn changed_lately(world: &mut World, system: &System) -> Result<bool, String> {
    let now = world.now;
    let lately = |at: Option<Timestamp>| at.is_some_and(|at| at <= now && at + CALM > now);
    let terms = world.vendor.decisions.terms[customer(system)];
    let at_vendor = [terms.until, terms.end, terms.drained()].into_iter().any(lately);
    let at_host = hosts_of(world, system).iter().any(|host| {
        let papers = host.doors.papers.borrow();
        let term = papers.last().map(|(_, term)| *term);
        let ends = term.map_or([None; 2], |term| [term.until, term.end]);
        ends.into_iter().any(|at| lately(at.map(|at| at - host.wrong_by)))
    });
    let keys = read(world, |tx| tx.keys_of(system.id))?;
    Ok(at_vendor || at_host || keys.iter().any(|key| lately(key.revoked_at)))
}
