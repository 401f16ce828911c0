//! The household as entries: each timer, alarm, device, list … under a number that says what it is and
//! a name that says nothing, sealed. What is in memory becomes rows here, and rows what is in memory.

use super::household::Household;
use crate::keys::{Key, Unsealed};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

/// Bytes of an entry's name: enough that no two of a house are alike.
const NAME: usize = 16;

/// What an entry is. Numbers are on disks: they never change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Timer = 1,
    Alarm = 2,
    Device = 3,
    List = 4,
    Storage = 5,
    Person = 6,
    Place = 7,
    Rule = 8,
    Keeping = 9,
    Node = 10,
}

/// An entry that differs between the disk and what is true.
pub(super) struct Change {
    pub kind: Kind,
    /// Its key and what it says, as JSON; nothing: it goes.
    content: Option<Vec<u8>>,
    /// Its key alone, as JSON.
    key: Vec<u8>,
}

/// A row as it is on the disk.
pub(super) struct Row {
    pub kind: u8,
    pub name: Vec<u8>,
    pub sealed: Vec<u8>,
}

/// Why a row is no entry.
#[derive(Debug, thiserror::Error)]
pub(super) enum RowError {
    #[error(transparent)]
    Unsealed(#[from] Unsealed),
    #[error("{0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("there is no kind {0} of entry")]
    Unknown(u8),
}

/// Entries that differ, from `saved` to `current`.
pub(super) fn changes(saved: &Household, current: &Household) -> serde_json::Result<Vec<Change>> {
    let mut all = Vec::new();
    differing(&mut all, Kind::Timer, &saved.timers, &current.timers)?;
    differing(&mut all, Kind::Alarm, &saved.alarms, &current.alarms)?;
    differing(&mut all, Kind::Device, &saved.devices, &current.devices)?;
    differing(&mut all, Kind::List, &saved.lists, &current.lists)?;
    differing(&mut all, Kind::Storage, &saved.storage, &current.storage)?;
    differing(&mut all, Kind::Person, &saved.people, &current.people)?;
    differing(&mut all, Kind::Place, &saved.places, &current.places)?;
    differing(&mut all, Kind::Rule, &saved.rules, &current.rules)?;
    differing(&mut all, Kind::Node, &saved.nodes, &current.nodes)?;
    let one = |keeping| BTreeMap::from([((), keeping)]);
    let (was, is) = (one(&saved.keeping), one(&current.keeping));
    differing(&mut all, Kind::Keeping, &was, &is)?;
    Ok(all)
}

/// Puts what a row says into the household.
pub(super) fn put(household: &mut Household, row: &Row, key: &Key) -> Result<(), RowError> {
    let plain = key.open(&place(row.kind, &row.name), &row.sealed)?;
    match row.kind {
        1 => insert(&mut household.timers, &plain),
        2 => insert(&mut household.alarms, &plain),
        3 => insert(&mut household.devices, &plain),
        4 => insert(&mut household.lists, &plain),
        5 => insert(&mut household.storage, &plain),
        6 => insert(&mut household.people, &plain),
        7 => insert(&mut household.places, &plain),
        8 => insert(&mut household.rules, &plain),
        9 => {
            ((), household.keeping) = serde_json::from_slice(&plain)?;
            Ok(())
        }
        10 => insert(&mut household.nodes, &plain),
        unknown => Err(RowError::Unknown(unknown)),
    }
}

impl Change {
    /// What tells its row from all others, and from nobody's words.
    pub fn name(&self, key: &Key) -> Vec<u8> {
        let tag = key.tag(&[b"entry", &[self.kind as u8], &self.key]);
        tag[..NAME].to_vec()
    }

    /// What its row holds; nothing: it goes.
    pub fn sealed(&self, key: &Key, name: &[u8]) -> Option<Vec<u8>> {
        let content = self.content.as_ref()?;
        Some(key.seal(&place(self.kind as u8, name), content))
    }
}

fn place(kind: u8, name: &[u8]) -> Vec<u8> {
    [b"loqa entry ", &[kind][..], name].concat()
}

fn insert<K: DeserializeOwned + Ord, V: DeserializeOwned>(
    entries: &mut BTreeMap<K, V>,
    plain: &[u8],
) -> Result<(), RowError> {
    let (key, value) = serde_json::from_slice(plain)?;
    entries.insert(key, value);
    Ok(())
}

fn differing<K: Ord + Serialize, V: PartialEq + Serialize>(
    all: &mut Vec<Change>,
    kind: Kind,
    saved: &BTreeMap<K, V>,
    current: &BTreeMap<K, V>,
) -> serde_json::Result<()> {
    for key in saved.keys().filter(|key| !current.contains_key(key)) {
        all.push(Change {
            kind,
            content: None,
            key: serde_json::to_vec(key)?,
        });
    }
    for (key, value) in current {
        if saved.get(key) != Some(value) {
            all.push(Change {
                kind,
                content: Some(serde_json::to_vec(&(key, value))?),
                key: serde_json::to_vec(key)?,
            });
        }
    }
    Ok(())
}
