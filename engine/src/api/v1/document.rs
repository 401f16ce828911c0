//! The description of all this: for programs as OpenAPI, for people as a page.

use super::{Refusal, refuse, table};
use crate::api::{Door, Who, refusal::Problem};
use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use std::sync::Arc;
use utoipa::{
    OpenApi as _,
    openapi::{
        ContentBuilder, OpenApi, Ref, ResponseBuilder,
        path::Operation,
        security::{
            ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
        },
    },
};
use utoipa_swagger_ui::Config;

/// The viewer's page, which needs more than others: its pictures are within its style sheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// What is said of all routes.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Loqa",
        description = "A voice assistant for a home, over HTTP.\n\n\
            Programs show a token, which `loqa dashboard token` makes; browsers sign in with a code \
            and keep a session's cookie. Both call the hub by its own address: another `Host`, or \
            the `Origin` of another site, is refused.\n\n\
            A body is JSON of at most 16 KiB, unless a route says otherwise. The hub thinks about 32 requests at a time, and answers \
            each within 20 s."
    ),
    components(schemas(Problem))
)]
struct Api;

/// This description, as OpenAPI 3.1
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "this description",
    responses((status = 200, description = "It", body = serde_json::Value)),
)]
pub async fn openapi(State(door): State<Arc<Door>>) -> Json<OpenApi> {
    Json(describe(&door.entrance.cookie()))
}

/// The same for people
#[utoipa::path(
    get,
    path = "/api/v1/docs",
    tag = "this description",
    responses((status = 308, description = "Leads to its page")),
)]
pub async fn docs() -> Redirect {
    Redirect::permanent("/api/v1/docs/index.html")
}

/// A file of that page
#[utoipa::path(
    get,
    path = "/api/v1/docs/{file}",
    tag = "this description",
    params(("file" = String, Path, description = "Its name", example = "index.html")),
    responses(
        (status = 200, description = "The file", content(
            (String = "text/html"), (String = "text/css"), (String = "text/javascript"),
            (Vec<u8> = "image/png"),
        )),
        (status = 404, description = "There is no such file", body = Problem),
    ),
)]
pub async fn docs_file(file: Result<Path<String>, PathRejection>) -> Result<Response, Refusal> {
    let config = Config::from("/api/v1/openapi.json").validator_url("none");
    // A name that is no text names nothing.
    let found = file.map(|Path(file)| utoipa_swagger_ui::serve(&file, Arc::new(config)));
    let Ok(Ok(Some(found))) = found else {
        return Err(refuse(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is nothing at this address",
            "/api/v1/docs leads to the page",
        ));
    };
    let about: [(HeaderName, &str); 2] = [
        (header::CONTENT_TYPE, &found.content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    let packed = found
        .gzpipped
        .then_some([(header::CONTENT_ENCODING, "gzip")]);
    Ok((about, packed, found.bytes.into_owned()).into_response())
}

/// Everything, for who calls a session's cookie so.
fn describe(cookie: &str) -> OpenApi {
    let mut document = Api::openapi();
    let components = document.components.get_or_insert_default();
    for (who, (schemas, paths, _)) in table() {
        components.schemas.extend(schemas);
        for (path, mut item) in paths.paths {
            let operations = [
                &mut item.get,
                &mut item.post,
                &mut item.put,
                &mut item.patch,
                &mut item.delete,
            ];
            operations
                .into_iter()
                .flatten()
                .for_each(|it| complete(it, who));
            document.paths.paths.insert(path, item);
        }
    }
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer);
    let token = token.description(Some("For programs: `loqa dashboard token` makes it."));
    let session = "For browsers: what /api/v1/login sets.";
    let session = ApiKeyValue::with_description(cookie, session);
    for (name, scheme) in [
        (TOKEN, SecurityScheme::Http(token.build())),
        (SESSION, SecurityScheme::ApiKey(ApiKey::Cookie(session))),
    ] {
        components
            .security_schemes
            .insert(name.into(), scheme.into());
    }
    document
}

const TOKEN: &str = "token";
const SESSION: &str = "session";

/// What holds for all routes of a kind.
fn complete(operation: &mut Operation, who: Who) {
    let mut may = vec![(
        "403",
        "The request calls the hub by another name, or is of another site",
    )];
    if operation.request_body.is_some() {
        may.extend([
            ("400", "The body is not what it should be"),
            ("413", "The body is too long"),
        ]);
    }
    if who == Who::SignedIn {
        if operation.request_body.is_some() {
            may.extend([
                ("415", "The body is not called JSON"),
                ("422", "The body is JSON, and not what was asked for"),
            ]);
        }
        if operation.parameters.is_some() {
            may.extend([
                (
                    "400",
                    "What stands after the question mark is not what it should be",
                ),
                ("422", "What was asked for cannot be"),
            ]);
        }
        may.extend([
            ("401", "Neither a session nor the hub's token"),
            ("503", "Too much at once, or the hub is stopping"),
        ]);
        let none: [&str; 0] = [];
        let either = [TOKEN, SESSION].map(|name| SecurityRequirement::new(name, none));
        operation.security = Some(either.into());
    }
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
    let problem = problem.build();
    for (status, why) in may {
        let known = &mut operation.responses.responses;
        known.entry(status.into()).or_insert_with(|| {
            let refusal = ResponseBuilder::new().description(why);
            refusal
                .content("application/json", problem.clone())
                .build()
                .into()
        });
    }
}
