//! Public ports: what came of activating or deactivating one.

use serde::{Deserialize, Serialize};

use crate::instances::Instance;

/// The answer to *Activate* and *Deactivate*.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Activation {
    /// Whether it is now as it was asked for.
    pub success: bool,
    /// Another instance has the port: asked again with `force`, the port is taken over.
    pub conflict: bool,
    /// The name of that other instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflicting_instance_name: Option<String>,
    /// A sentence for people.
    pub message: String,
    /// The instance as it is now; none on a conflict, which changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<Box<Instance>>,
}

impl Activation {
    /// It was done.
    pub fn done(message: String, instance: Instance) -> Self {
        Self {
            success: true,
            conflict: false,
            conflicting_instance_name: None,
            message,
            instance: Some(Box::new(instance)),
        }
    }

    /// Another instance has the port, and nothing was changed.
    pub fn conflict(port: u16, holder: String) -> Self {
        Self {
            success: false,
            conflict: true,
            message: format!("Port {port} is used by “{holder}”. Taking it over makes “{holder}” inactive."),
            conflicting_instance_name: Some(holder),
            instance: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_reads_as_older_clients_know_it() {
        let text = serde_json::to_value(Activation::conflict(19001, "A".to_owned())).unwrap();
        let object = text.as_object().unwrap();
        assert_eq!(object["success"], false);
        assert_eq!(object["conflict"], true);
        assert_eq!(object["conflicting_instance_name"], "A");
        assert!(object["message"].as_str().unwrap().contains("19001"));
        assert_eq!(object.len(), 4);
    }
}
