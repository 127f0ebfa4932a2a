//! Alerts as a page: what is so now, what was, the rules, and who is told.
//!
//! Every step is a plain form that leads back to the page, with and without scripts. Scripts only refresh what is
//! shown when an alert begins or ends.

pub mod forms;
pub mod questions;
pub mod rules;
pub mod seen;
pub mod silences;
pub mod webhooks;
mod words;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use types::alerts::{Alert, AlertRule, Webhook};

use self::questions::Questions;
use self::rules::Rules;
use self::seen::{Now, Past};
use self::webhooks::Webhooks;
use crate::ApiError;
use crate::address::Address;
use crate::fetch::{self, Key, Subject, fetch};
use crate::language::{fill, t};
use crate::live::{Live, OfflineBanner};
use crate::shell::{BottomNav, TopBar, name_page};
use crate::ui::{ErrorNote, StyleSheet};
use crate::view;

/// Alerts that have ended, which are shown.
#[cfg(feature = "ssr")]
const SHOWN: usize = 50;

/// What the page is rendered from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertsData {
    /// The server's clock, Unix milliseconds.
    now: i64,
    /// What is so now, newest first.
    firing: Vec<Alert>,
    /// What was, newest first.
    past: Vec<Alert>,
    rules: Vec<AlertRule>,
    /// With concealed addresses.
    webhooks: Vec<Webhook>,
    /// What rules can watch: as the history names it, and as people do.
    subjects: Vec<(String, String)>,
}

/// Everything the page shows.
#[cfg(feature = "ssr")]
pub(crate) async fn load_alerts() -> Result<AlertsData, ApiError> {
    let engine = expect_context::<engine::Engine>();
    // What changes from now on is perhaps not seen.
    let now = engine::now_ms();
    let mut firing = engine.alerts.firing();
    firing.reverse();
    let known = firing.len() as u64 + SHOWN as u64;
    let mut past = engine.alerts.list(known).await?;
    past.retain(|alert| alert.ended_at.is_some());
    past.truncate(SHOWN);
    let webhooks = engine.alerts.webhooks().await?;
    Ok(AlertsData {
        now,
        firing,
        past,
        rules: engine.alerts.rules(),
        webhooks: webhooks.iter().map(Webhook::concealed).collect(),
        subjects: subjects(&engine).await?,
    })
}

#[cfg(feature = "ssr")]
async fn subjects(engine: &engine::Engine) -> Result<Vec<(String, String)>, ApiError> {
    let readings = engine.telemetry.readings();
    let mut subjects = vec![("machine".to_owned(), t("The machine").to_owned())];
    for gpu in &readings.gpus.gpus {
        let name = format!("GPU {} · {}", gpu.index, gpu.name);
        subjects.push((format!("gpu:{}", gpu.uuid), name));
    }
    for volume in &readings.volumes {
        let name = fill("The disk of {}", &[&volume.name]);
        subjects.push((format!("volume:{}", volume.name), name));
    }
    for row in engine.instances.list().await? {
        subjects.push((format!("instance:{}", row.id), row.name));
    }
    Ok(subjects)
}

/// The page.
#[component]
pub fn AlertsPage() -> impl IntoView {
    let looks = RwSignal::new(0_u32);
    let data = fetch(move || {
        Some(Key {
            age: looks.get(),
            ..Key::of(Subject::Alerts)
        })
    });
    let seen = StoredValue::new(0);
    look_when_something_happens(looks, seen);
    name_page(t("Alerts"));
    view! {
        <StyleSheet name="alerts" />
        <div class="app">
            <TopBar />
            <OfflineBanner />
            <main class="page page--alerts" id="main">
                {fetch::show_data(data, ViewFn::default(), move |data: AlertsData| {
                    seen.update_value(|seen| *seen = data.now.max(*seen));
                    view! { <Content data /> }
                })}
            </main>
            <BottomNav />
        </div>
    }
}

#[component]
fn Content(
    /// What the server said.
    data: AlertsData,
) -> impl IntoView {
    let address = Address::get();
    let is_asking = untrack(|| questions::is_open(address));
    // A question that is open says itself why it was refused.
    let refusal = untrack(|| address.text("__err")).filter(|_| !is_asking);
    let lead = match data.firing.len() {
        0 => t("All is quiet.").to_owned(),
        1 => t("One thing needs a look.").to_owned(),
        count => fill("{} things need a look.", &[&count.to_string()]),
    };
    let now = data.now;
    view! {
        <div class="page__head">
            <div>
                <h1 class="page__title">{t("Alerts")}</h1>
                <p class="page__lead">{lead}</p>
            </div>
        </div>
        {refusal.map(|error| view! { <ErrorNote text=ApiError::of_address(&error).to_string() /> })}
        <Now alerts=data.firing.clone() rules=data.rules.clone() now />
        <Rules rules=data.rules.clone() firing=data.firing.clone() subjects=data.subjects.clone() now />
        <Webhooks webhooks=data.webhooks.clone() now />
        <Past alerts=data.past.clone() now />
        <Questions data />
    }
}

/// Asks again when an alert begins or ends, unless a question is open: what is typed there would be gone. What happened
/// before the moment `seen` is on the page; every connection begins with when something happened last.
fn look_when_something_happens(looks: RwSignal<u32>, seen: StoredValue<i64>) {
    let (live, address) = (Live::get(), Address::get());
    crate::ui::effect(move || {
        live.start();
        let changed_at = live.alerts().get().map_or(0, |(_, at)| at);
        if changed_at >= seen.get_value().max(1) && !untrack(|| questions::is_open(address)) {
            seen.set_value(changed_at + 1);
            looks.update(|looks| *looks += 1);
        }
    });
}
