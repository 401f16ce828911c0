//! The installed skills: those built in, and folders with a `skill.yaml`.

use loqa_core::{
    grammar::{Context, Grammar},
    manifest::{FileError, Intent, Manifest},
};
use loqa_skill_sdk::Skill;
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// What a folder must hold to be a skill.
const FILE: &str = "skill.yaml";

/// Manifest and code of a skill.
type BuiltIn = (&'static str, fn() -> Option<Box<dyn Skill>>);

/// What Loqa must understand whatever is installed: "undo that", "why", "stop", "never mind".
const OWN: BuiltIn = (include_str!("loqa.yaml"), || None);

const BUILT_IN: &[BuiltIn] = &[
    OWN,
    (loqa_skill_clock::MANIFEST, || {
        Some(Box::new(loqa_skill_clock::Clock))
    }),
    (loqa_skill_timers::MANIFEST, || {
        Some(Box::new(loqa_skill_timers::Timers))
    }),
    (loqa_skill_home::MANIFEST, || {
        Some(Box::new(loqa_skill_home::Home))
    }),
];

/// Skills by name. A skill without code is its manifest alone: its sentences are understood, its
/// reply templates answer.
#[derive(Default)]
pub struct Registry {
    manifests: Vec<Manifest>,
    code: BTreeMap<String, Box<dyn Skill>>,
    folders: BTreeMap<String, PathBuf>,
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
        "two skills are called `{name}`: {first} and {second}\n  help: give one of them another `name:`, or use --only-skills to do without clock, timers and home"
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

impl From<RegistryError> for loqa_protocol::Problem {
    fn from(error: RegistryError) -> Self {
        crate::gateway::problem("skills", &error)
    }
}

impl Registry {
    /// The skills that come with Loqa.
    ///
    /// # Errors
    /// None in a Loqa that passed its tests.
    pub fn built_in() -> Result<Registry, RegistryError> {
        Registry::of(BUILT_IN)
    }

    fn of(skills: &[BuiltIn]) -> Result<Registry, RegistryError> {
        let mut registry = Registry::default();
        for (text, code) in skills {
            let manifest =
                Manifest::parse("built-in skill.yaml", text).map_err(RegistryError::Manifest)?;
            registry
                .code
                .extend(code().map(|code| (manifest.name.clone(), code)));
            registry.manifests.push(manifest);
        }
        Ok(registry)
    }

    /// The built-in skills and those in `folders`; or, if `only` is given, those in it in their
    /// place, of which only Loqa's own ("undo that", "stop" and the like) stays. A folder is a
    /// skill, or holds skills.
    ///
    /// # Errors
    /// [`RegistryError`]; nothing is loaded then.
    pub fn load(folders: &[PathBuf], only: Option<&Path>) -> Result<Registry, RegistryError> {
        match only {
            Some(only) => {
                let mut registry = Registry::of(&[OWN])?;
                registry.add_folder(only)?;
                Ok(registry)
            }
            None => {
                let mut registry = Registry::built_in()?;
                folders
                    .iter()
                    .try_for_each(|folder| registry.add_folder(folder))?;
                Ok(registry)
            }
        }
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
    pub fn code(&self, skill: &str) -> Option<&dyn Skill> {
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
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| RegistryError::Unreadable { path, source }
        };
        let mut skills = Vec::new();
        if folder.join(FILE).is_file() {
            skills.push(folder.to_owned());
        }
        for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
            let path = entry.map_err(unreadable(folder))?.path();
            if path.join(FILE).is_file() {
                skills.push(path);
            }
        }
        if skills.is_empty() {
            return Err(RegistryError::Empty(folder.to_owned()));
        }
        skills.sort();
        for skill in skills {
            let path = skill.join(FILE);
            let text = fs::read_to_string(&path).map_err(unreadable(&path))?;
            let manifest = Manifest::parse(&path.display().to_string(), &text)
                .map_err(RegistryError::Manifest)?;
            self.add(manifest, skill)?;
        }
        Ok(())
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
