//! What a skill keeps for itself, and what the household has set for it.

use super::{
    Installed, Machine, Registry, Settings,
    tests::{House, Linked, step},
};
use loqa_skill_sdk::{
    Effect, EffectError, Effects, Plan, Prepared, Reads, Request, Skill, StorageOp, Value,
};
use std::{fs, path::Path};

const DIARY: &str = "name: NAME
version: 1.0.0
permissions: [storage]
settings:
  step: { title: How many at a time, type: number, default: 1, from: 1, to: 9 }
budget: { storage: 1 }
intents:
  NAME_more: { sentences: [\"NAME more\"] }
  NAME_much: { sentences: [\"NAME much\"] }
";

/// Counts, in steps that the household sets.
struct Diary;

impl Diary {
    fn op(request: &Request, reads: &dyn Reads) -> StorageOp {
        if request.intent.ends_with("much") {
            return StorageOp::Set(("much".into(), "x".repeat(2000)));
        }
        let step = reads.setting("step").as_ref().and_then(Value::as_u64);
        let before = reads.stored("count").and_then(|it| it.parse().ok());
        let count = before.unwrap_or(0) + step.unwrap_or_default();
        StorageOp::Set(("count".into(), count.to_string()))
    }
}

impl Skill for Diary {
    fn prepare(&self, request: &Request, reads: &dyn Reads) -> Prepared {
        assert_eq!(reads.setting("stride"), None);
        Prepared::Plan(Plan {
            effects: vec![Effect::Storage(Diary::op(request, reads))],
            reply: "Counted.".into(),
            ..Plan::default()
        })
    }

    fn commit(&self, plan: &Plan, effects: &mut dyn Effects) -> Result<String, EffectError> {
        effects.carry_out(&plan.effects)?;
        Ok(plan.reply.clone())
    }
}

fn house(data: &Path) -> House {
    let folder = tempfile::tempdir().unwrap();
    for name in ["diary", "other"] {
        let skill = folder.path().join(name);
        fs::create_dir(&skill).unwrap();
        fs::write(skill.join("skill.yaml"), DIARY.replace("NAME", name)).unwrap();
    }
    let machine = Machine::beside(data).with_installed(data);
    let registry = Registry::load(&[folder.path().to_owned()], None, &machine).unwrap();
    let registry = registry
        .with_code("diary", Linked(Diary))
        .with_code("other", Linked(Diary));
    House::with_registry(data, registry)
}

#[tokio::test]
async fn a_skill_keeps_its_own_within_its_budget_and_sees_nobody_elses() {
    let data = tempfile::tempdir().unwrap();
    let mut house = house(data.path());
    let kept = |house: &House, skill: &str| {
        let storage = house.host.household().read().household.storage.clone();
        storage.get(&(skill.to_owned(), "count".into())).cloned()
    };
    let more = [step("diary.diary_more", &[])];
    assert_eq!(house.hears(&more).await, "Counted.");
    assert_eq!(house.hears(&more).await, "Counted.");
    assert_eq!(kept(&house, "diary").as_deref(), Some("2"));
    assert_eq!(kept(&house, "other"), None);
    house.hears(&[step("other.other_more", &[])]).await;
    assert_eq!(kept(&house, "other").as_deref(), Some("1"));

    let much = house.hears(&[step("diary.diary_much", &[])]).await;
    assert_eq!(
        much,
        "The skill diary keeps as much as it may: 1 kilobytes."
    );
    assert_eq!(house.hears(&[step("loqa.undo", &[])]).await, "OK. ");
    assert_eq!(kept(&house, "other"), None);
    assert_eq!(kept(&house, "diary").as_deref(), Some("2"));
}

#[tokio::test]
async fn what_is_set_counts_and_what_cannot_be_does_not() {
    let data = tempfile::tempdir().unwrap();
    let installed = Installed::in_folder(data.path());
    let set = Settings::default().with("step", Some(4.into()));
    let held = installed.hold().unwrap();
    held.set_settings("diary", &set).unwrap();
    let mut house = house(data.path());
    house.hears(&[step("diary.diary_more", &[])]).await;
    let storage = house.host.household().read().household.storage.clone();
    assert_eq!(storage[&("diary".to_owned(), "count".to_owned())], "4");

    let registry = house.host.registry();
    let manifest = registry.manifest("diary").unwrap();
    for (file, named) in [
        ("step = 10", "`step` can be a number from 1 to 9"),
        ("step =", "settings.toml: "),
    ] {
        fs::write(installed.path().join("diary/settings.toml"), file).unwrap();
        let error = Settings::read(&installed, manifest).unwrap_err();
        assert!(error.contains(named), "{error}");
    }
}
