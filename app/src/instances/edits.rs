//! The unsaved edits of all rows.

mod calls;
mod ports;
mod saving;

use leptos::prelude::*;
use types::instances::InstanceId;

pub(crate) use self::calls::UpdateInstance;
pub use self::calls::{RowChange, Saved};
use self::ports::Ports;
pub use self::saving::Pending;
use super::draft::{Draft, Field};
use super::{Row, Rows};
use crate::browser;
use crate::few::Few;
use crate::live::Live;
use crate::ui::Toasts;

/// Unsaved edits; cheap to copy.
#[derive(Clone, Copy)]
pub struct Edits {
    drafts: RwSignal<Few<InstanceId, Draft>>,
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
        self.drafts.with(|drafts| drafts.has(id))
    }

    /// Whether a row has unsaved changes; tracked.
    pub fn is_changed(self, id: InstanceId) -> bool {
        self.drafts
            .with(|drafts| drafts.get(id).is_some_and(Draft::is_changed))
    }

    /// Rows with unsaved changes; tracked.
    pub fn count(self) -> usize {
        let exists = |id: InstanceId| self.rows.find(id).is_some();
        self.drafts.with(|drafts| {
            let changed = drafts
                .iter()
                .filter(|(id, draft)| draft.is_changed() && exists(*id));
            changed.count()
        })
    }

    /// Whether a cell is shown as a field; tracked.
    pub fn is_open(self, id: InstanceId, field: Field) -> bool {
        self.drafts
            .with(|drafts| drafts.get(id).is_some_and(|draft| draft.is_open(field)))
    }

    /// The text of a field: the typed one, else the row's; tracks the edits and, without any, the row.
    pub fn value(self, row: Row, field: Field) -> String {
        self.drafts
            .with(|drafts| drafts.get(row.id).map(|draft| draft.value(field)))
            .unwrap_or_else(|| row.instance.with(|instance| field.read(instance)))
    }

    /// The saved value of a changed field; tracked.
    pub fn was(self, id: InstanceId, field: Field) -> Option<String> {
        self.drafts
            .with(|drafts| drafts.get(id).and_then(|draft| draft.was(field)))
    }

    /// What is wrong with a row's edits; tracked.
    pub fn problem(self, id: InstanceId) -> Option<String> {
        self.drafts
            .with(|drafts| drafts.get(id).and_then(|draft| draft.problem.clone()))
    }

    /// What waits for an answer; tracked.
    pub fn pending(self) -> Option<Pending> {
        self.pending.get()
    }

    /// Whether a request is under way; tracked.
    pub fn is_saving(self) -> bool {
        self.saving.get()
    }

    /// Turns cells into fields.
    pub fn open(self, row: Row, fields: &[Field]) {
        self.draft(row, |draft| {
            for field in fields {
                draft.open(*field);
            }
        });
    }

    /// Turns cells into fields, and goes to the one in the cell of this class.
    pub fn begin_at(self, row: Row, fields: &[Field], cell: &'static str) {
        self.open(row, fields);
        let id = row.id;
        request_animation_frame(move || browser::focus_in(&format!("tr[data-id='{id}'] .{cell} .input")));
    }

    /// Forgets the edits of a row, and goes to its name: the field that had the focus is gone.
    pub fn give_up(self, row: Row) {
        self.undo(row.id);
        let id = row.id;
        request_animation_frame(move || browser::focus(&format!("name-{id}")));
    }

    /// Takes over what was typed.
    pub fn set(self, row: Row, field: Field, text: String) {
        self.draft(row, |draft| draft.set(field, text));
    }

    fn draft(self, row: Row, work: impl FnOnce(&mut Draft)) {
        self.drafts.update(|drafts| {
            if !drafts.has(row.id) {
                drafts.insert(row.id, Draft::new(row.instance.get_untracked()));
            }
            if let Some(draft) = drafts.get_mut(row.id) {
                work(draft);
            }
        });
    }

    /// Forgets the edits of a row.
    pub fn undo(self, id: InstanceId) {
        self.drafts.update(|drafts| {
            drafts.remove(id);
        });
    }

    /// Forgets all edits.
    pub fn undo_all(self) {
        self.drafts.update(Few::clear);
    }
}
