//! What wraps all other keys, in the clear: within a backup, which is sealed, and nowhere else.

use super::Key;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// Keys that the hub's wraps.
pub(crate) struct Secrets {
    pub household: Key,
    pub signing: Key,
    /// By the person's number.
    pub people: BTreeMap<u64, Key>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    household: String,
    signing: String,
    people: BTreeMap<u64, String>,
}

impl Secrets {
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        let digits = |key: &Key| hex::encode(key.bytes());
        let people = self.people.iter();
        let written = Written {
            household: digits(&self.household),
            signing: digits(&self.signing),
            people: people.map(|(id, key)| (*id, digits(key))).collect(),
        };
        Zeroizing::new(serde_json::to_vec(&written).expect("names and digits are JSON"))
    }

    pub fn from_json(bytes: &[u8]) -> Option<Secrets> {
        let written: Written = serde_json::from_slice(bytes).ok()?;
        let key = |digits: &str| Key::from_bytes(&hex::decode(digits).ok()?);
        let people = written.people.iter();
        Some(Secrets {
            household: key(&written.household)?,
            signing: key(&written.signing)?,
            people: people
                .map(|(id, digits)| Some((*id, key(digits)?)))
                .collect::<Option<_>>()?,
        })
    }
}
