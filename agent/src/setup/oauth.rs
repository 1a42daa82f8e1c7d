//! A mail account that signs in by OAuth: what is asked, and the route it makes. Microsoft 365 and Google; any other provider is
//! configured by hand (docs/mail-oauth.md). Grants stand in the order in which they are worth trying.

use std::path::PathBuf;
use std::rc::Rc;

use mailbeat_shared::wire::mail;
use mailbeat_shared::wizard::edit::{Value, table};
use mailbeat_shared::wizard::{Asker, Check, Move, anything};

use super::{Draft, Way};

/// How an account signs in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignIn {
    provider: Provider,
    tenant: String,
    /// Place in the provider's [`Provider::grants`].
    grant: usize,
    client_id: String,
    /// Certificate, secret or service account: a file.
    proof: PathBuf,
    /// The certificate's key.
    key: PathBuf,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Provider {
    #[default]
    Microsoft,
    Google,
}

/// A way to consent.
struct Grant {
    /// Its word in the configuration.
    word: &'static str,
    /// What a person chooses by.
    choice: &'static str,
    /// The key of the file that proves who we are, and the question for it; the file of a browser's grant may be left out.
    proof: Option<(&'static str, &'static str)>,
    has_key: bool,
    needs_a_person: bool,
}

const CERTIFICATE: Grant = Grant {
    word: "client_credentials",
    choice: "The application itself, by a certificate (best for a server)",
    proof: Some(("certificate_file", "Certificate (PEM file):")),
    has_key: true,
    needs_a_person: false,
};
const SECRET: Grant = Grant {
    word: "client_credentials",
    choice: "The application itself, by a secret",
    proof: Some(("client_secret_file", "File with the application's secret:")),
    has_key: false,
    needs_a_person: false,
};
const BROWSER: Grant = Grant {
    word: "authorization_code",
    choice: "A person, in a browser",
    proof: None,
    has_key: false,
    needs_a_person: true,
};
const DEVICE: Grant = Grant {
    word: "device_code",
    choice: "A person, by a code at another device (often forbidden at Microsoft)",
    proof: None,
    has_key: false,
    needs_a_person: true,
};
const SERVICE: Grant = Grant {
    word: "service_account",
    choice: "A service account with domain-wide delegation (Google Workspace)",
    proof: Some(("service_account_file", "Key of the service account (JSON file):")),
    has_key: false,
    needs_a_person: false,
};
const BROWSER_AND_SECRET: Grant =
    Grant { proof: Some(("client_secret_file", "File with the application's secret:")), ..BROWSER };

impl Provider {
    fn grants(self) -> &'static [Grant] {
        match self {
            Self::Microsoft => &[CERTIFICATE, SECRET, BROWSER, DEVICE],
            Self::Google => &[SERVICE, BROWSER_AND_SECRET],
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Microsoft => "microsoft",
            Self::Google => "google",
        }
    }

    fn host(self) -> &'static str {
        match self {
            Self::Microsoft => "smtp.office365.com",
            Self::Google => "smtp.gmail.com",
        }
    }
}

impl SignIn {
    fn chosen(&self) -> &'static Grant {
        let grants = self.provider.grants();
        grants.get(self.grant).unwrap_or(&grants[0])
    }

    /// Whether a person has to agree once, by `mailbeat-agent oauth login`.
    #[must_use]
    pub fn needs_a_person(&self) -> bool {
        self.chosen().needs_a_person
    }
}

/// The keys of the route.
pub(super) fn keys<'k>(from: &str, sign_in: &SignIn) -> Vec<(&'k str, Option<Value>)> {
    let grant = sign_in.chosen();
    let text = |value: &str| Some(value.to_owned()).filter(|value| !value.is_empty());
    let file = |path: &PathBuf| text(&path.display().to_string());
    let mut oauth = vec![("provider", text(sign_in.provider.word()))];
    oauth.push(("tenant", text(&sign_in.tenant).filter(|_| sign_in.provider == Provider::Microsoft)));
    oauth.push(("grant", text(grant.word)));
    oauth.push(("client_id", text(&sign_in.client_id).filter(|_| grant.word != SERVICE.word)));
    oauth.extend(grant.proof.map(|(key, _)| (key, file(&sign_in.proof))));
    oauth.extend(grant.has_key.then(|| ("key_file", file(&sign_in.key))));
    let set: Vec<(&str, String)> = oauth.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    vec![
        ("type", Some("smtp".into())),
        ("from", Some(from.into())),
        ("host", Some(sign_in.provider.host().into())),
        ("tls", Some("starttls".into())),
        ("port", None),
        ("auth", Some("oauth".into())),
        ("username", mail::bare_address(from).map(Into::into)),
        ("password", None),
        ("password_file", None),
        ("tls_ca", None),
        ("tls_pin", None),
        ("path", None),
        ("oauth", Some(table(&set))),
    ]
}

fn concerns(draft: &Draft) -> bool {
    draft.way == Way::OAuth
}

pub(super) fn provider(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if !concerns(draft) {
        return Move::Skip;
    }
    let options = ["Microsoft 365".to_owned(), "Google".to_owned()];
    let help = "The manual has a page for each (docs/mail-microsoft.md, docs/mail-google.md); another provider is configured by hand.";
    let now = usize::from(draft.sign_in.provider == Provider::Google);
    asker.choose("Whose account is it?", help, &options, now).then(|chosen| {
        let provider = if chosen == 1 { Provider::Google } else { Provider::Microsoft };
        if provider != draft.sign_in.provider {
            draft.sign_in = SignIn { provider, ..SignIn::default() };
        }
    })
}

pub(super) fn tenant(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if !concerns(draft) || draft.sign_in.provider != Provider::Microsoft {
        return Move::Skip;
    }
    let domain =
        draft.account.from.rsplit_once('@').map_or("", |(_, domain)| domain).trim_end_matches('>').to_owned();
    let now = if draft.sign_in.tenant.is_empty() { domain } else { draft.sign_in.tenant.clone() };
    let help = "The directory's id or one of its domains.";
    asker.text("Tenant:", help, &now, needed()).then(|tenant| draft.sign_in.tenant = tenant)
}

pub(super) fn grant(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if !concerns(draft) {
        return Move::Skip;
    }
    let options: Vec<String> =
        draft.sign_in.provider.grants().iter().map(|grant| grant.choice.to_owned()).collect();
    let now = draft.sign_in.grant;
    asker
        .choose("Who agrees that mail is sent?", "", &options, now)
        .then(|chosen| draft.sign_in.grant = chosen)
}

pub(super) fn client(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if !concerns(draft) || draft.sign_in.chosen().word == SERVICE.word {
        return Move::Skip;
    }
    let help = "From the application's page at the provider.";
    let now = draft.sign_in.client_id.clone();
    asker
        .text("The application's id (client id):", help, &now, needed())
        .then(|id| draft.sign_in.client_id = id)
}

pub(super) fn proof(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    let Some((_, question)) = draft.sign_in.chosen().proof.filter(|_| concerns(draft)) else {
        return Move::Skip;
    };
    let now = draft.sign_in.proof.display().to_string();
    let check = if draft.sign_in.needs_a_person() { anything() } else { readable() };
    asker
        .text(question, "The agent must be able to read it.", &now, check)
        .then(|file| draft.sign_in.proof = file.into())
}

pub(super) fn key(draft: &mut Draft, asker: &mut dyn Asker) -> Move {
    if !concerns(draft) || !draft.sign_in.chosen().has_key {
        return Move::Skip;
    }
    let now = draft.sign_in.key.display().to_string();
    let asked = asker.text(
        "The certificate's key (PEM file):",
        "The agent must be able to read it.",
        &now,
        readable(),
    );
    asked.then(|file| draft.sign_in.key = file.into())
}

fn needed() -> Check {
    Rc::new(|text| if text.is_empty() { Err("this is needed".to_owned()) } else { Ok(()) })
}

fn readable() -> Check {
    Rc::new(|text| match std::fs::File::open(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("the file cannot be read: {error}")),
    })
}
