//! What a person reads beside a failure: the likely cause and the way out, in plain words.

pub mod server;

use serde::Serialize;

/// Why something probably failed, and what to do. Both are sentences for the person in front of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advice {
    /// The likely cause.
    pub cause: String,
    /// What to do, exact enough to do it.
    pub fix: String,
}

impl Advice {
    /// Takes both sentences.
    #[must_use]
    pub fn new(cause: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { cause: cause.into(), fix: fix.into() }
    }
}

/// Says each piece of advice once, with its German: a function a name, and all sentences as the phrases `ADVICE`.
#[macro_export]
macro_rules! advice {
    ($($name:ident: $cause:literal, $fix:literal; $ursache:literal, $abhilfe:literal;)+) => {
        $(pub(super) fn $name() -> $crate::advice::Advice { $crate::advice::Advice::new($cause, $fix) })+
        const ADVICE: &[$crate::phrases::Phrase] = &[$(($cause, $ursache), ($fix, $abhilfe)),+];
    };
}
