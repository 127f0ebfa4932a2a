//! The choice of a public port: a free one, or one that other instances have already.

use crate::language::{fill, t};
use crate::view;
use leptos::prelude::*;
use types::instances::{Instance, InstanceId};

use super::{ChoiceField, ChoiceOption};
use crate::instances::draft::Field;
use crate::instances::edits::Edits;
use crate::instances::{Row, Rows};
use crate::ui::list;

/// Free ports and those that other instances have: they may share one, and take turns.
pub(in crate::instances) fn offers(free: Vec<u16>, rows: Rows) -> Vec<u16> {
    let held = |row: &Row| row.instance.with(|instance| instance.public_port);
    let mut offers = Vec::new();
    for port in free.into_iter().chain(rows.get().iter().filter_map(held)) {
        if let Err(place) = offers.binary_search(&port) {
            offers.insert(place, port);
        }
    }
    offers
}

/// Its key in lists.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "lists hand out references")]
pub(in crate::instances) fn number(port: &u16) -> i64 {
    (*port).into()
}

/// A port, and whose it is already.
fn port_text(port: u16, rows: Rows, own: Option<InstanceId>) -> String {
    let rows = rows.get();
    let others = rows.iter().filter(|row| Some(row.id) != own);
    let holds = |instance: &Instance| (instance.public_port == Some(port)).then(|| instance.name.clone());
    let holders: Vec<String> = others.filter_map(|row| row.instance.with(holds)).collect();
    if holders.is_empty() {
        port.to_string()
    } else {
        fill("{}, also {}", &[&port.to_string(), &holders.join(", ")])
    }
}

/// A port, free or shared, or none.
#[component]
pub fn PortField(
    /// Whose.
    row: Row,
    /// Id, where a label points at it.
    #[prop(optional)]
    id: &'static str,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let chosen = crate::ui::memo(move || edits.value(row, Field::Port));
    let rows = expect_context::<Rows>();
    edits.want_ports();
    let ports = move || {
        let mut free = edits.ports().unwrap_or_default();
        free.extend(chosen.get_untracked().parse::<u16>());
        offers(free, rows)
    };
    view! {
        <ChoiceField row field=Field::Port id>
            <ChoiceOption value=String::new() text=t("No port").to_owned() chosen />
            {list(ports, number, move |port| port_option(port, chosen, Some(row.id)))}
        </ChoiceField>
    }
}

/// A port to choose, by whichever names its holders have meanwhile.
pub(in crate::instances) fn port_option(port: u16, chosen: Memo<String>, own: Option<InstanceId>) -> AnyView {
    let rows = expect_context::<Rows>();
    let text = crate::ui::memo(move || port_text(port, rows, own));
    view! { <ChoiceOption value=port.to_string() text chosen /> }
}
