//! The dashboard: the table of instances and what people do with it.

mod rows;

use leptos::prelude::*;
use types::instances::Instance;

pub use rows::{Row, Rows};

use crate::ApiError;

/// Every instance, with links as the asking browser sees them.
#[server(prefix = "/fn", endpoint = "list_instances")]
pub(crate) async fn list_instances() -> Result<Vec<Instance>, ApiError> {
    let origin = expect_context::<crate::links::RequestOrigin>();
    let instances = expect_context::<engine::Engine>().instances.list().await?;
    Ok(instances
        .into_iter()
        .map(|instance| origin.link(instance))
        .collect())
}

/// The dashboard.
#[component]
pub fn InstancesPage() -> impl IntoView {
    view! { <h1>"Instances"</h1> }
}
