//! A token for programs: they have no browser to keep a session, and nobody beside them to type a
//! code. Kept as a hash, and read anew each time: making or revoking it needs no hub.

use crate::{gateway::problem, whole_file};
use axum::http::{HeaderMap, header};
use loqa_protocol::Problem;
use sha2::{Digest, Sha256};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// In the data folder, for nobody else's eyes.
const FILE: &str = "dashboard.token";
/// So that one is known for what it is wherever it turns up.
const PREFIX: &str = "loqa_";

/// Why a token is neither kept nor revoked.
#[derive(Debug, thiserror::Error)]
#[error("the token cannot be changed in {}: {source}\n  help: see who owns the folder, and whether its disk is full; `--data DIR` names another", .path.display())]
pub struct TokenError {
    /// Where it would be.
    path: PathBuf,
    /// Why.
    source: io::Error,
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        problem("token", &error)
    }
}

/// A new token for the hub of a data folder, in place of any before. It is not shown again.
///
/// # Errors
/// The folder does not take it.
pub fn make(folder: &Path) -> Result<String, TokenError> {
    let token = format!("{PREFIX}{}", hex::encode(rand::random::<[u8; 32]>()));
    let path = folder.join(FILE);
    match whole_file::write_secret(&path, hex::encode(digest(&token))) {
        Ok(()) => Ok(token),
        Err(source) => Err(TokenError { path, source }),
    }
}

/// Whether there was one; there is none from now on.
///
/// # Errors
/// The folder does not let it go.
pub fn revoke(folder: &Path) -> Result<bool, TokenError> {
    let path = folder.join(FILE);
    whole_file::remove(&path).map_err(|source| TokenError { path, source })
}

/// What a request shows as its token, right or wrong; `None`: it shows none.
pub fn shown(headers: &HeaderMap) -> Option<&str> {
    let shown = headers.get(header::AUTHORIZATION)?;
    let (scheme, token) = shown.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether this is the token of a data folder. A fast hash will do, and nobody need be kept from
/// guessing: 2^256 tokens are too many. Hashes are compared, so the time it takes tells nothing.
pub fn is_right(folder: &Path, token: &str) -> bool {
    let kept = fs::read_to_string(folder.join(FILE)).unwrap_or_default();
    hex::decode(kept.trim())
        .ok()
        .is_some_and(|kept| kept == digest(token))
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
