//! What to fetch next, and how carefully: the plan after an unclean end.
//!
//! A mail that kills the process (a stack overflow cannot be caught), or whose server's answer cannot be read, must not do so for ever.
//! Every attempt is counted durably before anything is parsed. UIDs of a window that ended uncleanly are read a few at a time, and where
//! that ends uncleanly too one by one; a UID that was then tried alone, or alone twice, is quarantined unparsed.

/// UIDs `first..=last` and how often they were tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// First UID.
    pub first: u32,
    /// Last UID.
    pub last: u32,
    /// How often it was begun, this time included.
    pub attempts: u32,
}

/// One step of reading a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Count this attempt, fetch, record.
    Fetch(Window),
    /// Do not fetch: record [`super::Prepared::poison`] for this UID.
    Poison(u32),
}

/// UIDs read at a time where the process ended among many: of hundreds in the making it would take minutes to read each alone.
const FEW: u32 = 25;

/// What is known of a UID from windows that were begun and never recorded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Suspicion {
    /// Nothing.
    None,
    /// The process ended over it and many others.
    AmongMany,
    /// It ended over it and a few others, or over it alone for the first time; so often was it tried.
    Near(u32),
    /// It ended over it alone, and not for the first time.
    Alone,
}

impl Suspicion {
    fn of(uid: u32, open: &[Window]) -> Self {
        let (mut most, mut others) = (0, u32::MAX);
        for window in open.iter().filter(|window| (window.first..=window.last).contains(&uid)) {
            most = most.max(window.attempts);
            others = others.min(window.last - window.first);
        }
        match (most, others) {
            (0, _) => Self::None,
            (1, FEW..) => Self::AmongMany,
            (2.., 0) => Self::Alone,
            (tries, _) => Self::Near(tries),
        }
    }
}

/// The steps that read UIDs `cursor + 1 ..= last` in order, at most `size` at a time where nothing is suspicious. `open`: windows
/// begun and never recorded.
#[must_use]
pub fn plan(cursor: u32, last: u32, size: u32, open: &[Window]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut next = cursor.saturating_add(1);
    while next <= last && next > cursor {
        let suspicion = Suspicion::of(next, open);
        let (most, attempts) = match suspicion {
            Suspicion::None => (size, 1),
            Suspicion::AmongMany => (FEW.min(size), 2),
            Suspicion::Near(tries) => (1, tries.saturating_add(1)),
            Suspicion::Alone => (1, 0),
        };
        // As far as the same is known of its neighbours, which changes only where a window begins or ends.
        let limit = last.min(next.saturating_add(most.max(1) - 1));
        let edges = open.iter().flat_map(|window| [window.first, window.last.saturating_add(1)]);
        let edge = edges.filter(|edge| *edge > next).min();
        let end = edge.map_or(limit, |edge| limit.min(edge - 1));
        steps.push(match suspicion {
            Suspicion::Alone => Step::Poison(next),
            _ => Step::Fetch(Window { first: next, last: end, attempts }),
        });
        let Some(after) = end.checked_add(1) else { break };
        next = after;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetch(first: u32, last: u32, attempts: u32) -> Step {
        Step::Fetch(Window { first, last, attempts })
    }

    fn window(first: u32, last: u32, attempts: u32) -> Window {
        Window { first, last, attempts }
    }

    #[test]
    fn a_clean_folder_is_read_in_windows() {
        assert_eq!(plan(10, 25, 10, &[]), [fetch(11, 20, 1), fetch(21, 25, 1)]);
        assert_eq!(plan(25, 25, 10, &[]), []);
        assert_eq!(plan(u32::MAX - 1, u32::MAX, 10, &[]), [fetch(u32::MAX, u32::MAX, 1)]);
        assert_eq!(plan(u32::MAX, u32::MAX, 10, &[]), []);
    }

    #[test]
    fn a_window_that_ended_uncleanly_is_read_a_few_at_a_time_and_the_rest_as_ever() {
        let steps = plan(10, 80, 100, &[window(12, 70, 1)]);
        let few = [fetch(12, 36, 2), fetch(37, 61, 2), fetch(62, 70, 2)];
        assert_eq!(steps, [&[fetch(11, 11, 1)], &few[..], &[fetch(71, 80, 1)]].concat());
    }

    #[test]
    fn a_window_of_few_is_read_one_by_one_at_once_and_a_mail_that_ends_it_again_is_poison() {
        assert_eq!(plan(11, 13, 100, &[window(12, 13, 1)]), [fetch(12, 12, 2), fetch(13, 13, 2)]);
        let again = plan(11, 13, 100, &[window(12, 13, 1), window(12, 12, 2)]);
        assert_eq!(again, [Step::Poison(12), fetch(13, 13, 2)]);
        assert_eq!(plan(0, 26, 100, &[window(1, 26, 1)]).len(), 2, "these are more than a few");
    }

    #[test]
    fn three_windows_in_the_making_take_few_steps_and_not_one_for_each_mail() {
        let open = [window(1, 500, 1), window(501, 1_000, 1), window(1_001, 1_500, 1)];
        assert_eq!(plan(0, 1_500, 500, &open).len(), 60);
    }

    #[test]
    fn a_few_that_ended_uncleanly_are_read_one_by_one_and_the_others_are_not() {
        let steps = plan(11, 40, 100, &[window(12, 40, 1), window(12, 14, 2)]);
        let singles = [fetch(12, 12, 3), fetch(13, 13, 3), fetch(14, 14, 3)];
        assert_eq!(steps, [&singles[..], &[fetch(15, 39, 2), fetch(40, 40, 2)]].concat());
    }

    #[test]
    fn a_uid_that_ended_the_process_alone_after_that_is_poison_and_its_neighbours_are_not() {
        let steps = plan(11, 14, 100, &[window(12, 14, 1), window(12, 14, 2), window(12, 12, 3)]);
        assert_eq!(steps, [Step::Poison(12), fetch(13, 13, 3), fetch(14, 14, 3)]);
    }

    #[test]
    fn whichever_mail_ends_the_process_it_is_found_in_three_deaths_and_nothing_else_is_set_aside() {
        for deadly in 1..=60 {
            let (mut open, mut cursor, mut deaths, mut aside) = (Vec::<Window>::new(), 0, 0, vec![]);
            'lives: while cursor < 60 {
                for step in plan(cursor, 60, 60, &open) {
                    match step {
                        Step::Poison(uid) => {
                            aside.push(uid);
                            cursor = uid;
                        }
                        Step::Fetch(window) => {
                            open.retain(|other| (other.first, other.last) != (window.first, window.last));
                            open.push(window);
                            if (window.first..=window.last).contains(&deadly) {
                                deaths += 1;
                                continue 'lives;
                            }
                            cursor = window.last;
                        }
                    }
                    open.retain(|window| window.last > cursor);
                }
            }
            assert_eq!((deaths, aside), (3, vec![deadly]));
        }
    }

    #[test]
    fn a_single_new_mail_gets_its_second_try_too() {
        assert_eq!(plan(11, 12, 100, &[window(12, 12, 1)]), [fetch(12, 12, 2)]);
        assert_eq!(plan(11, 12, 100, &[window(12, 12, 2)]), [Step::Poison(12)]);
    }
}
