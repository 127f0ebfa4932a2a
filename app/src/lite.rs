//! `/lite`: the whole panel in plain HTML, for text browsers, weak machines, and browsers whose program does not run.
//!
//! # How it works
//! The server's routes (`server/src/lite*`) ask the engine and hand what it said to a function here, which makes the
//! page. Nothing waits here, and nothing of it is compiled for browsers. Text browsers decide the markup: a button is
//! an `<input>` (lynx shows the value of a `<button>` instead of its text), a form has a path of its own for each verb,
//! and a bar is a `<meter>` around signs that stand for it where none can be drawn.

pub mod bars;
pub mod delete;
pub mod desktop;
pub mod edit;
pub mod instance;
pub mod jobs;
pub mod list;
pub mod log;
pub mod machine;
pub mod new;
pub mod script;
pub mod start;
pub mod takeover;
pub mod trash;

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::language::{fill, said, t};
use crate::paths::at;
use crate::view;

/// The only style sheet, part of every page: one request is all that a page costs.
pub const STYLE: &str = include_str!("lite/lite.css");

/// The most a page weighs, bytes; only a text that is being edited may weigh more.
pub const PAGE_BYTES: usize = 50_000;

/// How often a page may load itself again, seconds; people choose.
const PACES: [u32; 4] = [2, 5, 15, 60];

/// The areas of the panel, as the bar on top lists them; a further one is a further line here.
const AREAS: [Area; 7] = [
    Area::Instances,
    Area::New,
    Area::Logs,
    Area::Machine,
    Area::Jobs,
    Area::Trash,
    Area::Full,
];

/// An area of the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// Every instance, and what is done with one.
    Instances,
    /// A new instance.
    New,
    /// What the apps print.
    Logs,
    /// What the machine does.
    Machine,
    /// Long work.
    Jobs,
    /// What was deleted.
    Trash,
    /// The dashboard.
    Full,
}

impl Area {
    fn name(self) -> &'static str {
        match self {
            Self::Instances => t("Instances"),
            Self::New => t("New"),
            Self::Logs => t("Logs"),
            Self::Machine => t("Machine"),
            Self::Jobs => t("Jobs"),
            Self::Trash => t("Trash"),
            Self::Full => t("Full panel"),
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Instances => "/lite",
            Self::New => "/lite/new",
            Self::Logs => "/lite/logs",
            Self::Machine => "/lite/machine",
            Self::Jobs => "/lite/jobs",
            Self::Trash => "/lite/trash",
            Self::Full => "/",
        }
    }
}

/// What a form sent, by the names of its fields.
pub type Typed = BTreeMap<String, String>;

/// What every page is made with.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// The server's clock, Unix milliseconds.
    pub now: i64,
    /// Lets the page's own style sheet be used, and no other.
    pub nonce: String,
    /// The page's path.
    pub path: String,
    /// The page's query as pairs, without what the frame itself understands.
    pub query: Vec<(String, String)>,
    /// Seconds after which the page loads itself again; none = never.
    pub refresh: Option<u32>,
    /// Shows that a form is one of these pages, where a browser does not say so; empty = nobody asks.
    pub token: String,
    /// `dark` or `light` where a person chose; otherwise as the system likes it.
    pub theme: Option<&'static str>,
    /// What was done, by its word in the address.
    pub done: Option<String>,
    /// What could not be done, as a sentence.
    pub problem: Option<String>,
}

impl Frame {
    /// The whole page.
    pub fn page(&self, area: Area, title: &str, content: AnyView) -> String {
        let refresh = self.refresh.map(|seconds| {
            view! { <meta http-equiv="refresh" content=seconds.to_string() /> }
        });
        let page = view! {
            <html lang=t("en") data-theme=self.theme>
                <head>
                    <meta charset="utf-8" />
                    <meta name="viewport" content="width=device-width, initial-scale=1" />
                    {refresh}
                    <link rel="icon" href=at("/favicon.svg") type="image/svg+xml" />
                    <title inner_html=escaped(&format!("{title} · AiKore"))></title>
                    <style nonce=self.nonce.clone() inner_html=STYLE></style>
                </head>
                <body>
                    {self.bar(area)}
                    <main id="main">
                        <h1>{title.to_owned()}</h1>
                        {self.said()}
                        {content}
                    </main>
                </body>
            </html>
        };
        // Marks for a program that would take the page over; there is none. Texts hold no such sign: they are escaped.
        format!("<!DOCTYPE html>{}", page.to_html().replace("<!>", ""))
    }

    /// A page that says why there is none.
    pub fn sorry(&self) -> String {
        let content = view! { <p><a href=at("/lite")>{t("Show the instances")}</a></p> };
        self.page(Area::Instances, t("This cannot be shown"), content)
    }

    fn bar(&self, present: Area) -> AnyView {
        let links = AREAS.map(|area| {
            let current = (area == present).then_some("page");
            view! { <a href=at(area.path()) aria-current=current>{area.name()}</a> " " }
        });
        let out = (!self.token.is_empty()).then(|| {
            self.form(
                "/logout",
                view! { <input type="submit" class="q" value=t("Log out") /> },
            )
        });
        let host = crate::shell::machine_name();
        let place = (!host.is_empty()).then(|| format!("{host}, "));
        view! {
            <header>
                <b>"AiKore"</b>
                " "
                <nav aria-label=t("Main")>{links.collect_view()}</nav>
                <p>{place} {clock(self.now)} " UTC. " <a href=self.address(self.refresh)>{t("Reload")}</a> " " {out}</p>
            </header>
        }
    }

    fn said(&self) -> AnyView {
        view! {
            {self.problem.clone().map(|text| view! { <p class="box r" role="alert"><b>"✕ "</b>{said(&text)}</p> })}
            {self.done.as_deref().and_then(done).map(|text| view! { <p class="box g" role="status"><b>"● "</b>{text}</p> })}
        }
    }

    /// A form of these pages; `action` is a path.
    pub fn form(&self, action: &str, inside: AnyView) -> AnyView {
        let token = (!self.token.is_empty())
            .then(|| view! { <input type="hidden" name="token" value=self.token.clone() /> });
        view! { <form method="post" action=at(action)>{token} {inside}</form> }
    }

    /// A form that is a button; `from` leads back to this very page.
    pub fn button(&self, action: &str, word: &str, label: String, class: Option<&'static str>) -> AnyView {
        self.form(
            action,
            view! {
                <input type="hidden" name="from" value=self.here(self.refresh) />
                <input type="submit" value=word.to_owned() aria-label=label class=class />
            },
        )
    }

    /// This page at another pace.
    fn here(&self, refresh: Option<u32>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.query);
        if let Some(seconds) = refresh {
            query.append_pair("refresh", &seconds.to_string());
        }
        match query.finish() {
            query if query.is_empty() => self.path.clone(),
            query => format!("{}?{query}", self.path),
        }
    }

    fn address(&self, refresh: Option<u32>) -> String {
        at(&self.here(refresh))
    }

    /// The choice how often the page loads itself again.
    pub fn paces(&self) -> AnyView {
        let choice = |pace: Option<u32>, word: String| {
            let current = (pace == self.refresh).then_some("true");
            view! { <a href=self.address(pace) aria-current=current>{word}</a> " " }
        };
        let paces = PACES.map(|seconds| choice(Some(seconds), fill("every {} s", &[&seconds.to_string()])));
        view! {
            <p class="n">
                {t("Load this page again by itself:")} " " {choice(None, t("never").to_owned())} {paces.collect_view()}
            </p>
        }
    }
}

/// What was done, as the address of the page names it that a form leads on to.
fn done(word: &str) -> Option<&'static str> {
    Some(match word {
        "created" => t("It is created. Start builds its environment."),
        "saved" => t("The changes are saved."),
        "trashed" => t("It is moved to the trash."),
        "removing" => t("It is being removed. Large folders take a while."),
        "restored" => t("It is back."),
        "file_saved" => t("It is saved."),
        "file_restarted" => t("It is saved, and the instance starts anew."),
        _ => return None,
    })
}

/// The time of day, as clocks show it.
pub(crate) fn clock(ms: i64) -> String {
    let seconds = ms.div_euclid(1000).rem_euclid(86_400);
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds % 3600 / 60,
        seconds % 60
    )
}

/// A text as the inside of an element that knows no elements, such as `<title>`.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// The inside of a `<textarea>`: browsers drop a first line end, and nothing else.
pub(crate) fn in_area(text: &str) -> String {
    format!("\n{}", escaped(text))
}

/// At most so many characters of a text that may be long.
pub(crate) fn short(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    let cut: String = text.chars().take(characters.saturating_sub(1)).collect();
    format!("{cut}…")
}

/// A field with its label.
pub(crate) fn labelled(label: &str, field: AnyView, hint: &str) -> AnyView {
    let hint = (!hint.is_empty()).then(|| view! { <small>{hint.to_owned()}</small> });
    view! { <label><span>{label.to_owned()} " "</span>{field} " " {hint}</label> }
}

/// A field of one line.
pub(crate) fn line(name: &'static str, value: &str, placeholder: &'static str) -> AnyView {
    view! { <input name=name value=value.to_owned() placeholder=placeholder autocomplete="off" size="24" /> }
}

/// One of a few: values and what they are called.
pub(crate) fn choice(name: &'static str, present: &str, options: &[(String, String)]) -> AnyView {
    let options = options.iter().map(|(value, word)| {
        view! { <option value=value.clone() selected=value == present>{word.clone()}</option> }
    });
    view! { <select name=name>{options.collect_view()}</select> }
}

/// Pages of a long list; `count` things in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The present page, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// First thing of the page, from 0.
    pub first: usize,
    /// Things on a page.
    pub length: usize,
}

impl Leaf {
    /// The page that is asked for, or the nearest there is.
    pub fn of(count: usize, length: usize, asked: usize) -> Self {
        let of = count.div_ceil(length).max(1);
        let number = asked.clamp(1, of);
        Self {
            number,
            of,
            first: (number - 1) * length,
            length,
        }
    }

    /// Links to the other pages; nothing where there is only one.
    pub(crate) fn links(self, path: &str) -> Option<AnyView> {
        let link = |number: usize, word: &'static str| {
            let href = at(&format!("{path}?page={number}"));
            view! { <a href=href>{word}</a> " " }
        };
        (self.of > 1).then(|| {
            view! {
                <p>
                    {fill("Page {} of {}.", &[&self.number.to_string(), &self.of.to_string()])} " "
                    {(self.number > 1).then(|| link(self.number - 1, t("Before")))}
                    {(self.number < self.of).then(|| link(self.number + 1, t("Next")))}
                </p>
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_shows_the_time_of_day() {
        assert_eq!(clock(0), "00:00:00");
        assert_eq!(clock(86_399_999), "23:59:59");
        assert_eq!(clock(-1000), "23:59:59");
    }

    #[test]
    fn a_page_that_is_not_there_is_the_nearest_one() {
        for (count, asked, number, first) in [
            (0, 7, 1, 0),
            (25, 1, 1, 0),
            (26, 2, 2, 25),
            (26, 99, 2, 25),
            (60, 0, 1, 0),
        ] {
            let leaf = Leaf::of(count, 25, asked);
            assert_eq!((leaf.number, leaf.first), (number, first), "{count} {asked}");
        }
    }

    #[test]
    fn what_people_call_things_stays_text() {
        let frame = Frame {
            path: "/lite".to_owned(),
            problem: Some("<script>alert(1)</script>".to_owned()),
            query: vec![("page".to_owned(), "\"><script>".to_owned())],
            ..Frame::default()
        };
        let page = frame.page(Area::Instances, "</title><script>x</script>", ().into_any());
        assert!(!page.contains("<script"), "{page}");
    }

    #[test]
    fn the_pace_is_kept_by_links_and_told_to_the_browser() {
        let frame = Frame {
            path: "/lite/instances/3/logs".to_owned(),
            query: vec![("run".to_owned(), "2".to_owned())],
            refresh: Some(5),
            ..Frame::default()
        };
        let page = frame.page(Area::Logs, "Log", frame.paces());
        assert!(page.contains("http-equiv=\"refresh\" content=\"5\""), "{page}");
        assert!(
            page.contains("href=\"/lite/instances/3/logs?run=2&amp;refresh=15\""),
            "{page}"
        );
        assert!(page.contains("href=\"/lite/instances/3/logs?run=2\""), "{page}");
    }
}
