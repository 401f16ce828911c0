//! Rooms and devices: added, changed and removed, by the revision of the home that it was decided by.

use super::{
    Refusal,
    body::{Body, asked, named, revision},
    guest::{Guest, Seen},
    refuse,
    shown::Home,
};
use crate::api::{Door, refusal::Problem};
use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use loqa_protocol::{ClientFrame, HomeEdit, view};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Something that can be commanded, or asked about, as it is from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "revision": "0000000000000000", "name": "reading lamp", "kind": "light", "area": "bedroom"
})))]
pub struct DeviceEdit {
    /// Of the home that this was decided by.
    #[schema(pattern = "^[0-9a-f]{16}$")]
    revision: String,
    /// As spoken; unique within its area.
    name: String,
    /// Other names that people use.
    #[serde(default)]
    aliases: Vec<String>,
    /// Its area's id.
    #[serde(default)]
    area: Option<String>,
    /// As in home.toml: `light`, `switch`, …
    kind: String,
    /// Loqa asks before it is commanded.
    #[serde(default)]
    confirm: bool,
    /// What it can do beyond what its kind can: `brightness`, …
    #[serde(default)]
    features: Vec<String>,
}

/// A room, or another part of the house, as it is from now on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "revision": "0000000000000000", "name": "attic" })))]
pub struct AreaEdit {
    /// Of the home that this was decided by.
    #[schema(pattern = "^[0-9a-f]{16}$")]
    revision: String,
    /// As spoken.
    name: String,
    /// Other names that people use.
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    floor: Option<String>,
}

/// What a removal was decided by.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct By {
    /// Of the home that this was decided by.
    #[param(pattern = "^[0-9a-f]{16}$")]
    revision: String,
}

/// Why nothing was changed: somebody else was first.
#[derive(Serialize, ToSchema)]
pub struct Changed {
    #[serde(flatten)]
    problem: Problem,
    /// As it is now.
    home: Home,
}

/// Why nothing was changed.
pub enum Unedited {
    Changed(Box<Changed>),
    Refused(Refusal),
}

impl From<Refusal> for Unedited {
    fn from(refusal: Refusal) -> Unedited {
        Unedited::Refused(refusal)
    }
}

impl IntoResponse for Unedited {
    fn into_response(self) -> Response {
        match self {
            Unedited::Changed(changed) => (StatusCode::CONFLICT, Json(changed)).into_response(),
            Unedited::Refused(refusal) => refusal.into_response(),
        }
    }
}

type Id = Result<Path<String>, PathRejection>;
type Decided = Result<Query<By>, QueryRejection>;
type Edited = Result<Json<Home>, Unedited>;

impl DeviceEdit {
    fn decided(self, id: String) -> Result<Change, Refusal> {
        let device = view::Device {
            id,
            name: self.name,
            aliases: self.aliases,
            area: self.area,
            kind: self.kind,
            confirm: self.confirm,
            features: self.features,
        };
        Change::by(&self.revision, HomeEdit::Device(device))
    }
}

impl AreaEdit {
    fn decided(self, id: String) -> Result<Change, Refusal> {
        let area = view::Area {
            id,
            name: self.name,
            aliases: self.aliases,
            floor: self.floor,
        };
        Change::by(&self.revision, HomeEdit::Area(area))
    }
}

/// Adds a device
#[utoipa::path(
    post,
    path = "/api/v1/home/devices",
    tag = "the household",
    request_body = DeviceEdit,
    responses(
        (status = 201, description = "The home with it", body = Home, headers(("Location" = String))),
        (status = 409, description = "The home is another by now", body = Changed),
    ),
)]
pub async fn add_device(
    State(door): State<Arc<Door>>,
    Body(device): Body<DeviceEdit>,
) -> Result<Response, Unedited> {
    device.decided(String::new())?.add(&door).await
}

/// Changes a device
#[utoipa::path(
    put,
    path = "/api/v1/home/devices/{id}",
    tag = "the household",
    params(("id" = String, Path, description = "Of the device", example = "kitchen_lights")),
    request_body = DeviceEdit,
    responses(
        (status = 200, description = "The home as it is now", body = Home),
        (status = 404, description = "There is no such device", body = Problem),
        (status = 409, description = "The home is another by now", body = Changed),
    ),
)]
pub async fn change_device(
    State(door): State<Arc<Door>>,
    id: Id,
    Body(device): Body<DeviceEdit>,
) -> Edited {
    let id = named(id)?;
    Ok(Json(device.decided(id)?.make(&door).await?))
}

/// Removes a device
#[utoipa::path(
    delete,
    path = "/api/v1/home/devices/{id}",
    tag = "the household",
    params(("id" = String, Path, description = "Of the device", example = "kitchen_lights"), By),
    responses(
        (status = 200, description = "The home as it is now", body = Home),
        (status = 404, description = "There is no such device", body = Problem),
        (status = 409, description = "The home is another by now", body = Changed),
    ),
)]
pub async fn remove_device(State(door): State<Arc<Door>>, id: Id, by: Decided) -> Edited {
    let edit = HomeEdit::RemoveDevice(named(id)?);
    let change = Change::by(&asked(by)?.revision, edit)?;
    Ok(Json(change.make(&door).await?))
}

/// Adds a room
#[utoipa::path(
    post,
    path = "/api/v1/home/areas",
    tag = "the household",
    request_body = AreaEdit,
    responses(
        (status = 201, description = "The home with it", body = Home, headers(("Location" = String))),
        (status = 409, description = "The home is another by now", body = Changed),
    ),
)]
pub async fn add_area(
    State(door): State<Arc<Door>>,
    Body(area): Body<AreaEdit>,
) -> Result<Response, Unedited> {
    area.decided(String::new())?.add(&door).await
}

/// Changes a room
#[utoipa::path(
    put,
    path = "/api/v1/home/areas/{id}",
    tag = "the household",
    params(("id" = String, Path, description = "Of the room", example = "kitchen")),
    request_body = AreaEdit,
    responses(
        (status = 200, description = "The home as it is now", body = Home),
        (status = 404, description = "There is no such room", body = Problem),
        (status = 409, description = "The home is another by now", body = Changed),
    ),
)]
pub async fn change_area(
    State(door): State<Arc<Door>>,
    id: Id,
    Body(area): Body<AreaEdit>,
) -> Edited {
    let id = named(id)?;
    Ok(Json(area.decided(id)?.make(&door).await?))
}

/// Removes a room
///
/// What is in it stays, and is in no room.
#[utoipa::path(
    delete,
    path = "/api/v1/home/areas/{id}",
    tag = "the household",
    params(("id" = String, Path, description = "Of the room", example = "kitchen"), By),
    responses(
        (status = 200, description = "The home as it is now", body = Home),
        (status = 404, description = "There is no such room", body = Problem),
        (status = 409, description = "The home is another by now", body = Changed),
    ),
)]
pub async fn remove_area(State(door): State<Arc<Door>>, id: Id, by: Decided) -> Edited {
    let edit = HomeEdit::RemoveArea(named(id)?);
    let change = Change::by(&asked(by)?.revision, edit)?;
    Ok(Json(change.make(&door).await?))
}

/// What could be said to a device
#[utoipa::path(
    get,
    path = "/api/v1/home/devices/{id}/sentences",
    tag = "the household",
    params(("id" = String, Path, description = "Of the device", example = "kitchen_lights")),
    responses(
        (status = 200, description = "Some of the ways", body = Vec<String>),
        (status = 404, description = "There is no such device", body = Problem),
    ),
)]
pub async fn sentences(
    State(door): State<Arc<Door>>,
    id: Id,
) -> Result<Json<Vec<String>>, Refusal> {
    let device = named(id)?;
    let mut guest = Guest::of(&door)?;
    let ways = guest.document(|id| ClientFrame::Ways { id, device }).await;
    ways.map(Json).map_err(|mut refusal| {
        if refusal.problem.code == "no_such_device" {
            refusal.status = StatusCode::NOT_FOUND;
        }
        refusal
    })
}

/// One change, and what it was decided by.
struct Change {
    revision: u64,
    edit: HomeEdit,
}

impl Change {
    fn by(text: &str, edit: HomeEdit) -> Result<Change, Refusal> {
        let revision = revision(text)?;
        Ok(Change { revision, edit })
    }

    /// Makes it; the home as it is then.
    async fn make(self, door: &Arc<Door>) -> Result<Home, Unedited> {
        let (_, after) = self.try_it(door).await?;
        Ok(after.into())
    }

    /// Makes it of something new.
    async fn add(self, door: &Arc<Door>) -> Result<Response, Unedited> {
        let (kind, ..) = subject(&self.edit);
        let (before, after) = self.try_it(door).await?;
        let known = ids(&before.house, kind);
        let id = ids(&after.house, kind)
            .into_iter()
            .rfind(|id| !known.contains(id));
        let place = id.map(|id| [(header::LOCATION, format!("/api/v1/home/{kind}/{id}"))]);
        let home: Json<Home> = Json(after.into());
        Ok((StatusCode::CREATED, place, home).into_response())
    }

    /// The home before and after.
    async fn try_it(self, door: &Arc<Door>) -> Result<(Seen, Seen), Unedited> {
        let Change { revision, edit } = self;
        let mut guest = Guest::of(door)?;
        let before = guest.look().await?;
        if before.house.revision == revision {
            known(&before.house, &edit)?;
        }
        let made = guest
            .order(|id| ClientFrame::EditHome { id, revision, edit })
            .await;
        match made {
            Ok(()) => Ok((before, guest.look().await?)),
            Err(refusal) if refusal.problem.code == "home_changed" => {
                let home = guest.look().await?.into();
                let problem = refusal.problem;
                Err(Unedited::Changed(Box::new(Changed { problem, home })))
            }
            Err(refusal) => Err(refusal.into()),
        }
    }
}

fn ids<'h>(house: &'h view::House, kind: &str) -> Vec<&'h str> {
    match kind {
        "devices" => house.devices.iter().map(|it| it.id.as_str()).collect(),
        _ => house.areas.iter().map(|it| it.id.as_str()).collect(),
    }
}

/// What an edit is about: all of them, one of them, and its id, if it has one yet.
fn subject(edit: &HomeEdit) -> (&'static str, &'static str, &str) {
    match edit {
        HomeEdit::Device(device) => ("devices", "device", &device.id),
        HomeEdit::RemoveDevice(id) => ("devices", "device", id),
        HomeEdit::Area(area) => ("areas", "area", &area.id),
        HomeEdit::RemoveArea(id) => ("areas", "area", id),
    }
}

/// Whether what is changed is there; what is new has no id.
fn known(house: &view::House, edit: &HomeEdit) -> Result<(), Refusal> {
    let (kind, what, id) = subject(edit);
    if id.is_empty() || ids(house, kind).contains(&id) {
        return Ok(());
    }
    Err(refuse(
        StatusCode::NOT_FOUND,
        &format!("no_such_{what}"),
        format!("there is no {what} `{id}`"),
        "/api/v1/home tells what there is",
    ))
}
