//! A new blueprint: from an instance, from a file, or from nothing.

use leptos::prelude::*;
use types::instances::InstanceId;

use crate::address::Address;
use crate::language::t;
use crate::paths::at;
use crate::ui::{Icon, SelectBox};
use crate::view;

/// What a script of one's own begins with.
const BEGINNING: &str = include_str!("create/beginning.sh");

/// The forms that make one.
#[component]
pub fn CreatePage(
    /// Whose scripts can become blueprints.
    instances: Vec<(InstanceId, String)>,
    /// What the last form led to.
    news: AnyView,
) -> impl IntoView {
    let address = Address::get();
    let name = untrack(|| address.text("name")).unwrap_or_default();
    view! {
        <div class="page__head">
            <h1 class="page__title">{t("New blueprint")}</h1>
            <span class="page__tools">
                <a class="button" href=at("/blueprints") rel="external">{t("Back to the catalogue")}</a>
            </span>
        </div>
        {news}
        <div class="blueprint-forms">
            {(!instances.is_empty()).then(|| view! { <FromInstance instances=instances.clone() /> })}
            <section class="card">
                <h2 class="card__title">{t("From a file")}</h2>
                <form class="stack stack--wide" method="post" action=at("/blueprints/import") enctype="multipart/form-data">
                    <div class="field">
                        <label class="field__label" for="import-file">{t("Script")}</label>
                        <input class="input" id="import-file" type="file" name="file" accept=".sh,text/x-shellscript,text/plain" required />
                    </div>
                    <NameField id="import-name" value=String::new() required=false hint=t("Empty: the name of the file.") />
                    <button class="button button--filled" type="submit">{t("Import")}</button>
                </form>
            </section>
            <section class="card">
                <h2 class="card__title">{t("Written here")}</h2>
                <form class="stack stack--wide" method="post" action=at("/blueprints/create")>
                    <NameField id="create-name" value=name required=true hint=t("Letters, digits, spaces and . _ + -") />
                    <div class="field">
                        <label class="field__label" for="create-content">{t("Script")}</label>
                        <textarea class="input blueprint-script" id="create-content" name="content" rows="16" spellcheck="false" required>
                            {BEGINNING}
                        </textarea>
                    </div>
                    <button class="button button--filled" type="submit">{t("Create")}</button>
                </form>
            </section>
        </div>
    }
}

#[component]
fn FromInstance(
    /// The choices.
    instances: Vec<(InstanceId, String)>,
) -> impl IntoView {
    view! {
        <section class="card">
            <h2 class="card__title">{t("From an instance")}</h2>
            <p class="muted">{t("Its launch.sh, with all that was changed in it.")}</p>
            <form class="stack stack--wide" method="post" action=at("/blueprints/create")>
                <div class="field">
                    <label class="field__label" for="from-instance">{t("Instance")}</label>
                    <SelectBox>
                        <select class="input" id="from-instance" name="instance" required>
                            {instances
                                .into_iter()
                                .map(|(id, name)| view! { <option value=id.0.to_string()>{name}</option> })
                                .collect_view()}
                        </select>
                    </SelectBox>
                </div>
                <NameField id="from-name" value=String::new() required=true hint=t("Letters, digits, spaces and . _ + -") />
                <button class="button button--filled" type="submit">
                    <Icon name="plus" class="icon--sm" />
                    {t("Make a blueprint")}
                </button>
            </form>
        </section>
    }
}

/// A name for a blueprint.
#[component]
pub fn NameField(
    /// Id of the field.
    id: &'static str,
    /// What stands in it.
    value: String,
    /// Whether it may be empty.
    required: bool,
    /// What it should look like.
    hint: &'static str,
) -> impl IntoView {
    view! {
        <div class="field">
            <label class="field__label" for=id>{t("Name")}</label>
            <input class="input" id=id name="name" value=value maxlength="83" required=required autocomplete="off" />
            <span class="field__hint">{hint}</span>
        </div>
    }
}
