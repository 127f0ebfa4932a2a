//! `aikore password` and `aikore token`: they work beside a running panel, which notices within seconds.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use engine::accounts::Accounts;

use super::{Failure, say};
use crate::config::{DataDir, TokenVerb};

/// Sets a new password.
pub(super) async fn password(data: DataDir) -> Result<(), Failure> {
    let accounts = open(&data).await?;
    accounts.reset_password(&read_password()?).await?;
    say("The password is set, and everybody is logged out.");
    Ok(())
}

/// Makes, lists or ends tokens.
pub(super) async fn token(verb: TokenVerb) -> Result<(), Failure> {
    match verb {
        TokenVerb::New { name, data } => {
            // Only the secret, so that a script can keep it.
            say(&open(&data).await?.new_token(&name).await?.secret);
        }
        TokenVerb::List(data) => {
            for token in open(&data).await?.tokens().await? {
                say(&format!("{}\t{}", token.id, token.name));
            }
        }
        TokenVerb::Revoke { id, data } => open(&data).await?.revoke_token(id).await?,
    }
    Ok(())
}

async fn open(data: &DataDir) -> Result<Accounts, Failure> {
    if !data.data_dir.is_dir() {
        let dir = data.data_dir.display();
        return Err(Failure::new(format!(
            "There is no data directory {dir}; name the panel's with --data-dir."
        )));
    }
    Ok(Accounts::open(&data.data_dir).await?)
}

/// The first line of standard input; a person at a terminal is asked, and does not see what they type.
fn read_password() -> Result<String, Failure> {
    let input = std::io::stdin();
    let hidden = input.is_terminal().then(|| {
        let _ = write!(std::io::stderr(), "New password: ");
        hide_typing()
    });
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    if let Some(before) = hidden {
        show_typing(before);
        let _ = writeln!(std::io::stderr());
    }
    read.map_err(|error| Failure::new(format!("The password could not be read: {error}.")))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

type Terminal = nix::sys::termios::Termios;

fn hide_typing() -> Option<Terminal> {
    use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
    let before = tcgetattr(std::io::stdin()).ok()?;
    let mut hidden = before.clone();
    hidden.local_flags.remove(LocalFlags::ECHO);
    tcsetattr(std::io::stdin(), SetArg::TCSANOW, &hidden).ok()?;
    Some(before)
}

fn show_typing(before: Option<Terminal>) {
    use nix::sys::termios::{SetArg, tcsetattr};
    if let Some(before) = before {
        let _ = tcsetattr(std::io::stdin(), SetArg::TCSANOW, &before);
    }
}
