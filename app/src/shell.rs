//! The HTML document around the application, and the bars every page has.

#[cfg(feature = "ssr")]
mod hint;

use crate::language::t;
#[cfg(feature = "ssr")]
use crate::language::{Language, said, spoken as language};
use crate::paths::at;
#[cfg(feature = "ssr")]
use crate::ui::StyleSheet;
use crate::view;
use leptos::prelude::*;
use types::jobs::JobState;

use crate::address::{Address, Page};
use crate::instances::filter::Place;
use crate::live::{ConnectionLamp, Live};
use crate::ui::{Icon, Menu, ThemeButton};

/// Every icon and status shape, referred to by `<use href="#…">`.
#[cfg(feature = "ssr")]
const SYMBOLS: &str = include_str!("shell/symbols.svg");

/// The symbols a page needs: the pictures of the pages before the login are a fifth of all.
#[cfg(feature = "ssr")]
fn symbols() -> String {
    let is_gate = matches!(crate::address::present().0, Page::Login | Page::Setup);
    let needed = |symbol: &&str| is_gate || !symbol.contains("id=\"gate-");
    SYMBOLS.split_inclusive("</symbol>").filter(needed).collect()
}

/// The icon of the document, within it: a request of its own would be larger than the picture.
#[cfg(feature = "ssr")]
fn icon() -> String {
    let picture = include_str!("../../public/favicon.svg").trim_end();
    format!(
        "data:image/svg+xml,{}",
        picture.replace('"', "'").replace('#', "%23")
    )
}

/// The document every page is rendered into.
#[cfg(feature = "ssr")]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    use crate::App;
    use leptos_meta::MetaTags;

    leptos_meta::provide_meta_context();
    view! {
        <!DOCTYPE html>
        <html lang=language().tag() data-theme=theme() data-base=crate::paths::base() data-build=crate::paths::build() style=zoom()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <link rel="icon" href=icon() />
                <link rel="stylesheet" href=at("/pkg/aikore.css") />
                {(crate::address::present().0 != Page::Instances).then(|| view! { <StyleSheet name="pages" /> })}
                // Before the program, which looks for them when it begins.
                {(language() != Language::English)
                    .then(|| view! { <script defer src=crate::paths::asset(language().tag(), "js")></script> })}
                <HydrationScripts options root=crate::paths::base() />
                <MetaTags />
            </head>
            <body>
                <App />
                // After the application, where hydration does not look; only the server ever renders it.
                <svg class="sprite" aria-hidden="true" inner_html=symbols()></svg>
                {hint::hint()}
            </body>
        </html>
    }
}

/// The theme the browser asked for by cookie.
#[cfg(feature = "ssr")]
fn theme() -> &'static str {
    let light = use_context::<http::request::Parts>()
        .is_some_and(|request| cookies(&request).any(|cookie| cookie == ("aikore_theme", "light")));
    if light { "light" } else { "dark" }
}

/// The sizes of panes that the browser has chosen.
#[cfg(feature = "ssr")]
fn zoom() -> Option<String> {
    crate::desk::style_of_cookies(cookies(&use_context()?))
}

/// Names and values.
#[cfg(feature = "ssr")]
pub(crate) fn cookies(request: &http::request::Parts) -> impl Iterator<Item = (&str, &str)> {
    let headers = request.headers.get_all(http::header::COOKIE).iter();
    headers
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
}

/// Names the document. Every page is a document of its own, so only the server ever does.
#[cfg(feature = "ssr")]
pub fn name_page(name: impl std::fmt::Display) {
    let _ = leptos_meta::Title(
        leptos_meta::TitleProps::builder()
            .text(format!("{} · AiKore", said(&name.to_string())))
            .build(),
    );
}

/// Nothing: the server has named the document.
#[cfg(not(feature = "ssr"))]
pub fn name_page(_name: impl std::fmt::Display) {}

/// What the machine calls itself.
#[cfg(feature = "ssr")]
pub(crate) fn machine_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| String::new(), |name| name.trim().to_owned())
}

#[cfg(not(feature = "ssr"))]
fn machine_name() -> String {
    String::new()
}

/// The machine's name on both sides; the browser reads what the server wrote into the page.
pub fn shared_machine_name() -> String {
    SharedValue::new_str(machine_name as fn() -> String).into_inner()
}

/// The product's mark and name.
#[component]
pub fn Brand(
    /// Added to the class `brand`.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    view! {
        <a class=format!("brand {class}") href=at("/")>
            <svg class="brand__mark" viewBox="0 0 20 20" fill="none" aria-hidden="true">
                <path d="M10 1.5 18 17H2z" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round" />
                <circle cx="10" cy="12" r="2.4" fill="var(--accent)" />
            </svg>
            "AiKore"
        </a>
    }
}

/// Marks the link to the page that is shown.
fn current(page: Page) -> Option<&'static str> {
    (Address::get().page() == page).then_some("page")
}

/// The bar on top of every page.
#[component]
pub fn TopBar() -> impl IntoView {
    view! {
        <a class="skip" href="#main" rel="external">
            {t("Skip to the content")}
        </a>
        <header class="topbar">
            <Brand />
            <nav class="topnav" aria-label=t("Main")>
                <a class="topnav__link" href=at("/") aria-current=current(Page::Instances)>
                    {t("Instances")}
                </a>
                <a class="topnav__link" href=at("/blueprints") rel="external" aria-current=current(Page::Blueprints)>
                    {t("Blueprints")}
                </a>
                <a class="topnav__link" href=at("/monitoring") aria-current=current(Page::Monitoring)>
                    {t("Monitoring")}
                </a>
                <a class="topnav__link" href=at("/trash") aria-current=current(Page::Trash)>
                    {t("Trash")}
                </a>
            </nav>
            <div class="topbar__end">
                {(Address::get().page() == Page::Instances)
                    .then(|| {
                        view! {
                            <button class="palette only-wide is-scripted" type="button" data-wish="find">
                                <Icon name="search" />
                                {t("Find or run")}
                                <kbd class="kbd">"Ctrl K"</kbd>
                            </button>
                        }
                    })}
                <AlertsLink />
                <JobsLink />
                <ConnectionLamp />
                <ThemeButton />
                <Menu name="account" icon="user" label=t("Account")>
                    <a class="menu__item" href=at("/alerts")>
                        {t("Alerts")}
                    </a>
                    <a class="menu__item" href=at("/trash")>
                        {t("Trash")}
                    </a>
                    <a class="menu__item" href=at("/api/docs/")>
                        "API"
                    </a>
                    <a class="menu__item" href=at("/lite") rel="external">
                        {t("Plain pages")}
                    </a>
                    <LanguageForm class="menu__item" />
                    <form method="post" action=at("/logout")>
                        <button class="menu__item" type="submit">
                            {t("Log out")}
                        </button>
                    </form>
                </Menu>
            </div>
        </header>
    }
}

/// The other languages, each under its own name; the page comes back in the one that is chosen.
#[component]
pub fn LanguageForm(
    /// Of the buttons.
    class: &'static str,
) -> impl IntoView {
    view! {
        <form method="post" action=at("/language")>
            {crate::language::others()
                .map(|(tag, name)| {
                    view! {
                        <button class=class type="submit" name="language" value=tag lang=tag>
                            {name}
                        </button>
                    }
                })
                .collect_view()}
        </form>
    }
}

/// Leads to the alerts, and shows how many there are.
#[component]
fn AlertsLink() -> impl IntoView {
    // The server wrote it into the page; only pages behind the login have this bar.
    let first = SharedValue::new_str(alert_count as fn() -> String).into_inner();
    let live = Live::get();
    // Whatever the page is, its tab hears of alerts.
    crate::ui::effect(move || live.start());
    let alerts = live.alerts();
    let count = move || {
        alerts
            .get()
            .map_or_else(|| first.clone(), |(count, _)| count.to_string())
    };
    let shown = crate::ui::memo(move || Some(count()).filter(|count| count != "0"));
    view! {
        <a class="button button--icon bell" class:bell--on=move || shown.get().is_some() href=at("/alerts") title=t("Alerts")>
            <Icon name="bell" />
            <span class="visually-hidden">{t("Alerts")} " "</span>
            {shown}
        </a>
    }
}

#[cfg(feature = "ssr")]
fn alert_count() -> String {
    use_context::<engine::Engine>().map_or_else(String::new, |engine| {
        engine.alerts.tally().borrow().count.to_string()
    })
}

#[cfg(not(feature = "ssr"))]
fn alert_count() -> String {
    String::new()
}

/// Leads to the jobs, and shows whether one is under way.
#[component]
fn JobsLink() -> impl IntoView {
    let (place, jobs) = (use_context::<Place>(), Live::get().jobs());
    let is_busy = move || jobs.with(|jobs| jobs.iter().any(|job| job.state == JobState::Running));
    view! {
        <a
            class="button button--icon"
            class:is-on=is_busy
            href=move || place.map_or_else(|| at("/?jobs=1"), |place| place.with("jobs", 1))
            data-noscroll
            aria-label=t("Jobs")
            title=t("Jobs")
        >
            <Icon name="b-lines" />
        </a>
    }
}

/// The bar at the foot of a phone.
#[component]
pub fn BottomNav() -> impl IntoView {
    view! {
        <nav class="bottomnav" aria-label=t("Main, at the foot")>
            <a class="bottomnav__link" href=at("/") aria-current=current(Page::Instances)>
                <Icon name="layers" />
                {t("Instances")}
            </a>
            // The browser itself follows these: the style sheet shows the pane that is the target.
            <a class="bottomnav__link" href=at("/#tools") rel="external">
                <Icon name="logs" />
                {t("Logs")}
            </a>
            <a class="bottomnav__link bottomnav__link--new" href=at("/?new=1")>
                <Icon name="plus" />
                {t("New")}
            </a>
            <a class="bottomnav__link" href=at("/monitoring") aria-current=current(Page::Monitoring)>
                <Icon name="pulse" />
                {t("Monitoring")}
            </a>
            <a class="bottomnav__link" href=at("/blueprints") rel="external" aria-current=current(Page::Blueprints)>
                <Icon name="grid" />
                {t("Blueprints")}
            </a>
        </nav>
    }
}
