//! What must hold of the people who are told.

use std::collections::BTreeSet;

use jiff::Timestamp;
use mailbeat_receiver::ticket::{TicketEvent, What};
use rusqlite::{Connection, OpenFlags};

use super::{Checked, all_tickets, has_a_ticket, read, require};
use crate::world::World;

pub(super) fn nobody_is_told_of_an_end_and_never_of_the_beginning(world: &mut World) -> Checked {
    let mut open = BTreeSet::new();
    for told in &world.vendor.told {
        match told.what {
            What::Resolved => {
                require(
                    told.tells_beginning || open.contains(&(told.ticket, told.contact)),
                    "nobody is told of an end and never of the beginning",
                    || format!("{told:?}"),
                )?;
            }
            _ => drop(open.insert((told.ticket, told.contact))),
        }
    }
    Ok(())
}

/// Remembers which customers have nobody whose address works; the vendor's own people are told then, if one of theirs does.
pub(super) fn note_who_has_nobody(world: &mut World) -> Checked {
    let names = [0, 1].map(|n| world.files[n][0].contract.customer.clone());
    let works = read(world, |tx| {
        let works = |customer| -> Result<bool, mailbeat_receiver::store::StoreError> {
            Ok(tx.contacts(customer)?.iter().any(|contact| contact.refused_at.is_none()))
        };
        let vendor = works(None)?;
        let mut found = [vendor; 2];
        for customer in tx.customers()? {
            if let Some(n) = names.iter().position(|name| *name == customer.name) {
                found[n] |= works(Some(customer.id))?;
            }
        }
        Ok((found, vendor))
    })?;
    let now = world.vendor.clock.now();
    for n in [0, 1] {
        // The receiver's own tickets are told to the vendor's people alone.
        if !works.0[n] || !works.1 {
            world.memory.nobody_at[n] = Some(now);
        }
    }
    Ok(())
}

fn had_nobody_since(world: &World, at: Timestamp) -> bool {
    world.memory.nobody_at.iter().flatten().any(|nobody_at| *nobody_at >= at)
}

/// Nobody judged its system any more before it could be told.
fn was_closed_at_rest(events: &[(i64, TicketEvent)]) -> bool {
    events
        .last()
        .is_some_and(|(_, last)| last.what == What::Closed && last.reason.starts_with("nothing is judged"))
}

pub(super) fn everybody_who_is_to_be_told_is_told(world: &mut World) -> Checked {
    let now = world.vendor.clock.now();
    let waiting = read(world, |tx| tx.due_notifications(now, 10))?;
    require(waiting.is_empty(), "everybody who is to be told is told", || format!("{waiting:?}"))?;
    for row in all_tickets(world, false)? {
        let events = read(world, |tx| tx.ticket_events(row.ticket.number))?;
        let news = events.iter().rev().find(|(_, event)| event.what.notifies());
        let (id, event) = news.expect("a ticket was opened");
        let told = world.vendor.told.iter().any(|told| told.event == *id);
        require(
            told || had_nobody_since(world, event.at) || was_closed_at_rest(&events),
            "somebody was told of the last news of every ticket",
            || format!("{row:?}\n    {event:?}"),
        )?;
    }
    Ok(())
}

pub(super) fn what_came_back_is_told_to_the_next(world: &mut World) -> Checked {
    let rows = notifications(world)?;
    for (event, contact, _) in rows.iter().filter(|(_, _, state)| state == "refused") {
        let others = rows.iter().any(|(of, who, state)| of == event && who != contact && state != "refused");
        let told = world.vendor.told.iter().any(|told| told.event == *event && told.contact != *contact);
        require(
            others || told || world.memory.nobody_at.iter().any(Option::is_some),
            "what came back is told to the next",
            || format!("event {event} to contact {contact} of {rows:?}"),
        )?;
    }
    Ok(())
}

fn notifications(world: &World) -> Result<Vec<(i64, i64, String)>, String> {
    let read = || {
        let db = Connection::open_with_flags(world.vendor.path(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut rows = db.prepare("SELECT event, contact, state FROM notifications ORDER BY id")?;
        let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect::<Result<Vec<_>, _>>()
    };
    read().map_err(|error: rusqlite::Error| error.to_string())
}

/// Addresses of people whose mail server refuses notifications.
pub(super) fn refused_addresses(world: &mut World) -> Result<BTreeSet<String>, String> {
    read(world, |tx| {
        let mut refused = BTreeSet::new();
        for customer in tx.customers()?.iter().map(|customer| Some(customer.id)).chain([None]) {
            let contacts = tx.contacts(customer)?.into_iter();
            refused.extend(contacts.filter(|is| is.refused_at.is_some()).map(|contact| contact.email));
        }
        Ok(refused)
    })
}

pub(super) fn an_address_that_is_refused_has_a_ticket(world: &mut World) -> Checked {
    for address in refused_addresses(world)? {
        let told = has_a_ticket(world, "notification-refused", &address)?;
        require(told, "an address that is refused has a ticket", || address)?;
    }
    Ok(())
}
