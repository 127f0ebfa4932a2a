//! Login and first setup: plain HTML forms, answered by plain routes.

use crate::language::{fill, t};
use crate::paths::at;
use crate::view;
use leptos::prelude::*;
use types::accounts::PASSWORD_MIN_CHARS;

use crate::address::Address;
use crate::shell::{Brand, LanguageForm, name_page, shared_machine_name};
use crate::ui::{ErrorNote, Icon, ThemeButton, hydrated};

/// Asks for the password.
#[component]
pub fn LoginPage() -> impl IntoView {
    let address = Address::get();
    let host = shared_machine_name();
    let title = if host.is_empty() {
        t("Sign in").to_owned()
    } else {
        fill("Sign in to {}", &[&host])
    };
    let problem = move || login_problem(&address.text("error")?, address.text("seconds").as_deref());
    let wrong = move || address.says("error", "wrong");
    name_page("Sign in");
    view! {
        <Gate>
            <div class="stack">
                <h1 class="gate__title">{title}</h1>
                <p class="muted">{t("Your instances keep running while you are signed out.")}</p>
            </div>
            <form class="stack stack--wide" method="post" action=at("/login")>
                {move || problem().map(|text| view! { <ErrorNote text /> })}
                <input type="hidden" name="next" value=move || address.text("next").unwrap_or_default() />
                <UserNameForPasswordManagers />
                <PasswordField name="password" label=t("Password") autocomplete="current-password" invalid=wrong />
                <button class="button button--filled button--lg" type="submit">
                    {t("Sign in")}
                </button>
            </form>
            <p class="faint">
                {t("Forgot it? Run ")} <code class="muted">"aikore password"</code> {t(" on the machine.")}
            </p>
            <div class="row">
                <ThemeButton />
                <LanguageForm class="button button--quiet" />
            </div>
        </Gate>
    }
}

/// Chooses the first password, through the one-time link.
#[component]
pub fn SetupPage() -> impl IntoView {
    let address = Address::get();
    let problem = move || setup_problem(&address.text("error")?);
    let expired = move || address.says("error", "expired");
    let token = move || address.text("token").unwrap_or_default();
    name_page("Set up");
    view! {
        <Gate>
            <div class="stack">
                <h1 class="gate__title">{t("Set up this machine")}</h1>
                <p class="muted">{t("One password, then you create your first app.")}</p>
            </div>
            <form method="post" action=at("/setup")>
                <input type="hidden" name="token" value=token />
                <ol class="steps">
                    <LinkStep expired=Signal::derive(expired) />
                    <PasswordStep problem=Signal::derive(problem) />
                    <NextStep />
                </ol>
                <button class="button button--filled button--lg button--wide" type="submit" disabled=expired>
                    {t("Set password and open the panel")}
                </button>
            </form>
        </Gate>
    }
}

#[component]
fn LinkStep(
    /// The link cannot be used any more.
    expired: Signal<bool>,
) -> impl IntoView {
    view! {
        <li class="step" class:is-done=move || !expired.get()>
            <div class="step__no">
                <b>
                    {move || {
                        if expired.get() {
                            "1".into_any()
                        } else {
                            view! { <Icon name="check" class="icon--sm" /> }.into_any()
                        }
                    }}
                </b>
            </div>
            <div class="step__body">
                <h2 class="step__title">
                    {move || if expired.get() { t("This link is used up") } else { t("One-time link accepted") }}
                </h2>
                <p class="faint">
                    {move || {
                        if expired.get() {
                            t("A link works once, and only the newest one. Restart AiKore: it prints a new one.")
                        } else {
                            t("It came from this machine’s log, so it is you. It works once.")
                        }
                    }}
                </p>
            </div>
        </li>
    }
}

#[component]
fn PasswordStep(
    /// What was wrong with the last try.
    problem: Signal<Option<String>>,
) -> impl IntoView {
    let invalid = move || problem.get().is_some();
    view! {
        <li class="step is-now">
            <div class="step__no">
                <b>"2"</b>
            </div>
            <div class="step__body">
                <h2 class="step__title">{t("Choose the password")}</h2>
                {move || problem.get().map(|text| view! { <ErrorNote text /> })}
                <UserNameForPasswordManagers />
                <PasswordField
                    name="password"
                    label=t("Password")
                    autocomplete="new-password"
                    hint=fill("At least {} characters; four words are easy to keep.", &[&PASSWORD_MIN_CHARS.to_string()])
                    invalid
                />
                <PasswordField name="again" label=t("The same again") autocomplete="new-password" invalid />
            </div>
        </li>
    }
}

#[component]
fn NextStep() -> impl IntoView {
    view! {
        <li class="step">
            <div class="step__no">
                <b>"3"</b>
            </div>
            <div class="step__body">
                <h2 class="step__title">{t("Create your first app")}</h2>
                <p class="faint">
                    {t("The panel opens with the list of apps. Each gets its own folder, environment and port.")}
                </p>
            </div>
        </li>
    }
}

/// The frame of both pages.
#[component]
fn Gate(children: Children) -> impl IntoView {
    view! {
        <div class="gate">
            <main class="gate__form" id="main">
                <Brand class="brand--lg" />
                {children()}
            </main>
            <div class="gate__art">
                <svg viewBox="0 0 636 432" fill="none" aria-hidden="true">
                    <use href="#gate-art" />
                </svg>
            </div>
        </div>
    }
}

/// There is one account; password managers want a name to file its password under.
#[component]
fn UserNameForPasswordManagers() -> impl IntoView {
    view! { <input hidden type="text" autocomplete="username" value="aikore" /> }
}

/// A password with a button that shows it, once the page is alive.
#[component]
fn PasswordField(
    /// Name in the form.
    name: &'static str,
    /// What it asks for.
    label: &'static str,
    /// What password managers need to know.
    autocomplete: &'static str,
    /// Help below the field.
    #[prop(into, optional)]
    hint: Option<String>,
    /// Whether the last try was refused.
    #[prop(into)]
    invalid: Signal<bool>,
) -> impl IntoView {
    let alive = hydrated();
    let shown = RwSignal::new(false);
    let hint_id = format!("{name}-hint");
    let described_by = hint.is_some().then(|| hint_id.clone());
    view! {
        <div class="field">
            <label class="field__label" for=name>
                {label}
            </label>
            <span class="input-group">
                <input
                    class="input input--lg"
                    id=name
                    name=name
                    type=move || if shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    required
                    aria-invalid=move || invalid.get().then_some("true")
                    aria-describedby=described_by
                />
                <button
                    class="button button--icon button--lg"
                    type="button"
                    hidden=move || !alive.get()
                    aria-label=t("Show the password")
                    aria-pressed=move || shown.get().to_string()
                    on:click=move |_| shown.update(|shown| *shown = !*shown)
                >
                    <Icon name="view" />
                </button>
            </span>
            {hint.map(|hint| view! { <span class="field__hint" id=hint_id>{hint}</span> })}
        </div>
    }
}

fn login_problem(error: &str, seconds: Option<&str>) -> Option<String> {
    match error {
        "wrong" => Some(t("That password is not right. Try again.").to_owned()),
        "wait" => {
            let seconds = seconds
                .and_then(|seconds| seconds.parse::<u32>().ok())
                .unwrap_or(60);
            Some(fill(
                "Too many wrong passwords. Wait {} s, then try again.",
                &[&seconds.to_string()],
            ))
        }
        _ => None,
    }
}

fn setup_problem(error: &str) -> Option<String> {
    match error {
        "short" => Some(fill(
            "That password is too short. Choose one with at least {} characters.",
            &[&PASSWORD_MIN_CHARS.to_string()],
        )),
        "mismatch" => Some(t("The two passwords differ. Type the same one twice.").to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_a_sentence() {
        assert!(login_problem("wrong", None).unwrap().contains("not right"));
        assert!(login_problem("wait", Some("12")).unwrap().contains("12 s"));
        assert!(login_problem("wait", Some("<b>")).unwrap().contains("60 s"));
        assert!(setup_problem("short").unwrap().contains('8'));
        assert!(setup_problem("mismatch").is_some());
        assert_eq!(login_problem("", None), None);
        assert_eq!(setup_problem("expired"), None);
    }
}
