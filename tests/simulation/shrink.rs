//! From a list of ops that fails to a short one that fails in the same way.

use crate::model::Op;

/// The list with what is not needed for the failure taken out, in as many tries as `patience` allows.
pub(crate) fn shrink(ops: &[Op], patience: usize, mut fails: impl FnMut(&[Op]) -> bool) -> Vec<Op> {
    let mut least = ops.to_vec();
    let mut tries = 0;
    let mut piece = least.len().div_ceil(2);
    while piece > 0 {
        let mut at = 0;
        let mut removed = false;
        while at < least.len() && tries < patience {
            let mut fewer = least.clone();
            fewer.drain(at..(at + piece).min(least.len()));
            tries += 1;
            if fails(&fewer) {
                least = fewer;
                removed = true;
            } else {
                at += piece;
            }
        }
        if tries >= patience {
            break;
        }
        piece = if piece == 1 && !removed { 0 } else { piece.div_ceil(2).min(piece.max(2) - 1).max(1) };
    }
    least
}
