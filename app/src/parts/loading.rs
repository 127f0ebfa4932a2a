//! How parts of the program are declared, loaded and shown.

use std::future::Future;
use std::pin::Pin;

use futures_util::FutureExt;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_split_helpers::SplitLoaderError;

use crate::address::{Address, Page, Query};
use crate::language::t;
use crate::tools::Tool;
use crate::ui::Toasts;

pub(super) type Loading = Pin<Box<dyn Future<Output = Result<(), SplitLoaderError>>>>;
pub(super) type Rendering = Pin<Box<dyn Future<Output = Result<AnyView, SplitLoaderError>>>>;

/// Loads a part.
pub(super) type Load = fn() -> Loading;

/// Code that is loaded when it is first needed. `A` is what its view is made from.
pub(super) struct Part<A: 'static = ()> {
    pub(super) at: At,
    pub(super) load: Load,
    pub(super) view: fn(A) -> Rendering,
}

/// Where a part is on the page from the beginning.
#[derive(Clone, Copy)]
pub(super) enum At {
    /// On a page of its own.
    Page(fn(Page) -> bool),
    /// Over the dashboard, while its address has a key.
    Key(&'static str),
    /// In the tools pane.
    Tool(Tool),
    /// Where only the server knew: it left an element with this id.
    Element(&'static str),
    /// Nowhere: somebody has to do something first.
    Never,
}

impl At {
    pub(super) fn is_here(self, page: Page, query: &Query) -> bool {
        match self {
            Self::Page(is_it) => is_it(page),
            _ if page != Page::Instances => false,
            Self::Key(key) => query.text(key).is_some(),
            Self::Tool(tool) => Tool::of(query.text("tool")) == tool,
            Self::Element(id) => document().get_element_by_id(id).is_some(),
            Self::Never => false,
        }
    }
}

/// Declares a part: the constant's name, the file it goes into, where it is from the beginning, the functions that load it
/// and make its view, and that view.
macro_rules! part {
    ($name:ident of $file:ident: $at:expr, $load:ident, $make:ident() => $view:expr) => {
        #[wasm_split($file, preload($load), fallible)]
        fn $make() -> Result<AnyView, SplitLoaderError> {
            Ok($view)
        }

        const $name: Part = Part {
            at: $at,
            load: || Box::pin($load()),
            view: |()| Box::pin($make()),
        };
    };
    ($name:ident of $file:ident: $at:expr, $load:ident, $make:ident($with:tt: $from:ty) => $view:expr) => {
        #[wasm_split($file, preload($load), fallible)]
        fn $make($with: $from) -> Result<AnyView, SplitLoaderError> {
            Ok($view)
        }

        const $name: Part<$from> = Part {
            at: $at,
            load: || Box::pin($load()),
            view: |with| Box::pin($make(with)),
        };
    };
}
pub(super) use part;

impl<A> Part<A> {
    /// Where it is from the beginning, and how it is loaded.
    pub(super) const fn loading(&self) -> (At, Load) {
        (self.at, self.load)
    }
}

impl<A: Copy + Send + Sync> Part<A> {
    /// Its view, now.
    pub(super) fn show(self, with: A) -> AnyView {
        self.show_when(|| true, with)
    }

    /// Its view from the moment it was first needed; before that, nothing.
    pub(super) fn show_when(self, needed: impl Fn() -> bool + Send + Sync + 'static, with: A) -> AnyView {
        let view = self.view;
        show(Box::new(needed), self.load, Box::new(move || view(with)))
    }
}

impl Part {
    /// Its view from the moment the address first had its key.
    pub(super) fn show_by_key(self) -> AnyView {
        let address = Address::get();
        let At::Key(key) = self.at else {
            return ().into_any();
        };
        self.show_when(move || address.text(key).is_some(), ())
    }
}

// Apart, so that it is compiled once.
fn show(
    needed: Box<dyn Fn() -> bool + Send + Sync>,
    load: Load,
    view: Box<dyn Fn() -> Rendering + Send + Sync>,
) -> AnyView {
    // Asking whether it is there would fetch it.
    let is_there = untrack(&needed) && matches!(load().now_or_never(), Some(Ok(())));
    let shown = RwSignal::new(is_there);
    let toasts = expect_context::<Toasts>();
    crate::ui::effect(move || {
        if !needed() || shown.get_untracked() {
            return;
        }
        spawn_local(async move {
            match load().await {
                Ok(()) => {
                    shown.try_set(true);
                }
                Err(_) => toasts.warn(
                    t("This could not be loaded. Load the page again: the panel may have been updated.")
                        .to_owned(),
                ),
            }
        });
    });
    (move || {
        if shown.get() {
            view().now_or_never()?.ok()
        } else {
            None
        }
    })
    .into_any()
}
