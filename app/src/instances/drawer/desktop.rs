//! The desktop of an instance: what it shows now, how it is shown, and who may look at it without a login.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use serde::{Deserialize, Serialize};
use types::desktops::{Availability, Clipboard, DesktopSettings, Encoder, Files, NewShare, Share};
use types::instances::InstanceId;

use super::{Details, Wanted};
use crate::fetch::{self, Fetched};
use crate::instances::Row;
use crate::instances::access::link_of;
use crate::instances::draft::Field;
use crate::instances::edits::Edits;
#[cfg(feature = "ssr")]
use crate::instances::posted;
use crate::instances::row::part;
use crate::language::{fill, marked, said, t};
use crate::paths::at;
use crate::request::{self, FormOrJson};
use crate::ui::words::duration;
use crate::ui::{Clock, ErrorNote, Icon, SelectBox, StyleSheet, Toasts};
use crate::{ApiError, browser, view};

/// Milliseconds between two pictures.
const PICTURE_PACE: i64 = 5_000;

/// What the drawer shows of a desktop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DesktopReport {
    /// What was chosen.
    pub settings: DesktopSettings,
    /// Whether the machine can show desktops.
    pub availability: Availability,
    /// Links that are still good.
    pub shares: Vec<Share>,
}

/// What is known of the desktop of an instance.
#[cfg(feature = "ssr")]
pub(super) async fn load(id: InstanceId) -> Result<DesktopReport, ApiError> {
    let engine::Engine {
        instances, desktops, ..
    } = expect_context::<engine::Engine>();
    Ok(DesktopReport {
        settings: instances.get(id).await?.desktop,
        availability: desktops.availability().await?,
        shares: desktops.shares(id).await?,
    })
}

/// Saves how the desktop of an instance is shown.
#[server(prefix = "/fn", endpoint = "set_desktop", protocol = FormOrJson)]
pub(crate) async fn set_desktop(
    id: InstanceId,
    settings: DesktopSettings,
    #[server(default)] restart: bool,
) -> Result<(), ApiError> {
    // Forms cannot tell an empty text from none.
    let size = settings.resolution.as_deref().map(str::trim);
    let resolution = size.filter(|size| !size.is_empty()).map(str::to_owned);
    let change = types::instances::InstanceChange {
        desktop: Some(DesktopSettings {
            resolution,
            ..settings
        }),
        ..Default::default()
    };
    let instances = expect_context::<engine::Engine>().instances;
    let saved = instances.update(id, change, restart).await;
    let own = id.to_string();
    saved.map_err(ApiError::from).inspect_err(|error| {
        posted::send_back(SetDesktop::url(), error, &[("open", &own)]);
    })?;
    posted::lead_back(&[("open", &own)]);
    Ok(())
}

/// Makes a link that shows the desktop and takes no input.
#[server(prefix = "/fn", endpoint = "share_desktop", protocol = FormOrJson)]
pub(crate) async fn share_desktop(id: InstanceId, seconds: i64) -> Result<NewShare, ApiError> {
    let desktops = expect_context::<engine::Engine>().desktops;
    Ok(desktops.share(id, seconds).await?)
}

/// The whole section.
#[component]
pub(super) fn DesktopSection(
    /// Whose.
    row: Row,
    /// Holds the report.
    details: Fetched,
    /// Told whether the machine can show none.
    lacks_desktops: RwSignal<bool>,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let wanted = crate::ui::memo(move || edits.value(row, Field::Desktop) == "true");
    view! {
        <StyleSheet name="desktop" />
        <section class="section" id="sec-desktop">
            <h3 class="section__title">{t("Desktop")}</h3>
            <Thumbnail row />
            {fetch::show(details, ViewFn::default(), move |answer| match answer.read_any::<Details>() {
                Some(Ok(Details { desktop, .. })) => {
                    let DesktopReport { settings, availability, shares } = desktop;
                    let lacks = !availability.available;
                    crate::ui::effect(move || lacks_desktops.set(lacks));
                    view! {
                        <Unavailable availability />
                        <p class="faint" hidden=wanted>
                            {t("Switch on “Persistent UI” above, and it runs on a desktop that people connect to and leave.")}
                        </p>
                        <div class="stack stack--wide" hidden=move || !wanted.get()>
                            <Settings row settings />
                            <Shares row shares />
                        </div>
                    }
                }
                _ => ().into_any(),
            })}
        </section>
    }
}

/// The picture that the desktop shows, while there is one; it leads there.
#[component]
fn Thumbnail(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let shown = part(row, types::instances::Instance::has_desktop);
    let url = link_of(row);
    let missed = RwSignal::new(false);
    let picture = crate::ui::memo(move || clock.now() / PICTURE_PACE);
    let source = move || {
        at(&format!(
            "/api/v1/instances/{}/desktop/screenshot?at={}",
            row.id,
            picture.get()
        ))
    };
    move || {
        shown.get().then(|| {
            view! {
                <a class="desktop-picture" href=url target="_blank" rel="noopener">
                    <img
                        src=source
                        alt=t("What the desktop shows now; opens it")
                        class:is-missed=missed
                        on:error=move |_| missed.set(true)
                        on:load=move |_| missed.set(false)
                    />
                </a>
            }
        })
    }
}

/// Why there can be no desktop here, and what to do about it.
#[component]
fn Unavailable(
    /// Whether there can.
    availability: Availability,
) -> impl IntoView {
    (!availability.available).then(|| {
        view! {
            <div class="note note--warn">
                <Icon name="alert" />
                <div class="stack">
                    <span>{said(&availability.reason)}</span>
                    <pre class="desktop-commands">{availability.commands.join("\n")}</pre>
                </div>
            </div>
        }
    })
}

const ENCODERS: [(Encoder, &str, &str); 3] = [
    (Encoder::H264, "h264", marked("Film (H.264)")),
    (
        Encoder::H264Striped,
        "h264-striped",
        marked("Film, only what changed"),
    ),
    (Encoder::Jpeg, "jpeg", marked("Pictures (JPEG), for old browsers")),
];
const CLIPBOARDS: [(Clipboard, &str, &str); 4] = [
    (Clipboard::Both, "both", marked("both ways")),
    (Clipboard::In, "in", marked("into the desktop only")),
    (Clipboard::Out, "out", marked("out of the desktop only")),
    (Clipboard::None, "none", marked("not at all")),
];
const FILES: [(Files, &str, &str); 4] = [
    (Files::None, "none", marked("not at all")),
    (Files::Upload, "upload", marked("into the desktop only")),
    (Files::Download, "download", marked("out of the desktop only")),
    (Files::Both, "both", marked("both ways")),
];

#[component]
fn Settings(
    /// Whose.
    row: Row,
    /// As they are.
    settings: DesktopSettings,
) -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let problem = refusal();
    let running = part(row, |instance| {
        instance.status.is_active() && instance.persistent_mode
    });
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = request::form(&event) else { return };
        problem.set(None);
        spawn_local(async move {
            match request::submit::<SetDesktop>(form).await {
                Ok(()) => toasts.say(t("Saved.").to_owned()),
                Err(error) => drop(problem.try_set(Some(error.to_string()))),
            }
        });
    };
    let size = settings.resolution.clone().unwrap_or_default();
    view! {
        <form class="stack" method="post" action=at(SetDesktop::url()) on:submit=save>
            <input type="hidden" name="id" value=row.id.0 />
            <div class="form-grid">
                {select("encoder", t("Sent as"), &ENCODERS, settings.encoder)}
                {select("clipboard", t("Copy and paste"), &CLIPBOARDS, settings.clipboard)}
                {select("files", t("Files"), &FILES, settings.files)}
                <div class="field">
                    <label class="field__label" for="desktop-rate">{t("Pictures a second")}</label>
                    <input
                        class="input"
                        id="desktop-rate"
                        name="settings[frame_rate]"
                        type="number"
                        min="1"
                        max="120"
                        value=settings.frame_rate
                    />
                </div>
                <div class="field">
                    <label class="field__label" for="desktop-size">{t("Size")}</label>
                    <input
                        class="input input--mono"
                        id="desktop-size"
                        name="settings[resolution]"
                        placeholder=t("as large as the window")
                        value=size
                    />
                    <span class="field__hint">{t("Such as 1280x720; empty means as large as the viewer’s window.")}</span>
                </div>
                <div class="field">
                    <span class="field__label">{t("Sound")}</span>
                    <label class="option">
                        <input class="check" type="checkbox" name="settings[audio]" value="true" checked=settings.audio />
                        <span>{t("The desktop can be heard")}</span>
                    </label>
                </div>
            </div>
            <label class="option" hidden=move || !running.get()>
                <input class="check" type="checkbox" name="restart" value="true" />
                <span class="option__text">
                    {t("Restart it now")}
                    <span class="faint">{t("Otherwise the new values take effect at the next start.")}</span>
                </span>
            </label>
            {move || problem.get().map(|text| view! { <ErrorNote text /> })}
            <button class="button button--sm desktop-save" type="submit">{t("Save the desktop’s settings")}</button>
        </form>
    }
}

/// Why the form was refused; without scripts the address says so.
fn refusal() -> RwSignal<Option<String>> {
    let place = expect_context::<crate::instances::filter::Place>();
    RwSignal::new(untrack(|| place.refusal(SetDesktop::url())))
}

/// One of a few.
fn select<T: Copy + PartialEq>(
    name: &'static str,
    label: &'static str,
    options: &[(T, &'static str, &'static str)],
    chosen: T,
) -> AnyView {
    let id = format!("desktop-{name}");
    let options = options
        .iter()
        .map(|(value, word, text)| {
            view! { <option value=*word selected=*value == chosen>{t(text)}</option> }
        })
        .collect_view();
    view! {
        <div class="field">
            <label class="field__label" for=id.clone()>{label}</label>
            <SelectBox>
                <select class="input" id=id name=format!("settings[{name}]")>{options}</select>
            </SelectBox>
        </div>
    }
}

const HOUR: i64 = 3600;

/// How long a link may be good, and what that is called.
const TIMES: [(i64, &str); 4] = [
    (HOUR, marked("for an hour")),
    (24 * HOUR, marked("for a day")),
    (7 * 24 * HOUR, marked("for a week")),
    (30 * 24 * HOUR, marked("for 30 days")),
];

/// Links to look at the desktop: those there are, and a new one.
#[component]
fn Shares(
    /// Whose.
    row: Row,
    /// Newest first.
    shares: Vec<Share>,
) -> impl IntoView {
    let alive = crate::ui::hydrated();
    let toasts = expect_context::<Toasts>();
    let wanted = expect_context::<Wanted>();
    let shares = RwSignal::new(shares);
    let seconds = RwSignal::new(24 * HOUR);
    let made = RwSignal::new(None::<String>);
    let share = move |_| {
        spawn_local(async move {
            match share_desktop(row.id, seconds.get_untracked()).await {
                Ok(new) => {
                    let origin = window().location().origin().unwrap_or_default();
                    let link = format!("{origin}{}", at(&new.path));
                    if browser::copy(&link) {
                        toasts.say(t("The link is on the clipboard.").to_owned());
                    }
                    made.try_set(Some(link));
                    shares.try_update(|shares| shares.insert(0, new.share));
                }
                Err(error) => toasts.fail(&error),
            }
        });
    };
    let end = move |id: i64| {
        spawn_local(async move {
            let path = format!("/api/v1/instances/{}/desktop/shares/{id}", row.id);
            match request::api("DELETE", &path, "").await {
                Ok((204 | 404, _)) => drop(shares.try_update(|shares| shares.retain(|one| one.id != id))),
                Ok(answer) => toasts.fail(&request::refused(answer)),
                Err(error) => toasts.fail(&error),
            }
            wanted.age.try_update(|age| *age += 1);
        });
    };
    view! {
        <div class="stack is-scripted" hidden=move || !alive.get()>
            <span class="field__label">{t("Let somebody watch")}</span>
            <p class="faint">{t("Whoever has the link sees this desktop and can do nothing to it. It needs no login.")}</p>
            <div class="row">
                <SelectBox>
                    <select
                        class="input"
                        aria-label=t("How long the link is good")
                        on:change=move |event| seconds.set(event_target_value(&event).parse().unwrap_or(HOUR))
                    >
                        {TIMES
                            .map(|(time, text)| view! { <option value=time selected=time == 24 * HOUR>{t(text)}</option> })
                            .collect_view()}
                    </select>
                </SelectBox>
                <button class="button button--sm" type="button" on:click=share>{t("Make a link")}</button>
            </div>
            {move || {
                made.get().map(|link| {
                    view! { <input class="input input--mono" aria-label=t("The link") readonly value=link /> }
                })
            }}
            <ul class="desktop-shares">
                {move || shares.get().into_iter().map(|share| view! { <Shared share end /> }).collect_view()}
            </ul>
        </div>
    }
}

#[component]
fn Shared(
    /// One link.
    share: Share,
    /// Ends it.
    end: impl Fn(i64) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let Share { id, expires_at, .. } = share;
    view! {
        <li class="row">
            <span class="grow">{move || fill("A link that ends in {}", &[&duration(expires_at - clock.now())])}</span>
            <button class="button button--sm button--quiet" type="button" on:click=move |_| end(id)>{t("End it now")}</button>
        </li>
    }
}
