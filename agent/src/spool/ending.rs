//! What became of a report.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How a report ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// A mail server took responsibility for it. Whether it was received only the receiver knows.
    Accepted,
    /// A newer heartbeat said more.
    Superseded,
    /// Refused for good by every route, dropped at the queue's limit, damaged on disk, or made under a contract not in force.
    Lost,
}

impl Fate {
    /// The words for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted by your mail server",
            Self::Superseded => "superseded by a newer heartbeat",
            Self::Lost => "lost",
        }
    }
}

/// What became of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// How it ended.
    pub fate: Fate,
    /// When.
    pub at: Timestamp,
    /// By which route it went or was last tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The server's words, or why it was lost.
    #[serde(default)]
    pub reply: String,
    /// Why no route before this one in the configuration took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
    /// How often it was tried by this process.
    #[serde(default)]
    pub attempts: u32,
}

impl Ending {
    /// Which of two ends of one report counts: this one, or what the trail says of it already.
    ///
    /// A mail server's word that it took the report outweighs all else: then the vendor may have it, whoever gave it up for lost.
    /// Otherwise it is the trail's, because later reports may have told that one.
    #[must_use]
    pub fn prevailing(self, trailed: Option<Self>) -> Self {
        match trailed {
            Some(trailed) if self.fate != Fate::Accepted || trailed.fate == Fate::Accepted => trailed,
            _ => self,
        }
    }
}

/// That a report was sent once more by hand, with the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resent {
    /// When.
    pub at: Timestamp,
    /// By which route.
    pub route: String,
    /// The server's words.
    pub reply: String,
}
