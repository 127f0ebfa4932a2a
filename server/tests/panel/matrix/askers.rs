//! What each asker shows: nothing, a session that is over, one that is good, a token.

use crate::running::python;
use crate::support::{Fixture, PASSWORD};

use super::Who;

pub(super) struct Askers {
    session: String,
    expired: String,
    token: String,
}

impl Askers {
    pub(super) async fn new(fixture: &Fixture) -> Self {
        Self {
            session: fixture.set_up().await,
            expired: format!("aikore_session={}", expired(fixture)),
            token: fixture.token().await,
        }
    }

    /// The header that shows who asks.
    pub(super) fn header(&self, who: Who) -> Option<(&'static str, String)> {
        match who {
            Who::Nobody => None,
            Who::Expired => Some(("cookie", self.expired.clone())),
            Who::User => Some(("cookie", self.session.clone())),
            Who::Token => Some(("authorization", self.token.clone())),
        }
    }

    /// Logs in again where the last request logged out.
    pub(super) async fn renew(&mut self, fixture: &Fixture) {
        let accounts = &fixture.engine.accounts;
        let secret = self.session.trim_start_matches("aikore_session=");
        if !accounts.session_is_valid(secret).await.unwrap() {
            let secret = accounts.log_in(PASSWORD, "matrix").await.unwrap();
            self.session = format!("aikore_session={secret}");
        }
    }
}

/// The secret of a session that ended by itself a moment ago, put where the panel keeps them.
fn expired(fixture: &Fixture) -> String {
    let secret = "0123456789abcdef".repeat(4);
    let program = format!(
        "import hashlib, sqlite3, time\n\
         base = sqlite3.connect('{}', timeout=60)\n\
         now = int(time.time() * 1000)\n\
         digest = hashlib.sha256(b'{secret}').hexdigest()\n\
         base.execute('INSERT INTO sessions VALUES (?, ?, ?, ?)', (digest, now - 9000, now - 1000, now - 9000))\n\
         base.commit()",
        fixture.data_dir().join("aikore.db").display()
    );
    assert!(python(&program).status().unwrap().success());
    secret
}
