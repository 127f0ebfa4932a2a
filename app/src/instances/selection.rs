//! Rows that are ticked, and what can be done with all of them.

use crate::language::{fill, t};
use crate::request::FormOrJson;
use crate::view;
use leptos::prelude::*;
use leptos::task::spawn_local;
use types::instances::{InstanceId, Status};

use super::commands::{Commands, Verb};
use super::filter::Filter;
use super::{Row, Rows};
use crate::ApiError;
use crate::address::Address;
use crate::ui::{Dialog, Icon, Toasts};

/// Moves several instances to the trash, each as a job of its own; says what was refused.
#[server(prefix = "/fn", endpoint = "trash_instances", protocol = FormOrJson)]
pub(crate) async fn trash_instances(ids: Vec<InstanceId>) -> Result<Vec<ApiError>, ApiError> {
    let instances = expect_context::<engine::Engine>().instances;
    let refused = instances.trash_several(ids).await;
    Ok(refused.into_iter().map(ApiError::from).collect())
}

/// The ticked rows; cheap to copy.
#[derive(Clone, Copy)]
pub struct Selection {
    ids: RwSignal<Vec<InstanceId>>,
    rows: Rows,
    address: Address,
}

impl Selection {
    /// Nothing ticked.
    pub fn from_context() -> Self {
        Self {
            ids: RwSignal::default(),
            rows: expect_context(),
            address: Address::get(),
        }
    }

    /// Whether a row is ticked; tracked.
    pub fn has(self, id: InstanceId) -> bool {
        self.ids.with(|ids| ids.contains(&id))
    }

    /// Ticks a row or takes the tick away.
    pub fn set(self, id: InstanceId, ticked: bool) {
        self.ids.update(|ids| {
            ids.retain(|known| *known != id);
            if ticked {
                ids.push(id);
            }
        });
    }

    /// Whether any row is ticked; tracked.
    pub fn is_empty(self) -> bool {
        self.ids.with(Vec::is_empty)
    }

    /// The ticked rows on the screen, in table order: nothing is done to what the filter hides. Tracked.
    pub fn rows(self) -> Vec<Row> {
        let mut rows = self.rows.get();
        let filter = Filter::of(self.address);
        let is_shown = |row: &Row| row.instance.with(|instance| filter.shows(instance));
        self.ids
            .with(|ids| rows.retain(|row| ids.contains(&row.id) && is_shown(row)));
        rows
    }

    /// Takes every tick away.
    pub fn clear(self) {
        self.ids.update(Vec::clear);
    }

    fn statuses(self) -> Vec<(InstanceId, Status)> {
        let status = |row: Row| (row.id, row.instance.with(|instance| instance.status));
        self.rows().into_iter().map(status).collect()
    }
}

/// Ticks all rows that are shown.
#[component]
pub fn SelectAll(
    /// Those.
    shown: Memo<Vec<Row>>,
) -> impl IntoView {
    let selection = expect_context::<Selection>();
    let ticked = crate::ui::memo(move || shown.get().iter().filter(|row| selection.has(row.id)).count());
    let some = move || ticked.get() > 0;
    let all = move || shown.with(Vec::len) > 0 && ticked.get() == shown.with(Vec::len);
    view! {
        <input
            class="check"
            type="checkbox"
            aria-label=t("Select all")
            prop:checked=all
            prop:indeterminate=move || some() && !all()
            on:change=move |event| {
                let tick = event_target_checked(&event);
                for row in shown.get_untracked() {
                    selection.set(row.id, tick);
                }
            }
        />
    }
}

/// Ticks one row.
#[component]
pub fn SelectRow(
    /// Which.
    row: Row,
) -> impl IntoView {
    let selection = expect_context::<Selection>();
    view! {
        <input
            class="check"
            type="checkbox"
            aria-label=move || row.instance.with(|instance| fill("Select {}", &[&instance.name]))
            prop:checked=move || selection.has(row.id)
            on:change=move |event| selection.set(row.id, event_target_checked(&event))
        />
    }
}

/// The foot of the pane while rows are ticked. Each verb says how many rows it touches.
#[component]
pub fn BulkBar() -> impl IntoView {
    let selection = expect_context::<Selection>();
    let asking = RwSignal::new(false);
    let count = crate::ui::memo(move || selection.rows().len());
    let deletable = crate::ui::memo(move || {
        let statuses = selection.statuses();
        statuses
            .into_iter()
            .filter(|(_, status)| status.can_start())
            .map(|(id, _)| id)
            .collect::<Vec<_>>()
    });
    move || {
        (count.get() > 0).then(|| {
            view! {
                <div class="pane__foot" role="toolbar" aria-label=t("Selected instances")>
                    <strong>{count} {t(" selected")}</strong>
                    <span class="buttons">
                        <BulkButton verb=Verb::Start />
                        <BulkButton verb=Verb::Stop />
                        <BulkButton verb=Verb::Restart />
                        <button
                            class="button button--sm button--danger"
                            type="button"
                            disabled=move || deletable.with(Vec::is_empty)
                            on:click=move |_| asking.set(true)
                        >
                            <Icon name="trash" class="icon--sm" />
                            {t("Delete…")}
                        </button>
                    </span>
                    <button
                        class="button button--sm button--quiet pane__last"
                        type="button"
                        on:click=move |_| selection.clear()
                    >
                        {t("Clear selection")}
                    </button>
                </div>
                {move || asking.get().then(|| view! { <TrashSeveral asking deletable /> })}
            }
        })
    }
}

#[component]
fn BulkButton(
    /// What it does.
    verb: Verb,
) -> impl IntoView {
    let selection = expect_context::<Selection>();
    let commands = expect_context::<Commands>();
    let touched = crate::ui::memo(move || {
        let statuses = selection.statuses();
        statuses
            .into_iter()
            .filter(|(_, status)| verb.applies(*status))
            .map(|(id, _)| id)
            .collect::<Vec<_>>()
    });
    let word = move || match touched.with(Vec::len) {
        0 => verb.word().to_owned(),
        count => format!("{} {count}", verb.word()),
    };
    view! {
        <button
            class="button button--sm"
            type="button"
            disabled=move || touched.with(Vec::is_empty)
            on:click=move |_| {
                for id in touched.get_untracked() {
                    commands.run(verb, id);
                }
            }
        >
            <Icon name=verb.icon() class="icon--sm" />
            {word}
        </button>
    }
}

#[component]
fn TrashSeveral(
    /// Whether the question is open.
    asking: RwSignal<bool>,
    /// The rows that do not run.
    deletable: Memo<Vec<InstanceId>>,
) -> impl IntoView {
    let selection = expect_context::<Selection>();
    let toasts = expect_context::<Toasts>();
    let title = Signal::derive(move || match deletable.with(Vec::len) {
        1 => t("Move one instance to the trash").to_owned(),
        count => fill("Move {} instances to the trash", &[&count.to_string()]),
    });
    let names = move || {
        let rows = selection
            .rows()
            .into_iter()
            .filter(|row| deletable.read().contains(&row.id));
        rows.map(|row| row.instance.with(|instance| instance.name.clone()))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let delete = move |_| {
        let ids = deletable.get_untracked();
        asking.set(false);
        selection.clear();
        spawn_local(async move {
            match trash_instances(ids).await {
                Ok(refused) => refused.iter().for_each(|error| toasts.fail(error)),
                Err(error) => toasts.fail(&error),
            }
        });
    };
    view! {
        <Dialog id="trash-title" title on_close=move |()| asking.set(false)>
            <div class="dialog__body">
                <p>{names}</p>
                <ul class="consequences">
                    <li>
                        <Icon name="trash" />
                        <span>{t("Their folders move to trash/ of the data directory. Running ones are left alone.")}</span>
                    </li>
                    <li>
                        <Icon name="check" />
                        <span>{t("Outputs, models and datasets stay where they are.")}</span>
                    </li>
                </ul>
            </div>
            <div class="dialog__foot">
                <button class="button button--quiet" type="button" on:click=move |_| asking.set(false)>
                    {t("Cancel")}
                </button>
                <button class="button button--danger" type="button" on:click=delete>
                    {t("Move to the trash")}
                </button>
            </div>
        </Dialog>
    }
}
