//! What a file was before, and how its text differs from that, or from the blueprint.

use crate::language::{fill, t};
use crate::view;
use leptos::prelude::*;
use leptos::task::spawn_local;
use types::scripts::{Against, Diff, ScriptVersion, VersionOrigin};

use super::calls::{script_diff, script_versions};
use super::difference::difference;
use super::session::{Mode, Session};
use crate::ApiError;
use crate::ui::words::{ago, bytes};
use crate::ui::{Clock, Dialog, ErrorNote, Icon};

type Loaded<T> = RwSignal<Option<Result<T, ApiError>>>;

/// Why a version was kept, in a word or two.
pub(crate) fn origin(origin: VersionOrigin) -> &'static str {
    match origin {
        VersionOrigin::Found => t("found there"),
        VersionOrigin::Saved => t("saved"),
        VersionOrigin::Restored => t("restored"),
        VersionOrigin::Reset => t("from the blueprint"),
        VersionOrigin::Aside => t("put aside, never saved"),
    }
}

/// The versions, and the difference to the one that was chosen.
pub(super) fn history(session: Session) -> AnyView {
    let versions: Loaded<Vec<ScriptVersion>> = RwSignal::new(None);
    let chosen = RwSignal::new(None::<u32>);
    spawn_local(async move {
        let answer = script_versions(session.id(), session.file).await;
        if let Ok(list) = &answer {
            // What was there before is what people look for.
            let first = list.iter().find(|version| !version.present).or(list.first());
            chosen.try_set(first.map(|version| version.number));
        }
        versions.try_set(Some(answer));
    });
    (move || {
        match versions.get()? {
            Err(error) => Some(view! { <div class="editor__note"><ErrorNote text=error.to_string() /></div> }),
            Ok(list) if list.is_empty() => Some(view! {
                <p class="diff__none">{t("Nothing was saved here yet. Every save will keep what was there before.")}</p>
            }),
            Ok(list) => Some(view! {
                <div class="versions">
                    <ul class="versions__list" aria-label=t("Versions")>
                        {list.into_iter().map(|version| entry(version, chosen)).collect_view()}
                    </ul>
                    <div class="versions__one">{move || chosen.get().map(|number| one(session, number))}</div>
                </div>
            }),
        }
    })
    .into_any()
}

fn entry(version: ScriptVersion, chosen: RwSignal<Option<u32>>) -> AnyView {
    let number = version.number;
    let clock = expect_context::<Clock>();
    let when = move || ago(version.at, clock.now());
    view! {
        <li>
            <button
                class="versions__entry"
                type="button"
                aria-current=move || (chosen.get() == Some(number)).then_some("true")
                on:click=move |_| chosen.set(Some(number))
            >
                <b class="strong">{format!("{number}")}</b>
                <span class="grow">{when}</span>
                <span class="faint">{if version.present { t("in use") } else { origin(version.origin) }}</span>
                <span class="faint num">{bytes(version.bytes)}</span>
            </button>
        </li>
    }
}

fn one(session: Session, number: u32) -> AnyView {
    let left = fill("version {}", &[&number.to_string()]);
    view! {
        <div class="editor__bar">
            <span class="grow faint">{fill("Version {}, and the text as it is in the editor", &[&number.to_string()])}</span>
            <button
                class="button button--sm"
                type="button"
                disabled=move || session.is_busy.get() || !session.is_open.get()
                on:click=move |_| session.restore(number)
            >
                <Icon name="restart" class="icon--sm" />
                {t("Restore")}
            </button>
        </div>
        {compared(session, Against::Version(number), left)}
    }
}

/// How the text differs from the blueprint, and the way back to it.
pub(super) fn blueprint(session: Session, name: String) -> AnyView {
    let asks = RwSignal::new(false);
    let title = fill("{} (blueprint)", &[&name]);
    view! {
        <div class="editor__bar">
            <span class="grow faint">{fill("The blueprint {}, and the text as it is in the editor", &[&name])}</span>
            <button
                class="button button--sm button--danger"
                type="button"
                disabled=move || session.is_busy.get() || !session.is_open.get()
                on:click=move |_| asks.set(true)
            >
                {t("Reset to the blueprint")}
            </button>
        </div>
        {compared(session, Against::Blueprint, title)}
        {move || asks.get().then(|| reset_question(session, asks))}
    }
}

fn reset_question(session: Session, asks: RwSignal<bool>) -> AnyView {
    let close = move |()| asks.set(false);
    let reset = move |_| {
        asks.set(false);
        session.reset();
    };
    view! {
        <Dialog id="reset-title" title=t("Reset launch.sh to the blueprint") on_close=close>
            <div class="dialog__body">
                <p>{t("The script becomes what the blueprint says now. The present text stays in the history.")}</p>
            </div>
            <div class="dialog__foot">
                <button class="button button--quiet" type="button" on:click=move |_| close(())>
                    {t("Cancel")}
                </button>
                <button class="button button--danger" type="button" on:click=reset>
                    {t("Reset")}
                </button>
            </div>
        </Dialog>
    }
}

fn compared(session: Session, against: Against, left: String) -> AnyView {
    let diff: Loaded<Diff> = RwSignal::new(None);
    let text = session.text().map(|text| text.read());
    spawn_local(async move {
        diff.try_set(Some(script_diff(session.id(), session.file, against, text).await));
    });
    (move || {
        diff.get().map(|diff| match diff {
            Ok(diff) => difference(&diff, &left, t("the editor")),
            Err(error) => view! { <div class="editor__note"><ErrorNote text=error.to_string() /></div> },
        })
    })
    .into_any()
}

/// Switches between the text and what stands in its place.
pub(super) fn mode_button(session: Session, mode: Mode, icon: &'static str, label: &'static str) -> AnyView {
    let is_on = crate::ui::memo(move || session.mode.get() == mode);
    let toggle = move |_| {
        session.mode.update(|shown| {
            *shown = if *shown == mode { Mode::Text } else { mode };
        });
    };
    view! {
        <button
            class="button button--icon button--sm"
            class:is-on=is_on
            type="button"
            aria-label=label
            title=label
            aria-pressed=move || is_on.get().to_string()
            on:click=toggle
        >
            <Icon name=icon class="icon--sm" />
        </button>
    }
}
