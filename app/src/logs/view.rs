//! The lines on the screen.

use crate::language::{fill, t};
use crate::view;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::wasm_bindgen::closure::Closure;
use web_sys::ResizeObserver;

use super::model::{Log, PROBE};
use crate::browser;
use crate::ui::words;

/// Where the browser remembers whether lines are wrapped.
pub(crate) const WRAP_KEY: &str = "aikore-log-wrap";

/// The lines of a log, those in sight only; all that the server sent until scripts take over.
#[component]
pub fn LogLines(
    /// What is shown.
    log: Log,
    /// What it is called.
    #[prop(into)]
    label: Signal<String>,
) -> impl IntoView {
    let window = crate::ui::memo(move || log.window());
    let before = crate::ui::memo(move || window.with(|window| window.before));
    crate::ui::effect(move || measure_on_resize(log));
    view! {
        <div
            class="log log--lines"
            class:is-still=move || !log.is_alive()
            class:is-wrapped=move || log.wrap.get()
            node_ref=log.scroller
            role="region"
            tabindex="0"
            aria-label=label
            on:scroll=move |_| log.scrolled()
            on:wheel=move |event| {
                if event.delta_y() < 0.0 && log.follow.get_untracked() {
                    log.follow.set(false);
                }
            }
        >
            <div class="log__all">
                <Earlier log />
                <div class="log__space" node_ref=log.space style:height=move || log.space_height()>
                    <div class="log__window" style:transform=move || log.transform(before.get())>
                        <For each=move || window.get().rows key=Clone::clone let:row>
                            {
                                let (class, html) = log.render(&row);
                                view! { <div class=class style:height=log.height_of(row.rows()) inner_html=html></div> }
                            }
                        </For>
                    </div>
                </div>
                <div class="log__line log__probe" aria-hidden="true">
                    <span node_ref=log.probe>{PROBE}</span>
                </div>
            </div>
        </div>
    }
}

/// What stands before the first line, when something does.
#[component]
fn Earlier(
    /// Whose.
    log: Log,
) -> impl IntoView {
    move || {
        let (earlier, dropped) = (log.earlier.get(), log.dropped());
        if dropped > 0 {
            let count = words::thousands(dropped);
            return view! { <p class="log__rule">{fill("{} earlier lines are in the download", &[&count])}</p> }
                .into_any();
        }
        if earlier == 0 {
            return ().into_any();
        }
        let size = words::bytes(earlier);
        if !log.has_room() {
            return view! { <p class="log__rule">{fill("{} earlier are in the download", &[&size])}</p> }
                .into_any();
        }
        view! {
            <p class="log__rule">
                {fill("{} earlier", &[&size])} <Show when=move || log.is_alive()>
                    <button
                        class="button button--sm button--quiet"
                        type="button"
                        disabled=move || log.is_loading.get()
                        on:click=move |_| log.load_earlier()
                    >
                        {move || if log.is_loading.get() { t("Loading") } else { t("Show earlier lines") }}
                    </button>
                </Show>
            </p>
        }
        .into_any()
    }
}

/// The bar at the foot.
#[component]
pub fn LogProgress(
    /// Whose.
    log: Log,
) -> impl IntoView {
    let progress = crate::ui::memo(move || log.progress());
    move || {
        progress.get().map(|progress| {
            let percent = words::decimal(progress.percent.into(), 0);
            let label = if progress.label.is_empty() { t("Progress").to_owned() } else { progress.label };
            view! {
                <div class="log-progress" role="progressbar" aria-valuenow=percent.clone() aria-label=label.clone()>
                    <span class="truncate">{label.clone()} " " <b>{percent.clone()} " %"</b></span>
                    <span class="meter">
                        <i class="meter__fill" style:width=format!("{percent}%")></i>
                    </span>
                    <span>{progress.count}</span>
                    <span class="muted only-wide">{progress.rate}</span>
                    <span class="muted only-wide">{progress.remaining}</span>
                </div>
            }
        })
    }
}

/// Measures now, and whenever the pane changes its size, while the present owner lives.
fn measure_on_resize(log: Log) {
    let Some(scroller) = log.scroller.get() else {
        return;
    };
    log.wrap
        .set(browser::remembered(WRAP_KEY).map_or(phone_is_narrow(), |wrap| wrap == "true"));
    log.measure();
    let on_resize = Closure::<dyn Fn()>::new(move || log.measure());
    if let Ok(observer) = ResizeObserver::new(on_resize.as_ref().unchecked_ref()) {
        observer.observe(&scroller);
        let kept = StoredValue::new_local(Some((observer, on_resize)));
        on_cleanup(move || {
            kept.try_update_value(|kept| {
                if let Some((observer, _)) = kept.take() {
                    observer.disconnect();
                }
            });
        });
    }
}

/// On a phone long lines are wrapped unless a person decided otherwise.
fn phone_is_narrow() -> bool {
    let width = window().inner_width().ok().and_then(|width| width.as_f64());
    width.is_some_and(|width| width <= 960.0)
}
