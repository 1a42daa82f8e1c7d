//! Configurations of servers, made from templates.

use anyhow::bail;

/// Fills `@NAME@`s. A name the values do not know is a mistake in the template.
pub(super) fn render(template: &str, values: &[(&str, &str)]) -> anyhow::Result<String> {
    let mut text = template.to_owned();
    for (name, value) in values {
        text = text.replace(&format!("@{name}@"), value);
    }
    let left =
        text.lines().filter(|line| !line.starts_with('#')).find(|line| line.split('@').nth(2).is_some());
    match left {
        Some(line) if !line.contains("/^") => bail!("nothing fills this line of a template: {line}"),
        _ => Ok(text),
    }
}
