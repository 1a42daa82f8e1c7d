//! What an agent says is wrong with itself and its mail, by its newest heartbeat whose content is still kept.
//!
//! It is told and not judged: rules open tickets about numbers and checks. The words come from a customer's host; whatever steers
//! a terminal was taken out of them when they came, and is once more here.

use mailbeat_shared::text;
use mailbeat_shared::wire::report::SpoolInfo;
use serde::Serialize;

use crate::render;

/// Sentences of one matter that are shown; `--json` has all of them.
const SHOWN: usize = 20;
/// Longest sentence, in bytes.
const SENTENCE_BYTES: usize = 500;

/// By the newest heartbeat.
#[derive(Debug, Serialize)]
pub(super) struct Said {
    /// Collectors that failed and limits that were hit.
    pub(super) problems: Vec<String>,
    /// The agent's own queue when the heartbeat was made.
    pub(super) spool: SpoolInfo,
    /// Reports that were lost or refused for good, first and last.
    pub(super) lost: Vec<(u64, u64)>,
}

impl Said {
    pub(super) fn describe(&self) -> String {
        let mut out = format!("  queue {}\n", queue(&self.spool));
        if !self.lost.is_empty() {
            let lost: Vec<String> = self.lost.iter().map(range).collect();
            out += &format!("  lost or refused for good: {}\n", lost.join(", "));
        }
        out + &sentences("problems that its agent names", &self.problems)
    }
}

/// How the queue stood, and the route that was taken last.
fn queue(spool: &SpoolInfo) -> String {
    let waited = match (spool.queued, spool.oldest) {
        (0, _) => "empty".to_owned(),
        (queued, None) => format!("of {queued} reports"),
        (queued, Some(oldest)) => format!("of {queued} reports, the oldest of {}", render::time(oldest)),
    };
    let by = |route: &String| format!(" · sent by route {}", text::one_line(route, SENTENCE_BYTES));
    waited + &spool.route.as_ref().map(by).unwrap_or_default()
}

fn range((first, last): &(u64, u64)) -> String {
    if first == last { format!("#{first}") } else { format!("#{first} to #{last}") }
}

/// Sentences of the agent below what they are about; nothing where there are none.
pub(super) fn sentences(about: &str, sentences: &[String]) -> String {
    if sentences.is_empty() {
        return String::new();
    }
    let shown = sentences.iter().take(SHOWN).map(|sentence| text::one_line(sentence, SENTENCE_BYTES));
    let more = sentences.len().checked_sub(SHOWN + 1).map(|more| format!("and {} more", more + 1));
    let lines: String = shown.chain(more).map(|line| format!("    {line}\n")).collect();
    format!("\n{about}:\n{lines}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(problems: &[&str]) -> Said {
        let problems = problems.iter().map(|problem| (*problem).to_owned()).collect();
        Said { problems, spool: SpoolInfo { queued: 0, oldest: None, route: None }, lost: vec![] }
    }

    #[test]
    fn an_agent_in_trouble_is_heard_at_the_vendor() {
        let told = Said {
            spool: SpoolInfo {
                queued: 3,
                oldest: Some("2026-11-22T08:00:00Z".parse().unwrap()),
                route: Some("office".into()),
            },
            lost: vec![(12, 12), (15, 18)],
            ..said(&["disk: df did not answer in 10 s"])
        };
        assert_eq!(
            told.describe(),
            "  queue of 3 reports, the oldest of 2026-11-22 08:00:00 UTC · sent by route office\n  \
             lost or refused for good: #12, #15 to #18\n\nproblems that its agent names:\n    \
             disk: df did not answer in 10 s\n"
        );
        assert_eq!(said(&[]).describe(), "  queue empty\n");
    }

    #[test]
    fn its_words_steer_no_terminal_and_do_not_fill_the_screen() {
        let hostile = "a\u{1b}[2J\u{202e}b\n  open tickets: none";
        let mut told = said(&[hostile]);
        told.spool.route = Some(hostile.to_owned());
        let shown = told.describe();
        assert!(text::is_clean(&shown), "{shown:?}");
        assert_eq!(shown.lines().count(), 4, "a sentence is one line: {shown}");
        let many: Vec<String> = (0..25).map(|n| format!("problem {n}")).collect();
        let shown = sentences("many", &many);
        assert!(shown.ends_with("    problem 19\n    and 5 more\n"), "{shown}");
        assert!(!sentences("few", &many[..20]).contains("more"));
        assert!(said(&[&"x".repeat(100_000)]).describe().len() < 1_000);
    }
}
