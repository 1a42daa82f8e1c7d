//! What must hold of mailboxes.

use jiff::SignedDuration;

use super::{Checked, all_tickets, read, require, resolved_by_a_person};
use crate::world::World;

pub(super) fn a_cursor_never_goes_backwards_and_what_is_below_it_is_filed(world: &mut World) -> Checked {
    let folders = read(world, |tx| {
        let (mailboxes, mut folders) = (tx.mailboxes()?, Vec::new());
        for id in 1..=4 {
            let Some(folder) = tx.folder(id)? else { continue };
            let name =
                mailboxes.iter().find(|mailbox| mailbox.id == folder.mailbox).map(|is| is.name.clone());
            folders.push((name.unwrap_or_default(), folder));
        }
        Ok(folders)
    })?;
    for (mailbox, folder) in folders {
        let now = (folder.uidvalidity, folder.last_uid);
        let before = world.memory.cursors.insert(folder.id, now).unwrap_or(now);
        require(before.0 != now.0 || before.1 <= now.1, "a cursor never goes backwards", || {
            format!("{before:?} -> {now:?}")
        })?;
        let mail = std::rc::Rc::clone(&world.mail);
        let mail = mail.borrow();
        let mailbox = mail.mailboxes.iter().find(|is| is.name == mailbox).expect("it is one of the two");
        let there = &mailbox.folders[usize::from(folder.name != "INBOX")];
        if there.uidvalidity != folder.uidvalidity {
            continue;
        }
        let below: Vec<u32> = there.mails.range(..=folder.last_uid).map(|(uid, _)| *uid).collect();
        let unfiled = read(world, |tx| tx.unfiled_below_cursor(folder.id, folder.uidvalidity, &below))?;
        require(unfiled.is_empty(), "every mail at or below the cursor was filed or is noted to be", || {
            format!("{}: {unfiled:?}", folder.name)
        })?;
    }
    Ok(())
}

/// The receiver looks each quarter of an hour: half an hour late is late.
pub(super) fn a_mailbox_that_cannot_be_read_has_a_ticket(world: &mut World) -> Checked {
    if !world.vendor.on || world.vendor.clock_is_wrong {
        return Ok(());
    }
    let (tickets, now) = (all_tickets(world, false)?, world.vendor.clock.now());
    for mailbox in read(world, |tx| tx.mailboxes())? {
        let half_an_hour = SignedDuration::from_mins(30);
        let Some((since, _)) = mailbox.unreachable.filter(|(since, _)| *since + half_an_hour < now) else {
            continue;
        };
        let about = |row: &&super::TicketRow| {
            row.ticket.rule.as_str() == "mailbox-unreachable" && row.ticket.subject == mailbox.name
        };
        let newest = tickets.iter().filter(about).max_by_key(|row| row.ticket.number);
        let told = match newest {
            Some(row) => row.ticket.state.is_unresolved() || resolved_by_a_person(world, row.ticket.number)?,
            None => false,
        };
        require(told, "a mailbox that cannot be read has a ticket", || {
            format!("{} since {since} at {now}", mailbox.name)
        })?;
    }
    Ok(())
}
