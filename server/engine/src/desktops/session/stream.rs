//! What is on a screen besides the app: window manager, stream, sound, browser.

use std::future::pending;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Session;
use super::browser::{self, Sandbox};
use super::parts::Parts;
use crate::desktops::display::Display;
use crate::desktops::http;
use crate::desktops::place::Place;
use crate::desktops::plan::App;
use crate::desktops::programs::{self, SOUND};

/// A picture that has not come by then will not come.
const PICTURE_LIMIT: Duration = Duration::from_mins(1);
/// Between two looks for the first picture.
const PICTURE_PACE: Duration = Duration::from_millis(100);
/// Between two looks whether what streams still answers.
const HEALTH_PACE: Duration = Duration::from_secs(10);
/// So many times in a row it may give no answer.
const HEALTH_FAILURES: u32 = 3;
/// Between two looks whether the app is ready to be shown.
const APP_PACE: Duration = Duration::from_millis(200);
/// An answer of the app has to begin within this.
const APP_LIMIT: Duration = Duration::from_secs(5);

impl Session {
    /// Puts everything on a screen and keeps it there until `over`.
    pub(super) async fn furnish(&self, place: &Place, display: &Display, over: &CancellationToken) {
        let parts = Parts::new(self, place, display);
        let windows = self.keep(
            "The window manager",
            async || parts.windows(),
            nothing_wrong,
            over,
        );
        let stream = async {
            let watch = async || self.watch_stream(place).await;
            if !self.keep("Selkies", async || parts.stream(), watch, over).await {
                self.journal.fail(
                    "The desktop cannot be streamed: Selkies ended too often. Start the instance again.",
                );
            }
        };
        tokio::join!(
            windows,
            stream,
            self.sound(&parts, over),
            self.show_page(&parts, over)
        );
    }

    /// Waits for the picture, then for what goes wrong.
    async fn watch_stream(&self, place: &Place) -> String {
        let socket = place.socket();
        let picture = async {
            while http::ask(&socket, http::SCREENSHOT).await.is_err() {
                sleep(PICTURE_PACE).await;
            }
        };
        if timeout(PICTURE_LIMIT, picture).await.is_err() {
            return format!("showed no picture within {} s", PICTURE_LIMIT.as_secs());
        }
        self.journal.ready();
        let mut failures = 0;
        while failures < HEALTH_FAILURES {
            sleep(HEALTH_PACE).await;
            failures = match http::ask(&socket, http::HEALTH).await {
                Ok(_) => 0,
                Err(_) => failures + 1,
            };
        }
        "did not answer any more".to_owned()
    }

    async fn sound(&self, parts: &Parts<'_>, over: &CancellationToken) {
        if !self.plan.settings.audio {
            return;
        }
        if programs::find(SOUND).is_none() {
            self.journal.say(
                "There is no sound: PulseAudio is missing. Run: apt-get install -y --no-install-recommends pulseaudio",
            );
            return;
        }
        self.keep("The sound server", async || parts.sound(), nothing_wrong, over)
            .await;
    }

    /// Shows the app's page in a browser once the app is ready.
    async fn show_page(&self, parts: &Parts<'_>, over: &CancellationToken) {
        let App::Page {
            port,
            path,
            health_path,
        } = &self.plan.app
        else {
            return;
        };
        tokio::select! {
            () = until_ready(*port, health_path.as_deref()) => {}
            () = over.cancelled() => return,
        }
        let Some(browser) = programs::browser() else {
            return;
        };
        let address = format!("http://127.0.0.1:{port}{path}");
        let sandbox = browser::sandbox(parts).await;
        if sandbox == Sandbox::Impossible {
            self.journal
                .say("The browser runs without its sandbox: this machine lets no user make namespaces.");
        }
        let make = async || {
            browser::prepare(parts, &browser).await;
            browser::show(parts, &browser, &address, sandbox)
        };
        self.keep("The browser", make, nothing_wrong, over).await;
        browser::unlock(parts).await;
    }
}

/// For programs that can only end.
async fn nothing_wrong() -> String {
    pending().await
}

/// Waits until an app answers; without a path, that it listens is enough.
async fn until_ready(port: u16, path: Option<&str>) {
    while !matches!(timeout(APP_LIMIT, is_ready(port, path)).await, Ok(Ok(true))) {
        sleep(APP_PACE).await;
    }
}

async fn is_ready(port: u16, path: Option<&str>) -> std::io::Result<bool> {
    let mut app = TcpStream::connect(("127.0.0.1", port)).await?;
    let Some(path) = path else { return Ok(true) };
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    app.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.contains(&b'\r') && head.len() < 1024 && app.read_buf(&mut head).await? > 0 {}
    Ok(http::status(&head).is_some_and(|status| status < 500))
}
