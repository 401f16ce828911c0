//! Which model, on which machine, does a piece of work: pure, with a reason a person can read.
//!
//! The engine picks every model through [`choose`]; nothing else may.

use loqa_protocol::{Capability, NodeId, PrivacyScope, QosTier};
use std::{fmt, time::Duration};

/// Somewhere the work could run.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What it can do.
    pub capability: Capability,
    /// The machine; `None` is this one.
    pub node: Option<NodeId>,
    /// The most private scope whose speech it may hear: `Ephemeral` hears everything, `Persistent`
    /// only what may be kept anyway. This machine hears all.
    pub may_hear: PrivacyScope,
    /// Expected time to its first output, from recent measurements (or the engine's prior).
    pub first_output: Duration,
    /// Why it cannot work now, with the remedy; `None` if it can.
    pub unavailable: Option<String>,
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// `stt`, `tts`, `vad`, …
    pub kind: String,
    /// The engine a person asked for, if any: tried first, and its absence is part of the reason.
    pub name: Option<String>,
    /// How soon an answer is due.
    pub tier: QosTier,
    /// How private the speech is.
    pub scope: PrivacyScope,
}

/// Where the work goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Index into the candidates.
    pub index: usize,
    /// For people: shown by `loqa doctor` and the dashboard.
    pub reason: String,
}

/// Nothing can do it: every candidate with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoPlacement {
    /// The kind that was wanted.
    pub kind: String,
    /// `capability: why not`, one per candidate of the kind.
    pub reasons: Vec<String>,
}

impl fmt::Display for NoPlacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.reasons.is_empty() {
            return write!(f, "nothing here can do {}", self.kind);
        }
        write!(f, "{}", self.reasons.join("; "))
    }
}

impl std::error::Error for NoPlacement {}

/// Chooses by capability, then consent, then the engine asked for, then expected time to first
/// output (within the tier's budget a local machine wins over a remote one).
///
/// # Errors
/// [`NoPlacement`] when no candidate is able and allowed.
pub fn choose(candidates: &[Candidate], wanted: &Wanted) -> Result<Choice, NoPlacement> {
    let mut reasons = Vec::new();
    let mut able: Vec<usize> = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        if candidate.capability.kind != wanted.kind {
            continue;
        }
        let consented = candidate.node.is_none() || candidate.may_hear <= wanted.scope;
        match &candidate.unavailable {
            Some(why) => reasons.push(format!("{}: {why}", candidate.capability)),
            None if !consented => {
                reasons.push(format!(
                    "{}: this speech may not leave this machine",
                    candidate.capability
                ));
            }
            None => able.push(index),
        }
    }
    let asked_for =
        |index: &usize| Some(&candidates[*index].capability.name) == wanted.name.as_ref();
    let cost = |index: &usize| {
        let candidate = &candidates[*index];
        let late = candidate.first_output > wanted.tier.budget();
        (
            !asked_for(index),
            late,
            candidate.node.is_some(),
            candidate.first_output,
            *index,
        )
    };
    let Some(index) = able.iter().copied().min_by_key(cost) else {
        return Err(NoPlacement {
            kind: wanted.kind.clone(),
            reasons,
        });
    };
    let chosen = &candidates[index];
    let place = if chosen.node.is_some() {
        "on a paired node"
    } else {
        "on this machine"
    };
    let mut reason = format!("{} {place}", chosen.capability);
    match &wanted.name {
        Some(name) if asked_for(&index) => reason.push_str(&format!(": `{name}` was asked for")),
        Some(name) => reason.push_str(&format!(": `{name}` was asked for but is not available")),
        None if able.len() == 1 => reason.push_str(": the only one available"),
        None => reason.push_str(&format!(
            ": soonest of {} ({} ms to first output)",
            able.len(),
            chosen.first_output.as_millis()
        )),
    }
    Ok(Choice { index, reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(capability: &str, remote: bool, ms: u64) -> Candidate {
        Candidate {
            capability: capability.parse().unwrap(),
            node: remote.then_some(NodeId([7; 32])),
            may_hear: PrivacyScope::Persistent,
            first_output: Duration::from_millis(ms),
            unavailable: None,
        }
    }

    fn wanted(kind: &str, name: Option<&str>) -> Wanted {
        Wanted {
            kind: kind.into(),
            name: name.map(Into::into),
            tier: QosTier::Fast,
            scope: PrivacyScope::Ephemeral,
        }
    }

    #[test]
    fn private_speech_stays_here_even_if_a_node_is_faster() {
        let candidates = [
            candidate("stt.pocketsphinx", false, 100),
            candidate("stt.whisper", true, 5),
        ];
        let choice = choose(&candidates, &wanted("stt", None)).unwrap();
        assert_eq!(
            choice,
            Choice {
                index: 0,
                reason: "stt.pocketsphinx on this machine: the only one available".into()
            }
        );
    }

    #[test]
    fn a_missing_favourite_is_replaced_and_named() {
        let mut candidates = [
            candidate("tts.flite:slt", false, 25),
            candidate("tts.espeak:en-us", false, 5),
        ];
        let choice = choose(&candidates, &wanted("tts", Some("flite"))).unwrap();
        assert_eq!(
            choice.reason,
            "tts.flite:slt on this machine: `flite` was asked for"
        );
        candidates[0].unavailable = Some("libflite is not installed".into());
        let choice = choose(&candidates, &wanted("tts", Some("flite"))).unwrap();
        assert_eq!(
            (choice.index, choice.reason.contains("not available")),
            (1, true)
        );
    }

    #[test]
    fn nothing_able_says_why_each_was_not() {
        let mut only = [candidate("stt.pocketsphinx", false, 1)];
        only[0].unavailable = Some("install pocketsphinx".into());
        let error = choose(&only, &wanted("stt", None)).unwrap_err();
        assert_eq!(error.to_string(), "stt.pocketsphinx: install pocketsphinx");
        assert_eq!(
            choose(&[], &wanted("llm", None)).unwrap_err().to_string(),
            "nothing here can do llm"
        );
    }
}
