//! Every fault the simulation found, as the shortest story that shows it.

use crate::model::{Fate, Op};
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
