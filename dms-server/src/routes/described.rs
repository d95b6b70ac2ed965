//! What every operation can answer, added to what its own description says: wrong input, no sign-in,
//! nothing there. Said once here, it is not forgotten at any route.

use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{Content, ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};

use crate::problem::MEDIA_TYPE;

/// The directory's protocol has errors of its own shape.
const SCIM: &str = "/scim/";
/// Uploads by tus are asked for their version first.
const UPLOADS: &str = "/api/v1/uploads";
const JSON: &str = "application/json";
const PROBLEM: &str = "#/components/schemas/ProblemBody";

/// Adds what all operations have in common, and the media type that problems really have.
pub fn complete(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.head,
            &mut item.patch,
        ];
        for operation in operations.into_iter().flatten() {
            for status in common(path, operation) {
                let absent = || RefOr::T(refusal(path, status));
                let responses = &mut operation.responses.responses;
                responses.entry(status.to_string()).or_insert_with(absent);
            }
            let responses = operation.responses.responses.values_mut();
            responses.for_each(as_problem);
        }
    }
}

/// The refusals that follow from what an operation takes.
fn common(path: &str, operation: &Operation) -> Vec<u16> {
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    let in_path = parameters.iter().any(
        |parameter| matches!(parameter, RefOr::T(own) if own.parameter_in == ParameterIn::Path),
    );
    let mut statuses = Vec::new();
    if !parameters.is_empty() || operation.request_body.is_some() {
        statuses.push(400);
    }
    if operation.security.is_some() {
        statuses.extend([401, 403]);
    }
    if in_path {
        statuses.push(404);
    }
    if path.starts_with(UPLOADS) {
        statuses.push(412);
    }
    if operation.request_body.is_some() {
        statuses.extend([413, 415, 422]);
    }
    statuses
}

fn refusal(path: &str, status: u16) -> Response {
    let said = http::StatusCode::from_u16(status).ok();
    let said = said
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Refused");
    let response = ResponseBuilder::new().description(said);
    if path.starts_with(SCIM) {
        return response.build();
    }
    let content = ContentBuilder::new()
        .schema(Some(Ref::new(PROBLEM)))
        .build();
    response.content(MEDIA_TYPE, content).build()
}

/// A problem is described as JSON by the routes; what is sent says what it is.
fn as_problem(response: &mut RefOr<Response>) {
    let RefOr::T(response) = response else { return };
    let is_problem = |content: &RefOr<Content>| {
        let RefOr::T(Content {
            schema: Some(RefOr::Ref(schema)),
            ..
        }) = content
        else {
            return false;
        };
        schema.ref_location == PROBLEM
    };
    if !response.content.get(JSON).is_some_and(is_problem) {
        return;
    }
    let contents = std::mem::take(&mut response.content);
    response.content = contents
        .into_iter()
        .map(
            |(kind, content)| match kind == JSON && is_problem(&content) {
                true => (MEDIA_TYPE.to_owned(), content),
                false => (kind, content),
            },
        )
        .collect();
}
