//! Models that are here or can be fetched, for as long as somebody looks, and what became of changes.

use super::{Check, Edited, Model};
use loqa_protocol::{Choice, ClientFrame, ModelChange, Problem, ServerFrame};
use serde::Deserialize;

/// What is known of models.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Models {
    /// As they are; nothing until the hub has said so.
    pub shown: Option<Shown>,
    /// Why the hub cannot say it.
    pub trouble: Option<Problem>,
    /// Which was changed last; of a choice, what it is for.
    pub changed: String,
    /// What became of that.
    pub outcome: Edited,
    asked: Option<u32>,
}

/// The models of the house.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Shown {
    /// The hub's.
    pub machine: Machine,
    /// Where they are had; empty: from their publishers.
    pub from: String,
    /// What is chosen.
    pub uses: Vec<Use>,
    /// Which are used and why, and what is missing.
    pub checks: Vec<Check>,
    /// All that can be fetched.
    pub models: Vec<Item>,
}

/// What a machine has.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
pub struct Machine {
    /// Processors.
    pub processors: u64,
    /// Bytes.
    pub memory: u64,
}

/// What is chosen for something.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Use {
    /// What a model does: `stt` …
    pub r#for: String,
    /// A model, `auto`, `none`, or a file.
    pub chosen: String,
}

/// A model.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Item {
    /// Its name.
    pub name: String,
    /// What it does: `stt` …
    pub r#for: String,
    /// The same for people.
    pub about: String,
    /// SPDX.
    pub license: String,
    /// ISO 639-1; `mul` for many.
    pub languages: Vec<String>,
    /// To fetch, MiB.
    pub mib: u64,
    /// To run, bytes.
    pub memory: u64,
    /// This machine has the memory.
    pub fits: bool,
    /// It suits this machine.
    pub recommended: bool,
    /// How fast it was here.
    pub measured: Option<Measured>,
    /// The hub uses it.
    pub used: bool,
    /// The settings name it.
    pub chosen: bool,
    /// `absent`, `paused`, `waiting`, `fetching`, `checking`, `here` or `damaged`.
    pub state: String,
    /// Bytes that are here of one that is paused.
    pub came: u64,
    /// How far one is that is fetched.
    pub progress: Option<Progress>,
    /// Why it is not here, or not as it should be.
    pub trouble: Option<Trouble>,
    /// It was looked at, and is what it was.
    pub sound: bool,
}

/// How fast a model was on the hub's machine.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(untagged)]
pub enum Measured {
    /// Of one that hears.
    Hears {
        /// Length of the speech that it read, s.
        speech_s: f64,
        /// From its end to its last word, ms.
        last_word_ms: f64,
    },
    /// Of one that answers.
    Answers {
        /// From a question to the first word of its answer, ms.
        first_word_ms: f64,
        /// How fast the others follow.
        words_per_s: f64,
    },
}

/// How far a model is.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Progress {
    /// Which of its files comes, from 1.
    pub number: u64,
    /// How many there are.
    pub files: u64,
    /// Bytes of that file that are here.
    pub here: u64,
    /// Bytes of it in all.
    pub all: Option<u64>,
    /// How fast it comes.
    pub bytes_per_s: Option<u64>,
    /// How long it will take.
    pub left_s: Option<u64>,
}

/// What went wrong, and what to do about it.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Trouble {
    /// What.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// What a touch of a model's first button does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// It is fetched.
    Get,
    /// It is not fetched any more, for now.
    Pause,
    /// It is fetched on.
    GoOn,
    /// It is fetched again.
    GetAgain,
    /// It is used.
    Use,
}

impl Models {
    /// Takes the hub's answer, if the frame is one to this.
    pub(super) fn hear(&mut self, frame: &ServerFrame) -> bool {
        match frame {
            ServerFrame::Json { id, json } if Some(*id) == self.asked => {
                self.shown = serde_json::from_str(json).ok();
                self.trouble = None;
                true
            }
            ServerFrame::Problem { id, problem } if Some(*id) == self.asked => {
                self.trouble = Some(problem.clone());
                true
            }
            frame => self.outcome.hear(frame),
        }
    }

    /// The model of this name.
    pub fn item(&self, name: &str) -> Option<&Item> {
        let models = &self.shown.as_ref()?.models;
        models.iter().find(|model| model.name == name)
    }
}

impl Shown {
    /// What models do, each once: first that of which one is chosen.
    pub fn kinds(&self) -> Vec<String> {
        let mut kinds: Vec<String> = Vec::new();
        for model in &self.models {
            if !kinds.contains(&model.r#for) {
                kinds.push(model.r#for.clone());
            }
        }
        kinds.sort_by_key(|kind| !self.is_chosen(kind));
        kinds
    }

    /// Whether one of several is chosen for something.
    pub fn is_chosen(&self, kind: &str) -> bool {
        self.uses.iter().any(|it| it.r#for == kind)
    }
}

impl Item {
    /// What comes next, if anything may; `choice`: one of its kind is chosen.
    pub fn step(&self, choice: bool) -> Option<Step> {
        match self.state.as_str() {
            "absent" => Some(Step::Get),
            "paused" => Some(Step::GoOn),
            "waiting" | "fetching" => Some(Step::Pause),
            "damaged" => Some(Step::GetAgain),
            "here" if choice && !self.chosen && self.fits => Some(Step::Use),
            _ => None,
        }
    }
}

impl Model {
    /// Wants to see the models, or no longer.
    pub fn watch_models(&mut self, on: bool) -> ClientFrame {
        let id = self.next_id();
        self.models.asked = Some(id);
        ClientFrame::Models { id, on }
    }

    /// Does something with a model.
    pub fn change_model(&mut self, name: &str, change: ModelChange) -> ClientFrame {
        let id = self.next_id();
        self.models.changed = name.into();
        self.models.outcome = Edited::Waiting(id);
        ClientFrame::ChangeModel {
            id,
            model: name.into(),
            change,
        }
    }

    /// Has a model be used: its name, `auto`, `none` or a file. What becomes of it is told where `at` is shown.
    pub fn use_model(&mut self, at: &str, kind: &str, name: &str) -> ClientFrame {
        let id = self.next_id();
        self.models.changed = at.into();
        self.models.outcome = Edited::Waiting(id);
        let choice = Choice::Model(kind.into(), name.into());
        ClientFrame::Choose { id, choice }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn shows(model: &mut Model, models: &Value) {
        let uses = json!([{ "for": "stt", "chosen": "auto" }]);
        let machine = json!({ "processors": 2, "memory": 8 });
        let shown =
            json!({ "machine": machine, "from": "", "uses": uses, "checks": [], "models": models });
        let ClientFrame::Models { id, on: true } = model.watch_models(true) else {
            panic!("it looks");
        };
        let json = shown.to_string();
        assert_eq!(model.apply(ServerFrame::Json { id, json }, 0.0), None);
    }

    #[test]
    fn each_model_has_a_next_step_and_what_one_chooses_from_comes_first() {
        let mut model = Model::default();
        let of = |name: &str, kind: &str, state: &str| json!({ "name": name, "for": kind, "state": state, "fits": true });
        shows(
            &mut model,
            &json!([
                of("okay-nabu", "wake", "here"),
                of("tiny", "stt", "here"),
                of("base", "stt", "paused"),
                of("small", "stt", "fetching"),
                of("large", "stt", "checking"),
            ]),
        );
        let shown = model.models.shown.clone().unwrap();
        assert_eq!(shown.kinds(), ["stt", "wake"]);
        let step = |name| {
            let item = model.models.item(name).unwrap();
            item.step(shown.is_chosen(&item.r#for))
        };
        assert_eq!(step("okay-nabu"), None);
        assert_eq!(step("tiny"), Some(Step::Use));
        assert_eq!(step("base"), Some(Step::GoOn));
        assert_eq!(step("small"), Some(Step::Pause));
        assert_eq!(step("large"), None);
    }

    #[test]
    fn a_refusal_is_told_where_it_was_asked_for_and_is_nobody_elses_trouble() {
        let mut model = Model::default();
        let remove = model.change_model("tiny", ModelChange::Remove);
        let problem = Problem {
            code: "model_used".into(),
            message: "`tiny` is used".into(),
            help: String::new(),
        };
        let refused = ServerFrame::Problem {
            id: remove.id(),
            problem: problem.clone(),
        };
        assert_eq!(model.apply(refused, 0.0), None);
        assert_eq!(model.models.changed, "tiny");
        assert_eq!(model.models.outcome, Edited::Refused(problem));
        assert_eq!(model.trouble, None);
        let choose = model.use_model("stt", "stt", "none");
        model.apply(ServerFrame::Done { id: choose.id() }, 0.0);
        assert_eq!(model.models.outcome, Edited::Done);
    }
}
