//! Filing: every mail that was read is moved on its server, to Processed or to Quarantine.
//!
//! The decision is a row, written in the transaction that records the report (R2). Moving (R3) follows and may be repeated: a row
//! is executed only under the numbering of UIDs (UIDVALIDITY) it was written in, and a mail moved twice is moved once. A mail at
//! or below the cursor without a row was recorded by nobody (a restored database) and is read again.

use std::str::FromStr;

use crate::evaluate::UnknownWord;

/// Where a mail is moved on its server after the commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Done with.
    Processed,
    /// For somebody to look at.
    Quarantine,
}

impl Target {
    /// The word in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Processed => "processed",
            Self::Quarantine => "quarantine",
        }
    }
}

impl FromStr for Target {
    type Err = UnknownWord;
    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let all = [Self::Processed, Self::Quarantine];
        all.into_iter().find(|target| target.as_str() == word).ok_or_else(|| UnknownWord(word.to_owned()))
    }
}

/// A mail to be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filing {
    /// Row.
    pub id: i64,
    /// The mail.
    pub uid: u32,
    /// Where to.
    pub target: Target,
}

/// A mail whose place was just decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewFiling {
    /// Row of its folder.
    pub folder: i64,
    /// The numbering of UIDs.
    pub uidvalidity: u32,
    /// The mail.
    pub uid: u32,
    /// Where to.
    pub target: Target,
}

/// Filings of one target in few commands: UIDs ascending.
#[must_use]
pub fn by_target(filings: &[Filing]) -> Vec<(Target, Vec<Filing>)> {
    [Target::Processed, Target::Quarantine]
        .into_iter()
        .map(|target| {
            let mut same: Vec<Filing> =
                filings.iter().copied().filter(|filing| filing.target == target).collect();
            same.sort_by_key(|filing| filing.uid);
            (target, same)
        })
        .filter(|(_, same)| !same.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filings_are_grouped_by_target_in_the_order_of_their_uids() {
        let filing = |id, uid, target| Filing { id, uid, target };
        let filings = [
            filing(1, 5, Target::Processed),
            filing(2, 4, Target::Quarantine),
            filing(3, 3, Target::Processed),
        ];
        let groups = by_target(&filings);
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0], (Target::Processed, vec![filings[2], filings[0]]));
    }
}
