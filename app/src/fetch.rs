//! What pages are rendered from, fetched as one type: every further one would bring its own copy of Leptos'
//! waiting and of the JSON reader into the browser's program.

use std::fmt;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::server::codee::string::FromToStringCodec;
use serde::{Deserialize, Serialize};
use types::instances::{DeletePreview, InstanceId};
use types::telemetry::Sample;

use crate::error::ErrorKind;
use crate::instances::Dashboard;
use crate::instances::drawer::Details;
use crate::logs::OpenedLog;
use crate::{ApiError, json, view};

/// What an address asks for: an instance, and a number whose meaning the fetcher knows.
pub(crate) type Key = (Option<InstanceId>, Option<u32>);

/// An answer under way.
pub(crate) type Fetching = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Data of the server, carried over in the page.
pub(crate) type Fetched = Resource<Answer, FromToStringCodec>;

/// Whatever the server was asked for.
#[expect(clippy::large_enum_variant, reason = "one per page, taken apart at once")]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Data {
    Nothing,
    Dashboard(Dashboard),
    Log(OpenedLog),
    Details(Details),
    Deletion(DeletePreview),
    Sample(Sample),
}

/// What the server said.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer(Result<Data, ApiError>);

impl Answer {
    /// There was nothing to ask for.
    pub(crate) fn nothing() -> Self {
        Self(Ok(Data::Nothing))
    }

    /// The data.
    pub(crate) fn read<T: TryFrom<Data>>(self) -> Result<T, ApiError> {
        T::try_from(self.0?).map_err(|_| {
            ApiError::new(
                ErrorKind::Transport,
                "transport",
                "The panel’s answer does not fit.",
                "Reload the page.",
            )
        })
    }

    /// The data, where something was asked for.
    pub(crate) fn read_any<T: TryFrom<Data>>(self) -> Option<Result<T, ApiError>> {
        (!matches!(self.0, Ok(Data::Nothing))).then(|| self.read())
    }
}

impl<T: Into<Data>> From<Result<T, ApiError>> for Answer {
    fn from(answer: Result<T, ApiError>) -> Self {
        Self(answer.map(Into::into))
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&json::write(self).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Answer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        json::read(text).map_err(|error| error.to_string())
    }
}

macro_rules! kinds {
    ($($kind:ident: $type:ty),*) => {$(
        impl From<$type> for Data {
            fn from(data: $type) -> Self {
                Self::$kind(data)
            }
        }

        impl TryFrom<Data> for $type {
            type Error = ();

            fn try_from(data: Data) -> Result<Self, ()> {
                match data {
                    Data::$kind(data) => Ok(data),
                    _ => Err(()),
                }
            }
        }
    )*};
}

kinds!(Dashboard: Dashboard, Log: OpenedLog, Details: Details, Deletion: DeletePreview, Sample: Sample);

/// Shows what is made of an answer once it is there; what was shown before stays until then.
pub(crate) fn show(
    data: Fetched,
    meanwhile: ViewFn,
    answered: impl Fn(Answer) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    erased(data, meanwhile, Arc::new(answered))
}

fn erased(
    data: Fetched,
    fallback: ViewFn,
    answered: Arc<dyn Fn(Answer) -> AnyView + Send + Sync>,
) -> AnyView {
    view! {
        <Transition fallback=move || fallback.run()>
            {move || {
                let answered = Arc::clone(&answered);
                Suspend::new(async move { answered(data.await) })
            }}
        </Transition>
    }
}

/// Fetches on the server, and again whenever the key changes.
pub(crate) fn fetch(key: impl Fn() -> Key + Send + Sync + 'static, ask: fn(Key) -> Fetching) -> Fetched {
    let key: Box<dyn Fn() -> Key + Send + Sync> = Box::new(key);
    Resource::new_str(key, ask)
}
