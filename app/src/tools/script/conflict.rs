//! Two people, one file: shows both texts and lets a person choose. Whatever they choose, the other text stays in the
//! history.

use crate::language::{fill, t};
use crate::view;
use leptos::prelude::*;

use super::difference::difference;
use super::session::Session;
use crate::ui::{Dialog, Icon};

/// The question, while there is one.
pub(super) fn conflict(session: Session) -> AnyView {
    (move || {
        let conflict = session.conflict.get()?;
        let name = session.file.file_name();
        let close = move |()| session.conflict.set(None);
        Some(view! {
            <Dialog id="conflict-title" title=fill("{} was changed meanwhile", &[name]) on_close=close>
                <div class="dialog__body">
                    <p>
                        {t("Somebody else saved this file after you opened it. Nothing of yours was saved, and nothing of \
                         theirs is lost: the text you do not choose stays in the history.")}
                    </p>
                    {difference(&conflict.diff, t("theirs"), t("yours"))}
                </div>
                <div class="dialog__foot">
                    <button class="button button--quiet" type="button" on:click=move |_| close(())>
                        {t("Go on editing")}
                    </button>
                    <button class="button" type="button" on:click=move |_| session.take_theirs()>
                        {t("Take theirs")}
                    </button>
                    <button class="button button--filled" type="button" on:click=move |_| session.keep_mine()>
                        <Icon name="check" />
                        {t("Keep mine")}
                    </button>
                </div>
            </Dialog>
        })
    })
    .into_any()
}
