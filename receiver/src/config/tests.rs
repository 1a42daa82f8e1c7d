//! What a configuration is refused for.

use super::*;

#[test]
fn a_mailbox_and_the_way_out_share_an_accounts_tokens_only_where_one_application_asks_for_both() {
    let read = |mailbox: &str, kind: &str, outgoing: &str| {
        let oauth = |keys| {
            format!("oauth = {{ provider = 'microsoft', tenant = 'v.example', account = 'v', {keys} }}")
        };
        let text = format!(
            "[contracts]\nvendor = 'V'\nreport_addresses = ['r@v.example']\n\
             [[mailbox]]\nname = 'reports'\ntype = 'imap'\nhost = 'mail.v.example'\nusername = 'r@v.example'\nauth = 'oauth'\n{}\n\
             [outgoing]\nfrom = 'r@v.example'\n{kind}\n{}\n",
            oauth(mailbox),
            oauth(outgoing)
        );
        Config::of(Path::new("receiver.toml"), &text).map(drop).map_err(|error| error.to_string())
    };
    let smtp = "type = 'smtp'\nhost = 'mail.v.example'\nusername = 'r@v.example'\nauth = 'oauth'";
    let one = "client_id = 'one', grant = 'device_code'";
    assert_eq!(read(one, smtp, one), Ok(()));
    let two = "client_id = 'two', grant = 'device_code'";
    let asks = "client_id = 'one', scopes = ['mail'], grant = 'device_code'";
    let itself = "client_id = 'one', scopes = ['mail'], grant = 'client_credentials', certificate_file = '/c', key_file = '/k'";
    for (mailbox, kind, outgoing) in
        [(one, smtp, two), (one, "type = 'graph'", one), (one, smtp, asks), (asks, smtp, itself)]
    {
        let said = read(mailbox, kind, outgoing).unwrap_err();
        assert!(said.contains("of the mailboxes and [outgoing] two sign in as account \"v\""), "{said}");
    }
}
