//! Looks at what a server sends before async-imap gives memory for it.
//!
//! async-imap allocates an announced literal at once, up to 512 MiB, and parses a line anew for each 4 KiB of it. So
//! the announcement itself is refused when it is over a limit, and so is a line that does not end. It also keeps away
//! two kinds of lines on which imap-proto 0.17 panics: one is refused, the other put right.

use mailbeat_shared::wire::limits;

/// Longest line, in bytes; a server's list of capabilities has a thousand.
const LINE_BYTES: usize = 64 * 1024;
/// Most bytes of one answer: a mail whose size the server understated a little still fits.
const ANSWER_BYTES: u64 = limits::MAIL_BYTES + 1024 * 1024;

/// What a server sent and we do not take.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("the server announced {0} bytes in one answer; at most {ANSWER_BYTES} are taken")]
    TooMuch(u64),
    #[error("the server sent a line of more than {LINE_BYTES} bytes")]
    LineTooLong,
    #[error("the server sent a status line that is not as RFC 9051 section 7.1 has it")]
    Malformed,
}

/// Where in the stream of answers we are.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// The line so far.
    line: Vec<u8>,
    /// Bytes of the literal that are still to come.
    literal: u64,
    /// Bytes of literals in this answer.
    answer: u64,
}

impl Gate {
    /// Looks at the next bytes of the stream, and changes those that would do harm.
    pub(super) fn pass(&mut self, mut bytes: &mut [u8]) -> Result<(), Refusal> {
        while !bytes.is_empty() {
            if self.literal > 0 {
                let skipped = bytes.len().min(usize::try_from(self.literal).unwrap_or(usize::MAX));
                self.literal -= skipped as u64;
                bytes = &mut bytes[skipped..];
                continue;
            }
            let end = bytes.iter().position(|&byte| byte == b'\n');
            let (part, rest) = bytes.split_at_mut(end.map_or(bytes.len(), |end| end + 1));
            if self.line.len() + part.len() > LINE_BYTES {
                return Err(Refusal::LineTooLong);
            }
            self.line.extend_from_slice(part);
            if self.answer > 0 || holds_data(&self.line) {
                date_the_undated(&self.line, part);
            }
            bytes = rest;
            if end.is_some() {
                self.end_of_line()?;
            }
        }
        Ok(())
    }

    fn end_of_line(&mut self) -> Result<(), Refusal> {
        let within_answer = self.answer > 0;
        let announced = announced(&self.line).filter(|_| within_answer || holds_data(&self.line));
        if !within_answer && !holds_data(&self.line) {
            check_status(&self.line)?;
        }
        self.line.clear();
        match announced {
            Some(bytes) => {
                // An empty literal, too, continues the answer.
                self.answer = self.answer.saturating_add(bytes.max(1));
                self.literal = bytes;
                if self.answer > ANSWER_BYTES { Err(Refusal::TooMuch(self.answer)) } else { Ok(()) }
            }
            None => {
                self.answer = 0;
                Ok(())
            }
        }
    }
}

/// The length in `{123}` at the end of a line.
fn announced(line: &[u8]) -> Option<u64> {
    let line = line.strip_suffix(b"}\r\n")?;
    let digits = line.rsplit(|&byte| byte == b'{').next()?;
    if digits.len() == line.len() || digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // A number too large for 64 bits is over every limit.
    Some(str::from_utf8(digits).ok()?.parse().unwrap_or(u64::MAX))
}

/// Whether a line is untagged data; status, tagged and continuation lines hold text only, whatever it looks like.
fn holds_data(line: &[u8]) -> bool {
    let status = [&b"OK"[..], b"NO", b"BAD", b"BYE", b"PREAUTH"];
    line.strip_prefix(b"* ").is_some_and(|rest| {
        let word = rest.split(|byte| !byte.is_ascii_alphabetic()).next().unwrap_or_default();
        !status.iter().any(|name| name.eq_ignore_ascii_case(word))
    })
}

/// imap-proto 0.17 cuts off the byte after a response code's bracket and panics when that is half a character.
fn check_status(line: &[u8]) -> Result<(), Refusal> {
    let after_bracket = line.windows(2).any(|pair| pair[0] == b']' && !pair[1].is_ascii());
    if after_bracket { Err(Refusal::Malformed) } else { Ok(()) }
}

/// imap-proto 0.17 panics on a mail without a date. What is not there becomes a date that nobody can read, of the same length. `part` is
/// the end of `line`, which stays as it came.
fn date_the_undated(line: &[u8], part: &mut [u8]) {
    const UNDATED: &[u8] = b"INTERNALDATE N";
    const UNREADABLE: &[u8] = b"\"?\"";
    let begin = line.len() - part.len();
    let from = begin.saturating_sub(UNDATED.len() + UNREADABLE.len());
    for (at, words) in line[from..].windows(UNDATED.len()).enumerate() {
        let quotes = || line[..from + at].iter().filter(|&&byte| byte == b'"').count();
        if !words.eq_ignore_ascii_case(UNDATED) || quotes() % 2 == 1 {
            continue;
        }
        let nil = from + at + UNDATED.len() - 1;
        for (place, byte) in (nil..).zip(UNREADABLE) {
            if let Some(wrong) = place.checked_sub(begin).and_then(|place| part.get_mut(place)) {
                *wrong = *byte;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the gate takes a stream, in one piece and byte by byte alike.
    fn verdict(stream: &[u8]) -> Result<(), Refusal> {
        let whole = Gate::default().pass(&mut stream.to_vec());
        let mut gate = Gate::default();
        let bytewise = stream.to_vec().chunks_mut(1).try_for_each(|byte| gate.pass(byte));
        assert_eq!(whole, bytewise);
        whole
    }

    /// What becomes of a stream, in one piece and in pieces of each size alike.
    fn passed(stream: &str) -> String {
        let in_pieces = |size| {
            let (mut gate, mut bytes) = (Gate::default(), stream.as_bytes().to_vec());
            bytes.chunks_mut(size).try_for_each(|piece| gate.pass(piece)).unwrap();
            String::from_utf8(bytes).unwrap()
        };
        let whole = in_pieces(stream.len());
        for size in 1..stream.len() {
            assert_eq!(in_pieces(size), whole);
        }
        whole
    }

    #[test]
    fn a_mail_without_a_date_gets_one_that_cannot_be_read_and_nothing_else_changes() {
        let listed = "* 1 FETCH (UID 7 INTERNALDATE NIL FLAGS ())\r\nA1 OK INTERNALDATE NIL\r\n";
        assert_eq!(passed(listed), listed.replacen("NIL", "\"?\"", 1));
        let after_a_mail = "* 1 FETCH (BODY[] {2}\r\nhi internaldate nil)\r\n";
        assert_eq!(passed(after_a_mail), after_a_mail.replace("nil", "\"?\""));
        for harmless in [
            "* 1 FETCH (BODY[] {16}\r\nINTERNALDATE NIL)\r\n",
            "* 1 FETCH (BODY[] \"INTERNALDATE NIL\" UID 7)\r\n",
            "* 1 FETCH (UID 7 INTERNALDATE \" 1-Mar-2026 12:00:00 +0000\")\r\n",
        ] {
            assert_eq!(passed(harmless), harmless);
        }
    }

    #[test]
    fn a_mail_passes_whatever_it_looks_like_inside() {
        let mail = b"* 1 FETCH (UID 7 BODY[] {30}\r\n* 2 FETCH (BODY[] {999999999}\r\n)\r\nA1 OK done {9}\r\n* BYE\r\n";
        assert_eq!(verdict(mail), Ok(()));
    }

    #[test]
    fn a_giant_is_refused_when_it_is_announced_also_in_pieces_and_beyond_all_numbers() {
        assert_eq!(verdict(b"* 1 FETCH (BODY[] {400000000}\r\n"), Err(Refusal::TooMuch(400_000_000)));
        assert_eq!(
            verdict(b"* 1 FETCH (BODY[] {99999999999999999999999}\r\n"),
            Err(Refusal::TooMuch(u64::MAX))
        );
        let mut gate = Gate::default();
        let piece = [&b"* 1 FETCH (BODY[1] {20000000}\r\n"[..], &vec![b'x'; 20_000_000]].concat();
        assert_eq!(gate.pass(&mut piece.clone()), Ok(()));
        let next = &mut b" BODY[2] {20000000}\r\n".to_vec();
        assert_eq!(gate.pass(next), Err(Refusal::TooMuch(40_000_000)));
    }

    #[test]
    fn a_line_without_end_is_refused() {
        assert_eq!(verdict(&vec![b'x'; LINE_BYTES + 1]), Err(Refusal::LineTooLong));
    }

    #[test]
    fn a_status_line_that_would_panic_the_parser_is_refused_and_ordinary_ones_pass() {
        assert_eq!(verdict("* OK [ALERT]ü\r\n".as_bytes()), Err(Refusal::Malformed));
        assert_eq!(verdict("* OK [ALERT] ü {5}\r\n* LIST () \"/\" {3}\r\n]ü\r\n".as_bytes()), Ok(()));
    }
}
