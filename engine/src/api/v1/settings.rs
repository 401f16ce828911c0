//! What a dashboard can set, and what can be heard and spoken through.

use super::{
    Refusal,
    body::{Body, unfit},
    guest::Guest,
};
use crate::{
    api::{Door, refusal::Problem},
    hub::{LONGEST_NAME, is_pin},
};
use axum::{Json, extract::State, http::StatusCode};
use loqa_protocol::{Choice, ClientFrame};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// What is set. Microphone and speaker are among the sounds.
#[derive(Serialize, ToSchema)]
pub struct Settings {
    /// Empty if it has no name.
    household_name: String,
    /// Somebody has been through the first steps.
    welcomed: bool,
    /// A tablet on the wall asks for a PIN, which nobody is told.
    kiosk_pin_set: bool,
    /// Phrases that call Loqa.
    wake: Vec<String>,
}

/// What is set from now on; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "household_name": "The Lodge" })))]
pub struct Choices {
    /// Empty: it has no name.
    #[schema(max_length = 60)]
    household_name: Option<String>,
    /// Id or name of a microphone, `default` or `none`; used at once, but for `none`, which counts
    /// when the hub starts again.
    microphone: Option<String>,
    /// Id or name of a speaker, `default` or `none`; used at once, but for `none`, which counts
    /// when the hub starts again.
    speaker: Option<String>,
    /// Somebody has been through the first steps.
    welcomed: Option<bool>,
    /// 4 to 12 digits that let a tablet on the wall leave its page; empty: it needs none.
    #[schema(write_only, pattern = "^([0-9]{4,12})?$")]
    kiosk_pin: Option<String>,
}

/// What is set
#[utoipa::path(
    get,
    path = "/api/v1/settings",
    tag = "the household",
    responses((status = 200, description = "As it is now", body = Settings)),
)]
pub async fn settings(State(door): State<Arc<Door>>) -> Result<Json<Settings>, Refusal> {
    show(&mut Guest::of(&door)?).await
}

/// Changes settings
///
/// One after the other, in the order in which they are described: what comes before one that cannot
/// be so is set.
#[utoipa::path(
    patch,
    path = "/api/v1/settings",
    tag = "the household",
    request_body = Choices,
    responses(
        (status = 200, description = "As it is now", body = Settings),
        (status = 409, description = "There is no such microphone or speaker", body = Problem),
    ),
)]
pub async fn choose(
    State(door): State<Arc<Door>>,
    Body(choices): Body<Choices>,
) -> Result<Json<Settings>, Refusal> {
    let Choices {
        household_name,
        microphone,
        speaker,
        welcomed,
        kiosk_pin,
    } = choices;
    let too_long = |name: &String| name.chars().count() > LONGEST_NAME;
    if household_name.as_ref().is_some_and(too_long) {
        let message = format!("a household's name has at most {LONGEST_NAME} characters");
        return Err(unfit("household_name", message, "choose a shorter one"));
    }
    if kiosk_pin
        .as_ref()
        .is_some_and(|pin| !pin.is_empty() && !is_pin(pin))
    {
        return Err(unfit(
            "kiosk_pin",
            "a PIN has 4 to 12 digits",
            "choose another",
        ));
    }
    let choices = [
        household_name.map(|it| ("household_name", Choice::HouseholdName(it))),
        microphone.map(|it| ("microphone", Choice::Microphone(it))),
        speaker.map(|it| ("speaker", Choice::Speaker(it))),
        welcomed.map(|it| ("welcomed", Choice::Welcomed(it))),
        kiosk_pin.map(|it| ("kiosk_pin", Choice::KioskPin(it))),
    ];
    let mut guest = Guest::of(&door)?;
    for (field, choice) in choices.into_iter().flatten() {
        let chosen = guest.order(|id| ClientFrame::Choose { id, choice }).await;
        chosen.map_err(|mut refusal| {
            if refusal.problem.code == "no_such_device" {
                refusal.status = StatusCode::CONFLICT;
            }
            refusal.problem.field = Some(field.into());
            refusal
        })?;
    }
    show(&mut guest).await
}

async fn show(guest: &mut Guest) -> Result<Json<Settings>, Refusal> {
    let house = guest.look().await?.house;
    Ok(Json(Settings {
        household_name: house.name,
        welcomed: house.welcomed,
        kiosk_pin_set: house.kiosk_pin,
        wake: house.wake,
    }))
}

/// What can be heard and spoken through.
#[derive(Serialize, ToSchema)]
pub struct Sounds {
    microphones: Side,
    speakers: Side,
}

/// One of both.
#[derive(Serialize, Deserialize, ToSchema, Default)]
pub struct Side {
    /// What the settings name: an id, `default` or `none`.
    chosen: String,
    /// What is used now, likewise.
    used: String,
    devices: Vec<SoundDevice>,
}

/// A microphone or speaker of the hub's machine.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct SoundDevice {
    id: String,
    name: String,
    /// The system's own choice.
    default: bool,
}

/// What the hub's own document says: input, then output.
#[derive(Deserialize)]
struct Told(Side, Side);

/// Microphones and speakers, and which are used
#[utoipa::path(
    get,
    path = "/api/v1/sounds",
    tag = "the microphone",
    responses((status = 200, description = "Those of the hub's machine", body = Sounds)),
)]
pub async fn sounds(State(door): State<Arc<Door>>) -> Result<Json<Sounds>, Refusal> {
    let mut guest = Guest::of(&door)?;
    let told = guest.document(|id| ClientFrame::Sounds { id }).await?;
    let Told(microphones, speakers) = told;
    Ok(Json(Sounds {
        microphones,
        speakers,
    }))
}

const _: () = assert!(LONGEST_NAME == 60, "as the schema says");
