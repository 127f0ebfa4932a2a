//! The choice of GPUs: by name, with what is free and who uses the rest; a free text where none is to be seen.

use leptos::prelude::*;
use types::gpus::{GpuChoice, GpuChoices};

use super::TextField;
use crate::fetch::{self, Fetched, Key, Subject, fetch};
use crate::instances::Row;
use crate::instances::draft::Field;
use crate::instances::drawer::form::Labelled;
use crate::instances::edits::Edits;
use crate::instances::filter::Place;
use crate::language::{fill, t};
use crate::ui::words::gibibytes;
use crate::ui::{SelectBox, StyleSheet, hydrated};
use crate::view;

/// The GPUs to choose from.
#[cfg(feature = "ssr")]
pub(crate) async fn load_gpus() -> Result<GpuChoices, crate::ApiError> {
    Ok(expect_context::<engine::Engine>().telemetry.choices().await?)
}

/// What the fields offer.
#[derive(Clone, Copy)]
pub struct Gpus(Fetched);

impl Gpus {
    /// Asks while something is open that offers them; called by the page, outside of everything that waits.
    pub fn provide(place: Place) {
        let wanted = crate::ui::memo(move || ["open", "new"].iter().any(|key| place.text(key).is_some()));
        provide_context(Self(fetch(move || wanted.get().then(|| Key::of(Subject::Gpus)))));
    }
}

/// A value for every kind of field: which GPUs a text names, by their place among all. None where it names one that
/// is not there.
fn places(text: &str, gpus: &[GpuChoice]) -> Option<Vec<usize>> {
    let ids = text.split(',').map(str::trim).filter(|id| !id.is_empty());
    ids.map(|id| {
        gpus.iter().position(|gpu| match id.parse::<u32>() {
            Ok(index) => gpu.index == index,
            Err(_) => gpu.uuid.starts_with(id),
        })
    })
    .collect()
}

/// Whether a text names GPUs for all time rather than by number; who did so keeps that.
fn is_by_name(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_alphabetic())
}

/// What a GPU is called in a text.
fn id_of(gpu: &GpuChoice, by_name: bool) -> String {
    if by_name {
        gpu.uuid.clone()
    } else {
        gpu.index.to_string()
    }
}

/// The text after one was chosen, or not any more.
fn toggled(text: &str, place: usize, gpus: &[GpuChoice]) -> String {
    let chosen = places(text, gpus).unwrap_or_default();
    let by_name = is_by_name(text);
    let after = gpus
        .iter()
        .enumerate()
        .filter(|(at, _)| chosen.contains(at) != (*at == place));
    let ids: Vec<String> = after.map(|(_, gpu)| id_of(gpu, by_name)).collect();
    ids.join(",")
}

/// `5.0 GiB free`, or why it cannot be used.
fn room(gpu: &GpuChoice) -> String {
    match gpu.free {
        _ if !gpu.problem.is_empty() => gpu.problem.clone(),
        Some(free) => fill("{} free", &[&gibibytes(free)]),
        None => t("does not tell what is free").to_owned(),
    }
}

/// Who uses it, the largest first.
fn holders(gpu: &GpuChoice) -> String {
    const MOST: usize = 3;
    let mut told: Vec<String> = gpu
        .holders
        .iter()
        .take(MOST)
        .map(|holder| match holder.memory {
            Some(memory) => format!("{} {}", holder.name, gibibytes(memory)),
            None => holder.name.clone(),
        })
        .collect();
    if gpu.holders.len() > MOST {
        told.push(fill("{} more", &[&(gpu.holders.len() - MOST).to_string()]));
    }
    told.join(", ")
}

/// In the drawer: a tick for each GPU.
#[component]
pub fn GpuField(
    /// Whose.
    row: Row,
) -> impl IntoView {
    let Gpus(gpus) = expect_context();
    let edits = expect_context::<Edits>();
    fetch::show_data(gpus, ViewFn::default(), move |choices: GpuChoices| {
        let is_known = untrack(|| places(&edits.value(row, Field::Gpus), &choices.gpus).is_some());
        // A text that names others than are there is for people to write.
        if is_known && !choices.gpus.is_empty() {
            view! { <Picker row gpus=choices.gpus /> }
        } else {
            view! {
                <Labelled text=t("GPUs") id="edit-gpus" row field=Field::Gpus hint=t("Numbers such as 0,1, or UUIDs; empty means all.")>
                    <TextField row field=Field::Gpus id="edit-gpus" class="input--mono" placeholder=t("all") />
                </Labelled>
            }
        }
    })
}

#[component]
fn Picker(
    /// Whose.
    row: Row,
    /// What there is.
    gpus: Vec<GpuChoice>,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let value = crate::ui::memo(move || edits.value(row, Field::Gpus));
    let gpus = StoredValue::new(gpus);
    let is_changed = crate::ui::memo(move || edits.was(row.id, Field::Gpus));
    let alive = hydrated();
    let all = move || value.get().trim().is_empty();
    let by_name = is_by_name(&untrack(|| value.get()));
    let chip = move |place: usize, gpu: GpuChoice| {
        let chosen = crate::ui::memo(move || {
            gpus.with_value(|gpus| places(&value.get(), gpus).is_some_and(|chosen| chosen.contains(&place)))
        });
        view! {
            <label class="chip">
                <input
                    type="checkbox"
                    name="gpus[]"
                    value=id_of(&gpu, by_name)
                    checked=chosen.get_untracked()
                    prop:checked=chosen
                    aria-describedby=format!("edit-gpu-{place}")
                    on:change=move |_| {
                        let text = untrack(|| gpus.with_value(|gpus| toggled(&value.get(), place, gpus)));
                        edits.set(row, Field::Gpus, text);
                    }
                />
                {gpu.index} " · " {gpu.name}
            </label>
        }
    };
    let list = gpus.get_value();
    view! {
        <StyleSheet name="gpus" />
        <div class="field span" role="group" aria-labelledby="edit-gpus-label">
        <span class="field__label" id="edit-gpus-label">{t("GPUs")}</span>
        // Says that ticks stand for the text.
        <input type="hidden" name="gpus[]" value="" />
        <div class="chipset">
            <label class="chip" hidden=move || !alive.get()>
                <input
                    type="checkbox"
                    prop:checked=all
                    on:change=move |event| {
                        event.prevent_default();
                        edits.set(row, Field::Gpus, String::new());
                    }
                />
                {t("All")}
            </label>
            {list.iter().cloned().enumerate().map(|(place, gpu)| chip(place, gpu)).collect_view()}
        </div>
        <ul class="gpu-use">
            {list.into_iter().enumerate().map(|(place, gpu)| view! { <Use place gpu /> }).collect_view()}
        </ul>
        {move || match is_changed.get() {
            Some(was) if was.is_empty() => view! { <span class="was">{t("was all")}</span> },
            Some(was) => view! { <span class="was">"was " {was}</span> },
            None => view! { <span class="field__hint">{t("None ticked means all of them.")}</span> },
        }}
        </div>
    }
}

/// What of a GPU is free, and who uses it.
#[component]
fn Use(
    /// Its place among all.
    place: usize,
    /// Which.
    gpu: GpuChoice,
) -> impl IntoView {
    let share = match (gpu.total, gpu.free) {
        (Some(total @ 1..), Some(free)) => total.saturating_sub(free) * 100 / total,
        _ => 0,
    };
    let of = gpu.total.map(|total| fill("of {}", &[&gibibytes(total)]));
    view! {
        <li class="gpu-use__one" id=format!("edit-gpu-{place}")>
            <span class="gpu-use__head num">
                "GPU " {gpu.index} ": " {room(&gpu)} " "
                <span class="faint">{of}</span>
            </span>
            <span class="meter" aria-hidden="true">
                <span class="meter__fill meter__fill--memory" style=format!("width:{share}%")></span>
            </span>
            <span class="faint">
                {if gpu.holders.is_empty() { t("Nobody uses it.").to_owned() } else { holders(&gpu) }}
            </span>
        </li>
    }
}

/// In the new row.
#[component]
pub fn NewGpus(
    /// The form it belongs to.
    form: &'static str,
    /// What was typed before.
    asked: String,
) -> impl IntoView {
    let Gpus(gpus) = expect_context();
    fetch::show_data(gpus, ViewFn::default(), move |choices: GpuChoices| {
        if choices.gpus.is_empty() {
            return view! {
                <input
                    class="input"
                    form=form
                    name="new[gpu_ids]"
                    aria-label=t("GPUs")
                    placeholder=t("all")
                    title=t("Numbers such as 0,1, or UUIDs; empty means all")
                    autocomplete="off"
                    value=asked.clone()
                />
            };
        }
        let is_offered = asked.is_empty() || choices.gpus.iter().any(|gpu| gpu.index.to_string() == asked);
        let other =
            (!is_offered).then(|| view! { <option value=asked.clone() selected>{asked.clone()}</option> });
        let chosen = asked.clone();
        let options = choices.gpus.into_iter().map(move |gpu| {
            let index = gpu.index.to_string();
            let used = holders(&gpu);
            let text = format!("{index} · {} · {}", gpu.name, room(&gpu));
            let text = if used.is_empty() {
                text
            } else {
                format!("{text} ({used})")
            };
            view! { <option selected=index == chosen value=index>{text}</option> }
        });
        view! {
            <SelectBox>
                <select class="input" form=form name="new[gpu_ids]" aria-label=t("GPUs")>
                    <option value="">{t("All")}</option>
                    {other}
                    {options.collect_view()}
                </select>
            </SelectBox>
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpus() -> Vec<GpuChoice> {
        [(0, "GPU-aa"), (1, "GPU-bb")]
            .map(|(index, uuid)| GpuChoice {
                index,
                uuid: uuid.to_owned(),
                ..GpuChoice::default()
            })
            .to_vec()
    }

    #[test]
    fn a_text_names_gpus_by_number_or_for_all_time() {
        assert_eq!(places("", &gpus()), Some(vec![]));
        assert_eq!(places("1, 0", &gpus()), Some(vec![1, 0]));
        assert_eq!(places("GPU-bb", &gpus()), Some(vec![1]));
        assert_eq!(places("0,3", &gpus()), None);
        assert_eq!(places("MIG-x", &gpus()), None);
    }

    #[test]
    fn a_tick_changes_one_gpu_and_keeps_how_they_are_named() {
        assert_eq!(toggled("", 1, &gpus()), "1");
        assert_eq!(toggled("1", 0, &gpus()), "0,1");
        assert_eq!(toggled("0,1", 1, &gpus()), "0");
        assert_eq!(toggled("GPU-aa", 1, &gpus()), "GPU-aa,GPU-bb");
        assert_eq!(toggled("GPU-aa", 0, &gpus()), "");
    }
}
