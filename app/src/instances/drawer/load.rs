//! What an instance used in the last hour.

use leptos::prelude::*;
#[cfg(feature = "ssr")]
use types::instances::InstanceId;
use types::telemetry::Readings;

use super::Details;
use crate::fetch::{self, Fetched};
use crate::instances::Row;
use crate::language::t;
use crate::telemetry::figure::Unit;
use crate::telemetry::past::{self, Past};
use crate::telemetry::plot::{Chart, Line, Plot};
use crate::telemetry::watch::Watch;
use crate::ui::StyleSheet;
use crate::view;

/// What the server has kept.
#[cfg(feature = "ssr")]
pub(super) async fn last_hour(id: InstanceId) -> Result<Past, crate::ApiError> {
    let telemetry = expect_context::<engine::Engine>().telemetry;
    past::Stretch::HOUR
        .of_instances(&telemetry, &id.to_string())
        .await
}

/// The charts of one instance.
#[component]
pub(crate) fn LoadSection(
    /// Whose.
    row: Row,
    /// Its last hour, among others.
    details: Fetched,
) -> impl IntoView {
    view! {
        <StyleSheet name="monitoring" />
        <section class="section" id="sec-load">
            <h3 class="section__title">{t("Load")}</h3>
            {fetch::show(details, ViewFn::default(), move |answer| match answer.read_any::<Details>() {
                Some(Ok(details)) => view! { <Charts row past=details.past /> },
                _ => ().into_any(),
            })}
        </section>
    }
}

#[component]
fn Charts(
    /// Whose.
    row: Row,
    /// Its last hour.
    past: Past,
) -> impl IntoView {
    let subject = past::instance(row.id);
    // Of the machine nothing is drawn here.
    let watch = Watch::new(Readings::default(), Past::default(), past, 1);
    watch.listen(Callback::new(|()| ()));
    let has = move |metric: &'static str| {
        let subject = past::instance(row.id);
        crate::ui::memo(move || {
            watch
                .instances
                .with(|past| past.values(&subject, metric).iter().any(Option::is_some))
        })
    };
    let plot = move |metric, noun, tone, unit| Plot {
        lines: vec![Line {
            subject: subject.clone(),
            metric,
            noun,
            tone,
        }],
        unit,
        top: None,
        size: "chart__plot--sm",
        marks_of: subject.clone(),
    };
    let (measured, on_gpu) = (has("cpu_percent"), has("gpu_memory"));
    move || {
        if !measured.get() {
            return view! { <p class="faint">{t("Nothing was measured in the last hour: it did not run.")}</p> };
        }
        let chart = |title: &'static str, plot: Plot| {
            let times = [t("1 h ago"), t("30 min"), t("now")]
                .map(ToOwned::to_owned)
                .to_vec();
            view! {
                <div class="section__chart">
                    <h4 class="reading__label">{title}</h4>
                    <Chart plot past=watch.instances times />
                </div>
            }
        };
        view! {
            <div class="section__charts">
                {chart(t("CPU, 100 % = one core"), plot("cpu_percent", t("CPU load"), "", Unit::Percent))}
                {chart(t("RAM"), plot("memory", t("Memory in use"), "is-memory", Unit::Bytes))}
                {on_gpu.get().then(|| chart(t("VRAM"), plot("gpu_memory", t("VRAM"), "is-memory", Unit::GpuMemory)))}
            </div>
        }
    }
}
