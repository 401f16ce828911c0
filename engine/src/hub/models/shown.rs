//! The models as a dashboard is shown them: as they are, then whenever that has changed.

use super::Work;
use crate::{
    gateway::Answers,
    hub::{
        Shared, doctor,
        watched::{self, Changes},
    },
    library::{Here, Kind, Machine, Model},
    models,
};
use loqa_protocol::Problem;
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::time::Instant;
use tokio_util::sync::DropGuard;

/// How often is told how far a download is, at most.
const TELL: Duration = Duration::from_millis(250);
/// How often is looked what others have done: `loqa model` is another program.
const LOOK: Duration = Duration::from_secs(2);

impl Shared {
    /// Which models there are, which are used and why, and what is being done with them. Blocks: it
    /// reads files.
    ///
    /// # Errors
    /// They cannot be read.
    fn all_models(&self) -> Result<Value, Problem> {
        let library = self.stock.library.as_deref();
        let library = library.map_err(Clone::clone)?;
        let (held, measured) = (library.held()?, library.measured()?);
        let machine = Machine::here();
        let settings = self.settings_now();
        let settings = settings.as_ref().unwrap_or(&self.config);
        let kinds: BTreeSet<Kind> = library.models().iter().map(|model| model.kind).collect();
        let recommended: BTreeSet<&str> = kinds
            .iter()
            .filter_map(|kind| {
                let language = &self.config.hearing.language;
                machine.recommended(*kind, language, library.models())
            })
            .map(|model| model.name.as_str())
            .collect();
        let uses = kinds.iter().filter_map(|kind| {
            let chosen = models::chosen(settings, *kind)?;
            Some(json!({ "for": kind, "chosen": chosen }))
        });
        let uses: Vec<Value> = uses.collect();
        let work = self.stock.work.borrow().clone();
        let shown = library.models().iter().map(|model| {
            let record = held.get(&model.name);
            let mut document = json!({
                "name": model.name,
                "for": model.kind,
                "about": model.about,
                "license": model.license,
                "languages": model.languages,
                "mib": model.mib,
                "memory": model.memory(),
                "fits": machine.fits(model.memory()),
                "recommended": recommended.contains(model.name.as_str()),
                "measured": measured.get(&model.name),
                "used": self.models.uses(&self.config, model),
                "chosen": models::chosen(settings, model.kind) == Some(&model.name),
            });
            tell(
                &mut document,
                library.here(model, record),
                work.get(&model.name),
                model,
            );
            document
        });
        Ok(json!({
            "machine": { "processors": machine.processors, "memory": machine.memory },
            "from": self.config.models.from,
            "uses": uses,
            "checks": doctor::models(self),
            "models": shown.collect::<Vec<_>>(),
        }))
    }
}

/// How a model is, and what is being done with it.
fn tell(document: &mut Value, here: Here, work: Option<&Work>, model: &Model) {
    let (mut state, came) = match here {
        Here::Nothing => ("absent", 0),
        Here::Part(bytes) => ("paused", bytes),
        Here::Whole => ("here", 0),
        Here::Damaged => ("damaged", 0),
    };
    match work {
        Some(Work::Waits(_)) => state = "waiting",
        Some(Work::Checked) => state = "checking",
        Some(Work::Sound) if here == Here::Whole => document["sound"] = true.into(),
        // Whoever was at it has brought it.
        Some(Work::Failed(problem)) if here == Here::Whole && problem.code == "model_busy" => {}
        Some(Work::Failed(problem)) => document["trouble"] = json!(problem),
        Some(Work::Comes(_, coming)) => {
            let is_whole = coming.all.is_some_and(|all| all == coming.here);
            // What is whole is compared with its checksum.
            state = if is_whole { "checking" } else { "fetching" };
            let speed = coming.speed(Instant::now());
            let left = coming.all.map(|all| all.saturating_sub(coming.here) as f64);
            document["progress"] = json!({
                "file": coming.file,
                "number": coming.number,
                "files": model.files.len(),
                "here": coming.here,
                "all": coming.all,
                "bytes_per_s": speed.map(|speed| speed as u64),
                "left_s": left.zip(speed).map(|(left, speed)| (left / speed).ceil() as u64),
            });
        }
        Some(Work::Sound) | None => {}
    }
    document["came"] = if state == "paused" { came } else { 0 }.into();
    document["state"] = state.into();
}

/// Shows the models to a client until it is gone or the guard is dropped.
pub fn show(hub: &Arc<Shared>, id: u32, answers: Answers) -> DropGuard {
    let work = hub.stock.work.subscribe();
    let changes = Changes::default().of(work).settling(TELL).or_every(LOOK);
    let look = |hub: &Shared| hub.all_models().map(Some);
    watched::show(hub, (id, answers), "models", look, changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hub::{models::Coming, service::problem},
        library::{Progress, catalogue},
    };
    use tokio_util::sync::CancellationToken;

    #[test]
    fn a_model_is_as_it_lies_there_and_as_what_is_done_with_it() {
        let model = &catalogue().unwrap()[0];
        let say = |here, work: Option<Work>| {
            let mut document = json!({});
            tell(&mut document, here, work.as_ref(), model);
            document
        };
        let of = |here, work| say(here, work)["state"].as_str().unwrap().to_owned();
        assert_eq!(of(Here::Part(7), None), "paused");
        assert_eq!(of(Here::Damaged, None), "damaged");
        assert_eq!(of(Here::Whole, Some(Work::Checked)), "checking");
        assert_eq!(say(Here::Whole, Some(Work::Sound))["sound"], true);
        let mut coming = Coming::default();
        let now = Instant::now();
        for (here, at) in [(15, now - Duration::from_secs(1)), (25, now)] {
            let all = Some(100);
            coming.note("file", 1, Progress { here, all }, at);
        }
        let coming = Work::Comes(CancellationToken::new(), coming);
        let document = say(Here::Part(25), Some(coming));
        assert_eq!(
            (&document["state"], &document["progress"]["left_s"]),
            (&json!("fetching"), &json!(8))
        );
        let failed = Work::Failed(problem("model", "it stopped", ""));
        let document = say(Here::Part(25), Some(failed));
        assert_eq!(
            (&document["state"], &document["trouble"]["message"]),
            (&json!("paused"), &json!("it stopped"))
        );
    }
}
