//! Leads to the plain pages where scripts are off, or the browser's program does not come alive.

use leptos::nonce::use_nonce;
use leptos::prelude::*;

use crate::language::t;
use crate::paths::at;
use crate::view;

/// Shows the hint once the program has failed, or has not come alive after ten seconds; takes it away should it come
/// alive after all, and from then on only a failure brings it back. It stands in the page itself: what is missing may be
/// the server's other files.
const SCRIPT: &str = include_str!("hint.js");

/// The script without what only its readers need.
fn script() -> String {
    SCRIPT.lines().map(str::trim_start).collect()
}

/// What the script puts into the page.
fn toast() -> String {
    let text = t("The full panel does not come alive in this browser.");
    let (link, address) = (t("Use the plain pages"), at("/lite"));
    format!(
        "<p class=\"toast\" role=\"status\">{text} <a class=\"button button--sm\" href=\"{address}\">{link}</a></p>"
    )
}

/// Both hints. They stand after the application, where hydration does not look. The script fills in the second one:
/// text browsers show what is hidden.
pub(super) fn hint() -> AnyView {
    view! {
        <noscript>
            <p style="margin:0;padding:8px 16px 72px">
                {t("Scripts are off: the pages work, but do not change by themselves.")} " "
                <a href=at("/lite") rel="external">{t("Use the plain pages")}</a>
            </p>
        </noscript>
        <aside
            id="plain-hint"
            class="toasts"
            aria-label=t("Hint")
            hidden
            data-says=toast()
        ></aside>
        <script nonce=use_nonce() inner_html=script()></script>
    }
}
