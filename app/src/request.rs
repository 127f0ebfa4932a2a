//! How server functions travel: one way for all of them, so that browsers carry the machinery of a request once
//! instead of once per function.

use std::future::Future;
use std::pin::Pin;

use crate::paths::at;
use js_sys::Reflect;
use js_sys::futures::JsFuture;
use leptos::prelude::window;
use leptos::server_fn::client::Client;
use leptos::server_fn::codec::{FromReq, IntoRes, Json, PostUrl};
use leptos::server_fn::request::Req;
use leptos::server_fn::server::Server;
use leptos::server_fn::{Protocol, ServerFn};
use leptos::wasm_bindgen::{JsCast, JsValue};
use leptos::web_sys::{
    FormData, Headers, HtmlFormElement, RequestInit, Response, SubmitEvent, UrlSearchParams,
};
use send_wrapper::SendWrapper;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{ApiError, json};

/// The protocol of every server function: forms without scripts, JSON with them; answered with JSON.
pub(crate) struct FormOrJson;

impl<Input, Output, C, S> Protocol<Input, Output, C, S, ApiError> for FormOrJson
where
    C: Client<ApiError>,
    S: Server<ApiError>,
    Input: FromReq<PostUrl, S::Request, ApiError> + FromReq<Json, S::Request, ApiError> + Serialize + Send,
    Output: IntoRes<Json, S::Response, ApiError> + DeserializeOwned + Send,
{
    const METHOD: http::Method = http::Method::POST;

    async fn run_server<F, Fut>(request: S::Request, run: F) -> Result<S::Response, ApiError>
    where
        F: Fn(Input) -> Fut + Send,
        Fut: Future<Output = Result<Output, ApiError>> + Send,
    {
        let is_json = request
            .to_content_type()
            .is_some_and(|kind| kind.starts_with("application/json"));
        let input = if is_json {
            <Input as FromReq<Json, _, _>>::from_req(request).await?
        } else {
            <Input as FromReq<PostUrl, _, _>>::from_req(request).await?
        };
        run(input).await?.into_res().await
    }

    fn run_client(path: &str, input: Input) -> impl Future<Output = Result<Output, ApiError>> + Send {
        let sending = json::write(&input).map(|body| post_later(path.to_owned(), body.into()));
        SendWrapper::new(async move {
            let sending = sending.map_err(|error| ApiError::transport(&error.to_string()))?;
            read(&sending.await?)
        })
    }
}

// Boxed, so that the functions' own futures, one type each, stay small.
fn post_later(path: String, body: JsValue) -> Pin<Box<dyn Future<Output = Result<String, ApiError>>>> {
    Box::pin(async move { post(&path, "application/json", &body).await })
}

/// Asks the API for something, with a body of JSON.
pub(crate) async fn ask<T: DeserializeOwned>(path: &str, body: &str) -> Result<T, ApiError> {
    read(&post(path, "application/json", &body.into()).await?)
}

/// Asks the API with a body of JSON. The status comes with the answer: some that are no success say more than an error.
pub(crate) async fn api(method: &str, path: &str, body: &str) -> Result<(u16, String), ApiError> {
    let sent = send(method, path, "application/json", &body.into()).await;
    sent.map_err(|error| ApiError::transport(&said_by(&error)))
}

/// Sends a file to the API.
pub(crate) async fn put_file(path: &str, file: &JsValue) -> Result<(), ApiError> {
    let sent = send("PUT", path, "application/octet-stream", file).await;
    let answer = sent.map_err(|error| ApiError::transport(&said_by(&error)))?;
    if answer.0 < 400 {
        Ok(())
    } else {
        Err(refused(answer))
    }
}

/// The error of an answer that is none of the expected ones.
pub(crate) fn refused((status, text): (u16, String)) -> ApiError {
    json::read(&text).unwrap_or_else(|_| ApiError::transport(&format!("it said {status}")))
}

/// The form that is being submitted.
pub(crate) fn form(event: &SubmitEvent) -> Option<HtmlFormElement> {
    event.target()?.dyn_into().ok()
}

/// Sends a form as it is to the server function it would be posted to without scripts.
pub(crate) async fn submit<F>(form: HtmlFormElement) -> Result<F::Output, ApiError>
where
    F: ServerFn<Output: DeserializeOwned>,
{
    read(&submit_as_text(F::PATH, &form).await?)
}

fn read<T: DeserializeOwned>(answer: &str) -> Result<T, ApiError> {
    json::read(answer).map_err(|error| ApiError::transport(&error.to_string()))
}

async fn submit_as_text(path: &str, form: &HtmlFormElement) -> Result<String, ApiError> {
    let fields = FormData::new_with_form(form)
        .and_then(|fields| UrlSearchParams::new_with_str_sequence_sequence(&fields))
        .map_err(|error| ApiError::transport(&said_by(&error)))?;
    post(path, "application/x-www-form-urlencoded", &fields.to_string()).await
}

/// The text of a good answer, or the error of a bad one.
async fn post(path: &str, kind: &str, body: &JsValue) -> Result<String, ApiError> {
    let (status, text) = send("POST", path, kind, body)
        .await
        .map_err(|error| ApiError::transport(&said_by(&error)))?;
    if status < 400 {
        return Ok(text);
    }
    Err(refused((status, text)))
}

async fn send(method: &str, path: &str, kind: &str, body: &JsValue) -> Result<(u16, String), JsValue> {
    let headers = Headers::new()?;
    headers.set("Content-Type", kind)?;
    headers.set("Accept", "application/json")?;
    let request = RequestInit::new();
    request.set_method(method);
    request.set_headers(&headers);
    request.set_body(body);
    let answer = JsFuture::from(window().fetch_with_str_and_init(&at(path), &request)).await?;
    let answer: Response = answer.dyn_into()?;
    let text = JsFuture::from(answer.text()?).await?;
    Ok((answer.status(), text.as_string().unwrap_or_default()))
}

fn said_by(error: &JsValue) -> String {
    Reflect::get(error, &"message".into())
        .ok()
        .and_then(|message| message.as_string())
        .unwrap_or_default()
}
