//! What people give to create and to change an instance.

use serde::{Deserialize, Deserializer, Serialize};

use super::{AccessPattern, InstanceId, PublicAccess, RestartPolicy};
#[cfg(feature = "openapi")]
use crate::desktops::DesktopSettings;

/// What a person gives to create an instance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct NewInstance {
    /// Checked by [`crate::names::InstanceName`].
    pub name: String,
    /// File name of a blueprint, with or without `.sh`.
    pub base_blueprint: String,
    /// `0,1` or UUIDs; none or empty = all.
    pub gpu_ids: Option<String>,
    /// Start with the panel.
    pub autostart: bool,
    /// Own desktop.
    pub persistent_mode: bool,
    /// What was chosen for it.
    #[cfg(feature = "openapi")]
    pub desktop: DesktopSettings,
    /// A port of the range; none = the lowest free one.
    #[serde(alias = "port")]
    pub public_port: Option<u16>,
    /// Folder below `outputs/`.
    pub output_path: Option<String>,
    /// Wanted version.
    pub python_version: Option<String>,
    /// Wanted version.
    pub cuda_version: Option<String>,
    /// Wanted version.
    pub torch_version: Option<String>,
    /// `NAME=value` lines.
    pub env_vars: String,
    /// Extra arguments.
    pub launch_args: String,
    /// What happens when the app ends by itself.
    pub restart_policy: RestartPolicy,
}

/// A change: only the fields that are given. `null` empties a field that may be empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct InstanceChange {
    /// The row as the person saw it; a stale one is refused. None = do not check.
    pub row_version: Option<i64>,
    /// New name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// New blueprint; a `launch.sh` that somebody edited is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_blueprint: Option<String>,
    /// New GPU choice.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub gpu_ids: Option<Option<String>>,
    /// Start with the panel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autostart: Option<bool>,
    /// Own desktop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persistent_mode: Option<bool>,
    /// What was chosen for it, as a whole.
    #[cfg(feature = "openapi")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desktop: Option<DesktopSettings>,
    /// New public port.
    #[serde(
        alias = "port",
        skip_serializing_if = "Option::is_none",
        deserialize_with = "given"
    )]
    pub public_port: Option<Option<u16>>,
    /// New link style.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_pattern: Option<AccessPattern>,
    /// Who may use the public port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_access: Option<PublicAccess>,
    /// New host name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Whether it overrides the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_custom_hostname: Option<bool>,
    /// New output folder.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub output_path: Option<Option<String>>,
    /// Wanted version.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub python_version: Option<Option<String>>,
    /// Wanted version.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub cuda_version: Option<Option<String>>,
    /// Wanted version.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub torch_version: Option<Option<String>>,
    /// New variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env_vars: Option<String>,
    /// New arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch_args: Option<String>,
    /// New restart policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_policy: Option<RestartPolicy>,
}

/// Tells "given as null" from "not given".
fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// What saving a change would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangePreview {
    /// Which instance.
    pub id: InstanceId,
    /// Its present name.
    pub name: String,
    /// Columns whose value really changes, by their names.
    pub changed: Vec<String>,
    /// Whether it runs and would have to restart for the change to take effect.
    pub restarts: bool,
    /// Why it cannot be saved; none when it can.
    pub problem: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_and_absent_are_different_changes() {
        let emptied: InstanceChange = serde_json::from_str(r#"{"public_port":null}"#).unwrap();
        assert_eq!(emptied.public_port, Some(None));
        let kept: InstanceChange = serde_json::from_str("{}").unwrap();
        assert_eq!(kept.public_port, None);
        let old_client: InstanceChange = serde_json::from_str(r#"{"port":19001}"#).unwrap();
        assert_eq!(old_client.public_port, Some(Some(19001)));
    }

    #[test]
    fn a_change_survives_the_wire() {
        let change = InstanceChange {
            gpu_ids: Some(None),
            autostart: Some(true),
            ..Default::default()
        };
        let text = serde_json::to_string(&change).unwrap();
        assert_eq!(serde_json::from_str::<InstanceChange>(&text).unwrap(), change);
    }
}
