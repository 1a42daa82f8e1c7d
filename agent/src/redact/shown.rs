//! A text as a terminal shows it, without the sequences that steer it, and where each of its places is in the text as it was.

use mailbeat_shared::text::sequences;

/// Made only of a text that has sequences.
pub(super) struct Shown {
    text: String,
    /// Places of the shown text where sequences were, with the bytes of all that were up to there.
    left_out: Vec<(usize, usize)>,
}

impl Shown {
    /// `None` where the text is shown as it is.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut shown = Self { text: String::new(), left_out: vec![] };
        let mut done = 0;
        for sequence in sequences(text) {
            shown.text.push_str(&text[done..sequence.start]);
            done = sequence.end;
            shown.left_out.push((shown.text.len(), done - shown.text.len()));
        }
        shown.text.push_str(&text[done..]);
        (done > 0).then_some(shown)
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where the character at `at` of the shown text begins in the text as it was.
    pub(super) fn start(&self, at: usize) -> usize {
        self.as_it_was(at, self.left_out.partition_point(|(place, _)| *place <= at))
    }

    /// Where the character before `at` of the shown text ends in the text as it was.
    pub(super) fn end(&self, at: usize) -> usize {
        self.as_it_was(at, self.left_out.partition_point(|(place, _)| *place < at))
    }

    fn as_it_was(&self, at: usize, sequences: usize) -> usize {
        at + sequences.checked_sub(1).map_or(0, |last| self.left_out[last].1)
    }
}
