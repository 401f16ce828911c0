//! Skills that come, change and go while the hub runs.

use super::{Shared, home_file::file_problem};
use crate::{
    changes,
    config::Config,
    skills::{From, Installed, Known, Machine, OWN_NAME, Registry, Trace, known},
    store::Store,
    tasks::TaskKind,
};
use loqa_core::{grammar::Grammar, home::Home};
use loqa_protocol::Problem;
use notify::{RecursiveMode, Watcher};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};
use tokio::sync::watch;

/// Where skills come from, and what runs them.
pub struct Shelves {
    folders: Vec<PathBuf>,
    only: Option<PathBuf>,
    machine: Machine,
    trouble: RwLock<Option<Problem>>,
    known: RwLock<Arc<Vec<Known>>>,
}

impl Shelves {
    /// Those of the settings. State of the machine, such as its code, is kept where the household's is.
    pub fn of(config: &Config, store: &Store) -> Shelves {
        let only = &config.hub.only_skills;
        let machine = Machine {
            // It has the keys already.
            audit: store.audit().clone(),
            ..Machine::beside(store.folder().path())
        };
        Shelves {
            folders: config.hub.skills.clone(),
            only: (!only.as_os_str().is_empty()).then(|| only.clone()),
            machine: machine.with_installed(&config.hub.data),
            trouble: RwLock::default(),
            known: RwLock::default(),
        }
    }

    /// What is in them.
    ///
    /// # Errors
    /// What is wrong in a folder, all of it.
    pub fn read(&self) -> Result<Registry, Problem> {
        Ok(Registry::load(
            &self.folders,
            self.only.as_deref(),
            &self.machine,
        )?)
    }

    /// What can be said in `home` with these skills. Installed ones that do not fit are left out.
    ///
    /// # Errors
    /// What is wrong in the others, all of it.
    pub fn grammar(registry: &mut Registry, home: &Home) -> Result<Grammar, Problem> {
        let grammar = match Grammar::compile(registry.manifests(), home) {
            // The house may have changed since a skill was installed.
            Err(_) if registry.leave_out_unfit(home) => {
                Grammar::compile(registry.manifests(), home)
            }
            grammar => grammar,
        };
        grammar.map_err(|errors| file_problem("grammar", &errors))
    }

    /// What the latest calls of skills took.
    pub fn trace(&self) -> &Trace {
        &self.machine.trace
    }

    /// Every skill that is here, whether it counts or not, but for Loqa's own.
    pub fn known(&self) -> Arc<Vec<Known>> {
        let known = self.known.read();
        known.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks which skills are here, of which `registry` has those that count; whether that is something
    /// else than before.
    pub fn know(&self, registry: &Registry) -> bool {
        let nowhere = Installed::in_folder(Path::new(""));
        let installed = self.machine.installed.as_ref().unwrap_or(&nowhere);
        let mut now = known(registry, installed).unwrap_or_default();
        if self.only.is_some() {
            now.retain(|skill| skill.from == From::Folder && skill.name != OWN_NAME);
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let changed = **known != now;
        *known = Arc::new(now);
        changed
    }

    /// Why what the folders hold now does not count, and what they held before does.
    pub fn trouble(&self) -> Option<Problem> {
        let trouble = self.trouble.read();
        trouble.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_in_trouble(&self, trouble: Option<Problem>) {
        let mut known = self.trouble.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(problem) = trouble.as_ref().filter(|_| *known != trouble) {
            tracing::warn!(%problem, "skills have changed, and are left as they were");
        }
        *known = trouble;
    }

    /// Folders that hold something which may change.
    fn watched(&self, registry: &Registry) -> BTreeSet<PathBuf> {
        let given = self.folders.iter().chain(&self.only).cloned();
        let mut watched: BTreeSet<PathBuf> = given.collect();
        if let Some(installed) = &self.machine.installed {
            watched.insert(installed.path().to_owned());
            // One that does not count yet may in a moment.
            watched.extend(installed.folders());
            let counting = installed.all().into_iter();
            watched.extend(counting.filter_map(|(skill, current)| {
                Some(installed.folder(&skill, &current.ok()?.version))
            }));
        }
        watched.extend(registry.folders().map(Path::to_owned));
        watched
    }
}

impl Shared {
    /// Has a skill count as soon as its files do.
    pub(super) fn follow_skills(self: &Arc<Self>) {
        let hub = Arc::downgrade(self);
        let stop = self.tasks.cancelled();
        self.tasks
            .spawn(TaskKind::BACKGROUND, "shelves", async move {
                let (told, mut changed) = watch::channel(());
                let mut watcher = changes::watcher(move |_| told.send_replace(()))?;
                let mut watched = BTreeSet::new();
                // What is not there cannot be watched.
                if let Some(installed) = &hub.upgrade().and_then(|hub| hub.shelves.machine.installed.clone())
                    && let Err(error) = installed.make()
                {
                    tracing::warn!(%error, "skills that are installed count from the next start");
                }
                loop {
                    let Some(hub) = hub.upgrade() else { break };
                    let wanted = hub.shelves.watched(&hub.host.registry());
                    for folder in &wanted {
                        // One that was moved and made again is another: watching it twice does no harm.
                        if let Err(error) = watcher.watch(folder, RecursiveMode::NonRecursive) {
                            tracing::debug!(folder = %folder.display(), %error, "cannot be watched");
                        }
                    }
                    for folder in &watched - &wanted {
                        let _ = watcher.unwatch(&folder);
                    }
                    watched = wanted;
                    // What has changed before it was watched.
                    if hub.follow_once().await {
                        continue;
                    }
                    drop(hub);
                    tokio::select! {
                        () = stop.cancelled() => break,
                        changed = changed.changed() => if changed.is_err() { break },
                    }
                    tokio::time::sleep(changes::SETTLE).await;
                    changed.mark_unchanged();
                }
                Ok::<(), notify::Error>(())
            });
    }

    /// Has the skills be what is on the shelves now; whether that is something else than before.
    pub(super) async fn follow_once(&self) -> bool {
        // Held while a grammar is learnt, one at a time.
        let _learning = self.own_home.lock().await;
        let read = tokio::task::block_in_place(|| {
            let known = self.host.registry();
            let mut registry = self.shelves.read()?;
            let mut read = None;
            if !registry.is_same(&known) {
                let grammar = Shelves::grammar(&mut registry, &self.understanding.home())?;
                // What was left out before is left out again.
                read = Some((registry, grammar)).filter(|(now, _)| !now.is_same(&known));
            }
            let counting = read.as_ref().map_or(&*known, |(registry, _)| registry);
            Ok((self.shelves.know(counting), read))
        });
        let (trouble, changed, read) = match read {
            Ok((changed, read)) => (None, changed, read),
            Err(problem) => (Some(problem), false, None),
        };
        self.shelves.is_in_trouble(trouble);
        let Some((registry, grammar)) = read else {
            if changed {
                self.about.send_modify(|_| {});
            }
            return changed;
        };
        let names: Vec<&str> = registry
            .manifests()
            .iter()
            .map(|it| it.name.as_str())
            .collect();
        tracing::info!(skills = names.join(", "), "skills have changed");
        let suggestions = registry.suggestions(&grammar);
        self.host.replace(registry);
        let stt = self.models.stt.as_deref();
        if let Err(problem) = self.understanding.learn(grammar, stt).await {
            tracing::warn!(%problem, "the recogniser has not learnt the new sentences yet");
        }
        self.host.suggest(suggestions);
        self.start_skills();
        // Whoever shows the house is told.
        self.about.send_modify(|_| {});
        true
    }
}
