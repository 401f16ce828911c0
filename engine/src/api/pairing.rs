//! Who may see and command the house: a code that the hub shows signs a browser in, or a password
//! that the household has chosen.

use super::{attempts::Attempts, entrance::Entrance, password};
use axum::http::{HeaderMap, header};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use loqa_protocol::Problem;
use sha2::Sha256;
use std::{
    fs,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{sync::Semaphore, task::spawn_blocking};

/// Its sessions outlive the hub, so their key is kept. Whoever removes it signs everybody out.
const KEY_FILE: &str = "dashboard.key";
/// Without what is easily misread: 0 and O, 1, I and L.
const LETTERS: &[u8] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";
/// 31^8 codes, and ten attempts a minute: 80 000 years on average. With the addresses of a thousand
/// machines it is still 80.
const LENGTH: usize = 8;
/// Wrong codes and passwords in a row from one address, and how long it then waits.
const OF_ONE: (u32, Duration) = (10, Duration::from_secs(60));
/// Wrong passwords in a row from all together: people choose what can be guessed, and a guest may
/// have many addresses. Whoever spends them keeps nobody from the code.
const OF_ALL: (u32, Duration) = (30, Duration::from_secs(20 * 60));
/// Whom those are counted for.
const ALL: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
/// How long a browser stays signed in.
const SESSION: Duration = Duration::from_secs(90 * 24 * 3600);

/// The code of this run, and the sessions of all.
pub struct Pairing {
    code: String,
    key: [u8; 64],
    folder: PathBuf,
    attempts: Attempts,
    guesses: Attempts,
    /// One password at a time: each takes memory and time on purpose.
    hashing: Semaphore,
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
            folder: folder.to_owned(),
            attempts: Attempts::new(OF_ONE.0, OF_ONE.1),
            guesses: Attempts::new(OF_ALL.0, OF_ALL.1),
            hashing: Semaphore::new(1),
        })
    }

    /// As it is shown: two groups of four.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The header that sets the cookie of a new session, for the right code or password.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn sign_in(
        &self,
        typed: &str,
        peer: IpAddr,
        entrance: &Entrance,
    ) -> Result<String, Refused> {
        let locked = |seconds| Refused::Locked { seconds };
        self.attempts.begin(peer).map_err(locked)?;
        if !self.is_code(typed) && !self.is_password(typed).await.map_err(locked)? {
            return Err(Refused::Wrong);
        }
        self.attempts.right(peer);
        let expires = Timestamp::now().as_second() + SESSION.as_secs() as i64;
        let proof = hex::encode(self.digest(&session(expires)).finalize().into_bytes());
        Ok(entrance.set_cookie(&format!("{expires}.{proof}"), SESSION.as_secs()))
    }

    /// Equal digests rather than equal letters: comparing takes the same time for all codes.
    fn is_code(&self, typed: &str) -> bool {
        let typed = self.digest(&bare(typed)).finalize().into_bytes();
        let code = self.digest(&bare(&self.code));
        code.verify_slice(&typed).is_ok()
    }

    /// Or for how many seconds none is looked at.
    async fn is_password(&self, typed: &str) -> Result<bool, u64> {
        let Some(hash) = password::kept(&self.folder) else {
            return Ok(false);
        };
        self.guesses.begin(ALL)?;
        let _turn = self.hashing.acquire().await;
        let typed = typed.to_owned();
        let right = spawn_blocking(move || password::is_right(&hash, &typed)).await;
        if !right.unwrap_or(false) {
            return Ok(false);
        }
        self.guesses.right(ALL);
        Ok(true)
    }

    /// Whether a request that came in through `entrance` is of a session.
    pub fn is_signed_in(&self, headers: &HeaderMap, entrance: &Entrance) -> bool {
        self.session(headers, entrance).is_some()
    }

    /// What tells the session of a request from others, and lets nobody in.
    pub fn screen(&self, headers: &HeaderMap, entrance: &Entrance) -> Option<String> {
        let cookie = self.session(headers, entrance)?;
        let digest = self.digest(&format!("screen of {cookie}")).finalize();
        Some(hex::encode(&digest.into_bytes()[..8]))
    }

    fn session<'h>(&self, headers: &'h HeaderMap, entrance: &Entrance) -> Option<&'h str> {
        let own = entrance.cookie();
        let cookies = headers.get_all(header::COOKIE).into_iter();
        cookies
            .filter_map(|cookies| cookies.to_str().ok())
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find(|(name, value)| *name == own && self.is_valid(value))
            .map(|(_, value)| value)
    }

    fn is_valid(&self, cookie: &str) -> bool {
        let Some((expires, proof)) = cookie.split_once('.') else {
            return false;
        };
        let (Ok(expires), Some(proof)) = (expires.parse::<i64>(), hex::decode(proof).ok()) else {
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
        Ok(text) => hex::decode(text.trim())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(wrong),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key: [u8; 64] = rand::random();
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)?;
            file.write_all(hex::encode(key).as_bytes())?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}
