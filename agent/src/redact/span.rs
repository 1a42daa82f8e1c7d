//! What the detectors marked, and its replacement. What was replaced before is never touched again.

use std::ops::Range;

/// How a replacement starts; eight hexadecimal digits follow.
pub(super) const OPEN: &str = "<redacted:";
/// How it ends.
pub(super) const CLOSE: &str = ">";
const LENGTH: usize = OPEN.len() + 8 + CLOSE.len();

/// Whether a replacement starts exactly here; its length.
pub(super) fn replaced_at(text: &[u8], at: usize) -> Option<usize> {
    let here = text.get(at..at + LENGTH)?;
    let digits = here.strip_prefix(OPEN.as_bytes())?.strip_suffix(CLOSE.as_bytes())?;
    digits.iter().all(u8::is_ascii_hexdigit).then_some(LENGTH)
}

/// Marked parts of one text.
pub(super) struct Spans {
    marked: Vec<Range<usize>>,
    replaced: Vec<Range<usize>>,
}

impl Spans {
    /// Nothing marked yet; remembers where `text` already has replacements.
    pub(super) fn around(text: &str) -> Self {
        let starts = text.match_indices(OPEN).filter(|(at, _)| replaced_at(text.as_bytes(), *at).is_some());
        Self { marked: Vec::new(), replaced: starts.map(|(at, _)| at..at + LENGTH).collect() }
    }

    /// Marks a secret; an empty one is none.
    pub(super) fn add(&mut self, start: usize, end: usize) {
        if start < end {
            self.marked.push(start..end);
        }
    }

    /// What was marked so far.
    pub(super) fn marked(&self) -> impl Iterator<Item = &Range<usize>> {
        self.marked.iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.marked.is_empty()
    }

    /// In order, overlaps united, without what was replaced before.
    pub(super) fn united(mut self) -> Self {
        self.marked.sort_by_key(|span| span.start);
        let mut united: Vec<Range<usize>> = Vec::with_capacity(self.marked.len());
        for span in self.marked {
            match united.last_mut() {
                Some(last) if span.start < last.end => last.end = last.end.max(span.end),
                _ => united.push(span),
            }
        }
        let mut replaced = self.replaced.iter().peekable();
        let mut marked = Vec::with_capacity(united.len());
        for mut span in united {
            while replaced.next_if(|done| done.end <= span.start).is_some() {}
            while let Some(done) = replaced.next_if(|done| done.start < span.end) {
                marked.push(span.start..done.start.max(span.start));
                span.start = done.end.min(span.end);
            }
            marked.push(span);
        }
        Self { marked, replaced: self.replaced }
    }

    /// The text with every marked part replaced. Blank parts, and the quotes and stops that may remain beside an
    /// older replacement, are no secrets.
    pub(super) fn replace(&self, text: &str, replacement: impl Fn(&str) -> String) -> String {
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for span in &self.marked {
            let secret = text[span.clone()].trim();
            if secret.is_empty() {
                continue;
            }
            let start = span.start + text[span.clone()].len() - text[span.clone()].trim_start().len();
            out.push_str(&text[done..start]);
            out.push_str(&replacement(secret));
            done = start + secret.len();
        }
        out.push_str(&text[done..]);
        out
    }
}
