//! Which of the installed skills count, and what is written down of those that want too much.

use super::{
    Current, Host, Installed, Machine, Package, Registry,
    tests::{House, Linked},
};
use crate::store::Audit;
use loqa_core::{
    grammar::{Grammar, Step},
    home::Home,
    seams::{PrepareRequest, SkillHost},
};
use loqa_protocol::{SessionId, TurnId, UtteranceId};
use loqa_skill_sdk::{
    Effect, EffectError, Effects, Plan, Prepared, Reads, Request, Skill, TimerOp, TimerStart,
};
use std::{fs, path::Path};

fn current(version: &str, disabled: bool) -> Current {
    Current {
        version: version.into(),
        disabled,
        ..Current::default()
    }
}

/// Installs a skill of this text, and has it count.
fn install(data: &Path, name: &str, text: &str) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("skill.yaml"), text).unwrap();
    let held = Installed::in_folder(data).hold().unwrap();
    let staged = held.stage(&Package::read(folder.path()).unwrap()).unwrap();
    held.keep(staged, name, "1.0.0").unwrap();
    held.set(name, &current("1.0.0", false)).unwrap();
}

fn load(data: &Path) -> Registry {
    Registry::load(&[], None, &Machine::beside(data).with_installed(data)).unwrap()
}

fn names(registry: &Registry) -> Vec<&str> {
    let manifests = registry.manifests().iter();
    manifests.map(|manifest| manifest.name.as_str()).collect()
}

#[test]
fn a_broken_one_is_left_out_and_the_others_count() {
    let data = tempfile::tempdir().unwrap();
    let yaml = |name: &str, sentence: &str| {
        format!(
            "name: {name}\nversion: 1.0.0\nintents:\n  go:\n    sentences: [\"{sentence}\"]\n    reply: OK.\n"
        )
    };
    install(data.path(), "tea", &yaml("tea", "how long does tea steep"));
    install(data.path(), "other", &yaml("another", "be another"));
    install(data.path(), "torn", "name: torn\nintent");
    install(data.path(), "unfit", &yaml("unfit", "water {flowers}"));
    let held = Installed::in_folder(data.path()).hold().unwrap();
    held.set("clock", &current("", true)).unwrap();
    fs::create_dir_all(data.path().join("skills/odd")).unwrap();
    fs::write(data.path().join("skills/odd/current"), "version = 1").unwrap();

    let mut registry = load(data.path());
    assert_eq!(
        names(&registry),
        [
            "loqa",
            "timers",
            "home",
            "alarms",
            "calculator",
            "tea",
            "unfit"
        ]
    );
    let home = Home::default();
    assert!(Grammar::compile(registry.manifests(), &home).is_err());
    assert!(registry.leave_out_unfit(&home));
    assert_eq!(Grammar::compile(registry.manifests(), &home).err(), None);
    assert_eq!(
        names(&registry),
        ["loqa", "timers", "home", "alarms", "calculator", "tea"]
    );
    let left_out: Vec<&str> = registry
        .left_out()
        .iter()
        .map(|left_out| left_out.skill.as_str())
        .collect();
    assert_eq!(left_out, ["odd", "other", "torn", "unfit"]);

    held.set("tea", &current("1.0.0", true)).unwrap();
    held.remove("clock").unwrap();
    let registry = load(data.path());
    assert_eq!(
        names(&registry),
        [
            "loqa",
            "clock",
            "timers",
            "home",
            "alarms",
            "calculator",
            "unfit"
        ]
    );
}

/// Starts a timer, and has not asked whether it may.
struct Greedy {
    says_so: bool,
}

impl Greedy {
    fn timer() -> TimerOp {
        TimerOp::Start(TimerStart {
            name: None,
            seconds: 60,
        })
    }
}

impl Skill for Greedy {
    fn prepare(&self, _: &Request, _: &dyn Reads) -> Prepared {
        let planned = self.says_so.then(|| Effect::Timer(Greedy::timer()));
        // Something it may do, so that it is asked to.
        let allowed = Effect::List(loqa_skill_sdk::ListEffect {
            list: "shopping_list".into(),
            op: loqa_skill_sdk::ListOp::Clear,
        });
        Prepared::Plan(Plan {
            effects: planned.into_iter().chain([allowed]).collect(),
            reply: "OK.".into(),
            ..Plan::default()
        })
    }

    fn commit(&self, _: &Plan, effects: &mut dyn Effects) -> Result<String, EffectError> {
        effects.timer(Greedy::timer()).map(|_| "OK.".into())
    }
}

fn asks(host: &Host, turn: u32) -> Result<loqa_core::seams::Draft, loqa_core::seams::HostError> {
    host.prepare(&PrepareRequest::new(
        UtteranceId {
            session: SessionId(7),
            turn: TurnId(turn),
        },
        vec![Step {
            skill: "greedy".into(),
            intent: "go".into(),
            slots: Vec::new(),
        }],
        "something private",
    ))
}

#[tokio::test]
async fn what_a_skill_may_not_do_is_written_down_once_an_utterance() {
    for says_so in [true, false] {
        let data = tempfile::tempdir().unwrap();
        install(
            data.path(),
            "greedy",
            "name: greedy\nversion: 1.0.0\npermissions: [list]\nintents:\n  go:\n    sentences: [\"be greedy\"]\n",
        );
        let registry = load(data.path()).with_code("greedy", Linked(Greedy { says_so }));
        let house = House::with_registry(data.path(), registry);
        for turn in [1, 1, 1, 2] {
            let draft = asks(&house.host, turn);
            assert_eq!(draft.is_err(), says_so);
            if let Ok(draft) = draft
                && turn == 2
            {
                let utterance = UtteranceId {
                    session: SessionId(7),
                    turn: TurnId(2),
                };
                let done = house.host.commit(utterance, draft.id).await.unwrap();
                assert!(!done.ok, "{done:?}");
            }
        }
        let entries = Audit::in_folder(data.path()).latest(usize::MAX).unwrap();
        assert_eq!(entries.len(), if says_so { 2 } else { 1 });
        for entry in entries {
            let about = (entry.what.as_str(), entry.decision.as_str());
            assert_eq!(about, ("effect", "refused"));
            let who = (entry.skill.as_str(), entry.version.as_str());
            assert_eq!(who, ("greedy", "1.0.0"));
            assert_eq!(entry.permission.as_deref(), Some("timer"));
        }
    }
}
