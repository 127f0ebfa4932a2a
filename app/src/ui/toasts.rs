//! Short messages about what happened elsewhere on the page or failed.

use std::time::Duration;

use crate::language::t;
use crate::view;
use leptos::prelude::*;
use leptos::task::spawn_local;
use types::instances::InstanceId;

use super::{Icon, list};
use crate::ApiError;
use crate::instances::delete::undo_delete;

/// How long a good message stays; errors stay until closed.
const SHOWN_FOR: Duration = Duration::from_secs(6);
/// The same for one that offers something: it has to be read and reached.
const OFFERED_FOR: Duration = Duration::from_secs(15);
/// The oldest go when more come.
const MOST: usize = 5;

#[derive(Clone, PartialEq, Eq)]
struct Toast {
    number: u32,
    text: String,
    error: bool,
    /// The instance whose deletion can be taken back.
    undo: Option<InstanceId>,
}

/// The messages on the screen.
#[derive(Clone, Copy, Default)]
pub struct Toasts {
    shown: RwSignal<Vec<Toast>>,
    count: StoredValue<u32>,
}

impl Toasts {
    /// Says that something worked.
    pub fn say(self, text: impl Into<String>) {
        let number = self.push(text.into(), false, None);
        set_timeout(move || self.close(number), SHOWN_FOR);
    }

    /// Says that something did not work, and what to do.
    pub fn fail(self, error: &ApiError) {
        self.warn(error.to_string());
    }

    /// Says what did not work, in a sentence.
    pub fn warn(self, text: impl Into<String>) {
        self.push(text.into(), true, None);
    }

    /// Says that an instance was deleted, and offers to take that back.
    pub fn offer_undo(self, text: String, id: InstanceId) {
        let number = self.push(text, false, Some(id));
        set_timeout(move || self.close(number), OFFERED_FOR);
    }

    fn undo(self, toast: u32, id: InstanceId) {
        self.close(toast);
        spawn_local(async move {
            if let Err(error) = undo_delete(id).await {
                self.fail(&error);
            }
        });
    }

    fn push(self, text: String, error: bool, undo: Option<InstanceId>) -> u32 {
        let number = self.count.get_value() + 1;
        self.count.set_value(number);
        self.shown.update(|shown| {
            shown.retain(|toast| toast.text != text);
            shown.push(Toast {
                number,
                text,
                error,
                undo,
            });
            let surplus = shown.len().saturating_sub(MOST);
            shown.drain(..surplus);
        });
        number
    }

    fn close(self, number: u32) {
        self.shown
            .try_update(|shown| shown.retain(|toast| toast.number != number));
    }
}

/// Where messages appear, and where screen readers hear them.
#[component]
pub fn ToastRegion() -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    view! {
        <div class="toasts" role="status" aria-live="polite">
            {list(move || toasts.shown.get(), |toast| toast.number.into(), move |toast| one(toasts, toast))}
        </div>
    }
}

fn one(toasts: Toasts, toast: Toast) -> AnyView {
    view! {
        <div class="toast" class:toast--err=toast.error role=toast.error.then_some("alert")>
            <span class="grow">{toast.text}</span>
            {toast.undo.map(|id| view! {
                <button class="button button--sm" type="button" on:click=move |_| toasts.undo(toast.number, id)>
                    {t("Undo")}
                </button>
            })}
            <button
                class="button button--icon button--sm"
                type="button"
                aria-label=t("Close this message")
                on:click=move |_| toasts.close(toast.number)
            >
                <Icon name="close" class="icon--sm" />
            </button>
        </div>
    }
}
