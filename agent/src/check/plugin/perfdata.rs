//! What a plugin printed, by the grammar of the Monitoring Plugins development guidelines: text before `|`, performance data behind,
//! in the first line and again from the first `|` of the further ones. Pure; what is no performance data is left out.

use super::super::probe::Measure;

/// Text for people, and values.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Said {
    /// The first line, and the long output below it.
    pub(super) text: String,
    /// The performance data.
    pub(super) values: Vec<Measure>,
}

/// Separates the two.
pub(super) fn split(out: &str) -> Said {
    let mut lines = out.lines();
    let first = lines.next().unwrap_or_default();
    let (text, data) = first.split_once('|').unwrap_or((first, ""));
    let (mut text, mut data) = (text.trim_end().to_owned(), data.to_owned());
    let mut is_data = false;
    for line in lines {
        let (said, measured) = match line.split_once('|') {
            _ if is_data => ("", line),
            Some(parts) => parts,
            None => (line, ""),
        };
        is_data |= line.contains('|');
        if !said.trim_end().is_empty() || !is_data {
            text.push('\n');
            text.push_str(said.trim_end());
        }
        data.push(' ');
        data.push_str(measured);
    }
    Said { text: text.trim_end().to_owned(), values: values(&data) }
}

/// `'label'=value[UOM];[warn];[crit];[min];[max]`, separated by blanks; a quote in a quoted label is written twice. A value of `U`
/// could not be determined and is none.
fn values(data: &str) -> Vec<Measure> {
    let mut values = Vec::new();
    let mut rest = data.trim_start();
    while !rest.is_empty() {
        let Some((label, after)) = label(rest) else { break };
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let (figures, next) = after.split_at(end);
        values.extend(measure(label, figures.split(';').next().unwrap_or_default()));
        rest = next.trim_start();
    }
    values
}

/// A label, and what stands behind its `=`. Many plugins leave the quotes away around labels with blanks in them.
fn label(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('\'') else {
        let (label, after) = text.split_once('=')?;
        return Some((label.trim().to_owned(), after));
    };
    let mut label = String::new();
    let mut rest = quoted;
    loop {
        let (part, after) = rest.split_once('\'')?;
        label.push_str(part);
        match after.strip_prefix('\'') {
            Some(after) => {
                label.push('\'');
                rest = after;
            }
            None => return Some((label, after.trim_start().strip_prefix('=')?.trim_start())),
        }
    }
}

fn measure(label: String, figures: &str) -> Option<Measure> {
    // Programs that do as their country does write a comma.
    let figures = figures.replace(',', ".");
    let may_be_number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
    let longest = figures.find(|c| !may_be_number(c)).unwrap_or(figures.len());
    let number = |end: usize| Some((end, figures[..end].parse::<f64>().ok()?));
    let (end, value) = (1..=longest).rev().find_map(number)?;
    let unit = ucum(figures[end..].trim());
    (!label.is_empty() && value.is_finite()).then_some(Measure { label, value, unit, counts: false })
}

/// The unit as a UCUM code; numbers stay as the plugin gave them, so that ranges speak of what it prints.
fn ucum(unit: &str) -> String {
    match unit {
        "" => "1",
        "B" => "By",
        "KB" => "kBy",
        "MB" => "MBy",
        "GB" => "GBy",
        "TB" => "TBy",
        "c" => "{count}",
        other => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(data: &str) -> Vec<String> {
        let said = |measure: &Measure| format!("{}={} {}", measure.label, measure.value, measure.unit);
        values(data).iter().map(said).collect()
    }

    #[test]
    fn labels_values_and_units_are_read_by_the_published_grammar() {
        assert_eq!(read("/=2643MB;5948;5958;0;5968"), ["/=2643 MBy"]);
        assert_eq!(read("time=0.012s;;;0.000 size=12B;;;0"), ["time=0.012 s", "size=12 By"]);
        assert_eq!(read("'C:\\ used'=75%;80;90 'it''s'=3c"), ["C:\\ used=75 %", "it's=3 {count}"]);
        assert_eq!(read("load1=0,25;1;2 rta=1.5e1ms pl=0%"), ["load1=0.25 1", "rta=15 ms", "pl=0 %"]);
        assert_eq!(read("temp=-3.5;@10:20;~:0"), ["temp=-3.5 1"]);
        assert_eq!(read("gone=U;1;2 here=1"), ["here=1 1"], "what could not be determined is no value");
    }

    #[test]
    fn what_is_no_performance_data_is_left_out_and_ends_nothing() {
        for broken in ["", "   ", "just words", "=5", "'open=3", "a=", "a=;1;2", "a=nan", "a=inf", "a=1e999"]
        {
            assert_eq!(read(broken), Vec::<String>::new(), "{broken:?}");
        }
        assert_eq!(read("a=x b=2"), ["b=2 1"]);
        assert_eq!(read("two words=4 b=5"), ["two words=4 1", "b=5 1"], "quotes that were forgotten");
    }

    #[test]
    fn long_output_and_further_performance_data_are_told_apart() {
        let said = split(
            "DISK OK - free space: / 3326 MB (56%); | /=2643MB;5948;5958;0;5968\n/ 15272 MB (77%);\n\n/boot 68 MB (69%);\n/home 69357 MB (27%); | /boot=68MB;88;93;0;98\n/home=69357MB;253404;253409;0;253414\n/var/log=818MB;970;975;0;980\n",
        );
        assert_eq!(
            said.text,
            "DISK OK - free space: / 3326 MB (56%);\n/ 15272 MB (77%);\n\n/boot 68 MB (69%);\n/home 69357 MB (27%);"
        );
        let labels: Vec<&str> = said.values.iter().map(|value| value.label.as_str()).collect();
        assert_eq!(labels, ["/", "/boot", "/home", "/var/log"]);
        assert_eq!(split("fine"), Said { text: "fine".into(), values: vec![] });
        assert_eq!(split(""), Said::default());
    }
}
