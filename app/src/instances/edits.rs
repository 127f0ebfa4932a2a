//! The unsaved edits of all rows, and how they are saved.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::{Deserialize, Serialize};
use types::instances::{ChangePreview, Instance, InstanceChange, InstanceId};

use super::draft::{Draft, Field};
use super::{Row, Rows};
use crate::ApiError;
use crate::live::Live;
use crate::request::FormOrJson;
use crate::ui::Toasts;

/// One row's change on its way to the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowChange {
    /// Whose.
    pub id: InstanceId,
    /// What.
    pub change: InstanceChange,
}

/// What became of one row's change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Saved {
    /// Whose.
    pub id: InstanceId,
    /// The row as it is now, or why it was not saved.
    pub outcome: Result<Instance, ApiError>,
}

/// What saving would do; changes nothing.
#[server(prefix = "/fn", endpoint = "preview_changes", protocol = FormOrJson)]
pub(crate) async fn preview_changes(changes: Vec<RowChange>) -> Result<Vec<ChangePreview>, ApiError> {
    let changes = changes.into_iter().map(|row| (row.id, row.change)).collect();
    Ok(expect_context::<engine::Engine>()
        .instances
        .preview(changes)
        .await?)
}

/// Saves row by row; one that is refused does not keep the others back.
#[server(prefix = "/fn", endpoint = "save_changes", protocol = FormOrJson)]
pub(crate) async fn save_changes(changes: Vec<RowChange>, restart: bool) -> Result<Vec<Saved>, ApiError> {
    let origin = expect_context::<crate::links::RequestOrigin>();
    let instances = expect_context::<engine::Engine>().instances;
    let mut saved = Vec::new();
    for RowChange { id, change } in changes {
        let outcome = instances.update(id, change, restart).await;
        saved.push(Saved {
            id,
            outcome: outcome
                .map(|instance| origin.link(instance))
                .map_err(ApiError::from),
        });
    }
    Ok(saved)
}

/// Saves the whole form of the drawer; for pages without scripts.
#[server(prefix = "/fn", endpoint = "update_instance", protocol = FormOrJson)]
pub(crate) async fn update_instance(
    id: InstanceId,
    row_version: i64,
    #[server(default)] restart: bool,
    form: BTreeMap<String, String>,
) -> Result<Instance, ApiError> {
    let mut change = InstanceChange {
        row_version: Some(row_version),
        // A box that is not ticked is not sent.
        autostart: Some(false),
        ..Default::default()
    };
    for field in Field::EVERY {
        if let Some(text) = form.get(field.column()) {
            field.write(&mut change, text);
        }
    }
    let origin = expect_context::<crate::links::RequestOrigin>();
    let instances = expect_context::<engine::Engine>().instances;
    Ok(origin.link(instances.update(id, change, restart).await?))
}

/// One row as it is now.
#[server(prefix = "/fn", endpoint = "load_instance", protocol = FormOrJson)]
pub(crate) async fn load_instance(id: InstanceId) -> Result<Instance, ApiError> {
    let origin = expect_context::<crate::links::RequestOrigin>();
    Ok(origin.link(expect_context::<engine::Engine>().instances.get(id).await?))
}

/// Ports of the range that nobody holds, lowest first.
#[server(prefix = "/fn", endpoint = "free_ports", protocol = FormOrJson)]
pub(crate) async fn free_ports() -> Result<Vec<u16>, ApiError> {
    Ok(expect_context::<engine::Engine>()
        .instances
        .available_ports()
        .await?)
}

/// What a preview dialog shows, and would save.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// What would happen, row by row.
    pub previews: Vec<ChangePreview>,
    changes: Vec<RowChange>,
}

/// Ports nobody holds.
#[derive(Clone)]
struct Ports {
    free: Vec<u16>,
    /// They came with the page, and nothing has offered them yet.
    unseen: bool,
}

/// Unsaved edits; cheap to copy.
#[derive(Clone, Copy)]
pub struct Edits {
    drafts: RwSignal<BTreeMap<InstanceId, Draft>>,
    /// Waits for a person's answer.
    pending: RwSignal<Option<Pending>>,
    saving: RwSignal<bool>,
    /// Ports a field may offer, as soon as they are known.
    ports: RwSignal<Option<Ports>>,
    rows: Rows,
    live: Live,
    toasts: Toasts,
}

impl Edits {
    /// Without any edit yet.
    pub fn from_context() -> Self {
        Self {
            drafts: RwSignal::default(),
            pending: RwSignal::new(None),
            saving: RwSignal::new(false),
            ports: RwSignal::new(None),
            rows: expect_context(),
            live: Live::get(),
            toasts: expect_context(),
        }
    }

    /// Whether a row is being edited; tracked.
    pub fn is_editing(self, id: InstanceId) -> bool {
        self.drafts.with(|drafts| drafts.contains_key(&id))
    }

    /// Whether a row has unsaved changes; tracked.
    pub fn is_changed(self, id: InstanceId) -> bool {
        self.drafts
            .with(|drafts| drafts.get(&id).is_some_and(Draft::is_changed))
    }

    /// Rows with unsaved changes; tracked.
    pub fn count(self) -> usize {
        let exists = |id: InstanceId| self.rows.find(id).is_some();
        self.drafts.with(|drafts| {
            let changed = drafts
                .iter()
                .filter(|(id, draft)| draft.is_changed() && exists(**id));
            changed.count()
        })
    }

    /// Whether a cell is shown as a field; tracked.
    pub fn is_open(self, id: InstanceId, field: Field) -> bool {
        self.drafts
            .with(|drafts| drafts.get(&id).is_some_and(|draft| draft.is_open(field)))
    }

    /// The text of a field: the typed one, else the row's; tracks the edits and, without any, the row.
    pub fn value(self, row: Row, field: Field) -> String {
        self.drafts
            .with(|drafts| drafts.get(&row.id).map(|draft| draft.value(field)))
            .unwrap_or_else(|| row.instance.with(|instance| field.read(instance)))
    }

    /// The saved value of a changed field; tracked.
    pub fn was(self, id: InstanceId, field: Field) -> Option<String> {
        self.drafts
            .with(|drafts| drafts.get(&id).and_then(|draft| draft.was(field)))
    }

    /// What is wrong with a row's edits; tracked.
    pub fn problem(self, id: InstanceId) -> Option<String> {
        self.drafts
            .with(|drafts| drafts.get(&id).and_then(|draft| draft.problem.clone()))
    }

    /// What waits for an answer; tracked.
    pub fn pending(self) -> Option<Pending> {
        self.pending.get()
    }

    /// Whether a request is under way; tracked.
    pub fn is_saving(self) -> bool {
        self.saving.get()
    }

    /// Free ports, once they are known; tracked.
    pub fn ports(self) -> Option<Vec<u16>> {
        self.ports.with(|ports| Some(ports.as_ref()?.free.clone()))
    }

    /// Takes over which ports are free.
    pub fn offer(self, ports: Vec<u16>) {
        self.ports.set(Some(Ports {
            free: ports,
            unseen: true,
        }));
    }

    /// Asks which ports are free, whenever a choice of them appears.
    pub fn want_ports(self) {
        crate::ui::effect(move || {
            let unseen = self.ports.try_maybe_update(|ports| {
                let unseen = ports.as_mut().map(|ports| &mut ports.unseen);
                (false, unseen.map(std::mem::take))
            });
            if unseen.flatten() != Some(true) {
                self.refresh_ports();
            }
        });
    }

    fn refresh_ports(self) {
        spawn_local(async move {
            if let Ok(free) = free_ports().await {
                self.ports.try_set(Some(Ports { free, unseen: false }));
            }
        });
    }

    /// Turns cells into fields.
    pub fn open(self, row: Row, fields: &[Field]) {
        self.draft(row, |draft| {
            for field in fields {
                draft.open(*field);
            }
        });
    }

    /// Takes over what was typed.
    pub fn set(self, row: Row, field: Field, text: String) {
        self.draft(row, |draft| draft.set(field, text));
    }

    fn draft(self, row: Row, work: impl FnOnce(&mut Draft)) {
        self.drafts.update(|drafts| {
            let began = || Draft::new(row.instance.get_untracked());
            work(drafts.entry(row.id).or_insert_with(began));
        });
    }

    /// Forgets the edits of a row.
    pub fn undo(self, id: InstanceId) {
        self.drafts.update(|drafts| {
            drafts.remove(&id);
        });
    }

    /// Forgets all edits.
    pub fn undo_all(self) {
        self.drafts.update(BTreeMap::clear);
    }

    /// Saves one row; asks only when something restarts or is wrong.
    pub fn save(self, id: InstanceId) {
        self.begin(move |row| row.id == id, false);
    }

    /// Shows what saving all rows would do.
    pub fn save_all(self) {
        self.begin(|_| true, true);
    }

    fn begin(self, wanted: impl Fn(&RowChange) -> bool, ask: bool) {
        let changes: Vec<RowChange> = self.drafts.with_untracked(|drafts| {
            drafts
                .iter()
                .filter(|(_, draft)| draft.is_changed())
                .map(|(id, draft)| RowChange {
                    id: *id,
                    change: draft.change(),
                })
                .filter(wanted)
                .collect()
        });
        if changes.is_empty() || self.saving.get_untracked() {
            return;
        }
        self.saving.set(true);
        spawn_local(async move {
            let previews = preview_changes(changes.clone()).await;
            self.saving.try_set(false);
            match previews {
                Ok(previews) => self.previewed(previews, changes, ask),
                Err(error) => self.refused(&changes, &error),
            }
        });
    }

    fn previewed(self, previews: Vec<ChangePreview>, changes: Vec<RowChange>, ask: bool) {
        let alone = changes.len() == 1;
        let pending = Pending { previews, changes };
        let problem = pending.previews.iter().find_map(|row| row.problem.clone());
        match problem {
            Some(problem) if alone => self.explain(pending.changes[0].clone(), problem),
            _ if ask || pending.previews.iter().any(|row| row.restarts) => self.pending.set(Some(pending)),
            _ => self.send(pending.changes, false),
        }
    }

    /// Does not save what waits.
    pub fn dismiss(self) {
        self.pending.set(None);
    }

    /// Saves what waits, without the rows that cannot be saved.
    pub fn confirm(self, restart: bool) {
        let Some(pending) = self.pending.get_untracked() else {
            return;
        };
        self.pending.set(None);
        let problem_of = |id: InstanceId| {
            let preview = pending.previews.iter().find(|row| row.id == id);
            preview.and_then(|row| row.problem.clone())
        };
        let mut good = Vec::new();
        for row in pending.changes {
            match problem_of(row.id) {
                Some(problem) => self.explain(row, problem),
                None => good.push(row),
            }
        }
        if !good.is_empty() {
            self.send(good, restart);
        }
    }

    fn send(self, changes: Vec<RowChange>, restart: bool) {
        self.saving.set(true);
        spawn_local(async move {
            let answer = save_changes(changes.clone(), restart).await;
            self.saving.try_set(false);
            match answer {
                Ok(saved) => {
                    for row in saved {
                        self.take(row);
                    }
                }
                Err(error) => self.refused(&changes, &error),
            }
        });
    }

    fn take(self, saved: Saved) {
        match saved.outcome {
            Ok(instance) => {
                self.toasts.say(format!("Saved {}.", instance.name));
                self.undo(saved.id);
                self.live.answer(instance);
            }
            Err(error) if error.code == "stale_row" => self.stale(saved.id),
            Err(error) => self.stopped(saved.id, error.to_string()),
        }
    }

    fn refused(self, changes: &[RowChange], error: &ApiError) {
        match changes {
            [only] if error.code == "stale_row" => self.stale(only.id),
            [only] => self.stopped(only.id, error.to_string()),
            _ => self.toasts.fail(error),
        }
    }

    /// The row says so itself.
    fn stopped(self, id: InstanceId, problem: String) {
        self.drafts.try_update(|drafts| {
            if let Some(draft) = drafts.get_mut(&id) {
                draft.problem = Some(problem);
            }
        });
    }

    /// A preview names its problem in words only; a row that has moved on explains it better.
    fn explain(self, refused: RowChange, problem: String) {
        spawn_local(async move {
            let present = load_instance(refused.id).await.ok();
            match present.filter(|present| Some(present.row_version) != refused.change.row_version) {
                Some(present) => self.meet(present),
                None => self.stopped(refused.id, problem),
            }
        });
    }

    /// Asks for the present row: the socket may not have brought it yet.
    fn stale(self, id: InstanceId) {
        spawn_local(async move {
            match load_instance(id).await {
                Ok(present) => self.meet(present),
                Err(error) => self.stopped(id, error.to_string()),
            }
        });
    }

    fn meet(self, present: Instance) {
        self.live.answer(present.clone());
        self.drafts.try_update(|drafts| {
            if let Some(draft) = drafts.get_mut(&present.id) {
                draft.meet(present);
            }
        });
    }
}
