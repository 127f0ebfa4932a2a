//! The builder: modules that are often built, each a click away, and the form that compiles any.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use types::jobs::Job;
use types::wheels::BuildPreset;

use crate::ApiError;
use crate::address::Address;
use crate::instances::Row;
use crate::jobs::send;
use crate::language::t;
use crate::paths::at;
use crate::request::FormOrJson;
use crate::tools::Tool;
use crate::tools::environment::refusal;
use crate::ui::{ErrorNote, list};
use crate::view;

/// Compiles a wheel.
#[server(prefix = "/fn", endpoint = "build_wheel", protocol = FormOrJson)]
pub(crate) async fn build_wheel(
    source: String,
    #[server(default)] python: String,
    #[server(default)] torch: String,
    #[server(default)] cuda: String,
    #[server(default)] arch: String,
    #[server(default)] needs: String,
) -> Result<Job, ApiError> {
    let request = types::wheels::BuildRequest {
        source,
        python,
        torch,
        cuda,
        arch,
        needs,
    };
    let job = expect_context::<engine::Engine>().wheels.build(request).await;
    crate::jobs::answered_with(BuildWheel::url(), job.map_err(ApiError::from))
}

/// In the address: none of the presets.
const CUSTOM: &str = "custom";

/// Presets and form. The address says which preset is chosen: `&preset=DISO`.
#[component]
pub fn Builder(
    /// Whose tool it stands in.
    row: Row,
    /// Whether that is looked at.
    shown: Memo<bool>,
) -> impl IntoView {
    let address = Address::get();
    let named = move || address.text("preset").filter(|_| shown.get());
    // While another tool is looked at, what was typed stays.
    let chosen = RwSignal::new(untrack(named).unwrap_or_else(|| CUSTOM.to_owned()));
    crate::ui::effect(move || {
        if let Some(named) = named()
            && chosen.get_untracked() != named
        {
            chosen.set(named);
        }
    });
    let problem = refusal(BuildWheel::url());
    view! {
        <h3 class="workshop__title">{t("Build a wheel")}</h3>
        <nav class="presets" aria-label=t("Modules that are often built")>
            {BuildPreset::every().into_iter().map(|preset| card(row, chosen, preset)).collect_view()}
            {link(row, chosen, CUSTOM.to_owned(), t("Custom").to_owned(), t("any requirement").to_owned())}
        </nav>
        // Each preset has fields of its own: what was typed for another would be built with this one's settings.
        {list(move || vec![chosen.get()], place_of, move |name| view! { <Form preset=preset(&name) problem /> })}
    }
}

/// Which preset it is; `Custom` stands before the first.
fn place_of(name: &String) -> i64 {
    let place = BuildPreset::every()
        .iter()
        .position(|preset| preset.name == *name);
    place.and_then(|place| i64::try_from(place).ok()).unwrap_or(-1)
}

/// The preset of a name; one that says nothing for any other.
fn preset(name: &str) -> BuildPreset {
    let mut every = BuildPreset::every().into_iter();
    every.find(|preset| preset.name == name).unwrap_or(BuildPreset {
        name: String::new(),
        source: String::new(),
        torch: false,
        needs: String::new(),
    })
}

fn card(row: Row, chosen: RwSignal<String>, preset: BuildPreset) -> AnyView {
    let note = if preset.torch {
        t("against torch")
    } else {
        t("without torch")
    };
    link(row, chosen, preset.name.clone(), preset.name, note.to_owned())
}

fn link(row: Row, chosen: RwSignal<String>, key: String, word: String, note: String) -> AnyView {
    let href = format!("{}&preset={key}", Tool::Wheels.href(row.id));
    view! {
        <a
            class="presets__card"
            href=href
            data-noscroll
            aria-current=move || chosen.with(|chosen| *chosen == key).then_some("true")
        >
            <b class="strong">{word}</b>
            <span class="faint">{note}</span>
        </a>
    }
}

#[component]
fn Form(
    /// What its fields begin with.
    preset: BuildPreset,
    /// Why the last try was refused.
    problem: RwSignal<Option<String>>,
) -> impl IntoView {
    let submit = move |event: SubmitEvent| send::<BuildWheel>(event, problem, Callback::new(|()| ()));
    let BuildPreset {
        source, torch, needs, ..
    } = preset;
    let field =
        |name: &'static str, label: &'static str, hint: &'static str, value: String, required: bool| {
            view! {
                <label class="field">
                    <span class="field__label">{label}</span>
                    <input
                        class="input"
                        name=name
                        value=value
                        placeholder=hint
                        required=required
                        spellcheck="false"
                        autocomplete="off"
                    />
                </label>
            }
        };
    let torch_hint = if torch { "2.8.0" } else { t("none") };
    view! {
        <form class="workshop__form" method="post" action=at(BuildWheel::url()) on:submit=submit>
            {field("source", t("Requirement or git address"), "flash-attn==2.8.3", source, true)}
            <div class="form-grid">
                {field("python", "Python", "3.12", String::new(), false)}
                {field("torch", "torch", torch_hint, String::new(), torch)}
                {field("cuda", t("CUDA of torch"), "12.8", String::new(), false)}
                {field("arch", t("GPU generations"), "8.9", String::new(), false)}
            </div>
            {torch.then(|| view! {
                <p class="field__hint">{t("It is compiled against torch, and fits this release only: take the one of the environment.")}</p>
            })}
            <label class="field">
                <span class="field__label">{t("Needed to build it")}</span>
                <textarea class="input" name="needs" rows="2" spellcheck="false" placeholder="ninja">{needs}</textarea>
            </label>
            {move || problem.get().map(|text| view! { <ErrorNote text /> })}
            <button class="button button--filled" type="submit">{t("Build")}</button>
        </form>
    }
}
