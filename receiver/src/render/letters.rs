//! The templates of what people are told by mail, built into the program from `templates/receiver/`, in every language.

use std::sync::LazyLock;

use mailbeat_shared::locale::Locale;
use mailbeat_shared::template::Templates;

macro_rules! templates {
    ($dir:literal, $($name:literal),+ $(,)?) => {
        &[$((concat!($name, ".hbs"), include_str!(concat!("../../../templates/receiver/", $dir, $name, ".hbs")))),+]
    };
}

macro_rules! language {
    ($dir:literal) => {
        templates!(
            $dir,
            "event",
            "footer",
            "notification-subject",
            "notification.txt",
            "notification.html",
            "confirmation-subject",
            "confirmation.txt",
            "renewal-subject",
            "renewal.txt",
            "ping-subject",
            "ping.txt",
        )
    };
}

/// Templates by file name.
type Files = &'static [(&'static str, &'static str)];

/// How pages look, in every language.
const LAYOUT: Files =
    templates!("", "page.html", "colour.html", "heading.html", "fact.html", "box.html", "before.html");
const ENGLISH: Files = language!("en/");
const GERMAN: Files = language!("de/");

static IN_ENGLISH: LazyLock<Templates> = LazyLock::new(|| Templates::new(&[LAYOUT, ENGLISH].concat()));
static IN_GERMAN: LazyLock<Templates> = LazyLock::new(|| Templates::new(&[LAYOUT, GERMAN].concat()));

/// The templates of a language.
#[must_use]
pub fn of(locale: Locale) -> &'static Templates {
    match locale {
        Locale::En => &IN_ENGLISH,
        Locale::De => &IN_GERMAN,
    }
}
