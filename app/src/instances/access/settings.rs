//! How the link is built and who may use the port: changed at once, whatever runs.

use crate::fetch::{self, Fetched};
use crate::language::{fill, marked, t};
use crate::paths::at;
use crate::request::FormOrJson;
use crate::view;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use types::instances::{AccessPattern, Instance, InstanceId, PublicAccess};

use super::check::AccessCheck;
use super::hostname::{HostnameField, name_in_use};
use super::{Link, link_of};
use crate::ApiError;
use crate::instances::Row;
use crate::instances::drawer::Details;
#[cfg(feature = "ssr")]
use crate::instances::posted;
use crate::instances::row::part;
use crate::live::Live;
use crate::ui::Toasts;

/// The ways a link is built, as people call them; and as forms do.
pub(crate) const PATTERNS: [(AccessPattern, &str, &str); 3] = [
    (AccessPattern::Port, marked("Hostname:Port"), "port"),
    (AccessPattern::Subdomain, marked("Subdomain"), "subdomain"),
    (AccessPattern::Path, marked("Path"), "path"),
];

pub(crate) const AUDIENCES: [(PublicAccess, &str, &str); 2] = [
    (PublicAccess::Login, marked("Who is logged in"), "login"),
    (PublicAccess::Open, marked("Everybody"), "open"),
];

/// Changes how the link of an instance is built, and who may use its public port. `naming`: its host name, too; an
/// empty one = none. (Forms cannot tell an empty text from none.)
#[server(prefix = "/fn", endpoint = "set_access", protocol = FormOrJson)]
pub(crate) async fn set_access(
    id: InstanceId,
    #[server(default)] access_pattern: Option<AccessPattern>,
    #[server(default)] public_access: Option<PublicAccess>,
    #[server(default)] naming: bool,
    #[server(default)] hostname: String,
) -> Result<Instance, ApiError> {
    let origin = expect_context::<crate::links::RequestOrigin>();
    let mut change = types::instances::InstanceChange {
        access_pattern,
        public_access,
        ..Default::default()
    };
    if naming {
        name_it(&mut change, &hostname);
    }
    let instances = expect_context::<engine::Engine>().instances;
    let (saved, id) = (instances.update(id, change, false).await, id.to_string());
    let saved = saved.map_err(ApiError::from).inspect_err(|error| {
        posted::send_back(SetAccess::url(), error, &[("open", &id), ("hostname", &hostname)]);
    })?;
    posted::lead_back(&[("open", &id)]);
    Ok(origin.link(saved))
}

/// Gives the link a host name of its own; an empty one takes it away, but the name that was used is kept for the next
/// time.
#[cfg(feature = "ssr")]
pub(crate) fn name_it(change: &mut types::instances::InstanceChange, hostname: &str) {
    let is_named = !hostname.trim().is_empty();
    change.hostname = is_named.then(|| hostname.to_owned());
    change.use_custom_hostname = Some(is_named);
}

/// Changes one instance's access and shows the answer.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    id: InstanceId,
    live: Live,
    toasts: Toasts,
}

impl Settings {
    pub(super) fn of(row: Row) -> Self {
        Self {
            id: row.id,
            live: Live::get(),
            toasts: expect_context(),
        }
    }

    pub(super) fn set(self, pattern: Option<AccessPattern>, access: Option<PublicAccess>) {
        spawn_local(async move {
            match set_access(self.id, pattern, access, false, String::new()).await {
                Ok(instance) => self.live.answer(instance),
                Err(error) => self.toasts.fail(&error),
            }
        });
    }
}

/// The drawer's section: link, QR code, kind of link, who may use the port.
#[component]
pub fn AccessSection(
    /// Whose.
    row: Row,
    /// Holds the last report on the ways of access.
    details: Fetched,
) -> impl IntoView {
    let settings = Settings::of(row);
    let alive = crate::ui::hydrated();
    let pattern = part(row, |instance| instance.access_pattern);
    let access = part(row, |instance| instance.public_access);
    let named = part(row, |instance| !name_in_use(instance).is_empty());
    view! {
        <section class="section" id="sec-access">
            <h3 class="section__title">{t("Access")}</h3>
            <form
                class="access-settings"
                method="post"
                action=at(SetAccess::url())
                // With scripts every field is taken over by itself.
                on:submit=|event| event.prevent_default()
            >
                <input type="hidden" name="id" value=row.id.0 />
                <input type="hidden" name="naming" value="true" />
                <div class="stack">
                    <Link row />
                    <Choice
                        title=t("Link")
                        name="access_pattern"
                        options=PATTERNS.map(|(value, word, text)| (word, text, Signal::derive(move || pattern.get() == value))).to_vec()
                        choose=Callback::new(move |index: usize| settings.set(PATTERNS.get(index).map(|pattern| pattern.0), None))
                    />
                    <p class="faint" hidden=move || !named.get()>
                        {t("The host name below overrides this.")}
                    </p>
                    <HostnameField row />
                    <Choice
                        title=t("Who may use the port")
                        name="public_access"
                        options=AUDIENCES.map(|(value, word, text)| (word, text, Signal::derive(move || access.get() == value))).to_vec()
                        choose=Callback::new(move |index: usize| settings.set(None, AUDIENCES.get(index).map(|access| access.0)))
                    />
                    <p class="faint" hidden=move || access.get() != PublicAccess::Open>
                        {t("Whoever reaches this machine reaches the app: the port does not ask for a login.")}
                    </p>
                    <button class="button button--sm" type="submit" hidden=move || alive.get()>
                        {t("Change the access")}
                    </button>
                </div>
                <Code row />
            </form>
            {fetch::show(details, ViewFn::default(), move |answer| {
                let known = answer.read_any::<Details>().and_then(Result::ok).and_then(|details| details.access);
                view! { <AccessCheck row known /> }
            })}
        </section>
    }
}

/// The link as a picture for the camera of a phone; drawn anew when the link changes.
#[component]
fn Code(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let source = part(row, |instance| {
        at(&format!(
            "/api/instances/{}/qr?version={}",
            instance.id, instance.row_version
        ))
    });
    let link = link_of(row);
    let text = move || fill("QR code of {}", &[&link.get()]);
    view! {
        <figure class="qr">
            <img src=source alt=text width="132" height="132" />
            <figcaption class="faint">{t("Open on a phone")}</figcaption>
        </figure>
    }
}

/// One of a few, as radio buttons that look like one control.
#[component]
fn Choice(
    /// What is chosen.
    title: &'static str,
    /// Of the field.
    name: &'static str,
    /// On the button, in the form, and whether it is chosen.
    options: Vec<(&'static str, &'static str, Signal<bool>)>,
    /// Takes the number of the option.
    choose: Callback<usize>,
) -> impl IntoView {
    let options = options
        .into_iter()
        .enumerate()
        .map(|(index, (word, value, chosen))| {
            view! {
                <label class="segmented__item">
                    <input
                        type="radio"
                        name=name
                        value=value
                        checked=chosen.get_untracked()
                        prop:checked=chosen
                        on:change=move |_| choose.run(index)
                    />
                    {t(word)}
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="field field--plain">
            <legend class="field__label">{title}</legend>
            <span class="segmented">{options}</span>
        </fieldset>
    }
}
