//! What a dashboard may do with skills: what the command line does, through the same shelf.

use super::{Shared, service::problem};
use crate::skills::{
    Call, Known, LARGEST_PACKED, Looked, OWN_NAME, Package, Registry, Shelf, Unanswered,
    permissions,
};
use loqa_core::manifest::{Manifest, SettingKind};
use loqa_protocol::{Problem, SkillChange, view};
use serde_json::{Value, json};
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long a skill that was looked at waits for somebody to agree.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// How many wait; one more, and the one that has waited longest is forgotten.
const OFFERS: usize = 4;

/// A skill as one file, as it comes in parts.
#[derive(Default)]
pub struct Parts(Option<(u32, Vec<u8>)>);

impl Parts {
    /// Takes a part of what a request sends; all of it after the last. Of what is larger than a skill
    /// may be, no more is kept than tells that.
    pub fn take(&mut self, id: u32, part: &[u8], last: bool) -> Option<Vec<u8>> {
        let mut parts = self.0.take().filter(|(of, _)| *of == id);
        let (_, bytes) = parts.get_or_insert((id, Vec::new()));
        let room = (LARGEST_PACKED + 1).saturating_sub(bytes.len());
        bytes.extend_from_slice(&part[..part.len().min(room)]);
        if !last {
            self.0 = parts;
            return None;
        }
        parts.map(|(_, bytes)| bytes)
    }
}

/// Skills that somebody has looked at, and may agree to.
#[derive(Default)]
pub struct Offers(Mutex<Vec<Waiting>>);

struct Waiting {
    name: String,
    since: Instant,
    package: Package,
    looked: Looked,
}

impl Offers {
    /// Keeps one for a while; what it is called.
    fn keep(&self, package: Package, looked: Looked) -> String {
        let name = format!("{:032x}", rand::random::<u128>());
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() == OFFERS {
            waiting.remove(0);
        }
        waiting.push(Waiting {
            name: name.clone(),
            since: Instant::now(),
            package,
            looked,
        });
        name
    }

    fn take(&self, name: &str) -> Option<Waiting> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|offer| offer.since.elapsed() < PATIENCE);
        let place = waiting.iter().position(|offer| offer.name == name)?;
        Some(waiting.remove(place))
    }
}

/// Each blocks: it reads and writes files, and may try a skill's code.
impl Shared {
    fn shelf(&self) -> Result<Shelf, Problem> {
        if self.is_reading() {
            let message = "this engine only reads: it changes no skills";
            return Err(problem(
                "fixed_skills",
                message,
                "ask a hub, or `loqa skill`",
            ));
        }
        if !self.config.hub.only_skills.as_os_str().is_empty() {
            let message = "this hub does without skills that are installed";
            let help = "start it without --only-skills, and without `only_skills` in its settings";
            return Err(problem("fixed_skills", message, help));
        }
        Ok(Shelf::of(&self.config))
    }

    /// What a skill is and wants, and what this offer of it is called.
    ///
    /// # Errors
    /// Why it cannot be part of this household.
    pub(super) fn look_at_skill(&self, packed: &[u8]) -> Result<Value, Problem> {
        let shelf = self.shelf()?;
        let package = Package::unpack("this file".into(), packed)?;
        let looked = shelf.look(&package, &self.understanding.home())?.looked;
        let mut document = json!(looked);
        document["offer"] = self.offers.keep(package, looked).into();
        Ok(document)
    }

    /// Installs a skill that somebody was shown and has agreed to, or forgets it.
    ///
    /// # Errors
    /// It waits no more; it is not what was shown any more; as [`Shared::look_at_skill`].
    pub(super) fn install_skill(&self, offer: &str, agreed: bool) -> Result<(), Problem> {
        let shelf = self.shelf()?;
        let Some(waiting) = self.offers.take(offer) else {
            return Err(problem(
                "no_offer",
                "the hub has forgotten what this skill is",
                "choose its file again",
            ));
        };
        if !agreed {
            shelf.decline(&waiting.looked);
            return Ok(());
        }
        let offer = shelf.look(&waiting.package, &self.understanding.home())?;
        if offer.looked != waiting.looked {
            return Err(problem(
                "skills_changed",
                "somebody has changed the skills meanwhile",
                "choose its file again",
            ));
        }
        offer.install().map(drop)
    }

    /// Changes whether a skill counts, and which version of it.
    ///
    /// # Errors
    /// There is none; it cannot be changed so.
    pub(super) fn change_skill(&self, skill: &str, change: SkillChange) -> Result<(), Problem> {
        let shelf = self.shelf()?;
        match change {
            SkillChange::Enabled(on) => shelf.switch(skill, on).map(drop),
            SkillChange::Pin(version) => shelf.pin(skill, &version).map(drop),
            SkillChange::Rollback => shelf.rollback(skill).map(drop),
            SkillChange::Remove => shelf.remove(skill).map(drop),
            SkillChange::Set(name, value) => shelf.set(skill, &name, value.as_deref()).map(drop),
        }
    }

    /// The newest rows of what was installed, granted and refused, oldest first.
    ///
    /// # Errors
    /// They cannot be read.
    pub(super) fn skill_audit(&self, most: u32) -> Result<Value, Problem> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Ok(json!(Shelf::of(&self.config).audit(most)?))
    }
}

/// What the latest calls of skills took, oldest first.
pub fn calls(hub: &Shared) -> Value {
    let calls = hub.shelves.trace().latest();
    calls.iter().map(Call::document).collect()
}

/// Every skill as a dashboard shows it.
pub fn skills(hub: &Shared) -> Vec<view::Skill> {
    let registry = hub.host.registry();
    let troubled = registry.troubled();
    let own = registry.manifest(OWN_NAME).map(|manifest| view::Skill {
        enabled: true,
        ..described(manifest)
    });
    let known = hub.shelves.known();
    let others = known.iter().map(|known| {
        let trouble = troubled.iter().find(|it| it.skill() == known.name);
        skill(&registry, known, trouble)
    });
    own.into_iter().chain(others).collect()
}

fn skill(registry: &Registry, known: &Known, trouble: Option<&Unanswered>) -> view::Skill {
    let enabled = !known.current.disabled;
    let (described, left_out) = match &known.manifest {
        Ok(manifest) => (described(manifest), None),
        Err(reason) => (view::Skill::default(), Some(reason)),
    };
    let (wrong, help) = match (left_out, trouble) {
        // One that does not count does no harm.
        _ if !enabled => Default::default(),
        (Some(reason), _) => (
            format!("it is left out: {reason}"),
            "go back to the version before, switch it off, or remove it",
        ),
        (None, Some(Unanswered::Resting { fault, .. })) => (
            format!("it is resting, because it failed too often: {fault}"),
            "it is tried again by itself after a while",
        ),
        (None, Some(Unanswered::Fault { fault, .. })) => (
            format!("it did not work: {fault}"),
            "ask whoever wrote it, or switch it off",
        ),
        (None, Some(Unanswered::NoHost { reason, .. })) => (
            format!("it cannot run: {reason}"),
            "build it; if it is one that came with Loqa, install Loqa again",
        ),
        (None, None) => Default::default(),
    };
    view::Skill {
        name: known.name.clone(),
        version: known.version(),
        from: known.from.name().into(),
        enabled,
        pinned: known.current.pinned,
        versions: known.versions.clone(),
        settings: settings(registry, &known.name),
        wrong,
        help: help.into(),
        ..described
    }
}

/// What can be set for a skill that counts.
fn settings(registry: &Registry, skill: &str) -> Vec<view::SkillSetting> {
    let Some(manifest) = registry.manifest(skill) else {
        return Vec::new();
    };
    let set = registry.own_of(manifest).settings;
    let settings = manifest.settings.iter().map(|setting| {
        let value = set.get(&setting.name);
        view::SkillSetting {
            name: setting.name.clone(),
            title: setting.title.clone(),
            value: match value.unwrap_or(&setting.default) {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            },
            can_be: setting.can_be(),
            choices: match &setting.kind {
                SettingKind::Choice(words) => words.clone(),
                _ => Vec::new(),
            },
            switch: setting.kind == SettingKind::Switch,
            set: value.is_some(),
        }
    });
    settings.collect()
}

fn described(manifest: &Manifest) -> view::Skill {
    let intents = manifest.intents.iter().map(|intent| view::SkillIntent {
        name: intent.name.clone(),
        sentences: intent.sentences.clone(),
        examples: intent.examples.iter().map(|e| e.say.clone()).collect(),
    });
    let may = permissions::sentences(&manifest.permissions);
    view::Skill {
        name: manifest.name.clone(),
        description: manifest.description.clone(),
        intents: intents.collect(),
        version: manifest.version.clone(),
        permissions: may.collect(),
        ..view::Skill::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_together_and_no_more_is_kept_than_a_skill_may_have() {
        let mut parts = Parts::default();
        assert_eq!(parts.take(1, b"ab", false), None);
        assert_eq!(parts.take(1, b"c", true), Some(b"abc".to_vec()));
        assert_eq!(parts.take(1, b"left over", false), None);
        assert_eq!(parts.take(2, b"another", true), Some(b"another".to_vec()));
        let part = vec![0; 1 << 20];
        for _ in 0..100 {
            assert_eq!(parts.take(3, &part, false), None);
        }
        let all = parts.take(3, &part, true).unwrap();
        assert_eq!(all.len(), LARGEST_PACKED + 1);
        assert!(Package::unpack("it".into(), &all).is_err());
    }
}
