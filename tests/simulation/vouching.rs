//! The word of an old key for a new one. The receiver heeds it; no agent says it yet. So it is written into the reports of a new
//! key on their way out, as an agent would write it, and they are signed again. The links between reports follow.

use std::collections::BTreeMap;

use mailbeat_shared::wire::contract::rotation_statement;
use mailbeat_shared::wire::id::{Digest, SystemId};
use mailbeat_shared::wire::report::Body;
use mailbeat_shared::wire::signature::{Namespace, SigningKey};

use crate::forger::framed;
use crate::mail::read;

/// What a host's new keys have to show.
#[derive(Clone, Default)]
pub(crate) struct Vouching {
    keys: BTreeMap<String, (SigningKey, Vec<String>)>,
    /// The digest the agent knows, and the one that went out.
    went_out_as: BTreeMap<Digest, Digest>,
}

impl Vouching {
    /// Old keys speak for a new one; none do where nobody asks them.
    pub(crate) fn vouch(&mut self, system: SystemId, key: &SigningKey, old: &[SigningKey]) {
        let statement = rotation_statement(system, &key.public());
        let words = old.iter().map(|old| old.sign(Namespace::Rotate, &statement)).collect();
        self.keys.insert(key.public().to_string(), (key.clone(), words));
    }

    /// The mail with the words in it; `None` if its key is the system's first.
    pub(crate) fn speak(&mut self, raw: &[u8]) -> Option<Vec<u8>> {
        let mut report = read(raw);
        let (key, words) = self.keys.get(&report.identity.public_key)?;
        let made = Digest::of(&report.encode());
        let went_out_as = |digest: Digest| self.went_out_as.get(&digest).copied().unwrap_or(digest);
        report.identity.succession.clone_from(words);
        report.previous = report.previous.map(went_out_as);
        if let Body::System { system_report } = &mut report.body {
            system_report.baseline = system_report.baseline.map(went_out_as);
        }
        let bytes = report.encode();
        let mail = framed(&report, &bytes, &key.sign(Namespace::Report, &bytes));
        self.went_out_as.insert(made, Digest::of(&bytes));
        Some(mail)
    }
}
