//! The instances pane: its head, the table, its foot.

use leptos::prelude::*;

use super::Rows;
use super::filter::{FilterTabs, use_filter};
use super::row::InstanceRow;
use crate::ui::Icon;

/// The pane on top of the dashboard.
#[component]
pub fn InstancesPane() -> impl IntoView {
    let rows = expect_context::<Rows>();
    let filter = use_filter();
    let shown = Memo::new(move |_| {
        let filter = filter.get();
        let mut shown = rows.get();
        shown.retain(|row| row.instance.with(|instance| filter.shows(instance)));
        shown
    });
    let nothing = Memo::new(move |_| shown.with(Vec::is_empty));
    view! {
        <section class="pane pane--top" aria-labelledby="instances-title">
            <div class="pane__head">
                <h1 class="pane__title" id="instances-title">
                    "Instances"
                </h1>
                <FilterTabs filter />
                <div class="pane__tools">
                    <a class="button" href="/?new=1" data-noscroll>
                        <Icon name="plus" />
                        "New instance"
                    </a>
                </div>
            </div>
            <div class="pane__body">
                <table class="table instances" role="table">
                    <TableHead />
                    <tbody role="rowgroup">
                        <For each=move || shown.get() key=|row| row.id let:row>
                            <InstanceRow row />
                        </For>
                    </tbody>
                </table>
                <Show when=move || nothing.get()>
                    <div class="empty">
                        <p>
                            "No instance is "
                            {move || filter.get().word().to_lowercase()}
                            " now."
                        </p>
                        <a class="button" href="/" data-noscroll>
                            "Show all "
                            {move || rows.get().len()}
                        </a>
                    </div>
                </Show>
            </div>
        </section>
    }
}

#[component]
fn TableHead() -> impl IntoView {
    view! {
        <thead role="rowgroup">
            <tr role="row">
                <th class="c-name" role="columnheader" scope="col">
                    "Name"
                </th>
                <th class="c-gpu" role="columnheader" scope="col">
                    "GPUs"
                </th>
                <th class="c-status" role="columnheader" scope="col">
                    "Status"
                </th>
                <th class="c-access" role="columnheader" scope="col">
                    "Link and port"
                </th>
                <th class="c-auto" role="columnheader" scope="col">
                    "Autostart"
                </th>
                <th class="c-act" role="columnheader" scope="col">
                    <span class="visually-hidden">"Actions"</span>
                </th>
            </tr>
        </thead>
    }
}
