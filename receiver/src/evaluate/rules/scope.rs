//! Which systems and which things a rule is about.

use globset::{Glob, GlobMatcher};
use serde::{Deserialize, Deserializer};

use crate::evaluate::SystemView;

/// A glob on a text, or the exclusion of one.
#[derive(Clone, Debug)]
pub struct Pattern {
    glob: GlobMatcher,
    excludes: bool,
}

impl Pattern {
    /// Whether the value passes.
    #[must_use]
    pub fn admits(&self, value: &str) -> bool {
        self.glob.is_match(value) != self.excludes
    }

    /// As it is written.
    #[must_use]
    pub fn written(&self) -> String {
        format!("{}{}", if self.excludes { "!" } else { "" }, self.glob.glob())
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (glob, excludes) = text.strip_prefix('!').map_or((text.as_str(), false), |glob| (glob, true));
        let glob = Glob::new(glob).map_err(serde::de::Error::custom)?.compile_matcher();
        Ok(Self { glob, excludes })
    }
}

/// Whether a rule for these systems and customers is about this one. A system is named by its host or by its SystemId.
pub(super) fn concerns(system: Option<&Pattern>, customer: Option<&Pattern>, view: &SystemView) -> bool {
    let id = view.system.to_string();
    let is_named = |pattern: &Pattern| match pattern.excludes {
        // Not this one: by neither of its names.
        true => pattern.admits(&view.host) && pattern.admits(&id),
        false => pattern.admits(&view.host) || pattern.admits(&id),
    };
    system.is_none_or(is_named) && customer.is_none_or(|pattern| pattern.admits(&view.customer))
}
