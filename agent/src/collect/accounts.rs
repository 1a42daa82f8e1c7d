//! How long the routes' mail accounts may still sign in: told while there is time to do something.

use jiff::Timestamp;
use mailbeat_shared::transport::oauth::OAuthSettings;
use mailbeat_shared::wire::observation::{Observation, attributes, names};

use super::Measured;

/// The numbers of every route that signs in by OAuth, from what lies in the state directory. Asks nobody.
pub(crate) fn accounts(routes: &[(String, OAuthSettings)], now: Timestamp) -> Measured {
    let mut found = Vec::new();
    for (route, account) in routes {
        let standing = account.standing();
        found.extend(standing.expiries.iter().map(|expiry| {
            Observation::new(&names::CREDENTIAL_REMAINING, expiry.days_left(now))
                .with(attributes::ROUTE, route)
                .with(attributes::CREDENTIAL, expiry.credential.name())
        }));
        let refusals = standing.refusing.map_or(0, |refusing| refusing.times);
        found.push(
            Observation::new(&names::SIGN_IN_REFUSALS, f64::from(refusals)).with(attributes::ROUTE, route),
        );
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use mailbeat_shared::config_file;
    use mailbeat_shared::transport::oauth::Kept;

    use super::*;

    #[test]
    fn a_secret_with_a_date_counts_down_and_passes_below_nothing() {
        let toml = "provider = 'microsoft'\ntenant = 't'\nclient_id = 'c'\ngrant = 'client_credentials'\n\
                    client_secret_file = '/s'\nclient_secret_expires = '2026-12-24'\n";
        let mut account: OAuthSettings = config_file::parse(Path::new("agent.toml"), toml).unwrap();
        account.keep(Path::new("/nowhere"), "office", Kept::default());
        let left = |now: &str| {
            let found = accounts(&[("office".into(), account.clone())], now.parse().unwrap()).unwrap();
            assert_eq!(found[1].value, 0.0, "nothing was refused");
            assert_eq!(found[0].attribute("mailbeat.credential"), Some("client secret"));
            found[0].value
        };
        assert_eq!(left("2026-12-10T12:00:00Z"), 14.0);
        assert_eq!(left("2026-12-24T18:00:00Z"), -0.25);
    }
}
