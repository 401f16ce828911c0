//! A hash chain over what was written, as it lies on the disk: whoever changes, removes, swaps or adds an
//! entry breaks it. An entry that was erased leaves its hash, so the rest of the chain still holds. Its
//! heads are signed, and one of them is kept outside the file, so that a file from earlier shows as well.

use crate::{keys::Key, whole_file};
use ring::{
    digest::{Context, SHA256, digest},
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};
use std::{fs, io, path::Path};

/// So many findings are told; a file that was overwritten has as many as it has entries.
pub(crate) const MOST: usize = 100;

/// The chain over what was said, where one of the two is named.
pub(crate) const WORDS: &str = "words";
/// That over what is done to people, skills and machines.
pub(crate) const CHANGES: &str = "changes";

/// A SHA-256.
pub type Hash = [u8; 32];

pub(crate) const TABLES: &str = "
    CREATE TABLE leaf (
        n INTEGER PRIMARY KEY, -- from 1, without gaps
        hash BLOB NOT NULL -- of an entry as it was written; it stays when the entry goes
    );
    CREATE TABLE head (
        hour INTEGER PRIMARY KEY, -- the last of each hour, by Unix time
        n INTEGER NOT NULL,
        link BLOB NOT NULL,
        at_ms INTEGER NOT NULL,
        signature BLOB NOT NULL
    );
";

/// How far the chain had come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Head {
    /// Entries until there.
    pub n: u64,
    /// Hash over all of them.
    #[serde(with = "hexadecimal")]
    pub link: Hash,
    /// When, Unix ms.
    pub at_ms: i64,
}

/// Something that is not as it was written.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Broken {
    /// An entry of the chain is missing, or one too many.
    #[error("the chain has no entry {n}, but later ones")]
    Gap {
        /// Which.
        n: u64,
    },
    /// A head does not follow from what lies before it.
    #[error(
        "the head at entry {n} does not follow from the entries before it: one of them was changed"
    )]
    Head {
        /// Which.
        n: u64,
    },
    /// Nobody with the hub's key has signed a head.
    #[error("the head at entry {n} was not signed with this hub's key")]
    Signature {
        /// Which.
        n: u64,
    },
    /// There was more once.
    #[error(
        "there were {n} entries once, and there are {left}: the end was cut off, or an earlier file put in its place"
    )]
    Shortened {
        /// So many there were.
        n: u64,
        /// So many there are.
        left: u64,
    },
    /// Entries at the end that no head covers.
    #[error("{more} entries at the end are under no signed head")]
    Unsigned {
        /// So many.
        more: u64,
    },
    /// An entry is not what was written.
    #[error("entry {n} of {of} was changed")]
    Changed {
        /// Which.
        n: u64,
        /// Of what.
        of: String,
    },
    /// An entry was put at another's place, or written by somebody else.
    #[error("an entry of conversation {session} has no place in the chain")]
    Foreign {
        /// Of which conversation.
        session: String,
    },
    /// What a list shows of a conversation is not what its entries say.
    #[error("when conversation {session} began or ended, or how long it is, was changed")]
    Times {
        /// Which.
        session: String,
    },
    /// An entry is gone, and nobody erased it.
    #[error("{missing} entries of {of} are gone, and nobody has forgotten them")]
    Removed {
        /// So many.
        missing: u64,
        /// Of what.
        of: String,
    },
    /// The disk does not give it.
    #[error("it cannot be read: {reason}")]
    Unreadable {
        /// What SQLite says.
        reason: String,
    },
}

/// What a look at all of it has shown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Verified {
    /// The end of the chain.
    pub head: Head,
    /// Entries that are there.
    pub entries: u64,
    /// Entries that were erased, as noted in the chain.
    pub erased: u64,
    /// What is wrong; the first hundred of it.
    pub broken: Vec<Broken>,
}

impl Verified {
    /// Of what is wrong, the first is told.
    pub(crate) fn new(head: Head, entries: u64, erased: u64, mut broken: Vec<Broken>) -> Verified {
        broken.truncate(MOST);
        Verified {
            head,
            entries,
            erased,
            broken,
        }
    }

    /// There is no file, where `anchor` says that there was one.
    pub(crate) fn gone(anchor: &Head) -> Verified {
        let shortened = Broken::Shortened {
            n: anchor.n,
            left: 0,
        };
        Verified::new(START, 0, 0, vec![shortened])
    }
}

/// Signs heads, and knows the last one.
pub(crate) struct Chain {
    /// Nobody, where its key is not to be had: entries count, and are signed with later ones.
    signer: Option<Ed25519KeyPair>,
    head: Head,
}

impl Chain {
    /// Goes on where the database ends, or at its last head: who writes without a key has to
    /// [`Chain::catch_up`].
    pub fn resume(connection: &Connection, seed: Option<&Key>) -> rusqlite::Result<Chain> {
        let last = connection
            .query_row(
                "SELECT n, link, at_ms FROM head ORDER BY n DESC LIMIT 1",
                [],
                |row| {
                    Ok(Head {
                        n: row.get::<_, i64>(0)?.cast_unsigned(),
                        link: row.get(1)?,
                        at_ms: row.get(2)?,
                    })
                },
            )
            .optional()?;
        Ok(Chain {
            signer: seed.map(signer),
            head: last.unwrap_or(START),
        })
    }

    /// Takes in what was added under no head.
    pub fn catch_up(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut more = connection.prepare("SELECT n, hash FROM leaf WHERE n > ? ORDER BY n")?;
        let mut more = more.query([self.head.n.cast_signed()])?;
        while let Some(row) = more.next()? {
            self.head.n = row.get::<_, i64>(0)?.cast_unsigned();
            self.head.link = link(&self.head.link, &row.get(1)?);
        }
        Ok(())
    }

    /// How far it is.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Adds an entry of this hash; returns its number. Counts once [`Chain::sign`] was called, in the
    /// same transaction.
    pub fn add(&mut self, connection: &Connection, hash: &Hash) -> rusqlite::Result<u64> {
        let n = self.head.n + 1;
        connection
            .prepare_cached("INSERT INTO leaf (n, hash) VALUES (?, ?)")?
            .execute(params![n.cast_signed(), hash])?;
        self.head.n = n;
        self.head.link = link(&self.head.link, hash);
        Ok(n)
    }

    /// Signs what was added, if it can.
    pub fn sign(&mut self, connection: &Connection, at_ms: i64) -> rusqlite::Result<()> {
        let Some(signer) = &self.signer else {
            return Ok(());
        };
        self.head.at_ms = at_ms;
        let Head { n, link, at_ms } = self.head;
        let signature = signer.sign(&signed(&self.head));
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO head (hour, n, link, at_ms, signature) VALUES (?, ?, ?, ?, ?)",
            )?
            .execute(params![
                at_ms.div_euclid(3_600_000),
                n.cast_signed(),
                link,
                at_ms,
                signature.as_ref()
            ])?;
        Ok(())
    }

    /// After a transaction that did not take place.
    pub fn back_to(&mut self, head: Head) {
        self.head = head;
    }
}

const START: Head = Head {
    n: 0,
    link: [0; 32],
    at_ms: 0,
};

/// The hash of an entry: of all its parts, in order, each with its length.
pub(crate) fn hash(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    digested(context.finish().as_ref())
}

fn link(before: &Hash, hash: &Hash) -> Hash {
    let mut both = [0; 64];
    both[..32].copy_from_slice(before);
    both[32..].copy_from_slice(hash);
    digested(digest(&SHA256, &both).as_ref())
}

fn digested(bytes: &[u8]) -> Hash {
    bytes.try_into().expect("SHA-256 has 32 bytes")
}

fn signer(seed: &Key) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(seed.bytes()).expect("a key has as many bytes as a seed")
}

fn signed(head: &Head) -> Vec<u8> {
    let Head { n, link, at_ms } = head;
    [
        b"loqa audit head",
        &n.to_be_bytes()[..],
        link,
        &at_ms.to_be_bytes(),
    ]
    .concat()
}

/// Goes through all of the chain; returns its end, and what is wrong.
pub(crate) fn verify(
    connection: &Connection,
    seed: &Key,
    anchor: Option<&Head>,
) -> rusqlite::Result<(Head, Vec<Broken>)> {
    let signer = signer(seed);
    let key = UnparsedPublicKey::new(&ED25519, signer.public_key().as_ref());
    let mut broken = Vec::new();
    let mut heads = connection.prepare("SELECT n, link, at_ms, signature FROM head ORDER BY n")?;
    let mut heads = heads.query([])?;
    let mut next = |broken: &mut Vec<Broken>| -> rusqlite::Result<Option<Head>> {
        let Some(row) = heads.next()? else {
            return Ok(None);
        };
        let head = Head {
            n: row.get::<_, i64>(0)?.cast_unsigned(),
            link: row.get(1)?,
            at_ms: row.get(2)?,
        };
        if key
            .verify(
                &signed(&head),
                row.get_ref(3)?.as_blob().unwrap_or_default(),
            )
            .is_err()
        {
            broken.push(Broken::Signature { n: head.n });
        }
        Ok(Some(head))
    };
    let mut head = next(&mut broken)?;
    let mut leaves = connection.prepare("SELECT n, hash FROM leaf ORDER BY n")?;
    let mut leaves = leaves.query([])?;
    let (mut at, mut covered) = (START, 0);
    while let Some(row) = leaves.next()? {
        let n = row.get::<_, i64>(0)?.cast_unsigned();
        if n != at.n + 1 {
            broken.push(Broken::Gap { n: at.n + 1 });
            return Ok((at, broken));
        }
        let hash: Vec<u8> = row.get(1)?;
        at.n = n;
        at.link = match Hash::try_from(hash.as_slice()) {
            Ok(hash) => link(&at.link, &hash),
            Err(_) => START.link,
        };
        while let Some(signed) = head.filter(|head| head.n <= n) {
            if signed.n == n && signed.link == at.link {
                (covered, at.at_ms) = (n, signed.at_ms);
            } else {
                broken.push(Broken::Head { n: signed.n });
            }
            head = next(&mut broken)?;
        }
        if let Some(anchor) = anchor.filter(|anchor| anchor.n == n && anchor.link != at.link) {
            broken.push(Broken::Head { n: anchor.n });
        }
    }
    if let Some(signed) = head {
        let (n, left) = (signed.n, at.n);
        broken.push(Broken::Shortened { n, left });
    } else if let Some(anchor) = anchor.filter(|anchor| anchor.n > at.n) {
        let (n, left) = (anchor.n, at.n);
        broken.push(Broken::Shortened { n, left });
    }
    if covered < at.n && broken.is_empty() {
        broken.push(Broken::Unsigned {
            more: at.n - covered,
        });
    }
    Ok((at, broken))
}

/// The head that was written down beside the file, if any was, and if it can be read.
pub(crate) fn anchor(path: &Path) -> Option<Head> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Writes a head down beside the file.
pub(crate) fn write_anchor(path: &Path, head: &Head) -> io::Result<()> {
    whole_file::write_secret(path, serde_json::to_vec(head)?)
}

mod hexadecimal {
    use super::Hash;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(hash))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = hex::decode(&text)
            .ok()
            .and_then(|bytes| bytes.try_into().ok());
        bytes.ok_or_else(|| D::Error::custom("these are not 64 hexadecimal digits"))
    }
}
