//! The gutters between panes: dragged, or moved with the arrow keys; sizes are kept per browser.

use crate::view;
use leptos::ev::{KeyboardEvent, MouseEvent, PointerEvent};
use leptos::html::Div;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::browser;
use crate::ui::words::decimal;

/// One arrow key moves so far, and with Shift so far, pixels.
const STEP: (f64, f64) = (16.0, 64.0);

/// What a gutter divides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// The pane above from those below.
    Y,
    /// The left pane from the right one.
    X,
}

impl Axis {
    fn class(self) -> &'static str {
        match self {
            Self::Y => "splitter splitter--y",
            Self::X => "splitter splitter--x",
        }
    }

    /// A separator that divides above from below is horizontal itself.
    fn orientation(self) -> &'static str {
        match self {
            Self::Y => "horizontal",
            Self::X => "vertical",
        }
    }

    fn variable(self) -> &'static str {
        match self {
            Self::Y => "--split-y",
            Self::X => "--split-x",
        }
    }

    fn storage_key(self) -> &'static str {
        match self {
            Self::Y => "aikore-split-y",
            Self::X => "aikore-split-x",
        }
    }

    /// Smallest size of the first and of the second side, pixels.
    fn smallest(self) -> (f64, f64) {
        match self {
            Self::Y => (140.0, 120.0),
            Self::X => (320.0, 260.0),
        }
    }

    /// How much the first side grows by this key, as a multiple of a step.
    fn direction(self, key: &str) -> Option<f64> {
        match (self, key) {
            (Self::Y, "ArrowUp") | (Self::X, "ArrowLeft") => Some(-1.0),
            (Self::Y, "ArrowDown") | (Self::X, "ArrowRight") => Some(1.0),
            _ => None,
        }
    }
}

/// The gutter's size limits and place, pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Room {
    total: f64,
    now: f64,
    axis: Axis,
}

impl Room {
    fn limits(self) -> (f64, f64) {
        let (first, second) = self.axis.smallest();
        (first, (self.total - second).max(first))
    }

    fn fit(self, size: f64) -> f64 {
        let (least, most) = self.limits();
        size.clamp(least, most)
    }

    fn percent(self, size: f64) -> f64 {
        if self.total <= 0.0 {
            0.0
        } else {
            (size / self.total * 100.0).round().clamp(0.0, 100.0)
        }
    }

    /// Where a key moves the gutter.
    fn key(self, key: &str, shift: bool) -> Option<f64> {
        let (least, most) = self.limits();
        let step = if shift { STEP.1 } else { STEP.0 };
        match key {
            "Home" => Some(least),
            "End" => Some(most),
            _ => self
                .axis
                .direction(key)
                .map(|direction| self.fit(self.now + direction * step)),
        }
    }
}

/// A gutter of the workbench; its parent lays the panes out by `--split-y` and `--split-x`.
#[component]
pub fn Splitter(
    /// What it divides.
    axis: Axis,
    /// What its value is, for who cannot see it.
    label: &'static str,
) -> impl IntoView {
    let node = NodeRef::<Div>::new();
    let percent = RwSignal::new(62.0);
    // Pointer and size where the drag began.
    let drag = StoredValue::new(None::<(f64, f64)>);
    let put = move |size: f64| {
        if let Some(room) = room(node, axis) {
            let size = room.fit(size);
            set_variable(node, axis, Some(size));
            percent.set(room.percent(size));
            remember(axis, Some(size));
        }
    };
    let reset = move |_: MouseEvent| {
        set_variable(node, axis, None);
        remember(axis, None);
        if let Some(room) = room(node, axis) {
            percent.set(room.percent(room.now));
        }
    };
    crate::ui::effect(move || match remembered(axis) {
        Some(size) => put(size),
        None => {
            if let Some(room) = room(node, axis) {
                percent.set(room.percent(room.now));
            }
        }
    });
    let keydown = move |event: KeyboardEvent| {
        if let Some(size) = room(node, axis).and_then(|room| room.key(&event.key(), event.shift_key())) {
            event.prevent_default();
            put(size);
        }
    };
    let down = move |event: PointerEvent| {
        let Some((element, room)) = node.get_untracked().zip(room(node, axis)) else {
            return;
        };
        if event.button() == 0 {
            event.prevent_default();
            let _ = element.set_pointer_capture(event.pointer_id());
            let _ = element.focus();
            drag.set_value(Some((along(axis, &event), room.now)));
        }
    };
    let moved = move |event: PointerEvent| {
        if let Some((from, size)) = drag.get_value() {
            put(size + along(axis, &event) - from);
        }
    };
    view! {
        <div
            node_ref=node
            class=axis.class()
            role="separator"
            tabindex="0"
            aria-orientation=axis.orientation()
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=move || decimal(percent.get(), 0)
            aria-label=label
            on:keydown=keydown
            on:dblclick=reset
            on:pointerdown=down
            on:pointermove=moved
            on:pointerup=move |_| drag.set_value(None)
            on:pointercancel=move |_| drag.set_value(None)
        ></div>
    }
}

fn along(axis: Axis, event: &PointerEvent) -> f64 {
    match axis {
        Axis::Y => f64::from(event.client_y()),
        Axis::X => f64::from(event.client_x()),
    }
}

fn parent(node: NodeRef<Div>) -> Option<HtmlElement> {
    node.get_untracked()?.parent_element()?.dyn_into().ok()
}

/// Measures the workbench; the gutter's own place tells the first side's size.
fn room(node: NodeRef<Div>, axis: Axis) -> Option<Room> {
    let inner = node.get_untracked()?.get_bounding_client_rect();
    let outer = parent(node)?.get_bounding_client_rect();
    Some(match axis {
        Axis::Y => Room {
            total: outer.height(),
            now: inner.top() - outer.top(),
            axis,
        },
        Axis::X => Room {
            total: outer.width(),
            now: inner.left() - outer.left(),
            axis,
        },
    })
}

fn set_variable(node: NodeRef<Div>, axis: Axis, size: Option<f64>) {
    if let Some(parent) = parent(node) {
        let _ = match size {
            Some(size) => parent
                .style()
                .set_property(axis.variable(), &format!("{}px", decimal(size, 0))),
            None => parent.style().remove_property(axis.variable()).map(drop),
        };
    }
}

fn remembered(axis: Axis) -> Option<f64> {
    let size = js_sys::parse_float(&browser::remembered(axis.storage_key())?);
    size.is_finite().then_some(size)
}

fn remember(axis: Axis, size: Option<f64>) {
    browser::remember(axis.storage_key(), size.map(|size| decimal(size, 0)).as_deref());
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room {
        total: 800.0,
        now: 400.0,
        axis: Axis::Y,
    };

    #[test]
    fn keys_move_by_steps_and_stay_inside() {
        assert_eq!(ROOM.key("ArrowUp", false), Some(384.0));
        assert_eq!(ROOM.key("ArrowDown", true), Some(464.0));
        assert_eq!(ROOM.key("Home", false), Some(140.0));
        assert_eq!(ROOM.key("End", false), Some(680.0));
        assert_eq!(ROOM.key("ArrowLeft", false), None);
        assert_eq!(ROOM.key("x", false), None);
    }

    #[test]
    fn a_size_that_no_longer_fits_is_made_to_fit() {
        assert!((ROOM.fit(5000.0) - 680.0).abs() < f64::EPSILON);
        let tiny = Room { total: 100.0, ..ROOM };
        assert!((tiny.fit(5000.0) - 140.0).abs() < f64::EPSILON);
    }
}
