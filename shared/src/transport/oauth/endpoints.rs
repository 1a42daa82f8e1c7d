//! Where a provider's endpoints are: set, known from its preset, or found by discovery.
//!
//! A discovered document is believed only for the issuer it was asked of (RFC 8414 section 3.3), and only addresses under
//! TLS are taken from it.

use serde::Deserialize;

use super::exchange::Talk;
use super::provider::preset;
use super::settings::{OAuthSettings, is_safe};
use crate::transport::http::Request;
use crate::transport::outcome::{Failure, FailureKind};

/// Where to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoints {
    pub(super) token: String,
    pub(super) authorization: Option<String>,
    pub(super) device: Option<String>,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    token_endpoint: Option<String>,
    authorization_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
}

/// The documents to look for, OpenID's first: most providers have it.
const DOCUMENTS: [&str; 2] = [".well-known/openid-configuration", ".well-known/oauth-authorization-server"];

/// The endpoints for these settings. Asks the issuer where something is not known otherwise.
pub(super) async fn find(settings: &OAuthSettings, talk: &Talk) -> Result<Endpoints, Failure> {
    let preset = preset(settings);
    let token = settings.token_endpoint.clone().or(preset.token);
    let authorization = settings.authorization_endpoint.clone().or(preset.authorization);
    let device = settings.device_endpoint.clone().or(preset.device);
    match (token, &settings.issuer) {
        (Some(token), _) => Ok(Endpoints { token, authorization, device }),
        (None, Some(issuer)) => {
            let found = discover(issuer, talk).await?;
            let token = found.token_endpoint.ok_or_else(|| unclear(issuer, "it names no token_endpoint"))?;
            let endpoints = Endpoints {
                token,
                authorization: authorization.or(found.authorization_endpoint),
                device: device.or(found.device_authorization_endpoint),
            };
            let named = [Some(&endpoints.token), endpoints.authorization.as_ref(), endpoints.device.as_ref()];
            if named.into_iter().flatten().any(|url| !is_safe(url)) {
                return Err(unclear(issuer, "it names an endpoint without TLS"));
            }
            Ok(endpoints)
        }
        (None, None) => {
            Err(Failure::new(FailureKind::Settings, "`oauth` has neither `issuer` nor `token_endpoint`"))
        }
    }
}

async fn discover(issuer: &str, talk: &Talk) -> Result<Document, Failure> {
    let base = issuer.trim_end_matches('/');
    let mut last = None;
    for document in DOCUMENTS {
        let request = Request::get(format!("{base}/{document}")).body(vec![]);
        let request = request.map_err(|_| Failure::new(FailureKind::Settings, "`issuer` is no address"))?;
        match talk.ask(request).await {
            Ok(answer) if answer.status.is_success() => {
                let found: Document = serde_json::from_slice(&answer.body)
                    .map_err(|_| unclear(issuer, "its discovery document cannot be read"))?;
                if found.issuer.trim_end_matches('/') == base {
                    return Ok(found);
                }
                return Err(unclear(issuer, "its discovery document is another issuer's"));
            }
            Ok(answer) => {
                last = Some(unclear(issuer, &format!("no discovery document there ({})", answer.status)))
            }
            Err(failure) => return Err(failure),
        }
    }
    Err(last.unwrap_or_else(|| unclear(issuer, "no discovery document there")))
}

fn unclear(issuer: &str, what: &str) -> Failure {
    Failure::new(FailureKind::ProtocolUnclear, format!("issuer {issuer}: {what}"))
}
