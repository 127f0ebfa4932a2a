//! What the script begins with: a reading, the minutes before it, and the words to use.

use leptos::prelude::*;
use serde::Serialize;
use types::telemetry::Readings;

use crate::language::{of_request, speaking, t};
use crate::telemetry::past::{Past, Stretch};

/// All of it.
#[derive(Serialize)]
pub(crate) struct Lately {
    words: Words,
    readings: Readings,
    past: Past,
}

/// In the language of the page.
#[derive(Serialize)]
struct Words {
    point: &'static str,
    cpu: &'static str,
    ram: &'static str,
    vram: &'static str,
    mb: &'static str,
    gb: &'static str,
    gib: &'static str,
    lately: &'static str,
    gpu: &'static str,
    memory: &'static str,
    degrees: &'static str,
    watts: &'static str,
}

impl Words {
    fn spoken() -> Self {
        Self {
            point: t("."),
            cpu: t("CPU"),
            ram: t("RAM"),
            vram: t("VRAM"),
            mb: t("{} MB"),
            gb: t("{} GB"),
            gib: t("{} GiB"),
            lately: t("{} in the last two minutes, now {}"),
            gpu: t("Load and memory of GPU {} in the last two minutes"),
            memory: t("VRAM {} of {} GiB"),
            degrees: t("{} °C"),
            watts: t("{} W"),
        }
    }
}

/// The last two minutes of everything the dashboard shows.
pub(crate) async fn lately() -> Result<Lately, crate::ApiError> {
    let telemetry = expect_context::<engine::Engine>().telemetry;
    // What is no page speaks English; this is for a page.
    let language = use_context::<http::request::Parts>().map(|parts| of_request(&parts.headers));
    Ok(Lately {
        words: speaking(language.unwrap_or_default(), Words::spoken),
        past: Stretch::LATELY.of_dashboard(&telemetry).await?,
        readings: telemetry.readings().as_ref().clone(),
    })
}
