//! What happened in the time of the charts, in words: the marks in them, newest first.

use leptos::prelude::*;
use types::telemetry::MarkKind;

use crate::language::{fill, t};
use crate::telemetry::plot::{face, name_of};
use crate::telemetry::watch::Watch;
use crate::ui::Clock;
use crate::ui::words::ago;
use crate::view;

/// So many are told.
const TOLD: usize = 12;

/// The list.
#[component]
pub fn Events(
    /// What is measured.
    watch: Watch,
) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let marks = crate::ui::memo(move || watch.machine.with(|past| past.marks().to_vec()));
    move || {
        let marks = marks.get();
        let more = marks.len().saturating_sub(TOLD);
        (!marks.is_empty()).then(|| {
            view! {
                <section class="card w12" aria-labelledby="events-title">
                    <div class="card__head">
                        <h2 class="card__title" id="events-title">{t("What happened")}</h2>
                    </div>
                    <ul class="card__body events">
                        {marks
                            .into_iter()
                            .rev()
                            .take(TOLD)
                            .map(|mark| {
                                let (shape, tone, word) = face(mark.kind);
                                view! {
                                    <li class=format!("event status--{tone}")>
                                        <svg class="status__shape" aria-hidden="true">
                                            <use href=format!("#{shape}") />
                                        </svg>
                                        <span class="event__what">
                                            <b class="strong">{name_of(&mark)}</b>
                                            " "
                                            {word}
                                            {(mark.kind == MarkKind::Crash && !mark.reason.is_empty()).then(|| view! { <span class="muted">{format!(" · {}", mark.reason)}</span> })}
                                        </span>
                                        <span class="faint num nowrap">{move || ago(mark.at, clock.now())}</span>
                                    </li>
                                }
                            })
                            .collect_view()}
                    </ul>
                    {(more > 0).then(|| view! { <p class="card__body faint">{fill("{} earlier", &[&more.to_string()])}</p> })}
                </section>
            }
        })
    }
}
