//! What is shown instead of an app that does not run (yet): why, its last lines, and the app itself as soon
//! as it is ready. Works without scripts.

use std::fmt::Write as _;

use app::error::ErrorKind;
use app::language::{of_request, said, speaking, spoken, t};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use engine::instances::LogPosition;
use types::instances::{Instance, Status};

use crate::credentials::Credential;
use crate::error::HttpError;
use crate::guard::accepts_html;
use crate::state::{Panel, on_main};
use crate::theme;

use super::place::Place;

/// Seconds until the page, or a script, asks again.
const AGAIN_S: u32 = 2;
/// The same for a desktop, which is there in a moment once its app runs.
const DESKTOP_AGAIN_S: u32 = 1;

/// How much of the log's end is read, and how many lines of it are shown.
const TAIL_BYTES: u64 = 8 * 1024;
const TAIL_LINES: usize = 14;

/// Why there is no app.
struct Reason {
    status: StatusCode,
    code: &'static str,
    /// `ComfyUI main is starting`.
    title: String,
    text: String,
    /// Whether it is worth asking again.
    again: bool,
}

/// For an instance that is not `started`.
pub(super) async fn page(
    panel: &Panel,
    credential: &Credential,
    headers: &HeaderMap,
    place: &Place<'_>,
    instance: &Instance,
) -> Response {
    let name = &instance.name;
    let (words, again, text) = match instance.status {
        Status::Starting | Status::Started => (
            "is starting",
            true,
            "This page becomes the app as soon as it is ready.",
        ),
        Status::Queued => (
            "waits for its turn",
            true,
            "It starts after those before it; this page becomes the app.",
        ),
        Status::Installing => (
            "is being installed",
            true,
            "This page becomes the app as soon as it is ready.",
        ),
        Status::Stalled => (
            "is not ready yet",
            true,
            "It takes longer than its blueprint expects. It may still become ready; its log says more.",
        ),
        Status::Stopping => (
            "is stopping",
            true,
            "Wait until it has ended, then start it again in the panel.",
        ),
        Status::Stopped => (
            "is stopped",
            false,
            "Start it in the panel, then reload this page.",
        ),
        Status::Error => (
            "has failed",
            false,
            "Look at its log in the panel, then start it again.",
        ),
    };
    let reason = Reason {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: if again { "not_ready" } else { "not_running" },
        title: format!("{name} {words}"),
        text: text.to_owned(),
        again,
    };
    answer(panel, credential, headers, place, instance, reason).await
}

/// For an app that should answer and does not.
pub(super) async fn unreachable(
    panel: &Panel,
    credential: &Credential,
    headers: &HeaderMap,
    place: &Place<'_>,
    instance: &Instance,
) -> Response {
    let reason = if place.is_desktop() {
        Reason {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "desktop_unreachable",
            title: format!("The desktop of {} is coming up", instance.name),
            text: "It shows here as soon as there is a picture. Its log says how far it is.".to_owned(),
            again: true,
        }
    } else {
        Reason {
            status: StatusCode::BAD_GATEWAY,
            code: "app_unreachable",
            title: format!("{} does not answer", instance.name),
            text: "It runs, but did not take the request. Its log may say why; reload to try again."
                .to_owned(),
            again: false,
        }
    };
    answer(panel, credential, headers, place, instance, reason).await
}

/// For a desktop asked for where browsers cannot show it.
pub(super) fn desktop_needs_https(headers: &HeaderMap, place: &Place<'_>, instance: &Instance) -> Response {
    let lite = place
        .panel()
        .map(|home| format!("{home}/lite/instances/{}/desktop", instance.id));
    let reason = Reason {
        status: StatusCode::OK,
        code: "desktop_needs_https",
        title: format!("The desktop of {} needs https", instance.name),
        text: "Browsers show it only over an encrypted connection, or on the machine itself. Start the panel with \
               --tls self-signed, or with a certificate of your own, or put it behind a proxy that speaks https."
            .to_owned(),
        again: false,
    };
    let way_out = move || {
        lite.as_deref().map_or_else(String::new, |lite| {
            format!(
                "<p><a class=\"button button--filled\" href=\"{}\" target=\"_top\">{}</a></p>",
                escape(lite),
                t("Pictures and simple controls")
            )
        })
    };
    sheet(&reason, headers, place, Some(instance), &way_out)
}

/// For a desktop that somebody else controls; `choice` is what can be done about it, as HTML.
pub(super) fn desktop_is_others(
    headers: &HeaderMap,
    place: &Place<'_>,
    instance: &Instance,
    choice: &dyn Fn() -> String,
) -> Response {
    let reason = Reason {
        status: StatusCode::OK,
        code: "desktop_is_others",
        title: format!("Somebody controls the desktop of {}", instance.name),
        text:
            "Another browser has it. You can watch, or take the control: the other one watches from then on."
                .to_owned(),
        again: false,
    };
    sheet(&reason, headers, place, Some(instance), choice)
}

/// For a link to a desktop that has expired or was ended.
pub(super) fn share_is_over(headers: &HeaderMap, place: &Place<'_>) -> Response {
    let reason = Reason {
        status: StatusCode::GONE,
        code: "share_is_over",
        title: "This link shows nothing any more".to_owned(),
        text: "It has expired, or was ended. Ask who gave it to you for a new one.".to_owned(),
        again: false,
    };
    sheet(&reason, headers, place, None, &String::new)
}

fn sheet(
    reason: &Reason,
    headers: &HeaderMap,
    place: &Place<'_>,
    instance: Option<&Instance>,
    more: &dyn Fn() -> String,
) -> Response {
    (
        reason.status,
        Html(html(reason, headers, place, instance, &[], more)),
    )
        .into_response()
}

/// For an address that belongs to no instance.
pub(super) fn no_such_app(headers: &HeaderMap, place: &Place<'_>) -> Response {
    let slug = place.slug();
    let text = format!("No instance has the address “{slug}”. It may have been renamed or deleted.");
    if !accepts_html(headers) {
        return HttpError::new(ErrorKind::NotFound, "unknown_instance", text, "").into_response();
    }
    let reason = Reason {
        status: StatusCode::NOT_FOUND,
        code: "unknown_instance",
        title: "There is no such app".to_owned(),
        text,
        again: false,
    };
    sheet(&reason, headers, place, None, &String::new)
}

async fn answer(
    panel: &Panel,
    credential: &Credential,
    headers: &HeaderMap,
    place: &Place<'_>,
    instance: &Instance,
    reason: Reason,
) -> Response {
    let mut answer = if accepts_html(headers) {
        // Who only has a link to look at the desktop has no business with the log.
        let lines = match credential {
            Credential::Share { .. } => Vec::new(),
            _ => last_lines(panel, instance).await,
        };
        Html(html(
            &reason,
            headers,
            place,
            Some(instance),
            &lines,
            &String::new,
        ))
        .into_response()
    } else {
        HttpError::new(
            ErrorKind::Conflict,
            reason.code,
            format!("{}.", reason.title),
            &instance.status_reason,
        )
        .into_response()
    };
    *answer.status_mut() = reason.status;
    if reason.again {
        answer.headers_mut().insert(header::RETRY_AFTER, AGAIN_S.into());
    }
    answer
}

async fn last_lines(panel: &Panel, instance: &Instance) -> Vec<String> {
    let reading = panel
        .engine
        .instances
        .log(instance.id, None, LogPosition::Tail(TAIL_BYTES));
    let log = on_main(panel, reading).await;
    log.map(|chunk| tail(&chunk.content)).unwrap_or_default()
}

/// The last lines as a terminal would show them: no colours, of a progress bar only its last state.
fn tail(text: &str) -> Vec<String> {
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            plain(
                line.trim_end_matches('\r')
                    .rsplit('\r')
                    .next()
                    .unwrap_or_default(),
            )
        })
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].to_vec()
}

/// Without terminal sequences and other invisible characters.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        if c == '\u{1b}' {
            if characters.next_if_eq(&'[').is_some() {
                while characters.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
            }
        } else if c == '\t' || !c.is_control() {
            text.push(c);
        }
    }
    text
}

/// The page, in the language that the browser wants.
fn html(
    reason: &Reason,
    headers: &HeaderMap,
    place: &Place<'_>,
    instance: Option<&Instance>,
    lines: &[String],
    more: &dyn Fn() -> String,
) -> String {
    speaking(of_request(headers), || {
        page_in_words(reason, headers, place, instance, lines, more)
    })
}

fn page_in_words(
    reason: &Reason,
    headers: &HeaderMap,
    place: &Place<'_>,
    instance: Option<&Instance>,
    lines: &[String],
    more: &dyn Fn() -> String,
) -> String {
    let mut page = format!(
        "<!DOCTYPE html><html lang=\"{}\" data-theme=\"{}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
        spoken().tag(),
        theme::of(headers)
    );
    if reason.again {
        let seconds = if place.is_desktop() {
            DESKTOP_AGAIN_S
        } else {
            AGAIN_S
        };
        let _ = write!(page, "<meta http-equiv=\"refresh\" content=\"{seconds}\">");
    }
    let _ = write!(
        page,
        "<title>{title} · AiKore</title><link rel=\"icon\" href=\"{assets}/favicon.svg\" type=\"image/svg+xml\">\
         <link rel=\"stylesheet\" href=\"{assets}/pkg/aikore.css\"></head><body><main class=\"page waiting\" id=\"main\">\
         <div class=\"stack stack--wide\"><h1 class=\"gate__title\">{title}</h1><p class=\"muted\" role=\"status\">{text}</p>",
        title = escape(&said(&reason.title)),
        text = escape(&said(&reason.text)),
        assets = escape(&place.assets()),
    );
    if let Some(why) = instance
        .map(|one| &one.status_reason)
        .filter(|why| !why.is_empty())
    {
        let _ = write!(
            page,
            "<p class=\"note\"><span></span><span>{}</span></p>",
            escape(&said(why))
        );
    }
    if !lines.is_empty() {
        let _ = write!(
            page,
            "<pre class=\"log waiting__log\" aria-label=\"{}\">",
            t("Last lines of the log")
        );
        for line in lines {
            let _ = writeln!(page, "{}", escape(line));
        }
        page.push_str("</pre>");
    }
    page.push_str(&more());
    if let Some(home) = place.panel() {
        links(&mut page, &home, instance);
    }
    page.push_str("</div></main></body></html>");
    page
}

fn links(page: &mut String, home: &str, instance: Option<&Instance>) {
    let home = escape(home);
    let _ = write!(
        page,
        "<p class=\"row\"><a class=\"button\" href=\"{home}/\" target=\"_top\">{}</a>",
        t("Open the panel")
    );
    if let Some(instance) = instance {
        let id = instance.id;
        let _ = write!(
            page,
            "<a class=\"button\" href=\"{home}/instances/{id}/logs\" target=\"_top\">{}</a>",
            t("Show the log")
        );
    }
    page.push_str("</p>");
}

pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_shown_as_a_terminal_would() {
        let text = "\u{1b}[32mready\u{1b}[0m\r\n10%\r50%\r99%\r\n\n<b>\u{7}\n";
        assert_eq!(tail(text), ["ready", "99%", "<b>"]);
        assert_eq!(tail(&"x\n".repeat(100)).len(), TAIL_LINES);
    }

    #[test]
    fn markup_of_an_app_stays_text() {
        assert_eq!(escape("<a href='x'>&\""), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
    }
}
