//! Follows the files of a certificate.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use tokio::sync::watch;

use super::{Files, config};

/// Between two looks. A renewal has weeks of time.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// When both files changed last; different whenever one of them did.
type Stamp = [Option<SystemTime>; 2];

/// Reads the files anew when they changed, until nobody uses the certificate any more.
pub(super) async fn follow(files: Files, present: watch::Sender<Arc<ServerConfig>>) {
    let mut seen = stamp(&files).await;
    loop {
        tokio::select! {
            () = present.closed() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let now = stamp(&files).await;
        if now != seen {
            seen = now;
            take(&files, &present);
        }
    }
}

pub(super) fn take(files: &Files, present: &watch::Sender<Arc<ServerConfig>>) {
    match config(files) {
        Ok(config) => {
            present.send_replace(Arc::new(config));
            tracing::info!("a new certificate is in use");
        }
        // Certificate and key are written one after the other; the second change comes here again.
        Err(error) => tracing::warn!(%error, "the old certificate stays in use"),
    }
}

async fn stamp(files: &Files) -> Stamp {
    let modified = async |path| {
        tokio::fs::metadata(path)
            .await
            .and_then(|file| file.modified())
            .ok()
    };
    [modified(&files.certificate).await, modified(&files.key).await]
}
