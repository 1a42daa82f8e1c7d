//! The grants: what is asked of a provider, and the tokens it gives. The oauth2 crate knows their form; Google's assertion,
//! which it does not know, is asked for by hand.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, DeviceAuthorizationUrl,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RefreshToken, Scope, StandardDeviceAuthorizationResponse, StandardRevocableToken,
    StandardTokenResponse, TokenResponse as _, TokenUrl,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::assertion::{self, Algorithm, Key, Signer};
use super::endpoints::{self, Endpoints};
use super::exchange::Talk;
use super::provider::{Provider, preset};
use super::service_account::ServiceAccount;
use super::settings::{ClientAuth, OAuthSettings};
use super::store::Token;
use crate::transport::http::{Request, header};
use crate::transport::outcome::{Failure, FailureKind};
use crate::transport::secret::Secret;

/// What some providers say beside RFC 6749.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct More {
    refresh_token_expires_in: Option<u64>,
}

impl ExtraTokenFields for More {}

type Answer = StandardTokenResponse<More, BasicTokenType>;
type Client = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointMaybeSet,
    EndpointMaybeSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Tokens a provider gave.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) access: Token,
    /// The next refresh token, where there is a new one.
    pub(super) refresh: Option<Token>,
    /// What was granted, where the provider says.
    pub(super) scopes: Option<Vec<String>>,
}

/// What a person is asked to open, and how the answer is known again.
pub(super) struct Asked {
    pub(super) url: String,
    pub(super) state: String,
    verifier: PkceCodeVerifier,
    redirect: RedirectUrl,
}

/// An account at its provider: endpoints known, ready to ask.
pub(super) struct Desk<'a> {
    settings: &'a OAuthSettings,
    endpoints: Endpoints,
    talk: Talk,
    client: Client,
    now: Timestamp,
}

impl<'a> Desk<'a> {
    /// Finds the endpoints and reads the application's secret.
    pub(super) async fn open(settings: &'a OAuthSettings, now: Timestamp) -> Result<Self, Failure> {
        settings.check().map_err(|error| Failure::new(FailureKind::Settings, error.to_string()))?;
        let talk = Talk::over(settings.client());
        let endpoints = endpoints::find(settings, &talk).await?;
        let client = client(settings, &endpoints)?;
        Ok(Self { settings, endpoints, talk, client, now })
    }

    /// Client credentials.
    pub(super) async fn for_application(&self) -> Result<Given, Failure> {
        let mut request = self.client.exchange_client_credentials().add_scopes(self.scopes());
        for (name, value) in self.proof()? {
            request = request.add_extra_param(name, value);
        }
        let answer = request.request_async(&self.talk).await;
        self.given(answer.map_err(|_| self.talk.failure())?)
    }

    /// A refresh token for an access token, and often for the next refresh token.
    pub(super) async fn refresh(&self, token: &Secret) -> Result<Given, Failure> {
        let token = RefreshToken::new(token.expose().to_owned());
        let mut request = self.client.exchange_refresh_token(&token);
        for (name, value) in self.proof()? {
            request = request.add_extra_param(name, value);
        }
        let answer = request.request_async(&self.talk).await;
        self.given(answer.map_err(|_| self.talk.failure())?)
    }

    /// A service account's assertion.
    pub(super) async fn for_service_account(&self, account: &ServiceAccount) -> Result<Given, Failure> {
        let (mailbox, scopes) = (self.settings.kept.username.as_str(), self.settings.wanted_scopes());
        let assertion = account.assertion(mailbox, &scopes, &self.endpoints.token, self.now)?;
        // A JWT is made of characters that need no escaping in a form.
        let form = format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={}",
            assertion.expose()
        );
        let request = Request::post(self.endpoints.token.as_str())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(form.into_bytes())
            .map_err(|_| Failure::new(FailureKind::Settings, "the token endpoint is no address"))?;
        let said = self.talk.exchange(request).await?;
        let answer: Answer = serde_json::from_slice(said.body()).map_err(|_| self.talk.failure())?;
        self.given(answer)
    }

    /// Where a person agrees, for an answer to `redirect`.
    pub(super) fn ask(&self, redirect: &str) -> Result<Asked, Failure> {
        let settings = |what: &str| Failure::new(FailureKind::Settings, what);
        let redirect =
            RedirectUrl::new(redirect.to_owned()).map_err(|_| settings("the redirect is no address"))?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = self
            .client
            .authorize_url(CsrfToken::new_random)
            .map_err(|_| settings("the provider has no page for people; set `authorization_endpoint`"))?
            .add_scopes(self.scopes())
            .set_pkce_challenge(challenge)
            .set_redirect_uri(std::borrow::Cow::Owned(redirect.clone()));
        if !self.settings.kept.username.is_empty() {
            request = request.add_extra_param("login_hint", self.settings.kept.username.clone());
        }
        for (name, value) in preset(self.settings).asking {
            request = request.add_extra_param(*name, *value);
        }
        let (url, state) = request.url();
        Ok(Asked { url: url.into(), state: state.secret().clone(), verifier, redirect })
    }

    /// The code that came back for tokens.
    pub(super) async fn exchange_code(&self, asked: Asked, code: &Secret) -> Result<Given, Failure> {
        let mut request = self
            .client
            .exchange_code(AuthorizationCode::new(code.expose().to_owned()))
            .set_pkce_verifier(asked.verifier)
            .set_redirect_uri(std::borrow::Cow::Owned(asked.redirect));
        for (name, value) in self.proof()? {
            request = request.add_extra_param(name, value);
        }
        let answer = request.request_async(&self.talk).await;
        self.given(answer.map_err(|_| self.talk.failure())?)
    }

    /// A code for a person to enter elsewhere.
    pub(super) async fn device_code(&self) -> Result<StandardDeviceAuthorizationResponse, Failure> {
        let mut request = self
            .client
            .exchange_device_code()
            .map_err(|_| {
                Failure::new(FailureKind::Settings, "the provider has no device codes; set `device_endpoint`")
            })?
            .add_scopes(self.scopes());
        for (name, value) in self.proof()? {
            request = request.add_extra_param(name, value);
        }
        request.request_async(&self.talk).await.map_err(|_| self.talk.failure())
    }

    /// Waits until the code was entered, refused or is over.
    pub(super) async fn await_device(
        &self,
        code: &StandardDeviceAuthorizationResponse,
    ) -> Result<Given, Failure> {
        let mut request = self.client.exchange_device_access_token(code);
        for (name, value) in self.proof()? {
            request = request.add_extra_param(name, value);
        }
        let waiting = request.request_async(&self.talk, tokio::time::sleep, None);
        // The crate's own end reads the wall clock; this one does not.
        let answer = tokio::time::timeout(code.expires_in() + Duration::from_secs(5), waiting).await;
        match answer {
            Ok(Ok(answer)) => self.given(answer),
            Ok(Err(oauth2::RequestTokenError::ServerResponse(said)))
                if said.error() == &oauth2::DeviceCodeErrorResponseType::ExpiredToken =>
            {
                Err(expired())
            }
            Ok(Err(_)) => Err(self.talk.failure()),
            Err(_) => Err(expired()),
        }
    }

    fn scopes(&self) -> Vec<Scope> {
        self.settings.wanted_scopes().into_iter().map(Scope::new).collect()
    }

    /// What proves the application by its certificate (RFC 7523 section 2.2), where it has one.
    fn proof(&self) -> Result<Vec<(&'static str, String)>, Failure> {
        let (Some(certificate), Some(key)) = (&self.settings.certificate_file, &self.settings.key_file)
        else {
            return Ok(vec![]);
        };
        let key = Key::read(key)?;
        let thumbprint = assertion::thumbprint(&assertion::certificate(certificate)?);
        let rsa = match self.settings.provider {
            Provider::Microsoft => Algorithm::Ps256,
            Provider::Google | Provider::Other => Algorithm::Rs256,
        };
        let signer =
            Signer { key: &key, wish: self.settings.algorithm, rsa, names_key: ("x5t#S256", thumbprint) };
        let id = &self.settings.client_id;
        // Entra wants its token endpoint; who has an issuer wants that (RFC 7523bis).
        let audience = self.settings.issuer.as_ref().unwrap_or(&self.endpoints.token);
        let signed = signer.sign(json!({ "iss": id, "sub": id, "aud": audience }), self.now)?;
        Ok(vec![
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".into()),
            ("client_assertion", signed.expose().to_owned()),
        ])
    }

    fn given(&self, answer: Answer) -> Result<Given, Failure> {
        if answer.access_token().secret().chars().any(|c| !c.is_ascii_graphic()) {
            let text = "the provider gave a token with characters that no mail server takes";
            return Err(Failure::new(FailureKind::ProtocolUnclear, text));
        }
        let after = |life: Duration| {
            SignedDuration::try_from(life).ok().and_then(|life| self.now.checked_add(life).ok())
        };
        let days = self.settings.refresh_token_days.or(preset(self.settings).refresh_days);
        let refresh_life = answer
            .extra_fields()
            .refresh_token_expires_in
            .map(Duration::from_secs)
            .or(days.map(|days| Duration::from_secs(u64::from(days) * 86_400)));
        let token = |text: &str, life: Option<Duration>| Token {
            token: Secret::new(text),
            obtained_at: self.now,
            expires_at: life.and_then(after),
        };
        Ok(Given {
            access: token(answer.access_token().secret(), answer.expires_in()),
            refresh: answer.refresh_token().map(|refresh| token(refresh.secret(), refresh_life)),
            scopes: answer.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect()),
        })
    }

    /// How long a refresh token lasts that was used now and not replaced.
    pub(super) fn refresh_lasts_until(&self) -> Option<Timestamp> {
        let days = self.settings.refresh_token_days.or(preset(self.settings).refresh_days)?;
        self.now.checked_add(SignedDuration::from_hours(24 * i64::from(days))).ok()
    }
}

fn expired() -> Failure {
    Failure::new(FailureKind::Authentication, "expired_token: nobody entered the code in time")
}

fn client(settings: &OAuthSettings, endpoints: &Endpoints) -> Result<Client, Failure> {
    let wrong = |_| Failure::new(FailureKind::Settings, "an endpoint of `oauth` is no address");
    let token = TokenUrl::new(endpoints.token.clone()).map_err(wrong)?;
    let page = endpoints.authorization.clone().map(AuthUrl::new).transpose().map_err(wrong)?;
    let device = endpoints.device.clone().map(DeviceAuthorizationUrl::new).transpose().map_err(wrong)?;
    let auth = settings.client_auth.unwrap_or(match settings.provider {
        Provider::Microsoft | Provider::Google => ClientAuth::Post,
        Provider::Other => ClientAuth::Basic,
    });
    // Each endpoint changes the builder's type, hence in one go.
    let client: Client = oauth2::Client::new(ClientId::new(settings.client_id.clone()))
        .set_auth_uri_option(page)
        .set_device_authorization_url_option(device)
        .set_token_uri(token);
    let client = client.set_auth_type(match auth {
        ClientAuth::Basic => AuthType::BasicAuth,
        ClientAuth::Post => AuthType::RequestBody,
    });
    Ok(match &settings.client_secret_file {
        Some(file) => {
            let secret = Secret::read("client_secret_file", file)?;
            client.set_client_secret(ClientSecret::new(secret.expose().to_owned()))
        }
        None => client,
    })
}
