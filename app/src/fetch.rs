//! What pages are rendered from: asked for by one function of the server and carried as one type. Every further one
//! would bring its own copy of Leptos' waiting, of a request, and of a reader of JSON into the browser's program.

#[cfg(feature = "ssr")]
mod subjects;

#[cfg(feature = "ssr")]
use std::any::Any;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::server::codee::string::FromToStringCodec;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use types::instances::InstanceId;

use crate::error::ErrorKind;
use crate::request::FormOrJson;
use crate::ui::ErrorNote;
use crate::{ApiError, json, view};

/// What can be asked for. `subjects.rs` says what answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Subject {
    /// The table. A number: with free ports.
    Dashboard,
    /// The end of a log; the number is its run's.
    Log,
    /// What the drawer shows beyond the row.
    Details,
    /// What deleting would remove.
    Deletion,
    /// What cloning would copy.
    Clone,
    /// The latest reading of the machine.
    Machine,
    /// What an instance's environment holds.
    Environment,
    /// The jobs of an instance.
    Jobs,
    /// Whether an instance would find enough GPU memory.
    Start,
    /// The GPUs to choose from.
    Gpus,
    /// Alerts, rules and webhooks.
    Alerts,
    /// The latest jobs of all.
    Recent,
    /// The library of wheels, and which of them an instance has chosen.
    Wheels,
    /// What is and was built.
    Builds,
    /// The editor as a page; the number is a wish of its forms.
    Script,
    /// The catalogue, with the blueprint that the text names.
    Blueprints,
    /// The trash, with what removing what the text names would come to.
    Trash,
    /// What is measured of the whole machine, over the time that the text names.
    Monitoring,
    /// The last two minutes of what the table and the machine's pane show.
    Load,
}

/// What an address asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) subject: Subject,
    pub(crate) id: Option<InstanceId>,
    pub(crate) number: Option<u32>,
    pub(crate) text: Option<String>,
    /// Counts the times that an answer became old.
    pub(crate) age: u32,
}

impl Key {
    /// Nothing but the subject.
    pub(crate) fn of(subject: Subject) -> Self {
        Self {
            subject,
            id: None,
            number: None,
            text: None,
            age: 0,
        }
    }

    /// About one instance.
    pub(crate) fn about(subject: Subject, id: InstanceId) -> Self {
        Self {
            id: Some(id),
            ..Self::of(subject)
        }
    }
}

/// Data of the server, carried over in the page.
pub(crate) type Fetched = Resource<Answer, FromToStringCodec>;

/// Answers whatever a page is rendered from.
#[server(prefix = "/fn", endpoint = "look_up", protocol = FormOrJson)]
pub(crate) async fn look_up(key: Key) -> Result<Packed, ApiError> {
    subjects::answer(key).await
}

/// Data whose shape only a part of the program knows: its JSON, read where it is shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Packed {
    json: String,
    #[cfg(feature = "ssr")]
    #[serde(skip)]
    made: Made,
}

/// The data itself, where it was made: a page that is rendered there need not read its own JSON.
#[cfg(feature = "ssr")]
#[derive(Clone, Default)]
struct Made(Option<Arc<dyn Any + Send + Sync>>);

#[cfg(feature = "ssr")]
impl fmt::Debug for Made {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Made")
    }
}

impl Packed {
    /// Packs data; the server's side.
    #[cfg(feature = "ssr")]
    pub fn of(data: impl Serialize + Any + Send + Sync) -> Result<Self, ApiError> {
        let json = json::write(&data).map_err(|_| misfit())?;
        let made = Made(Some(Arc::new(data)));
        Ok(Self { json, made })
    }

    fn of_json(json: String) -> Self {
        Self {
            json,
            #[cfg(feature = "ssr")]
            made: Made::default(),
        }
    }

    /// The JSON.
    pub(crate) fn text(&self) -> &str {
        &self.json
    }

    fn read<T: DeserializeOwned + Clone + 'static>(&self) -> Result<T, ApiError> {
        #[cfg(feature = "ssr")]
        if let Some(data) = self.made.0.as_ref().and_then(|data| data.downcast_ref::<T>()) {
            return Ok(data.clone());
        }
        json::read(&self.json).map_err(|_| misfit())
    }
}

fn misfit() -> ApiError {
    ApiError::new(
        ErrorKind::Transport,
        "transport",
        "The panel’s answer does not fit.",
        "Reload the page.",
    )
}

/// What the server said; nothing, where nothing was asked.
#[derive(Clone, Debug)]
pub struct Answer(Result<Option<Packed>, ApiError>);

impl Answer {
    /// The data.
    pub(crate) fn read<T: DeserializeOwned + Clone + 'static>(self) -> Result<T, ApiError> {
        self.read_any().unwrap_or_else(|| Err(misfit()))
    }

    /// The data, where something was asked for.
    pub(crate) fn read_any<T: DeserializeOwned + Clone + 'static>(self) -> Option<Result<T, ApiError>> {
        let packed = self.0.transpose()?;
        Some(packed.and_then(|packed| packed.read()))
    }
}

// In the page an answer is `+` and its data, or `-` and the error: JSON within JSON would double every quotation mark.
impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Ok(None) => Ok(()),
            Ok(Some(packed)) => write!(formatter, "+{}", packed.text()),
            Err(error) => write!(formatter, "-{}", json::write(error).map_err(|_| fmt::Error)?),
        }
    }
}

impl FromStr for Answer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(data), _) => Ok(Some(Packed::of_json(data.to_owned()))),
            (_, Some(error)) => Err(json::read(error).map_err(|error| error.to_string())?),
            _ => Ok(None),
        }))
    }
}

/// Shows what is made of an answer once it is there; what was shown before stays until then.
pub(crate) fn show(
    data: Fetched,
    meanwhile: ViewFn,
    answered: impl Fn(Answer) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    erased(data, meanwhile, Arc::new(answered))
}

/// Shows what is made of data of one kind: nothing where nothing was asked, an error as a note.
pub(crate) fn show_data<T: DeserializeOwned + Clone + 'static>(
    data: Fetched,
    meanwhile: ViewFn,
    made: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    show(data, meanwhile, move |answer| match answer.read_any() {
        None => ().into_any(),
        Some(Ok(data)) => made(data),
        Some(Err(error)) => view! { <ErrorNote text=error.to_string() /> },
    })
}

/// On the server the page waits here for the answer, and what is made of it is made once. Leptos' own waiting makes it
/// twice to throw one away, in search of further questions to wait for: half the time that a large table takes.
#[cfg(feature = "ssr")]
fn erased(
    data: Fetched,
    _meanwhile: ViewFn,
    answered: Arc<dyn Fn(Answer) -> AnyView + Send + Sync>,
) -> AnyView {
    use leptos::tachys::reactive_graph::OwnedView;
    // In browsers the waiting has a number among those of all that is carried over in the page.
    if let Some(page) = Owner::current_shared_context() {
        page.next_id();
    }
    let made = async move { OwnedView::new(answered(data.await)) };
    let owner = Owner::new();
    // What waits within may be made when this is written already, and looks here for its surroundings then.
    on_cleanup({
        let owner = owner.clone();
        move || drop(owner)
    });
    owner.with(|| Suspend::new(made)).into_any()
}

#[cfg(not(feature = "ssr"))]
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

/// Asks once, for what no page begins with.
pub(crate) async fn ask<T: DeserializeOwned + Clone + 'static>(key: Key) -> Result<T, ApiError> {
    Answer(look_up(key).await.map(Some)).read()
}

/// Fetches on the server, and again whenever the key changes. Without a key there is nothing to ask.
pub(crate) fn fetch(key: impl Fn() -> Option<Key> + Send + Sync + 'static) -> Fetched {
    let key: Box<dyn Fn() -> Option<Key> + Send + Sync> = Box::new(key);
    Resource::new_str(key, |key| async move {
        match key {
            Some(key) => Answer(look_up(key).await.map(Some)),
            None => Answer(Ok(None)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_survive_the_page() {
        let said = |answer: &Answer| answer.to_string().parse::<Answer>();
        let data = Answer(Ok(Some(Packed::of_json("[1,\"+\"]".to_owned()))));
        let read = said(&data).map(|answer| answer.read::<(u8, String)>().ok());
        assert_eq!(read, Ok(Some((1, "+".to_owned()))));
        let nothing = said(&Answer(Ok(None)));
        assert!(nothing.is_ok_and(|answer| answer.read_any::<u8>().is_none()));
        let refused = said(&Answer(Err(misfit())));
        assert!(refused.is_ok_and(|answer| answer.read::<u8>() == Err(misfit())));
    }
}
