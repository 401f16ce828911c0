//! Models: which there are, which are used and why; and how they come and go.

use super::{
    Refusal,
    body::{Body, named},
    guest::Guest,
    health::Check,
    refuse,
};
use crate::api::{Door, refusal::Problem};
use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use loqa_protocol::{Choice, ClientFrame, ModelChange};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

type Named = Result<Path<String>, PathRejection>;

/// The models of this household.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Models {
    /// The hub's.
    machine: Machine,
    /// Where models are had: a folder or an address; empty: from their publishers.
    from: String,
    /// What is chosen, of each kind of which something is.
    uses: Vec<Use>,
    /// Which models are used and why, and what is missing.
    checks: Vec<Check>,
    models: Vec<Model>,
}

/// What a machine has.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Machine {
    processors: usize,
    /// Bytes.
    memory: u64,
}

/// What is chosen for something.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Use {
    /// What a model does: `stt` …
    r#for: String,
    /// A model, `auto` for the largest that is here and fits, `none`, or a file.
    chosen: String,
}

/// A model.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Model {
    name: String,
    /// What it does: `stt`, `wake` …
    r#for: String,
    about: String,
    /// SPDX.
    license: String,
    /// ISO 639-1; `mul` for many.
    languages: Vec<String>,
    /// To fetch, MiB.
    mib: u64,
    /// To run, bytes, about.
    memory: u64,
    /// This machine has the memory.
    fits: bool,
    /// It is the one that suits this machine.
    recommended: bool,
    /// As `loqa model bench` has found on this machine.
    measured: Option<Measured>,
    /// The hub uses it, until it is started again.
    used: bool,
    /// The settings name it.
    chosen: bool,
    /// `absent`; `paused`: a part of it is here; `waiting`: for others; `fetching`; `checking`; `here`;
    /// `damaged`: it was, and is not what it was.
    state: String,
    /// Bytes that are here, while it is paused.
    came: u64,
    /// While it is fetched.
    progress: Option<Progress>,
    /// Why it is not here, or not as it should be, if somebody has just tried.
    trouble: Option<Problem>,
    /// Somebody has looked, and it is what it was when it came.
    #[serde(default)]
    sound: bool,
}

/// How fast a model is here.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Measured {
    /// Of one that hears.
    Hears {
        /// From its start to its first job, ms.
        load_ms: f64,
        /// Length of the speech that it read, s.
        speech_s: f64,
        /// From the end of that to its last word, ms.
        last_word_ms: f64,
    },
    /// Of one that answers.
    Answers {
        /// From its start to its first job, ms.
        load_ms: f64,
        /// From a question to the first word of its answer, ms.
        first_word_ms: f64,
        /// How fast the others follow.
        words_per_s: f64,
    },
}

/// How far a model is.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// That comes now.
    file: String,
    /// Which of its files that is, from 1.
    number: usize,
    /// How many there are.
    files: usize,
    /// Bytes of it that are here.
    here: u64,
    /// Bytes of it in all, where they are known.
    all: Option<u64>,
    bytes_per_s: Option<u64>,
    left_s: Option<u64>,
}

/// Which models there are, which are used and why
#[utoipa::path(
    get,
    path = "/api/v1/models",
    tag = "models",
    responses((status = 200, description = "All that can be fetched", body = Models)),
)]
pub async fn models(State(door): State<Arc<Door>>) -> Result<Json<Models>, Refusal> {
    Ok(Json(look(&mut Guest::of(&door)?).await?))
}

/// Fetches a model, or goes on with what has come of it
///
/// It goes on after this has been answered: ask for `/api/v1/models` to see how far it is. Models are fetched
/// one after the other.
#[utoipa::path(
    post,
    path = "/api/v1/models/{name}/pull",
    tag = "models",
    params(("name" = String, Path, description = "Of the model", example = "whisper-base-en")),
    responses(
        (status = 202, description = "As it is now", body = Model),
        (status = 404, description = "There is no such model", body = Problem),
        (status = 409, description = "Something else is being done with it", body = Problem),
    ),
)]
pub async fn pull(
    State(door): State<Arc<Door>>,
    name: Named,
) -> Result<(StatusCode, Json<Model>), Refusal> {
    change(&door, name, ModelChange::Pull).await
}

/// Has a model not be fetched any more; what has come of it stays
#[utoipa::path(
    post,
    path = "/api/v1/models/{name}/pause",
    tag = "models",
    params(("name" = String, Path, description = "Of the model", example = "whisper-base-en")),
    responses(
        (status = 202, description = "As it is now", body = Model),
        (status = 404, description = "There is no such model", body = Problem),
    ),
)]
pub async fn pause(
    State(door): State<Arc<Door>>,
    name: Named,
) -> Result<(StatusCode, Json<Model>), Refusal> {
    change(&door, name, ModelChange::Pause).await
}

/// Looks whether a model is what it was when it came
///
/// It goes on after this has been answered: `/api/v1/models` tells what was found.
#[utoipa::path(
    post,
    path = "/api/v1/models/{name}/verify",
    tag = "models",
    params(("name" = String, Path, description = "Of the model", example = "whisper-base-en")),
    responses(
        (status = 202, description = "As it is now", body = Model),
        (status = 404, description = "There is no such model", body = Problem),
        (status = 409, description = "Something else is being done with it", body = Problem),
    ),
)]
pub async fn verify(
    State(door): State<Arc<Door>>,
    name: Named,
) -> Result<(StatusCode, Json<Model>), Refusal> {
    change(&door, name, ModelChange::Verify).await
}

/// Removes a model, with what has come of it
#[utoipa::path(
    delete,
    path = "/api/v1/models/{name}",
    tag = "models",
    params(("name" = String, Path, description = "Of the model", example = "whisper-base-en")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such model", body = Problem),
        (status = 409, description = "It is used, or something else is being done with it", body = Problem),
    ),
)]
pub async fn remove(State(door): State<Arc<Door>>, name: Named) -> Result<StatusCode, Refusal> {
    let (model, change) = (named(name)?, ModelChange::Remove);
    let change = |id| ClientFrame::ChangeModel { id, model, change };
    Guest::of(&door)?.order(change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which model does something.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "for": "stt", "model": "whisper-base-en" })))]
pub struct Chosen {
    /// What it does: `stt` …
    r#for: String,
    /// Its name, `auto` for the largest that is here and fits, `none`, or a file.
    #[schema(max_length = 1000)]
    model: String,
}

/// Has a model be used
#[utoipa::path(
    post,
    path = "/api/v1/models/use",
    tag = "models",
    request_body = Chosen,
    responses(
        (status = 200, description = "All of them, as they are now", body = Models),
        (status = 422, description = "It is not here, or this machine cannot run it", body = Problem),
    ),
)]
pub async fn choose(
    State(door): State<Arc<Door>>,
    Body(Chosen { r#for, model }): Body<Chosen>,
) -> Result<Json<Models>, Refusal> {
    let mut guest = Guest::of(&door)?;
    let choice = Choice::Model(r#for, model);
    let choose = |id| ClientFrame::Choose { id, choice };
    guest.order(choose).await?;
    Ok(Json(look(&mut guest).await?))
}

async fn change(
    door: &Arc<Door>,
    name: Named,
    change: ModelChange,
) -> Result<(StatusCode, Json<Model>), Refusal> {
    let name = named(name)?;
    let mut guest = Guest::of(door)?;
    let model = name.clone();
    let order = |id| ClientFrame::ChangeModel { id, model, change };
    guest.order(order).await?;
    let mut models = look(&mut guest).await?.models.into_iter();
    let model = models.find(|it| it.name == name).ok_or_else(|| {
        refuse(
            StatusCode::NOT_FOUND,
            "no_model",
            format!("there is no model `{name}`"),
            "/api/v1/models tells which there are",
        )
    })?;
    Ok((StatusCode::ACCEPTED, Json(model)))
}

async fn look(guest: &mut Guest) -> Result<Models, Refusal> {
    guest
        .document(|id| ClientFrame::Models { id, on: true })
        .await
}
