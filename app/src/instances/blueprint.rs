//! A blueprint from an instance: the question what it is called.

use crate::language::{fill, t};
use crate::request::FormOrJson;
use crate::view;
use leptos::prelude::*;
use types::instances::InstanceId;

use super::Row;
use super::filter::Place;
use super::question::{self, Asked};
use crate::ApiError;
use crate::ui::{Icon, Toasts};

/// Makes a blueprint of an instance's script; returns its file name.
#[server(prefix = "/fn", endpoint = "save_as_blueprint", protocol = FormOrJson)]
pub(crate) async fn save_as_blueprint(id: InstanceId, name: String) -> Result<String, ApiError> {
    use leptos::server_fn::ServerFn as _;
    use types::blueprints::BlueprintName;

    let refused = |error: &ApiError| {
        let id = id.to_string();
        let typed = [("blueprint", id.as_str()), ("name", &name)];
        super::posted::send_back(SaveAsBlueprint::url(), error, &typed);
    };
    let named = BlueprintName::new(&name).map_err(ApiError::from);
    let named = named.inspect_err(refused)?;
    let scripts = expect_context::<engine::Engine>().scripts;
    let made = scripts.make_blueprint(id, &named).await.map_err(ApiError::from);
    made.inspect_err(refused)?;
    // The manager shows what was made to who cannot be told here.
    leptos_axum::redirect(&format!(
        "/blueprints?open={}&done=created",
        named.as_str().replace(' ', "%20").replace('+', "%2B")
    ));
    Ok(named.as_str().to_owned())
}

/// The dialog, while the address names an instance that becomes a blueprint.
#[component]
pub fn BlueprintDialog() -> impl IntoView {
    question::dialog(
        "blueprint",
        |instance| fill("Save {} as a blueprint", &[&instance.name]),
        form,
    )
}

fn form(row: Row) -> AnyView {
    let place = expect_context::<Place>();
    let toasts = expect_context::<Toasts>();
    let of_instance = row.instance.with_untracked(|instance| fit(&instance.name));
    let name = place.text("name").unwrap_or(of_instance);
    let fields = view! {
        <label class="field">
            <span class="field__label">{t("Name of the blueprint")}</span>
            <input class="input" name="name" value=name required maxlength="83" autocomplete="off" autofocus />
        </label>
        <ul class="consequences">
            <li>
                <Icon name="copy" />
                <span>{t("It gets the launch script as it is saved now, with all that was changed in it.")}</span>
            </li>
            <li>
                <Icon name="check" />
                <span>{t("Environment, readiness and the other settings of its blueprint come along; the name does not.")}</span>
            </li>
            <li>
                <Icon name="info" />
                <span>{t("This instance keeps its own script. New ones are made of the blueprint.")}</span>
            </li>
        </ul>
    };
    question::form::<SaveAsBlueprint>(row, Asked::new(fields, t("Save as a blueprint")), move || {
        Box::new(move |filename| {
            toasts.say(fill("{} is in the catalogue now, among yours.", &[&filename]));
        })
    })
}

/// An instance's name without what no file's name should have.
fn fit(name: &str) -> String {
    let fits = |c: &char| c.is_ascii_alphanumeric() || " ._+-".contains(*c);
    let kept: String = name.chars().filter(fits).collect();
    let begins = |c: char| !c.is_ascii_alphanumeric();
    kept.trim_start_matches(begins).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::blueprints::BlueprintName;

    #[test]
    fn the_name_that_is_offered_is_one() {
        for (name, offered) in [("ComfyUI main", "ComfyUI main"), ("-ü: x/y ", "xy"), ("ü", "")] {
            assert_eq!(fit(name), offered);
            assert!(offered.is_empty() || BlueprintName::new(offered).is_ok());
        }
    }
}
