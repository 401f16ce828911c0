//! The hub's side of pairing: one opening at a time, and whoever comes while it lasts.

use super::{
    About, Frame, Opening, Reason, Role, Secret,
    exchange::{Agreed, Keys, Share, commitment, common},
    frame::Incoming,
};
use crate::PublicKey;
use loqa_protocol::NodeId;
use rustls::pki_types::CertificateDer;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// How many may be heard at once; whoever comes then is told to wait.
pub const MOST_GUESTS: usize = 8;
/// How long a guest may take for what a machine says by itself.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many may begin while one secret lasts. A household has no use for more, and each begins a
/// computation here.
const MOST_HELLOS: u16 = 64;

/// A connection, by whatever number the caller gives it.
pub type Guest = u64;

/// What is to be done for a guest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sent {
    /// Send these bytes.
    Bytes(Guest, Vec<u8>),
    /// Close the connection, once what was sent before has gone.
    Close(Guest),
}

/// What a person at the hub sees.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seen {
    /// Nobody can be paired, and why not any more.
    Closed(Reason),
    /// A node may come.
    Open {
        /// Until then.
        until: Instant,
        /// How many wrong codes it stands.
        tries: u8,
    },
    /// One has come, and waits for the person.
    Compare {
        /// Which.
        node: NodeId,
        /// What it says of itself.
        about: About,
        /// They must be those that the node shows.
        words: [&'static str; 3],
        /// Until then.
        until: Instant,
    },
}

/// A node that a person has accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Paired {
    /// Its key.
    pub key: PublicKey,
    /// What it says of itself.
    pub about: About,
}

/// Why nobody was paired.
#[derive(Debug, thiserror::Error)]
pub enum DeskError<E> {
    /// No such node waits, for this reason.
    #[error("no node waits to be accepted: {0}")]
    Nobody(Reason),
    /// The certificate could not be made; pairing is closed.
    #[error(transparent)]
    Issue(E),
}

/// Where people open pairing, and nodes come.
pub struct Desk {
    own: PublicKey,
    household: String,
    open: Option<Opening>,
    guests: BTreeMap<Guest, Talk>,
    hellos: u16,
    why_closed: Reason,
}

struct Talk {
    incoming: Incoming,
    state: State,
    until: Instant,
}

enum State {
    New,
    Answered {
        agreed: Agreed,
        keys: Keys,
        commitment: [u8; 32],
    },
    Proved {
        key: PublicKey,
        words: [&'static str; 3],
    },
    Waits {
        paired: Paired,
        words: [&'static str; 3],
    },
}

impl Desk {
    /// The desk of the hub with this key. `household`: its name, for people.
    pub fn new(own: PublicKey, household: String) -> Desk {
        Desk {
            own,
            household,
            open: None,
            guests: BTreeMap::new(),
            hellos: 0,
            why_closed: Reason::Closed,
        }
    }

    /// A person opens pairing, in place of whatever was open.
    pub fn open(&mut self, opening: Opening) -> Vec<Sent> {
        let sent = self.close(Reason::Closed);
        self.open = Some(opening);
        self.hellos = 0;
        sent
    }

    /// A person has changed their mind.
    pub fn close(&mut self, reason: Reason) -> Vec<Sent> {
        self.open = None;
        self.why_closed = reason;
        let guests = std::mem::take(&mut self.guests);
        let told = |guest| refusal(guest, reason);
        guests.into_keys().flat_map(told).collect()
    }

    /// The secrets that are shown now.
    pub fn secrets(&self) -> &[Secret] {
        self.open.as_ref().map_or(&[], Opening::secrets)
    }

    /// What a person sees now.
    pub fn seen(&self, now: Instant) -> Seen {
        let Some(opening) = &self.open else {
            return Seen::Closed(self.why_closed);
        };
        let until = opening.until();
        if now >= until {
            return Seen::Closed(Reason::Expired);
        }
        let waiting = self.guests.values().find_map(|talk| match &talk.state {
            State::Waits { paired, words } => Some((paired, words)),
            _ => None,
        });
        match waiting {
            Some((paired, words)) => Seen::Compare {
                node: paired.key.node(),
                about: paired.about.clone(),
                words: *words,
                until,
            },
            None => Seen::Open {
                until,
                tries: opening.tries(),
            },
        }
    }

    /// When [`Desk::tick`] is to be called next.
    pub fn deadline(&self) -> Option<Instant> {
        let opening = self.open.as_ref().map(Opening::until);
        let guests = self.guests.values().map(|talk| talk.until);
        guests.chain(opening).min()
    }

    /// Ends what has taken too long.
    pub fn tick(&mut self, now: Instant) -> Vec<Sent> {
        if self.open.as_ref().is_some_and(|it| now >= it.until()) {
            return self.close(Reason::Expired);
        }
        let late: Vec<Guest> = self
            .guests
            .iter()
            .filter(|(_, talk)| now >= talk.until)
            .map(|(guest, _)| *guest)
            .collect();
        late.into_iter()
            .flat_map(|guest| self.end(guest, Reason::Expired))
            .collect()
    }

    /// Takes bytes of a guest, in pieces of any size. `key` is what TLS has proved it to have.
    pub fn receive(
        &mut self,
        guest: Guest,
        key: PublicKey,
        mut bytes: &[u8],
        now: Instant,
    ) -> Vec<Sent> {
        let mut sent = self.tick(now);
        if !self.guests.contains_key(&guest)
            && let Err(reason) = self.welcome(guest, key, now)
        {
            sent.extend(refusal(guest, reason));
            return sent;
        }
        while let Some(talk) = self.guests.get_mut(&guest) {
            match talk.incoming.take(&mut bytes) {
                Ok(Some((frame, whole))) => match self.hear(guest, key, frame, &whole, now) {
                    Ok(answer) => sent.extend(answer.map(|bytes| Sent::Bytes(guest, bytes))),
                    Err(reason) => sent.extend(self.end(guest, reason)),
                },
                Ok(None) => break,
                Err(_) => sent.extend(self.end(guest, Reason::Malformed)),
            }
        }
        sent
    }

    fn welcome(&mut self, guest: Guest, key: PublicKey, now: Instant) -> Result<(), Reason> {
        let opening = self.open.as_ref().ok_or(self.why_closed)?;
        // Used up, but somebody waits for the person: whoever comes second is told that.
        if let Some(reason) = opening.ended(now) {
            return Err(match reason {
                Reason::Used => Reason::Busy,
                reason => reason,
            });
        }
        if !opening.allows(key.node()) {
            return Err(Reason::AnotherKey);
        }
        if self.guests.len() >= MOST_GUESTS {
            return Err(Reason::Busy);
        }
        let talk = Talk {
            incoming: Incoming::default(),
            state: State::New,
            until: now + PATIENCE,
        };
        self.guests.insert(guest, talk);
        Ok(())
    }

    /// The connection has ended.
    pub fn gone(&mut self, guest: Guest) -> Vec<Sent> {
        self.guests.remove(&guest);
        let Some(opening) = &self.open else {
            return Vec::new();
        };
        let proved = |talk: &Talk| matches!(talk.state, State::Proved { .. } | State::Waits { .. });
        match opening.spent() {
            // Who has used it is still here.
            Some(Reason::Used) if self.guests.values().any(proved) => Vec::new(),
            Some(reason) => self.close(reason),
            None => Vec::new(),
        }
    }

    fn hear(
        &mut self,
        guest: Guest,
        key: PublicKey,
        frame: Frame,
        whole: &[u8],
        now: Instant,
    ) -> Result<Option<Vec<u8>>, Reason> {
        let opening = self.open.as_mut().ok_or(self.why_closed)?;
        let talk = self.guests.get_mut(&guest).ok_or(Reason::Malformed)?;
        match (std::mem::replace(&mut talk.state, State::New), frame) {
            (
                State::New,
                Frame::Hello {
                    versions,
                    secret,
                    commitment,
                    share: other,
                },
            ) => {
                self.hellos += 1;
                if self.hellos > MOST_HELLOS {
                    return Err(Reason::Busy);
                }
                let version = common(versions).ok_or(Reason::Version)?;
                // One of another kind is no guess at what is shown.
                let secret = opening.of_kind(secret).ok_or(Reason::Wrong)?;
                let keys = Keys {
                    node: key,
                    hub: self.own,
                };
                let share = Share::new(Role::Hub, secret, keys).ok_or(Reason::Failed)?;
                let answer = Frame::Answer {
                    version,
                    nonce: share.nonce,
                    share: share.bytes,
                };
                let answer = answer.encode();
                let agreed = share.finish(&other, whole, &answer);
                talk.state = State::Answered {
                    agreed: agreed.ok_or(Reason::Malformed)?,
                    keys,
                    commitment,
                };
                Ok(Some(answer))
            }
            (
                State::Answered {
                    agreed,
                    keys,
                    commitment: committed,
                },
                Frame::NodeProof { nonce, tag },
            ) => {
                // Another node was faster, or others have used up the tries.
                if let Some(reason) = opening.ended(now) {
                    return Err(match reason {
                        Reason::Used => Reason::Busy,
                        reason => reason,
                    });
                }
                let sound = commitment(&nonce) == committed && keys.node == key;
                if !sound || !agreed.proves(Role::Node, &nonce, &tag) {
                    opening.missed();
                    return Err(match opening.tries() {
                        0 => Reason::Locked,
                        _ => Reason::Wrong,
                    });
                }
                opening.use_up();
                let tag = agreed.prove(Role::Hub, &nonce);
                talk.state = State::Proved {
                    key,
                    words: agreed.words(&nonce),
                };
                talk.until = now + PATIENCE;
                Ok(Some(Frame::HubProof { tag }.encode()))
            }
            (State::Proved { key, words }, Frame::About(about)) => {
                let paired = Paired { key, about };
                talk.until = opening.until();
                talk.state = State::Waits { paired, words };
                Ok(None)
            }
            (_, Frame::Refused(reason)) => Err(reason),
            _ => Err(Reason::Malformed),
        }
    }

    /// The person says that the words of `node` match. `issue`: the authority's certificate and one for
    /// this node, which the caller has put on its roster.
    ///
    /// # Errors
    /// [`DeskError`].
    pub fn accept<E>(
        &mut self,
        node: NodeId,
        now: Instant,
        issue: impl FnOnce(&Paired) -> Result<(CertificateDer<'static>, CertificateDer<'static>), E>,
    ) -> Result<(Paired, Vec<Sent>), DeskError<E>> {
        let waiting = match self.seen(now) {
            Seen::Compare { node: waits, .. } if waits == node => {
                self.guests
                    .iter()
                    .find_map(|(guest, talk)| match &talk.state {
                        State::Waits { paired, .. } => Some((*guest, paired.clone())),
                        _ => None,
                    })
            }
            Seen::Closed(reason) => return Err(DeskError::Nobody(reason)),
            _ => None,
        };
        let Some((guest, paired)) = waiting else {
            return Err(DeskError::Nobody(Reason::Closed));
        };
        let (authority, certificate) = issue(&paired).map_err(DeskError::Issue)?;
        let welcome = Frame::Welcome {
            household: self.household.clone(),
            authority,
            certificate,
        };
        self.guests.remove(&guest);
        let mut sent = vec![Sent::Bytes(guest, welcome.encode()), Sent::Close(guest)];
        sent.extend(self.close(Reason::Used));
        Ok((paired, sent))
    }

    /// The person says that they do not, or has changed their mind. Whoever waits is told, and the
    /// secret is used up.
    pub fn reject(&mut self) -> Vec<Sent> {
        self.close(Reason::Rejected)
    }

    fn end(&mut self, guest: Guest, reason: Reason) -> Vec<Sent> {
        let mut sent = refusal(guest, reason);
        sent.extend(self.gone(guest));
        sent
    }
}

fn refusal(guest: Guest, reason: Reason) -> Vec<Sent> {
    let bytes = Frame::Refused(reason).encode();
    vec![Sent::Bytes(guest, bytes), Sent::Close(guest)]
}
