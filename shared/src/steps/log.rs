//! The log of a test, to be kept or sent to support: everything that was seen, and no secret.
//!
//! Steps hold no secrets to begin with. Whatever of the secrets given here should still stand in the text, a server's answer
//! that repeats a password for example, is taken out by its value.

use jiff::Timestamp;

use super::{Step, page::Page};

/// What stands where a secret was.
pub const HIDDEN: &str = "<hidden>";
/// A shorter text is no secret that could be found again without hiding half the log.
const SHORTEST: usize = 4;

/// The log's text. `program` is name and version, `facts` are lines about the machine.
#[must_use]
pub fn text(
    program: &str,
    at: Timestamp,
    facts: &[String],
    page: &Page,
    steps: &[Step],
    secrets: &[&str],
) -> String {
    let mut page = page.plain();
    let head = format!("{program}, {}\n", at.strftime("%Y-%m-%d %H:%M:%S UTC"));
    let facts: String = facts.iter().map(|fact| format!("{fact}\n")).collect();
    let lines: String = steps.iter().map(|step| page.step(step)).collect();
    without(&format!("{head}{facts}\n{lines}\n{}", page.sum(steps)), secrets)
}

/// The text with every one of the secrets hidden.
#[must_use]
pub fn without(text: &str, secrets: &[&str]) -> String {
    let mut secrets: Vec<&str> =
        secrets.iter().map(|secret| secret.trim()).filter(|secret| secret.len() >= SHORTEST).collect();
    // A secret may hold another one.
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.into_iter().fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locale::Locale;
    use crate::steps::Steps;

    #[test]
    fn a_password_that_a_server_repeats_does_not_leave_with_the_log() {
        let now = "2026-11-22T08:00:00Z".parse().unwrap();
        let mut steps = Steps::new(now);
        steps.enter("route office");
        steps.note("authentication", "235 welcome tiger with tiger-and-lily");
        let page = Page::new(Locale::En, &[]);
        let log = text(
            "mailbeat-agent 1.0",
            now,
            &["host scada-01".into()],
            &page,
            steps.taken(),
            &["tiger", "tiger-and-lily", "a", ""],
        );
        assert!(log.starts_with("mailbeat-agent 1.0, 2026-11-22 08:00:00 UTC\nhost scada-01\n"), "{log}");
        assert!(
            log.contains("235 welcome <hidden> with\n") || log.contains("welcome <hidden> with <hidden>"),
            "{log}"
        );
        assert!(!log.contains("tiger") && !log.contains("lily"), "{log}");
    }
}
