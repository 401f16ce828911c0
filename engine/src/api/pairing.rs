//! Who may see and command the house: a code that the hub shows signs a browser in.

use super::{attempts::Attempts, entrance::Entrance};
use axum::http::{HeaderMap, header};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use loqa_protocol::Problem;
use sha2::Sha256;
use std::{
    fs,
    io::{self, Write},
    net::IpAddr,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::Duration,
};

/// Its sessions outlive the hub, so their key is kept. Whoever removes it signs everybody out.
const KEY_FILE: &str = "dashboard.key";
/// Without what is easily misread: 0 and O, 1, I and L.
const LETTERS: &[u8] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";
/// 31^8 codes, and ten attempts a minute: 80 000 years on average. With the addresses of a thousand
/// machines it is still 80.
const LENGTH: usize = 8;
/// How long a browser stays signed in.
const SESSION: Duration = Duration::from_secs(90 * 24 * 3600);

/// The code of this run, and the sessions of all.
pub struct Pairing {
    code: String,
    key: [u8; 64],
    attempts: Attempts,
}

/// Why a code does not sign in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// It is another.
    Wrong,
    /// Too many were wrong.
    Locked {
        /// Until the next is looked at.
        seconds: u64,
    },
}

impl Pairing {
    /// A new code, and the key that lies in the data folder.
    ///
    /// # Errors
    /// The key can be neither read nor written.
    pub fn open(folder: &Path) -> Result<Pairing, Problem> {
        let path = folder.join(KEY_FILE);
        let key = read_key(&path).map_err(|error| Problem {
            code: "dashboard".into(),
            message: format!(
                "the dashboard's key {} is of no use: {error}",
                path.display()
            ),
            help: "remove it: a new one is made, and every browser signs in again".into(),
        })?;
        Ok(Pairing {
            code: new_code(),
            key,
            attempts: Attempts::default(),
        })
    }

    /// As it is shown: two groups of four.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The header that sets the cookie of a new session, for the right code.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn sign_in(
        &self,
        code: &str,
        peer: IpAddr,
        entrance: &Entrance,
    ) -> Result<String, Refused> {
        self.attempts
            .begin(peer)
            .map_err(|seconds| Refused::Locked { seconds })?;
        // Equal digests rather than equal letters: comparing takes the same time for all codes.
        self.digest(&bare(&self.code))
            .verify_slice(&self.digest(&bare(code)).finalize().into_bytes())
            .map_err(|_| Refused::Wrong)?;
        self.attempts.right(peer);
        let expires = Timestamp::now().as_second() + SESSION.as_secs() as i64;
        let proof = hex(&self.digest(&session(expires)).finalize().into_bytes());
        Ok(entrance.set_cookie(&format!("{expires}.{proof}"), SESSION.as_secs()))
    }

    /// Whether a request that came in through `entrance` is of a session.
    pub fn is_signed_in(&self, headers: &HeaderMap, entrance: &Entrance) -> bool {
        let own = entrance.cookie();
        let cookies = headers.get_all(header::COOKIE).into_iter();
        cookies
            .filter_map(|cookies| cookies.to_str().ok())
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .any(|(name, value)| name == own && self.is_valid(value))
    }

    fn is_valid(&self, cookie: &str) -> bool {
        let Some((expires, proof)) = cookie.split_once('.') else {
            return false;
        };
        let (Ok(expires), Some(proof)) = (expires.parse::<i64>(), unhex(proof)) else {
            return false;
        };
        expires > Timestamp::now().as_second()
            && self.digest(&session(expires)).verify_slice(&proof).is_ok()
    }

    fn digest(&self, text: &str) -> Hmac<Sha256> {
        // Any length is a key.
        let mut digest = <Hmac<Sha256> as KeyInit>::new(&self.key.into());
        digest.update(text.as_bytes());
        digest
    }
}

fn session(expires: i64) -> String {
    format!("session until {expires}")
}

/// Its letters, however it was typed.
fn bare(code: &str) -> String {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_uppercase()).collect()
}

fn new_code() -> String {
    let mut number: u64 = rand::random();
    let mut code = String::new();
    for place in 0..LENGTH {
        if place == LENGTH / 2 {
            code.push('-');
        }
        code.push(LETTERS[(number % LETTERS.len() as u64) as usize] as char);
        number /= LETTERS.len() as u64;
    }
    code
}

fn read_key(path: &Path) -> io::Result<[u8; 64]> {
    let wrong = || {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "it is not 128 hexadecimal digits",
        )
    };
    match fs::read_to_string(path) {
        Ok(text) => unhex(text.trim())
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(wrong),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key: [u8; 64] = rand::random();
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)?;
            file.write_all(hex(&key).as_bytes())?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let pairs = digits.chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    digits.len().is_multiple_of(2).then(|| pairs.collect())?
}
