//! Parts of a text that change without anybody changing the file: times of writing, counters, serials.
//!
//! They are replaced by [`MARK`] after redaction and before anything is kept or compared, so a line that differs only there is
//! the same line, in the text, in its digest and in every diff. What is built in touches comments and values that no program
//! reads as a setting; the rest is the administrator's to name. Pure.

use regex_automata::meta::Regex;
use regex_automata::util::syntax;

/// Stands where a volatile part stood.
pub(super) const MARK: &str = "<volatile>";
/// A line can hold several; each round takes the last of each kind out of it.
const ROUNDS: usize = 4;

/// The start of a comment in the usual languages; a `*` only before a word, because crontabs begin with one, and `--` only before a
/// blank, because options do.
const COMMENT: &str = r"^[ \t]*(?:#|;|//|!|--[ \t]|/\*|\*[ \t]+[A-Za-z@]|<!--|REM ).*?";
/// Month and weekday names as programs write them.
const MONTH: &str = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*";
const DAY: &str = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*";
/// A time of day with seconds or minutes.
const CLOCK: &str = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?[AP]M)?";
/// What may follow it.
const ZONE: &str = r"(?: ?(?:Z\b|[+-][0-9]{2}:?[0-9]{2}\b|\(?[A-Z]{2,5}\b\)?))*";

/// Every built-in pattern with what it is for. Of each the first group is volatile.
fn builtin() -> Vec<(&'static str, String)> {
    let iso = format!(r"[0-9]{{4}}[-/.][0-9]{{2}}[-/.][0-9]{{2}}(?:T| +){CLOCK}{ZONE}");
    let local = format!(r"[0-9]{{1,2}}[-/.][0-9]{{1,2}}[-/.][0-9]{{4}},? +{CLOCK}{ZONE}");
    let unix =
        format!(r"(?:{DAY},? +)?{MONTH} +[0-9]{{1,2}}(?:,? +[0-9]{{4}})?,? +{CLOCK}{ZONE}(?: [0-9]{{4}})?");
    let mail = format!(r"(?:{DAY},? +)?[0-9]{{1,2}}[ -]{MONTH}[ -][0-9]{{4}},? +{CLOCK}{ZONE}");
    let device = format!(r"{CLOCK} [A-Z]{{2,5}} {DAY} {MONTH} [0-9]{{1,2}} [0-9]{{4}}");
    let date = format!(r"{iso}|{local}|{unix}|{mail}|{device}");
    let key = "(?i:last[_-]?(?:modified|updated?|saved|changed|written)|(?:generated|updated|modified|saved)[_-]?(?:at|on|time))";
    vec![
        ("a date with a time of day in a comment", format!("{COMMENT}({date})")),
        (
            "the day a comment says the file was made",
            format!(
                r"{COMMENT}(?i:generated|written|created|saved|last (?:changed?|modified|updated?))[^0-9\n]{{0,40}}([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})\b"
            ),
        ),
        ("how long something ran, in a comment", format!(r"{COMMENT}\b(?i:uptime)(?: is|:)? +(\S.*)$")),
        (
            "when a value says the file was written",
            format!(
                r#"^[ \t]*["']?{key}["']?[ \t]*[:=][ \t]*["']?({date}|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}\b|[0-9]{{9,13}}\b)"#
            ),
        ),
        ("packets and bytes a firewall counted", r"^:[!-~]+ [A-Z-]+ (\[[0-9]+:[0-9]+\])".into()),
        ("the same before a rule", r"^(\[[0-9]+:[0-9]+\]) -[A-Z] ".into()),
        ("the serial of a DNS zone", r"^[ \t]*([0-9]{1,10})[ \t]*;[ \t]*(?i:serial)\b".into()),
        (
            "the same in a line with the rest",
            r"\bSOA[ \t]+[!-~]+[ \t]+[!-~]+[ \t]+\(?[ \t]*([0-9]{5,10})\b".into(),
        ),
        ("a network device's clock drift", r"^ntp clock-period ([0-9]+)".into()),
        (
            "the number of a Kubernetes object's version",
            r#"^[ \t]*"?resourceVersion"?:[ \t]*"?([0-9]+)"#.into(),
        ),
    ]
}

/// The built-in patterns as one.
pub(super) fn built_in() -> Regex {
    let patterns: Vec<String> = builtin().into_iter().map(|(_, pattern)| pattern).collect();
    let lines = syntax::Config::new().multi_line(true).crlf(true);
    Regex::builder().syntax(lines).build_many(&patterns).expect("built-in patterns are read by a test")
}

/// The text with [`MARK`] where it is volatile: the first group of each match, else the whole. First by what is built in, then by
/// each pattern of the administrator's.
pub(super) fn settle<'p>(
    text: String,
    built_in: Option<&'p Regex>,
    own: impl IntoIterator<Item = &'p Regex>,
) -> String {
    // What is built in finds one date a line, so it looks again; a pattern of one's own finds all it wants at once.
    let rounds = built_in.into_iter().flat_map(|pattern| std::iter::repeat_n(pattern, ROUNDS));
    rounds.chain(own).fold(text, |text, pattern| marked(&text, pattern).unwrap_or(text))
}

/// One round; `None` if there was nothing left to mark.
fn marked(text: &str, pattern: &Regex) -> Option<String> {
    let marks: Vec<(usize, usize)> =
        text.match_indices(MARK).map(|(start, mark)| (start, start + mark.len())).collect();
    let (mut settled, mut done) = (String::new(), 0);
    for found in pattern.captures_iter(text) {
        let Some(span) = found.get_group(1).or_else(|| found.get_match().map(|all| all.span())) else {
            continue;
        };
        // A pattern may find words of a mark; the mark is no text of the file. One that reaches into a mark takes it whole.
        let first = marks.partition_point(|(_, end)| *end <= span.start);
        let touched = &marks[first..marks.partition_point(|(start, _)| *start < span.end).max(first)];
        let within = |(start, end): &(usize, usize)| *start <= span.start && span.end <= *end;
        if span.is_empty() || span.start < done || touched.first().is_some_and(within) {
            continue;
        }
        let start = touched.first().map_or(span.start, |(start, _)| span.start.min(*start)).max(done);
        let end = touched.last().map_or(span.end, |(_, end)| span.end.max(*end));
        settled.push_str(&text[done..start]);
        settled.push_str(MARK);
        done = end;
    }
    (done > 0).then(|| settled + &text[done..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pattern;

    fn settled(text: &str) -> String {
        settle(text.to_owned(), Some(&built_in()), [])
    }

    /// As programs really write them, today and tomorrow.
    #[test]
    fn what_programs_write_about_the_time_of_writing_is_volatile() {
        for (today, tomorrow) in [
            ("# Generated by NetworkManager on 2026-11-27", "# Generated by NetworkManager on 2026-11-28"),
            (
                "# Generated by iptables-save v1.8.9 on Sat Nov 28 03:02:02 2026",
                "# Generated by iptables-save v1.8.9 on Sun Nov 29 13:12:02 2026",
            ),
            ("# Completed on Sat Nov  8 03:02:02 2026", "# Completed on Sat Nov 18 03:02:02 2026"),
            (":INPUT ACCEPT [0:0]", ":INPUT ACCEPT [1234:567890]"),
            ("[12:840] -A INPUT -i lo -j ACCEPT", "[13:900] -A INPUT -i lo -j ACCEPT"),
            (
                "! Last configuration change at 12:34:56 UTC Mon Jan 1 2026 by admin",
                "! Last configuration change at 2:04:06 UTC Tue Feb 2 2027 by admin",
            ),
            (
                "! NVRAM config last updated at 12:34:56.123 CET Mon Jan 1 2026",
                "! NVRAM config last updated at 12:34:57.001 CEST Mon Jul 1 2026",
            ),
            ("!Time: Sat Nov 28 03:02:02 2026", "!Time: Sat Dec 5 03:02:02 2026"),
            ("ntp clock-period 17180152", "ntp clock-period 17180259"),
            ("-- Dump completed on 2026-11-28  3:02:02", "-- Dump completed on 2026-11-29  3:02:07"),
            (
                "// @generated 2026-11-28T03:02:02.123456Z by tool",
                "// @generated 2026-11-29T03:02:02.1Z by tool",
            ),
            (" * Written at 28.11.2026 03:02:02", " * Written at 29.11.2026 03:02:03"),
            ("#Fri, 27 Nov 2026 03:02:02 +0100", "#Sat, 28 Nov 2026 03:02:02 +0000"),
            ("#Sat Nov 28 03:02:02 CET 2026", "#Sat Nov 28 04:02:02 CEST 2026"),
            ("; uptime is 3 weeks, 2 days, 1 hour", "; uptime is 3 weeks, 3 days"),
            ("        2026112701 ; serial", "        2026112801 ; Serial"),
            (
                "@ IN SOA ns.example. root.example. ( 2026112701 3600 900 )",
                "@ IN SOA ns.example. root.example. ( 2026112801 3600 900 )",
            ),
            (
                "  \"lastModified\": \"2026-11-28T03:02:02Z\",",
                "  \"lastModified\": \"2026-11-29T03:02:02+01:00\",",
            ),
            ("last_updated = 1764298922", "last_updated = 1764298999"),
            ("generated-at: '2026-11-28'", "generated-at: '2026-11-29'"),
            ("  resourceVersion: \"4711\"", "  resourceVersion: \"4712\""),
            (
                "# from 2026-01-01 10:00:00 to 2026-01-02 11:00:00",
                "# from 2026-01-03 10:00:00 to 2026-01-04 11:00:00",
            ),
        ] {
            assert!(settled(today).contains(MARK), "{today} -> {}", settled(today));
            let lower = |text: &str| settled(text).to_lowercase();
            assert_eq!(lower(today), lower(tomorrow), "{today}");
        }
    }

    /// What a program reads is a setting, however much it looks like a time.
    #[test]
    fn settings_are_never_volatile() {
        for text in [
            "valid_until = 2027-01-01T00:00:00Z",
            "not_after: 2027-01-01 00:00:00",
            "# the certificate ends on 2027-01-01",
            "# created for release 2026.1, see RFC 2026",
            "0 3 * * 6 root /usr/sbin/backup --at 03:02:02",
            "* * * * * root run-parts /etc/cron.d",
            "OnCalendar=2026-11-28 03:02:02",
            "'valid_until': '2027-01-01 00:00:00'",
            "--expires 2027-01-01T00:00:00",
            "maintenance = \"Sat Nov 28 03:02:02 2026\"",
            "last_resort = 1764298922",
            "last_update_check = false",
            "updated_at_column = 5",
            "serial = 2026112801",
            "port = 1764298922",
            "-A INPUT -p tcp --dport 22 -j ACCEPT",
            "server = 10.1.2.3:80",
            "password = <redacted:1f2e3d4c>",
        ] {
            assert_eq!(settled(text), text);
        }
    }

    #[test]
    fn a_pattern_of_the_administrators_takes_its_group_or_its_match_and_sees_what_redaction_left() {
        let settle_with = |pattern: &str, text: &str| {
            settle(text.to_owned(), None, [&pattern::compile_for_lines("volatile", pattern).unwrap()])
        };
        assert_eq!(
            settle_with(r"^serial (\d+)$", "serial 1\r\nserial 2\r\nno"),
            "serial <volatile>\r\nserial <volatile>\r\nno"
        );
        assert_eq!(settle_with(r"^seen .*$", "a\nseen by x\nb\n"), "a\n<volatile>\nb\n");
        assert_eq!(
            settle_with(r"^enable secret (.*)", "enable secret <redacted:1f2e3d4c>\n"),
            "enable secret <volatile>\n"
        );
        assert_eq!(settle_with("x*", "abc"), "abc");
        assert_eq!(
            settle_with("a|tile.*$", "banana <volatile> x"),
            "b<volatile>n<volatile>n<volatile> <volatile>"
        );
    }

    proptest! {
        #[test]
        fn what_was_settled_stays_as_it_is(text in "(([#;!:] ?)?(last_updated = |uptime is |2026-11-28 )?[0-9:T ]{0,12}\n){0,4}") {
            let once = settled(&text);
            prop_assert_eq!(settled(&once), once);
        }

        #[test]
        fn any_text_keeps_its_lines(text in "\\PC{0,60}(\r?\n\\PC{0,60}){0,3}") {
            prop_assert_eq!(settled(&text).lines().count(), text.lines().count());
        }
    }
}
