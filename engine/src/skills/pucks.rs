//! What is said to a microphone in another room.

use super::{
    own_volume,
    tests::{House, step},
    voice_at, volume_of,
};
use loqa_core::{
    grammar::Step,
    seams::{Committed, HostError, PrepareRequest, SkillHost},
};
use loqa_protocol::{SessionId, TurnId, UtteranceId};

const PLACE: &str = "node:0c0f";

/// Said there, in a conversation of its own each time; the ledger calls it `once`.
async fn said(
    house: &House,
    session: u128,
    step: Step,
    once: Option<UtteranceId>,
) -> Result<Committed, HostError> {
    let utterance = UtteranceId {
        session: SessionId(session),
        turn: TurnId(0),
    };
    let draft = house.host.prepare(&PrepareRequest {
        once,
        place: PLACE.into(),
        ..PrepareRequest::new(utterance, vec![step], String::new())
    })?;
    house.host.commit(utterance, draft.id).await
}

#[tokio::test]
async fn what_is_said_again_after_an_outage_is_done_once() {
    let folder = tempfile::tempdir().unwrap();
    let quieter = || step("loqa.speak_quieter", &[]);
    let named = |turn| UtteranceId {
        session: SessionId(99),
        turn: TurnId(turn),
    };
    let volume = |house: &House| {
        let household = &house.household.read().household;
        volume_of(household, &voice_at(PLACE))
    };
    let house = House::in_folder(folder.path());
    assert!(said(&house, 1, quieter(), Some(named(0))).await.is_ok());
    assert_eq!(volume(&house), 90);
    drop(house);
    // Another hub, which knows nothing of that conversation.
    let house = House::in_folder(folder.path());
    assert_eq!(
        said(&house, 2, quieter(), Some(named(0))).await,
        Err(HostError::AlreadyCommitted(named(0)))
    );
    assert_eq!(volume(&house), 90);
    // What else was said in the same breath.
    assert!(said(&house, 3, quieter(), Some(named(1))).await.is_ok());
    assert_eq!(volume(&house), 80);
}

#[tokio::test]
async fn a_puck_that_is_told_to_speak_quieter_does_and_the_hub_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::in_folder(folder.path());
    let heard = said(&house, 1, step("loqa.speak_quieter", &[]), None).await;
    assert_eq!(heard.unwrap().reply, "My voice is at 90 percent.");
    let volumes = |house: &House| {
        let household = &house.household.read().household;
        (
            own_volume(household),
            volume_of(household, &voice_at(PLACE)),
        )
    };
    assert_eq!(volumes(&house), (100, 90));
    // Nothing plays in that room: its voice is what "turn it down" means.
    let heard = said(&house, 2, step("home.quieter", &[]), None).await;
    assert!(heard.unwrap().ok);
    assert_eq!(volumes(&house), (100, 80));
    let heard = said(&house, 3, step("loqa.undo", &[]), None).await;
    assert!(heard.unwrap().ok);
    assert_eq!(volumes(&house), (100, 90));
}
