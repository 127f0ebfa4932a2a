//! How the apps of blueprints did last: what the instances that were made from them say.

use types::blueprints::{Blueprint, LastResult, Listed, Outcome};
use types::instances::{Instance, Status};

/// Every blueprint with what its instances tell.
pub fn with_results(blueprints: Vec<Blueprint>, instances: &[Instance]) -> Vec<Listed> {
    let listed = blueprints.into_iter().map(|blueprint| {
        let own = || {
            instances
                .iter()
                .filter(|instance| instance.base_blueprint == blueprint.filename)
        };
        Listed {
            last: own().filter_map(result).max_by_key(|result| result.at),
            instances: u32::try_from(own().count()).unwrap_or(u32::MAX),
            blueprint,
        }
    });
    listed.collect()
}

fn result(instance: &Instance) -> Option<LastResult> {
    let outcome = match instance.status {
        Status::Started => Outcome::Ready,
        Status::Error | Status::Stalled => Outcome::Failed,
        Status::Stopped | Status::Stopping if instance.run > 0 => Outcome::Ran,
        _ => return None,
    };
    Some(LastResult {
        outcome,
        at: instance.status_since,
        instance: instance.name.clone(),
        reason: match outcome {
            Outcome::Failed => instance.status_reason.clone(),
            _ => String::new(),
        },
    })
}
