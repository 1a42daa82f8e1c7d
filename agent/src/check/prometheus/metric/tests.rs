//! Metrics of a log collector from look to look: buffers, retries, records in and out.

use super::super::text::samples;
use super::*;

fn metric(settings: &str) -> Metric {
    toml::from_str(&format!("label = 'm'\n{settings}")).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_764_331_200 + second).unwrap()
}

/// What a metric says at each of these looks, a minute apart.
fn over(metric: &Metric, texts: &[&str]) -> Vec<Result<Option<f64>, String>> {
    let mut before: Option<Memory> = None;
    let mut said = vec![];
    for (number, text) in texts.iter().enumerate() {
        let mut after = Memory::at(at(60 * i64::try_from(number).unwrap()));
        said.push(metric.measure(&samples(text).unwrap(), before.as_ref(), &mut after));
        // As it is kept: JSON between the looks.
        let kept = serde_json::to_value(&after).unwrap();
        before = serde_json::from_value(kept).unwrap();
    }
    said
}

const BUFFERS: &str = "buffer{id=\"a\",type=\"forward\"} 10\nbuffer{id=\"b\",type=\"forward\"} 30\nbuffer{id=\"c\",type=\"null\"} 500\n";

#[test]
fn series_are_selected_by_their_labels_and_taken_together_as_asked() {
    let value = |settings: &str| over(&metric(settings), &[BUFFERS]).remove(0).unwrap().unwrap();
    assert_eq!(value("name = 'buffer'"), 540.0);
    assert_eq!(value("name = 'buffer'\nwhere = { type = 'forward' }"), 40.0);
    assert_eq!(value("name = 'buffer'\nwhere = { type = '!null' }\ntake = 'max'"), 30.0);
    assert_eq!(value("name = 'buffer'\nwhere = { type = 'f*' }\ntake = 'min'"), 10.0);
    assert_eq!(value("name = 'buffer'\nwhere = { type = 'f*' }\ntake = 'mean'"), 20.0);
    assert_eq!(value("name = 'buffer'\ntake = 'count'"), 3.0);
    assert_eq!(
        value("name = 'buffer'\nwhere = { zone = '' }\ntake = 'count'"),
        3.0,
        "no label is an empty one"
    );
}

#[test]
fn a_series_that_is_not_there_is_unknown_unless_the_configuration_says_what_that_means() {
    let said = |settings: &str, text: &str| over(&metric(settings), &[text]).remove(0);
    let missing = said("name = 'retry'", BUFFERS).unwrap_err();
    assert_eq!(missing, "the exporter shows no number as retry with these labels");
    assert_eq!(said("name = 'retry'\nabsent = 0", BUFFERS), Ok(Some(0.0)));
    assert!(said("name = 'x'", "x NaN").is_err(), "no number is no value");
    assert_eq!(said("name = 'x'", "x +Inf"), Err("x is inf".into()));
}

#[test]
fn a_rate_needs_two_looks_and_a_counter_that_begins_again_has_not_run_backwards() {
    let rate = metric("name = 'c'\nby = 'rate'");
    let said = over(&rate, &["c 100", "c 160", "c 160", "c 30", "c 90"]);
    assert_eq!(said, [Ok(None), Ok(Some(1.0)), Ok(Some(0.0)), Ok(Some(0.5)), Ok(Some(1.0))]);
}

#[test]
fn each_series_begins_again_for_itself_and_a_new_one_began_at_zero() {
    let increase = metric("name = 'c'\nby = 'increase'");
    let texts =
        ["c{w=\"1\"} 1000\nc{w=\"2\"} 5", "c{w=\"1\"} 10\nc{w=\"2\"} 9", "c{w=\"2\"} 9\nc{w=\"3\"} 2"];
    assert_eq!(over(&increase, &texts), [Ok(None), Ok(Some(14.0)), Ok(Some(2.0))]);
    let first_error = over(&metric("name = 'e'\nby = 'increase'\nabsent = 0"), &["", "e 3", "e 3"]);
    assert_eq!(
        first_error,
        [Ok(None), Ok(Some(3.0)), Ok(Some(0.0))],
        "a counter shown from its first event on"
    );
}

#[test]
fn a_series_that_was_missing_goes_on_from_what_it_showed_last() {
    let both = "c{w=\"1\"} 1000\nc{w=\"2\"} 5";
    let texts = [both, "c{w=\"2\"} 8", "c{w=\"2\"} 8", "c{w=\"1\"} 1090\nc{w=\"2\"} 8"];
    let increase = metric("name = 'c'\nby = 'increase'");
    assert_eq!(over(&increase, &texts), [Ok(None), Ok(Some(3.0)), Ok(Some(0.0)), Ok(Some(90.0))]);
    let rate = metric("name = 'c'\nby = 'rate'");
    assert_eq!(over(&rate, &texts)[3], Ok(Some(0.5)), "over the three minutes it was not seen");
    let again =
        over(&increase, &["c{w=\"1\"} 1000\nc{w=\"2\"} 5", "c{w=\"2\"} 5", "c{w=\"1\"} 7\nc{w=\"2\"} 5"]);
    assert_eq!(again[2], Ok(Some(7.0)), "it began again meanwhile");
}

#[test]
fn also_when_all_series_were_missing_their_counters_go_on() {
    let with_absent = metric("name = 'c'\nby = 'increase'\nabsent = 0");
    assert_eq!(over(&with_absent, &["c 100", "", "c 110"]), [Ok(None), Ok(Some(0.0)), Ok(Some(10.0))]);
    let without = over(&metric("name = 'c'\nby = 'increase'"), &["c 100", "", "c 110", "", "c 111"]);
    assert!(without[1].is_err() && without[3].is_err(), "{without:?}");
    assert_eq!([&without[2], &without[4]], [&Ok(Some(10.0)), &Ok(Some(1.0))]);
    let first = over(&metric("name = 'c'\nby = 'increase'"), &["", "c 100"]);
    assert_eq!(first[1], Ok(None), "what was never looked at has not grown");
}

#[test]
fn of_missing_series_so_many_are_remembered_as_there_is_room_for_the_latest_first() {
    let many = |from: usize, to: usize| -> String {
        (from..to).map(|number| format!("c{{n=\"{number}\"}} 1\n")).collect()
    };
    let increase = metric("name = 'c'\nby = 'increase'");
    let texts = [many(0, 600), many(600, 1_200), many(1_100, 1_200), many(0, 1), many(600, 601)];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let said = over(&increase, &texts);
    assert_eq!(said[1..], [Ok(Some(600.0)), Ok(Some(0.0)), Ok(Some(0.0)), Ok(Some(0.0))]);
    let mut memory = Memory::at(at(0));
    for (minute, text) in [(1, many(0, 900)), (2, many(900, 1_800))] {
        let mut after = Memory::at(at(60 * minute));
        increase.measure(&samples(&text).unwrap(), Some(&memory), &mut after).unwrap();
        memory = after;
    }
    assert_eq!(memory.counters["m"].len(), SERIES);
}

#[test]
fn the_order_of_labels_makes_no_new_series() {
    let increase = metric("name = 'c'\nby = 'increase'");
    let texts = ["c{a=\"1\",b=\"2\"} 7", "c{b=\"2\",a=\"1\"} 8"];
    assert_eq!(over(&increase, &texts), [Ok(None), Ok(Some(1.0))]);
}

#[test]
fn a_clock_that_was_set_back_gives_no_rate() {
    let rate = metric("name = 'c'\nby = 'rate'");
    let mut before = Memory::at(at(60));
    rate.measure(&samples("c 1").unwrap(), None, &mut before).unwrap();
    let mut after = Memory::at(at(0));
    assert_eq!(rate.measure(&samples("c 2").unwrap(), Some(&before), &mut after), Ok(None));
}

#[test]
fn what_goes_in_and_what_comes_out_are_compared() {
    let text = "in{t=\"x\"} 100\nin{t=\"y\"} 100\nout 150\n";
    let value = |more: &str, text: &str| {
        let settings = format!("name = 'in'\nagainst = {{ name = 'out' }}\n{more}");
        over(&metric(&settings), &[text]).remove(0).unwrap().unwrap()
    };
    assert_eq!(value("", text), 50.0);
    assert_eq!(value("compare = 'ratio'", text), 0.25);
    assert_eq!(value("compare = 'ratio'", "in 0\nout 0"), 0.0, "nothing in and nothing out is no difference");
    assert_eq!(value("compare = 'ratio'", "in 5\nout 0"), 1.0);
    let growing = metric("name = 'in'\nby = 'increase'\ncompare = 'ratio'\nagainst = { name = 'out' }");
    let said = over(&growing, &["in 9\nout 9", "in 19\nout 19", "in 29\nout 19"]);
    assert_eq!(said, [Ok(None), Ok(Some(0.0)), Ok(Some(1.0))]);
}

#[test]
fn senseless_metrics_are_refused() {
    let one = |label: &str, more: &str| {
        toml::from_str::<Metric>(&format!("label = '{label}'\nname = 'x'\n{more}")).unwrap()
    };
    assert!(faults(&[one("a", ""), one("b", "")]).is_none());
    assert!(faults(&[one("a", ""), one("a", "")]).unwrap().contains("used twice"));
    assert!(faults(&[one("time", "")]).unwrap().contains("used twice"));
    assert!(faults(&[one("a", "compare = 'ratio'")]).unwrap().contains("needs something `against` it"));
    assert!(toml::from_str::<Metric>("label = 'a'\nname = 'x'\nby = 'slope'").is_err());
}

#[test]
fn more_series_than_are_remembered_are_refused_with_what_to_do() {
    let text: String = (0..=SERIES).map(|number| format!("c{{n=\"{number}\"}} 1\n")).collect();
    let refused = over(&metric("name = 'c'\nby = 'rate'"), &[&text]).remove(0).unwrap_err();
    assert_eq!(refused, "c has 1001 series, more than 1000; narrow it with `where`");
}
