//! What a person has typed into a row and not saved yet. It is kept apart from what the server says, so
//! that a change of status never touches a field somebody is typing in.

use std::collections::{BTreeMap, BTreeSet};

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
    pub const EVERY: [Self; 12] = [
        Self::Name,
        Self::Blueprint,
        Self::Gpus,
        Self::Autostart,
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
            Self::Name => "Name",
            Self::Blueprint => "Blueprint",
            Self::Gpus => "GPUs",
            Self::Autostart => "Autostart",
            Self::Port => "Port",
            Self::OutputPath => "Output folder",
            Self::RestartPolicy => "Restart",
            Self::LaunchArgs => "Launch arguments",
            Self::EnvVars => "Environment variables",
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
        let text = text.replace("\r\n", "\n");
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
            (Self::Autostart, "true") => "on".to_owned(),
            (Self::Autostart, _) => "off".to_owned(),
            (Self::Gpus, "") => "all".to_owned(),
            (_, "") => "empty".to_owned(),
            _ => text,
        }
    }
}

/// The word of a restart policy in forms.
pub fn policy_word(policy: RestartPolicy) -> &'static str {
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

/// The edits of one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The row as it was when the editing began.
    began: Instance,
    /// Cells that are shown as fields.
    open: BTreeSet<Field>,
    /// Values that differ from the row.
    values: BTreeMap<Field, String>,
    /// What is wrong with it: the server refused it, or somebody else changed the row.
    pub problem: Option<String>,
}

impl Draft {
    /// Begins without a change.
    pub fn new(began: Instance) -> Self {
        Self {
            began,
            open: BTreeSet::new(),
            values: BTreeMap::new(),
            problem: None,
        }
    }

    /// Shows a cell as a field.
    pub fn open(&mut self, field: Field) {
        self.open.insert(field);
    }

    /// Whether a cell is shown as a field.
    pub fn is_open(&self, field: Field) -> bool {
        self.open.contains(&field)
    }

    /// Takes a text over; typing the old value back is no change.
    pub fn set(&mut self, field: Field, text: String) {
        self.problem = None;
        if text == field.read(&self.began) {
            self.values.remove(&field);
        } else {
            self.values.insert(field, text);
        }
    }

    /// The text of a field.
    pub fn value(&self, field: Field) -> String {
        self.values
            .get(&field)
            .cloned()
            .unwrap_or_else(|| field.read(&self.began))
    }

    /// The row's value where the draft has another one.
    pub fn was(&self, field: Field) -> Option<String> {
        self.values
            .contains_key(&field)
            .then(|| field.spoken(&self.began))
    }

    /// Whether something differs from the row.
    pub fn is_changed(&self) -> bool {
        !self.values.is_empty()
    }

    /// What to send.
    pub fn change(&self) -> InstanceChange {
        let mut change = InstanceChange {
            row_version: Some(self.began.row_version),
            ..Default::default()
        };
        for (field, text) in &self.values {
            field.write(&mut change, text);
        }
        change
    }

    /// Somebody else changed the row: says what it holds now, and builds on that from here on.
    pub fn meet(&mut self, present: Instance) {
        let changed: Vec<String> = Field::EVERY
            .into_iter()
            .filter(|field| field.read(&self.began) != field.read(&present))
            .map(|field| format!("{} is now {}", field.label(), field.spoken(&present)))
            .collect();
        let what = if changed.is_empty() {
            "It holds the same values again".to_owned()
        } else {
            changed.join(", ")
        };
        self.problem = Some(format!(
            "Somebody else changed “{}” meanwhile. {what}. Save again to put your values over it, or undo.",
            present.name
        ));
        self.values.retain(|field, text| *text != field.read(&present));
        self.began = present;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance() -> Instance {
        serde_json::from_str(
            r#"{"id":3,"name":"a","slug":"a","dir":"a","parent_instance_id":null,"base_blueprint":"X.sh",
            "gpu_ids":null,"autostart":false,"persistent_mode":false,"public_port":19001,"port_active":true,
            "access_pattern":"port","public_access":"login","hostname":"","use_custom_hostname":false,
            "output_path":null,"python_version":null,"cuda_version":null,"torch_version":null,"env_vars":"",
            "launch_args":"","restart_policy":"never","sort_order":0,"row_version":7,"created_at":0,
            "updated_at":0,"status":"stopped","status_reason":"","status_since":0,"pid":null,"exit_code":null,
            "started_at":null,"internal_port":null,"desktop_display":null,"desktop_port":null,
            "health":"unknown","restarts":0,"run":0,"open_url":"","blueprint_name":"X"}"#,
        )
        .unwrap()
    }

    #[test]
    fn typing_the_old_value_back_is_no_change() {
        let mut draft = Draft::new(instance());
        draft.set(Field::Name, "b".to_owned());
        assert!(draft.is_changed());
        assert_eq!(draft.was(Field::Name).as_deref(), Some("a"));
        draft.set(Field::Name, "a".to_owned());
        assert!(!draft.is_changed());
    }

    #[test]
    fn only_what_differs_is_sent() {
        let mut draft = Draft::new(instance());
        draft.set(Field::Gpus, "0,1".to_owned());
        draft.set(Field::Port, String::new());
        let change = draft.change();
        assert_eq!(change.row_version, Some(7));
        assert_eq!(change.gpu_ids, Some(Some("0,1".to_owned())));
        assert_eq!(change.public_port, Some(None));
        assert_eq!((change.name, change.env_vars), (None, None));
    }

    #[test]
    fn every_field_survives_reading_and_writing() {
        let row = instance();
        for field in Field::EVERY {
            let mut change = InstanceChange::default();
            field.write(&mut change, &field.read(&row));
            assert_ne!(change, InstanceChange::default(), "{field:?} is not written");
        }
        let mut change = InstanceChange::default();
        Field::EnvVars.write(&mut change, "A=1\r\nB=2");
        assert_eq!(change.env_vars.as_deref(), Some("A=1\nB=2"));
    }

    #[test]
    fn a_conflict_names_the_present_values_and_keeps_the_typed_ones() {
        let mut draft = Draft::new(instance());
        draft.set(Field::Name, "mine".to_owned());
        let mut theirs = instance();
        theirs.gpu_ids = Some("1".to_owned());
        theirs.row_version = 8;
        draft.meet(theirs);
        let problem = draft.problem.clone().unwrap();
        assert!(problem.contains("GPUs is now 1"), "{problem}");
        assert_eq!(draft.value(Field::Name), "mine");
        assert_eq!(draft.change().row_version, Some(8));
    }
}
