//! What the palette can do.

use crate::language::{fill, t};
use leptos::prelude::*;
use types::instances::{Instance, InstanceId, Status};

use super::{Desk, Pane, Wish};
use crate::address::{Address, History};
use crate::browser;
use crate::instances::commands::{Commands, Verb};
use crate::instances::filter::Filter;
use crate::instances::{Row, Rows};
use crate::paths::at;
use crate::tools::Tool;

/// One entry.
#[derive(Clone)]
pub(super) struct Command {
    /// What is shown, and searched.
    pub(super) words: String,
    /// Said beside it.
    pub(super) note: String,
    pub(super) icon: &'static str,
    act: Act,
}

#[derive(Clone)]
enum Act {
    /// To an address of the dashboard.
    Visit(String),
    /// To another page.
    Leave(String),
    /// To an app, in a tab of its own.
    Open(String),
    Run(Verb, InstanceId),
    Wish(Wish),
    TurnTheme,
}

impl Command {
    fn new(words: impl Into<String>, icon: &'static str, act: Act) -> Self {
        Self {
            words: words.into(),
            note: String::new(),
            icon,
            act,
        }
    }

    /// Whether every word that was typed is in it; lower case is expected.
    pub(super) fn fits(&self, typed: &str) -> bool {
        let words = self.words.to_lowercase();
        typed.split_whitespace().all(|part| words.contains(part))
    }

    /// Does it.
    pub(super) fn run(self, desk: Desk, commands: Commands, address: Address) {
        desk.done();
        match self.act {
            Act::Visit(to) => address.visit(&to, History::Push),
            Act::Leave(to) => {
                let _ = window().location().set_href(&to);
            }
            Act::Open(to) => {
                let _ = window().open_with_url_and_target_and_features(&to, "_blank", "noopener");
            }
            Act::Run(verb, id) => commands.run(verb, id),
            Act::Wish(wish) => desk.wish.set(Some(wish)),
            Act::TurnTheme => browser::toggle_theme(),
        }
    }
}

/// Everything that can be done now: of the instances first.
pub(super) fn all(rows: Rows) -> Vec<Command> {
    let mut all: Vec<Command> = rows.get_untracked().into_iter().flat_map(of_row).collect();
    all.extend(of_panel());
    all
}

fn of_row(row: Row) -> Vec<Command> {
    row.instance.with_untracked(|instance| {
        let mut list = Vec::new();
        let name = &instance.name;
        let mut add = |words: String, icon, act| {
            let note = instance.status.as_str().to_owned();
            list.push(Command {
                note,
                ..Command::new(words, icon, act)
            });
        };
        if instance.status == Status::Started {
            add(
                fill("Open {}", &[name]),
                "open",
                Act::Open(instance.open_url.clone()),
            );
        }
        for verb in [Verb::Start, Verb::Stop, Verb::Restart] {
            if verb.applies(instance.status) {
                add(
                    format!("{} {name}", verb.word()),
                    verb.icon(),
                    Act::Run(verb, row.id),
                );
            }
        }
        add(
            fill("Details of {}", &[name]),
            "info",
            Act::Visit(over_table("open", instance)),
        );
        for tool in Tool::EVERY {
            add(
                fill("{} of {}", &[tool.word(), name]),
                tool.icon(),
                Act::Visit(tool.href(row.id)),
            );
        }
        // As in the menu of its row.
        if instance.parent_instance_id.is_none() {
            for (key, words, icon) in [
                ("clone", fill("Clone {}…", &[name]), "copy"),
                ("satellite", fill("Add satellite to {}…", &[name]), "branch"),
                ("blueprint", fill("Save {} as a blueprint…", &[name]), "layers"),
            ] {
                add(words, icon, Act::Visit(over_table(key, instance)));
            }
        }
        add(
            fill("Delete {}…", &[name]),
            "trash",
            Act::Visit(over_table("delete", instance)),
        );
        list
    })
}

fn over_table(key: &str, instance: &Instance) -> String {
    let query = Address::get().query().with(key, Some(&instance.id.to_string()));
    at(&format!("/{}", query.address()))
}

fn of_panel() -> Vec<Command> {
    let mut list = vec![Command::new(t("New instance"), "plus", Act::Visit(at("/?new=1")))];
    let jobs = Address::get().query().with("jobs", Some("1"));
    list.push(Command::new(
        t("Jobs: what is under way"),
        "b-lines",
        Act::Visit(at(&format!("/{}", jobs.address()))),
    ));
    list.push(Command::new(
        t("Blueprints"),
        "grid",
        Act::Leave(at("/blueprints")),
    ));
    list.push(Command::new(t("Trash"), "trash", Act::Leave(at("/trash"))));
    for filter in Filter::EVERY {
        let words = fill("Show {} instances", &[&filter.word().to_lowercase()]);
        list.push(Command::new(words, "filter", Act::Visit(filter.href())));
    }
    for (pane, name) in Pane::EVERY
        .into_iter()
        .zip([t("instances"), t("tools"), t("machine")])
    {
        let words = fill("Zoom the {} pane", &[name]);
        list.push(Command::new(words, "search", Act::Wish(Wish::Zoom(pane))));
    }
    list.push(Command::new(t("Light or dark theme"), "sun", Act::TurnTheme));
    list.push(Command::new(
        t("Keyboard shortcuts"),
        "info",
        Act::Wish(Wish::Shortcuts),
    ));
    list.push(Command::new(
        t("Description of the API"),
        "b-lines",
        Act::Leave(at("/api/docs/")),
    ));
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_typed_word_has_to_be_there() {
        let command = Command::new("Stop My ComfyUI", "stop", Act::TurnTheme);
        assert!(command.fits("") && command.fits("comfy stop") && command.fits("my"));
        assert!(!command.fits("start comfy"));
    }
}
