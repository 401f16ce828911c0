//! Which model, on which machine, does a piece of work: pure, with a reason a person can read.
//!
//! The engine picks every model through [`choose`]; nothing else may.

use loqa_protocol::{Capability, NodeId, PrivacyScope, QosTier};
use std::{fmt, time::Duration};

/// A machine of the household that is not this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Which.
    pub id: NodeId,
    /// What people call it.
    pub name: String,
}

/// Somewhere the work could run.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What it can do.
    pub capability: Capability,
    /// The machine; `None` is this one.
    pub node: Option<Node>,
    /// The most private scope whose speech it may hear: `Ephemeral` hears everything, `Persistent`
    /// only what may be kept anyway. This machine hears all.
    pub may_hear: PrivacyScope,
    /// Expected time to its first output: [`Pace::expected`], or the engine's prior.
    pub first_output: Duration,
    /// Why it cannot work now, with the remedy; `None` if it can.
    pub unavailable: Option<String>,
}

/// How soon a machine answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// What it said of itself when it started, with nothing else to do.
    pub alone: Duration,
    /// 95 of the last 100 answers had begun by then, as seen from here; `None` before there were any.
    pub seen: Option<Duration>,
    /// To there and back.
    pub round_trip: Duration,
    /// What waits for each of its processors, in thousandths: from 1000 on work takes turns.
    pub load_permille: u32,
}

impl Pace {
    /// When its first output is to be expected, after everything was said.
    pub fn expected(&self) -> Duration {
        let alone = self.seen.unwrap_or(self.alone + self.round_trip);
        alone * self.load_permille.max(1000) / 1000
    }
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
    /// The node that does the rest of the turn: a turn that leans on one machine is lost less often than one that
    /// leans on two, so that another must be sooner by [`SOONER`].
    pub beside: Option<NodeId>,
}

/// How much sooner another node must be than the one that does the rest of a turn.
pub const SOONER: Duration = Duration::from_millis(50);

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
    ranked(candidates, wanted).map(|mut ranked| ranked.swap_remove(0))
}

/// Likewise, with those that are next should the first be lost: the best first, never empty.
///
/// # Errors
/// [`NoPlacement`] when no candidate is able and allowed.
pub fn ranked(candidates: &[Candidate], wanted: &Wanted) -> Result<Vec<Choice>, NoPlacement> {
    let mut reasons = Vec::new();
    let mut able: Vec<usize> = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        if candidate.capability.kind != wanted.kind {
            continue;
        }
        let consented = candidate.node.is_none() || candidate.may_hear <= wanted.scope;
        match &candidate.unavailable {
            Some(why) => reasons.push(format!("{}: {why}", candidate.described())),
            None if !consented => {
                let described = candidate.described();
                reasons.push(format!(
                    "{described}: this speech may not leave this machine"
                ));
            }
            None => able.push(index),
        }
    }
    if able.is_empty() {
        return Err(NoPlacement {
            kind: wanted.kind.clone(),
            reasons,
        });
    }
    let asked_for = |index: usize| Some(&candidates[index].capability.name) == wanted.name.as_ref();
    able.sort_by_key(|&index| {
        let candidate = &candidates[index];
        let late = candidate.first_output > wanted.tier.budget();
        let beside = candidate.node.as_ref().map(|it| it.id) == wanted.beside;
        let ahead = if beside { SOONER } else { Duration::ZERO };
        (
            !asked_for(index),
            late,
            candidate.node.is_some(),
            candidate.first_output.saturating_sub(ahead),
            index,
        )
    });
    let reason = |rank: usize, index: usize| {
        let chosen = &candidates[index];
        let described = chosen.described();
        let ms = chosen.first_output.as_millis();
        match &wanted.name {
            _ if rank > 0 => {
                format!("{described}: if those before it fail ({ms} ms to first output)")
            }
            Some(name) if !asked_for(index) => {
                format!("{described}: `{name}` was asked for but is not available")
            }
            Some(name) if able.len() == 1 || !asked_for(able[1]) => {
                format!("{described}: `{name}` was asked for")
            }
            None if able.len() == 1 => format!("{described}: the only one available"),
            _ => {
                let others = able[1..].iter().map(|other| {
                    let other = &candidates[*other];
                    format!("; {} {} ms", other.place(), other.first_output.as_millis())
                });
                let others: String = others.collect();
                // Here it is private and cannot be cut off; soon enough is soon.
                let why = match &chosen.node {
                    None if able[1..].iter().any(|it| candidates[*it].node.is_some()) => {
                        "soon enough, and nothing leaves this machine"
                    }
                    _ => "soonest",
                };
                format!("{described}: {why}; {ms} ms to first output{others}")
            }
        }
    };
    let choices = able.iter().enumerate();
    Ok(choices
        .map(|(rank, index)| Choice {
            index: *index,
            reason: reason(rank, *index),
        })
        .collect())
}

impl Candidate {
    /// For people: where it is.
    pub fn place(&self) -> String {
        match &self.node {
            Some(node) => format!("on `{}`", node.name),
            None => "on this machine".to_owned(),
        }
    }

    /// For people: what it is, and where.
    pub fn described(&self) -> String {
        format!("{} {}", self.capability, self.place())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(capability: &str, remote: bool, ms: u64) -> Candidate {
        Candidate {
            capability: capability.parse().unwrap(),
            node: remote.then(|| Node {
                id: NodeId([7; 32]),
                name: "attic".into(),
            }),
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
            beside: None,
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
    fn the_soonest_in_time_is_here_and_else_wherever_it_is() {
        let reasons = |here: u64, attic: u64, cellar: u64| -> Vec<String> {
            let mut candidates = [
                candidate("llm.llama:small", false, here),
                candidate("llm.llama:large", true, attic),
                candidate("llm.llama:large", true, cellar),
            ];
            for (node, name) in [(1, "attic"), (2, "cellar")] {
                candidates[node].may_hear = PrivacyScope::Ephemeral;
                candidates[node].node = Some(Node {
                    id: NodeId([node as u8; 32]),
                    name: name.into(),
                });
            }
            let wanted = Wanted {
                beside: Some(NodeId([2; 32])),
                ..wanted("llm", None)
            };
            let ranked = ranked(&candidates, &wanted).unwrap();
            ranked.into_iter().map(|it| it.reason).collect()
        };
        assert_eq!(
            reasons(150, 20, 90),
            [
                "llm.llama:small on this machine: soon enough, and nothing leaves this machine; 150 ms to first output; on `attic` 20 ms; on `cellar` 90 ms",
                "llm.llama:large on `attic`: if those before it fail (20 ms to first output)",
                "llm.llama:large on `cellar`: if those before it fail (90 ms to first output)",
            ]
        );
        assert_eq!(
            reasons(900, 20, 60)[0],
            "llm.llama:large on `cellar`: soonest; 60 ms to first output; on `attic` 20 ms; on this machine 900 ms"
        );
    }

    #[test]
    fn what_waits_for_a_processor_is_waited_for() {
        let pace = Pace {
            alone: Duration::from_millis(80),
            seen: None,
            round_trip: Duration::from_millis(20),
            load_permille: 300,
        };
        assert_eq!(pace.expected(), Duration::from_millis(100));
        let busy = Pace {
            seen: Some(Duration::from_millis(60)),
            load_permille: 2500,
            ..pace
        };
        assert_eq!(busy.expected(), Duration::from_millis(150));
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
        assert_eq!(
            error.to_string(),
            "stt.pocketsphinx on this machine: install pocketsphinx"
        );
        assert_eq!(
            choose(&[], &wanted("llm", None)).unwrap_err().to_string(),
            "nothing here can do llm"
        );
    }
}
