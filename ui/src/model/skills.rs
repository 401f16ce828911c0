//! Skills: what one that somebody offers is, and what became of changes.

use super::{Edited, Model};
use loqa_protocol::{ClientFrame, Problem, ServerFrame, SkillChange, view::Skill};
use serde::Deserialize;

/// The largest file that is a skill, bytes.
pub const LARGEST: usize = 16 << 20;
/// Rows of the audit that are shown.
const ROWS: u32 = 100;

/// What is known of skills beyond those of the house.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Skills {
    /// What somebody wants to install.
    pub offer: Offer,
    /// Which skill was changed last.
    pub changed: String,
    /// What became of that.
    pub outcome: Edited,
    /// What was installed, granted and refused, newest first.
    pub audit: Vec<Row>,
    asked: u32,
}

/// A skill on its way into the house.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Offer {
    /// There is none.
    #[default]
    Nothing,
    /// The hub looks at it, as this request.
    Looking(u32),
    /// What it is.
    Looked(Looked),
    /// It is being installed, as this request.
    Installing(u32, Looked),
    /// It is here.
    Installed(Looked),
    /// It cannot be.
    Refused(Problem),
}

/// What a skill is that somebody offers.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Looked {
    /// What the hub calls the offer.
    pub offer: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The version that counts now.
    pub before: Option<String>,
    /// That one stays.
    pub pinned: bool,
    /// None counts.
    pub disabled: bool,
    /// What it is for.
    pub description: String,
    /// What people say to it.
    pub examples: Vec<String>,
    /// What it wants to be allowed.
    pub permissions: Vec<Wanted>,
    /// What it may do in any case.
    pub always: Vec<String>,
}

/// A permission.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Wanted {
    /// What it means.
    pub sentence: String,
    /// The version that counts now does without.
    pub new: bool,
}

/// A row of the audit.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Row {
    /// Unix time, ms.
    pub at_ms: i64,
    /// What was done.
    pub what: String,
    /// To which skill.
    pub skill: String,
    /// Which version of it.
    pub version: String,
    /// About which permission.
    pub permission: Option<String>,
    /// `allowed` or `refused`.
    pub decision: String,
}

impl Skills {
    /// Takes the hub's answer, if the frame is one to this; whether something has become of a change.
    pub(super) fn hear(&mut self, frame: &ServerFrame) -> Option<bool> {
        match (&self.offer, frame) {
            (Offer::Looking(asked), ServerFrame::Json { id, json }) if asked == id => {
                self.offer = match serde_json::from_str(json) {
                    Ok(looked) => Offer::Looked(looked),
                    Err(_) => Offer::Nothing,
                };
                return Some(false);
            }
            (
                Offer::Looking(asked) | Offer::Installing(asked, _),
                ServerFrame::Problem { id, problem },
            ) if asked == id => {
                self.offer = Offer::Refused(problem.clone());
                return Some(true);
            }
            (Offer::Installing(asked, looked), ServerFrame::Done { id }) if asked == id => {
                self.offer = Offer::Installed(looked.clone());
                return Some(true);
            }
            _ => {}
        }
        match frame {
            ServerFrame::Json { id, json } if *id == self.asked => {
                self.audit = serde_json::from_str(json).unwrap_or_default();
                self.audit.reverse();
                Some(false)
            }
            frame => self.outcome.hear(frame).then_some(true),
        }
    }

    /// The connection is gone: nothing more comes of what was asked.
    pub(super) fn close(&mut self) {
        self.outcome = Edited::Nothing;
        self.offer = Offer::Nothing;
    }
}

impl Model {
    /// Has the hub look at a skill: what to send, in its order.
    pub fn look_at_skill(&mut self, file: &[u8]) -> Vec<ClientFrame> {
        let id = self.next_id();
        self.skills.offer = Offer::Looking(id);
        ClientFrame::look_at_skill(id, file)
    }

    /// Has the skill that was looked at be installed, or forgotten; nothing, if there is none.
    pub fn answer_offer(&mut self, agreed: bool) -> Option<ClientFrame> {
        let looked = match std::mem::take(&mut self.skills.offer) {
            Offer::Looked(looked) => looked,
            // Too late to change one's mind.
            installing @ Offer::Installing(..) => {
                self.skills.offer = installing;
                return None;
            }
            _ => return None,
        };
        let id = self.next_id();
        let offer = looked.offer.clone();
        if agreed {
            self.skills.offer = Offer::Installing(id, looked);
        }
        Some(ClientFrame::InstallSkill { id, offer, agreed })
    }

    /// Changes a skill.
    pub fn change_skill(&mut self, skill: &str, change: SkillChange) -> ClientFrame {
        let id = self.next_id();
        // What was told of one that came is no news any more.
        self.skills.offer = Offer::Nothing;
        self.skills.changed = skill.into();
        self.skills.outcome = Edited::Waiting(id);
        ClientFrame::ChangeSkill {
            id,
            skill: skill.into(),
            change,
        }
    }

    /// Asks what was installed, granted and refused.
    pub fn ask_audit(&mut self) -> ClientFrame {
        self.skills.asked = self.next_id();
        ClientFrame::SkillAudit {
            id: self.skills.asked,
            most: ROWS,
        }
    }
}

/// The version before the one that counts, if there is one.
pub fn before(skill: &Skill) -> Option<&str> {
    let now = skill.versions.iter().position(|it| *it == skill.version);
    let earlier = &skill.versions[..now.unwrap_or(skill.versions.len())];
    earlier.last().map(String::as_str)
}
