//! The hash chain over what is written down here, but for calls of skills: those are many, and may be lost with the last
//! half second before a crash.

use super::{Entry, KEPT};
use crate::{
    chain::{self, Broken, Chain, Hash, Head, Verified},
    keys::Key,
    whole_file,
};
use rusqlite::{Connection, Row};
use std::{fs, path::Path};

/// In [`Broken`]: what an entry is one of.
const OF: &str = "what was done to people, skills and machines";

/// What the chain remembers of a row.
pub(super) fn hash(n: u64, entry: &Entry) -> Hash {
    let permission = entry.permission.as_deref();
    chain::hash(&[
        b"loqa change",
        &n.to_be_bytes(),
        &entry.at_ms.to_be_bytes(),
        entry.what.as_bytes(),
        entry.skill.as_bytes(),
        entry.version.as_bytes(),
        &[u8::from(permission.is_some())],
        permission.unwrap_or_default().as_bytes(),
        entry.decision.as_bytes(),
    ])
}

/// A row's parts, as [`entry`] reads them.
pub(super) const COLUMNS: &str = "at_ms, what, skill, version, permission, decision";

/// A row of which [`COLUMNS`] were asked for first.
pub(super) fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        at_ms: row.get(0)?,
        what: row.get(1)?,
        skill: row.get(2)?,
        version: row.get(3)?,
        permission: row.get(4)?,
        decision: row.get(5)?,
    })
}

/// Gives the rows of a file of format 1 their places in a chain, after a copy of it was made beside. They are under no
/// signed head yet. In a transaction of the caller that has written nothing yet, and keeps others from it.
pub(super) fn migrate(connection: &Connection, path: &Path) -> rusqlite::Result<()> {
    let backup = path.with_file_name("backups/audit.db-format-1");
    fs::read(path)
        .and_then(|before| whole_file::write_secret(&backup, before))
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    connection.execute_batch("ALTER TABLE audit ADD COLUMN leaf INTEGER")?;
    connection.execute_batch(chain::TABLES)?;
    let mut chain = Chain::resume(connection, None)?;
    let mut rows = connection.prepare(&format!(
        "SELECT {COLUMNS}, id FROM audit WHERE what <> 'invoke' ORDER BY id"
    ))?;
    let mut rows = rows.query([])?;
    let mut placed = connection.prepare("UPDATE audit SET leaf = ? WHERE id = ?")?;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(6)?;
        let n = add(&mut chain, connection, &entry(row)?)?;
        placed.execute((n.cast_signed(), id))?;
    }
    connection.pragma_update(None, "user_version", 2)
}

/// Adds a row to the chain, in a transaction of the caller; returns its place.
pub(super) fn add(
    chain: &mut Chain,
    connection: &Connection,
    entry: &Entry,
) -> rusqlite::Result<u64> {
    let n = chain.head().n + 1;
    chain.add(connection, &hash(n, entry))
}

/// Looks at all of it. Rows go when there are more than [`KEPT`], the oldest first: what is there has to be the end of
/// the chain, and so many rows of it at least.
pub(super) fn verify(
    connection: &Connection,
    seed: &Key,
    anchor: Option<&Head>,
) -> rusqlite::Result<Verified> {
    let (head, mut broken) = chain::verify(connection, seed, anchor)?;
    let mut rows = connection.prepare(&format!(
        "SELECT {COLUMNS}, audit.leaf, leaf.hash
                FROM audit LEFT JOIN leaf ON leaf.n = audit.leaf
                WHERE audit.leaf IS NOT NULL OR what <> 'invoke' ORDER BY audit.leaf"
    ))?;
    let mut rows = rows.query([])?;
    let (mut entries, mut next, mut missing) = (0, None, 0);
    while let Some(row) = rows.next()? {
        let n = row.get::<_, Option<i64>>(6)?.unwrap_or_default();
        let (n, known) = (n.cast_unsigned(), row.get::<_, Option<Vec<u8>>>(7)?);
        let entry = entry(row)?;
        let same = known.is_some_and(|known| known == hash(n, &entry));
        let twice = next.is_some_and(|next| n < next);
        if !same || twice {
            let of = OF.into();
            broken.push(Broken::Changed { n, of });
        } else {
            entries += 1;
        }
        missing += n.saturating_sub(next.unwrap_or(n));
        next = Some(n + 1);
    }
    missing += (head.n + 1).saturating_sub(next.unwrap_or(1));
    let erased = head.n.saturating_sub(entries);
    if erased > 0 && entries < KEPT.cast_unsigned() {
        missing = erased;
    }
    if missing > 0 && broken.is_empty() {
        let of = OF.into();
        broken.push(Broken::Removed { missing, of });
    }
    Ok(Verified::new(head, entries, erased, broken))
}
