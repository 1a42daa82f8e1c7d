//! From what a probe saw to what may be kept and sent: redacted, within the limits, without what steers a terminal. Pure.

use mailbeat_shared::text;
use mailbeat_shared::wire::check::CheckState;
use mailbeat_shared::wire::limits;

use super::probe::Sight;
use crate::redact::Redactor;

/// Most values of one check; what is beyond is counted.
const VALUES: usize = 32;
/// Longest label and unit, in bytes.
const LABEL_BYTES: usize = 80;

impl Sight {
    /// The same as it may be kept. What was left out is said in the output.
    #[must_use]
    pub fn safe(mut self, redactor: &Redactor) -> Self {
        let mut notes = String::new();
        let all = self.values.len();
        self.values.retain(|measure| measure.value.is_finite());
        let odd = all - self.values.len();
        if odd > 0 {
            notes += &format!("\n({odd} values left out: no finite number)");
        }
        if self.values.len() > VALUES {
            notes += &format!("\n({} of {} values left out)", self.values.len() - VALUES, self.values.len());
            self.values.truncate(VALUES);
        }
        for measure in &mut self.values {
            measure.label = text::one_line(&redactor.redact(&text::clean(&measure.label)), LABEL_BYTES);
            measure.unit = text::one_line(&measure.unit, LABEL_BYTES);
        }
        // Cleaned before: between a name and its secret may stand a colour.
        let output = redactor.redact(text::clean(&self.output).trim()).trim().to_owned();
        self.output = cut(output, limits::OUTPUT_BYTES - notes.len()) + &notes;
        self
    }

    /// Only the verdict and why nothing else is told.
    #[must_use]
    pub fn without_words(self, why: &str) -> Self {
        let state = if self.state == CheckState::Ok { CheckState::Unknown } else { self.state };
        Self { state, output: text::one_line(why, limits::OUTPUT_BYTES), values: vec![] }
    }
}

/// At most so many bytes, with a sign where something was cut.
fn cut(mut text: String, max: usize) -> String {
    const SIGN: &str = "…";
    if text.len() > max {
        text.truncate(text.floor_char_boundary(max - SIGN.len()));
        text += SIGN;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RedactConfig;
    use crate::redact::pseudonym::Names;

    fn redactor() -> Redactor {
        let patterns = vec!["Projekt: (\\S+)".to_owned()];
        Redactor::new([7; 32], &RedactConfig { patterns, ..RedactConfig::default() }, Names::default())
            .unwrap()
    }

    #[test]
    fn secrets_escapes_and_what_is_too_much_are_taken_out_and_said() {
        let mut sight = Sight::critical("down \u{1b}[31m password=geheim123\nProjekt: Atlas\n")
            .with("used", f64::NAN, "%")
            .with("token=ghp_0123456789abcdefghijklmnopqrstuvwxyz", 1.0, "1");
        for n in 0..40 {
            sight = sight.with(&format!("{n}{}", "x".repeat(300)), 1.0, "1");
        }
        let safe = sight.safe(&redactor());
        assert!(safe.output.starts_with("down  password=<redacted:"), "{}", safe.output);
        assert!(!safe.output.contains("geheim") && !safe.output.contains("Atlas"), "{}", safe.output);
        assert!(safe.output.ends_with("\n(1 values left out: no finite number)\n(9 of 41 values left out)"));
        assert_eq!(safe.values.len(), VALUES);
        assert!(
            safe.values.iter().all(|value| value.label.len() <= LABEL_BYTES && !value.label.contains("ghp_"))
        );
    }

    #[test]
    fn a_secret_among_colours_is_taken_out() {
        let coloured = "\u{1b}[3mpassword\u{1b}[0m\u{1b}[2m=\u{1b}[0m\"hunter2\"";
        let safe =
            Sight::critical(format!("failed {coloured} today")).with(coloured, 1.0, "1").safe(&redactor());
        assert!(safe.output.starts_with("failed password=\"<redacted:"), "{}", safe.output);
        assert!(safe.output.ends_with(" today") && !safe.values[0].label.contains("hunter2"), "{safe:?}");
    }

    #[test]
    fn a_long_output_is_cut_at_a_character_within_the_limit() {
        let safe = Sight::ok("ü".repeat(5_000)).with("x", f64::INFINITY, "1").safe(&redactor());
        assert!(safe.output.len() <= limits::OUTPUT_BYTES && safe.output.contains("ü…\n(1 values"));
        let short = Sight::ok("fine").safe(&redactor());
        assert_eq!(short, Sight::ok("fine"));
    }

    #[test]
    fn without_its_words_even_good_news_is_unknown() {
        let told = Sight::ok("secret").with("a", 1.0, "1").without_words("its output is not told");
        assert_eq!((told.state, told.output.as_str()), (CheckState::Unknown, "its output is not told"));
        assert_eq!(Sight::critical("secret").without_words("no").state, CheckState::Critical);
    }
}
