//! The answers that every route shares, added to the API's description in one place: what the guard and the
//! extractors refuse, no route can leave out.

use utoipa::PartialSchema as _;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};

use crate::error::ErrorBody;

/// Describes what any route may refuse, and what each status means.
pub(super) fn describe(mut description: OpenApi) -> OpenApi {
    if let Some(components) = &mut description.components {
        let schema = ErrorBody::schema();
        components.schemas.entry(SCHEMA.to_owned()).or_insert(schema);
    }
    for item in description.paths.paths.values_mut() {
        for operation in operations(item) {
            complete(operation);
        }
    }
    description
}

const SCHEMA: &str = "ErrorBody";

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ]
    .into_iter()
    .flatten()
}

fn complete(operation: &mut Operation) {
    let is_public = operation.security.is_some();
    let has_body = operation.request_body.is_some();
    let shared = [
        ("400", true),
        ("401", !is_public),
        ("403", true),
        ("413", has_body),
        ("422", has_body),
    ];
    let responses = &mut operation.responses.responses;
    for (status, _) in shared.into_iter().filter(|(_, applies)| *applies) {
        responses
            .entry(status.to_owned())
            .or_insert_with(|| refusal().into());
    }
    for (status, response) in responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            meaning(status).clone_into(&mut response.description);
        }
    }
}

fn refusal() -> Response {
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name(SCHEMA)));
    ResponseBuilder::new()
        .content("application/json", body.build())
        .build()
}

fn meaning(status: &str) -> &'static str {
    match status {
        "200" => "Done.",
        "201" => "Made.",
        "202" => "Under way.",
        "204" => "Done; there is nothing to say.",
        "400" => "The request cannot be read.",
        "401" => "Neither a token nor a session.",
        "403" => "From a foreign page, or under a name the panel does not answer to.",
        "404" => "There is no such thing.",
        "409" => "Does not fit the present state.",
        "413" => "The body is too large.",
        "422" => "Readable, but breaks a rule.",
        _ => "",
    }
}
