//! Who answers what pages are rendered from.

use types::instances::InstanceId;

use super::{Key, Packed, Subject};
use crate::ApiError;
use crate::jobs::FirstJobs;
use crate::jobs::recent::LATELY;
use crate::tools::{environment, script, wheels};
use crate::{alerts, blueprints, instances, logs, monitoring, telemetry, trash};

/// The answer to a key.
pub(super) async fn answer(key: Key) -> Result<Packed, ApiError> {
    // No instance has this number, so who forgets to say which is told that there is none.
    let id = key.id.unwrap_or(InstanceId(0));
    match key.subject {
        Subject::Dashboard => Packed::of(instances::load_dashboard(key.number.is_some()).await?),
        Subject::Log => Packed::of(logs::open_log(key.id, key.number).await?),
        Subject::Details => Packed::of(instances::drawer::load_details(id).await?),
        Subject::Deletion => Packed::of(instances::delete::preview_deletion(id).await?),
        Subject::Clone => Packed::of(instances::clone::preview_clone(id).await?),
        Subject::Machine => Packed::of(telemetry::latest_sample()),
        Subject::Start => Packed::of(instances::start::load_fit(id).await?),
        Subject::Gpus => Packed::of(instances::fields::gpus::load_gpus().await?),
        Subject::Alerts => Packed::of(alerts::load_alerts().await?),
        Subject::Environment => Packed::of(environment::open_environment(id).await?),
        Subject::Jobs => Packed::of(environment::open_jobs(id).await),
        Subject::Recent => Packed::of(FirstJobs::of(LATELY, |_| true).await),
        Subject::Wheels => Packed::of(wheels::open_wheels(id).await?),
        Subject::Builds => Packed::of(wheels::open_builds().await),
        Subject::Script => Packed::of(script::open_page(id, key.number.unwrap_or_default()).await?),
        Subject::Blueprints => Packed::of(blueprints::manage_blueprints(key.text).await?),
        Subject::Trash => Packed::of(trash::load_trash(key.text).await?),
        Subject::Monitoring => Packed::of(monitoring::load_monitoring(key.text).await?),
        Subject::Load => Packed::of(telemetry::load::lately().await?),
    }
}
