//! Which rows are shown: a choice in the address, so that it works without scripts and survives a reload.

use crate::address::{Address, History, Query};
use crate::language::t;
use crate::paths::at;
use crate::view;
use leptos::prelude::*;
use types::instances::{Health, Instance, InstanceId, Status};

use super::Rows;
use super::posted::{KEPT, is_plain};

/// A choice of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// Every row.
    #[default]
    All,
    /// What is ready.
    Running,
    /// What is on its way up or down.
    Changing,
    /// What a person should look at.
    Attention,
    /// What does not run.
    Stopped,
}

impl Filter {
    /// In the order they are offered.
    pub const EVERY: [Self; 5] = [
        Self::All,
        Self::Running,
        Self::Changing,
        Self::Attention,
        Self::Stopped,
    ];

    /// On the tab.
    pub fn word(self) -> &'static str {
        match self {
            Self::All => t("All"),
            Self::Running => t("Running"),
            Self::Changing => t("Changing"),
            Self::Attention => t("Attention"),
            Self::Stopped => t("Stopped"),
        }
    }

    /// What is said when it shows nothing.
    pub fn nothing(self) -> &'static str {
        match self {
            Self::All => t("There is no instance."),
            Self::Running => t("Nothing runs now."),
            Self::Changing => t("Nothing is starting or stopping now."),
            Self::Attention => t("Nothing needs attention. Good."),
            Self::Stopped => t("Nothing is stopped."),
        }
    }

    /// In the address.
    pub fn href(self) -> String {
        at(match self {
            Self::All => "/",
            Self::Running => "/?show=running",
            Self::Changing => "/?show=changing",
            Self::Attention => "/?show=attention",
            Self::Stopped => "/?show=stopped",
        })
    }

    /// What an address says; tracked.
    pub fn of(address: Address) -> Self {
        let text = address.text("show").unwrap_or_default();
        let mut every = Self::EVERY.into_iter();
        every
            .find(|filter| filter.word().eq_ignore_ascii_case(&text))
            .unwrap_or_default()
    }

    /// Whether it shows an instance.
    pub fn shows(self, instance: &Instance) -> bool {
        match self {
            Self::All => true,
            Self::Running => instance.status == Status::Started,
            Self::Changing => matches!(
                instance.status,
                Status::Queued | Status::Installing | Status::Starting | Status::Stopping
            ),
            Self::Attention => {
                matches!(instance.status, Status::Stalled | Status::Error)
                    || instance.status == Status::Started && instance.health == Health::Unhealthy
            }
            Self::Stopped => instance.status == Status::Stopped,
        }
    }
}

/// What the address says: which rows are shown, and what is open over them.
#[derive(Clone, Copy)]
pub struct Place {
    /// The rows that are shown.
    pub filter: Memo<Filter>,
    address: Address,
}

impl Place {
    /// The present address.
    pub fn from_address() -> Self {
        let address = Address::get();
        Self {
            filter: crate::ui::memo(move || Filter::of(address)),
            address,
        }
    }

    /// The instance a key of the address names; tracked.
    pub fn instance(self, key: &str) -> Option<InstanceId> {
        self.address.number(key).map(InstanceId)
    }

    /// The text behind a key of the address; tracked.
    pub fn text(self, key: &str) -> Option<String> {
        self.address.text(key)
    }

    /// The table with nothing over it; tracked.
    pub fn home(self) -> String {
        at(&format!("/{}", self.kept().address()))
    }

    /// Closes what is open over the table.
    pub fn close(self) {
        self.visit(&untrack(|| self.home()));
    }

    /// Opens something over the table.
    pub fn open(self, key: &str, value: impl std::fmt::Display) {
        self.visit(&untrack(|| self.with(key, value)));
    }

    /// Closes what is open, and shows every row.
    pub fn show_all(self) {
        self.visit(&at("/"));
    }

    fn visit(self, address: &str) {
        self.address.visit(address, History::Push);
    }

    /// Whether the page offers free ports at once; tracked.
    pub fn offers_ports(self) -> bool {
        ["new", "open", "takeover"]
            .iter()
            .any(|key| self.text(key).is_some())
    }

    /// The table with something over it; tracked.
    pub fn with(self, key: &str, value: impl std::fmt::Display) -> String {
        let query = self.kept().with(key, Some(&value.to_string()));
        at(&format!("/{}", query.address()))
    }

    /// What of the address stays when something opens over the table.
    fn kept(self) -> Query {
        KEPT.into_iter().fold(Query::default(), |query, key| {
            let text = self.text(key).filter(|text| is_plain(text));
            query.with(key, text.as_deref())
        })
    }
}

/// The tabs with their counts.
#[component]
pub fn FilterTabs(
    /// The present choice.
    filter: Memo<Filter>,
) -> impl IntoView {
    let rows = expect_context::<Rows>();
    let tab = move |each: Filter| {
        let count = crate::ui::memo(move || {
            let shown = |row: &super::Row| row.instance.with(|instance| each.shows(instance));
            rows.get().iter().filter(|row| shown(row)).count()
        });
        view! {
            <a
                class="segmented__item"
                href=each.href()
                data-noscroll
                aria-current=move || (filter.get() == each).then_some("true")
            >
                {each.word()}
                " "
                <span class="segmented__count">{count}</span>
            </a>
        }
    };
    view! {
        <div class="scroll-x">
            <nav class="segmented" aria-label=t("Filter by status")>
                {Filter::EVERY.map(tab).collect_view()}
            </nav>
        </div>
    }
}
