//! A host name of the instance's own, which overrides its link.

use crate::language::{said, t};
use crate::view;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use types::hosts::HostName;
use types::instances::Instance;

use super::settings::{SetAccess, set_access};
use crate::instances::Row;
use crate::instances::filter::Place;
use crate::instances::row::part;
use crate::live::Live;
use crate::ui::Icon;

/// The name the link uses; empty when it uses none.
pub(super) fn name_in_use(instance: &Instance) -> String {
    if instance.use_custom_hostname {
        instance.hostname.clone()
    } else {
        String::new()
    }
}

/// What is typed into the field, and what is wrong with it.
#[derive(Clone, Copy)]
struct Typed {
    row: Row,
    live: Live,
    /// None = what is saved.
    text: RwSignal<Option<String>>,
    problem: RwSignal<Option<String>>,
}

impl Typed {
    /// Nothing yet; or what a form without scripts was refused with.
    fn of(row: Row) -> Self {
        let place = expect_context::<Place>();
        Self {
            row,
            live: Live::get(),
            text: RwSignal::new(untrack(|| place.text("hostname"))),
            problem: RwSignal::new(untrack(|| place.refusal(SetAccess::url()))),
        }
    }

    /// Saves the name, unless it is none; an empty one brings the usual link back.
    fn save(self) {
        let Some(text) = self.text.get_untracked() else {
            return;
        };
        let empty = text.trim().is_empty();
        let wrong = HostName::new(&text).err().filter(|_| !empty);
        self.problem.set(wrong.map(|wrong| said(&wrong.to_string())));
        if wrong.is_none() {
            spawn_local(self.send(text));
        }
    }

    async fn send(self, text: String) {
        match set_access(self.row.id, None, None, true, text.clone()).await {
            Ok(instance) => {
                self.live.answer(instance);
                // What was typed meanwhile stays.
                self.text.try_update(|typed| {
                    if typed.as_ref() == Some(&text) {
                        *typed = None;
                    }
                });
            }
            Err(error) => {
                self.problem.try_set(Some(error.to_string()));
            }
        }
    }
}

/// The field, taken over when it is left or Enter is pressed; with the rest of its form without scripts.
#[component]
pub(super) fn HostnameField(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let typed = Typed::of(row);
    let saved = part(row, name_in_use);
    let value = crate::ui::memo(move || typed.text.get().unwrap_or_else(|| saved.get()));
    let problem = typed.problem;
    view! {
        <div class="field">
            <label class="field__label" for="access-hostname">
                {t("Host name of its own")}
            </label>
            <input
                class="input input--mono"
                id="access-hostname"
                name="hostname"
                placeholder=t("none")
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                maxlength="255"
                aria-invalid=move || problem.get().map(|_| "true")
                aria-describedby="access-hostname-help"
                value=value.get_untracked()
                prop:value=value
                on:input=move |event| typed.text.set(Some(event_target_value(&event)))
                on:change=move |_| typed.save()
            />
            <span id="access-hostname-help">
                {move || match problem.get() {
                    Some(text) => view! {
                        <span class="field__error" role="alert">
                            <Icon name="alert" class="icon--sm" />
                            {text}
                        </span>
                    },
                    None => view! {
                        <span class="field__hint">
                            {t("The name, with the port you write here, has to lead to this machine (by DNS, or by a line \
                             in the hosts file of each computer that opens it), and for TLS it has to stand in the \
                             certificate.")}
                        </span>
                    },
                }}
            </span>
        </div>
    }
}
