//! Missing sequences as ranges, first and last included.

/// A range of sequences, first and last included.
pub type Range = (u64, u64);

/// What remains of `hole` without `range`: nothing, one piece or two.
#[must_use]
pub fn without(hole: Range, range: Range) -> Vec<Range> {
    if range.1 < hole.0 || range.0 > hole.1 {
        return vec![hole];
    }
    let left = (hole.0 < range.0).then(|| (hole.0, range.0 - 1));
    let right = (range.1 < hole.1).then(|| (range.1 + 1, hole.1));
    left.into_iter().chain(right).collect()
}

/// What remains of `holes` without all `ranges`.
#[must_use]
pub fn without_all(holes: Vec<Range>, ranges: &[Range]) -> Vec<Range> {
    ranges
        .iter()
        .fold(holes, |holes, range| holes.into_iter().flat_map(|hole| without(hole, *range)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_out_of_a_hole() {
        assert_eq!(without((5, 9), (1, 4)), [(5, 9)]);
        assert_eq!(without((5, 9), (10, 12)), [(5, 9)]);
        assert_eq!(without((5, 9), (1, 2)), [(5, 9)]);
        assert_eq!(without((5, 9), (12, 13)), [(5, 9)]);
        assert_eq!(without((5, 9), (1, 5)), [(6, 9)]);
        assert_eq!(without((5, 9), (9, 12)), [(5, 8)]);
        assert_eq!(without((5, 9), (5, 9)), []);
        assert_eq!(without((5, 9), (7, 7)), [(5, 6), (8, 9)]);
        assert_eq!(without((5, 9), (1, 7)), [(8, 9)]);
        assert_eq!(without((5, 9), (8, u64::MAX)), [(5, 7)]);
        assert_eq!(without_all(vec![(1, 10)], &[(2, 3), (6, 6), (9, 20)]), [(1, 1), (4, 5), (7, 8)]);
    }
}
