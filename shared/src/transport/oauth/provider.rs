//! Providers as data: where their endpoints are, which scopes mail needs there, what they want besides.

use serde::Deserialize;

use super::settings::{Grant, OAuthSettings, Purpose};

/// Whose accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Microsoft 365: Exchange Online, signed in by Microsoft Entra.
    Microsoft,
    /// Google Workspace or Gmail.
    Google,
    /// Any other, by its `issuer` or its endpoints.
    Other,
}

/// Microsoft's clouds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cloud {
    /// Everybody who is not told otherwise, GCC among them.
    #[default]
    Global,
    /// GCC High.
    UsGovernment,
    /// The United States' Department of Defense.
    UsGovernmentDod,
    /// China, run by 21Vianet.
    China,
}

/// Where a cloud's services are.
struct Hosts {
    login: &'static str,
    outlook: &'static str,
    graph: &'static str,
}

impl Cloud {
    fn hosts(self) -> Hosts {
        match self {
            Self::Global => Hosts {
                login: "https://login.microsoftonline.com",
                outlook: "https://outlook.office365.com",
                graph: "https://graph.microsoft.com",
            },
            Self::UsGovernment => Hosts {
                login: "https://login.microsoftonline.us",
                outlook: "https://outlook.office365.us",
                graph: "https://graph.microsoft.us",
            },
            Self::UsGovernmentDod => Hosts {
                login: "https://login.microsoftonline.us",
                outlook: "https://outlook-dod.office365.us",
                graph: "https://dod-graph.microsoft.us",
            },
            Self::China => Hosts {
                login: "https://login.partner.microsoftonline.cn",
                outlook: "https://partner.outlook.cn",
                graph: "https://microsoftgraph.chinacloudapi.cn",
            },
        }
    }

    /// Where Microsoft Graph is.
    #[must_use]
    pub fn graph(self) -> &'static str {
        self.hosts().graph
    }
}

/// What a provider's preset knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Preset {
    pub(super) authorization: Option<String>,
    pub(super) token: Option<String>,
    pub(super) device: Option<String>,
    pub(super) scopes: Vec<String>,
    /// More parameters of the page where a person agrees.
    pub(super) asking: &'static [(&'static str, &'static str)],
    /// Days a refresh token lasts without being used.
    pub(super) refresh_days: Option<u32>,
}

/// The preset for these settings; all of it may be overridden there.
pub(super) fn preset(settings: &OAuthSettings) -> Preset {
    match settings.provider {
        Provider::Microsoft => microsoft(settings),
        Provider::Google => google(),
        Provider::Other => Preset::default(),
    }
}

fn microsoft(settings: &OAuthSettings) -> Preset {
    let hosts = settings.cloud.hosts();
    let base =
        format!("{}/{}/oauth2/v2.0", hosts.login, settings.tenant.as_deref().unwrap_or("organizations"));
    // An application is given what an administrator granted it; a person grants what is asked for by name.
    let scopes = match (settings.grant, settings.kept.purpose) {
        (Grant::ClientCredentials | Grant::ServiceAccount, Purpose::Mail) => {
            vec![format!("{}/.default", hosts.outlook)]
        }
        (Grant::ClientCredentials | Grant::ServiceAccount, Purpose::Graph) => {
            vec![format!("{}/.default", hosts.graph)]
        }
        (_, Purpose::Mail) => {
            // The global cloud's delegated scopes are registered under its older name.
            let outlook =
                if settings.cloud == Cloud::Global { "https://outlook.office.com" } else { hosts.outlook };
            ["SMTP.Send", "IMAP.AccessAsUser.All"]
                .map(|scope| format!("{outlook}/{scope}"))
                .into_iter()
                .chain(["offline_access".into()])
                .collect()
        }
        (_, Purpose::Graph) => vec![format!("{}/Mail.Send", hosts.graph), "offline_access".into()],
    };
    Preset {
        authorization: Some(format!("{base}/authorize")),
        token: Some(format!("{base}/token")),
        device: Some(format!("{base}/devicecode")),
        scopes,
        asking: &[],
        refresh_days: Some(90),
    }
}

fn google() -> Preset {
    Preset {
        authorization: Some("https://accounts.google.com/o/oauth2/v2/auth".into()),
        token: Some("https://oauth2.googleapis.com/token".into()),
        device: Some("https://oauth2.googleapis.com/device/code".into()),
        scopes: vec!["https://mail.google.com/".into()],
        // Without these Google gives no refresh token, or none the second time.
        asking: &[("access_type", "offline"), ("prompt", "consent")],
        refresh_days: Some(180),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str, purpose: Purpose) -> Preset {
        let mut settings: OAuthSettings =
            crate::config_file::parse(std::path::Path::new("agent.toml"), toml).unwrap();
        settings.kept.purpose = purpose;
        preset(&settings)
    }

    #[test]
    fn microsofts_endpoints_and_scopes_follow_tenant_cloud_grant_and_purpose() {
        let app = "provider = 'microsoft'\ntenant = 'acme.example'\nclient_id = 'x'\ngrant = 'client_credentials'\n";
        let preset = read(app, Purpose::Mail);
        let token = "https://login.microsoftonline.com/acme.example/oauth2/v2.0/token";
        assert_eq!(preset.token.as_deref(), Some(token));
        assert_eq!(preset.scopes, ["https://outlook.office365.com/.default"]);
        assert_eq!(read(app, Purpose::Graph).scopes, ["https://graph.microsoft.com/.default"]);
        let china = read(&format!("{app}cloud = 'china'\n"), Purpose::Mail);
        assert_eq!(china.scopes, ["https://partner.outlook.cn/.default"]);
        assert!(china.token.unwrap().starts_with("https://login.partner.microsoftonline.cn/acme.example/"));
        let person = "provider = 'microsoft'\ntenant = 't'\nclient_id = 'x'\ngrant = 'device_code'\n";
        let scopes = read(person, Purpose::Mail).scopes;
        assert!(scopes.contains(&"https://outlook.office.com/SMTP.Send".to_owned()), "{scopes:?}");
        assert!(scopes.contains(&"offline_access".to_owned()), "{scopes:?}");
        let high = read(&format!("{person}cloud = 'us-government'\n"), Purpose::Graph).scopes;
        assert_eq!(high, ["https://graph.microsoft.us/Mail.Send", "offline_access"]);
    }

    #[test]
    fn google_is_asked_for_a_refresh_token_and_has_one_scope_for_all_of_mail() {
        let preset =
            read("provider = 'google'\nclient_id = 'x'\ngrant = 'authorization_code'\n", Purpose::Mail);
        assert_eq!(preset.scopes, ["https://mail.google.com/"]);
        assert!(preset.asking.contains(&("access_type", "offline")));
    }
}
