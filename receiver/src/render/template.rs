//! The templates of what people read, built into the program from `templates/receiver/en/`.
//!
//! Text from outside is only ever a value, never a template. HTML is escaped, plain text is not. Strict: a name that a
//! template uses and the values lack is an error, so that a mail with a hole is never sent.

use std::sync::LazyLock;

use handlebars::{Handlebars, RenderError};
use serde::Serialize;

const TEXTS: &[(&str, &str)] = &[
    ("event", include_str!("../../../templates/receiver/en/event.hbs")),
    ("notification-subject", include_str!("../../../templates/receiver/en/notification-subject.hbs")),
    ("notification", include_str!("../../../templates/receiver/en/notification.txt.hbs")),
    ("ping", include_str!("../../../templates/receiver/en/ping.txt.hbs")),
];

const PAGES: &[(&str, &str)] = &[
    ("event", include_str!("../../../templates/receiver/en/event.hbs")),
    ("notification", include_str!("../../../templates/receiver/en/notification.html.hbs")),
];

static TEXT: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut registry = registry(TEXTS);
    registry.register_escape_fn(handlebars::no_escape);
    registry
});

static HTML: LazyLock<Handlebars<'static>> = LazyLock::new(|| registry(PAGES));

fn registry(templates: &[(&str, &str)]) -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    for (name, template) in templates {
        registry.register_template_string(name, template).expect("a built-in template parses");
    }
    registry
}

/// Plain text from the template of that name.
///
/// # Errors
/// [`RenderError`]: no such template, or it uses a name that `values` lacks.
pub fn text<T: Serialize>(name: &str, values: &T) -> Result<String, RenderError> {
    TEXT.render(name, values)
}

/// One line from the template of that name: all white space becomes single spaces.
///
/// # Errors
/// As [`text`].
pub fn one_line<T: Serialize>(name: &str, values: &T) -> Result<String, RenderError> {
    Ok(text(name, values)?.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// HTML from the template of that name; every value is escaped.
///
/// # Errors
/// As [`text`].
pub fn html<T: Serialize>(name: &str, values: &T) -> Result<String, RenderError> {
    HTML.render(name, values)
}
