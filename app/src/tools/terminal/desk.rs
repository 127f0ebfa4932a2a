//! The terminals of one instance, the one that is shown, and how it stands with it.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use send_wrapper::SendWrapper;
use types::instances::InstanceId;
use types::terminals::{Terminal, TerminalId};

use super::list_terminals;
use super::screen::{self, Screen};
use crate::language::{fill, t};
use crate::paths::at;
use crate::ui::Toasts;
use crate::{ApiError, browser, request};

/// What this browser remembers about screen readers.
const READER: &str = "aikore_terminal_reader";

/// What is on the desk; a bundle of signals.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    instance: InstanceId,
    name: Memo<String>,
    pub(super) terminals: RwSignal<Vec<Terminal>>,
    pub(super) current: RwSignal<Option<TerminalId>>,
    pub(super) has_host: RwSignal<bool>,
    /// In the words of the screen.
    state: RwSignal<String>,
    pub(super) searches: RwSignal<bool>,
    pub(super) found: RwSignal<String>,
    pub(super) reads_aloud: RwSignal<bool>,
    pub(super) control: RwSignal<bool>,
    /// Where the screen stands.
    pub(super) host: NodeRef<html::Div>,
    /// There in browsers only; the server may drop this in another thread than it made it.
    screen: StoredValue<Option<SendWrapper<Screen>>>,
    toasts: Toasts,
}

impl Desk {
    pub(super) fn new(instance: InstanceId, name: Memo<String>) -> Self {
        Self {
            instance,
            name,
            terminals: RwSignal::new(Vec::new()),
            current: RwSignal::new(None),
            has_host: RwSignal::new(false),
            state: RwSignal::new(String::new()),
            searches: RwSignal::new(false),
            found: RwSignal::new(String::new()),
            reads_aloud: RwSignal::new(false),
            control: RwSignal::new(false),
            host: NodeRef::new(),
            screen: StoredValue::new(None),
            toasts: expect_context(),
        }
    }

    /// Comes to life in a browser, when it is looked at first.
    pub(super) fn live(self, shown: Memo<bool>) {
        let begun = StoredValue::new(false);
        crate::ui::effect(move || {
            if shown.get() && !begun.get_value() {
                begun.set_value(true);
                self.reads_aloud.set(browser::remembered(READER).is_some());
                self.begin();
            }
        });
        crate::ui::effect(move || {
            let current = self.current.get();
            let host = self.host.get();
            self.close_screen();
            if let (Some(id), Some(host)) = (current, host) {
                self.open_screen(id, host.into());
            }
        });
        on_cleanup(move || self.close_screen());
    }

    fn begin(self) {
        spawn_local(async move {
            match list_terminals(self.instance).await {
                Ok(list) => {
                    self.has_host.try_set(list.host);
                    let own = list.terminals.iter().rfind(|one| one.instance.is_some());
                    let newest = own.map(|terminal| terminal.id.clone());
                    self.terminals.try_set(list.terminals);
                    match newest {
                        Some(newest) => self.show(newest),
                        None => self.open_another(),
                    }
                }
                Err(error) => self.toasts.warn(error.to_string()),
            }
        });
    }

    pub(super) fn show(self, id: TerminalId) {
        self.current.try_set(Some(id));
    }

    pub(super) fn open_another(self) {
        self.open(format!("/api/instances/{}/terminals", self.instance));
    }

    pub(super) fn open_on_host(self) {
        self.open("/api/terminals/".to_owned());
    }

    fn open(self, path: String) {
        let wish = self.wish();
        spawn_local(async move {
            match request::ask::<Terminal>(&path, &wish).await {
                Ok(terminal) => {
                    let id = terminal.id.clone();
                    self.terminals.try_update(|all| all.push(terminal));
                    self.show(id);
                }
                Err(error) => self.toasts.warn(error.to_string()),
            }
        });
    }

    /// How a terminal should begin, in JSON: about as large as the screen will be, where that can be said. A shell prints
    /// its first prompt before the screen is there, and does not mend what it printed for another width.
    fn wish(self) -> String {
        // Pixels of a letter, a little more than the screen will find.
        let size =
            |host: leptos::web_sys::HtmlDivElement| (host.client_width() / 8, host.client_height() / 17);
        match self.host.get_untracked().map(size) {
            Some((cols, rows)) if cols >= 20 && rows >= 2 => {
                format!(r#"{{"size":{{"cols":{cols},"rows":{rows}}}}}"#)
            }
            _ => "{}".to_owned(),
        }
    }

    /// Ends the present terminal and shows its neighbour.
    pub(super) fn end(self) {
        let Some(id) = self.current.get_untracked() else {
            return;
        };
        self.current.set(None);
        self.state.set("closing".to_owned());
        spawn_local(async move {
            let ending = request::ask::<Terminal>(&format!("/api/terminals/{id}/end"), "{}").await;
            if let Err(error) = ending.as_ref().map(drop)
                && !error.is("unknown_terminal")
            {
                self.toasts.warn(error.to_string());
            }
            self.forget(&id);
        });
    }

    fn forget(self, id: &TerminalId) {
        self.terminals.try_update(|all| all.retain(|one| one.id != *id));
        self.state.try_set(String::new());
        let next = self
            .terminals
            .try_with_untracked(|all| all.last().map(|one| one.id.clone()));
        if let Some(next) = next.flatten() {
            self.show(next);
        }
    }

    fn open_screen(self, id: TerminalId, host: leptos::web_sys::HtmlElement) {
        self.state.set("connecting".to_owned());
        self.control.set(false);
        spawn_local(async move {
            let entrance = match screen::load().await {
                Ok(entrance) => entrance,
                Err(error) => {
                    self.state.try_set(String::new());
                    return self.toasts.warn(error.to_string());
                }
            };
            // Another one may have been chosen meanwhile, or all of it left.
            if self.current.try_get_untracked() != Some(Some(id.clone())) {
                return;
            }
            let options = screen::Options {
                address: at(&format!("/ws/terminals/{id}")),
                label: fill("Terminal of {}", &[&self.name.get_untracked()]),
                screen_reader: self.reads_aloud.get_untracked(),
            };
            let screen = Screen::open(&entrance, &host, &options, move |what, value| {
                self.told(&what, value);
            });
            if let Some(screen) = &screen {
                screen.call("focus", &[]);
            }
            self.screen.try_set_value(screen.map(SendWrapper::new));
        });
    }

    fn close_screen(self) {
        if let Some(Some(screen)) = self.screen.try_update_value(Option::take) {
            screen.call("close", &[]);
        }
    }

    /// What the screen says.
    fn told(self, what: &str, value: String) {
        match what {
            "state" => {
                if value == "gone" {
                    self.drop_tab();
                }
                self.state.try_set(value);
            }
            "found" => {
                self.found.try_set(value);
            }
            "control" => {
                self.control.try_set(!value.is_empty());
            }
            "copy" if !value.is_empty() && !browser::copy(&value) => self.toasts.warn(
                t("This browser did not let the panel copy. Select the text and use the browser’s menu.").to_owned(),
            ),
            "no-paste" => self.toasts.warn(
                t("This browser does not let the panel read the clipboard. Paste with Ctrl+Shift+V in the terminal.").to_owned(),
            ),
            "full" => self
                .toasts
                .warn(t("The program does not read what is typed; the last of it was dropped. Ctrl+C ends it.").to_owned()),
            "leave" => browser::focus("new-terminal"),
            "search" => self.toggle_search(),
            _ => {}
        }
    }

    /// Takes the tab of the present terminal away, of which the panel knows nothing any more: it counts the next ones
    /// from the beginning. What was printed stays on the screen.
    fn drop_tab(self) {
        let current = self.current.get_untracked();
        self.terminals
            .try_update(|all| all.retain(|one| Some(&one.id) != current.as_ref()));
    }

    /// How it stands, for people.
    pub(super) fn sentence(self) -> String {
        let state = self.state.get();
        sentence(&state)
    }

    pub(super) fn is_lost(self) -> bool {
        self.state.with(|state| state == "lost")
    }

    pub(super) fn act(self, method: &str) {
        self.screen.with_value(|screen| {
            if let Some(screen) = screen {
                screen.call(method, &[]);
            }
        });
    }

    pub(super) fn press(self, key: &str) {
        self.screen.with_value(|screen| {
            if let Some(screen) = screen {
                screen.call("press", &[key.into()]);
            }
        });
    }

    pub(super) fn find(self, text: &str, back: bool) {
        self.found.set(String::new());
        self.screen.with_value(|screen| {
            if let Some(screen) = screen {
                screen.call("find", &[text.into(), back.into()]);
            }
        });
    }

    pub(super) fn toggle_search(self) {
        self.searches.update(|open| *open = !*open);
        if self.searches.get_untracked() {
            request_animation_frame(|| browser::focus("terminal-search"));
        } else {
            self.find("", false);
            self.act("focus");
        }
    }

    pub(super) fn toggle_reader(self) {
        self.reads_aloud.update(|on| *on = !*on);
        let on = self.reads_aloud.get_untracked();
        browser::remember(READER, on.then_some("1"));
        self.screen.with_value(|screen| {
            if let Some(screen) = screen {
                screen.call("setScreenReader", &[on.into()]);
            }
        });
    }
}

/// What a tab is called.
pub(super) fn label(terminal: &Terminal) -> String {
    match terminal.instance {
        Some(_) => terminal.number.to_string(),
        None => fill("Machine {}", &[&terminal.number.to_string()]),
    }
}

/// The states of a screen as sentences; nothing while all is well.
fn sentence(state: &str) -> String {
    let sentence = match state {
        "connecting" => t("Connecting…"),
        "lost" => t("The connection is lost. Trying again…"),
        "closing" => t("Ending it…"),
        "gone" | "closed" => t("This terminal has ended. Open another one."),
        "idle" => t("It ended because nobody used it. Open another one."),
        "deleted" => t("It ended because its instance was deleted."),
        "panel_ended" => t("It ended with the panel. Open another one."),
        "logged-out" => t("You are logged out. Load the page again."),
        other => match other.strip_prefix("exited ") {
            Some(code) => {
                return fill("The shell ended with code {}. Open another one.", &[code]);
            }
            None => "",
        },
    };
    sentence.to_owned()
}

impl ApiError {
    fn is(&self, code: &str) -> bool {
        self.code == code
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_told_in_a_sentence_and_being_well_needs_none() {
        assert_eq!(sentence("open"), "");
        assert_eq!(
            sentence("exited 3"),
            "The shell ended with code 3. Open another one."
        );
        for state in [
            "connecting",
            "lost",
            "closing",
            "gone",
            "closed",
            "idle",
            "deleted",
            "panel_ended",
            "logged-out",
        ] {
            assert!(sentence(state).ends_with(['.', '…']), "{state}");
        }
    }
}
