//! Questions over the table: a dialog about the instance that a key of the address names, and the form that answers
//! it.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use serde::de::DeserializeOwned;
use types::instances::Instance;

use super::filter::Place;
use super::{Row, Rows};
use crate::language::t;
use crate::paths::at;
use crate::prepared::Prepared;
use crate::ui::{Dialog, ErrorNote};
use crate::{fetch, request, view};

/// The dialog, while the address has the key with an instance there is.
pub(super) fn dialog(
    key: &'static str,
    title: fn(&Instance) -> String,
    content: fn(Row) -> AnyView,
) -> AnyView {
    let rows = expect_context::<Rows>();
    let place = expect_context::<Place>();
    let wanted = crate::ui::memo(move || place.instance(key));
    (move || {
        let row = rows.find(wanted.get()?)?;
        let title = Signal::derive(move || row.instance.with(title));
        let close = move |()| place.close();
        Some(view! {
            <Dialog id=key title close_href=Signal::derive(move || place.home()) on_close=close>
                {content(row)}
            </Dialog>
        })
    })
    .into_any()
}

/// What can be shown only once the files are counted.
pub(super) fn counted<T: DeserializeOwned + Clone + 'static>(
    row: Row,
    show: fn(Row, T) -> AnyView,
) -> AnyView {
    let counting = || view! { <div class="dialog__body">{t("Counting the files…")}</div> };
    let counted = expect_context::<Prepared>().question;
    fetch::show(counted, counting.into(), move |answer| {
        match answer.read_any::<T>() {
            Some(Ok(preview)) => show(row, preview),
            Some(Err(error)) => {
                view! { <div class="dialog__body"><ErrorNote text=error.to_string() /></div> }
            }
            None => ().into_any(),
        }
    })
}

/// What a question asks.
pub(super) struct Asked {
    /// What is said and typed.
    pub(super) fields: AnyView,
    /// On the button that does it.
    pub(super) verb: Signal<&'static str>,
    /// Whether it cannot be done now.
    pub(super) blocked: Signal<bool>,
    /// Whether something is lost by it: Cancel has the focus then.
    pub(super) is_dangerous: bool,
}

impl Asked {
    pub(super) fn new(fields: AnyView, verb: &'static str) -> Self {
        Self {
            fields,
            verb: Signal::stored(verb),
            blocked: Signal::stored(false),
            is_dangerous: false,
        }
    }
}

/// What follows an answer; it outlives the dialog.
type Following<T> = Box<dyn FnOnce(T)>;

/// The form that sends the answer to a server function. `follow` is asked when it is sent, because the dialog may be
/// gone when the server answers.
pub(super) fn form<F>(row: Row, asked: Asked, follow: impl Fn() -> Following<F::Output> + 'static) -> AnyView
where
    F: ServerFn<Output: DeserializeOwned + 'static>,
{
    let place = expect_context::<Place>();
    let problem = RwSignal::new(place.refusal(F::url()));
    let busy = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(form) = request::form(&event) else {
            return;
        };
        busy.set(true);
        let follow = follow();
        spawn_local(async move {
            let answer = request::submit::<F>(form).await;
            busy.try_set(false);
            match answer {
                Ok(done) => {
                    follow(done);
                    place.close();
                }
                Err(error) => {
                    problem.try_set(Some(error.to_string()));
                }
            }
        });
    };
    let Asked {
        fields,
        verb,
        blocked,
        is_dangerous,
    } = asked;
    let filled = if is_dangerous {
        "button button--danger"
    } else {
        "button button--filled"
    };
    view! {
        <form method="post" action=at(F::url()) on:submit=submit>
            <input type="hidden" name="id" value=row.id.0 />
            <div class="dialog__body">
                {fields}
                {move || problem.get().map(|text| view! { <ErrorNote text /> })}
            </div>
            <div class="dialog__foot">
                <a class="button button--quiet" href=move || place.home() data-noscroll autofocus=is_dangerous>
                    {t("Cancel")}
                </a>
                <button class=filled type="submit" disabled=move || blocked.get() || busy.get()>
                    {verb}
                </button>
            </div>
        </form>
    }
}
