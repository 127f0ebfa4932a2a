//! One file on the screen: its text, and everything that can be done with it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::web_sys::HtmlElement;
use send_wrapper::SendWrapper;
use types::instances::InstanceId;
use types::scripts::{Against, Diff, Saving, Script, ScriptCheck, ScriptFile};

use super::calls::{check_script, put_script_aside, reset_script, restore_script, save_script, script_diff};
use super::text::{Hooks, Text};
use crate::ApiError;
use crate::instances::Row;
use crate::language::{fill, said, t};
use crate::ui::Toasts;

/// What stands where the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// The text.
    Text,
    /// What it was before.
    History,
    /// How it differs from the blueprint.
    Blueprint,
}

/// Somebody else saved since the text was begun.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Conflict {
    /// What they saved.
    pub(super) theirs: Script,
    /// From theirs to the own text.
    pub(super) diff: Diff,
    /// Whether a restart follows the save.
    restart: bool,
}

/// Cheap to copy.
#[derive(Clone, Copy)]
pub(super) struct Session {
    pub(super) row: Row,
    pub(super) file: ScriptFile,
    text: StoredValue<Option<SendWrapper<Text>>>,
    /// Whether the text can be edited.
    pub(super) is_open: RwSignal<bool>,
    /// Whether it differs from the saved one.
    pub(super) is_changed: RwSignal<bool>,
    pub(super) is_busy: RwSignal<bool>,
    pub(super) problem: RwSignal<Option<String>>,
    pub(super) check: RwSignal<ScriptCheck>,
    pub(super) conflict: RwSignal<Option<Conflict>>,
    pub(super) mode: RwSignal<Mode>,
    toasts: Toasts,
}

impl Session {
    pub(super) fn new(row: Row, file: ScriptFile) -> Self {
        Self {
            row,
            file,
            text: StoredValue::new(None),
            is_open: RwSignal::new(false),
            is_changed: RwSignal::new(false),
            is_busy: RwSignal::new(false),
            problem: RwSignal::new(None),
            check: RwSignal::new(ScriptCheck::default()),
            conflict: RwSignal::new(None),
            mode: RwSignal::new(Mode::Text),
            toasts: expect_context(),
        }
    }

    /// Whose file it is.
    pub(super) fn id(self) -> InstanceId {
        self.row.id
    }

    /// The text as the browser has it; none before it is open and after it is closed.
    pub(super) fn text(self) -> Option<Text> {
        self.text.try_get_value().flatten().map(SendWrapper::take)
    }

    /// Shows the text in an element.
    pub(super) fn open(self, parent: HtmlElement, script: Script) {
        spawn_local(async move {
            let key = format!("{} {}", self.id(), self.file.as_str());
            let label = fill("{}; press Escape, then Tab to leave it", &[self.file.file_name()]);
            let hooks = Hooks {
                changed: Box::new(move |is_changed| {
                    self.is_changed.try_set(is_changed);
                }),
                save: Box::new(move |restart| self.save(restart)),
                paused: Box::new(move || self.look()),
            };
            match Text::open(parent, &key, &script, &label, hooks).await {
                Ok(text) => self.opened(text, script),
                Err(error) => self.fail(&error),
            }
        });
    }

    fn opened(self, text: Text, script: Script) {
        if self
            .text
            .try_set_value(Some(SendWrapper::new(text.clone())))
            .is_some()
        {
            text.close(); // nobody looks any more
            return;
        }
        self.is_changed.set(text.is_changed());
        self.is_open.set(true);
        self.look();
        // Left with unsaved changes, and meanwhile somebody else saved.
        if text.is_changed() && text.version() != script.version {
            self.meet(script, false);
        }
    }

    /// Takes the text off the screen; what was not saved stays in the tab.
    pub(super) fn close(self) {
        if let Some(text) = self.text() {
            text.close();
        }
    }

    /// Saves, and restarts if that is asked for.
    pub(super) fn save(self, restart: bool) {
        let Some(text) = self.text() else { return };
        if self.is_busy.get_untracked() {
            return;
        }
        let sent = text.read();
        self.begin();
        spawn_local(async move {
            match save_script(self.id(), self.file, sent.clone(), text.version(), restart).await {
                Ok(answer) => match answer.saving {
                    Saving::Saved(script) => {
                        text.saved(&sent, &script);
                        self.tell_saved(restart && answer.restart_problem.is_none());
                        if let Some(problem) = answer.restart_problem {
                            self.toasts
                                .warn(fill("Saved, but not restarted. {}", &[&said(&problem)]));
                        }
                    }
                    Saving::Stale(theirs) => self.meet(theirs, restart),
                },
                Err(error) => self.fail(&error),
            }
            self.is_busy.try_set(false);
        });
    }

    fn tell_saved(self, restarts: bool) {
        let name = self.file.file_name();
        self.toasts.say(if restarts {
            fill("{} is saved; the instance starts anew.", &[name])
        } else {
            fill("{} is saved.", &[name])
        });
    }

    /// Shows what somebody else saved beside the own text.
    fn meet(self, theirs: Script, restart: bool) {
        let Some(text) = self.text() else { return };
        spawn_local(async move {
            let mine = Some(text.read());
            match script_diff(self.id(), self.file, Against::Present, mine).await {
                Ok(diff) => {
                    let conflict = Conflict {
                        theirs,
                        diff,
                        restart,
                    };
                    self.conflict.try_set(Some(conflict));
                }
                Err(error) => self.fail(&error),
            }
        });
    }

    /// The own text goes over what somebody else saved, which stays in the history.
    pub(super) fn keep_mine(self) {
        let conflict = self.conflict.get_untracked();
        if let (Some(text), Some(conflict)) = (self.text(), conflict) {
            self.conflict.set(None);
            text.keep_over(&conflict.theirs);
            self.save(conflict.restart);
        }
    }

    /// What somebody else saved takes the place of the own text, which goes to the history.
    pub(super) fn take_theirs(self) {
        let conflict = self.conflict.get_untracked();
        if let (Some(text), Some(conflict)) = (self.text(), conflict) {
            self.conflict.set(None);
            self.begin();
            spawn_local(async move {
                match put_script_aside(self.id(), self.file, text.read()).await {
                    Ok(()) => {
                        text.take(&conflict.theirs);
                        self.toasts.say(t("Your text is in the history, as put aside."));
                        self.look();
                    }
                    Err(error) => self.fail(&error),
                }
                self.is_busy.try_set(false);
            });
        }
    }

    /// Goes back to a version.
    pub(super) fn restore(self, number: u32) {
        self.replace(move |version| {
            Box::pin(async move { restore_script(self.id(), self.file, number, version).await })
        });
    }

    /// Goes back to the blueprint.
    pub(super) fn reset(self) {
        self.replace(move |version| {
            Box::pin(async move { reset_script(self.id(), self.file, version).await })
        });
    }

    /// Lets the server save another text, after it has kept the one that was not saved.
    fn replace(self, ask: impl FnOnce(String) -> Asking + 'static) {
        let Some(text) = self.text() else { return };
        self.begin();
        spawn_local(async move {
            let kept = if text.is_changed() {
                put_script_aside(self.id(), self.file, text.read()).await
            } else {
                Ok(())
            };
            let answer = match kept {
                Ok(()) => ask(text.version()).await,
                Err(error) => Err(error),
            };
            match answer {
                Ok(Saving::Saved(script)) => {
                    text.take(&script);
                    self.mode.try_set(Mode::Text);
                    self.tell_saved(false);
                    self.look();
                }
                Ok(Saving::Stale(theirs)) => {
                    self.mode.try_set(Mode::Text);
                    self.meet(theirs, false);
                }
                Err(error) => self.fail(&error),
            }
            self.is_busy.try_set(false);
        });
    }

    /// Lets the checkers look.
    fn look(self) {
        let Some(text) = self.text() else { return };
        if self.file == ScriptFile::Requirements {
            return;
        }
        spawn_local(async move {
            let sent = text.read();
            // Too large, or the panel cannot be reached: saving says so.
            if let Ok(found) = check_script(self.id(), self.file, sent.clone()).await
                && self.text().is_some_and(|text| text.read() == sent)
            {
                text.show(&found.findings);
                self.check.try_set(found);
            }
        });
    }

    fn begin(self) {
        self.is_busy.set(true);
        self.problem.set(None);
    }

    fn fail(self, error: &ApiError) {
        if self.problem.try_set(Some(error.to_string())).is_some() {
            self.toasts.fail(error); // another tool or instance is shown by now
        }
    }
}

type Asking = std::pin::Pin<Box<dyn Future<Output = Result<Saving, ApiError>>>>;
