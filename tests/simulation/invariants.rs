//! What must hold, each said as a sentence: after each op, after each look of the receiver, or once everything has come to rest. They compare what the
//! receiver believes with the ledger of what really happened.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use mailbeat_agent::spool::Fate;
use mailbeat_agent::trail;
use mailbeat_receiver::evaluate::{self, Decision, Occasion};
use mailbeat_receiver::intake::judge::{heard_until, tick};
use mailbeat_receiver::intake::{QuarantineReason, Verdict};
use mailbeat_receiver::store::{Branch, Hole, StoreError, System, SystemState, TicketRow, Tx};
use mailbeat_receiver::ticket::{Ticket, TicketNumber, TicketState, What};
use mailbeat_shared::wire::report::Kind;

use crate::host::Host;
use crate::mail::Genuine;
use crate::world::World;

/// Two heartbeats and the grace that goes with an interval of an hour.
const PROMISE: SignedDuration = SignedDuration::from_mins(2 * 60 + 15);
/// How long a missing report may still arrive.
const GAP: SignedDuration = SignedDuration::from_hours(6);
/// How long a restored state is shown: two intervals and a day.
const SHOWN: SignedDuration = SignedDuration::from_hours(27);
/// How exactly the receiver can know a time: mails travel, and the world goes by minutes.
const SLACK: SignedDuration = SignedDuration::from_mins(4);

/// What invariants remember from look to look.
pub(crate) struct Memory {
    cursors: BTreeMap<i64, (u32, u32)>,
    accused: BTreeSet<(TicketNumber, Timestamp)>,
    judged: usize,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self { cursors: BTreeMap::new(), accused: BTreeSet::new(), judged: 0 }
    }

    /// The receiver's database was set back, and with it what it said before.
    pub(crate) fn forget_the_receiver(&mut self) {
        *self = Self { judged: self.judged, ..Self::new() };
    }
}

type Checked = Result<(), String>;

fn require(holds: bool, sentence: &str, detail: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(format!("{sentence}\n    {}", detail())) }
}

fn read<T>(world: &mut World, read: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>) -> Result<T, String> {
    world.vendor.store.read(read).map_err(|error| format!("the database refuses: {error}"))
}

fn all_tickets(world: &mut World, unresolved: bool) -> Result<Vec<TicketRow>, String> {
    read(world, |tx| tx.tickets(unresolved, i64::MAX, 100_000))
}

/// After each look of the receiver.
pub(crate) fn after_each_look(world: &mut World) -> Checked {
    nobody_is_accused_who_gave_life_as_far_as_the_mailbox_was_read(world)?;
    nothing_is_called_lost_that_came_in_time(world)
}

/// After every op.
pub(crate) fn always(world: &mut World) -> Checked {
    no_forged_mail_changes_anything_of_a_customer(world)?;
    a_ticket_is_the_sum_of_its_events_and_each_has_its_reason(world)?;
    one_ticket_a_key_is_not_closed(world)?;
    what_is_missing_and_heard_to_be_so_has_a_ticket(world)?;
    a_cursor_never_goes_backwards_and_what_is_below_it_is_filed(world)?;
    nobody_is_told_of_an_end_who_was_not_told_of_the_beginning(world)?;
    judging_again_changes_nothing(world)
}

/// Once everything was delivered, read and judged.
pub(crate) fn at_rest(world: &mut World) -> Checked {
    every_report_that_was_delivered_is_recorded_exactly_once(world)?;
    the_trail_is_a_chain_and_its_statements_are_true(world)?;
    only_what_still_holds_has_an_unresolved_ticket(world)?;
    who_is_off_for_long_is_silent_with_one_ticket(world)?;
    every_gap_is_found_or_explained(world)?;
    the_receiver_knows_the_files_or_that_it_does_not(world)?;
    everybody_who_is_to_be_told_is_told(world)
}

fn nobody_is_accused_who_gave_life_as_far_as_the_mailbox_was_read(world: &mut World) -> Checked {
    let tickets = all_tickets(world, true)?;
    let silent = tickets.iter().filter(|row| row.ticket.rule.as_str() == "heartbeat-missing");
    for row in silent {
        if !world.memory.accused.insert((row.ticket.number, row.ticket.holds_since)) {
            continue;
        }
        let Some(system) = row.system else { continue };
        let Some(system) = read(world, |tx| tx.system(system))? else { continue };
        let read_until = world.vendor.drained_at;
        let mail = world.mail.borrow();
        // Of what was read while the receiver's own clock was wrong nobody can say when it was made.
        let judged = &world.vendor.judged;
        let doubtful = |index| judged.iter().any(|look| look.genuine == Some(index) && look.by_wrong_clock);
        let alive = mail.ledger.iter().enumerate().find(|(index, report)| {
            !doubtful(*index)
                && report.system() == system.system_id
                && report.delivered_at.is_some_and(|at| at <= read_until)
                && report.made_at + PROMISE > read_until + SLACK
        });
        require(
            alive.is_none(),
            "nobody is accused of silence who gave life within its promise as far as the mailbox was read",
            || {
                let (_, report) = alive.expect("it was found");
                format!(
                    "{} {} ({}), read until {read_until}, but #{} was made at {} and delivered at {:?}; the receiver says life_at {:?}",
                    row.ticket.number,
                    row.ticket.title,
                    world.now,
                    report.report.sequence,
                    report.made_at,
                    report.delivered_at,
                    system.life_at
                )
            },
        )?;
    }
    Ok(())
}

fn nothing_is_called_lost_that_came_in_time(world: &mut World) -> Checked {
    let tickets = all_tickets(world, true)?;
    for row in tickets.iter().filter(|row| row.ticket.rule.as_str() == "reports-lost") {
        let Some(system) = row.system else { continue };
        if !world.memory.accused.insert((row.ticket.number, row.ticket.holds_since)) {
            continue;
        }
        let (system, holes, branches) = read(world, |tx| {
            Ok((tx.system(system)?.expect("a ticket's system"), tx.holes(system)?, tx.branches(system)?))
        })?;
        if hosts_of(world, &system).iter().any(|host| host.forked) {
            continue;
        }
        let (mail, now) = (world.mail.borrow(), world.now);
        let came_in_time = |sent: &Genuine, hole: &Hole| {
            let branch = branches.iter().find(|branch| branch.id == hole.branch);
            (hole.range.0..=hole.range.1).contains(&sent.report.sequence)
                && branch.is_some_and(|branch| branch.incarnation == sent.report.incarnation)
                && sent.delivered_at.is_some_and(|at| at <= hole.seen_at + GAP)
        };
        let here = mail.ledger.iter().enumerate().find(|(index, sent)| {
            let its = sent.system() == system.system_id && !poisoned(world, *index);
            its && holes.iter().any(|hole| hole.seen_at + GAP <= now + SLACK && came_in_time(sent, hole))
        });
        require(here.is_none(), "nothing is called lost that came to the mailbox in time", || {
            format!("at {now}: {row:?} {:?}", here.map(|(_, sent)| (sent.report.sequence, sent.delivered_at)))
        })?;
    }
    Ok(())
}

fn no_forged_mail_changes_anything_of_a_customer(world: &mut World) -> Checked {
    let judged = &world.vendor.judged[world.memory.judged..];
    for look in judged.iter().filter(|look| look.genuine.is_none()) {
        require(!look.changed, "no forged mail changes anything of a customer", || look.detail.clone())?;
        require(matches!(look.verdict, Verdict::Quarantined(_)), "a forged mail is quarantined", || {
            format!("{:?}: {}", look.verdict, look.detail)
        })?;
    }
    world.memory.judged = world.vendor.judged.len();
    Ok(())
}

/// The receiver looks each quarter of an hour: half an hour late is late.
fn what_is_missing_and_heard_to_be_so_has_a_ticket(world: &mut World) -> Checked {
    if !world.vendor.on || world.vendor.clock_is_wrong {
        return Ok(());
    }
    let (tickets, now) = (all_tickets(world, false)?, world.vendor.clock.now());
    for system in read(world, |tx| tx.systems(0, 1000))? {
        let told = tickets.iter().any(|row| {
            let its = row.system == Some(system.id) && row.ticket.rule.as_str() == "reports-lost";
            its && row.ticket.state != TicketState::Closed
        });
        let half_an_hour = SignedDuration::from_mins(30);
        let (holes, heard) =
            read(world, |tx| Ok((tx.holes(system.id)?, heard_until(tx, system.id, now - half_an_hour)?)))?;
        let late =
            holes.iter().find(|hole| heard.is_some_and(|heard| hole.seen_at + GAP + half_an_hour < heard));
        require(told || late.is_none(), "what is missing for six hours has a ticket", || {
            format!("{} at {now}: {late:?}", system.host)
        })?;
    }
    Ok(())
}

fn a_ticket_is_the_sum_of_its_events_and_each_has_its_reason(world: &mut World) -> Checked {
    for row in all_tickets(world, false)? {
        let events = read(world, |tx| tx.ticket_events(row.ticket.number))?;
        let mut events = events.iter().map(|(_, event)| event);
        let (rule, subject) = (row.ticket.rule.clone(), row.ticket.subject.clone());
        let mut sum = events.next().and_then(|first| Ticket::open(row.ticket.number, rule, subject, first));
        for event in events {
            require(!event.reason.trim().is_empty(), "every event has its reason", || format!("{event:?}"))?;
            if let Some(sum) = &mut sum {
                sum.apply(event);
            }
        }
        require(sum.as_ref() == Some(&row.ticket), "a ticket is the sum of its events", || {
            format!("{sum:?} is not {:?}", row.ticket)
        })?;
    }
    Ok(())
}

fn one_ticket_a_key_is_not_closed(world: &mut World) -> Checked {
    let mut keys = BTreeSet::new();
    for row in all_tickets(world, false)? {
        let key = (row.customer, row.system, row.ticket.rule.clone(), row.ticket.subject.clone());
        let closed = row.ticket.state.as_str() == "closed";
        require(closed || keys.insert(key), "one ticket a key is not closed", || format!("{row:?}"))?;
    }
    Ok(())
}

fn a_cursor_never_goes_backwards_and_what_is_below_it_is_filed(world: &mut World) -> Checked {
    let folders = read(world, |tx| {
        let Some(mailbox) = tx.mailboxes()?.first().map(|mailbox| mailbox.id) else { return Ok(vec![]) };
        let folders = (1..=2).filter_map(|id| tx.folder(id).transpose()).collect::<Result<Vec<_>, _>>()?;
        Ok(folders.into_iter().filter(|folder| folder.mailbox == mailbox).collect())
    })?;
    for (n, folder) in folders.iter().enumerate() {
        let now = (folder.uidvalidity, folder.last_uid);
        let before = world.memory.cursors.insert(folder.id, now).unwrap_or(now);
        require(before.0 != now.0 || before.1 <= now.1, "a cursor never goes backwards", || {
            format!("{before:?} -> {now:?}")
        })?;
        let mail = std::rc::Rc::clone(&world.mail);
        let mail = mail.borrow();
        if mail.folders[n].uidvalidity != folder.uidvalidity {
            continue;
        }
        let below: Vec<u32> = mail.folders[n].mails.range(..=folder.last_uid).map(|(uid, _)| *uid).collect();
        let unfiled = read(world, |tx| tx.unfiled_below_cursor(folder.id, folder.uidvalidity, &below))?;
        require(unfiled.is_empty(), "every mail at or below the cursor was filed or is noted to be", || {
            format!("{}: {unfiled:?}", folder.name)
        })?;
    }
    Ok(())
}

fn nobody_is_told_of_an_end_who_was_not_told_of_the_beginning(world: &mut World) -> Checked {
    let mut open = BTreeSet::new();
    for told in &world.vendor.told {
        match told.what {
            What::Resolved => {
                require(
                    open.contains(&(told.ticket, told.contact)),
                    "nobody is told of an end who was not told of the beginning",
                    || format!("{told:?}"),
                )?;
            }
            _ => drop(open.insert((told.ticket, told.contact))),
        }
    }
    Ok(())
}

/// Undoes the transaction it ends, and brings out what was seen in it.
enum Seen {
    Decisions(Vec<(String, Decision)>),
    Failed(StoreError),
}

impl From<StoreError> for Seen {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

fn judging_again_changes_nothing(world: &mut World) -> Checked {
    let (now, rules) = (world.vendor.clock.now(), world.vendor.rules.clone());
    let seen = world.vendor.store.write(|tx| {
        let mut decisions = Vec::new();
        for system in tx.systems(0, 100)? {
            tick(tx, system.id, &rules, now)?;
            let occasion = Occasion::Tick { heard_until: heard_until(tx, system.id, now)? };
            let system = tx.system(system.id)?.expect("it was there");
            let view = tx.system_view(&system, now)?;
            decisions.push((system.host, evaluate::judge(&view, occasion, &rules, now)));
        }
        Err::<(), _>(Seen::Decisions(decisions))
    });
    match seen {
        Ok(()) => Ok(()),
        Err(Seen::Failed(error)) => Err(format!("the database refuses: {error}")),
        Err(Seen::Decisions(decisions)) => decisions.into_iter().try_for_each(|(host, decision)| {
            require(
                decision.findings.is_empty() && decision.tickets.is_empty(),
                "judging again changes nothing",
                || format!("{host} at {now}: {decision:?}"),
            )
        }),
    }
}

fn every_report_that_was_delivered_is_recorded_exactly_once(world: &mut World) -> Checked {
    let recorded = read(world, |tx| {
        let mut all = Vec::new();
        for system in tx.systems(0, 1000)? {
            let reports = tx.reports(system.id, i64::MAX, 1_000_000)?;
            all.extend(reports.into_iter().map(|report| (system.system_id, report)));
        }
        Ok(all)
    })?;
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
            || verdicts.iter().any(|verdict| verdict.contains(&poison));
        require(
            excused || seen.contains(&sent.digest.to_string()),
            "every report that was delivered is recorded",
            || {
                format!(
                    "#{} {:?} of host-{} made {} delivered {:?}: {verdicts:?}",
                    sent.report.sequence,
                    sent.kind(),
                    sent.host,
                    sent.made_at,
                    sent.delivered_at
                )
            },
        )?;
    }
    Ok(())
}

/// A genuine mail that was never parsed because reading it died twice.
fn poisoned(world: &World, index: usize) -> bool {
    world.mail.borrow().filed.iter().any(|mail| mail.genuine == Some(index))
        && !world.vendor.judged.iter().any(|look| look.genuine == Some(index))
}

fn the_trail_is_a_chain_and_its_statements_are_true(world: &mut World) -> Checked {
    for host in &world.hosts {
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

/// The hosts that report as this system.
fn hosts_of<'a>(world: &'a World, system: &System) -> Vec<&'a Host> {
    world.hosts.iter().filter(|host| host.identity().system == system.system_id).collect()
}

fn is_alive(host: &&Host) -> bool {
    host.on && host.active
}

/// Whether a mail of this system was lost on the way, or set aside unread.
fn lost_mail(world: &World, system: &System, kind: Option<Kind>) -> bool {
    let mail = world.mail.borrow();
    mail.ledger.iter().enumerate().any(|(index, sent)| {
        sent.system() == system.system_id
            && kind.is_none_or(|kind| sent.kind() == kind)
            && (sent.dropped || sent.delivered_at.is_some() && poisoned(world, index))
    })
}

fn only_what_still_holds_has_an_unresolved_ticket(world: &mut World) -> Checked {
    for row in all_tickets(world, true)? {
        let rule = row.ticket.rule.as_str();
        let Some(system) = row.system else {
            let waiting = read(world, |tx| tx.quarantine_waiting(0, 1))?;
            let holds = rule == "quarantine-waiting" && !waiting.is_empty();
            require(holds, "only what still holds has an unresolved ticket", || format!("{row:?}"))?;
            continue;
        };
        let system = read(world, |tx| tx.system(system))?.expect("a ticket's system");
        let branches = read(world, |tx| tx.branches(system.id))?;
        let hosts = hosts_of(world, &system);
        let alive: Vec<&&Host> = hosts.iter().filter(|host| is_alive(host)).collect();
        let frozen = alive.is_empty();
        let holds = match rule {
            "heartbeat-missing" | "system-report-missing" => frozen && system.state == SystemState::Active,
            "agent-deactivated" => frozen,
            "filesystem-full" => frozen || alive.iter().any(|host| host.body.borrow().disk >= 83),
            // Of a host that is off, something may still lie in the queue.
            "reports-lost" if frozen => true,
            "reports-lost" => lost_mail(world, &system, None) || hosts.iter().any(|host| host.forked),
            // A restored state that counts where the old one left a gap is told apart only when they meet: it is noticed late.
            "state-restored" => {
                let forked = hosts.iter().any(|host| host.forked);
                forked && branches.iter().any(|branch| branch.opened_at + SHOWN > world.now)
            }
            "system-cloned" => alive.len() > 1,
            "clock-wrong" => frozen || alive.iter().any(|host| !host.wrong_by.is_zero()),
            _ => false,
        };
        let lines: Vec<String> = branches.iter().map(|branch| format!("\n    {branch:?}")).collect();
        require(holds, "only what still holds has an unresolved ticket", || {
            format!("at {}: {row:?}\n    {system:?}{}", world.now, lines.concat())
        })?;
    }
    Ok(())
}

fn who_is_off_for_long_is_silent_with_one_ticket(world: &mut World) -> Checked {
    let systems = read(world, |tx| tx.systems(0, 1000))?;
    let tickets = all_tickets(world, false)?;
    for system in systems.iter().filter(|system| system.deactivated_at.is_none()) {
        if system.state != SystemState::Active {
            continue;
        }
        let hosts = hosts_of(world, system);
        // Consent that was withdrawn while nothing could be sent is not known to the receiver.
        if hosts.iter().any(is_alive) {
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

/// What a person called over stays over until it begins anew.
fn resolved_by_a_person(world: &mut World, number: TicketNumber) -> Result<bool, String> {
    let events = read(world, |tx| tx.ticket_events(number))?;
    let last = events.iter().rev().find(|(_, event)| event.what.notifies());
    Ok(last.is_some_and(|(_, event)| event.what == What::Resolved && event.by != "mailbeat"))
}

fn every_gap_is_found_or_explained(world: &mut World) -> Checked {
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
            let of = mail
                .ledger
                .iter()
                .filter(|sent| sent.report.incarnation == branch.incarnation && sent.delivered_at.is_some());
            of.map(|sent| sent.report.sequence).min()
        };
        let before_the_first = |sent: &&Genuine| {
            branches.iter().any(|branch| {
                branch.incarnation == sent.report.incarnation && first_of(branch) > Some(sent.report.sequence)
            })
        };
        let silent = mail.ledger.iter().filter(missing).find(|sent| !stated(sent) && !before_the_first(sent));
        require(silent.is_none(), "every report that was lost is missed or was explained", || {
            format!("{}: #{:?} of {holes:?}", system.host, silent.map(|sent| sent.report.sequence))
        })?;
    }
    Ok(())
}

fn the_receiver_knows_the_files_or_that_it_does_not(world: &mut World) -> Checked {
    for system in read(world, |tx| tx.systems(0, 1000))? {
        let (branch, files) = read(world, |tx| {
            let Some(branch) = tx.branches(system.id)?.into_iter().next() else { return Ok((None, None)) };
            let files = tx.snapshot(branch.id)?;
            Ok((Some(branch), Some(files)))
        })?;
        let hosts = hosts_of(world, &system);
        let ([host], Some(branch), Some(files)) = (hosts.as_slice(), branch, files) else { continue };
        if !is_alive(host) {
            continue;
        }
        let unknown = branch.unknown_since.is_some();
        let excused = host.forked || lost_mail(world, &system, Some(Kind::System));
        require(!unknown || excused, "files are unknown only where a system report is missing", || {
            format!("{}: {branch:?}", system.host)
        })?;
        require(
            unknown || files == host.body.borrow().files,
            "the receiver knows the files of a host",
            || format!("{}: {branch:?}\n    {files:?}\n    {:?}", system.host, host.body.borrow().files),
        )?;
    }
    Ok(())
}

fn everybody_who_is_to_be_told_is_told(world: &mut World) -> Checked {
    let now = world.vendor.clock.now();
    let waiting = read(world, |tx| tx.due_notifications(now, 10))?;
    require(waiting.is_empty(), "everybody who is to be told is told", || format!("{waiting:?}"))
}
