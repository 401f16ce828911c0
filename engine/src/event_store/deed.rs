//! What was done with what is kept, and what people have agreed to: entries of the same chain, that
//! nobody erases.

use super::{EventStoreError, writer::Database};
use crate::{
    chain,
    keys::{Key, Unsealed},
};
use jiff::Timestamp;
use loqa_protocol::PrivacyScope;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

/// Something that was done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Deed {
    /// Conversations were erased.
    Forgot {
        /// Why.
        because: Because,
        /// So many.
        conversations: usize,
        /// Numbers of their entries in the chain, from … to.
        entries: Vec<(u64, u64)>,
    },
    /// A person has agreed that their words are kept.
    ConsentGiven {
        /// Who.
        person: u64,
        /// How long.
        scope: PrivacyScope,
        /// What they have read.
        text: String,
    },
    /// A person does not agree any more.
    ConsentWithdrawn {
        /// Who.
        person: u64,
    },
    /// How long words are kept was changed.
    Scope {
        /// Whose: `household`, `room ID` or `person N`.
        of: String,
        /// How long.
        scope: PrivacyScope,
    },
    /// A conversation was taken out as a file.
    Exported {
        /// Which.
        conversation: String,
    },
    /// A sealed copy of everything was made.
    BackedUp,
    /// Everything came from such a copy.
    Restored,
}

/// Why conversations were erased.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// Somebody asked for it.
    Asked,
    /// Their time was over.
    Time,
    /// Their person is gone, or does not agree any more.
    Person,
}

/// A deed, and when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Noted {
    /// Its number in the chain.
    pub n: u64,
    /// Unix ms.
    pub at_ms: i64,
    /// What; nothing if it cannot be read.
    pub deed: Option<Deed>,
}

/// Adds one to the chain, in a transaction of the caller.
pub(super) fn add(
    connection: &Connection,
    chain: &mut chain::Chain,
    key: &Key,
    deed: &Deed,
) -> Result<(), EventStoreError> {
    let at_ms = Timestamp::now().as_millisecond();
    let n = chain.head().n + 1;
    let plain =
        serde_json::to_vec(deed).map_err(|error| EventStoreError::Deed(error.to_string()))?;
    let sealed = key.seal(&place(n, at_ms), &plain);
    chain.add(connection, &hash(n, at_ms, &sealed))?;
    connection.execute(
        "INSERT INTO deed (leaf, at_ms, sealed) VALUES (?, ?, ?)",
        params![n.cast_signed(), at_ms, sealed],
    )?;
    chain.sign(connection, at_ms)?;
    Ok(())
}

/// Adds one, durably.
pub(super) fn note(database: &mut Database, key: &Key, deed: &Deed) -> Result<(), EventStoreError> {
    let before = database.chain.head();
    let mut noted = || {
        let transaction = database.connection.transaction()?;
        add(&transaction, &mut database.chain, key, deed)?;
        Ok(transaction.commit()?)
    };
    noted().inspect_err(|_| database.chain.back_to(before))
}

/// All, oldest first.
pub(super) fn all(connection: &Connection, key: &Key) -> rusqlite::Result<Vec<Noted>> {
    let mut rows = connection.prepare("SELECT leaf, at_ms, sealed FROM deed ORDER BY leaf")?;
    rows.query_map([], |row| {
        let n = row.get::<_, i64>(0)?.cast_unsigned();
        let at_ms = row.get(1)?;
        let sealed: Vec<u8> = row.get(2)?;
        let opened: Result<_, Unsealed> = key.open(&place(n, at_ms), &sealed);
        let deed = opened
            .ok()
            .and_then(|plain| serde_json::from_slice(&plain).ok());
        Ok(Noted { n, at_ms, deed })
    })?
    .collect()
}

/// What the chain remembers of one.
pub(super) fn hash(n: u64, at_ms: i64, sealed: &[u8]) -> chain::Hash {
    chain::hash(&[&place(n, at_ms), sealed])
}

fn place(n: u64, at_ms: i64) -> Vec<u8> {
    [b"loqa deed ", &n.to_be_bytes()[..], &at_ms.to_be_bytes()].concat()
}
