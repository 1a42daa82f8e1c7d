//! What to fetch next, and how carefully: the plan after an unclean end.
//!
//! A mail that kills the process (a stack overflow cannot be caught) must not do so for ever. Every attempt is counted durably before
//! anything is parsed. UIDs of a window that ended uncleanly are read one by one; a UID tried twice is quarantined
//! unparsed.

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

/// How often one mail may end the process before it is left alone.
const TRIES: u32 = 2;

/// The steps that read UIDs `cursor + 1 ..= last` in order, at most `size` at a time where nothing is suspicious. `open`: windows
/// begun and never recorded.
#[must_use]
pub fn plan(cursor: u32, last: u32, size: u32, open: &[Window]) -> Vec<Step> {
    let tried = |uid: u32| {
        let covers = open.iter().filter(|window| (window.first..=window.last).contains(&uid));
        covers.map(|window| window.attempts).max().unwrap_or(0)
    };
    let mut steps = Vec::new();
    let mut next = cursor.saturating_add(1);
    while next <= last && next > cursor {
        let end = match tried(next) {
            0 => {
                let limit = last.min(next.saturating_add(size.max(1) - 1));
                let suspect = open.iter().map(|window| window.first).filter(|first| *first > next).min();
                let end = suspect.map_or(limit, |first| limit.min(first - 1));
                steps.push(Step::Fetch(Window { first: next, last: end, attempts: 1 }));
                end
            }
            tries if tries < TRIES => {
                steps.push(Step::Fetch(Window { first: next, last: next, attempts: tries + 1 }));
                next
            }
            _ => {
                steps.push(Step::Poison(next));
                next
            }
        };
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
    fn a_window_that_ended_uncleanly_is_read_one_by_one_and_the_rest_as_ever() {
        let steps = plan(10, 20, 100, &[window(12, 14, 1)]);
        let singles = [fetch(12, 12, 2), fetch(13, 13, 2), fetch(14, 14, 2)];
        assert_eq!(steps, [&[fetch(11, 11, 1)], &singles[..], &[fetch(15, 20, 1)]].concat());
    }

    #[test]
    fn a_uid_tried_twice_is_poison_and_its_neighbours_are_not() {
        let steps = plan(11, 14, 100, &[window(12, 14, 1), window(12, 12, 2)]);
        assert_eq!(steps, [Step::Poison(12), fetch(13, 13, 2), fetch(14, 14, 2)]);
    }

    #[test]
    fn a_single_new_mail_gets_its_second_try_too() {
        assert_eq!(plan(11, 12, 100, &[window(12, 12, 1)]), [fetch(12, 12, 2)]);
        assert_eq!(plan(11, 12, 100, &[window(12, 12, 2)]), [Step::Poison(12)]);
    }
}
