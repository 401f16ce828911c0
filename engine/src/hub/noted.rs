//! Changes of the household that are written down in the audit.

use super::{Shared, service::problem};
use crate::{
    people::Change,
    store::{CommitError, Household, Note},
};
use loqa_protocol::Problem;
use loqa_skill_sdk::EffectError;

impl Shared {
    /// Changes the household, and writes down that it was done, under the name of `what` was changed. It is durable
    /// when this returns; blocks for that.
    ///
    /// # Errors
    /// What cannot be so, in which case nothing has changed; or it cannot be kept: then with the code `what`.
    pub(super) fn commit_noted(
        &self,
        what: &str,
        change: impl FnOnce(&mut Household) -> Result<Change, Problem>,
    ) -> Result<Change, Problem> {
        let mut wrong = None;
        let outcome = self.household.commit(None, |household, _| {
            let changed = change(household).and_then(|change| {
                let note = Note {
                    deed: change.deed,
                    skill: what,
                    version: &change.id,
                    permission: change.to.as_deref(),
                    allowed: true,
                };
                self.store.audit().write(&[note])?;
                Ok(change)
            });
            changed
                .map(|change| (change, Vec::new()))
                .map_err(|problem| {
                    wrong = Some(problem);
                    EffectError(String::new())
                })
        });
        let unsaved = |error: &dyn std::fmt::Display| {
            let help = "see whether the disk is full; `loqa doctor` says more";
            problem(what, format!("this cannot be kept: {error}"), help)
        };
        match outcome {
            Ok(outcome) => match outcome.durable {
                Ok(()) => Ok(outcome.value),
                Err(reason) => Err(unsaved(&reason)),
            },
            Err(CommitError::Refused(_)) => {
                Err(wrong.unwrap_or_else(|| unsaved(&"it was refused")))
            }
            Err(error) => Err(unsaved(&error)),
        }
    }
}
