//! The household's other machines: which there are and how they do, how each is set, and pairing another.

use super::{
    Refusal,
    body::{Body, named, unfit},
    guest::{self, Guest},
    refuse,
};
use crate::api::{Door, refusal::Problem};
use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode},
};
use loqa_protocol::{ClientFrame, Hears, NodeEdit, NodeId, NodeSettings};
use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, sync::Arc};
use utoipa::ToSchema;

type Named = Result<Path<String>, PathRejection>;
type Shown = Result<Json<Nodes>, Refusal>;

/// The machines of this household besides the hub's own.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Nodes {
    nodes: Vec<Node>,
    pairing: Pairing,
    /// Changes need the PIN of an owner, in the header `Loqa-Pin`.
    locked: bool,
}

/// A machine that was paired.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Node {
    /// Its key's, 64 hexadecimal digits.
    id: String,
    name: String,
    /// `inference`, `puck`, `display`.
    roles: Vec<String>,
    /// The id of the room it is in; empty: none.
    room: String,
    /// How loud it is, percent.
    volume: u8,
    /// Its microphone is shut.
    muted: bool,
    /// Whose words it may work on: `everything`, `kept` or `nothing`.
    hears: String,
    /// Unix ms.
    paired_at_ms: i64,
    /// It is there now. Of one that is not, only `work` is told besides.
    linked: bool,
    /// It has missed its last beats.
    silent: Option<bool>,
    /// How long it takes to there and back, ms.
    rtt_ms: Option<f64>,
    /// How much of it is in use; more than 1 where work waits.
    load: Option<f64>,
    /// What it can do, such as `stt.whisper:small`.
    offers: Option<Vec<String>>,
    /// Jobs that it works on.
    running: Option<u32>,
    /// How it has done what the hub asked of it.
    work: Vec<Work>,
    /// Models that it has of the hub, on their way.
    models: Option<Vec<Coming>>,
    /// Where it is in the network.
    address: Option<String>,
    /// The program that runs there.
    software: Option<String>,
}

/// A model on its way from the hub to a machine.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Coming {
    /// As the hub calls it.
    model: String,
    /// What it can do with it: `stt` or `llm`.
    kind: String,
    /// Bytes of it that are there.
    here: u64,
    /// Its length.
    bytes: u64,
    /// Why it does not get there.
    problem: Option<Trouble>,
}

/// What is wrong, and what to do.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Trouble {
    code: String,
    message: String,
    help: String,
}

/// How a machine does one kind of work.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Work {
    /// Such as `stt.whisper:small`.
    capability: String,
    /// 95 of its last 100 answers had begun by then, ms.
    p95_ms: Option<f64>,
    /// It failed, and is asked again after so many seconds.
    rests_s: Option<f64>,
    /// Why the last of it went there, if it did.
    reason: Option<String>,
}

/// Whether another machine is being paired.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Pairing {
    /// `closed`, `open`, or `compare`: one shows words, and waits.
    state: String,
    /// Closed: why the last was over.
    why: Option<String>,
    /// Until when, Unix ms.
    until_ms: Option<i64>,
    /// Open: wrong codes that are still listened to.
    tries: Option<u32>,
    /// Compare: what both must show, three words.
    words: Option<Vec<String>>,
    /// Compare: the machine.
    node: Option<Waiting>,
}

/// A machine that waits for somebody to compare words.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Waiting {
    id: String,
    name: String,
    roles: Vec<String>,
}

/// The machines of this household, and how they do
#[utoipa::path(
    get,
    path = "/api/v1/nodes",
    tag = "nodes",
    responses((status = 200, description = "As they are now", body = Nodes)),
)]
pub async fn nodes(State(door): State<Arc<Door>>) -> Shown {
    look(&mut Guest::of(&door)?).await
}

/// How a machine is to be; what is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "room": "kitchen", "volume": 40 }), json!({ "hears": "nothing" })))]
pub struct NewSettings {
    #[schema(max_length = 64)]
    name: Option<String>,
    /// The id of a room; empty: none.
    room: Option<String>,
    /// Percent.
    #[schema(maximum = 100)]
    volume: Option<u8>,
    /// Whether its microphone is shut.
    muted: Option<bool>,
    hears: Option<Words>,
}

/// Whose words a machine may work on.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Words {
    /// All that are said in the house.
    Everything,
    /// Those that may be kept anyway.
    Kept,
    /// None.
    Nothing,
}

/// Changes how a machine is
#[utoipa::path(
    patch,
    path = "/api/v1/nodes/{id}",
    tag = "nodes",
    params(
        ("id" = String, Path, description = "Of the machine"),
        ("Loqa-Pin" = Option<String>, Header, description = "Of an owner, where one has a PIN"),
    ),
    request_body = NewSettings,
    responses(
        (status = 200, description = "All of them, as they are now", body = Nodes),
        (status = 403, description = "The owner's PIN is missing or wrong", body = Problem),
        (status = 404, description = "There is no machine of this id", body = Problem),
        (status = 422, description = "What cannot be so", body = Problem),
    ),
)]
pub async fn change(
    State(door): State<Arc<Door>>,
    id: Named,
    headers: HeaderMap,
    Body(new): Body<NewSettings>,
) -> Shown {
    let to = NodeSettings {
        name: new.name,
        room: new.room,
        volume: new.volume,
        muted: new.muted,
        hears: new.hears.map(|words| match words {
            Words::Everything => Hears::Everything,
            Words::Kept => Hears::Kept,
            Words::Nothing => Hears::Nothing,
        }),
    };
    if to == NodeSettings::default() {
        let help = "send `name`, `room`, `volume`, `muted` or `hears`";
        return Err(unfit("name", "there is nothing to change", help));
    }
    let node = identified(id)?;
    edit(&door, &headers, NodeEdit::Set { node, to }).await
}

/// Removes a machine
///
/// It is let in nowhere any more; what it is connected to ends.
#[utoipa::path(
    delete,
    path = "/api/v1/nodes/{id}",
    tag = "nodes",
    params(
        ("id" = String, Path, description = "Of the machine"),
        ("Loqa-Pin" = Option<String>, Header, description = "Of an owner, where one has a PIN"),
    ),
    responses(
        (status = 200, description = "All that stay", body = Nodes),
        (status = 403, description = "The owner's PIN is missing or wrong", body = Problem),
        (status = 404, description = "There is no machine of this id", body = Problem),
    ),
)]
pub async fn remove(State(door): State<Arc<Door>>, id: Named, headers: HeaderMap) -> Shown {
    edit(&door, &headers, NodeEdit::Revoke(identified(id)?)).await
}

/// How another machine is paired.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({}), json!({ "code": "4082 1957" })))]
pub struct NewPairing {
    /// What the machine shows: eight digits, or what its QR code says; if it is left out, the hub shows a code.
    #[schema(max_length = 512)]
    code: Option<String>,
}

/// Where a machine finds the hub, and what proves it there.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct Opened {
    /// Eight digits to type at the machine; none where it showed its own.
    code: Option<String>,
    /// The same as a QR code holds it, with the addresses.
    qr: Option<String>,
    /// Where the hub is, the likeliest first.
    #[schema(value_type = Vec<String>)]
    addresses: Vec<SocketAddr>,
}

/// Lets another machine be paired, for three minutes
///
/// `pairing` of `/api/v1/nodes` tells when one has come, and the words that both must show.
#[utoipa::path(
    post,
    path = "/api/v1/nodes/pairing",
    tag = "nodes",
    params(("Loqa-Pin" = Option<String>, Header, description = "Of an owner, where one has a PIN")),
    request_body = NewPairing,
    responses(
        (status = 200, description = "What to type there", body = Opened),
        (status = 403, description = "The owner's PIN is missing or wrong", body = Problem),
        (status = 422, description = "That is no code of a machine", body = Problem),
    ),
)]
pub async fn open(
    State(door): State<Arc<Door>>,
    headers: HeaderMap,
    Body(NewPairing { code }): Body<NewPairing>,
) -> Result<Json<Opened>, Refusal> {
    let pin = guest::pin(&headers).unwrap_or_default();
    let edit = code.map_or(NodeEdit::Open, NodeEdit::Given);
    let mut guest = Guest::of(&door)?;
    let opened = guest.document(|id| ClientFrame::EditNodes { id, pin, edit });
    Ok(Json(opened.await?))
}

/// Lets none be paired any more
///
/// One that waits is told that its words do not match.
#[utoipa::path(
    delete,
    path = "/api/v1/nodes/pairing",
    tag = "nodes",
    params(("Loqa-Pin" = Option<String>, Header, description = "Of an owner, where one has a PIN")),
    responses(
        (status = 200, description = "All machines, as they are now", body = Nodes),
        (status = 403, description = "The owner's PIN is missing or wrong", body = Problem),
    ),
)]
pub async fn close(State(door): State<Arc<Door>>, headers: HeaderMap) -> Shown {
    edit(&door, &headers, NodeEdit::Close).await
}

/// Says that both show the same words: the machine belongs to the household
#[utoipa::path(
    post,
    path = "/api/v1/nodes/{id}/accept",
    tag = "nodes",
    params(
        ("id" = String, Path, description = "Of the machine that waits"),
        ("Loqa-Pin" = Option<String>, Header, description = "Of an owner, where one has a PIN"),
    ),
    responses(
        (status = 200, description = "All machines, as they are now", body = Nodes),
        (status = 403, description = "The owner's PIN is missing or wrong", body = Problem),
        (status = 404, description = "That is no id of a machine", body = Problem),
        (status = 409, description = "That machine does not wait", body = Problem),
    ),
)]
pub async fn accept(State(door): State<Arc<Door>>, id: Named, headers: HeaderMap) -> Shown {
    edit(&door, &headers, NodeEdit::Accept(identified(id)?)).await
}

/// What is no id names no machine.
fn identified(id: Named) -> Result<NodeId, Refusal> {
    let id = named(id)?;
    id.parse().map_err(|_| {
        refuse(
            StatusCode::NOT_FOUND,
            "no_node",
            format!("there is no machine with the id `{id}`"),
            "/api/v1/nodes tells which there are",
        )
    })
}

async fn edit(door: &Arc<Door>, headers: &HeaderMap, edit: NodeEdit) -> Shown {
    let pin = guest::pin(headers).unwrap_or_default();
    let mut guest = Guest::of(door)?;
    guest
        .order(|id| ClientFrame::EditNodes { id, pin, edit })
        .await?;
    look(&mut guest).await
}

async fn look(guest: &mut Guest) -> Shown {
    let nodes = guest.document(|id| ClientFrame::Nodes { id, on: true });
    Ok(Json(nodes.await?))
}
