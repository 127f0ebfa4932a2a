//! Lists whose items come and go, compiled once for all kinds of items.

use crate::view;
use leptos::prelude::*;

struct Item {
    key: i64,
    show: Box<dyn FnOnce() -> AnyView + Send>,
}

/// Shows every item of a list. Items with the same `key` keep their elements, whatever else changes around them.
pub fn list<T: Send + 'static>(
    items: impl Fn() -> Vec<T> + Send + 'static,
    key: fn(&T) -> i64,
    show: impl Fn(T) -> AnyView + Clone + Send + 'static,
) -> AnyView {
    let item = move |content: T| {
        let (key, show) = (key(&content), show.clone());
        Item {
            key,
            show: Box::new(move || show(content)),
        }
    };
    erased(Box::new(move || items().into_iter().map(&item).collect()))
}

fn erased(items: Box<dyn Fn() -> Vec<Item> + Send>) -> AnyView {
    view! {
        <For each=items key=|item| item.key let:item>
            {(item.show)()}
        </For>
    }
}
