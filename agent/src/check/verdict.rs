//! What a check's values say, judged by the ranges of its configuration. Pure.

use mailbeat_shared::wire::check::CheckState;

use super::CheckConfig;
use super::config::Ranges;
use super::probe::Measure;
use super::range::Range;

/// A verdict and what made it worse than the probe's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The verdict.
    pub state: CheckState,
    /// Why, beyond what the probe said: for the end of the first line.
    pub because: Vec<String>,
}

/// The probe's own verdict, made worse by every value that is where it should not be. Where the kind does not say what it measures,
/// a range for a value that is not there is no good news either: nobody would ever be alerted by it.
#[must_use]
pub fn judge(config: &CheckConfig, own: CheckState, values: &[Measure]) -> Verdict {
    let mut verdict = Verdict { state: own, because: vec![] };
    let ranges = [(&config.critical, CheckState::Critical), (&config.warning, CheckState::Warning)];
    for (ranges, state) in ranges {
        match ranges {
            Ranges::None => {}
            Ranges::First(range) => match values.first() {
                Some(value) => verdict.look_at(value, range, state),
                None => verdict.miss("any value", config, own),
            },
            Ranges::Labelled(ranges) => {
                for (label, range) in ranges {
                    match values.iter().find(|value| value.label == *label) {
                        Some(value) => verdict.look_at(value, range, state),
                        None => verdict.miss(&format!("a value {label}"), config, own),
                    }
                }
            }
        }
    }
    verdict
}

impl Verdict {
    fn look_at(&mut self, measure: &Measure, range: &Range, state: CheckState) {
        let Measure { label, value, unit, .. } = measure;
        // What is critical needs no warning beside it.
        let told = self.because.iter().any(|said| said.starts_with(&format!("{label} is ")));
        if range.alerts(*value) && !told {
            let unit = if unit == "1" { "" } else { unit.trim_matches(['{', '}']) };
            let space = if unit.is_empty() || unit == "%" { "" } else { " " };
            self.because.push(format!(
                "{label} is {}{space}{unit}, should be {}",
                short(*value),
                range.words()
            ));
        }
        if range.alerts(*value) {
            self.state = self.state.worse(state);
        }
    }

    fn miss(&mut self, what: &str, config: &CheckConfig, own: CheckState) {
        if config.kind.is_none_or(|kind| kind.values.is_empty()) && own == CheckState::Ok {
            self.state = self.state.worse(CheckState::Unknown);
            self.because.push(format!("it did not give {what} to judge"));
        }
    }
}

/// At most three digits after the point.
fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use mailbeat_shared::config_file;

    use super::*;
    use crate::check::probe::Sight;
    use crate::config::Config;

    fn check(ranges: &str) -> CheckConfig {
        let text = format!("[[check]]\nname = 'c'\ntype = 'plugin'\ncommand = ['/bin/true']\n{ranges}\n");
        let config: Config = config_file::parse(Path::new("agent.toml"), &text).unwrap();
        config.check.into_iter().next().unwrap()
    }

    fn judged(ranges: &str, sight: &Sight) -> (CheckState, String) {
        let verdict = judge(&check(ranges), sight.state, &sight.values);
        (verdict.state, verdict.because.join("; "))
    }

    #[test]
    fn ranges_make_a_verdict_worse_and_never_better_and_say_why() {
        let sight = Sight::ok("fine").with("used", 85.0, "%").with("inodes", 12.5, "%");
        assert_eq!(judged("", &sight), (CheckState::Ok, String::new()));
        let why = "used is 85%, should be 0 to 80".to_owned();
        assert_eq!(judged("warning = 80\ncritical = 90", &sight), (CheckState::Warning, why));
        let why = "used is 85%, should be 84 or less".to_owned();
        assert_eq!(judged("warning = 80\ncritical = '~:84'", &sight), (CheckState::Critical, why));
        let (state, why) = judged("warning = { inodes = 10, used = '10:' }", &sight);
        assert_eq!((state, why.as_str()), (CheckState::Warning, "inodes is 12.5%, should be 0 to 10"));
        let broken = Sight::critical("down").with("used", 1.0, "%");
        assert_eq!(judged("warning = 80", &broken).0, CheckState::Critical);
    }

    #[test]
    fn a_range_for_a_value_that_never_comes_is_said_instead_of_never_alerting() {
        let sight = Sight::ok("fine").with("used", 1.0, "%");
        let (state, why) = judged("warning = { usde = 80 }", &sight);
        assert_eq!((state, why.as_str()), (CheckState::Unknown, "it did not give a value usde to judge"));
        assert_eq!(judged("warning = 80", &Sight::ok("fine")).0, CheckState::Unknown);
        assert_eq!(
            judged("warning = 80", &Sight::critical("down")),
            (CheckState::Critical, String::new()),
            "who failed has no values, and says so"
        );
    }
}
