//! What providers and their mail servers say when they refuse, with the cause and the fix: one table.
//!
//! A text from outside is searched for the codes; it decides nothing else. Codes are those of Microsoft Entra and Exchange
//! Online, of Google, and of RFC 6749, RFC 8628 and RFC 7521.

use crate::advice::Advice;

/// A refusal that is known by its code.
#[derive(Debug, PartialEq, Eq)]
pub struct Known {
    /// How it is recognised: a word or phrase of the answer.
    pub code: &'static str,
    /// Why it happens.
    pub cause: &'static str,
    /// What to do.
    pub fix: &'static str,
}

const fn known_as(code: &'static str, cause: &'static str, fix: &'static str) -> Known {
    Known { code, cause, fix }
}

/// The entry for a text with a known code, the most telling first.
#[must_use]
pub fn known(text: &str) -> Option<&'static Known> {
    TABLE.iter().find(|entry| has_word(text, entry.code))
}

/// The same as advice.
#[must_use]
pub fn advise(text: &str) -> Option<Advice> {
    known(text).map(|entry| Advice::new(entry.cause, entry.fix))
}

/// Whether `word` stands in the text and is no part of a longer one: `5.7.3` is not in `5.7.30`.
fn has_word(text: &str, word: &str) -> bool {
    let joins = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        let goes_on =
            after.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        !joins(before.chars().next_back())
            && !before.ends_with('.')
            && !joins(after.chars().next())
            && !goes_on
    })
}

/// Words of our own for what no server says in so many words.
pub(crate) const NO_CONSENT: &str = "nobody has signed in for this account";
pub(crate) const ON_PREMISES: &str = "an on-premises Exchange";
pub(crate) const DEVICE_BLOCKED: &str = "the device code grant was refused";

/// What is said of a server that offers only what Windows speaks, for the end of a sentence.
#[must_use]
pub fn windows_only(offers: &[String]) -> Option<String> {
    let windows = |offer: &String| ["NTLM", "GSSAPI", "GSS-SPNEGO", "X-EXPS"].contains(&offer.as_str());
    (!offers.is_empty() && offers.iter().all(windows)).then(|| format!(" only, as {ON_PREMISES} does"))
}

/// Entries whose code may stand beside a more general one come first.
const TABLE: &[Known] = &[
    known_as(
        NO_CONSENT,
        "the account has no refresh token yet, or it was forgotten",
        "Run `oauth login` for this route or mailbox and sign in with the mail account.",
    ),
    known_as(
        DEVICE_BLOCKED,
        "many organisations block the device code grant by a Conditional Access policy, Microsoft's own managed one among them",
        "Sign in with `oauth login --browser` or `--paste` (grant = \"authorization_code\"), or use grant = \"client_credentials\" with a certificate.",
    ),
    known_as(
        ON_PREMISES,
        "the server takes only Windows logins (NTLM, Kerberos), which this program does not speak",
        "Ask the Exchange administrator for a receive connector that takes mail from this host without authentication or by Basic authentication over TLS, or use another route.",
    ),
    // Microsoft Entra: sign-in and consent
    known_as(
        "AADSTS50173",
        "the account's password was changed or its sessions were revoked; that ends every refresh token",
        "Run `oauth login` for this route or mailbox again; grant = \"client_credentials\" with a certificate does not depend on a password.",
    ),
    known_as(
        "AADSTS700082",
        "the refresh token was not used for 90 days",
        "Run `oauth login` for this route or mailbox again; a running program uses it every hour and keeps it alive.",
    ),
    known_as(
        "AADSTS70043",
        "a Conditional Access policy for the sign-in frequency ended the refresh token",
        "Run `oauth login` again, and have the account excepted from that policy or use grant = \"client_credentials\".",
    ),
    known_as(
        "AADSTS53003",
        "a Conditional Access policy blocks this sign-in (the grant, the place or the device)",
        "Have the administrator read the sign-in log in Microsoft Entra for the policy's name and except this application, or use grant = \"client_credentials\" with a certificate.",
    ),
    known_as(
        "AADSTS65001",
        "neither the user nor an administrator has agreed to the application's permissions",
        "Have an administrator press `Grant admin consent` under API permissions, then run `oauth login` again.",
    ),
    known_as(
        "AADSTS50126",
        "user name or password was wrong at the sign-in",
        "Sign in again with the mail account's own user name and password.",
    ),
    known_as(
        "AADSTS50076",
        "the account must prove itself by a second factor, which nobody can do unattended",
        "Run `oauth login` again and complete the second factor; grant = \"client_credentials\" needs none.",
    ),
    known_as(
        "AADSTS50079",
        "the account must register a second factor first",
        "Sign in once with a browser and register it, then run `oauth login` again.",
    ),
    known_as(
        "AADSTS50105",
        "the account is not assigned to the enterprise application",
        "Assign the account under Enterprise applications > Users and groups, or switch `Assignment required` off.",
    ),
    known_as("AADSTS50057", "the account is disabled", "Enable the account, or sign in with another one."),
    known_as(
        "AADSTS50034",
        "the account is not known in this tenant",
        "Check `tenant` and the account that signs in.",
    ),
    known_as(
        "AADSTS50011",
        "the redirect address is not registered for the application",
        "Add http://localhost under Authentication > Mobile and desktop applications.",
    ),
    // Microsoft Entra: the application
    known_as(
        "AADSTS7000222",
        "the application's client secret has expired",
        "Make a new secret under Certificates & secrets, put its value into `client_secret_file` and its date into `client_secret_expires`; a certificate lasts longer.",
    ),
    known_as(
        "AADSTS7000215",
        "the client secret is wrong; often its id was copied instead of its value",
        "Put the secret's value, not its id, into `client_secret_file`.",
    ),
    known_as(
        "AADSTS7000218",
        "the application is not registered as a public client, so a secret or certificate is asked for",
        "Switch `Allow public client flows` on under Authentication, or set `client_secret_file` or `certificate_file`.",
    ),
    known_as(
        "AADSTS700027",
        "the signature was made with a key whose certificate is not registered for the application, or expired",
        "Upload the certificate of `certificate_file` under Certificates & secrets, and check this host's clock.",
    ),
    known_as(
        "AADSTS700016",
        "there is no such application in this tenant",
        "Check `client_id` (the Application (client) ID) and `tenant`.",
    ),
    known_as(
        "AADSTS90002",
        "there is no such tenant",
        "Check `tenant` (the Directory (tenant) ID) and `cloud`.",
    ),
    known_as(
        "AADSTS70011",
        "a scope is not known or not allowed together with another",
        "Leave `scopes` out to use the provider's own, or correct it.",
    ),
    known_as(
        "AADSTS1002012",
        "client credentials take a scope that ends in /.default only",
        "Leave `scopes` out, or let it be the resource with /.default.",
    ),
    // Exchange Online
    known_as(
        "5.7.139",
        "the tenant or the mailbox does not allow this kind of sign-in: basic authentication or SMTP AUTH is switched off",
        "Use auth = \"oauth\", and switch SMTP AUTH on for the mailbox (Set-CASMailbox -SmtpClientAuthenticationDisabled $false), or use a route of type \"graph\".",
    ),
    known_as(
        "5.7.30",
        "Exchange Online takes no password for sending mail any more",
        "Use auth = \"oauth\" for this route, or a route of type \"graph\".",
    ),
    known_as(
        "5.7.60",
        "the account that signed in may not send with this sender address",
        "Set `from` to the account's own address, or grant it Send As on that mailbox (Add-RecipientPermission).",
    ),
    known_as(
        "5.2.252",
        "the account that signed in may not send with this sender address",
        "Set `from` to the account's own address, or grant it Send As on that mailbox (Add-RecipientPermission).",
    ),
    known_as(
        "5.7.57",
        "the server takes mail from signed-in accounts only",
        "Set `auth`, `username` and the password or `oauth` of this route.",
    ),
    known_as(
        "5.2.121",
        "the vendor's mailbox got too many mails from one sender in the last hour (about 1,200 at Exchange Online)",
        "Nothing is lost: it is tried again. Let hosts send from several addresses, or the vendor read several mailboxes.",
    ),
    known_as(
        "5.2.122",
        "the vendor's mailbox got too many mails in the last hour (3,600 at Exchange Online)",
        "Nothing is lost: it is tried again. The vendor should spread the reports over several mailboxes.",
    ),
    known_as(
        "5.1.90",
        "the account has sent to its daily limit of recipients",
        "It is tried again tomorrow by itself; another route or account sends meanwhile.",
    ),
    known_as(
        "432 4.3.2",
        "too many connections or mails at once for this mailbox",
        "Nothing to do: it is tried again after a pause; fewer programs on one account help.",
    ),
    known_as(
        "User is authenticated but not connected",
        "the token is good, but the account may not open this mailbox",
        "Check `username` (the mailbox's address); for client credentials run New-ServicePrincipal with the object id of the ENTERPRISE application and Add-MailboxPermission, and check that the mailbox has a licence and IMAP is on.",
    ),
    known_as(
        "AUTHENTICATE failed",
        "the server did not take the token for this mailbox; for client credentials most often the service principal was made with the wrong object id",
        "Check `username`, that IMAP is on for the mailbox, and that New-ServicePrincipal was run with the object id of the ENTERPRISE application.",
    ),
    // Microsoft Graph
    known_as(
        "ErrorSendAsDenied",
        "the account or application may not send with this sender address",
        "Set `from` to the mailbox it may use, or grant it Send As; for an application check the scope of its role Application Mail.Send.",
    ),
    known_as(
        "ErrorAccessDenied",
        "the application lacks the permission Mail.Send for this mailbox",
        "Add the permission Mail.Send and grant admin consent, or the role Application Mail.Send over this mailbox.",
    ),
    known_as(
        "MailboxNotEnabledForRESTAPI",
        "the mailbox is not in Exchange Online or has no licence",
        "Give the mailbox a licence, or use another sender; a mailbox on the premises cannot be reached by Graph.",
    ),
    known_as(
        "ErrorQuotaExceeded",
        "the sender's mailbox is full, and Graph keeps a copy of what is sent",
        "Make room in the mailbox, for instance by a retention rule for Sent Items.",
    ),
    // Google
    known_as(
        "admin_policy_enforced",
        "the Workspace administrator does not allow this application",
        "Trust the client id in the Admin console under Security > API controls > App access control.",
    ),
    known_as(
        "Application-specific password required",
        "the Google account has a second factor and takes no ordinary password",
        "Use auth = \"oauth\", or make an app password for the account.",
    ),
    // RFC 6749, RFC 8628, RFC 7521: the general words, after every code that says more
    known_as(
        "invalid_grant",
        "the consent is no longer valid: it was revoked, expired, used up by another program, or the password was changed",
        "Run `oauth login` for this route or mailbox again.",
    ),
    known_as(
        "invalid_client",
        "the provider does not know the application, or its secret or certificate is wrong",
        "Check `client_id`, and `client_secret_file` or `certificate_file` and `key_file`.",
    ),
    known_as(
        "unauthorized_client",
        "the application may not use this grant, or for Google the service account has no domain-wide delegation for this scope",
        "Allow the grant in the application's registration; for Google enter the service account's client id and the scope under Domain-wide delegation.",
    ),
    known_as(
        "invalid_scope",
        "a scope is not known to the provider or not allowed for the application",
        "Leave `scopes` out to use the provider's own, or correct it and the application's permissions.",
    ),
    known_as(
        "access_denied",
        "the sign-in was cancelled or the permissions were declined",
        "Run `oauth login` again and agree; if an administrator must agree, have it done first.",
    ),
    known_as(
        "expired_token",
        "nobody entered the code in time",
        "Run `oauth login` again and enter the new code within its time.",
    ),
    known_as(
        "unsupported_grant_type",
        "the provider does not know this grant",
        "Choose another `grant`; the provider's documentation lists them.",
    ),
    known_as(
        "interaction_required",
        "the provider wants a person to sign in again",
        "Run `oauth login` for this route or mailbox again.",
    ),
    known_as(
        "invalid_request",
        "the provider did not understand the request; most often a setting is missing or wrong",
        "Check `provider`, `grant`, `client_id` and `scopes` against the application's registration.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_that_says_most_wins_over_the_general_word_beside_it() {
        let code = |text| known(text).map(|entry| entry.code);
        let microsoft = "login.microsoftonline.com said invalid_grant: AADSTS700082: The refresh token has expired due to inactivity.";
        assert_eq!(code(microsoft), Some("AADSTS700082"));
        assert_eq!(code("invalid_grant: Token has been expired or revoked."), Some("invalid_grant"));
        assert_eq!(
            code("535 5.7.139 Authentication unsuccessful, basic authentication is disabled."),
            Some("5.7.139")
        );
        assert_eq!(
            code("550 5.7.30 Basic authentication is not supported for Client Submission."),
            Some("5.7.30")
        );
        assert_eq!(code("550 5.7.3 no"), None, "a code is no part of another");
        assert_eq!(code("relay 10.5.7.60 said no"), None);
        assert_eq!(code("see 5.7.30.1"), None);
        assert_eq!(code("421 4.3.2 shutting down"), None, "only Exchange's 432 is about concurrency");
        assert_eq!(code("432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded"), Some("432 4.3.2"));
        assert_eq!(code("xinvalid_grant"), None);
    }

    #[test]
    fn every_code_the_specification_names_is_known_and_every_entry_can_be_reached() {
        for code in [
            "AADSTS50173",
            "AADSTS700082",
            "AADSTS7000222",
            "AADSTS53003",
            "AADSTS65001",
            "AADSTS50126",
            "invalid_grant",
            "5.7.139",
            "5.7.30",
            "5.7.60",
            "5.2.121",
            "5.2.122",
            "432 4.3.2",
        ] {
            assert_eq!(known(code).map(|entry| entry.code), Some(code));
        }
        for entry in TABLE {
            assert_eq!(known(entry.code), Some(entry), "{} is hidden by one before it", entry.code);
            assert!(entry.fix.ends_with('.') && !entry.cause.ends_with('.'), "{}", entry.code);
        }
    }
}
