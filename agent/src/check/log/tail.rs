//! Reading a log on from an offset, line by line, within limits.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::time::Instant;

use mailbeat_shared::text;

use super::SAMPLE_BYTES;

/// Most bytes of all files in one run; what is beyond waits for the next.
const RUN_BYTES: u64 = 64 * 1024 * 1024;
/// Longest line, in bytes; what is longer is taken as several.
const LINE_BYTES: u64 = 64 * 1024;

/// What was read.
pub(super) struct Tail {
    /// Lines that count.
    pub(super) matches: u32,
    /// All new lines.
    pub(super) lines: u32,
    /// The first of those that count, cut; not redacted.
    pub(super) samples: Vec<String>,
    /// Bytes left for the next run.
    pub(super) waiting: u64,
    /// Where reading the last file ended.
    pub(super) offset: u64,
    bytes: u64,
    deadline: Instant,
}

impl Tail {
    pub(super) fn until(deadline: Instant) -> Self {
        Self { matches: 0, lines: 0, samples: vec![], waiting: 0, offset: 0, bytes: 0, deadline }
    }

    /// Reads from `start` to the end. A last line that has not ended yet waits for its end, unless the file is `finished`.
    pub(super) fn read(
        &mut self,
        file: &mut File,
        start: u64,
        finished: bool,
        counts: impl Fn(&str) -> bool,
        samples: usize,
    ) -> io::Result<()> {
        self.offset = start;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(start))?;
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        loop {
            if self.bytes >= RUN_BYTES || Instant::now() >= self.deadline {
                self.waiting += length.saturating_sub(self.offset);
                return Ok(());
            }
            line.clear();
            let read = reader.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line)? as u64;
            let is_whole = line.ends_with(b"\n") || read == LINE_BYTES || finished;
            if read == 0 || !is_whole {
                return Ok(());
            }
            self.offset += read;
            self.bytes += read;
            self.line(&String::from_utf8_lossy(&line), &counts, samples);
        }
    }

    fn line(&mut self, line: &str, counts: impl Fn(&str) -> bool, samples: usize) {
        let line = line.trim_end_matches(['\n', '\r']);
        self.lines = self.lines.saturating_add(1);
        if counts(line) {
            self.matches = self.matches.saturating_add(1);
            if self.samples.len() < samples {
                self.samples.push(text::one_line(line, SAMPLE_BYTES));
            }
        }
    }
}
