//! The order of the rows: by drag, and by keys for who cannot drag.

use crate::language::fill;
use crate::request::FormOrJson;
use crate::view;
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use types::instances::InstanceId;
use types::order::{self, Place};

use super::{Row, Rows};
use crate::ApiError;
use crate::browser;
use crate::ui::{Icon, Toasts};

/// Puts the rows in this order.
#[server(prefix = "/fn", endpoint = "reorder_instances", protocol = FormOrJson)]
pub(crate) async fn reorder_instances(order: Vec<InstanceId>) -> Result<(), ApiError> {
    Ok(expect_context::<engine::Engine>()
        .instances
        .reorder(order)
        .await?)
}

/// Moves rows; cheap to copy.
#[derive(Clone, Copy)]
pub struct Order {
    rows: Rows,
    toasts: Toasts,
    dragged: RwSignal<Option<InstanceId>>,
    /// The order before the drag.
    before: StoredValue<Vec<InstanceId>>,
    /// What screen readers are told.
    spoken: RwSignal<String>,
}

impl Order {
    /// From what the page provides.
    pub fn from_context() -> Self {
        Self {
            rows: expect_context(),
            toasts: expect_context(),
            dragged: RwSignal::new(None),
            before: StoredValue::new(Vec::new()),
            spoken: RwSignal::new(String::new()),
        }
    }

    /// Whether a row is being dragged; tracked.
    pub fn is_dragged(self, id: InstanceId) -> bool {
        self.dragged.get() == Some(id)
    }

    /// Moves a row by one place and keeps the focus where it was.
    pub fn step(self, row: Row, down: bool) {
        let before = self.order();
        let Some(after) = order::stepped(&self.places(), row.id, down) else {
            self.say(row);
            return;
        };
        let focused = document().active_element().map(|element| element.id());
        self.rows.reorder(&after);
        self.send(before);
        self.say(row);
        // Moving a node in the document takes the focus away from it.
        request_animation_frame(move || {
            if let Some(id) = focused.filter(|id| !id.is_empty()) {
                browser::focus(&id);
            }
        });
    }

    /// Begins a drag.
    pub fn grab(self, row: Row) {
        self.before.set_value(self.order());
        self.dragged.set(Some(row.id));
    }

    /// Follows the pointer while a row is dragged, and drops it where it is let go.
    pub fn follow_pointer(self) {
        crate::ui::effect(move || {
            let moved = window_event_listener(ev::pointermove, move |event| {
                if let Some(dragged) = self.dragged.get_untracked()
                    && let Some(over) = row_at(event.client_x(), event.client_y())
                    && let Some(after) = order::moved(&self.places(), dragged, over)
                {
                    self.rows.reorder(&after);
                }
            });
            let dropped = window_event_listener(ev::pointerup, move |_| self.drop_row());
            let cancelled = window_event_listener(ev::pointercancel, move |_| self.give_up());
            on_cleanup(move || {
                moved.remove();
                dropped.remove();
                cancelled.remove();
            });
        });
    }

    fn drop_row(self) {
        let Some(id) = self.dragged.get_untracked() else {
            return;
        };
        self.dragged.set(None);
        let before = self.before.get_value();
        if before != self.order() {
            self.send(before);
            if let Some(row) = self.rows.find(id) {
                self.say(row);
            }
        }
    }

    fn give_up(self) {
        if self.dragged.get_untracked().is_some() {
            self.dragged.set(None);
            self.rows.reorder(&self.before.get_value());
        }
    }

    fn order(self) -> Vec<InstanceId> {
        self.rows.get_untracked().iter().map(|row| row.id).collect()
    }

    fn places(self) -> Vec<Place> {
        let parent = |row: &Row| {
            row.instance
                .with_untracked(|instance| instance.parent_instance_id)
        };
        let rows = self.rows.get_untracked();
        rows.iter().map(|row| (row.id, parent(row))).collect()
    }

    fn send(self, before: Vec<InstanceId>) {
        let order = self.order();
        self.rows.await_order(order.clone());
        spawn_local(async move {
            if let Err(error) = reorder_instances(order).await {
                self.rows.await_order(Vec::new());
                self.rows.reorder(&before);
                self.toasts.fail(&error);
            }
        });
    }

    fn say(self, row: Row) {
        let order = self.order();
        let place = order.iter().position(|id| *id == row.id).unwrap_or(0);
        let of = order.len();
        let name = row.instance.with_untracked(|instance| instance.name.clone());
        self.spoken.set(fill(
            "{} is now row {} of {}.",
            &[&name, &(place + 1).to_string(), &of.to_string()],
        ));
    }
}

/// The row under a point of the window.
fn row_at(x: i32, y: i32) -> Option<InstanceId> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "screens have fewer than 16 million pixels"
    )]
    let element = document().element_from_point(x as f32, y as f32)?;
    let row = element.closest("tr[data-id]").ok()??;
    row.get_attribute("data-id")?.parse().ok().map(InstanceId)
}

/// Where screen readers hear about moved rows.
#[component]
pub fn OrderAnnouncer() -> impl IntoView {
    let order = expect_context::<Order>();
    order.follow_pointer();
    view! {
        <p class="visually-hidden" role="status" aria-live="polite">
            {move || order.spoken.get()}
        </p>
    }
}

/// What a row is dragged by; the arrow keys move it too.
#[component]
pub fn Grip(
    /// Which row.
    row: Row,
) -> impl IntoView {
    let order = expect_context::<Order>();
    let label = move || {
        row.instance
            .with(|instance| fill("Move {}: drag, or press an arrow key", &[&instance.name]))
    };
    let on_key = move |event: ev::KeyboardEvent| {
        let down = match event.key().as_str() {
            "ArrowDown" => true,
            "ArrowUp" => false,
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        order.step(row, down);
    };
    view! {
        <button
            class="grip"
            type="button"
            id=format!("grip-{}", row.id)
            aria-label=label
            on:keydown=on_key
            on:pointerdown=move |event| {
                event.prevent_default();
                order.grab(row);
            }
        >
            <Icon name="grip" class="icon--sm" />
        </button>
    }
}
