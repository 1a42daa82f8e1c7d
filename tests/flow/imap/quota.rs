//! How full a mailbox is: what a real Dovecot tells, and what servers do that offer to tell and then do not.

use jiff::Timestamp;
use mailbeat_receiver::evaluate::fill::{Fill, Resource};
use mailbeat_receiver::mailbox::ErrorKind;
use mailbeat_tests::lab::Lab;

use super::scripted::{self, serve};
use super::{account, connect};

#[tokio::test]
async fn a_session_that_goes_on_sees_the_mailbox_fill_up() -> anyhow::Result<()> {
    let lab = Lab::builder().quota("reports", 100_000).start()?;
    let mut mailbox = connect(&account(&lab)).await?;
    assert_eq!(mailbox.fills().await?, [Fill { resource: Resource::Storage, used: 0, limit: 98 }]);
    let mail = [b"Subject: large\r\n\r\n".to_vec(), b"0123456789abcdef\r\n".repeat(5_000)].concat();
    lab.deliver("reports", "INBOX", &mail)?;
    assert_eq!(mailbox.fills().await?, [Fill { resource: Resource::Storage, used: 88, limit: 98 }]);
    Ok(())
}

#[tokio::test]
async fn a_server_that_does_not_tell_is_not_asked() -> anyhow::Result<()> {
    let script = serve("MOVE", vec![("GETQUOTAROOT", "@ BAD unknown\r\n")]).await;
    assert_eq!(scripted::connect(&script).await?.fills().await?, []);
    Ok(())
}

#[tokio::test]
async fn of_several_limits_the_fuller_one_of_each_kind_counts_and_what_is_not_ours_to_judge_does_not()
-> anyhow::Result<()> {
    let told = "* QUOTAROOT INBOX \"\" mails\r\n* QUOTA \"\" (STORAGE 10 512 MESSAGE 5 100)\r\n\
                * QUOTA mails (MESSAGE 90 100 STORAGE 7 0 X-ANNOTATIONS 9 9)\r\n";
    let script = serve("QUOTA", vec![("GETQUOTAROOT", told)]).await;
    let fills = scripted::connect(&script).await?.fills().await?;
    let [storage, messages] = fills.as_slice() else { panic!("{fills:?}") };
    assert_eq!((storage.resource, storage.used, storage.limit), (Resource::Storage, 10, 512));
    assert_eq!((messages.resource, messages.used, messages.limit), (Resource::Messages, 90, 100));
    Ok(())
}

#[tokio::test]
async fn a_server_that_refuses_to_tell_is_read_all_the_same() -> anyhow::Result<()> {
    for refusal in ["@ NO not today\r\n", "@ BAD unknown command\r\n"] {
        let script = serve("QUOTA", vec![("GETQUOTAROOT", refusal)]).await;
        let mut mailbox = scripted::connect(&script).await?;
        assert_eq!(mailbox.fills().await.unwrap_err().kind, ErrorKind::Refused, "{refusal}");
        mailbox.open("INBOX", Timestamp::UNIX_EPOCH).await?;
        assert_eq!(mailbox.list(1, 3).await?.mails.len(), 3);
    }
    Ok(())
}

#[tokio::test]
async fn an_answer_that_is_no_imap_ends_the_session_and_says_so() -> anyhow::Result<()> {
    let script = serve("QUOTA", vec![("GETQUOTAROOT", "* QUOTA nonsense\r\n")]).await;
    let mut mailbox = scripted::connect(&script).await?;
    assert!(mailbox.fills().await.unwrap_err().kind.ends_session());
    assert!(mailbox.open("INBOX", Timestamp::UNIX_EPOCH).await.is_err());
    Ok(())
}
