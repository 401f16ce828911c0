//! How long frames took from whoever said them to whoever listens.

use super::part::Frames;
use crate::figure::quantile;
use std::collections::BTreeMap;

/// All frames of one talk, ms each.
pub struct Late {
    pub ms: Vec<f64>,
    /// Said, and never heard.
    pub missing: usize,
}

impl Late {
    /// Of what was said and what was heard.
    pub fn of(said: &[Frames], heard: &[Frames]) -> Late {
        let heard: BTreeMap<_, _> = heard
            .iter()
            .map(|it| ((it.puck, it.request), &it.at_ns))
            .collect();
        let none = Vec::new();
        let mut late = Late {
            ms: Vec::new(),
            missing: 0,
        };
        for said in said {
            let heard = heard.get(&(said.puck, said.request));
            let heard = heard.copied().unwrap_or(&none);
            let pairs = said.at_ns.iter().zip(heard.iter());
            let took = pairs.map(|(said, heard)| heard.saturating_sub(*said) as f64 / 1e6);
            late.ms.extend(took);
            late.missing += said.at_ns.len().saturating_sub(heard.len());
        }
        late
    }

    /// That share of them took no longer, ms.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        quantile(&self.ms, share)
    }
}
