//! `systems history`: what a system measured, day by day.

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::wire::observation::Attributes;
use serde::Serialize;

use super::{Desk, systems};
use crate::cli::Named;
use crate::evaluate::threshold::format_value;
use crate::history::{Day, Series, Stats};

#[derive(Serialize)]
struct Row {
    /// When the day begins.
    day: Timestamp,
    #[serde(flatten)]
    series: Series,
    #[serde(flatten)]
    stats: Stats,
    mean: f64,
}

/// The days of the metrics whose names begin with `metric`, from so many days back.
pub(super) fn run(desk: &Desk, which: &Named, metric: &str, days: u16) -> anyhow::Result<()> {
    let back = SignedDuration::from_hours(24 * i64::from(days));
    let from = Day::of(desk.now.saturating_sub(back).unwrap_or(Timestamp::MIN));
    let history = desk.reader()?.read(|tx| {
        let system = systems::named(tx, which)?;
        anyhow::Ok(tx.history(system.id, from)?)
    })?;
    let of_metric = history.0.into_iter().filter(|((_, series), _)| series.metric.starts_with(metric));
    let rows: Vec<Row> = of_metric
        .map(|((day, series), stats)| Row { day: day.begins(), mean: stats.mean(), series, stats })
        .collect();
    desk.list(&rows, &["day", "metric", "of", "n", "least", "mean", "most"], |row| {
        let value = |value| format_value(value, &row.series.unit);
        vec![
            row.day.strftime("%Y-%m-%d").to_string(),
            row.series.metric.clone(),
            about(&row.series.attributes),
            row.stats.count.to_string(),
            value(row.stats.min),
            value(row.mean),
            value(row.stats.max),
        ]
    })
}

fn about(attributes: &Attributes) -> String {
    attributes.values().map(String::as_str).collect::<Vec<_>>().join(" ")
}
