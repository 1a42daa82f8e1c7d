//! Which branch of a system's history a report belongs to.
//!
//! A host restored from a backup or cloned counts on from an earlier state under the same incarnation. Its reports are
//! genuine; they contradict what is held: another digest at the same sequence, a `previous` that names another report than
//! the one held, or a place in the count that does not fit the time they were made. Such a report opens a branch. Links decide
//! where a neighbour is held; where none is, what was made later cannot have been counted earlier.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::id::Digest;

/// Clocks of two runs of a host are compared with this much patience.
const CLOCKS_AGREE: SignedDuration = SignedDuration::from_mins(2);

/// When a report was made, as it says itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// By the host's clock, which somebody may have set meanwhile.
    pub created_at: Timestamp,
    /// Run of the host and seconds since it began, which nobody can set; `None` where that is not kept any more.
    pub run: Option<(String, u64)>,
}

impl Made {
    /// Whether this was certainly made before `other`.
    fn is_before(&self, other: &Self) -> bool {
        match (&self.run, &other.run) {
            (Some((run, uptime)), Some((other_run, other_uptime))) if run == other_run && !run.is_empty() => {
                uptime.saturating_add(1) < *other_uptime
            }
            _ => other.created_at.duration_since(self.created_at) > CLOCKS_AGREE,
        }
    }
}

/// The report to place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Its sequence.
    pub sequence: u64,
    /// Its digest.
    pub digest: Digest,
    /// The digest of the one before it.
    pub previous: Option<Digest>,
    /// When it was made.
    pub made: Made,
}

/// A branch it may belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known<'a> {
    /// Row.
    pub branch: i64,
    /// The run of the host its newest report came from.
    pub boot_id: &'a str,
}

/// A report held: of its branch the nearest to the one to place, on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its branch.
    pub branch: i64,
    /// Its sequence.
    pub sequence: u64,
    /// Its digest.
    pub digest: Digest,
    /// The digest of the one before it.
    pub previous: Option<Digest>,
    /// When it was made.
    pub made: Made,
}

impl Held {
    /// Whether the digests tell if `sequence` belongs beside it.
    #[must_use]
    pub fn is_linked_to(&self, sequence: u64) -> bool {
        self.sequence.abs_diff(sequence) <= 1
    }
}

/// The branch of this incarnation that the report continues; `None` opens a new one.
///
/// `branches`: those of the report's incarnation, the one last heard of first. `held`: their reports nearest to it, at or
/// below its sequence and at or above it.
#[must_use]
pub fn place(incoming: &Incoming, branches: &[Known<'_>], held: &[Held]) -> Option<i64> {
    let beside = |known: &Known<'_>| {
        let branch = known.branch;
        held.iter().filter(move |held| held.branch == branch)
    };
    let fit = |known: &Known<'_>| beside(known).map(|held| fit(incoming, held)).fold(Fit::Open, Fit::and);
    if let Some(holds) = branches.iter().find(|known| fit(known) == Fit::Holds) {
        return Some(holds.branch);
    }
    let boot = incoming.made.run.as_ref().map(|(boot, _)| boot.as_str()).filter(|boot| !boot.is_empty());
    // Of several that nothing speaks against, the same run of the host says most, then a count that began before.
    let rank = |known: &&Known<'_>| {
        let same_run = boot == Some(known.boot_id);
        let began_before = beside(known).any(|held| held.sequence < incoming.sequence);
        (!same_run, !began_before)
    };
    branches.iter().filter(|known| fit(known) == Fit::Open).min_by_key(rank).map(|known| known.branch)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    Broken,
    Holds,
    /// Nothing speaks against it.
    Open,
}

impl Fit {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Broken, _) | (_, Self::Broken) => Self::Broken,
            (Self::Holds, _) | (_, Self::Holds) => Self::Holds,
            _ => Self::Open,
        }
    }
}

/// What one held report says of another's place beside it.
fn fit(incoming: &Incoming, held: &Held) -> Fit {
    let linked = |holds| if holds { Fit::Holds } else { Fit::Broken };
    let ordered = |in_order| if in_order { Fit::Open } else { Fit::Broken };
    if held.sequence == incoming.sequence {
        linked(held.digest == incoming.digest)
    } else if held.sequence < incoming.sequence {
        if held.is_linked_to(incoming.sequence) {
            linked(incoming.previous == Some(held.digest))
        } else {
            ordered(!incoming.made.is_before(&held.made))
        }
    } else if held.is_linked_to(incoming.sequence) {
        linked(held.previous == Some(incoming.digest))
    } else {
        ordered(!held.made.is_before(&incoming.made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The report with this sequence in this life, made in the second `made` of the host's run `run`.
    #[derive(Clone, Copy)]
    struct Story {
        life: u8,
        sequence: u64,
        run: &'static str,
        made: u64,
    }

    fn digest(life: u8, sequence: u64) -> Digest {
        Digest::of(&[&[life], sequence.to_be_bytes().as_slice()].concat())
    }

    impl Story {
        fn made(self) -> Made {
            let created_at =
                Timestamp::from_second(1_800_000_000 + i64::try_from(self.made).unwrap()).unwrap();
            Made { created_at, run: Some((self.run.to_owned(), self.made)) }
        }

        fn held(self, branch: i64) -> Held {
            let previous = Some(digest(self.life, self.sequence.wrapping_sub(1)));
            let digest = digest(self.life, self.sequence);
            Held { branch, sequence: self.sequence, digest, previous, made: self.made() }
        }

        fn placed(self, branches: &[(i64, &str)], held: &[Held]) -> Option<i64> {
            let known: Vec<_> =
                branches.iter().map(|(branch, boot_id)| Known { branch: *branch, boot_id }).collect();
            let Held { sequence, digest, previous, made, .. } = self.held(0);
            place(&Incoming { sequence, digest, previous, made }, &known, held)
        }
    }

    /// Of a life without restarts and restores: one report an hour.
    fn hourly(life: u8, sequence: u64) -> Story {
        Story { life, sequence, run: "boot", made: sequence.saturating_mul(3600).min(1 << 30) }
    }

    const FIRST: &[(i64, &str)] = &[(1, "boot")];

    #[test]
    fn the_next_report_and_one_after_a_gap_go_on_with_the_branch() {
        let seventh = hourly(1, 7).held(1);
        assert_eq!(hourly(1, 8).placed(FIRST, std::slice::from_ref(&seventh)), Some(1));
        assert_eq!(hourly(1, 20).placed(FIRST, std::slice::from_ref(&seventh)), Some(1));
        assert_eq!(hourly(1, 6).placed(FIRST, std::slice::from_ref(&seventh)), Some(1), "fills a gap");
        assert_eq!(hourly(1, 3).placed(FIRST, &[seventh]), Some(1), "fills it from the other end");
        assert_eq!(hourly(1, 20).placed(FIRST, &[]), Some(1));
    }

    #[test]
    fn a_restored_state_opens_a_branch_at_a_used_sequence_or_at_a_broken_link() {
        for sequence in 6..=8 {
            assert_eq!(hourly(2, sequence).placed(FIRST, &[hourly(1, 7).held(1)]), None, "#{sequence}");
        }
    }

    #[test]
    fn a_restored_state_opens_a_branch_where_no_neighbour_is_held_because_it_was_made_too_late() {
        let held = [hourly(1, 3).held(1), hourly(1, 9).held(1)];
        let restored = Story { life: 2, sequence: 6, run: "boot", made: 12 * 3600 };
        assert_eq!(restored.placed(FIRST, &held), None, "in the same run of the host");
        let restarted = Story { run: "later boot", ..restored };
        assert_eq!(restarted.placed(FIRST, &held), None, "after a restart");
        assert_eq!(hourly(1, 6).placed(FIRST, &held), Some(1), "what was only late goes where it belongs");
    }

    #[test]
    fn a_clock_that_was_set_in_mid_run_makes_no_branch() {
        let late = |clock: i64| {
            let mut held = hourly(1, 9).held(1);
            held.made.created_at += SignedDuration::from_hours(clock);
            hourly(1, 6).placed(FIRST, &[hourly(1, 3).held(1), held])
        };
        assert_eq!((late(-24), late(24)), (Some(1), Some(1)));
    }

    #[test]
    fn two_runs_of_a_host_are_compared_by_its_clock_give_or_take_two_minutes() {
        let earlier_run = |made| Story { life: 1, sequence: 6, run: "earlier boot", made };
        let held = [hourly(1, 9).held(1)];
        assert_eq!(earlier_run(9 * 3600 + 120).placed(FIRST, &held), Some(1));
        assert_eq!(earlier_run(9 * 3600 + 121).placed(FIRST, &held), None);
    }

    #[test]
    fn what_is_no_longer_known_of_a_report_is_no_evidence() {
        let mut forgotten = hourly(1, 9).held(1);
        forgotten.made.run = None;
        assert_eq!(hourly(1, 6).placed(FIRST, &[forgotten]), Some(1));
        let nameless = |sequence, made| Story { life: 1, sequence, run: "", made };
        // Two runs without a name may be two runs.
        assert_eq!(nameless(6, 50).placed(&[(1, "")], &[nameless(9, 10).held(1)]), Some(1));
    }

    #[test]
    fn a_branch_whose_link_holds_wins_over_one_nothing_speaks_against() {
        let restored = hourly(2, 7).held(2);
        let branches = [(1, "boot"), (2, "boot")];
        assert_eq!(hourly(2, 8).placed(&branches, &[restored]), Some(2));
        assert_eq!(hourly(2, 9).placed(&[(2, "boot"), (1, "boot")], &[hourly(1, 8).held(1)]), Some(2));
    }

    #[test]
    fn of_two_clones_after_a_gap_the_one_of_the_same_run_is_meant() {
        let copy = Story { life: 2, sequence: 12, run: "copy's boot", made: 12 * 3600 };
        let held = [hourly(1, 10).held(1), Story { sequence: 10, ..copy }.held(2)];
        let branches = [(1, "boot"), (2, "copy's boot")];
        assert_eq!(copy.placed(&branches, &held), Some(2), "though the other was heard of last");
        assert_eq!(hourly(1, 12).placed(&branches, &held), Some(1));
    }

    #[test]
    fn an_old_report_goes_to_the_history_that_had_begun_when_it_was_made() {
        let opened = Story { life: 2, sequence: 55, run: "second boot", made: 200 * 3600 };
        let held = [hourly(1, 38).held(1), hourly(1, 42).held(1), opened.held(2)];
        let branches = [(2, "second boot"), (1, "boot before it")];
        assert_eq!(hourly(1, 40).placed(&branches, &held), Some(1));
        let overtaken = Story { sequence: 53, made: 198 * 3600, ..opened };
        let held = [hourly(1, 50).held(1), hourly(1, 60).held(1), opened.held(2)];
        assert_eq!(overtaken.placed(&branches, &held), Some(2));
    }

    #[test]
    fn a_report_overtaken_by_its_successor_joins_the_branch_that_one_opened() {
        let taken = [hourly(1, 7).held(1), hourly(2, 8).held(2)];
        assert_eq!(hourly(2, 7).placed(&[(1, "boot"), (2, "boot")], &taken), Some(2));
    }

    #[test]
    fn the_ends_of_the_number_line_are_no_neighbours() {
        assert_eq!(hourly(1, u64::MAX).placed(FIRST, &[hourly(1, 0).held(1)]), Some(1));
        assert_eq!(hourly(1, 0).placed(FIRST, &[hourly(1, u64::MAX).held(1)]), Some(1));
    }

    #[test]
    fn two_reports_within_a_second_of_the_hosts_run_say_nothing_of_their_order() {
        let made = |made| Story { life: 1, sequence: 6, run: "boot", made };
        let held = [hourly(1, 9).held(1)];
        assert_eq!(made(9 * 3600 + 1).placed(FIRST, &held), Some(1));
        assert_eq!(made(9 * 3600 + 2).placed(FIRST, &held), None);
    }

    #[test]
    fn a_link_that_holds_on_one_side_outweighs_that_the_other_side_is_only_not_against_it() {
        let held = [hourly(1, 3).held(1), hourly(2, 7).held(2), hourly(2, 12).held(2)];
        assert_eq!(hourly(2, 8).placed(&[(1, "boot"), (2, "boot")], &held), Some(2));
    }
}
