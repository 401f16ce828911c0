//! Skills: which there are, whether they count, and how others come and go.

use super::{
    Refusal,
    body::{Body, asked, named, unfit},
    guest::Guest,
    refuse,
    shown::Skill,
};
use crate::{
    api::{Door, refusal::Problem},
    skills::LARGEST_PACKED,
};
use axum::{
    Json,
    body::Bytes,
    extract::{
        DefaultBodyLimit, Path, Query, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode, header},
};
use loqa_protocol::{ClientFrame, SkillChange};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::UtoipaMethodRouter;

type Named = Result<Path<String>, PathRejection>;

/// As what a skill is sent. A form of another site could not.
const KIND: &str = "application/octet-stream";
/// Rows of the audit, unless more are wanted.
const ROWS: u32 = 100;

/// What Loqa can do, and how it is asked
#[utoipa::path(
    get,
    path = "/api/v1/skills",
    tag = "skills",
    responses((status = 200, description = "Loqa's own first, then those that come with it", body = Vec<Skill>)),
)]
pub async fn skills(State(door): State<Arc<Door>>) -> Result<Json<Vec<Skill>>, Refusal> {
    let skills = Guest::of(&door)?.look().await?.house.skills;
    Ok(Json(skills.into_iter().map(Skill::from).collect()))
}

/// What is to be different about a skill; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "enabled": false })))]
pub struct Changes {
    /// Whether it counts.
    enabled: Option<bool>,
    /// This of its versions counts, whatever is installed later; `latest`: the latest, and later ones.
    #[schema(max_length = 64)]
    pin: Option<String>,
    /// Settings by name, each as it is typed; null: as the skill has it.
    #[serde(default)]
    settings: BTreeMap<String, Option<String>>,
}

/// Changes whether a skill counts, and which version of it
#[utoipa::path(
    patch,
    path = "/api/v1/skills/{name}",
    tag = "skills",
    params(("name" = String, Path, description = "Of the skill", example = "tea")),
    request_body = Changes,
    responses(
        (status = 200, description = "As it is now", body = Skill),
        (status = 404, description = "There is no such skill, or version", body = Problem),
        (status = 409, description = "It is not one that can be changed so", body = Problem),
        (status = 422, description = "It has no such setting, or that cannot be this", body = Problem),
    ),
)]
pub async fn change(
    State(door): State<Arc<Door>>,
    name: Named,
    Body(changes): Body<Changes>,
) -> Result<Json<Skill>, Refusal> {
    let skill = named(name)?;
    let settings = changes.settings;
    let changes = [
        changes.pin.map(SkillChange::Pin),
        changes.enabled.map(SkillChange::Enabled),
    ];
    let mut guest = Guest::of(&door)?;
    let settings = settings
        .into_iter()
        .map(|(name, value)| SkillChange::Set(name, value));
    for change in changes.into_iter().flatten().chain(settings) {
        make(&mut guest, &skill, change).await?;
    }
    show(&mut guest, &skill).await
}

/// Has the version of a skill before this one count
#[utoipa::path(
    post,
    path = "/api/v1/skills/{name}/rollback",
    tag = "skills",
    params(("name" = String, Path, description = "Of the skill", example = "tea")),
    responses(
        (status = 200, description = "As it is now", body = Skill),
        (status = 404, description = "There is no such skill, or no version before", body = Problem),
        (status = 409, description = "It was not installed", body = Problem),
    ),
)]
pub async fn rollback(State(door): State<Arc<Door>>, name: Named) -> Result<Json<Skill>, Refusal> {
    let skill = named(name)?;
    let mut guest = Guest::of(&door)?;
    make(&mut guest, &skill, SkillChange::Rollback).await?;
    show(&mut guest, &skill).await
}

/// Removes a skill, with all its versions
///
/// What it has done stays: timers run on, lists keep their items, devices stay as they are.
#[utoipa::path(
    delete,
    path = "/api/v1/skills/{name}",
    tag = "skills",
    params(("name" = String, Path, description = "Of the skill", example = "tea")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such skill", body = Problem),
        (status = 409, description = "It was not installed", body = Problem),
    ),
)]
pub async fn remove(State(door): State<Arc<Door>>, name: Named) -> Result<StatusCode, Refusal> {
    make(&mut Guest::of(&door)?, &named(name)?, SkillChange::Remove).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn make(guest: &mut Guest, skill: &str, change: SkillChange) -> Result<(), Refusal> {
    let skill = skill.to_owned();
    guest
        .order(|id| ClientFrame::ChangeSkill { id, skill, change })
        .await
}

async fn show(guest: &mut Guest, skill: &str) -> Result<Json<Skill>, Refusal> {
    let mut skills = guest.look().await?.house.skills.into_iter();
    let skill = skills.find(|it| it.name == skill).ok_or_else(|| {
        refuse(
            StatusCode::NOT_FOUND,
            "no_skill",
            format!("there is no skill `{skill}` here"),
            "/api/v1/skills tells which there are",
        )
    })?;
    Ok(Json(skill.into()))
}

/// What a skill is that somebody offers.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Looked {
    /// What this offer is called, for ten minutes.
    offer: String,
    name: String,
    version: String,
    /// The version that counts now, if the household has the skill.
    before: Option<String>,
    /// That one stays, whatever is installed.
    pinned: bool,
    /// None of its versions counts.
    disabled: bool,
    description: String,
    /// What people say to it, one of each kind.
    examples: Vec<String>,
    /// What it wants to be allowed.
    permissions: Vec<Wanted>,
    /// What it may do in any case, in sentences.
    always: Vec<String>,
}

/// A permission that a skill wants.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Wanted {
    /// As in skill.yaml.
    permission: String,
    /// What that means.
    sentence: String,
    /// The version that counts now does without.
    new: bool,
}

/// Lets a route take a packed skill.
pub fn larger(
    (schemas, paths, answer): UtoipaMethodRouter<Arc<Door>>,
) -> UtoipaMethodRouter<Arc<Door>> {
    let limit = DefaultBodyLimit::max(LARGEST_PACKED);
    (schemas, paths, answer.layer(limit))
}

/// Looks at a packed skill, without installing it
///
/// The body is what `loqa skill pack` makes, of at most 16 MiB. The answer tells what it is and wants
/// to be allowed; it is installed once that was agreed to.
#[utoipa::path(
    post,
    path = "/api/v1/packages",
    tag = "skills",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "It can be installed", body = Looked),
        (status = 409, description = "Somebody else is changing the skills", body = Problem),
        (status = 413, description = "It is larger than 16 MiB", body = Problem),
        (status = 415, description = "It is not called application/octet-stream", body = Problem),
        (status = 422, description = "It is no skill, or none that fits this house", body = Problem),
    ),
)]
pub async fn look(
    State(door): State<Arc<Door>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Looked>, Refusal> {
    if headers
        .get(header::CONTENT_TYPE)
        .is_none_or(|kind| kind != KIND)
    {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let help = "send it with `Content-Type: application/octet-stream`";
        return Err(refuse(
            status,
            "not_a_file",
            "this is not called a file",
            help,
        ));
    }
    let packed = body.map_err(|rejection| {
        let help = "a skill has at most 16 MiB";
        refuse(rejection.status(), "too_long", rejection.body_text(), help)
    })?;
    let mut guest = Guest::of(&door)?;
    let looked = guest.document_of(|id| ClientFrame::look_at_skill(id, &packed));
    Ok(Json(looked.await?))
}

/// Installs a skill that was looked at: somebody has agreed to what it wants
#[utoipa::path(
    post,
    path = "/api/v1/packages/{offer}",
    tag = "skills",
    params(("offer" = String, Path, description = "Of the look at it")),
    responses(
        (status = 204, description = "It is installed, and counts"),
        (status = 404, description = "It was forgotten meanwhile", body = Problem),
        (status = 409, description = "Somebody else has changed the skills, or does", body = Problem),
    ),
)]
pub async fn install(State(door): State<Arc<Door>>, offer: Named) -> Result<StatusCode, Refusal> {
    decide(&door, offer, true).await
}

/// Forgets a skill that was looked at: nobody wants it
#[utoipa::path(
    delete,
    path = "/api/v1/packages/{offer}",
    tag = "skills",
    params(("offer" = String, Path, description = "Of the look at it")),
    responses(
        (status = 204, description = "It is forgotten"),
        (status = 404, description = "It was already", body = Problem),
        (status = 409, description = "This hub does without skills that are installed", body = Problem),
    ),
)]
pub async fn decline(State(door): State<Arc<Door>>, offer: Named) -> Result<StatusCode, Refusal> {
    decide(&door, offer, false).await
}

async fn decide(door: &Arc<Door>, offer: Named, agreed: bool) -> Result<StatusCode, Refusal> {
    let offer = named(offer)?;
    let mut guest = Guest::of(door)?;
    guest
        .order(|id| ClientFrame::InstallSkill { id, offer, agreed })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What became of a skill.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Row {
    /// Unix time, ms.
    at_ms: i64,
    /// `install`, `upgrade`, `grant`, `disable`, …
    what: String,
    skill: String,
    version: String,
    /// Which it is about, if it is about one.
    permission: Option<String>,
    /// `allowed` or `refused`.
    decision: String,
}

/// How far back.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Rows {
    /// So many at most.
    #[serde(default = "rows")]
    #[param(minimum = 1, maximum = 10000)]
    most: i64,
}

fn rows() -> i64 {
    ROWS.into()
}

/// What was installed, granted and refused
///
/// No words that anybody said.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    tag = "skills",
    params(Rows),
    responses(
        (status = 200, description = "Oldest first", body = Vec<Row>),
        (status = 400, description = "`most` is no number", body = Problem),
    ),
)]
pub async fn audit(
    State(door): State<Arc<Door>>,
    query: Result<Query<Rows>, QueryRejection>,
) -> Result<Json<Vec<Row>>, Refusal> {
    let most = asked(query)?.most;
    let most = u32::try_from(most)
        .ok()
        .filter(|it| (1..=10_000).contains(it));
    let most = most.ok_or_else(|| unfit("most", "`most` is from 1 to 10000", "send fewer"))?;
    let mut guest = Guest::of(&door)?;
    guest
        .document(|id| ClientFrame::SkillAudit { id, most })
        .await
        .map(Json)
}

/// A call of a skill's code.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Call {
    /// When it was over: Unix time, ms.
    at_ms: i64,
    skill: String,
    /// `prepare` or `commit`.
    step: String,
    /// What it took in all, µs; not told of one that failed, like the next three.
    total_us: Option<u64>,
    /// Of it, the hub's answers, µs.
    waited_us: Option<u64>,
    /// Questions to the hub.
    calls: Option<u32>,
    /// Most memory, bytes.
    memory: Option<u64>,
    /// Why there was no answer.
    fault: Option<String>,
}

/// What the latest calls of skills took
///
/// Kept in memory alone, 256 of them; no words that anybody said. What Loqa does itself is no call.
#[utoipa::path(
    get,
    path = "/api/v1/calls",
    tag = "skills",
    responses((status = 200, description = "Oldest first", body = Vec<Call>)),
)]
pub async fn calls(State(door): State<Arc<Door>>) -> Result<Json<Vec<Call>>, Refusal> {
    let mut guest = Guest::of(&door)?;
    guest
        .document(|id| ClientFrame::SkillCalls { id })
        .await
        .map(Json)
}
