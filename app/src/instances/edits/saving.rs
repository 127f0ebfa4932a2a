//! How edits are saved: looked at first, with a question where something restarts, then sent.

use crate::language::fill;
use leptos::prelude::*;
use leptos::task::spawn_local;
use types::instances::{ChangePreview, Instance, InstanceId};

use super::Edits;
use super::calls::{RowChange, Saved, load_instance, preview_changes, save_changes};
use crate::ApiError;

/// What a preview dialog shows, and would save.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// What would happen, row by row.
    pub previews: Vec<ChangePreview>,
    changes: Vec<RowChange>,
}

impl Edits {
    /// Saves one row; asks only when something restarts or is wrong.
    pub fn save(self, id: InstanceId) {
        self.begin(move |row| row.id == id, false);
    }

    /// Shows what saving all rows would do.
    pub fn save_all(self) {
        self.begin(|_| true, true);
    }

    fn begin(self, wanted: impl Fn(&RowChange) -> bool, ask: bool) {
        self.catch_up();
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

    /// What happened to the rows meanwhile is no conflict where it touches nothing that is edited.
    fn catch_up(self) {
        self.drafts.update(|drafts| {
            for (id, draft) in drafts.iter_mut() {
                if let Some(row) = untrack(|| self.rows.find(*id)) {
                    row.instance.with_untracked(|present| draft.catch_up(present));
                }
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
                    for (row, sent) in saved.into_iter().zip(changes) {
                        self.take(row, &sent);
                    }
                }
                Err(error) => self.refused(&changes, &error),
            }
        });
    }

    fn take(self, saved: Saved, sent: &RowChange) {
        match saved.outcome {
            Ok(instance) => {
                self.toasts.say(fill("Saved {}.", &[&instance.name]));
                self.keep_since(sent, &instance);
                self.live.answer(instance);
            }
            Err(error) if error.code == "stale_row" => self.stale(saved.id),
            Err(error) => self.stopped(saved.id, error.to_string()),
        }
    }

    /// Forgets the edits of a row but for what was typed since they were sent.
    fn keep_since(self, sent: &RowChange, present: &Instance) {
        self.drafts.try_update(|drafts| {
            let Some(draft) = drafts.get_mut(sent.id) else {
                return;
            };
            draft.saved(&sent.change, present.clone());
            if !draft.is_changed() {
                drafts.remove(sent.id);
            }
        });
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
            if let Some(draft) = drafts.get_mut(id) {
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
            if let Some(draft) = drafts.get_mut(present.id) {
                draft.meet(present);
            }
        });
    }
}
