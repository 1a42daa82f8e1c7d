//! The text format 0.0.4 in which exporters show their metrics. Pure; borrows from the text, so that what nobody asked for costs
//! nothing but its reading.
//!
//! Source: the Prometheus documentation, "Exposition formats". What does not follow it spoils the whole scrape, as it does there:
//! half an exporter is no exporter.

use std::borrow::Cow;

/// Most samples of one scrape.
const SAMPLES: usize = 100_000;
/// Most labels of one sample.
const LABELS: usize = 64;

/// One line: a metric with its labels and value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample<'t> {
    pub(super) name: &'t str,
    pub(super) labels: Vec<(&'t str, Cow<'t, str>)>,
    /// As it was written: also NaN and infinity.
    pub(super) value: f64,
}

/// All samples in order.
///
/// # Errors
/// Which line cannot be read, and why.
pub(super) fn samples(text: &str) -> Result<Vec<Sample<'_>>, String> {
    let mut found = vec![];
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        // Comments say of what kind a metric is, and what for; whoever configured the check knows.
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if found.len() == SAMPLES {
            return Err(format!("more than {SAMPLES} values"));
        }
        found.push(sample(line).map_err(|why| format!("line {}: {why}", number + 1))?);
    }
    Ok(found)
}

fn sample(line: &str) -> Result<Sample<'_>, &'static str> {
    let end = line.find(|c: char| !is_name(c)).ok_or("a name without a value")?;
    let (name, rest) = line.split_at(end);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("it does not begin with the name of a metric");
    }
    let (labels, rest) = match rest.trim_start().strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None if rest.starts_with([' ', '\t']) => (vec![], rest),
        None => return Err("a character that no name has"),
    };
    let mut words = rest.split_whitespace();
    let value = words.next().and_then(number).ok_or("no value that is a number")?;
    // When the exporter measured, in milliseconds, if it says so.
    let is_time = words.next().is_none_or(|time| time.parse::<i64>().is_ok());
    if !is_time || words.next().is_some() {
        return Err("something behind the value that is no time");
    }
    Ok(Sample { name, labels, value })
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

/// Numbers as Go reads them, as far as exporters write them.
fn number(word: &str) -> Option<f64> {
    word.parse().ok()
}

type Labels<'t> = Vec<(&'t str, Cow<'t, str>)>;

/// What follows `{`, up to and with `}`, and the rest of the line.
fn labels(mut rest: &str) -> Result<(Labels<'_>, &str), &'static str> {
    let mut found = vec![];
    loop {
        rest = rest.trim_start();
        if let Some(rest) = rest.strip_prefix('}') {
            return Ok((found, rest));
        }
        if found.len() == LABELS {
            return Err("more labels than a value has");
        }
        let (name, behind) = rest.split_once('=').ok_or("a label without a value")?;
        let name = name.trim();
        if name.is_empty() || !name.chars().all(is_name) {
            return Err("a label whose name is none");
        }
        let quoted = behind.trim_start().strip_prefix('"').ok_or("a label's value without quotes")?;
        let (value, behind) = value(quoted)?;
        found.push((name, value));
        let behind = behind.trim_start();
        rest = match behind.strip_prefix(',') {
            Some(behind) => behind,
            None if behind.starts_with('}') => behind,
            None => return Err("no comma between labels"),
        };
    }
}

/// A label's value up to its closing quote, with `\\`, `\"` and `\n` undone.
fn value(rest: &str) -> Result<(Cow<'_, str>, &str), &'static str> {
    let plain = rest.find(['"', '\\']).ok_or("a label's value without an end")?;
    if rest[plain..].starts_with('"') {
        return Ok((Cow::Borrowed(&rest[..plain]), &rest[plain + 1..]));
    }
    let mut value = String::new();
    let mut chars = rest.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((Cow::Owned(value), &rest[at + 1..])),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, escaped @ ('\\' | '"'))) => value.push(escaped),
                _ => return Err("a backslash before something else than a backslash, a quote or n"),
            },
            c => value.push(c),
        }
    }
    Err("a label's value without an end")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of the documentation, with every oddity it names.
    const EXAMPLE: &str = r#"# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf -3982045

# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05",} 24054
http_request_duration_seconds_sum 53423
nothing NaN
"#;

    #[test]
    fn the_example_of_the_documentation_is_read_as_it_is_meant() {
        let found = samples(EXAMPLE).unwrap();
        assert_eq!(found.len(), 8);
        assert_eq!(found[0].labels, [("method", "post".into()), ("code", "200".into())]);
        assert_eq!((found[0].name, found[0].value), ("http_requests_total", 1027.0));
        let [(_, path), (_, error)] = &found[2].labels[..] else { panic!("{:?}", found[2]) };
        assert_eq!((&**path, &**error), (r"C:\DIR\FILE.TXT", "Cannot find file:\n\"FILE.TXT\""));
        assert_eq!((found[3].value, found[3].labels.len()), (12.47, 0));
        assert_eq!(found[4].value, f64::INFINITY);
        assert_eq!(found[5].labels, [("le", "0.05".into())]);
        assert!(found[7].value.is_nan());
    }

    #[test]
    fn what_is_no_such_text_is_refused_with_its_line() {
        let refused = |text: &str| samples(text).unwrap_err();
        assert_eq!(refused("a 1\n<html>"), "line 2: it does not begin with the name of a metric");
        assert_eq!(refused("9a 1"), "line 1: it does not begin with the name of a metric");
        for (text, why) in [
            ("a", "a name without a value"),
            ("a one", "no value that is a number"),
            ("a 1 yesterday", "something behind the value"),
            ("a 1 2 3", "something behind the value"),
            ("a-b 1", "a character that no name has"),
            ("a{b=\"c\" 1", "no comma between labels"),
            ("a{b=\"c", "without an end"),
            ("a{b=\"c\\", "a backslash"),
            ("a{b=\"\\t\"} 1", "a backslash"),
            ("a{b=c} 1", "without quotes"),
            ("a{b} 1", "a label without a value"),
            ("a{=\"c\"} 1", "a label whose name is none"),
        ] {
            assert!(refused(text).contains(why), "{text:?}: {}", refused(text));
        }
        let many = "a 1\n".repeat(SAMPLES + 1);
        assert_eq!(refused(&many), "more than 100000 values");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_never_a_panic(text in "\\PC{0,80}(\n[a-z]{0,3}\\{?[a-z\"\\\\=,é}]{0,20} [0-9.eE+-]{0,6}){0,3}") {
            let _ = samples(&text);
        }

        #[test]
        fn whatever_a_label_holds_comes_back(value in "\\PC{0,20}[\n\"\\\\]{0,3}\\PC{0,20}") {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let text = format!("m{{l=\"{escaped}\"}} 7");
            let found = samples(&text).unwrap();
            prop_assert_eq!(&*found[0].labels[0].1, value.as_str());
        }
    }
}
