//! The app itself inside of the dashboard.

use crate::language::{fill, t};
use crate::paths::at;
use crate::view;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use types::autopsy::AccessWay;
use types::instances::{Instance, InstanceId, Status};

use crate::instances::Row;
use crate::instances::access::check::{AccessReport, known_access};
use crate::instances::access::link_of;
use crate::instances::row::part;
use crate::ui::Icon;

/// The box the app is shown in, as a context; full screen takes just this.
#[derive(Clone, Copy, Default)]
pub struct Frame(pub NodeRef<html::Div>);

/// The app of an instance. It is loaded when it is looked at first, and keeps its state while it is hidden.
#[component]
pub fn Embedded(
    /// Whose.
    row: Row,
    /// Whether it is looked at.
    shown: Memo<bool>,
) -> impl IntoView {
    let Frame(frame) = expect_context();
    let wanted = RwSignal::new(shown.get_untracked());
    let runs = part(row, |instance| instance.status == Status::Started);
    let report = RwSignal::new(None::<AccessReport>);
    crate::ui::effect(move || {
        if shown.get() {
            wanted.set(true);
        }
    });
    let way = part(row, way_of);
    let run = part(row, |instance| instance.run);
    // Browsers show nothing at all for an app that forbids it, so the panel looks and says so.
    crate::ui::effect(move || {
        if wanted.get() && runs.get() {
            let asked = (run.get(), way.get());
            spawn_local(async move {
                let about_now = move || (run.try_get_untracked(), way.try_get_untracked());
                look(row.id, asked, |found| {
                    if about_now() == (Some(asked.0), Some(asked.1)) {
                        report.try_set(Some(found));
                    }
                })
                .await;
            });
        }
    });
    let picture = crate::ui::memo(move || match (wanted.get(), runs.get()) {
        (false, _) => Picture::None,
        (true, false) => Picture::Stopped,
        (true, true) => row
            .instance
            .with(|instance| report.with(|report| Picture::of(instance, report.as_ref()))),
    });
    let url = link_of(row);
    let name = part(row, |instance| instance.name.clone());
    view! {
        <div class="embedded" node_ref=frame hidden=move || !shown.get()>
            {move || match picture.get() {
                Picture::None => ().into_any(),
                Picture::Stopped => view! {
                    <p class="log-empty">{move || fill("{} does not run. Once it does, it shows here.", &[&name.get()])}</p>
                },
                Picture::Refused(reason) => view! {
                    <div class="empty">
                        <p role="status">{reason}</p>
                        <a class="button" href=url target="_blank" rel="noopener">
                            {t("Open it in a tab of its own")}
                        </a>
                    </div>
                },
                Picture::At(address) => view! {
                    <iframe
                        class="embedded__app"
                        src=address
                        title=move || fill("{} itself", &[&name.get()])
                        allow="clipboard-read; clipboard-write; fullscreen"
                    ></iframe>
                },
            }}
        </div>
    }
}

/// Shows what is known, and looks anew unless that tells about this run and this way.
async fn look(id: InstanceId, (run, way): (u32, AccessWay), show: impl Fn(AccessReport)) {
    if let Ok(Some(known)) = known_access(id).await {
        let suffices = known.knows_framing(run, way);
        show(known);
        if suffices {
            return;
        }
    }
    if let Ok(made) = AccessReport::make(id).await {
        show(made);
    }
}

/// What stands in the frame.
#[derive(Clone, PartialEq)]
enum Picture {
    None,
    Stopped,
    /// The app forbids it; why.
    Refused(String),
    /// The app at an address.
    At(String),
}

impl Picture {
    /// Nothing speaks against showing the app until the report says so.
    fn of(instance: &Instance, report: Option<&AccessReport>) -> Self {
        let below = || Self::At(at(&instance.proxy_path()));
        let refusal = report.and_then(|report| report.forbids_framing(way_of(instance)));
        let can_be_below = report.is_none_or(AccessReport::can_be_framed_below);
        match refusal {
            Some(_) if can_be_below => below(),
            Some(reason) => Self::Refused(reason),
            None if !has_own_name(instance) => Self::At(instance.open_url.clone()),
            None if can_be_below => below(),
            None => Self::Refused(
                t("It works under its own host name only, and browsers keep the login of another site from frames.")
                    .to_owned(),
            ),
        }
    }
}

/// The way its link leads.
fn way_of(instance: &Instance) -> AccessWay {
    let host = instance.open_url.split('/').nth(2).unwrap_or_default();
    let on = |port: u16| host.ends_with(&format!(":{port}"));
    if has_own_name(instance) {
        AccessWay::Subdomain
    } else if instance.forward_up && instance.public_port.is_some_and(on) {
        AccessWay::Port
    } else if host.starts_with(&format!("{}.", instance.slug)) {
        AccessWay::Subdomain
    } else {
        AccessWay::Path
    }
}

/// Whether its link leads to another site than the panel's: logins do not reach frames there.
fn has_own_name(instance: &Instance) -> bool {
    instance.use_custom_hostname && !instance.hostname.is_empty()
}

/// Full screen, and the app in a tab of its own.
#[component]
pub fn EmbeddedButtons(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let Frame(frame) = expect_context();
    let url = link_of(row);
    let enlarge = move |_| {
        if let Some(frame) = frame.get_untracked() {
            let _ = frame.request_fullscreen();
        }
    };
    view! {
        <button
            class="button button--icon button--sm is-scripted"
            type="button"
            aria-label=t("Full screen")
            title=t("Full screen")
            on:click=enlarge
        >
            <Icon name="view" class="icon--sm" />
        </button>
        <a
            class="button button--icon button--sm"
            href=url
            target="_blank"
            rel="noopener"
            aria-label=t("Open in a tab of its own")
            title=t("Open in a tab of its own")
        >
            <Icon name="open" class="icon--sm" />
        </a>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instances::draft::tests::instance;

    #[test]
    fn a_link_says_which_way_it_leads() {
        let way = |link: &str, up: bool, own: bool| {
            let mut instance = instance();
            (instance.forward_up, instance.use_custom_hostname) = (up, own);
            instance.hostname = "other.lan".to_owned();
            instance.open_url = link.to_owned();
            way_of(&instance)
        };
        assert_eq!(way("http://gpu:9000/x/instance/a/", true, false), AccessWay::Path);
        assert_eq!(way("http://gpu:19001", true, false), AccessWay::Port);
        assert_eq!(way("http://gpu:19001/instance/a/", true, false), AccessWay::Port);
        assert_eq!(way("http://[::1]:19001", true, false), AccessWay::Port);
        assert_eq!(way("http://a.gpu.lan:9000", false, false), AccessWay::Subdomain);
        assert_eq!(way("http://other.lan", true, true), AccessWay::Subdomain);
    }
}
