//! The question before a start that would not find enough GPU memory.

use leptos::prelude::*;
use types::gpus::GpuFit;
use types::instances::Instance;

use super::{Area, Frame};
use crate::language::{fill, t};
use crate::paths::at;
use crate::view;

/// The page.
pub fn page(frame: &Frame, instance: &Instance, fit: &GpuFit) -> String {
    let own = format!("/lite/instances/{}", instance.id);
    let start = format!("{own}/start");
    let elsewhere = fit.elsewhere.as_ref().map(|gpu| {
        let index = gpu.index.to_string();
        let inside = view! {
            <input type="hidden" name="gpu" value=index.clone() />
            <input type="submit" class="p" value=fill("Start on GPU {} instead", &[&index]) />
        };
        frame.form(&start, inside)
    });
    let rival = fit.rival.as_ref().and_then(|rival| {
        let inside = view! {
            <input type="hidden" name="rival" value=rival.instance?.0 />
            <input type="submit" value=fill("Stop {}, then start", &[&rival.name]) />
        };
        Some(frame.form(&start, inside))
    });
    let anyway = view! {
        <input type="hidden" name="anyway" value="true" />
        <input type="submit" value=t("Start anyway") />
    };
    let content = view! {
        <div class="box">
            <p>{fit.warning.clone()}</p>
            <p>{t("Started anyway, it may end with “CUDA out of memory”. Nothing else stops.")}</p>
        </div>
        <div class="bs">
            <a class="bt" href=at(&own)>{t("Cancel")}</a>
            " "
            {frame.form(&start, anyway)}
            " "
            {rival}
            " "
            {elsewhere}
        </div>
    };
    let title = fill("{} may not find enough GPU memory", &[&instance.name]);
    frame.page(Area::Instances, &title, content)
}
