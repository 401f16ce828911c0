//! One key, and what is sealed with it: ChaCha20-Poly1305 (RFC 8439) as ring has it.

use rand::Rng;
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
};
use std::fmt;
use zeroize::Zeroizing;

/// Bytes of a key.
pub const LENGTH: usize = 32;
/// Before the first byte that is sealed.
const FORMAT: u8 = 1;
/// Bytes of the tag at the end.
const TAG: usize = 16;
/// What sealing adds: format, nonce, tag.
const OVERHEAD: usize = 1 + NONCE_LEN + TAG;

/// A secret of 256 bits, wiped from memory when it is dropped.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; LENGTH]>);

/// It was not sealed with this key for this place, or is not what it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("it was changed, or sealed with another key")]
pub struct Unsealed;

impl Key {
    /// One that nobody knows.
    pub fn random() -> Key {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        rand::rng().fill_bytes(bytes.as_mut_slice());
        Key(bytes)
    }

    /// `None`: too few or too many bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Key> {
        Some(Key(Zeroizing::new(bytes.try_into().ok()?)))
    }

    /// For where it is wrapped with another, and nowhere else.
    pub fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }

    /// A name for `parts` that only who has this key can make or compare.
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.bytes());
        let mut context = hmac::Context::with_key(&key);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let tag = context.sign();
        tag.as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    /// Seals `plain` for `place`: it opens nowhere else. Nonces are random, 96 bits: so one key may
    /// seal 2^32 messages with a chance of 2^-33 that two share one.
    pub fn seal(&self, place: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_LEN];
        rand::rng().fill_bytes(&mut nonce);
        let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD);
        sealed.push(FORMAT);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let body = &mut sealed[1 + NONCE_LEN..];
        let tag = self
            .cipher()
            .seal_in_place_separate_tag(nonce, Aad::from(place), body);
        sealed.extend_from_slice(tag.expect("what is sealed is far below 256 GiB").as_ref());
        sealed
    }

    /// What was sealed with this key for `place`.
    ///
    /// # Errors
    /// [`Unsealed`]
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Unsealed> {
        let (&format, rest) = sealed.split_first().ok_or(Unsealed)?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or(Unsealed)?;
        if format != FORMAT {
            return Err(Unsealed);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unsealed)?;
        let mut plain = Zeroizing::new(body.to_vec());
        let opened = self
            .cipher()
            .open_in_place(nonce, Aad::from(place), &mut plain);
        let length = opened.map_err(|_| Unsealed)?.len();
        plain.truncate(length);
        Ok(plain)
    }

    fn cipher(&self) -> LessSafeKey {
        let key = UnboundKey::new(&CHACHA20_POLY1305, self.bytes());
        LessSafeKey::new(key.expect("a key has as many bytes as the cipher wants"))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_sealed_opens_in_its_place_alone_and_shows_every_change(
            plain in proptest::collection::vec(any::<u8>(), 0..200),
            at in any::<prop::sample::Index>(),
            bit in 0..8_u8,
        ) {
            let key = Key::random();
            let sealed = key.seal(b"here", &plain);
            prop_assert_eq!(sealed.len(), plain.len() + OVERHEAD);
            prop_assert_eq!(&*key.open(b"here", &sealed).unwrap(), &plain);
            prop_assert!(key.open(b"there", &sealed).is_err());
            prop_assert!(Key::random().open(b"here", &sealed).is_err());
            let mut changed = sealed.clone();
            let at = at.index(changed.len());
            changed[at] ^= 1 << bit;
            prop_assert!(key.open(b"here", &changed).is_err());
            prop_assert!(key.open(b"here", &sealed[..at]).is_err());
        }
    }

    #[test]
    fn names_tell_parts_apart() {
        let key = Key::random();
        assert_eq!(key.tag(&[b"ab", b"c"]), key.tag(&[b"ab", b"c"]));
        assert_ne!(key.tag(&[b"ab", b"c"]), key.tag(&[b"a", b"bc"]));
        assert_eq!(format!("{key:?}"), "Key(…)");
    }
}
