//! Who may have what done: asked when a plan is made, and again right before it is carried out.

use super::*;
use crate::{people, store::Deed};
use loqa_core::{
    policy::{Pin, Risk},
    seams::{Proof, Unproved},
};
use loqa_protocol::PeopleEdit;

const DAY_MS: i64 = 24 * 3600 * 1000;

fn home() -> Home {
    Home::parse("home.toml", HOME).unwrap()
}

impl House {
    fn edit(&self, edit: &PeopleEdit) -> String {
        let outcome = self.household.commit(None, |household, moment| {
            let now_ms = moment.wall.as_millisecond();
            let change = people::change(household, &home(), edit, now_ms).unwrap();
            Ok((change, Vec::new()))
        });
        let change = outcome.unwrap().value;
        assert_ne!(change.deed, Deed::Invoke);
        change.id
    }

    fn add(&self, name: &str, role: &str, pin: &str, expires_ms: Option<i64>) -> String {
        let id = self.edit(&PeopleEdit::Person {
            id: 0,
            name: name.into(),
            role: role.into(),
            expires_ms,
        });
        self.edit(&PeopleEdit::NewPin {
            person: id.parse().unwrap(),
            pin: pin.into(),
        });
        id
    }

    fn speaks_for(&self, place: &str, whom: &str) {
        self.edit(&PeopleEdit::Place {
            place: place.into(),
            name: String::new(),
            speaks_for: whom.into(),
        });
    }

    fn forbid(&self, risk: &str) {
        self.edit(&PeopleEdit::Rule {
            roles: Vec::new(),
            risk: risk.into(),
            r#where: String::new(),
            from: String::new(),
            to: String::new(),
            ruling: "refuse".into(),
        });
    }

    /// As said into the hub's microphone, by somebody who has proved who they are or not.
    fn heard(&mut self, step: Step, proof: Option<Proof>) -> Result<Draft, HostError> {
        self.turn += 1;
        let text = step.intent.replace('_', " ");
        self.host.prepare(&PrepareRequest {
            place: people::MICROPHONE.into(),
            room: Some("kitchen".into()),
            proof,
            ..PrepareRequest::new(self.utterance(), vec![step], text)
        })
    }

    async fn prove(&self, pin: &str) -> Result<Proof, Unproved> {
        self.host.prove(Pin::typed(pin).unwrap()).await
    }
}

fn unlock() -> Step {
    step("home.unlock", &[device("front_door")])
}

const QUESTION: &str = "Shall I unlock the front door?";

#[tokio::test]
async fn a_door_asks_for_the_pin_once_somebody_has_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    let draft = house.heard(unlock(), None).unwrap();
    assert_eq!(
        (draft.confirm.as_deref(), draft.pin),
        (Some(QUESTION), false)
    );
    house.add("Ada", "owner", "1815", None);
    assert_eq!(
        house.commit(&draft).await,
        Err(HostError::Stale),
        "the rules are others than when somebody was asked"
    );
    let draft = house.heard(unlock(), None).unwrap();
    let question = format!("{QUESTION} What is the PIN?");
    assert_eq!((draft.confirm, draft.pin), (Some(question), true));
    assert_eq!(house.prove("1816").await, Err(Unproved::Wrong));
    let proof = house.prove("1815").await.unwrap();
    let draft = house.heard(unlock(), Some(proof)).unwrap();
    assert_eq!((draft.confirm.as_deref(), draft.pin), (None, false));
    let committed = house.commit(&draft).await.unwrap();
    assert_eq!(committed.effects, [EffectKind::Device]);
    // Somebody who says that they have given a PIN has not.
    let draft = house.heard(unlock(), Some(Proof(proof.0 + 1))).unwrap();
    assert!(draft.pin);
    let everyday = step("home.turn_on", &[device("kitchen_lights")]);
    assert_eq!(house.heard(everyday, None).unwrap().confirm, None);
}

#[tokio::test]
async fn a_guest_who_expires_between_the_plan_and_the_deed_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    house.add("Ada", "owner", "1815", None);
    house.add("Bo", "guest", "2222", Some(START_MS + DAY_MS));
    let proof = house.prove("2222").await.unwrap();
    let draft = house.heard(unlock(), Some(proof)).unwrap();
    assert_eq!(draft.confirm, None);
    house.clock.set_by(DAY_MS);
    assert_eq!(house.commit(&draft).await, Err(HostError::Stale));
    assert!(
        house.heard(unlock(), Some(proof)).unwrap().pin,
        "he is asked again"
    );
    assert_eq!(house.prove("2222").await, Err(Unproved::Wrong));
    assert!(
        house.kept().devices.is_empty(),
        "the door was never touched"
    );
}

#[tokio::test]
async fn a_rule_made_between_the_plan_and_the_deed_counts() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    house.add("Ada", "owner", "1815", None);
    let draft = house.heard(set(60), None).unwrap();
    house.forbid("everyday");
    assert_eq!(house.commit(&draft).await, Err(HostError::Stale));
    assert!(matches!(
        house.heard(set(60), None),
        Err(HostError::Failed(_))
    ));
    assert!(house.host.timers().is_empty());
}

#[tokio::test]
async fn a_child_opens_nothing_and_no_model_is_told_that_it_could() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    house.add("Cy", "child", "3333", None);
    house.add("Ada", "owner", "1815", None);
    house.speaks_for(people::MICROPHONE, "child");
    let refused = house.heard(unlock(), None).unwrap_err();
    let reason = "Only a grown-up of the house may have me do that.";
    assert_eq!(refused, HostError::Failed(reason.into()));
    let own = house.prove("3333").await.unwrap();
    assert!(house.heard(unlock(), Some(own)).is_err());
    let barred = house.host.barred(people::MICROPHONE, Some("kitchen"));
    assert_eq!(barred, [Risk::Private, Risk::Risky]);
    // What is undone opens a door as well.
    let owner = house.prove("1815").await.unwrap();
    let draft = house.heard(unlock(), Some(owner)).unwrap();
    house.commit(&draft).await.unwrap();
    let lock = step("home.lock", &[device("front_door")]);
    let draft = house.heard(lock, None).unwrap();
    house.commit(&draft).await.unwrap();
    assert!(house.heard(step("loqa.undo", &[]), None).is_err());
}

#[tokio::test]
async fn notes_are_not_read_aloud_where_others_may_hear() {
    let folder = tempfile::tempdir().unwrap();
    let mut house = House::in_folder(folder.path());
    let note = (
        "note",
        SlotValue::Text("the surprise is in the attic".into()),
    );
    let _ = house.heard(step("home.note_add", &[note]), None);
    let notes = || step("home.note_read", &[]);
    assert!(!house.heard(notes(), None).unwrap().hushed);
    let ada = house.add("Ada", "adult", "1815", None);
    assert!(house.heard(notes(), None).unwrap().pin);
    house.speaks_for(people::MICROPHONE, "adult");
    let draft = house.heard(notes(), None).unwrap();
    assert!(draft.hushed && draft.confirm.is_none());
    house.speaks_for(people::MICROPHONE, "");
    house.speaks_for("room:kitchen", &ada);
    assert!(
        !house.heard(notes(), None).unwrap().hushed,
        "it is her room"
    );
}
