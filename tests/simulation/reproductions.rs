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
