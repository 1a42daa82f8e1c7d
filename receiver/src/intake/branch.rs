//! Which branch of a system's history a report belongs to.
//!
//! A host restored from a backup or cloned counts on from an earlier state under the same incarnation. Its reports are
//! genuine; they contradict what is held: another digest at the same sequence, or a `previous` that names another report than
//! the one held. Such a report opens a branch. Links are checked only where both neighbours are held.

use mailbeat_shared::wire::id::Digest;

/// A report held near the one to place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its branch.
    pub branch: i64,
    /// Its sequence.
    pub sequence: u64,
    /// Its digest.
    pub digest: Digest,
    /// The digest of the one before it.
    pub previous: Option<Digest>,
}

/// The branch of this incarnation that `sequence` continues; `None` opens a new one.
///
/// `branches`: those of the report's incarnation, the one last heard of first. `held`: their reports at `sequence - 1`,
/// `sequence` and `sequence + 1`.
#[must_use]
pub fn place(
    sequence: u64,
    digest: Digest,
    previous: Option<Digest>,
    branches: &[i64],
    held: &[Held],
) -> Option<i64> {
    let link = |branch: i64| {
        let neighbours = held.iter().filter(|held| held.branch == branch);
        neighbours.map(|held| link(sequence, digest, previous, held)).fold(Link::Open, Link::and)
    };
    let fits = |wanted: Link| branches.iter().copied().find(|branch| link(*branch) == wanted);
    fits(Link::Holds).or_else(|| fits(Link::Open))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
    Broken,
    Holds,
    /// The neighbour is not held: nothing speaks against it.
    Open,
}

impl Link {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Broken, _) | (_, Self::Broken) => Self::Broken,
            (Self::Holds, _) | (_, Self::Holds) => Self::Holds,
            _ => Self::Open,
        }
    }
}

fn link(sequence: u64, digest: Digest, previous: Option<Digest>, held: &Held) -> Link {
    let same = if held.sequence == sequence {
        held.digest == digest
    } else if held.sequence.checked_add(1) == Some(sequence) {
        previous == Some(held.digest)
    } else if sequence.checked_add(1) == Some(held.sequence) {
        held.previous == Some(digest)
    } else {
        return Link::Open;
    };
    if same { Link::Holds } else { Link::Broken }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digest of the report with this sequence in this life.
    fn digest(life: u8, sequence: u64) -> Digest {
        Digest::of(&[&[life], sequence.to_be_bytes().as_slice()].concat())
    }

    fn held(branch: i64, life: u8, sequence: u64) -> Held {
        Held {
            branch,
            sequence,
            digest: digest(life, sequence),
            previous: Some(digest(life, sequence.wrapping_sub(1))),
        }
    }

    fn placed(life: u8, sequence: u64, branches: &[i64], held: &[Held]) -> Option<i64> {
        let previous = Some(digest(life, sequence.wrapping_sub(1)));
        place(sequence, digest(life, sequence), previous, branches, held)
    }

    #[test]
    fn the_next_report_and_one_after_a_gap_go_on_with_the_branch() {
        assert_eq!(placed(1, 8, &[1], &[held(1, 1, 7)]), Some(1));
        assert_eq!(placed(1, 20, &[1], &[]), Some(1));
        assert_eq!(placed(1, 6, &[1], &[held(1, 1, 7)]), Some(1), "fills a gap");
    }

    #[test]
    fn a_restored_state_opens_a_branch_at_a_used_sequence_or_at_a_broken_link() {
        assert_eq!(placed(2, 7, &[1], &[held(1, 1, 7)]), None);
        assert_eq!(placed(2, 8, &[1], &[held(1, 1, 7)]), None);
        assert_eq!(placed(2, 6, &[1], &[held(1, 1, 7)]), None);
    }

    #[test]
    fn a_branch_whose_link_holds_wins_over_one_nothing_speaks_against() {
        let restored = held(2, 2, 7);
        assert_eq!(placed(2, 8, &[1, 2], &[restored]), Some(2));
        assert_eq!(placed(2, 9, &[2, 1], &[held(1, 1, 8)]), Some(2), "branch 1 contradicts");
    }

    #[test]
    fn a_report_overtaken_by_its_successor_joins_the_branch_that_one_opened() {
        let taken = [held(1, 1, 6), held(1, 1, 7), held(2, 2, 8)];
        assert_eq!(placed(2, 7, &[1, 2], &taken), Some(2));
    }

    #[test]
    fn the_ends_of_the_number_line_are_no_neighbours() {
        assert_eq!(placed(1, u64::MAX, &[1], &[held(1, 1, 0)]), Some(1));
        assert_eq!(placed(1, 0, &[1], &[held(1, 1, u64::MAX)]), Some(1));
    }
}
