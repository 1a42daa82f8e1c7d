//! Every fault the simulation found, as the shortest story that shows it.

use crate::model::Op;
use crate::run;

fn holds(ops: &[Op]) {
    if let Err(violated) = run(1, ops) {
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
