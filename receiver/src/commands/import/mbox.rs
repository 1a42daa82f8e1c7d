//! The mails of an mbox (RFC 4155), or the one mail of any other file, and when each came, where the file says so. Pure.
//!
//! Line ends are LF or CR LF, as the program wrote them that exported the file. Times are what the server that got the mail last wrote
//! into it, else what the line before it says, which most programs write in the local time of a host that nobody names; what cannot be
//! read as a time is none.

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// A mail in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found<'a> {
    /// The mail as it came.
    pub(super) raw: &'a [u8],
    /// When it came, where that is said.
    pub(super) received_at: Option<Timestamp>,
}

/// The mails in a file's content.
pub(super) fn mails(raw: &[u8]) -> Vec<Found<'_>> {
    let separators = separators(raw);
    if separators.first().is_none_or(|(at, _)| *at > 0) {
        return vec![Found { raw, received_at: received(raw) }];
    }
    let ends = separators.iter().skip(1).map(|(at, _)| *at).chain([raw.len()]);
    let each = separators.iter().zip(ends).map(|((at, line), end)| {
        let mail = &raw[at + line.len()..end];
        Found { raw: mail, received_at: received(mail).or_else(|| stated(line)) }
    });
    each.collect()
}

/// The lines that begin a mail, and where they are: the first line, and such that follow an empty one.
fn separators(raw: &[u8]) -> Vec<(usize, &[u8])> {
    let (mut found, mut at, mut after_empty) = (Vec::new(), 0, true);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if after_empty && is_separator(line) {
            found.push((at, line));
        }
        after_empty = line == b"\n" || line == b"\r\n";
        at += line.len();
    }
    found
}

/// A line `From ADDRESS DATE`, where the date ends in a year; not a sentence that begins with "From".
fn is_separator(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    line.starts_with(b"From ") && line.len() > 20 && line[line.len() - 4..].iter().all(u8::is_ascii_digit)
}

/// The time in a separator, `Sun Nov 22 08:00:00 2026`: UTC (RFC 4155), unless an offset stands beside the year.
fn stated(separator: &[u8]) -> Option<Timestamp> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let line = String::from_utf8_lossy(separator);
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let at = words.iter().rposition(|word| MONTHS.contains(word))?;
    let (month, day, time, rest) = (words[at], words.get(at + 1)?, words.get(at + 2)?, words.get(at + 3..)?);
    let is_year = |word: &&&str| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    let year = rest.iter().find(is_year)?;
    let offset = rest.iter().find(|word| word.starts_with(['+', '-'])).unwrap_or(&"+0000");
    dated(&format!("{day} {month} {year} {time} {offset}"))
}

/// The time in the topmost `Received` field, which the server wrote that got the mail last.
fn received(mail: &[u8]) -> Option<Timestamp> {
    let is_received =
        |line: &&[u8]| line.get(..9).is_some_and(|name| name.eq_ignore_ascii_case(b"received:"));
    let mut header = mail.split(|byte| *byte == b'\n').take_while(|line| !line.trim_ascii_end().is_empty());
    let mut field = header.find(is_received)?.to_vec();
    for folded in header.take_while(|line| line.starts_with(b" ") || line.starts_with(b"\t")) {
        field.extend_from_slice(folded);
    }
    let field = String::from_utf8_lossy(&field);
    dated(field.rsplit_once(';')?.1)
}

/// A time as mail writes it. A weekday that does not fit its date was calculated wrong; the date is meant.
fn dated(text: &str) -> Option<Timestamp> {
    let text = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    DateTimeParser::new().relaxed_weekday(true).parse_timestamp(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Timestamp> {
        Some(text.parse().unwrap())
    }

    const MBOX: &str = "From a@b Sun Nov 22 08:00:00 2026\nSubject: 1\n\nFrom here on text\n\nFrom c@d Sun Nov 22 09:00:00 2026\nSubject: 2\n\nx\n";

    #[test]
    fn an_mbox_holds_several_mails_each_with_its_time_and_an_eml_one() {
        let found = mails(MBOX.as_bytes());
        let expected = [
            ("Subject: 1\n\nFrom here on text\n\n", at("2026-11-22T08:00:00Z")),
            ("Subject: 2\n\nx\n", at("2026-11-22T09:00:00Z")),
        ];
        let expected = expected.map(|(raw, received_at)| Found { raw: raw.as_bytes(), received_at });
        assert_eq!(found, expected);
        assert_eq!(mails(b"Subject: 3\n\nx\n"), [Found { raw: b"Subject: 3\n\nx\n", received_at: None }]);
        assert_eq!(mails(b"").len(), 1, "a file is a mail, whatever is in it");
    }

    #[test]
    fn an_mbox_that_was_written_on_windows_holds_the_same_mails() {
        let crlf = MBOX.replace('\n', "\r\n");
        let found = mails(crlf.as_bytes());
        let times: Vec<_> = found.iter().map(|mail| mail.received_at).collect();
        assert_eq!(times, [at("2026-11-22T08:00:00Z"), at("2026-11-22T09:00:00Z")]);
        assert_eq!(found[1].raw, b"Subject: 2\r\n\r\nx\r\n");
    }

    #[test]
    fn what_a_server_wrote_with_its_zone_is_believed_before_the_local_time_of_nobody_knows_where() {
        let mbox = b"From a@b Sun Nov 22 08:00:00 2026\nReceived: from x by y; Sun, 22 Nov 2026 08:00:00 -0500\n\nx\n";
        assert_eq!(mails(mbox)[0].received_at, at("2026-11-22T13:00:00Z"));
    }

    #[test]
    fn the_line_before_a_mail_says_when_it_came_in_every_usual_way() {
        for (line, time) in [
            ("From - Sun Nov 22 08:00:00 2026", "2026-11-22T08:00:00Z"),
            ("From MAILER-DAEMON Sun Nov  1 08:00:00 2026\r\n", "2026-11-01T08:00:00Z"),
            ("From 16@xxx Sun Nov 22 08:00:00 +0100 2026", "2026-11-22T07:00:00Z"),
            ("From May.June@b.example Sun Nov 22 08:00 2026 -0130", "2026-11-22T09:30:00Z"),
        ] {
            assert!(is_separator(line.as_bytes()), "{line}");
            assert_eq!(stated(line.as_bytes()), at(time), "{line}");
        }
        assert_eq!(stated(b"From a@b at some time in the year 2026"), None);
    }

    #[test]
    fn where_that_line_says_nothing_the_server_does_that_got_the_mail_last() {
        let field = "Received: from mx (mx [192.0.2.1])\r\n\tby mail.vendor.example; Mon, 22 Nov 2026\r\n 09:00:05 +0100 (CET)\r\n";
        let before = "Received: by acme.example; Sun, 22 Nov 2026 07:00:00 +0000\r\n";
        let mail = format!("Return-Path: <a@b>\r\n{field}{before}Subject: x\r\n\r\nReceived: no; header\r\n");
        assert_eq!(
            received(mail.as_bytes()),
            at("2026-11-22T08:00:05Z"),
            "the weekday is wrong, the date is not"
        );
        assert_eq!(mails(mail.as_bytes())[0].received_at, at("2026-11-22T08:00:05Z"));
        let mbox = format!("From a@b in some month of 2026\n{mail}");
        assert_eq!(mails(mbox.as_bytes())[0].received_at, at("2026-11-22T08:00:05Z"));
        for silent in [
            "Subject: x\n\nReceived: by x; Sun, 22 Nov 2026 07:00:00 +0000\n",
            "Received: by x; soon\n\n",
            "Rec",
        ] {
            assert_eq!(received(silent.as_bytes()), None, "{silent:?}");
        }
    }
}
