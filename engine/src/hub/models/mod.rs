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
    changes,
    config::{Config, Flags},
    library::{FOLDER, Kind, Library, LibraryError, Model, Patience, Source, catalogue},
    models,
    tasks::TaskKind,
};
use coming::Coming;
use loqa_protocol::{ModelChange, Problem};
use notify::{RecursiveMode, Watcher};
use std::{collections::BTreeMap, fs, sync::Arc};
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
        Stock {
            library: library.map(Arc::new),
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
                Some(_) => "have another one used, or none, and remove it then",
                None => "take it out of the settings, start the hub again, and remove it then",
            };
            return Err(problem("model_used", message, help));
        }
        let settings = self.settings_now();
        let settings = settings.as_ref().unwrap_or(&self.config);
        if held && models::chosen(settings, model.kind) == Some(&name) {
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

    /// Has a model of a kind be used. Blocks: it writes a file.
    ///
    /// # Errors
    /// As [`models::use_model`].
    pub(super) fn choose_model(&self, kind: &str, name: &str) -> Result<(), Problem> {
        let kind = serde_json::from_value::<Kind>(kind.into()).map_err(|_| {
            let message = format!("there are no models of the kind `{kind}`");
            problem("choice", message, "`loqa model list` tells which there are")
        })?;
        models::use_model(&self.config, kind, name)?;
        self.take_up_models();
        Ok(())
    }

    /// Has the models be used that the settings name now, or that are here now. Blocks: it reads files.
    fn take_up_models(&self) {
        let Some(now) = self.settings_now() else {
            return;
        };
        let mut config = self.config.clone();
        config.hearing.model = now.hearing.model;
        config.thinking.model = now.thinking.model;
        if self.models.take_up(&config) {
            self.start_whisper();
            self.stock.work.send_modify(|_| {});
        }
    }

    /// Takes models up as they come and go, whoever has them do that: `loqa model` is another program.
    pub(in crate::hub) fn follow_models(self: &Arc<Self>) {
        let hub = Arc::downgrade(self);
        let folder = self.config.hub.data.join(FOLDER);
        let stop = self.tasks.cancelled();
        self.tasks
            .spawn(TaskKind::BACKGROUND, "models", async move {
                let (told, mut changed) = watch::channel(());
                let mut watcher = changes::watcher(move |_| told.send_replace(()))?;
                // What is not there cannot be watched.
                fs::create_dir_all(&folder).map_err(notify::Error::io)?;
                watcher.watch(&folder, RecursiveMode::NonRecursive)?;
                loop {
                    tokio::select! {
                        () = stop.cancelled() => break,
                        changed = changed.changed() => if changed.is_err() { break },
                    }
                    tokio::time::sleep(changes::SETTLE).await;
                    changed.mark_unchanged();
                    let Some(hub) = hub.upgrade() else { break };
                    hub.linked.models_changed();
                    let _ = tokio::task::spawn_blocking(move || hub.take_up_models()).await;
                }
                Ok::<(), notify::Error>(())
            });
    }

    /// The settings as a hub that starts now would have them; `None` if it could not read them.
    fn settings_now(&self) -> Option<Config> {
        let (file, _) = self.config.file();
        if !file.is_file() {
            return Some(self.config.clone());
        }
        let flags = Flags {
            config: Some(file.to_owned()),
            data: Some(self.config.hub.data.clone()),
            ..Flags::default()
        };
        Config::load(&flags).ok()
    }
}
