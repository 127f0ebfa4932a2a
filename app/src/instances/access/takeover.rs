//! The question before a public port is taken from another instance.

use crate::language::{fill, t};
use crate::paths::at;
use crate::view;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use types::instances::InstanceId;

use super::forwards::{ActivateInstance, Forwards, UsePort};
use crate::instances::edits::Edits;
use crate::instances::filter::Place;
use crate::instances::row::{Tile, part};
use crate::instances::{Row, Rows};
use crate::request;
use crate::ui::{Dialog, Icon};

/// The form of the other port; its button stands among those of the dialog, in their form.
const OTHER: &str = "port-other";

/// The dialog, while the address names an instance that wants the port of another.
#[component]
pub fn TakeoverDialog() -> impl IntoView {
    let rows = expect_context::<Rows>();
    let place = expect_context::<Place>();
    let wanted = crate::ui::memo(move || place.instance("takeover"));
    let pair = crate::ui::memo(move || {
        let row = rows.find(wanted.get()?)?;
        let port = row.instance.with(|instance| instance.public_port)?;
        Some((row, holder(rows, port, row.id)?, port))
    });
    move || {
        let (row, holder, port) = pair.get()?;
        Some(view! { <Question row holder port /> })
    }
}

/// Who has the port now.
fn holder(rows: Rows, port: u16, wanting: InstanceId) -> Option<Row> {
    let has_it = |row: &Row| {
        row.instance
            .with(|instance| instance.forward_up && instance.public_port == Some(port))
    };
    rows.get()
        .into_iter()
        .find(|row| row.id != wanting && has_it(row))
}

#[component]
fn Question(
    /// Who wants the port.
    row: Row,
    /// Who has it.
    holder: Row,
    /// Its number.
    port: u16,
) -> impl IntoView {
    let place = expect_context::<Place>();
    let forwards = Forwards::from_context();
    let busy = RwSignal::new(false);
    let edits = expect_context::<Edits>();
    edits.want_ports();
    let other = crate::ui::memo(move || edits.ports()?.into_iter().find(|free| *free != port));
    let go_elsewhere = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(form) = request::form(&event) {
            forwards.use_port(row.id, form, busy);
            place.close();
        }
    };
    let name = move |row: Row| part(row, |instance| instance.name.clone());
    let (wants, has) = (name(row), name(holder));
    let title = Signal::derive(move || fill("Port {} is in use by {}", &[&port.to_string(), &has.get()]));
    let close = move |()| place.close();
    let take = move |event: SubmitEvent| {
        event.prevent_default();
        forwards.activate(row.id, true, busy);
        place.close();
    };
    view! {
        <Dialog id="takeover-title" title close_href=Signal::derive(move || place.home()) on_close=close>
            <div class="dialog__body">
                <p>{move || fill("You can move the port to {} now. Neither app stops.", &[&wants.get()])}</p>
                <div class="swap">
                    <Side label=t("Has it now") row=holder />
                    <Icon name="arrow" />
                    <Side label=t("Gets it") row />
                </div>
                <ul class="consequences">
                    <li>
                        <Icon name="check" />
                        <span>{move || fill("The link with port {} opens {} at once.", &[&port.to_string(), &wants.get()])}</span>
                    </li>
                    <li>
                        <Icon name="close" />
                        <span>
                            {move || fill("Open connections to {} are cut after a few seconds. It keeps running.", &[&has.get()])}
                        </span>
                    </li>
                </ul>
            </div>
            <form id=OTHER method="post" action=at(UsePort::url()) on:submit=go_elsewhere hidden>
                <input type="hidden" name="id" value=row.id.0 />
                <input type="hidden" name="port" value=move || other.get() />
            </form>
            <form class="dialog__foot" method="post" action=at(ActivateInstance::url()) on:submit=take>
                <input type="hidden" name="id" value=row.id.0 />
                <input type="hidden" name="force" value="true" />
                <a
                    class="button button--quiet"
                    href=move || place.home()
                    autofocus
                    on:click=move |event| {
                        event.prevent_default();
                        place.close();
                    }
                >
                    {t("Cancel")}
                </a>
                {move || other.get().map(|other| view! {
                    <button class="button" type="submit" form=OTHER>
                        {fill("Use port {} instead", &[&other.to_string()])}
                    </button>
                })}
                <button class="button button--filled" type="submit">
                    {fill("Take over port {}", &[&port.to_string()])}
                </button>
            </form>
        </Dialog>
    }
}

#[component]
fn Side(
    /// What is true of it.
    label: &'static str,
    /// Which instance.
    row: Row,
) -> impl IntoView {
    view! {
        <div class="swap__side">
            <span class="swap__label">{label}</span>
            <div class="app-name">
                <Tile row />
                <span class="app-name__name truncate">{part(row, |instance| instance.name.clone())}</span>
                <span class="app-name__kind truncate">{part(row, |instance| instance.blueprint_name.clone())}</span>
            </div>
        </div>
    }
}
