//! Data of dialogs and tools that the server has to look for: fetched outside of everything that waits, when one is
//! first looked at, and kept while others are.

use leptos::prelude::*;
use types::instances::InstanceId;

use crate::address::Address;
use crate::fetch::{Fetched, Key, Subject, fetch};
use crate::tools::Tool;

/// What dialogs and tools begin with.
#[derive(Clone, Copy)]
pub struct Prepared {
    /// What the deletion, the clone, or the start named in the address would come to, or all jobs. One of them at a time is
    /// open, and one resource costs browsers less than three.
    pub question: Fetched,
    /// What the environment holds.
    pub environment: Fetched,
    /// The instance's jobs.
    pub jobs: Fetched,
    /// The wheels.
    pub wheels: Fetched,
    /// What is and was built.
    pub builds: Fetched,
    again: RwSignal<u32>,
}

impl Prepared {
    /// Makes the context; the page calls it.
    pub fn provide() {
        let (again, never) = (RwSignal::new(0), RwSignal::new(0));
        let (environment, wheels) = (looked_at(Tool::Environment), looked_at(Tool::Wheels));
        provide_context(Self {
            question: fetch(asked_about),
            environment: prepare(Subject::Environment, environment, again),
            jobs: prepare(Subject::Jobs, environment, never),
            wheels: prepare(Subject::Wheels, wheels, again),
            builds: prepare(Subject::Builds, wheels, never),
            again,
        });
    }

    /// Fetches anew what a job may have changed.
    pub fn again(self) {
        self.again.try_update(|count| *count += 1);
    }
}

/// Fetches one subject about an instance, and anew when `again` changes.
fn prepare(subject: Subject, of: RwSignal<Option<InstanceId>>, again: RwSignal<u32>) -> Fetched {
    fetch(move || {
        Some(Key {
            age: again.get(),
            ..Key::about(subject, of.get()?)
        })
    })
}

/// What is open over the table: an instance that is to be cloned or deleted, or the jobs, which are of none.
fn asked_about() -> Option<Key> {
    let address = Address::get();
    let subjects = [
        ("clone", Subject::Clone),
        ("delete", Subject::Deletion),
        ("jobs", Subject::Recent),
        ("start", Subject::Start),
    ];
    let open = |(key, subject)| Some(Key::about(subject, InstanceId(address.number(key)?)));
    subjects.into_iter().find_map(open)
}

/// The instance whose tool was looked at last.
fn looked_at(tool: Tool) -> RwSignal<Option<InstanceId>> {
    let address = Address::get();
    let now = move || {
        let is_shown = Tool::of(address.text("tool").as_deref()) == tool;
        is_shown.then(|| address.number("log").map(InstanceId)).flatten()
    };
    let last = RwSignal::new(untrack(now));
    crate::ui::effect(move || {
        let now = now();
        if now.is_some() && last.get_untracked() != now {
            last.set(now);
        }
    });
    last
}
