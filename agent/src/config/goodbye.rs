//! `goodbye = false | true | "always"`.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whether the agent tells the vendor that it is being stopped on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Goodbye {
    /// It does not.
    #[default]
    Never,
    /// When the system shuts down or restarts (`true`).
    Shutdown,
    /// Whenever it is stopped (`"always"`).
    Always,
}

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Written {
    Switch(bool),
    Word(String),
}

impl<'de> Deserialize<'de> for Goodbye {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = || D::Error::custom("`goodbye` must be false, true or \"always\"");
        match Written::deserialize(deserializer).map_err(|_| wrong())? {
            Written::Switch(false) => Ok(Self::Never),
            Written::Switch(true) => Ok(Self::Shutdown),
            Written::Word(word) if word == "always" => Ok(Self::Always),
            Written::Word(_) => Err(wrong()),
        }
    }
}

impl Serialize for Goodbye {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Never => Written::Switch(false),
            Self::Shutdown => Written::Switch(true),
            Self::Always => Written::Word("always".into()),
        }
        .serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    use super::*;

    #[test]
    fn it_is_a_switch_or_always_and_shown_as_it_was_written() {
        for (written, meant) in
            [("false", Goodbye::Never), ("true", Goodbye::Shutdown), ("\"always\"", Goodbye::Always)]
        {
            let line = format!("goodbye = {written}");
            let config: Config = toml::from_str(&line).unwrap();
            assert_eq!(config.goodbye, meant);
            assert!(config.shown().lines().any(|shown| shown == line), "{}", config.shown());
        }
        let refused = toml::from_str::<Config>("goodbye = \"sometimes\"").unwrap_err().to_string();
        assert!(refused.contains("false, true or \"always\""), "{refused}");
    }
}
