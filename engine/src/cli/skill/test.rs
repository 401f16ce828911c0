//! `loqa skill test`: text in, spoken text and effects out.

use super::{mistakes, problem};
use crate::{
    cli::output,
    config::Patience,
    hub::demonstration_home,
    skills::{Host, HostParts, LiveHousehold, Machine, OwnDevices, Registry, SystemClock},
    store::Store,
};
use jiff::{Zoned, tz::TimeZone};
use loqa_core::{
    grammar::{Context, Grammar, Step},
    home::Home,
    manifest::Manifest,
    seams::{HostError, PrepareRequest, SkillHost},
};
use loqa_protocol::{Problem, SessionId, TurnId, UtteranceId};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};
use tokio::sync::watch;

/// Runs the examples and negatives of the skill in `folder`, or only `sentences`, in the demo
/// household; fails if one is not understood, or its code does not answer.
pub async fn run(folder: &Path, sentences: Vec<String>) -> Result<ExitCode, Problem> {
    let scratch = tempfile::tempdir().map_err(|error| {
        problem(
            "no_temp",
            format!("cannot make a temporary folder: {error}"),
            "free some space",
        )
    })?;
    let machine = Machine::beside(scratch.path());
    let registry = Registry::load(&[PathBuf::from(folder)], None, &machine)?;
    let home = demonstration_home()?;
    let grammar =
        Grammar::compile(registry.manifests(), &home).map_err(|errors| mistakes(&errors))?;
    let own: Vec<Manifest> = registry
        .manifests()
        .iter()
        .filter(|manifest| !registry.is_built_in(&manifest.name))
        .cloned()
        .collect();
    let mut failed = 0;
    let mut say = sentences;
    if say.is_empty() {
        for manifest in &own {
            for error in manifest.check_examples(&grammar) {
                output::print_error(&error);
                failed += 1;
            }
            let examples = manifest.intents.iter().flat_map(|intent| &intent.examples);
            say.extend(examples.map(|example| example.say.clone()));
        }
    }
    let suggestions = registry.suggestions(&grammar);
    let house = House::new(registry, home, suggestions, scratch.path())?;
    for (number, text) in say.iter().enumerate() {
        output::print_line(text);
        match grammar.parse(&Context::Commands, text) {
            Some(found) => {
                for step in &found.steps {
                    output::print_line(&format!("    means  {}", meaning(step)));
                }
                failed += usize::from(!house.hears(number, found.steps, text).await);
            }
            None => {
                output::print_line("    means  nothing that Loqa understands");
                failed += 1;
            }
        }
    }
    let negatives: usize = own
        .iter()
        .flat_map(|manifest| &manifest.intents)
        .map(|intent| intent.negatives.len())
        .sum();
    output::print_line(&match failed {
        0 => format!(
            "{} sentences and {negatives} negatives: all well",
            say.len()
        ),
        _ => format!(
            "{failed} of {} sentences and {negatives} negatives failed",
            say.len()
        ),
    });
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn meaning(step: &Step) -> String {
    let now = Zoned::now();
    let slots = step
        .slots
        .iter()
        .map(|(name, value)| format!(" {name}={}", value.to_json(&now)));
    format!(
        "{}.{}{}",
        step.skill,
        step.intent,
        slots.collect::<String>()
    )
}

/// A house in a folder that goes afterwards.
struct House(Host);

impl House {
    fn new(
        registry: Registry,
        home: Home,
        suggestions: Vec<String>,
        folder: &Path,
    ) -> Result<House, Problem> {
        let store = Arc::new(Store::open(folder)?);
        Ok(House(Host::new(HostParts {
            registry,
            home: watch::channel(Arc::new(home)).1,
            zone: TimeZone::system(),
            household: Arc::new(LiveHousehold::new(store, Arc::new(SystemClock))),
            executor: Box::new(OwnDevices),
            suggestions,
            patience: Patience::Normal,
        })))
    }

    /// Says what comes of a sentence; whether anything did.
    async fn hears(&self, number: usize, steps: Vec<Step>, text: &str) -> bool {
        let utterance = UtteranceId {
            session: SessionId(1),
            turn: TurnId(u32::try_from(number).unwrap_or(u32::MAX)),
        };
        let request = PrepareRequest {
            utterance,
            steps,
            text: text.to_owned(),
            room: None,
        };
        let failed = |error: HostError| {
            output::print_line(&format!("    fails  {error}"));
            false
        };
        let draft = match self.0.prepare(&request) {
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
        match self.0.commit(utterance, draft.id).await {
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
}
