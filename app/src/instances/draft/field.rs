//! The columns a person may edit: what they are called, and how they read as text.

use crate::language::t;
use types::instances::{Instance, InstanceChange, RestartPolicy};

/// A column a person may edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// `name`
    Name,
    /// `base_blueprint`
    Blueprint,
    /// `gpu_ids`
    Gpus,
    /// `autostart`
    Autostart,
    /// `persistent_mode`
    Desktop,
    /// `public_port`
    Port,
    /// `output_path`
    OutputPath,
    /// `restart_policy`
    RestartPolicy,
    /// `launch_args`
    LaunchArgs,
    /// `env_vars`
    EnvVars,
    /// `python_version`
    Python,
    /// `cuda_version`
    Cuda,
    /// `torch_version`
    Torch,
}

impl Field {
    /// In the order of the form.
    pub const EVERY: [Self; 13] = [
        Self::Name,
        Self::Blueprint,
        Self::Gpus,
        Self::Autostart,
        Self::Desktop,
        Self::Port,
        Self::OutputPath,
        Self::RestartPolicy,
        Self::LaunchArgs,
        Self::EnvVars,
        Self::Python,
        Self::Cuda,
        Self::Torch,
    ];

    /// Those a row of the table shows.
    pub const IN_ROW: [Self; 4] = [Self::Name, Self::Blueprint, Self::Gpus, Self::Port];

    /// The column of the API.
    pub fn column(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Blueprint => "base_blueprint",
            Self::Gpus => "gpu_ids",
            Self::Autostart => "autostart",
            Self::Desktop => "persistent_mode",
            Self::Port => "public_port",
            Self::OutputPath => "output_path",
            Self::RestartPolicy => "restart_policy",
            Self::LaunchArgs => "launch_args",
            Self::EnvVars => "env_vars",
            Self::Python => "python_version",
            Self::Cuda => "cuda_version",
            Self::Torch => "torch_version",
        }
    }

    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Name => t("Name"),
            Self::Blueprint => t("Blueprint"),
            Self::Gpus => t("GPUs"),
            Self::Autostart => t("Autostart"),
            Self::Desktop => t("Persistent UI"),
            Self::Port => t("Port"),
            Self::OutputPath => t("Output folder"),
            Self::RestartPolicy => t("Restart"),
            Self::LaunchArgs => t("Launch arguments"),
            Self::EnvVars => t("Environment variables"),
            Self::Python => "Python",
            Self::Cuda => "CUDA",
            Self::Torch => "torch",
        }
    }

    /// The label of a column, as previews and conflicts name it.
    pub fn label_of(column: &str) -> &str {
        Self::EVERY
            .into_iter()
            .find(|field| field.column() == column)
            .map_or(column, |field| field.label())
    }

    /// Its text in a row.
    pub fn read(self, instance: &Instance) -> String {
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        match self {
            Self::Name => instance.name.clone(),
            Self::Blueprint => instance.base_blueprint.clone(),
            Self::Gpus => optional(&instance.gpu_ids),
            Self::Autostart => instance.autostart.to_string(),
            Self::Desktop => instance.persistent_mode.to_string(),
            Self::Port => instance
                .public_port
                .map(|port| port.to_string())
                .unwrap_or_default(),
            Self::OutputPath => optional(&instance.output_path),
            Self::RestartPolicy => policy_word(instance.restart_policy).to_owned(),
            Self::LaunchArgs => instance.launch_args.clone(),
            Self::EnvVars => instance.env_vars.clone(),
            Self::Python => optional(&instance.python_version),
            Self::Cuda => optional(&instance.cuda_version),
            Self::Torch => optional(&instance.torch_version),
        }
    }

    /// Puts a text into a change. The server checks it; only what no text can mean is dropped here.
    pub fn write(self, change: &mut InstanceChange, text: &str) {
        // Forms send lines with CR LF.
        let text = text.replace('\r', "");
        let optional = |text: &str| {
            Some(text.trim())
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        match self {
            Self::Name => change.name = Some(text),
            Self::Blueprint => change.base_blueprint = Some(text),
            Self::Gpus => change.gpu_ids = Some(optional(&text)),
            Self::Autostart => change.autostart = Some(text == "true"),
            Self::Desktop => change.persistent_mode = Some(text == "true"),
            Self::Port => change.public_port = Some(text.trim().parse().ok()),
            Self::OutputPath => change.output_path = Some(optional(&text)),
            Self::RestartPolicy => change.restart_policy = policy_of(&text),
            Self::LaunchArgs => change.launch_args = Some(text),
            Self::EnvVars => change.env_vars = Some(text),
            Self::Python => change.python_version = Some(optional(&text)),
            Self::Cuda => change.cuda_version = Some(optional(&text)),
            Self::Torch => change.torch_version = Some(optional(&text)),
        }
    }

    /// Its value in a row, as a sentence names it.
    pub fn spoken(self, instance: &Instance) -> String {
        let text = self.read(instance);
        match (self, text.as_str()) {
            (Self::Autostart | Self::Desktop, "true") => t("on").to_owned(),
            (Self::Autostart | Self::Desktop, _) => t("off").to_owned(),
            (Self::Gpus, "") => t("all").to_owned(),
            (_, "") => t("empty").to_owned(),
            _ => text,
        }
    }
}

/// The word of a restart policy in forms.
fn policy_word(policy: RestartPolicy) -> &'static str {
    match policy {
        RestartPolicy::Never => "never",
        RestartPolicy::OnFailure => "on-failure",
        RestartPolicy::Always => "always",
    }
}

fn policy_of(text: &str) -> Option<RestartPolicy> {
    [
        RestartPolicy::Never,
        RestartPolicy::OnFailure,
        RestartPolicy::Always,
    ]
    .into_iter()
    .find(|policy| policy_word(*policy) == text)
}
