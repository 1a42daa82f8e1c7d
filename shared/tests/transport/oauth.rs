//! Accounts against a fake provider: what is asked, what is kept, and what every odd answer comes to.

use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use mailbeat_shared::clock::Clock;
use mailbeat_shared::config_file;
use mailbeat_shared::transport::oauth::{Dialogue, Kept, Manner, OAuthSettings, Purpose};
use mailbeat_shared::transport::outcome::FailureKind;
use serde_json::{Value, json as value};
use tempfile::TempDir;

use crate::web::{Asked, Web, json, with};

const START: &str = "2026-11-28T06:00:00Z";

struct Story {
    dir: TempDir,
    clock: Clock,
    settings: OAuthSettings,
    web: Web,
    before: usize,
}

impl Story {
    /// An account whose provider gives these answers; `keys` are more of its table.
    async fn begin(keys: &str, answers: impl IntoIterator<Item = String>) -> Self {
        let web = Web::serve(answers).await;
        let dir = tempfile::tempdir().unwrap();
        let place = format!(
            "token_endpoint = '{0}/token'\nauthorization_endpoint = '{0}/authorize'\ndevice_endpoint = '{0}/device'\n",
            web.url
        );
        let clock = Clock::manual(START.parse().unwrap());
        let settings = read(&format!("{place}{keys}"), dir.path(), &clock);
        settings.check().unwrap();
        Self { dir, clock, settings, web, before: 0 }
    }

    /// The same, where a person signed in two hours ago; what was asked then is not counted.
    async fn signed_in(answers: impl IntoIterator<Item = String>) -> Self {
        let all = [token("first", "first-refresh")].into_iter().chain(answers);
        let story = Self { before: 1, ..Self::begin(PERSON, all).await };
        story.settings.login(Some(Manner::Paste), &mut Paster::default()).await.unwrap();
        story.clock.advance(SignedDuration::from_hours(2));
        story
    }

    fn asked(&self) -> Vec<Asked> {
        self.web.asked().split_off(self.before)
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("office.json")
    }

    fn kept(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.file()).unwrap()).unwrap()
    }
}

const PERSON: &str =
    "provider = 'other'\ngrant = 'authorization_code'\nclient_id = 'app'\nscopes = ['mail']\n";

fn read(toml: &str, dir: &Path, clock: &Clock) -> OAuthSettings {
    let mut settings: OAuthSettings = config_file::parse(Path::new("agent.toml"), toml).unwrap();
    let kept = Kept {
        purpose: Purpose::Mail,
        username: "scada-01@acme.example".into(),
        command: "mailbeat-agent oauth login office".into(),
        clock: clock.clone(),
        ..Kept::default()
    };
    settings.keep(dir, "office", kept);
    settings
}

fn token(access: &str, refresh: &str) -> String {
    json(200, &value!({ "access_token": access, "refresh_token": refresh, "expires_in": "3600", "token_type": "Bearer" }).to_string())
}

fn refused(error: &str) -> String {
    json(
        400,
        &value!({ "error": error, "error_description": "AADSTS50173: it was revoked. Trace ID: 7" })
            .to_string(),
    )
}

/// A person who opens the address and pastes where it ended, with these answers.
#[derive(Default)]
struct Paster {
    heard: Vec<String>,
    first: Vec<String>,
}

impl Dialogue for Paster {
    fn say(&mut self, text: &str) {
        self.heard.push(text.to_owned());
    }

    fn ask(&mut self, _: &str) -> Option<String> {
        if let Some(nonsense) = self.first.pop() {
            return Some(nonsense);
        }
        let address = self.heard.join(" ");
        let state = address.split("state=").nth(1).unwrap().split(['&', '\n', ' ']).next().unwrap();
        Some(format!("  http://localhost/?code=the%2Fcode&state={state}&session_state=x \n"))
    }
}

#[tokio::test]
async fn a_person_pastes_the_address_and_the_code_is_exchanged_with_its_verifier() {
    let story = Story::begin(PERSON, [token("a-token", "r-token")]).await;
    let mut person =
        Paster { first: vec!["http://localhost/?code=x&state=stolen".into()], ..Paster::default() };
    story.settings.login(Some(Manner::Paste), &mut person).await.unwrap();
    let [asked] = &story.asked()[..] else { panic!("{:?}", story.asked()) };
    assert_eq!(asked.field("code").as_deref(), Some("the%2Fcode"));
    assert_eq!(asked.field("grant_type").as_deref(), Some("authorization_code"));
    assert!(asked.field("code_verifier").unwrap().len() >= 43);
    assert_eq!(asked.field("redirect_uri").as_deref(), Some("http%3A%2F%2Flocalhost"));
    let said = person.heard.join("\n");
    assert!(
        said.contains("code_challenge_method=S256") && said.contains("not the address of this sign-in"),
        "{said}"
    );
    assert!(!said.contains("a-token") && !said.contains("r-token"));
    assert_eq!(story.kept()["refresh"]["token"], "r-token");
    assert_eq!(story.kept()["access"]["expires_at"], "2026-11-28T07:00:00Z", "a time given as a text");
    assert!(story.dir.path().join("consented").exists(), "running programs hear of it");
    let access = story.settings.access(None).await.unwrap();
    assert_eq!((access.token.expose(), access.fresh), ("a-token", false));
    assert_eq!(story.asked().len(), 1, "a token that lasts is not asked for again");
}

#[tokio::test]
async fn a_refresh_keeps_the_new_refresh_token_and_many_who_ask_at_once_ask_once() {
    let story = Story::signed_in([token("second", "second-refresh")]).await;
    let both = tokio::join!(story.settings.access(None), story.settings.access(None));
    let (one, other) = (both.0.unwrap(), both.1.unwrap());
    assert_eq!((one.token.expose(), other.token.expose()), ("second", "second"));
    let asked = story.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].field("refresh_token").as_deref(), Some("first-refresh"));
    assert_eq!(story.kept()["refresh"]["token"], "second-refresh");
    assert!(story.kept()["refreshing_since"].is_null() && story.kept()["consented_at"].is_string());
}

#[tokio::test]
async fn a_provider_that_does_not_rotate_keeps_its_token_and_a_refused_token_is_replaced_before_its_time() {
    let kept = json(200, r#"{"access_token":"second","expires_in":3600,"token_type":"bearer"}"#);
    let story = Story::signed_in([kept, token("third", "third-refresh")]).await;
    let access = story.settings.access(None).await.unwrap();
    assert_eq!((access.token.expose(), access.fresh), ("second", true));
    assert_eq!(story.kept()["refresh"]["token"], "first-refresh");
    let renewed = story.settings.access(Some(&access.token)).await.unwrap();
    assert_eq!(renewed.token.expose(), "third");
    let again = story.settings.access(Some(&access.token)).await.unwrap();
    assert_eq!((again.token.expose(), story.asked().len()), ("third", 2), "another one asked meanwhile");
}

#[tokio::test]
async fn where_the_new_token_could_not_be_kept_the_old_one_is_not_used_up() {
    let story = Story::signed_in([token("second", "second-refresh")]).await;
    std::fs::create_dir(story.dir.path().join("office.tmp")).unwrap();
    let failure = story.settings.access(None).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Settings);
    assert!(failure.text.contains("office.json"), "{failure}");
    assert_eq!(story.asked().len(), 0, "the provider was asked though its answer cannot be kept");
    assert_eq!(story.kept()["refresh"]["token"], "first-refresh");
}

#[tokio::test]
async fn a_refusal_is_counted_with_its_words_and_fix_and_over_with_the_first_token() {
    let answers = [refused("invalid_grant"), refused("invalid_grant"), token("second", "r")];
    let story = Story::signed_in(answers).await;
    let failure = story.settings.access(None).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Authentication);
    assert!(failure.text.ends_with("said invalid_grant: AADSTS50173: it was revoked."), "{failure}");
    assert!(failure.advice().contains("oauth login"), "{}", failure.advice());
    story.settings.access(None).await.unwrap_err();
    let refusing = story.settings.standing().refusing.unwrap();
    assert_eq!((refusing.times, refusing.since.to_string().as_str()), (2, "2026-11-28T08:00:00Z"));
    story.settings.access(None).await.unwrap();
    assert_eq!(story.settings.standing().refusing, None);
}

#[tokio::test]
async fn trouble_on_the_way_is_no_refusal_and_a_provider_that_asks_for_time_gets_it() {
    let page = with(502, "Content-Type: text/html\r\n", "<html>first-refresh</html>");
    let busy = with(429, "Retry-After: 33\r\nContent-Type: application/json\r\n", r#"{"error":"slow"}"#);
    let story = Story::signed_in([page, busy]).await;
    let failure = story.settings.access(None).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Temporary);
    assert!(!failure.text.contains("first-refresh"), "{failure}");
    let failure = story.settings.access(None).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Throttled { seconds: 33 });
    assert_eq!(story.settings.standing().refusing, None);
}

#[tokio::test]
async fn a_refresh_that_was_cut_off_is_named_when_the_old_token_is_refused() {
    let story = Story::signed_in([refused("invalid_grant")]).await;
    let mut kept = story.kept();
    kept["refreshing_since"] = "2026-11-28T07:59:00Z".into();
    std::fs::write(story.file(), kept.to_string()).unwrap();
    let failure = story.settings.access(None).await.unwrap_err();
    assert!(failure.text.contains("the refresh at 2026-11-28T07:59:00Z was interrupted"), "{failure}");
}

#[tokio::test]
async fn without_consent_the_command_that_gives_it_is_named() {
    let story = Story::begin(PERSON, []).await;
    let failure = story.settings.access(None).await.unwrap_err();
    assert!(failure.text.contains("mailbeat-agent oauth login office"), "{failure}");
    assert_eq!(story.asked().len(), 0);
}

#[tokio::test]
async fn a_consent_outlives_settings_that_were_wrong_for_a_while() {
    let story = Story::signed_in([token("second", "second-refresh")]).await;
    let wrong = read(
        &format!("token_endpoint = '{}/token'\n{}", story.web.url, PERSON.replace("'mail'", "'mial'")),
        story.dir.path(),
        &story.clock,
    );
    let refused = wrong.access(None).await.unwrap_err();
    assert!(refused.to_string().contains("nobody has signed in"), "{refused}");
    assert_eq!(story.settings.access(None).await.unwrap().token.expose(), "second");
}

#[tokio::test]
async fn an_application_proves_itself_by_its_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec![]).unwrap().self_signed(&key).unwrap();
    std::fs::write(dir.path().join("key.pem"), key.serialize_pem()).unwrap();
    std::fs::write(dir.path().join("cert.pem"), certificate.pem()).unwrap();
    let keys = format!(
        "provider = 'microsoft'\ngrant = 'client_credentials'\nclient_id = 'app'\ncertificate_file = '{0}/cert.pem'\nkey_file = '{0}/key.pem'\n",
        dir.path().display()
    );
    let story = Story::begin(
        &keys,
        [json(200, r#"{"access_token":"t","expires_in":3599,"ext_expires_in":3599,"token_type":"Bearer"}"#)],
    )
    .await;
    story.settings.access(None).await.unwrap();
    let asked = &story.asked()[0];
    assert_eq!(asked.field("scope").as_deref(), Some("https%3A%2F%2Foutlook.office365.com%2F.default"));
    let assertion = asked.field("client_assertion").unwrap();
    let part = |at: usize| -> Value {
        use base64::Engine as _;
        let part = assertion.split('.').nth(at).unwrap();
        serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap())
            .unwrap()
    };
    assert!(part(0)["x5t#S256"].as_str().unwrap().len() == 43 && part(0)["alg"] == "ES256");
    assert_eq!(part(1)["aud"].as_str(), story.settings.token_endpoint.as_deref());
    assert_eq!((&part(1)["iss"], &part(1)["sub"]), (&"app".into(), &"app".into()));
    let days = story.settings.standing().expiries[0].days_left(story.clock.now());
    assert!(days > 1_000.0, "the certificate's end is known: {days}");
}

#[tokio::test]
async fn a_service_account_asks_for_its_mailbox() {
    let dir = tempfile::tempdir().unwrap();
    let rsa = include_str!("../fixtures/rsa.pem");
    let file = dir.path().join("service.json");
    let key = value!({ "type": "service_account", "client_email": "mb@project.example", "private_key_id": "k1", "private_key": rsa });
    std::fs::write(&file, key.to_string()).unwrap();
    let keys = format!(
        "provider = 'google'\ngrant = 'service_account'\nservice_account_file = '{}'\n",
        file.display()
    );
    let story = Story::begin(&keys, [token("t", "r")]).await;
    story.settings.access(None).await.unwrap();
    let asked = &story.asked()[0];
    assert_eq!(
        asked.field("grant_type").as_deref(),
        Some("urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer")
    );
    use base64::Engine as _;
    let assertion = asked.field("assertion").unwrap();
    let claims = assertion.split('.').nth(1).unwrap();
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["sub"], "scada-01@acme.example");
    assert_eq!(claims["scope"], "https://mail.google.com/");
}

#[tokio::test]
async fn a_code_is_waited_for_and_a_policy_against_codes_is_named() {
    let device = json(
        200,
        r#"{"device_code":"d-code","user_code":"AB-CD","verification_url":"https://id.example/device","expires_in":"900","interval":1}"#,
    );
    let keys = PERSON.replace("authorization_code", "device_code");
    let waits = json(400, r#"{"error":"authorization_pending"}"#);
    let story = Story::begin(&keys, [device.clone(), waits, token("t", "r")]).await;
    let mut person = Paster::default();
    story.settings.login(None, &mut person).await.unwrap();
    assert!(person.heard.join(" ").contains("enter the code AB-CD"), "{:?}", person.heard);
    assert_eq!(story.asked().len(), 3);

    let blocked = json(
        400,
        r#"{"error":"invalid_grant","error_description":"AADSTS53003: Access has been blocked by Conditional Access policies."}"#,
    );
    let story = Story::begin(&keys, [device, blocked]).await;
    let failure = story.settings.login(None, &mut Paster::default()).await.unwrap_err();
    assert!(failure.text.starts_with("the device code grant was refused"), "{failure}");
    assert!(failure.advice().contains("--browser"), "{}", failure.advice());
}

#[tokio::test]
async fn endpoints_are_found_by_discovery_and_another_issuers_document_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Clock::manual(Timestamp::UNIX_EPOCH);
    let secret = dir.path().join("secret");
    std::fs::write(&secret, "s+e/c ret\n").unwrap();
    let account = |web: &Web| {
        let keys = format!(
            "provider = 'other'\nissuer = '{}'\ngrant = 'client_credentials'\nclient_id = 'app'\nclient_secret_file = '{}'\nscopes = ['mail']\n",
            web.url,
            secret.display()
        );
        read(&keys, dir.path(), &clock)
    };
    let web = Web::serve([json(404, "{}")]).await;
    web.then(json(
        200,
        &value!({ "issuer": web.url, "token_endpoint": format!("{}/t", web.url) }).to_string(),
    ));
    web.then(token("t", "r"));
    assert_eq!(account(&web).access(None).await.unwrap().token.expose(), "t");
    let asked = web.asked();
    assert!(asked[0].head.starts_with("GET /.well-known/openid-configuration "), "{}", asked[0].head);
    assert!(asked[1].head.starts_with("GET /.well-known/oauth-authorization-server "), "{}", asked[1].head);
    assert!(asked[2].head.contains("authorization: Basic ") && asked[2].field("client_secret").is_none());

    let document = value!({ "issuer": "https://other.example", "token_endpoint": "https://other.example/t" });
    let web = Web::serve([json(200, &document.to_string())]).await;
    let failure = account(&web).access(None).await.unwrap_err();
    assert!(failure.text.contains("another issuer's"), "{failure}");
    let web = Web::serve([]).await;
    web.then(json(
        200,
        &value!({ "issuer": web.url, "token_endpoint": "http://other.example/t" }).to_string(),
    ));
    let failure = account(&web).access(None).await.unwrap_err();
    assert!(failure.text.contains("without TLS"), "{failure}");
}
