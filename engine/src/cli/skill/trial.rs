//! A skill in the demo household: what it hears, means, says and does, in text.

use super::{mistakes, scratch_folder};
use crate::{
    cli::{Common, outgoing::Outgoing, output},
    config::{Config, Patience},
    hub::demonstration_home,
    skills::{
        Call, Elsewhere, Host, HostParts, LiveHousehold, Machine, OwnDevices, Registry,
        SystemClock, Trace,
    },
    store::Store,
};
use jiff::{Zoned, tz::TimeZone};
use loqa_core::{
    grammar::{Context, Grammar, Step},
    manifest::Manifest,
    seams::{HostError, PrepareRequest, SkillHost},
};
use loqa_protocol::{Problem, SessionId, TurnId, UtteranceId};
use std::{path::Path, sync::Arc};
use tempfile::TempDir;
use tokio::sync::watch;

/// What skills are tried in: a household, and what runs them. Gone afterwards.
pub struct Scratch {
    store: Arc<Store>,
    machine: Machine,
    outgoing: Outgoing,
    _folder: TempDir,
}

impl Scratch {
    /// An empty one, sealed as the house is.
    pub fn new(common: &Common) -> Result<Scratch, Problem> {
        let outgoing = Outgoing::of(&Config::load(&common.flags())?);
        let folder = scratch_folder()?;
        Ok(Scratch {
            store: Arc::new(Store::open(folder.path())?),
            machine: Machine::beside(folder.path()),
            outgoing,
            _folder: folder,
        })
    }

    /// Tells a hub that runs what was asked elsewhere.
    pub async fn tell_hub(&mut self) {
        self.outgoing.tell().await;
    }
}

/// A household with a skill that is being made.
pub struct Trial {
    grammar: Grammar,
    host: Host,
    /// Its own manifests, without those that come with Loqa.
    own: Vec<Manifest>,
    trace: Trace,
    session: SessionId,
    turn: u32,
}

/// What there is to a run of a skill's examples.
#[derive(Default)]
pub struct Outcome {
    /// Sentences said.
    pub said: usize,
    /// Of them, and of examples and negatives, those that are not as they should be.
    pub failed: usize,
}

impl Trial {
    /// Of the skill in `folder`.
    pub fn new(folder: &Path, scratch: &Scratch) -> Result<Trial, Problem> {
        let registry = Registry::load(&[folder.to_owned()], None, &scratch.machine)?;
        let home = demonstration_home()?;
        let grammar =
            Grammar::compile(registry.manifests(), &home).map_err(|errors| mistakes(&errors))?;
        let own = registry
            .manifests()
            .iter()
            .filter(|manifest| !registry.is_built_in(&manifest.name))
            .cloned()
            .collect();
        let suggestions = registry.suggestions(&grammar);
        let host = Host::new(HostParts {
            registry,
            home: watch::channel(Arc::new(home)).1,
            zone: TimeZone::system(),
            household: Arc::new(LiveHousehold::new(
                scratch.store.clone(),
                Arc::new(SystemClock),
            )),
            executor: Box::new(OwnDevices),
            elsewhere: Elsewhere::by(scratch.outgoing.border().to_internet([])),
            suggestions,
            patience: Patience::Normal,
        });
        Ok(Trial {
            grammar,
            host,
            own,
            trace: scratch.machine.trace.clone(),
            // The household may have heard another trial before.
            session: SessionId(rand::random()),
            turn: 0,
        })
    }

    /// What a sentence means here, if anything.
    pub fn steps(&self, text: &str) -> Option<Vec<Step>> {
        let found = self.grammar.parse(&Context::Commands, text)?;
        Some(found.steps)
    }

    /// Its examples, in their order.
    pub fn examples(&self) -> Vec<String> {
        let intents = self.own.iter().flat_map(|manifest| &manifest.intents);
        let examples = intents.flat_map(|intent| &intent.examples);
        examples.map(|example| example.say.clone()).collect()
    }

    /// How many sentences it must not understand.
    pub fn negatives(&self) -> usize {
        let intents = self.own.iter().flat_map(|manifest| &manifest.intents);
        intents.map(|intent| intent.negatives.len()).sum()
    }

    /// Runs its examples and negatives.
    pub async fn run_examples(&mut self) -> Outcome {
        let mut outcome = Outcome::default();
        for manifest in &self.own {
            for error in manifest.check_examples(&self.grammar) {
                output::print_error(&error);
                outcome.failed += 1;
            }
        }
        for text in self.examples() {
            outcome.said += 1;
            outcome.failed += usize::from(!self.hears(&text).await);
        }
        outcome
    }

    /// Says a sentence, and what comes of it; whether that is as it should be.
    pub async fn hears(&mut self, text: &str) -> bool {
        output::print_line(text);
        let Some(found) = self.grammar.parse(&Context::Commands, text) else {
            output::print_line("    means  nothing that Loqa understands");
            return false;
        };
        for step in &found.steps {
            output::print_line(&format!("    means  {}", meaning(step)));
        }
        let failed = |error: HostError| {
            output::print_line(&format!("    fails  {error}"));
            false
        };
        let request = self.request(text, found.steps);
        let draft = match self.host.prepare(&request) {
            Ok(draft) => draft,
            Err(error) => return failed(error),
        };
        if let Some(question) = &draft.confirm {
            output::print_line(&format!("    asks   {question} (yes)"));
        }
        if draft.ask.is_some() {
            output::print_line(&format!("    asks   {}", draft.reply));
            return true;
        }
        match self.host.commit(request.utterance, draft.id).await {
            Ok(done) => {
                output::print_line(&format!("    says   {}", done.reply));
                for kind in &done.effects {
                    output::print_line(&format!("    does   {kind:?}").to_lowercase());
                }
                for card in &done.cards {
                    output::print_line(&format!("    shows  {}", card.title));
                }
                done.ok
            }
            Err(error) => failed(error),
        }
    }

    /// What calls it took since this was asked last.
    pub fn calls(&self) -> Vec<Call> {
        self.trace.take()
    }

    /// Prepares and commits a sentence without a word.
    pub async fn repeat(&mut self, text: &str) -> Result<(), HostError> {
        let Some(found) = self.grammar.parse(&Context::Commands, text) else {
            return Ok(());
        };
        let request = self.request(text, found.steps);
        let draft = self.host.prepare(&request)?;
        if draft.ask.is_none() {
            self.host.commit(request.utterance, draft.id).await?;
        }
        Ok(())
    }

    fn request(&mut self, text: &str, steps: Vec<Step>) -> PrepareRequest {
        self.turn += 1;
        PrepareRequest::new(
            UtteranceId {
                session: self.session,
                turn: TurnId(self.turn),
            },
            steps,
            text.to_owned(),
        )
    }
}

/// What was understood: `home.turn_on device=fan`.
pub fn meaning(step: &Step) -> String {
    let now = Zoned::now();
    let slots = step.slots.iter();
    let slots = slots.map(|(name, value)| (name.clone(), value.to_json(&now)));
    output::step(&format!("{}.{}", step.skill, step.intent), slots)
}
