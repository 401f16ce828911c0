//! The installed skills: those built in, and folders with a `skill.yaml`.

use super::{
    code::{Code, Unanswered},
    component::Component,
    effects::permission,
    installed::{Current, Installed},
    process::Process,
    settings::Settings,
    trace::Trace,
    view::Own,
};
use crate::store::{Audit, Deed};
use loqa_core::{
    grammar::{Context, Grammar},
    home::Home,
    manifest::{FileError, Intent, Manifest},
};
use loqa_jobs::beside;
use loqa_protocol::EffectKind;
use loqa_skill_sdk::{EffectError, Effects, Plan, Prepared, Reads, Request};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What a folder must hold to be a skill.
const FILE: &str = "skill.yaml";

/// What Loqa must understand whatever is installed: "undo that", "why", "stop", "never mind".
const OWN: &str = include_str!("loqa.yaml");

/// The skills that come with Loqa; their code lies beside the program.
const BUILT_IN: [&str; 5] = [
    include_str!("../../../skills/clock/skill.yaml"),
    include_str!("../../../skills/timers/skill.yaml"),
    include_str!("../../../skills/home/skill.yaml"),
    include_str!("../../../skills/alarms/skill.yaml"),
    include_str!("../../../skills/calculator/skill.yaml"),
];

/// What runs code.
pub struct Machine {
    /// The process it runs in.
    pub process: Arc<Process>,
    /// Where the code of the built-in skills lies, in a folder each.
    pub built_in: PathBuf,
    /// Where machine code is kept.
    pub cache: PathBuf,
    /// Where refusals are written down.
    pub audit: Audit,
    /// What calls took.
    pub trace: Trace,
    /// Where installed skills are, if they count.
    pub installed: Option<Installed>,
}

/// Skills by name. A skill without code is its manifest alone: its sentences are understood, its
/// reply templates answer.
#[derive(Default)]
pub struct Registry {
    manifests: Vec<Manifest>,
    code: BTreeMap<String, Arc<dyn Code>>,
    folders: BTreeMap<String, PathBuf>,
    missing: Vec<Unanswered>,
    components: Vec<Arc<Component>>,
    process: Option<Arc<Process>>,
    audit: Option<Audit>,
    /// Names of those that were installed.
    installed: Vec<String>,
    left_out: Vec<LeftOut>,
    /// What the household has set, by skill.
    settings: BTreeMap<String, Settings>,
}

/// An installed skill that does not count, as it would keep the others from being understood.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the installed skill {skill} is left out: {reason}")]
pub struct LeftOut {
    /// Which.
    pub skill: String,
    /// Why.
    pub reason: String,
}

/// A skill whose code is not there.
struct Missing {
    skill: String,
    reason: String,
}

/// Whether a skill without components is one that should have some: it is built in, or its folder
/// holds the source of some.
fn lacks_code(manifest: &Manifest, folder: Option<&PathBuf>) -> bool {
    match folder {
        Some(folder) => folder.join("Cargo.toml").is_file(),
        None => manifest.name != super::own::NAME,
    }
}

/// Why skills could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// A folder or file cannot be read.
    #[error("cannot read {}: {source}\n  help: name a folder that holds a {FILE}, or folders that do", .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder without skills.
    #[error("there is no skill in {}\n  help: a skill is a folder with a {FILE}", .0.display())]
    Empty(PathBuf),
    /// Mistakes in a manifest, all of them.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Manifest(Vec<FileError>),
    /// Two skills of one name.
    #[error(
        "two skills are called `{name}`: {first} and {second}\n  help: give one of them another `name:`, or use --only-skills to do without those that come with Loqa"
    )]
    SameName {
        /// The name.
        name: String,
        /// Where the first is.
        first: String,
        /// Where the second is.
        second: String,
    },
}

impl LeftOut {
    /// For the first of the reasons, without what its maker could do about it.
    fn new(skill: String, reason: &str) -> LeftOut {
        LeftOut {
            skill,
            reason: reason.lines().next().unwrap_or_default().to_owned(),
        }
    }
}

impl From<RegistryError> for loqa_protocol::Problem {
    fn from(error: RegistryError) -> Self {
        crate::gateway::problem("skills", &error)
    }
}

impl Registry {
    /// What the skills that come with Loqa understand and say, without their code.
    ///
    /// # Errors
    /// None in a Loqa that passed its tests.
    pub fn built_in() -> Result<Registry, RegistryError> {
        let mut registry = Registry::own()?;
        for text in BUILT_IN {
            registry.manifests.push(built_in(text)?);
        }
        Ok(registry)
    }

    fn own() -> Result<Registry, RegistryError> {
        Ok(Registry {
            manifests: vec![built_in(OWN)?],
            ..Registry::default()
        })
    }

    /// The built-in skills, those in `folders` and those that are installed; or, if `only` is given,
    /// those in it in their place: only Loqa's own ("undo that", "stop" and the like) stays. A folder
    /// is a skill, or holds skills.
    ///
    /// # Errors
    /// [`RegistryError`]; nothing is loaded then.
    pub fn load(
        folders: &[PathBuf],
        only: Option<&Path>,
        machine: &Machine,
    ) -> Result<Registry, RegistryError> {
        let mut registry = match only {
            Some(only) => {
                let mut registry = Registry::own()?;
                registry.add_folder(only)?;
                registry
            }
            None => {
                let mut registry = Registry::built_in()?;
                folders
                    .iter()
                    .try_for_each(|folder| registry.add_folder(folder))?;
                if let Some(installed) = &machine.installed {
                    registry.add_installed(installed);
                }
                registry
            }
        };
        registry.run_on(machine);
        if let Some(installed) = &machine.installed {
            registry.set_as(installed);
        }
        Ok(registry)
    }

    /// Reads what the household has set. A file that is wrong sets nothing.
    fn set_as(&mut self, installed: &Installed) {
        for manifest in self.manifests.iter().filter(|it| !it.settings.is_empty()) {
            match Settings::read(installed, manifest) {
                Ok(settings) => drop(self.settings.insert(manifest.name.clone(), settings)),
                Err(reason) => tracing::warn!(reason, "what was set for a skill does not count"),
            }
        }
    }

    /// What is the own of the skill with this manifest.
    pub fn own_of<'a>(&'a self, manifest: &'a Manifest) -> Own<'a> {
        let settings = self.settings.get(&manifest.name);
        Own {
            manifest,
            settings: settings.unwrap_or(Settings::NONE),
        }
    }

    /// Has the skills' code run, where they have any.
    fn run_on(&mut self, machine: &Machine) {
        for manifest in &self.manifests {
            let own = self.folders.get(&manifest.name);
            let folder = own.map_or_else(|| machine.built_in.join(&manifest.name), Clone::clone);
            let code: Arc<dyn Code> = match Component::in_folder(manifest, &folder, machine) {
                Some(component) => {
                    self.components.push(component.clone());
                    // What is wrong with it, it knows: no call of it will be answered.
                    let _ = machine.process.add(&component);
                    component
                }
                None if lacks_code(manifest, own) => {
                    let missing = Missing {
                        skill: manifest.name.clone(),
                        reason: match own {
                            Some(folder) => format!(
                                "it has not been built: type `loqa skill build {}`",
                                folder.display()
                            ),
                            None => format!("its code is not in {}", folder.display()),
                        },
                    };
                    self.missing.push(missing.unanswered());
                    Arc::new(missing)
                }
                None => continue,
            };
            self.code.insert(manifest.name.clone(), code);
        }
        self.process = Some(machine.process.clone());
        self.audit = Some(machine.audit.clone());
    }

    /// Writes down that a skill acted, soon; with the kinds of what it did, if anything.
    pub fn invoked(&self, skill: &str, kinds: &[EffectKind]) {
        let (Some(audit), Some(manifest)) = (&self.audit, self.manifest(skill)) else {
            return;
        };
        let mut permissions: Vec<&str> = kinds.iter().map(|kind| permission(*kind)).collect();
        permissions.sort_unstable();
        permissions.dedup();
        audit.invoked(skill, &manifest.version, &permissions.join(","));
    }

    /// Waits until all that was to be written down soon is.
    pub fn flush_audit(&self) {
        if let Some(audit) = &self.audit {
            audit.flush();
        }
    }

    /// Writes down that a skill wanted to do what its manifest does not ask for. Blocks for an fsync.
    pub fn refused(&self, skill: &str, permission: &str) {
        if let (Some(audit), Some(manifest)) = (&self.audit, self.manifest(skill)) {
            audit.refused(Deed::Effect, skill, &manifest.version, Some(permission));
        }
    }

    /// Has `code` do what a skill's manifest promises.
    #[cfg(test)]
    pub fn with_code(mut self, skill: &str, code: impl Code + 'static) -> Registry {
        self.code.insert(skill.into(), Arc::new(code));
        self
    }

    /// The skills whose code is components.
    pub fn components(&self) -> &[Arc<Component>] {
        &self.components
    }

    /// The skills whose code is not there.
    pub fn missing(&self) -> impl Iterator<Item = &Unanswered> {
        self.missing.iter()
    }

    /// Skills that do not work now, each with why.
    pub fn troubled(&self) -> Vec<Unanswered> {
        let components = self.components.iter();
        let troubled = components.filter_map(|component| component.trouble());
        self.missing.iter().cloned().chain(troubled).collect()
    }

    /// What runs them, if there is any.
    pub fn process(&self) -> Option<&Arc<Process>> {
        self.process
            .as_ref()
            .filter(|_| !self.components.is_empty())
    }

    /// Whether it is the same skills, with the same code.
    pub fn is_same(&self, other: &Registry) -> bool {
        let components = || self.components.iter().zip(&other.components);
        self.manifests == other.manifests
            && self.folders == other.folders
            && self.left_out == other.left_out
            && self.missing == other.missing
            && self.settings == other.settings
            && self.components.len() == other.components.len()
            && components().all(|(own, others)| Arc::ptr_eq(own, others))
    }

    /// Folders in which a file that changes may change a skill.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        self.folders.values().map(PathBuf::as_path)
    }

    /// What the skills understand, say and are tested with, in the order they were loaded.
    pub fn manifests(&self) -> &[Manifest] {
        &self.manifests
    }

    /// The manifest of a skill.
    pub fn manifest(&self, skill: &str) -> Option<&Manifest> {
        self.manifests
            .iter()
            .find(|manifest| manifest.name == skill)
    }

    /// Whether a skill came with Loqa.
    pub fn is_built_in(&self, skill: &str) -> bool {
        self.manifest(skill).is_some() && !self.folders.contains_key(skill)
    }

    /// The code of a skill that is more than its manifest.
    pub fn code(&self, skill: &str) -> Option<&dyn Code> {
        self.code.get(skill).map(AsRef::as_ref)
    }

    /// Sentences to try, one of each skill's intents in turn, as far as `grammar` understands them
    /// in this house.
    pub fn suggestions(&self, grammar: &Grammar) -> Vec<String> {
        let understood = |say: &&String| grammar.parse(&Context::Commands, say).is_some();
        let of_skill = |manifest: &Manifest| -> Vec<String> {
            let said = |intent: &Intent| {
                intent
                    .examples
                    .iter()
                    .map(|example| &example.say)
                    .find(understood)
                    .cloned()
            };
            manifest.intents.iter().filter_map(said).collect()
        };
        let others = self
            .manifests
            .iter()
            .filter(|manifest| manifest.name != super::own::NAME);
        let by_skill: Vec<Vec<String>> = others.map(of_skill).collect();
        let longest = by_skill.iter().map(Vec::len).max().unwrap_or_default();
        (0..longest)
            .flat_map(|row| {
                by_skill
                    .iter()
                    .filter_map(move |sentences| sentences.get(row))
                    .cloned()
            })
            .collect()
    }

    fn add_folder(&mut self, folder: &Path) -> Result<(), RegistryError> {
        let unreadable = |source| unreadable(folder, source);
        let mut skills = Vec::new();
        if folder.join(FILE).is_file() {
            skills.push(folder.to_owned());
        }
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.join(FILE).is_file() {
                skills.push(path);
            }
        }
        if skills.is_empty() {
            return Err(RegistryError::Empty(folder.to_owned()));
        }
        skills.sort();
        for skill in skills {
            let manifest = read(&skill)?;
            self.add(manifest, skill)?;
        }
        Ok(())
    }

    /// Adds what is installed and counts. What cannot be added is left out.
    fn add_installed(&mut self, installed: &Installed) {
        for (skill, current) in installed.all() {
            let added = current.and_then(|current| {
                if current.disabled {
                    self.take_out(&skill);
                } else if !current.version.is_empty() {
                    let manifest = installed_manifest(installed, &skill, &current)?;
                    let folder = installed.folder(&skill, &current.version);
                    let added = self.add(manifest, folder);
                    added.map_err(|error| error.to_string())?;
                    self.installed.push(skill.clone());
                }
                Ok(())
            });
            if let Err(reason) = added {
                self.left_out.push(LeftOut::new(skill, &reason));
            }
        }
    }

    /// Leaves out the installed skills whose sentences cannot be understood in `home`; whether there
    /// were any.
    pub fn leave_out_unfit(&mut self, home: &Home) -> bool {
        let before = self.left_out.len();
        while let Err(errors) = Grammar::compile(&self.manifests, home) {
            let at_fault = |error: &FileError| {
                let skill = self.installed.iter().find(|skill| {
                    let folder = self.folders.get(*skill);
                    folder.is_some_and(|folder| Path::new(&error.file).starts_with(folder))
                })?;
                Some(LeftOut::new(skill.clone(), &error.to_string()))
            };
            let Some(unfit) = errors.iter().find_map(at_fault) else {
                break;
            };
            self.take_out(&unfit.skill);
            self.left_out.push(unfit);
        }
        self.left_out.len() > before
    }

    /// Has a skill count no more; Loqa's own stays.
    pub fn take_out(&mut self, skill: &str) {
        if skill == super::own::NAME {
            return;
        }
        self.manifests.retain(|manifest| manifest.name != skill);
        self.components
            .retain(|component| component.skill() != skill);
        self.folders.remove(skill);
        self.code.remove(skill);
        self.installed.retain(|installed| installed != skill);
    }

    /// Installed skills that do not count, each with why.
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Whether a skill was installed.
    pub fn is_installed(&self, skill: &str) -> bool {
        self.installed.iter().any(|installed| installed == skill)
    }

    fn add(&mut self, manifest: Manifest, folder: PathBuf) -> Result<(), RegistryError> {
        if self.manifest(&manifest.name).is_some() {
            let first = self.folders.get(&manifest.name);
            return Err(RegistryError::SameName {
                first: first.map_or_else(
                    || "the built-in one".into(),
                    |folder| folder.display().to_string(),
                ),
                second: folder.display().to_string(),
                name: manifest.name,
            });
        }
        self.folders.insert(manifest.name.clone(), folder);
        self.manifests.push(manifest);
        Ok(())
    }
}

/// The manifest of the skill in a folder.
///
/// # Errors
/// There is none, or it has mistakes.
pub fn read(folder: &Path) -> Result<Manifest, RegistryError> {
    let path = folder.join(FILE);
    let text = fs::read_to_string(&path).map_err(|source| unreadable(&path, source))?;
    Manifest::parse(&path.display().to_string(), &text).map_err(RegistryError::Manifest)
}

fn unreadable(path: &Path, source: io::Error) -> RegistryError {
    RegistryError::Unreadable {
        path: path.to_owned(),
        source,
    }
}

/// The manifest of the version of an installed skill that counts.
///
/// # Errors
/// Why there is none.
pub fn installed_manifest(
    installed: &Installed,
    skill: &str,
    current: &Current,
) -> Result<Manifest, String> {
    let folder = installed.folder(skill, &current.version);
    let manifest = read(&folder).map_err(|error| error.to_string())?;
    if (manifest.name.as_str(), &manifest.version) != (skill, &current.version) {
        return Err(format!(
            "{} is of {} {}",
            folder.join(FILE).display(),
            manifest.name,
            manifest.version
        ));
    }
    Ok(manifest)
}

fn built_in(text: &str) -> Result<Manifest, RegistryError> {
    Manifest::parse("built-in skill.yaml", text).map_err(RegistryError::Manifest)
}

impl Machine {
    /// What lies beside this program; machine code is kept in the data folder.
    pub fn beside(data: &Path) -> Machine {
        Machine {
            built_in: beside("skills"),
            process: Process::beside(),
            cache: data.join("cache/skills"),
            audit: Audit::in_folder(data),
            trace: Trace::default(),
            installed: None,
        }
    }

    /// The same, with the skills that are installed in a data folder.
    pub fn with_installed(self, data: &Path) -> Machine {
        Machine {
            installed: Some(Installed::in_folder(data)),
            ..self
        }
    }
}

impl Missing {
    fn unanswered(&self) -> Unanswered {
        Unanswered::NoHost {
            skill: self.skill.clone(),
            reason: self.reason.clone(),
        }
    }
}

impl Code for Missing {
    fn prepare(&self, _: &Request, _: &dyn Reads) -> Result<Prepared, Unanswered> {
        Err(self.unanswered())
    }

    fn commit(
        &self,
        _: &Plan,
        _: &mut dyn Effects,
    ) -> Result<Result<String, EffectError>, Unanswered> {
        Err(self.unanswered())
    }
}
