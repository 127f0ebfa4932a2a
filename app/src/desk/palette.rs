//! The command palette: instances and actions, found by typing.

use leptos::ev;
use leptos::prelude::*;

use super::Desk;
use super::commands::{Command, all};
use crate::address::Address;
use crate::browser;
use crate::instances::Rows;
use crate::instances::commands::Commands;
use crate::language::t;
use crate::ui::{Dialog, Icon};
use crate::view;

/// Entries that are shown at most; typing finds the others.
const SHOWN_MAX: usize = 40;

/// A combobox over a list, as the ARIA practices describe it: the focus stays in the field.
#[component]
pub fn Palette() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let (commands, address) = (expect_context::<Commands>(), Address::get());
    let known = StoredValue::new(all(expect_context::<Rows>()));
    let typed = RwSignal::new(String::new());
    let chosen = RwSignal::new(0_usize);
    let found = Signal::derive(move || {
        let typed = typed.get().to_lowercase();
        let fits = |command: &&Command| command.fits(&typed);
        known.with_value(|known| {
            known
                .iter()
                .filter(fits)
                .take(SHOWN_MAX)
                .cloned()
                .collect::<Vec<_>>()
        })
    });
    let run = move |index: usize| {
        if let Some(command) = found.get_untracked().into_iter().nth(index) {
            command.run(desk, commands, address);
        }
    };
    let walk = move |step: usize| {
        let count = found.with_untracked(Vec::len).max(1);
        chosen.update(|chosen| *chosen = (*chosen + step) % count);
        browser::reveal(&format!("found-{}", chosen.get_untracked()));
    };
    let on_key = move |event: ev::KeyboardEvent| {
        match event.key().as_str() {
            "ArrowDown" => walk(1),
            "ArrowUp" => walk(found.with_untracked(Vec::len).max(1) - 1),
            "Enter" => run(chosen.get_untracked()),
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <Dialog id="palette-title" title=Signal::stored(t("Find or run").to_owned()) on_close=move |()| desk.done()>
            <div class="dialog__body palette-box">
                <input
                    class="input"
                    type="text"
                    role="combobox"
                    autofocus
                    autocomplete="off"
                    spellcheck="false"
                    placeholder=t("An instance, or what to do")
                    aria-label=t("An instance, or what to do")
                    aria-expanded="true"
                    aria-controls="found"
                    aria-activedescendant=move || format!("found-{}", chosen.get())
                    on:input=move |event| {
                        typed.set(event_target_value(&event));
                        chosen.set(0);
                    }
                    on:keydown=on_key
                />
                <ul class="found" id="found" role="listbox" aria-label=t("What fits")>
                    {move || entries(found.get(), chosen, run)}
                </ul>
                <p class="found__none" role="status">
                    {move || found.with(Vec::is_empty).then_some(t("Nothing fits. Try the name of an instance, or a verb."))}
                </p>
            </div>
        </Dialog>
    }
}

fn entries(
    found: Vec<Command>,
    chosen: RwSignal<usize>,
    run: impl Fn(usize) + Copy + Send + Sync + 'static,
) -> AnyView {
    found
        .into_iter()
        .enumerate()
        .map(|(index, command)| {
            view! {
                <li
                    class="found__item"
                    id=format!("found-{index}")
                    role="option"
                    aria-selected=move || (chosen.get() == index).to_string()
                    on:click=move |_| run(index)
                >
                    <Icon name=command.icon />
                    <span class="grow">{command.words}</span>
                    <span class="found__note">{command.note}</span>
                </li>
            }
        })
        .collect_view()
        .into_any()
}
