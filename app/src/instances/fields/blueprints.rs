//! The choice of a blueprint.

use crate::language::{fill, said};
use crate::view;
use leptos::prelude::*;

use super::{ChoiceField, ChoiceOption};
use crate::instances::draft::Field;
use crate::instances::edits::Edits;
use crate::instances::{Catalogue, Row};

/// A blueprint of the catalogue, by category.
#[component]
pub fn BlueprintField(
    /// Whose.
    row: Row,
    /// Id, where a label points at it.
    #[prop(optional)]
    id: &'static str,
) -> impl IntoView {
    let edits = expect_context::<Edits>();
    let value = crate::ui::memo(move || edits.value(row, Field::Blueprint));
    view! {
        <ChoiceField row field=Field::Blueprint id>
            <BlueprintOptions chosen=value />
        </ChoiceField>
    }
}

/// `<option>`s of the catalogue, grouped by category. A blueprint that is gone stays choosable.
#[component]
pub fn BlueprintOptions(
    /// The present choice.
    chosen: Memo<String>,
) -> impl IntoView {
    let groups = expect_context::<Catalogue>().by_category();
    let known = groups
        .iter()
        .flat_map(|(_, all)| all)
        .any(|(filename, _)| *filename == chosen.get_untracked());
    let lost = (!known)
        .then(|| chosen.get_untracked())
        .filter(|name| !name.is_empty());
    view! {
        {lost.map(|name| view! { <ChoiceOption value=name.clone() text=fill("{} (not in the catalogue)", &[&name]) chosen /> })}
        {groups
            .into_iter()
            .map(|(category, all)| {
                view! {
                    <optgroup label=said(&category)>
                        {all
                            .into_iter()
                            .map(|(filename, name)| view! { <ChoiceOption value=filename text=name chosen /> })
                            .collect_view()}
                    </optgroup>
                }
            })
            .collect_view()}
    }
}
