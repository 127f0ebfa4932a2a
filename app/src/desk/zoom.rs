//! How large what a pane shows is, per browser.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::HtmlElement;

use super::{Desk, Pane};
use crate::browser;
use crate::language::{fill, t};
use crate::ui::Dialog;
use crate::view;

/// Where the browser keeps the sizes.
pub(super) const COOKIE: &str = "aikore_zoom";
/// Smallest and largest size, percent.
const LIMITS: (u32, u32) = (50, 200);
/// One step, percent.
const STEP: u32 = 10;

/// The size a pane has now, percent; the server had the cookie, and wrote it into the page.
fn present(pane: Pane) -> u32 {
    let value = root().and_then(|root| root.style().get_property_value(&pane.variable()).ok());
    let percent = value.and_then(|value| value.strip_suffix('%')?.parse().ok());
    percent.unwrap_or(100)
}

fn apply(pane: Pane, percent: u32) {
    if let Some(root) = root() {
        let _ = root
            .style()
            .set_property(&pane.variable(), &format!("{percent}%"));
    }
    let sizes = Pane::EVERY.map(|pane| present(pane).to_string()).join("-");
    browser::set_cookie(COOKIE, &sizes);
}

fn root() -> Option<HtmlElement> {
    document().document_element()?.dyn_into().ok()
}

/// The style of the document for a browser's cookie: the size of each pane in turn, `100-120-100`.
#[cfg(feature = "ssr")]
pub(super) fn style(cookie: &str) -> Option<String> {
    let sizes = cookie.split('-').map(|size| size.parse().ok());
    let sizes: Vec<u32> = sizes.collect::<Option<_>>()?;
    let good =
        sizes.len() == Pane::EVERY.len() && sizes.iter().all(|size| (LIMITS.0..=LIMITS.1).contains(size));
    let variable = |(pane, size): (Pane, u32)| format!("{}: {size}%;", pane.variable());
    good.then(|| Pane::EVERY.into_iter().zip(sizes).map(variable).collect())
}

/// Asks for the size of a pane, and shows it at once.
#[component]
pub fn Zoom(
    /// Whose.
    pane: Pane,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let percent = RwSignal::new(present(pane));
    let choose = move |next: u32| {
        let next = next.clamp(LIMITS.0, LIMITS.1);
        percent.set(next);
        apply(pane, next);
    };
    let title = fill("Size of the {} pane", &[t(pane.key())]);
    view! {
        <Dialog id="zoom-title" title=Signal::stored(title) on_close=move |()| desk.done()>
            <div class="dialog__body zoom-box">
                <button class="button" type="button" on:click=move |_| choose(percent.get_untracked() - STEP)>
                    {t("Smaller")}
                </button>
                <input
                    type="range"
                    autofocus
                    min=LIMITS.0
                    max=LIMITS.1
                    step=STEP
                    aria-label=t("Size in percent")
                    prop:value=move || percent.get().to_string()
                    on:input=move |event| choose(event_target_value(&event).parse().unwrap_or(100))
                />
                <button class="button" type="button" on:click=move |_| choose(percent.get_untracked() + STEP)>
                    {t("Larger")}
                </button>
                <output class="zoom-box__now">{move || format!("{} %", percent.get())}</output>
            </div>
            <div class="dialog__foot">
                <button class="button" type="button" on:click=move |_| choose(100)>
                    {t("Back to 100 %")}
                </button>
                <button class="button button--filled" type="button" on:click=move |_| desk.done()>
                    {t("Done")}
                </button>
            </div>
        </Dialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_good_sizes_come_into_the_page() {
        let good = "--zoom-instances: 100%;--zoom-tools: 120%;--zoom-machine: 50%;";
        assert_eq!(style("100-120-50").as_deref(), Some(good));
        for bad in [
            "",
            "100-100",
            "100-100-100-100",
            "100-100-49",
            "100-201-100",
            "1;}-1-1",
            "100-x-100",
        ] {
            assert_eq!(style(bad), None, "{bad}");
        }
    }
}
