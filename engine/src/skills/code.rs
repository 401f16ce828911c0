//! A skill's code, wherever it runs.

use loqa_skill_host::frames::Fault;
use loqa_skill_sdk::{EffectError, Effects, Plan, Prepared, Reads, Request};

/// What is called for a skill that is more than its manifest.
pub trait Code: Send + Sync {
    /// As [`loqa_skill_sdk::Skill::prepare`].
    ///
    /// # Errors
    /// It did not answer.
    fn prepare(&self, request: &Request, reads: &dyn Reads) -> Result<Prepared, Unanswered>;

    /// As [`loqa_skill_sdk::Skill::commit`].
    ///
    /// # Errors
    /// It did not answer, or has nothing to do that with.
    fn commit(
        &self,
        plan: &Plan,
        effects: &mut dyn Effects,
    ) -> Result<Result<String, EffectError>, Unanswered>;
}

/// A skill did not answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unanswered {
    /// Its call ended without an answer.
    #[error("The skill {skill} did not work: {fault}.")]
    Fault {
        /// Which.
        skill: String,
        /// Why.
        fault: Fault,
    },
    /// It is left alone, because its calls have ended so too often.
    #[error("The skill {skill} is resting, because it failed too often: {fault}.")]
    Resting {
        /// Which.
        skill: String,
        /// Why the last one did.
        fault: Fault,
    },
    /// Nothing runs skills.
    #[error("The skill {skill} cannot run: {reason}.")]
    NoHost {
        /// Which.
        skill: String,
        /// What is missing.
        reason: String,
    },
}

impl Unanswered {
    /// Which skill it was.
    pub fn skill(&self) -> &str {
        match self {
            Unanswered::Fault { skill, .. }
            | Unanswered::Resting { skill, .. }
            | Unanswered::NoHost { skill, .. } => skill,
        }
    }
}
