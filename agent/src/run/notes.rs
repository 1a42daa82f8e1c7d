//! What heartbeats must say once: until one that says it was accepted by a mail server. Pure.
//!
//! A heartbeat that a newer one superseded, or that was lost, said it to nobody, so the next says it again. Lost with the process;
//! the log says it too.

/// Most of them kept, the newest: a heartbeat names few problems, and of reports that were dropped it has a list besides.
const KEPT: usize = 10;

/// Sentences for the next heartbeat.
#[derive(Debug, Default)]
pub(super) struct Notes(Vec<Note>);

#[derive(Debug)]
struct Note {
    text: String,
    /// The first heartbeat that says it; each after that does too.
    carried_since: Option<u64>,
}

impl Notes {
    /// These, said by nobody yet.
    pub(super) fn of(texts: Vec<String>) -> Self {
        let mut notes = Self::default();
        texts.into_iter().for_each(|text| notes.push(text));
        notes
    }

    /// Adds one.
    pub(super) fn push(&mut self, text: String) {
        self.0.push(Note { text, carried_since: None });
        let excess = self.0.len().saturating_sub(KEPT);
        self.0.drain(..excess);
    }

    /// What a heartbeat made now says.
    pub(super) fn texts(&self) -> Vec<String> {
        self.0.iter().map(|note| note.text.clone()).collect()
    }

    /// The heartbeat of this sequence says all of it.
    pub(super) fn carried_by(&mut self, sequence: u64) {
        for note in &mut self.0 {
            note.carried_since.get_or_insert(sequence);
        }
    }

    /// A mail server accepted the heartbeat of this sequence. What it said is said.
    pub(super) fn accepted(&mut self, sequence: u64) {
        self.0.retain(|note| note.carried_since.is_none_or(|since| since > sequence));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_said_until_a_heartbeat_with_it_was_accepted_whichever_that_is() {
        let mut notes = Notes::of(vec!["one".into()]);
        notes.carried_by(7);
        notes.push("two".into());
        notes.accepted(6);
        assert_eq!(notes.texts(), ["one", "two"], "#6 said neither");
        notes.carried_by(8);
        notes.accepted(7);
        assert_eq!(notes.texts(), ["two"], "#7 did not say it yet");
        notes.accepted(9);
        assert_eq!(notes.texts(), [""; 0]);
    }

    #[test]
    fn of_very_many_the_newest_are_kept() {
        let notes = Notes::of((0..100).map(|n| n.to_string()).collect());
        assert_eq!((notes.texts().len(), notes.texts()[KEPT - 1].as_str()), (KEPT, "99"));
    }
}
