//! Models that come and go while the hub runs: fetched one at a time, looked at, removed, chosen.

mod coming;
mod lent;
mod shown;

pub(super) use lent::Lent;
pub(super) use shown::show;

use super::{
    Shared,
    service::{blocking, problem},
};
use crate::{
    config::{Config, Flags},
    library::{Here, Kind, Library, LibraryError, Model, Patience, Source, catalogue},
    models,
    tasks::TaskKind,
};
use coming::Coming;
use loqa_protocol::{ModelChange, Problem};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tokio::{
    sync::{Semaphore, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// Models that are fetched at a time; others wait.
const AT_ONCE: usize = 1;

/// The models of this household, and what is being done with them.
pub struct Stock {
    library: Result<Arc<Library>, Problem>,
    /// Those that were whole when the hub started.
    first: BTreeSet<String>,
    turn: Arc<Semaphore>,
    work: watch::Sender<BTreeMap<String, Work>>,
}

/// What is being done with a model, or came of it last.
#[derive(Clone, Debug)]
enum Work {
    /// Others are fetched first.
    Waits(CancellationToken),
    /// It comes.
    Comes(CancellationToken, Coming),
    /// It is being looked at.
    Checked,
    /// It was not what it should be, or is not here, and why.
    Failed(Problem),
    /// It was what it was when it came.
    Sound,
}

impl Work {
    fn is_over(&self) -> bool {
        matches!(self, Work::Failed(_) | Work::Sound)
    }
}

impl Stock {
    /// Of these settings.
    pub fn of(config: &Config) -> Stock {
        let library = catalogue()
            .map(|models| Library::of(&config.hub.data, models, Patience::default()))
            .map_err(|error| problem("model", error.to_string(), "install Loqa again"));
        let first = library.as_ref().map(whole).unwrap_or_default();
        Stock {
            library: library.map(Arc::new),
            first,
            turn: Arc::new(Semaphore::new(AT_ONCE)),
            work: watch::Sender::default(),
        }
    }

    /// Whether nothing is being done with a model.
    fn is_idle(&self, model: &str) -> bool {
        self.work.borrow().get(model).is_none_or(Work::is_over)
    }

    /// Begins something with a model, unless something is being done with it.
    fn begin(&self, model: &str, work: Work) -> bool {
        self.work.send_if_modified(|all| {
            let idle = all.get(model).is_none_or(Work::is_over);
            if idle {
                all.insert(model.to_owned(), work);
            }
            idle
        })
    }

    /// Tells what came of it; nothing, where how it is tells that.
    fn end(&self, model: &str, work: Option<Work>) {
        self.work.send_modify(|all| {
            match work {
                Some(work) => all.insert(model.to_owned(), work),
                None => all.remove(model),
            };
        });
    }
}

/// Names of the models that are whole.
fn whole(library: &Library) -> BTreeSet<String> {
    let held = library.held().unwrap_or_default();
    let models = library.models().iter();
    let whole = models.filter(|it| library.here(it, held.get(&it.name)) == Here::Whole);
    whole.map(|model| model.name.clone()).collect()
}

impl Shared {
    /// Does something with a model; over once it has begun, or, for what takes no time, is done.
    ///
    /// # Errors
    /// There is none of this name; it is in use, or something else is being done with it.
    pub(super) async fn change_model(
        self: &Arc<Self>,
        model: &str,
        change: ModelChange,
    ) -> Result<(), Problem> {
        if self.is_reading() {
            let message = "this engine only reads: it changes no models";
            return Err(problem("model_busy", message, "ask a hub, or `loqa model`"));
        }
        let library = self.stock.library.clone()?;
        let known = library.models().iter().find(|it| it.name == model);
        let known = known.ok_or_else(|| LibraryError::Unknown(model.to_owned()))?;
        match change {
            ModelChange::Pull => self.pull_model(library.clone(), known),
            ModelChange::Pause => {
                self.stop_pull(model).await;
                Ok(())
            }
            ModelChange::Verify => self.verify_model(library.clone(), model),
            ModelChange::Remove => self.remove_model(library.clone(), known).await,
        }
    }

    /// Whoever wants what is being fetched waits for the same.
    fn pull_model(self: &Arc<Self>, library: Arc<Library>, model: &Model) -> Result<(), Problem> {
        let stock = &self.stock;
        let source = Source::written(&self.config.models.from);
        let source = source.map_err(|error| {
            problem(
                "model",
                error.to_string(),
                "look at `from` under [models] of the settings",
            )
        })?;
        let stop = CancellationToken::new();
        if !stock.begin(&model.name, Work::Waits(stop.clone())) {
            return match stock.work.borrow().get(&model.name) {
                Some(Work::Checked) => Err(LibraryError::Busy(model.name.clone()).into()),
                _ => Ok(()),
            };
        }
        let (hub, name) = (self.clone(), model.name.clone());
        let files = model.files.iter().map(|file| file.name().to_owned());
        let files: Vec<String> = files.collect();
        self.tasks.spawn(TaskKind::BACKGROUND, "model", async move {
            let stock = &hub.stock;
            let pulling = async {
                // It is never closed.
                let _turn = stock.turn.acquire().await;
                stock.end(&name, Some(Work::Comes(stop.clone(), Coming::default())));
                let told = &mut |file: &str, progress| {
                    let number = files.iter().position(|it| it == file);
                    let number = number.map_or(1, |before| before + 1);
                    stock.work.send_modify(|all| {
                        if let Some(Work::Comes(_, coming)) = all.get_mut(&name) {
                            coming.note(file, number, progress, Instant::now());
                        }
                    });
                };
                let egress = source.egress(&hub.border);
                library.pull(&name, &source, &egress, told).await
            };
            let pulled = stop.run_until_cancelled(pulling).await;
            stock.end(
                &name,
                match pulled {
                    Some(Err(error)) => Some(Work::Failed(error.into())),
                    // It is here, or a part of it.
                    Some(Ok(_)) | None => None,
                },
            );
        });
        Ok(())
    }

    /// Has a model not be fetched any more, and waits until that is so.
    async fn stop_pull(&self, model: &str) {
        let stock = &self.stock;
        if let Some(Work::Waits(stop) | Work::Comes(stop, _)) = stock.work.borrow().get(model) {
            stop.cancel();
        }
        let fetched = |work: &Work| matches!(work, Work::Waits(_) | Work::Comes(..));
        let mut work = stock.work.subscribe();
        let over = work.wait_for(|all| !all.get(model).is_some_and(fetched));
        // The other end is in this hub.
        let _ = over.await;
    }

    fn verify_model(self: &Arc<Self>, library: Arc<Library>, model: &str) -> Result<(), Problem> {
        let stock = &self.stock;
        if !stock.begin(model, Work::Checked) {
            return Err(LibraryError::Busy(model.to_owned()).into());
        }
        let (hub, name) = (self.clone(), model.to_owned());
        self.tasks.spawn(TaskKind::BACKGROUND, "model", async move {
            let looked = tokio::task::spawn_blocking({
                let name = name.clone();
                move || library.verify(&name)
            });
            let work = match looked.await {
                Ok(Ok(wrong)) if wrong.is_empty() => Work::Sound,
                Ok(Ok(wrong)) => {
                    let message =
                        format!("{} is not what it was, and is not used", wrong.join(", "));
                    Work::Failed(problem("model", message, "get it again"))
                }
                Ok(Err(error)) => Work::Failed(error.into()),
                Err(error) => Work::Failed(problem("model", error.to_string(), "try again")),
            };
            hub.stock.end(&name, Some(work));
        });
        Ok(())
    }

    async fn remove_model(
        self: &Arc<Self>,
        library: Arc<Library>,
        model: &Model,
    ) -> Result<(), Problem> {
        let name = model.name.clone();
        let held = library.held()?.contains_key(&name);
        if held && self.models.uses(&self.config, model) {
            let message = format!("`{name}` is used");
            let help = match models::chosen(&self.config, model.kind) {
                Some(_) => {
                    "have another one used, or none, start the hub again, and remove it then"
                }
                None => "take it out of the settings, start the hub again, and remove it then",
            };
            return Err(problem("model_used", message, help));
        }
        if held && models::chosen(&self.settings_now(), model.kind) == Some(&name) {
            let message = format!("the settings say that `{name}` is used");
            return Err(problem(
                "model_used",
                message,
                "have another one used, or none, and remove it then",
            ));
        }
        self.stop_pull(&name).await;
        if !self.stock.is_idle(&name) {
            return Err(LibraryError::Busy(name).into());
        }
        let removed = blocking(self.clone(), {
            let name = name.clone();
            move |_| Ok(library.remove(&name).map(|_| None)?)
        });
        let removed = removed.await.map(drop);
        self.stock.end(&name, None);
        removed
    }

    /// Has a model of a kind be used from the hub's next start on. Blocks: it writes a file.
    ///
    /// # Errors
    /// As [`models::use_model`].
    pub(super) fn choose_model(&self, kind: &str, name: &str) -> Result<(), Problem> {
        let kind = serde_json::from_value::<Kind>(kind.into()).map_err(|_| {
            let message = format!("there are no models of the kind `{kind}`");
            problem("choice", message, "`loqa model list` tells which there are")
        })?;
        models::use_model(&self.config, kind, name)?;
        self.stock.work.send_modify(|_| {});
        Ok(())
    }

    /// The settings as a hub that starts now would have them.
    fn settings_now(&self) -> Config {
        let (file, _) = self.config.file();
        let flags = Flags {
            config: file.is_file().then(|| file.to_owned()),
            data: Some(self.config.hub.data.clone()),
            ..Flags::default()
        };
        let read = flags
            .config
            .as_ref()
            .and_then(|_| Config::load(&flags).ok());
        read.unwrap_or_else(|| self.config.clone())
    }
}
