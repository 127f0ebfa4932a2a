//! The desktop of an instance as a picture that can be clicked, with a line to type and the keys that have no character:
//! plain forms, for who has no browser that shows films, or none that trusts the connection.

use leptos::prelude::*;
use types::desktops::{DesktopState, DesktopStatus, Input, Key};
use types::instances::{Instance, InstanceId};

use super::edit::{is_on, text};
use super::{Area, Frame, Typed, choice, labelled, line};
use crate::language::{fill, said, t};
use crate::paths::at;
use crate::view;

/// How wide the picture may be shown, pixels of the page; the first is for phones.
const WIDTHS: [u16; 5] = [320, 480, 640, 960, 1280];
/// Where nobody chose.
const WIDTH: u16 = 960;
/// So far does one click on a scroll button go, notches of a wheel.
const NOTCHES: i8 = 5;

/// What the page shows.
pub struct Screen {
    /// Whose.
    pub instance: Instance,
    /// How it is doing; none = there is none at the moment.
    pub status: Option<DesktopStatus>,
    /// Its size, pixels; none = there is no picture.
    pub size: Option<(u32, u32)>,
    /// How wide the picture is to be shown.
    pub width: u16,
}

/// Where the page is.
pub fn address(id: InstanceId) -> String {
    format!("/lite/instances/{id}/desktop")
}

/// The width that somebody chose, or one that suits the device.
pub fn width(chosen: Option<u16>, is_phone: bool) -> u16 {
    let usual = if is_phone { WIDTHS[0] } else { WIDTH };
    chosen.filter(|width| WIDTHS.contains(width)).unwrap_or(usual)
}

/// The page.
pub fn page(frame: &Frame, screen: &Screen) -> String {
    let instance = &screen.instance;
    let content = match screen.size {
        Some(size) => picture(frame, screen, size),
        None => nothing(screen.status.as_ref()),
    };
    let content = view! {
        {content}
        <p class="bs">
            <a class="bt" href=at(&format!("/lite/instances/{}", instance.id))>{instance.name.clone()}</a>
        </p>
        {frame.paces()}
    };
    frame.page(
        Area::Instances,
        &fill("Desktop of {}", &[&instance.name]),
        content,
    )
}

/// Why there is no picture.
fn nothing(status: Option<&DesktopStatus>) -> AnyView {
    let why = match status {
        None => {
            t("There is no desktop at the moment: the instance does not run, or was started without Persistent UI.")
                .to_owned()
        }
        Some(status) if status.state == DesktopState::Failed => said(&status.reason),
        Some(_) => t("The desktop is coming up. Reload the page in a moment.").to_owned(),
    };
    view! { <p class="box" role="status">{why}</p> }
}

fn picture(frame: &Frame, screen: &Screen, (width, height): (u32, u32)) -> AnyView {
    let id = screen.instance.id;
    let action = address(id);
    let source = at(&format!(
        "/api/v1/instances/{id}/desktop/screenshot?at={}",
        frame.now
    ));
    let presses =
        ["left", "double", "right", "middle"].map(|press| (press.to_owned(), word(press).to_owned()));
    let carried = || {
        view! {
            <input type="hidden" name="width" value=screen.width.to_string() />
            <input type="hidden" name="size" value=format!("{width}x{height}") />
        }
    };
    let click = view! {
        {carried()}
        <p class="pic">
            <input
                type="image"
                name="at"
                src=source
                alt=t("What the desktop shows. Choose a place to click on it.")
                width=screen.width.to_string()
            />
        </p>
        <fieldset>
            {labelled(t("A click is"), choice("press", "left", &presses), "")}
            <input type="submit" name="up" value=t("Scroll up") />
            <input type="submit" name="down" value=t("Scroll down") />
        </fieldset>
    };
    let typing = view! {
        {carried()}
        <fieldset>
            {labelled(t("Text"), line("text", "", ""), "")}
            <label class="c">
                <input type="checkbox" name="enter" value="true" />
                <span>{t("then Enter")}</span>
            </label>
            <input type="submit" class="p" value=t("Type it") />
        </fieldset>
    };
    let keys = view! {
        {carried()}
        <fieldset>
            {KEYS
                .map(|(name, key)| view! { <input type="submit" name=name value=name_of(key) /> " " })
                .collect_view()}
        </fieldset>
    };
    view! {
        <section>{frame.form(&action, click)}</section>
        <section>{frame.form(&action, typing)} {frame.form(&action, keys)}</section>
        <p>
            {t("Width of the picture:")} " "
            {WIDTHS
                .map(|width| {
                    let current = (width == screen.width).then_some("page");
                    let href = at(&format!("{}?width={width}", address(id)));
                    view! { <a href=href aria-current=current>{width.to_string()}</a> " " }
                })
                .collect_view()}
        </p>
    }
}

fn word(press: &str) -> &'static str {
    match press {
        "double" => t("double"),
        "right" => t("right"),
        "middle" => t("middle"),
        _ => t("left"),
    }
}

/// The keys by the names of their buttons.
const KEYS: [(&str, Key); 13] = [
    ("key-enter", Key::Enter),
    ("key-tab", Key::Tab),
    ("key-escape", Key::Escape),
    ("key-backspace", Key::Backspace),
    ("key-delete", Key::Delete),
    ("key-left", Key::Left),
    ("key-up", Key::Up),
    ("key-down", Key::Down),
    ("key-right", Key::Right),
    ("key-home", Key::Home),
    ("key-end", Key::End),
    ("key-pageup", Key::PageUp),
    ("key-pagedown", Key::PageDown),
];

fn name_of(key: Key) -> &'static str {
    match key {
        Key::Enter => "Enter",
        Key::Tab => "Tab",
        Key::Escape => "Esc",
        Key::Backspace => "⌫",
        Key::Delete => "Del",
        Key::Left => "←",
        Key::Up => "↑",
        Key::Down => "↓",
        Key::Right => "→",
        Key::Home => "Home",
        Key::End => "End",
        Key::PageUp => "Page ↑",
        Key::PageDown => "Page ↓",
    }
}

/// What a form asks to be done to the desktop; none = nothing that can be understood.
pub fn wanted(typed: &Typed) -> Option<Input> {
    if let Some((_, key)) = KEYS.iter().find(|(name, _)| typed.contains_key(*name)) {
        return Some(Input::Key { key: *key });
    }
    if typed.contains_key("text") {
        let end = if is_on(typed, "enter") { "\n" } else { "" };
        let text = format!("{}{end}", text(typed, "text"));
        return Some(Input::Text { text });
    }
    let (width, height) = text(typed, "size").split_once('x')?;
    let (width, height): (u32, u32) = (width.parse().ok()?, height.parse().ok()?);
    let scroll = |notches| {
        Some(Input::Scroll {
            x: u16::try_from(width / 2).ok()?,
            y: u16::try_from(height / 2).ok()?,
            notches,
        })
    };
    if typed.contains_key("up") {
        return scroll(-NOTCHES);
    }
    if typed.contains_key("down") {
        return scroll(NOTCHES);
    }
    let shown: u32 = text(typed, "width").parse().ok().filter(|width| *width > 0)?;
    // The place on the page, in pixels of the screen.
    let place = |name: &str, side: u32| {
        let on_page: u32 = text(typed, name).parse().ok()?;
        let on_screen = u64::from(on_page) * u64::from(width) / u64::from(shown);
        u16::try_from(on_screen.min(u64::from(side.saturating_sub(1)))).ok()
    };
    let (button, times) = match text(typed, "press") {
        "double" => (1, 2),
        "right" => (3, 1),
        "middle" => (2, 1),
        _ => (1, 1),
    };
    Some(Input::Click {
        x: place("at.x", width)?,
        y: place("at.y", height)?,
        button,
        times,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(fields: &[(&str, &str)]) -> Option<Input> {
        let pairs = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        wanted(&pairs.collect())
    }

    #[test]
    fn a_click_on_a_small_picture_is_one_at_that_place_of_the_screen() {
        let clicked = |press: &str, x: &str, y: &str| {
            let size = ("size", "1280x720");
            sent(&[("width", "320"), size, ("press", press), ("at.x", x), ("at.y", y)])
        };
        let click = |x, y, button, times| Some(Input::Click { x, y, button, times });
        assert_eq!(clicked("left", "10", "20"), click(40, 80, 1, 1));
        assert_eq!(clicked("double", "319", "5000"), click(1276, 719, 1, 2));
        assert_eq!(clicked("right", "0", "0"), click(0, 0, 3, 1));
        assert_eq!(clicked("left", "x", "0"), None);
        assert_eq!(sent(&[("at.x", "1"), ("at.y", "1")]), None);
    }

    #[test]
    fn lines_keys_and_the_wheel() {
        let text = |text: &str| {
            Some(Input::Text {
                text: text.to_owned(),
            })
        };
        assert_eq!(sent(&[("text", "ab")]), text("ab"));
        assert_eq!(sent(&[("text", "ab"), ("enter", "true")]), text("ab\n"));
        assert_eq!(sent(&[("key-tab", "Tab")]), Some(Input::Key { key: Key::Tab }));
        let scrolled = sent(&[("size", "1280x720"), ("up", "Scroll up")]);
        let up = Input::Scroll {
            x: 640,
            y: 360,
            notches: -NOTCHES,
        };
        assert_eq!(scrolled, Some(up));
    }

    #[test]
    fn only_widths_that_are_offered_are_shown() {
        assert_eq!(
            (width(Some(480), false), width(Some(7), false), width(None, true)),
            (480, WIDTH, 320)
        );
    }
}
