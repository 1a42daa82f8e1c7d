//! Every fault the simulation found, as the shortest story that shows it.

use crate::model::{Answer, Change, Fate, Op, Said};
use crate::run;

fn holds(ops: &[Op]) {
    holds_in(1, ops);
}

/// In the world of a seed, where slots and ids matter.
fn holds_in(seed: u64, ops: &[Op]) {
    if let Err(violated) = run(seed, ops) {
        panic!("{violated}");
    }
}

#[test]
fn a_quiet_week_passes() {
    holds(&[Op::Advance { minutes: 3 * 24 * 60 }, Op::Settle]);
}

#[test]
fn a_receiver_whose_clock_was_set_back_for_half_an_hour_accuses_nobody_afterwards() {
    holds(&[Op::ReceiverClock { minutes: -600 }, Op::Advance { minutes: 350 }, Op::Settle]);
}

#[test]
fn after_a_deactivation_a_restored_state_still_resolves_itself() {
    holds(&[
        Op::AgentBackup { host: 1 },
        Op::Advance { minutes: 366 },
        Op::AgentRestore { host: 1 },
        Op::Advance { minutes: 314 },
        Op::Deactivate { host: 1 },
        Op::Settle,
    ]);
}

#[test]
fn a_gap_is_no_loss_while_the_mailbox_that_may_hold_it_cannot_be_read() {
    holds(&[
        Op::Advance { minutes: 5 },
        Op::Mails { host: 0, fate: Fate::Late { minutes: 130 }, count: 1 },
        Op::Advance { minutes: 125 },
        Op::Mailbox { up: false },
        Op::Advance { minutes: 600 },
        Op::Settle,
    ]);
}

#[test]
fn a_system_whose_reports_were_imported_after_a_restore_can_be_silent_again() {
    holds(&[
        Op::Advance { minutes: 60 },
        Op::ReceiverBackup,
        Op::Advance { minutes: 700 },
        Op::Power { host: 0, on: false },
        Op::Advance { minutes: 1 },
        Op::ReceiverRestore,
        Op::Settle,
    ]);
}

#[test]
fn of_two_clones_whose_reports_cross_nobody_says_that_a_state_was_restored() {
    holds_in(
        35,
        &[
            Op::Advance { minutes: 1643 },
            Op::HostClock { host: 1, minutes: 15 },
            Op::Advance { minutes: 187 },
            Op::AgentClone { host: 1 },
            Op::Advance { minutes: 25 },
            Op::Mails { host: 0, fate: Fate::Late { minutes: 582 }, count: 1 },
            Op::Advance { minutes: 25 },
            Op::Settle,
        ],
    );
}

#[test]
fn a_system_that_is_paused_is_not_called_silent_any_more() {
    holds(&[
        Op::Advance { minutes: 60 },
        Op::Power { host: 0, on: false },
        Op::Advance { minutes: 300 },
        Op::Pause { host: 0, on: true },
        Op::Settle,
    ]);
}

#[test]
fn a_system_that_is_still_silent_after_a_pause_is_called_silent_again() {
    holds(&[
        Op::Advance { minutes: 20 },
        Op::Power { host: 1, on: false },
        Op::Advance { minutes: 223 },
        Op::Pause { host: 1, on: true },
        Op::Advance { minutes: 58 },
        Op::Pause { host: 1, on: false },
        Op::Settle,
    ]);
}

#[test]
fn a_report_that_was_lost_is_missed_though_others_go_on_coming_each_hour() {
    let lost = Op::Mails { host: 0, fate: Fate::Drop, count: 1 };
    holds(&[Op::Advance { minutes: 100 }, lost, Op::Advance { minutes: 600 }]);
}

/// A contract that ends in a day, with so many days of grace, and a host that knows.
fn ends_in_a_day(grace: u8) -> [Op; 2] {
    [Op::Renew { customer: 1, days: 1, grace, approve: false }, Op::TakeUp { host: 2 }]
}

#[test]
fn a_system_whose_contract_is_over_is_not_called_silent() {
    let [renewed, taken_up] = ends_in_a_day(0);
    let day = Op::Advance { minutes: 24 * 60 };
    holds(&[Op::Advance { minutes: 90 }, renewed, taken_up, day, day, day, Op::Settle]);
}

#[test]
fn in_the_grace_days_of_a_contract_no_system_report_is_missed() {
    let [renewed, taken_up] = ends_in_a_day(4);
    let day = Op::Advance { minutes: 24 * 60 };
    holds(&[Op::Advance { minutes: 90 }, renewed, taken_up, day, day, day, day, Op::Settle]);
}

#[test]
fn a_silent_systems_ticket_ends_with_its_contract() {
    let [renewed, taken_up] = ends_in_a_day(0);
    let (off, day) = (Op::Power { host: 2, on: false }, Op::Advance { minutes: 24 * 60 });
    holds(&[Op::Advance { minutes: 90 }, renewed, taken_up, off, day, day]);
}

#[test]
fn a_system_that_does_not_come_back_after_a_renewal_is_called_silent() {
    let [ends, taken_up] = ends_in_a_day(0);
    let (off, day) = (Op::Power { host: 2, on: false }, Op::Advance { minutes: 24 * 60 });
    let renewed = Op::Renew { customer: 1, days: 0, grace: 0, approve: false };
    holds(&[Op::Advance { minutes: 90 }, ends, taken_up, day, off, day, day, renewed, Op::Settle]);
}

#[test]
fn what_a_person_who_left_was_to_be_told_is_told_to_the_next() {
    holds(&[
        Op::Contact { customer: 0, change: Change::Added },
        Op::Advance { minutes: 90 },
        Op::Notifications { answer: Answer::Defer, count: 20 },
        Op::Power { host: 0, on: false },
        Op::Advance { minutes: 200 },
        Op::Contact { customer: 0, change: Change::Removed },
        Op::Settle,
    ]);
}

#[test]
fn somebody_responsible_twice_whose_address_is_refused_is_one_ticket() {
    holds(&[
        Op::Contact { customer: 0, change: Change::Added },
        Op::Contact { customer: 2, change: Change::Added },
        Op::Advance { minutes: 90 },
        Op::Notifications { answer: Answer::Refuse, count: 6 },
        Op::Power { host: 0, on: false },
        Op::Advance { minutes: 400 },
        Op::Settle,
    ]);
}

#[test]
fn what_waited_since_our_clock_was_behind_says_nothing_of_a_hosts_clock() {
    holds(&[
        Op::Advance { minutes: 90 },
        Op::SetUpAnew { host: 2, same_system: true },
        Op::ReceiverClock { minutes: -45 },
        Op::Advance { minutes: 40 },
        Op::Approve { host: 2 },
        Op::Advance { minutes: 120 },
        Op::Mails { host: 2, fate: Fate::Drop, count: 1 },
        Op::Advance { minutes: 140 },
    ]);
}

/// No fault led to it: what checks do, at its shortest.
#[test]
fn a_check_that_turns_that_flaps_between_two_heartbeats_and_that_goes_is_told_with_the_right_tickets() {
    holds(&[
        Op::Check { host: 0, says: Said::Warning },
        Op::Blip { host: 1, says: Said::Critical },
        Op::Smtp { host: 1, answer: Answer::Defer, count: 12 },
        Op::AgentCrash { host: 1, after_sending: false },
        Op::Settle,
        Op::Check { host: 0, says: Said::Gone },
        Op::Check { host: 1, says: Said::Unknown },
        Op::Settle,
        Op::Check { host: 0, says: Said::Ok },
        Op::Check { host: 1, says: Said::Ok },
        Op::Settle,
    ]);
}

#[test]
fn who_could_not_be_told_before_a_system_was_paused_hears_nothing_and_nothing_waits() {
    holds(&[
        Op::Notifications { answer: Answer::Defer, count: 20 },
        Op::Power { host: 0, on: false },
        Op::Advance { minutes: 160 },
        Op::Pause { host: 0, on: true },
        Op::Settle,
    ]);
}

#[test]
fn an_end_that_was_taken_back_before_a_host_knew_of_it_is_none() {
    holds(&[
        Op::Advance { minutes: 39 },
        Op::Renew { customer: 0, days: 1, grace: 0, approve: false },
        Op::Renew { customer: 0, days: 0, grace: 0, approve: true },
        Op::Settle,
    ]);
}

#[test]
fn who_was_silent_until_a_key_was_approved_was_so_in_the_copy_that_was_restored_too() {
    holds(&[
        Op::Advance { minutes: 14 },
        Op::NewKey { host: 1, vouched: false },
        Op::Advance { minutes: 285 },
        Op::Mailbox { up: false },
        Op::Advance { minutes: 77 },
        Op::Approve { host: 1 },
        Op::ReceiverBackup,
        Op::ReceiverRestore,
        Op::Advance { minutes: 5 },
    ]);
}

#[test]
fn what_is_missing_at_the_beginning_of_a_later_history_is_missed_too() {
    holds(&[
        Op::Advance { minutes: 1053 },
        Op::Deactivate { host: 1 },
        Op::Mails { host: 1, fate: Fate::Late { minutes: 237 }, count: 3 },
        Op::Mails { host: 1, fate: Fate::Drop, count: 1 },
        Op::Activate { host: 1 },
        Op::Advance { minutes: 276 },
        Op::Settle,
    ]);
}
