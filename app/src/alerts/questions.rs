//! The questions of the page, opened by its address: `?rule=new`, `?rule=<id>`, `?delete-rule=<id>`, and the same for
//! webhooks with `hook`.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use types::alerts::{AlertRule, Condition, Webhook, WebhookKind};

use super::AlertsData;
use super::forms::{DeleteRule, DeleteWebhook, SaveRule, SaveWebhook};
use super::webhooks::kind_words;
use super::words::{Metric, metrics, threshold};
use crate::ApiError;
use crate::address::{Address, History};
use crate::language::{fill, t};
use crate::paths::at;
use crate::ui::{Dialog, ErrorNote, Icon, SelectBox, hydrated};
use crate::view;

/// What an address looks like.
const EXAMPLE: &str = "https://ntfy.sh/topic";

/// Whether one is open; tracked.
pub(super) fn is_open(address: Address) -> bool {
    ["rule", "hook", "delete-rule", "delete-hook"]
        .iter()
        .any(|key| address.text(key).is_some())
}

/// Whichever is open.
#[component]
pub fn Questions(
    /// What the page shows.
    data: AlertsData,
) -> impl IntoView {
    let address = Address::get();
    move || {
        let data = data.clone();
        let rule = |key| {
            let id = address.number(key)?;
            data.rules.iter().find(|rule| rule.id == id).cloned()
        };
        let hook = |key| {
            let id = address.number(key)?;
            data.webhooks.iter().find(|hook| hook.id == id).cloned()
        };
        if let Some(rule) = rule("delete-rule") {
            return view! { <RuleDeletion rule /> };
        }
        if let Some(hook) = hook("delete-hook") {
            return view! { <HookDeletion hook /> };
        }
        if address.says("rule", "new") || rule("rule").is_some() {
            let known = rule("rule");
            return view! { <RuleQuestion known subjects=data.subjects.clone() /> };
        }
        if address.says("hook", "new") || hook("hook").is_some() {
            let known = hook("hook");
            return view! { <HookQuestion known /> };
        }
        ().into_any()
    }
}

/// A question over the page; closing it leads back to the page itself.
#[component]
fn Question(
    /// Id of its title.
    id: &'static str,
    /// Its title.
    title: String,
    /// Where its form posts to.
    action: &'static str,
    /// On the button that does it.
    verb: &'static str,
    /// Whether something is lost by it.
    #[prop(optional)]
    is_dangerous: bool,
    /// The fields.
    children: Children,
) -> impl IntoView {
    let address = Address::get();
    let close = move |()| address.visit(&at("/alerts"), History::Push);
    let refusal = untrack(|| address.text("__err"));
    let class = if is_dangerous {
        "button button--danger"
    } else {
        "button button--filled"
    };
    view! {
        <Dialog id title=Signal::stored(title) close_href=Signal::derive(|| at("/alerts")) on_close=close>
            <form method="post" action=at(action)>
                <div class="dialog__body">
                    {children()}
                    {refusal.map(|error| view! { <ErrorNote text=ApiError::of_address(&error).to_string() /> })}
                </div>
                <div class="dialog__foot">
                    <a class="button button--quiet" href=at("/alerts") autofocus=is_dangerous>
                        {t("Cancel")}
                    </a>
                    <button class=class type="submit">
                        {verb}
                    </button>
                </div>
            </form>
        </Dialog>
    }
}

#[component]
fn RuleDeletion(
    /// Which.
    rule: AlertRule,
) -> impl IntoView {
    let title = fill("Delete the rule “{}”", &[&rule.name]);
    view! {
        <Question id="delete-title" title action=DeleteRule::url() verb=t("Delete the rule") is_dangerous=true>
            <input type="hidden" name="id" value=rule.id />
            <p>{t("What it watches for is not looked at any more. What it found before stays in the list.")}</p>
        </Question>
    }
}

#[component]
fn HookDeletion(
    /// Who.
    hook: Webhook,
) -> impl IntoView {
    let title = fill("Delete the webhook “{}”", &[&hook.name]);
    view! {
        <Question id="delete-title" title action=DeleteWebhook::url() verb=t("Delete the webhook") is_dangerous=true>
            <input type="hidden" name="id" value=hook.id />
            <p>{fill("Nothing is sent to {} any more, and its address is forgotten.", &[&hook.url])}</p>
        </Question>
    }
}

/// What a rule's form begins with.
struct Typed {
    name: String,
    kind: String,
    metric: String,
    threshold: String,
    subject: String,
    for_s: String,
    enabled: bool,
}

impl Typed {
    /// What was typed when it was refused, else the rule as it is.
    fn new(address: Address, known: Option<&AlertRule>) -> Self {
        if address.text("__err").is_some() {
            let text = |key| address.text(key).unwrap_or_default();
            return Self {
                name: text("name"),
                kind: text("kind"),
                metric: text("metric"),
                threshold: text("threshold"),
                subject: text("subject"),
                for_s: text("for"),
                enabled: address.text("enabled").is_some_and(|text| text == "true"),
            };
        }
        let (kind, watched, number) = match known.map(|rule| &rule.condition) {
            Some(Condition::Crashed) => ("crashed", "", String::new()),
            Some(Condition::Unhealthy) => ("unhealthy", "", String::new()),
            Some(Condition::Below {
                metric,
                threshold: value,
            }) => ("below", metric.as_str(), threshold(metric, *value)),
            Some(Condition::Above {
                metric,
                threshold: value,
            }) => ("above", metric.as_str(), threshold(metric, *value)),
            None => ("above", "", String::new()),
        };
        Self {
            name: known.map(|rule| rule.name.clone()).unwrap_or_default(),
            kind: kind.to_owned(),
            metric: watched.to_owned(),
            threshold: number,
            subject: known.map(|rule| rule.subject.clone()).unwrap_or_default(),
            for_s: known.map_or(60, |rule| rule.for_s).to_string(),
            enabled: known.is_none_or(|rule| rule.enabled),
        }
    }
}

/// One `<option>`.
fn option(value: &str, text: String, chosen: &str) -> AnyView {
    view! { <option value=value.to_owned() selected=value == chosen>{text}</option> }
}

#[component]
fn RuleQuestion(
    /// The rule that is changed; none = a new one.
    known: Option<AlertRule>,
    /// What can be watched.
    subjects: Vec<(String, String)>,
) -> impl IntoView {
    let typed = untrack(|| Typed::new(Address::get(), known.as_ref()));
    let (title, verb) = match &known {
        Some(rule) => (fill("Change the rule “{}”", &[&rule.name]), t("Save the rule")),
        None => (t("Add a rule").to_owned(), t("Add the rule")),
    };
    let alive = hydrated();
    let kind = RwSignal::new(typed.kind.clone());
    // Without scripts nobody knows here what is chosen.
    let has_number = move || !alive.get() || matches!(kind.get().as_str(), "above" | "below");
    let kinds = [
        ("above", t("A number is above")),
        ("below", t("A number is below")),
        ("crashed", t("An instance ended by itself")),
        ("unhealthy", t("A started app does not answer")),
    ];
    let kinds = kinds.map(|(value, text)| option(value, text.to_owned(), &typed.kind));
    let metric = |metric: Metric| {
        let text = format!("{} {}", metric.words, metric.unit);
        option(metric.name, text.trim_end().to_owned(), &typed.metric)
    };
    let is_known = typed.subject.is_empty() || subjects.iter().any(|(known, _)| *known == typed.subject);
    let lost = (!is_known).then(|| option(&typed.subject, typed.subject.clone(), &typed.subject));
    let everything = option("", t("Everything that has it").to_owned(), &typed.subject);
    let subjects = subjects
        .into_iter()
        .map(|(subject, name)| option(&subject, name, &typed.subject))
        .collect_view();
    let metrics = metrics().into_iter().map(metric).collect_view();
    view! {
        <Question id="rule-title" title action=SaveRule::url() verb>
            <input type="hidden" name="id" value=known.as_ref().map_or(0, |rule| rule.id) />
            <label class="field">
                <span class="field__label">{t("Name")}</span>
                <input class="input" name="rule[name]" value=typed.name.clone() required maxlength="100" autocomplete="off" autofocus />
            </label>
            <label class="field">
                <span class="field__label">{t("Fires when")}</span>
                <SelectBox>
                    <select class="input" name="rule[kind]" on:change=move |event| kind.set(event_target_value(&event))>
                        {kinds.collect_view()}
                    </select>
                </SelectBox>
            </label>
            <div class="form-grid" hidden=move || !has_number()>
                <label class="field">
                    <span class="field__label">{t("Number")}</span>
                    <SelectBox>
                        <select class="input" name="rule[metric]">
                            {metrics}
                        </select>
                    </SelectBox>
                </label>
                <label class="field">
                    <span class="field__label">{t("Threshold, in its unit")}</span>
                    <input class="input" name="rule[threshold]" inputmode="decimal" autocomplete="off" value=typed.threshold.clone() />
                </label>
            </div>
            <div class="form-grid">
                <label class="field">
                    <span class="field__label">{t("Of")}</span>
                    <SelectBox>
                        <select class="input" name="rule[subject]">
                            {everything}
                            {lost}
                            {subjects}
                        </select>
                    </SelectBox>
                </label>
                <label class="field">
                    <span class="field__label">{t("For so many seconds")}</span>
                    <input class="input" name="rule[for_s]" type="number" min="0" max="86400" value=typed.for_s.clone() />
                </label>
            </div>
            <label class="option">
                <input class="check" type="checkbox" name="rule[enabled]" value="true" checked=typed.enabled />
                <span>{t("Watch")}</span>
            </label>
        </Question>
    }
}

#[component]
fn HookQuestion(
    /// Who is changed; none = somebody new.
    known: Option<Webhook>,
) -> impl IntoView {
    let address = Address::get();
    let was_refused = untrack(|| address.text("__err")).is_some();
    let text = |key| untrack(|| address.text(key)).unwrap_or_default();
    let kind_of = |kind| match kind {
        WebhookKind::Json => "json",
        WebhookKind::Ntfy => "ntfy",
        WebhookKind::Discord => "discord",
    };
    let (name, kind, enabled) = match &known {
        _ if was_refused => (text("name"), text("kind"), text("enabled") == "true"),
        Some(hook) => (hook.name.clone(), kind_of(hook.kind).to_owned(), hook.enabled),
        None => (String::new(), "json".to_owned(), true),
    };
    let (title, verb) = match &known {
        Some(hook) => (
            fill("Change the webhook “{}”", &[&hook.name]),
            t("Save the webhook"),
        ),
        None => (t("Add a webhook").to_owned(), t("Add the webhook")),
    };
    let hint = if known.is_some() {
        t("Only where it leads is shown. Left as it is, the address stays.")
    } else {
        t("It is kept, and never shown in full again: services put secrets into it.")
    };
    let kinds = [WebhookKind::Json, WebhookKind::Ntfy, WebhookKind::Discord]
        .map(|each| option(kind_of(each), kind_words(each).to_owned(), &kind));
    view! {
        <Question id="hook-title" title action=SaveWebhook::url() verb>
            <input type="hidden" name="id" value=known.as_ref().map_or(0, |hook| hook.id) />
            <div class="form-grid">
                <label class="field">
                    <span class="field__label">{t("Name")}</span>
                    <input class="input" name="hook[name]" value=name required maxlength="100" autocomplete="off" autofocus />
                </label>
                <label class="field">
                    <span class="field__label">{t("Speaks")}</span>
                    <SelectBox>
                        <select class="input" name="hook[kind]">{kinds.collect_view()}</select>
                    </SelectBox>
                </label>
            </div>
            <div class="field">
                <label class="field__label" for="hook-address">{t("Address")}</label>
                <input
                    id="hook-address"
                    aria-describedby="hook-hint"
                    class="input input--mono"
                    name="hook[url]"
                    value=known.as_ref().map(|hook| hook.url.clone())
                    placeholder=EXAMPLE
                    required
                    autocomplete="off"
                    spellcheck="false"
                />
                <span class="field__hint" id="hook-hint">{hint}</span>
            </div>
            <label class="option">
                <input class="check" type="checkbox" name="hook[enabled]" value="true" checked=enabled />
                <span>{t("Tell it")}</span>
            </label>
            <ul class="consequences">
                <li>
                    <Icon name="info" />
                    <span>{t("It is told what begins and what is over, unless the rule is silent.")}</span>
                </li>
            </ul>
        </Question>
    }
}
