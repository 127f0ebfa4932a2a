//! A modal dialog: a plain box over the page without scripts, a real modal `<dialog>` with them.

use crate::language::t;
use crate::paths::at;
use crate::view;
use leptos::prelude::*;
use leptos::{ev, html};
use send_wrapper::SendWrapper;

use super::Icon;

/// A question or a preview over the page. It is there as long as it is rendered.
#[component]
pub fn Dialog(
    /// Id of its title, unique on the page.
    id: &'static str,
    /// States the fact.
    #[prop(into)]
    title: Signal<String>,
    /// Where the cross leads without scripts; to the dashboard where only scripts open it.
    #[prop(optional, into)]
    close_href: Option<Signal<String>>,
    /// Escape, the cross, or a click beside it.
    #[prop(into)]
    on_close: Callback<()>,
    /// Body and foot.
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    // A modal `<dialog>` traps the focus, makes the rest inert, and gives the focus back when it closes.
    crate::ui::effect(move || {
        if let Some(dialog) = dialog.get() {
            dialog.close();
            let _ = dialog.show_modal();
            let shown = SendWrapper::new(dialog);
            on_cleanup(move || shown.close());
        }
    });
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
        on_close.run(());
    };
    let on_backdrop = move |event: ev::PointerEvent| {
        let on_itself = event.target() == event.current_target();
        if on_itself {
            close();
        }
    };
    view! {
        <dialog
            class="backdrop"
            open
            node_ref=dialog
            aria-labelledby=id
            on:cancel=move |event: ev::Event| {
                event.prevent_default();
                close();
            }
            on:pointerdown=on_backdrop
        >
            <div class="dialog">
                <div class="dialog__head">
                    <h2 class="dialog__title grow" id=id>
                        {title}
                    </h2>
                    <a
                        class="button button--icon"
                        href=move || close_href.map_or_else(|| at("/"), |href| href.get())
                        aria-label=t("Close")
                        on:click=move |event| {
                            event.prevent_default();
                            close();
                        }
                    >
                        <Icon name="close" />
                    </a>
                </div>
                {children()}
            </div>
        </dialog>
    }
}
