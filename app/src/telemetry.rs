//! What the machine is doing: the pane beside the tools.

pub mod chart;
pub mod figure;
pub mod load;
pub mod past;
pub mod plot;
pub mod watch;

use std::collections::VecDeque;

use crate::language::{fill, t};
use crate::view;
use leptos::prelude::*;
use types::telemetry::Sample;

use crate::desk::ZoomButton;
use crate::fetch::{self, Fetched, Key, Subject, fetch};
use crate::live::Live;
use crate::paths::at;
use crate::ui::Icon;
use crate::ui::words::{decimal, number};
use chart::{Chart, Series};

/// The latest reading of the machine.
#[cfg(feature = "ssr")]
pub(crate) fn latest_sample() -> Sample {
    expect_context::<engine::Engine>().telemetry.latest()
}

/// The reading the page is rendered with.
#[derive(Clone, Copy)]
struct First(Fetched);

/// Fetches what [`MachinePane`] begins with; called by the page, outside of everything that waits.
pub fn provide_telemetry() {
    provide_context(First(fetch(|| Some(Key::of(Subject::Machine)))));
}

/// CPU and memory now, with their last minutes.
#[component]
pub fn MachinePane() -> impl IntoView {
    let live = Live::get();
    let First(first) = expect_context();
    crate::ui::effect(move || live.watch_samples());
    view! {
        <section class="pane pane--right" id="machine" class:is-old=move || live.is_offline() aria-labelledby="machine-title">
            <div class="pane__head pane__head--slim">
                <h2 class="pane__title" id="machine-title">{t("Machine")}</h2>
                <span class="legend">
                    <span class="legend__key">{t("Compute")}</span>
                    <span class="legend__key legend__key--memory">{t("Memory")}</span>
                </span>
                <span class="pane__tools">
                    <a class="button button--icon button--sm button--quiet" href=at("/monitoring") aria-label=t("Monitoring") title=t("Monitoring")>
                        <Icon name="open" class="icon--sm" />
                    </a>
                    <ZoomButton wish="zoom-machine" />
                </span>
            </div>
            <div class="pane__body">
                {fetch::show(first, ViewFn::default(), move |answer| {
                    let first = answer.read::<Sample>().ok();
                    first.map(|first| view! { <Readings samples=with_first(live, first) /> }).into_any()
                })}
                <div class="readings readings--gpus" id=load::GPUS inner_html=load::first_gpus()></div>
            </div>
        </section>
    }
}

/// The live samples, or the one the page was rendered with until they come.
fn with_first(live: Live, first: Sample) -> Signal<VecDeque<Sample>> {
    Signal::derive(move || {
        live.samples().with(|samples| match samples.front() {
            Some(oldest) if oldest.at <= first.at || first.at == 0 => samples.clone(),
            _ => std::iter::once(first.clone())
                .chain(samples.iter().cloned())
                .collect(),
        })
    })
}

/// The two readings.
#[component]
fn Readings(
    /// Oldest first, never empty.
    samples: Signal<VecDeque<Sample>>,
) -> impl IntoView {
    let now = crate::ui::memo(move || samples.with(|samples| samples.back().cloned().unwrap_or_default()));
    view! {
        <div class="readings">
            <div class="reading">
                <div class="reading__head">
                    <h3 class="reading__label">"CPU"</h3>
                    <span class="reading__value">
                        {move || now.with(|now| decimal(now.cpu_percent.into(), 0))}
                        <small>{move || now.with(|now| fill(" % of {}", &[&cores(now.cores)]))}</small>
                    </span>
                </div>
                <div class="reading__plot">
                    <Chart series=Series::Cpu samples />
                </div>
                <div class="reading__foot">
                    <span>{move || now.with(|now| fill("Load {}", &[&number(now.load_1m.into(), 2)]))}</span>
                </div>
            </div>
            <div class="reading">
                <div class="reading__head">
                    <h3 class="reading__label">"RAM"</h3>
                    <span class="reading__value">
                        {move || now.with(|now| gigabytes(now.ram_used))}
                        <small>{move || now.with(|now| fill(" of {} GB", &[&gigabytes(now.ram_total)]))}</small>
                    </span>
                </div>
                <div class="reading__plot">
                    <Chart series=Series::Ram samples />
                </div>
                <div class="reading__foot">
                    <span>{move || now.with(|now| swap(now.swap_used))}</span>
                </div>
            </div>
        </div>
    }
}

fn cores(number: u32) -> String {
    if number == 1 {
        t("1 core").to_owned()
    } else {
        fill("{} cores", &[&number.to_string()])
    }
}

fn swap(bytes: u64) -> String {
    if bytes == 0 {
        t("Swap 0").to_owned()
    } else {
        fill("Swap {} GB", &[&gigabytes(bytes)])
    }
}

/// `48.2`, `128`: one digit after the point where it says something.
#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
fn gigabytes(bytes: u64) -> String {
    let gigabytes = bytes as f64 / 1e9;
    if gigabytes >= 99.95 {
        decimal(gigabytes, 0)
    } else {
        number(gigabytes, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_three_digits_at_most() {
        assert_eq!(gigabytes(48_240_000_000), "48.2");
        assert_eq!(gigabytes(128_000_000_000), "128");
        assert_eq!(swap(0), "Swap 0");
        assert_eq!(cores(1), "1 core");
    }
}
