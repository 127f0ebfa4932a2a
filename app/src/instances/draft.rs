//! What a person has typed into a row and not saved yet. It is kept apart from what the server says, so
//! that a change of status never touches a field somebody is typing in.

mod field;

use crate::few::Few;
use crate::language::{fill, t};
use types::instances::{Instance, InstanceChange};

pub use self::field::Field;

/// The edits of one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The row as it was when the editing began.
    began: Instance,
    /// Cells that are shown as fields.
    open: Vec<Field>,
    /// Values that differ from the row.
    values: Few<Field, String>,
    /// What is wrong with it: the server refused it, or somebody else changed the row.
    pub problem: Option<String>,
}

impl Draft {
    /// Begins without a change.
    pub fn new(began: Instance) -> Self {
        Self {
            began,
            open: Vec::new(),
            values: Few::default(),
            problem: None,
        }
    }

    /// Shows a cell as a field.
    pub fn open(&mut self, field: Field) {
        if !self.open.contains(&field) {
            self.open.push(field);
        }
    }

    /// Whether a cell is shown as a field.
    pub fn is_open(&self, field: Field) -> bool {
        self.open.contains(&field)
    }

    /// Takes a text over; typing the old value back is no change.
    pub fn set(&mut self, field: Field, text: String) {
        self.problem = None;
        if text == field.read(&self.began) {
            self.values.remove(field);
        } else {
            self.values.insert(field, text);
        }
    }

    /// The text of a field.
    pub fn value(&self, field: Field) -> String {
        self.values
            .get(field)
            .cloned()
            .unwrap_or_else(|| field.read(&self.began))
    }

    /// The row's value where the draft has another one.
    pub fn was(&self, field: Field) -> Option<String> {
        self.values.has(field).then(|| field.spoken(&self.began))
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
        for (field, text) in self.values.iter() {
            field.write(&mut change, text);
        }
        change
    }

    /// The row became another version without a change to what can be edited here, such as by its kind of link.
    pub fn catch_up(&mut self, present: &Instance) {
        let same = |field: &Field| field.read(&self.began) == field.read(present);
        if self.began.row_version != present.row_version && Field::EVERY.iter().all(same) {
            self.began = present.clone();
        }
    }

    /// What was sent is saved; what was typed since then stays.
    pub fn saved(&mut self, sent: &InstanceChange, present: Instance) {
        self.values.retain(|field, text| {
            let mut again = sent.clone();
            field.write(&mut again, text);
            again != *sent && *text != field.read(&present)
        });
        self.began = present;
        self.problem = None;
    }

    /// Somebody else changed the row: says what it holds now, and builds on that from here on.
    pub fn meet(&mut self, present: Instance) {
        let changed: Vec<String> = Field::EVERY
            .into_iter()
            .filter(|field| field.read(&self.began) != field.read(&present))
            .map(|field| fill("{} is now {}", &[field.label(), &field.spoken(&present)]))
            .collect();
        let what = if changed.is_empty() {
            t("It holds the same values again").to_owned()
        } else {
            changed.join(", ")
        };
        self.problem = Some(fill(
            "Somebody else changed “{}” meanwhile. {}. Save again to put your values over it, or undo.",
            &[&present.name, &what],
        ));
        self.values.retain(|field, text| *text != field.read(&present));
        self.began = present;
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn instance() -> Instance {
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

    #[test]
    fn what_is_typed_while_it_is_saved_stays() {
        let mut draft = Draft::new(instance());
        draft.set(Field::Name, " mine ".to_owned());
        let sent = draft.change();
        draft.set(Field::Gpus, "1".to_owned());
        let mut saved = instance();
        saved.name = "mine".to_owned();
        saved.row_version = 8;
        draft.saved(&sent, saved);
        assert_eq!(draft.was(Field::Name), None);
        assert_eq!(draft.value(Field::Name), "mine");
        assert_eq!(draft.value(Field::Gpus), "1");
        assert_eq!(draft.change().row_version, Some(8));
    }

    #[test]
    fn a_version_that_changed_nothing_here_is_no_conflict() {
        let mut draft = Draft::new(instance());
        draft.set(Field::Name, "mine".to_owned());
        let mut elsewhere = instance();
        elsewhere.access_pattern = types::instances::AccessPattern::Path;
        elsewhere.row_version = 8;
        draft.catch_up(&elsewhere);
        assert_eq!(draft.change().row_version, Some(8));
        let mut renamed = instance();
        renamed.name = "theirs".to_owned();
        renamed.row_version = 9;
        draft.catch_up(&renamed);
        assert_eq!(draft.change().row_version, Some(8));
    }
}
