use super::*;

async fn accounts() -> (tempfile::TempDir, Accounts) {
    let temp = tempfile::tempdir().unwrap();
    let accounts = Accounts::open(temp.path()).await.unwrap();
    (temp, accounts)
}

#[tokio::test]
async fn the_setup_link_works_once() {
    let (_temp, accounts) = accounts().await;
    let old = accounts.new_setup_token().await.unwrap().unwrap();
    let token = accounts.new_setup_token().await.unwrap().unwrap();
    assert!(matches!(
        accounts.check_setup_token(&old).await,
        Err(Error::BadSetupToken)
    ));
    assert!(matches!(
        accounts.set_up(&token, "short").await,
        Err(Error::PasswordTooShort(_))
    ));
    let (one, two) = tokio::join!(
        accounts.set_up(&token, "a good password"),
        accounts.set_up(&token, "another password")
    );
    let session = one.or(two).unwrap();
    assert!(accounts.session_is_valid(&session).await.unwrap());
    assert!(matches!(
        accounts.set_up(&token, "a good password").await,
        Err(Error::AlreadySetUp)
    ));
    assert_eq!(accounts.new_setup_token().await.unwrap(), None);
}

#[tokio::test]
async fn sessions_begin_with_the_password_and_end_with_log_out_or_reset() {
    let (_temp, accounts) = accounts().await;
    accounts.reset_password("a good password").await.unwrap();
    assert!(matches!(
        accounts.log_in("a bad password", "::1").await,
        Err(Error::WrongPassword)
    ));
    let one = accounts.log_in("a good password", "::1").await.unwrap();
    let two = accounts.log_in("a good password", "::1").await.unwrap();
    assert!(!accounts.session_is_valid("").await.unwrap());
    accounts.log_out(&one).await.unwrap();
    assert!(!accounts.session_is_valid(&one).await.unwrap());
    assert!(accounts.session_is_valid(&two).await.unwrap());
    accounts.reset_password("a newer password").await.unwrap();
    assert!(!accounts.session_is_valid(&two).await.unwrap());
    assert!(accounts.log_in("a good password", "::1").await.is_err());
}

#[tokio::test]
async fn guessing_is_slowed_down_and_the_right_password_waits_too() {
    let (_temp, accounts) = accounts().await;
    accounts.reset_password("a good password").await.unwrap();
    let mut refused = false;
    for _ in 0..7 {
        let answer = accounts.log_in("wrong password", "10.0.0.1").await;
        refused |= matches!(answer, Err(Error::TooManyAttempts { seconds: 1.. }));
    }
    assert!(refused);
    assert!(accounts.log_in("a good password", "10.0.0.2").await.is_ok());
}

#[tokio::test]
async fn sessions_and_tokens_outlive_the_panel_and_their_secrets_are_not_kept() {
    let (temp, accounts) = accounts().await;
    accounts.reset_password("a good password").await.unwrap();
    let session = accounts.log_in("a good password", "::1").await.unwrap();
    let token = accounts.new_token("script").await.unwrap();
    accounts.inner.db.close().await;

    let bytes = std::fs::read(temp.path().join("aikore.db")).unwrap();
    for secret in [session.as_str(), token.secret.as_str(), "a good password"] {
        assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()));
    }
    let again = Accounts::open(temp.path()).await.unwrap();
    assert!(again.session_is_valid(&session).await.unwrap());
    assert!(again.token_is_valid(&token.secret).await.unwrap());
}

#[tokio::test]
async fn tokens_are_listed_used_and_revoked() {
    let (_temp, accounts) = accounts().await;
    assert!(matches!(
        accounts.new_token(" ").await,
        Err(Error::InvalidField { .. })
    ));
    let first = accounts.new_token("first").await.unwrap();
    let second = accounts.new_token("second").await.unwrap();
    assert!(first.secret.starts_with("aik_"));
    assert!(accounts.token_is_valid(&first.secret).await.unwrap());
    assert!(!accounts.token_is_valid("aik_0").await.unwrap());
    let listed = accounts.tokens().await.unwrap();
    let names: Vec<&str> = listed.iter().map(|token| token.name.as_str()).collect();
    assert_eq!(names, ["second", "first"]);
    assert!(listed[1].last_used_at.is_some() && listed[0].last_used_at.is_none());
    accounts.revoke_token(first.token.id).await.unwrap();
    assert!(!accounts.token_is_valid(&first.secret).await.unwrap());
    assert!(accounts.token_is_valid(&second.secret).await.unwrap());
    assert!(matches!(
        accounts.revoke_token(99).await,
        Err(Error::UnknownToken(99))
    ));
}

#[tokio::test]
async fn what_the_command_line_does_counts_beside_a_running_panel() {
    let (temp, panel) = accounts().await;
    let command_line = Accounts::open(temp.path()).await.unwrap();
    command_line.reset_password("a good password").await.unwrap();
    let session = panel.log_in("a good password", "::1").await.unwrap();
    assert!(command_line.session_is_valid(&session).await.unwrap());
}
