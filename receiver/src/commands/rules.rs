//! `rules`.

use super::Desk;
use crate::cli::RulesCommand;

/// `rules`.
pub(super) fn run(desk: &Desk, command: &RulesCommand) -> anyhow::Result<()> {
    match command {
        RulesCommand::Check => {
            let rules = desk.config.load_rules()?;
            let count = rules.thresholds.len();
            let from =
                desk.config.rules.as_ref().map_or("built in".to_owned(), |path| path.display().to_string());
            desk.show(
                &serde_json::json!({ "thresholds": count, "from": from }),
                &format!("{count} thresholds, {from}: fine"),
            )
        }
    }
}
